//! Keys of an issuer that only its own network knows: through a proxy, with authorities and a
//! bearer token of the issuer's own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod network;

use common::{Folder, Ran};
use edge_auth_testkit::mint::{Signer, TestKey, compact};
use network::{Issuer, Proxy};
use serde_json::json;

/// The host of the issuer, which only the proxy can reach.
const PRIVATE: &str = "issuer.test";

/// A folder with a policy for this issuer, and with a token of its.
fn folder(iss: &str, more: &str) -> Folder {
    let folder = Folder::with_policy(&format!(
        "[[issuer]]\nname = \"corp\"\nissuer = \"{iss}\"\naudience = \"a\"\n\
         keys = {{ discover = true }}\n{more}\n\
         [[rule]]\npath = \"/\"\nrequire = \"jwt:corp\"\n"
    ));
    let key = TestKey::named("p256").unwrap();
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "p256" }).to_string();
    let claims = json!({
        "iss": iss, "sub": "alice", "aud": "a", "client_id": "app",
        "iat": 1_700_000_000, "exp": 4_000_000_000_u64,
    });
    let signer = Signer::Key(key, key.algorithm);
    let token = compact(header.as_bytes(), claims.to_string().as_bytes(), &signer);
    folder.write("fields", &format!("Authorization: Bearer {token}\n"));
    folder
}

/// Decides about a request with the token, with these variables in the environment.
fn explain(folder: &Folder, environment: &[(&str, &str)]) -> Ran {
    let arguments = ["--json", "policy", "explain", "policy.toml", "GET", "/", "-H", "@fields"];
    let mut command = folder.edge_auth(&arguments);
    command.env_remove("EDGE_AUTH_STORE").envs(environment.iter().copied());
    Ran::of(command)
}

fn must_accept(ran: &Ran) {
    assert_eq!(ran.code(), 0, "{} {}", ran.stdout(), ran.stderr());
}

/// Returns the notices of a decision that lacks the issuer's keys.
fn must_lack_keys(ran: &Ran) -> String {
    assert_eq!(ran.code(), 1, "{} {}", ran.stdout(), ran.stderr());
    let report = ran.report();
    assert_eq!(report["audit"]["code"], "issuer_keys_unavailable", "{report}");
    report["notices"].to_string()
}

#[test]
fn keys_come_through_the_proxy_of_the_environment_by_tls_from_the_issuer_itself() {
    let issuer = Issuer::start(&format!("https://{PRIVATE}"), None);
    let proxy = Proxy::start(issuer.address, Some("Basic dXNlcjpwYXNzIHdvcmQ="));
    for variable in ["HTTPS_PROXY", "https_proxy"] {
        let folder = folder(&format!("https://{PRIVATE}"), "ca_file = \"ca.pem\"");
        folder.write("ca.pem", &issuer.authority.pem());
        let url = format!("http://user:pass%20word@{}", proxy.address);
        must_accept(&explain(&folder, &[(variable, &url)]));
        assert_eq!(proxy.take_requests(), ["CONNECT issuer.test:443 HTTP/1.1"; 2]);
        for request in issuer.take_requests() {
            assert!(!request.to_lowercase().contains("proxy-authorization"), "{request}");
        }
    }
}

#[test]
fn the_proxy_cannot_stand_in_for_the_issuer() {
    let issuer = Issuer::start(&format!("https://{PRIVATE}"), None);
    let other = Issuer::start(&format!("https://{PRIVATE}"), None);
    let proxy = Proxy::start(issuer.address, None);
    let folder = folder(&format!("https://{PRIVATE}"), "ca_file = \"ca.pem\"");
    folder.write("ca.pem", &other.authority.pem());
    let url = format!("http://{}", proxy.address);
    let notices = must_lack_keys(&explain(&folder, &[("HTTPS_PROXY", &url)]));
    assert!(notices.contains("invalid peer certificate"), "{notices}");
    assert!(issuer.take_requests().is_empty());
}

#[test]
fn a_failure_at_the_proxy_names_the_proxy_and_never_its_password() {
    let issuer = Issuer::start(&format!("https://{PRIVATE}"), None);
    let proxy = Proxy::start(issuer.address, Some("Basic wanted"));
    let folder = folder(&format!("https://{PRIVATE}"), "");
    folder.write("ca.pem", &issuer.authority.pem());
    let url = format!("http://user:hunter2@{}", proxy.address);
    let ran = explain(&folder, &[("HTTPS_PROXY", &url), ("SSL_CERT_FILE", "ca.pem")]);
    let notices = must_lack_keys(&ran);
    let wanted = format!("through the proxy http://{}/: ", proxy.address);
    assert!(notices.contains(&wanted) && notices.contains("authorization required"), "{notices}");

    let unusable =
        [("HTTPS_PROXY", "socks5://user:hunter2@localhost"), ("SSL_CERT_FILE", "ca.pem")];
    let refused = explain(&folder, &unusable);
    assert!(must_lack_keys(&refused).contains("HTTPS_PROXY is not the URL of a proxy"));
    for ran in [ran, refused] {
        let all = ran.stdout() + &ran.stderr();
        assert!(!all.contains("hunter2") && !all.contains("aHVudGVyMg"), "{all}");
    }
}

#[test]
fn this_machine_is_reached_without_the_proxy() {
    let issuer = Issuer::start_on_localhost(None);
    let url = format!("https://localhost:{}", issuer.address.port());
    let folder = folder(&url, "");
    folder.write("ca.pem", &issuer.authority.pem());
    let proxies = [
        ("HTTPS_PROXY", "http://127.0.0.1:1"),
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("http_proxy", "http://127.0.0.1:1"),
        ("SSL_CERT_FILE", "ca.pem"),
    ];
    must_accept(&explain(&folder, &proxies));
}

#[test]
fn the_authorities_of_an_issuer_stand_in_place_of_the_machines() {
    let issuer = Issuer::start_on_localhost(None);
    let url = format!("https://localhost:{}", issuer.address.port());
    let other = Issuer::start_on_localhost(None);
    let folder = folder(&url, "ca_file = \"corp-ca.pem\"");
    folder.write("machine.pem", &issuer.authority.pem());
    folder.write("corp-ca.pem", &other.authority.pem());
    let machine = [("SSL_CERT_FILE", "machine.pem")];
    let notices = must_lack_keys(&explain(&folder, &machine));
    assert!(notices.contains("invalid peer certificate"), "{notices}");
    folder.write("corp-ca.pem", &(other.authority.pem() + &issuer.authority.pem()));
    must_accept(&explain(&folder, &[]));

    folder.write("corp-ca.pem", "no certificate");
    let ran = explain(&folder, &machine);
    assert_eq!(ran.code(), 1);
    let wanted = "policy.toml:6: issuer `corp`: `ca_file`: corp-ca.pem has no certificate in it";
    assert!(ran.stderr().contains(wanted), "{}", ran.stderr());
    let checked = folder.run(&["policy", "check", "policy.toml"]);
    assert!(checked.stderr().contains(wanted), "{}", checked.stderr());
}

#[test]
fn the_bearer_token_of_a_file_goes_to_the_issuer_and_a_missing_file_is_named() {
    let issuer = Issuer::start_on_localhost(Some("Bearer kubernetes-token"));
    let url = format!("https://localhost:{}", issuer.address.port());
    let folder = folder(&url, "ca_file = \"ca.pem\"\nbearer_file = \"token\"");
    folder.write("ca.pem", &issuer.authority.pem());
    let notices = must_lack_keys(&explain(&folder, &[]));
    assert!(notices.contains("`bearer_file`: there is no file token"), "{notices}");
    assert!(issuer.take_requests().is_empty());

    folder.write("token", "kubernetes-token\n");
    must_accept(&explain(&folder, &[]));
    assert_eq!(issuer.take_requests().len(), 2);

    folder.write("token", "old-token");
    let notices = must_lack_keys(&explain(&folder, &[]));
    assert!(notices.contains("answers 401") && !notices.contains("old-token"), "{notices}");

    let checked = folder.run(&["policy", "check", "policy.toml"]);
    assert!(
        checked.stdout().contains("by the authorities of ca.pem, with the token of token"),
        "{}",
        checked.stdout()
    );
}
