//! The request that reaches the upstream.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::wire::{OK, Setting, gateway, read_all, read_to, seen, send, upstream};

const IDENTITY: Setting = Setting {
    connections: None,
    set: &[("X-Auth-Principal", "jwt:corp:alice")],
    trusted_proxy: false,
};

#[tokio::test]
async fn the_target_is_what_the_gate_matched_byte_for_byte() {
    let head = seen(
        Setting::default(),
        "GET /a%20b/c;?q=%2F&r='|{} HTTP/1.1\r\nhost: a\r\n\r\n".replace(';', "").as_str(),
    )
    .await;
    assert!(head.starts_with("GET /a%20b/c?q=%2F&r='|{} HTTP/1.1\r\n"), "{head}");
    let dots = seen(Setting::default(), "GET /a/./b/../c HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(dots.starts_with("GET /a/c HTTP/1.1\r\n"), "{dots}");
}

#[tokio::test]
async fn identity_headers_are_set_and_those_of_the_client_stripped_in_any_spelling() {
    let head = seen(
        IDENTITY,
        "GET /x HTTP/1.1\r\nhost: a\r\nX_Auth_Principal: root\r\nx.auth.kind: root\r\nX-AUTH-SCOPES: all\r\n\
         connection: X-Auth-Principal, close\r\n\r\n",
    )
    .await
    .to_lowercase();
    assert_eq!(head.matches("x-auth").count(), 1, "{head}");
    assert!(!head.contains("x_auth") && !head.contains("x.auth"), "{head}");
    assert!(head.contains("x-auth-principal: jwt:corp:alice\r\n"), "{head}");
}

#[tokio::test]
async fn fields_of_the_clients_connection_end_at_the_gate() {
    let head = seen(
        Setting::default(),
        "GET /x HTTP/1.1\r\nhost: a\r\nconnection: keep-alive, x-mine\r\nx-mine: 1\r\nkeep-alive: 5\r\nte: gzip\r\n\
         proxy-connection: a\r\nproxy-authorization: b\r\nupgrade: h2c\r\nexpect: 100-continue\r\n\r\n",
    )
    .await;
    for name in ["connection", "x-mine", "keep-alive", "te:", "proxy", "upgrade", "expect"] {
        assert!(!head.to_lowercase().contains(name), "{name} is in {head}");
    }
}

#[tokio::test]
async fn framing_fields_in_another_spelling_are_not_forwarded() {
    let request = "GET /x HTTP/1.1\r\nhost: a\r\ncontent_length: 5\r\ntransfer_encoding: chunked\r\n\
                   Transfer.Encoding: chunked\r\nproxy_authorization: a\r\n\r\n";
    let head = seen(Setting::default(), request).await;
    for name in ["content_length", "transfer", "proxy"] {
        assert!(!head.contains(name), "{name} is in {head}");
    }
}

#[tokio::test]
async fn te_trailers_is_sent_on_as_this_hops_own() {
    let head =
        seen(Setting::default(), "GET /x HTTP/1.1\r\nhost: a\r\nTE: gzip, Trailers\r\n\r\n").await;
    assert!(head.contains("te: trailers\r\n") && head.contains("connection: te\r\n"), "{head}");
}

#[tokio::test]
async fn a_client_cannot_forge_the_forwarded_fields() {
    let request = "GET /x HTTP/1.1\r\nhost: api.example\r\nforwarded: for=1.2.3.4\r\nx-forwarded-for: 1.2.3.4\r\n\
                   X_Forwarded_For: 1.2.3.4\r\nx-real-ip: 1.2.3.4\r\nx-forwarded-prefix: /1.2.3.4\r\n\
                   True-Client-IP: 1.2.3.4\r\nCF_Connecting_IP: 1.2.3.4\r\nx-client-ip: 1.2.3.4\r\n\
                   x-cluster-client-ip: 1.2.3.4\r\nfastly-client-ip: 1.2.3.4\r\nclient-ip: 1.2.3.4\r\n\r\n";
    let head = seen(Setting::default(), request).await;
    assert!(!head.contains("1.2.3.4"), "{head}");
    assert!(head.contains("x-forwarded-for: 127.0.0.1\r\n"), "{head}");
    assert!(head.contains("x-forwarded-host: api.example\r\n"), "{head}");
    assert!(head.contains("x-forwarded-proto: http\r\n"), "{head}");
}

#[tokio::test]
async fn a_trusted_proxys_forwarded_for_is_sent_on_with_its_address_added() {
    let setting = Setting { trusted_proxy: true, ..Setting::default() };
    let request = "GET /x HTTP/1.1\r\nhost: inner\r\nx-forwarded-for: 192.0.2.7\r\nx-forwarded-host: api.example\r\n\
                   x-forwarded-proto: https\r\n\r\n";
    let head = seen(setting, request).await;
    assert!(head.contains("x-forwarded-for: 192.0.2.7, 127.0.0.1\r\n"), "{head}");
    assert!(head.contains("x-forwarded-host: api.example\r\n"), "{head}");
    assert!(head.contains("x-forwarded-proto: https\r\n"), "{head}");
}

#[tokio::test]
async fn of_a_trusted_proxys_fields_only_those_that_we_write_go_on() {
    let setting = Setting { trusted_proxy: true, ..Setting::default() };
    let request = "GET /x HTTP/1.1\r\nhost: a\r\nX_Forwarded_For: 1.2.3.4\r\nforwarded: for=1.2.3.4\r\n\
                   x-real-ip: 1.2.3.4\r\nx-forwarded-user: 1.2.3.4\r\n\r\n";
    let head = seen(setting, request).await;
    assert!(!head.contains("1.2.3.4"), "{head}");
}

#[tokio::test]
async fn a_connection_field_cannot_remove_the_host() {
    let request =
        "GET /x HTTP/1.1\r\nhost: api.example\r\nconnection: host, x-forwarded-host\r\n\r\n";
    let head = seen(Setting::default(), request).await;
    assert!(head.contains("x-forwarded-host: api.example\r\n"), "{head}");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_the_clients_fault() {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting::default()).await;
    for chunk in ["3\nabc\r\n0\r\n\r\n", "FFFFFFFFFFFFFFFF1\r\n", "x\r\n"] {
        let request =
            format!("POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
        let mut client = send(gateway, &request).await;
        let (mut stream, _) = listener.accept().await.unwrap();
        let answer = read_all(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{chunk:?}: {answer}");
        let _ = stream.read(&mut [0; 1]).await;
    }
}

#[tokio::test]
async fn a_transfer_coding_that_the_library_would_drop_is_refused() {
    let (_listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting::default()).await;
    for codings in [
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked, chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked",
    ] {
        let request = format!("POST /x HTTP/1.1\r\nhost: a\r\n{codings}\r\n\r\n0\r\n\r\n");
        let answer = read_to(&mut send(gateway, &request).await, "\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{codings}: {answer}");
    }
}

#[tokio::test]
async fn the_name_of_a_transfer_coding_is_compared_without_case() {
    let request = "POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: Chunked\r\n\r\n0\r\n\r\n";
    let head = seen(Setting::default(), request).await;
    assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
}

#[tokio::test]
async fn a_request_that_goes_in_a_circle_is_stopped() {
    let (_listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting::default()).await;
    let via = "1.1 edge-auth, ".repeat(8);
    let request =
        format!("GET /x HTTP/1.1\r\nhost: a\r\nvia: {via}1.1 other\r\nconnection: close\r\n\r\n");
    let answer = read_all(&mut send(gateway, &request).await).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let head =
        seen(Setting::default(), "GET /x HTTP/1.1\r\nhost: a\r\nvia: 1.1 other\r\n\r\n").await;
    assert!(head.contains("via: 1.1 other\r\nvia: 1.1 edge-auth\r\n"), "{head}");
}

#[tokio::test]
async fn a_trailer_cannot_add_a_field() {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, IDENTITY).await;
    let request = "POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntrailer: X-Auth-Principal\r\n\r\n\
                   2\r\nhi\r\n0\r\nX-Auth-Principal: root\r\n\r\n";
    let mut client = send(gateway, request).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    let seen = read_to(&mut stream, "0\r\n\r\n").await;
    assert!(seen.ends_with("2\r\nhi\r\n0\r\n\r\n") && !seen.contains("root"), "{seen}");
    stream.write_all(OK.as_bytes()).await.unwrap();
    read_to(&mut client, "ok").await;
}

#[tokio::test]
async fn two_lengths_are_refused_and_no_smuggled_request_is_answered() {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting::default()).await;
    for refused in [
        "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 1, 2\r\n\r\nab",
        "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: +1\r\n\r\na",
        "POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip\r\n\r\na",
        "POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /x HTTP/1.1\r\nhost: a\r\nx : 1\r\n\r\n",
        "POST /x HTTP/1.1\r\nhost: a\r\nx: 1\r\n folded: 2\r\n\r\n",
        "POST /x HTTP/1.1\r\nhost: a\r\nx: 1\0\r\n\r\n",
    ] {
        let answer = read_all(&mut send(gateway, refused).await).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{refused:?}: {answer}");
    }
    // A length beside chunks, in either order: the chunks count, and the connection ends after
    // them, whatever else was sent on it (RFC 9112, section 6.3).
    let (length, chunks) = ("content-length: 40\r\n", "transfer-encoding: chunked\r\n");
    for framing in [[length, chunks], [chunks, length]] {
        let both = format!(
            "POST /x HTTP/1.1\r\nhost: a\r\n{}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n",
            framing.concat()
        );
        let mut client = send(gateway, &both).await;
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_to(&mut stream, "\r\n\r\n").await;
        assert!(head.starts_with("POST /x ") && !head.contains("content-length"), "{head}");
        assert_eq!(read_to(&mut stream, "0\r\n\r\n").await, "0\r\n\r\n");
        stream.write_all(OK.as_bytes()).await.unwrap();
        assert_eq!(read_all(&mut client).await.matches("HTTP/1.1").count(), 1);
    }
}

#[tokio::test]
async fn a_body_streams_while_the_client_still_sends_it() {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting::default()).await;
    let mut client =
        send(gateway, "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab").await;
    let (mut stream, _) = listener.accept().await.unwrap();
    read_to(&mut stream, "\r\n\r\nab").await;
    client.write_all(b"cd").await.unwrap();
    read_to(&mut stream, "cd").await;
    stream.write_all(OK.as_bytes()).await.unwrap();
    read_to(&mut client, "ok").await;
}

#[tokio::test]
async fn a_client_that_expects_100_continue_gets_it() {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting::default()).await;
    let head = "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n";
    let mut client = send(gateway, head).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    assert!(read_to(&mut client, "\r\n\r\n").await.starts_with("HTTP/1.1 100"));
    client.write_all(b"hi").await.unwrap();
    read_to(&mut stream, "\r\n\r\nhi").await;
    stream.write_all(OK.as_bytes()).await.unwrap();
    read_to(&mut client, "ok").await;
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_upstream() {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting::default()).await;
    let client = send(gateway, "GET /x HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let (mut stream, _) = listener.accept().await.unwrap();
    read_to(&mut stream, "\r\n\r\n").await;
    drop(client);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
}
