//! What goes wrong at a host: each error says what to do next, and none repeats the credential.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use crate::common::{Folder, Ran};
use crate::{BOOTSTRAP, report, run_with, served};

const LIST: [&str; 2] = ["keys", "list"];

fn failed(ran: &Ran, code: i32, says: &str) {
    assert_eq!(ran.code(), code, "{}", ran.stderr());
    assert!(ran.stderr().contains(says), "wanted {says:?} in {}", ran.stderr());
    assert!(
        !ran.stderr().contains(BOOTSTRAP) && !ran.stderr().contains("acme_live_"),
        "{}",
        ran.stderr()
    );
}

#[test]
fn a_credential_comes_from_the_environment_or_a_private_file() {
    let (folder, server) = served();
    let url = format!("http://{}", server.address);
    failed(&run_with(&folder, &url, None, &LIST), 2, "EDGE_AUTH_ADMIN_CREDENTIAL");

    folder.write("credential", &format!("{BOOTSTRAP}\n"));
    let with_file = ["keys", "list", "--credential-file", "credential"];
    let mode = |mode| {
        fs::set_permissions(folder.path("credential"), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o644);
    failed(&run_with(&folder, &url, None, &with_file), 2, "chmod 600");
    mode(0o600);
    assert_eq!(run_with(&folder, &url, None, &with_file).code(), 0);
    // The file that is named counts, not the environment.
    assert_eq!(run_with(&folder, &url, Some("wrong"), &with_file).code(), 0);
}

#[test]
fn a_key_that_may_administer_is_enough_and_one_that_may_not_is_told_so() {
    let (folder, server) = served();
    let url = format!("http://{}", server.address);
    let make = |scopes: &str| {
        let create =
            ["keys", "create", "--block", "partners", "--expires", "1d", "--scope", scopes];
        report(&folder, &server, &create)["secret"].as_str().unwrap().to_owned()
    };
    let reader = make("edge-auth:keys:read");
    assert_eq!(run_with(&folder, &url, Some(&reader), &LIST).code(), 0);
    let in_field = ["keys", "list", "--credential-header", "x-api-key"];
    assert_eq!(run_with(&folder, &url, Some(&reader), &in_field).code(), 0);
    let disable = ["keys", "disable", "x"];
    failed(&run_with(&folder, &url, Some(&reader), &disable), 1, "scope_insufficient");
    let none = make("orders:read");
    failed(&run_with(&folder, &url, Some(&none), &LIST), 1, "policy check");
    let revocations = ["revocations", "list"];
    failed(&run_with(&folder, &url, Some(&reader), &revocations), 1, "no_rule");

    let json = ["--json", "keys", "list"];
    let ran = run_with(&folder, &url, Some("acme_live_nonsense"), &json);
    assert_eq!(ran.code(), 1);
    assert!(ran.stderr().contains("\"code\":\"key_"), "{}", ran.stderr());
}

#[test]
fn a_host_without_administration_or_of_something_else_is_named() {
    let (folder, _server) = served();
    let gate = folder.serve(&["--plane", "gate"]);
    let url = format!("http://{}", gate.address);
    failed(&run_with(&folder, &url, Some(BOOTSTRAP), &LIST), 3, "no administration");
    let echo = format!("http://{}", crate::common::echo());
    failed(&run_with(&folder, &echo, Some(BOOTSTRAP), &LIST), 3, "not that of edge-auth");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{nobody}");
    failed(&run_with(&folder, &nobody, Some(BOOTSTRAP), &LIST), 3, "cannot be asked");
    let url = "http://control.example.com";
    failed(&run_with(&folder, url, Some(BOOTSTRAP), &LIST), 2, "in the clear");
    failed(&run_with(&folder, "https://u:p@x", Some(BOOTSTRAP), &LIST), 2, "--credential-file");
}

/// Answers one request with these bytes, and returns what was sent.
fn answering(answer: &'static [u8]) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut sent = vec![0; 4096];
        let length = stream.read(&mut sent).unwrap();
        let _ = stream.write_all(answer);
        String::from_utf8_lossy(&sent[..length]).into_owned()
    });
    (url, asked)
}

#[test]
fn a_redirection_is_not_followed_and_what_breaks_off_is_reported() {
    let folder = Folder::with_policy("");
    let ask = |answer: &'static [u8]| {
        let (url, asked) = answering(answer);
        let ran = run_with(&folder, &url, Some(BOOTSTRAP), &LIST);
        assert!(asked.join().unwrap().starts_with("GET /admin/v1/keys?"));
        ran
    };
    let redirection =
        b"HTTP/1.1 307 x\r\nlocation: https://evil.example/\r\ncontent-length: 0\r\n\r\n";
    failed(&ask(redirection), 3, "a redirection to https://evil.example/");
    failed(&ask(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"), 3, "broke off");
    failed(&ask(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"), 3, "not that of edge-auth");
    failed(
        &ask(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"),
        3,
        "lambda:InvokeFunctionUrl",
    );
    failed(&ask(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n{}"), 3, "larger than");
    failed(&ask(b"nonsense"), 3, "cannot be asked");
}

/// Answers every request with this JSON.
fn answering_always(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}");
            let _ = stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes());
        }
    });
    url
}

const HOSTILE: &str = r#"{"bound_seconds": 18446744073709551615, "next": "b", "keys": [], "key": {
    "id": "\u001b[2J", "block": "\u009b2J", "state": "\u202e", "label": null, "owner": null,
    "tenant": null, "scopes": ["\u001b]0;x"], "environment": null, "networks": ["\u001b[1m"],
    "created_at": "\u001b[2J", "expires_at": "\u2066", "previous_secret_until": null,
    "revoked_at": null, "revoked_because": null, "metadata": {}, "version": 1}}"#;

#[test]
fn a_hostile_host_neither_controls_the_terminal_nor_keeps_the_command_busy() {
    let folder = Folder::with_policy("");
    let url = answering_always(HOSTILE);
    let run = |arguments: &[&str]| run_with(&folder, &url, Some(BOOTSTRAP), arguments);
    for arguments in [["keys", "show", "x"].as_slice(), &["--json", "keys", "show", "x"]] {
        let ran = run(arguments);
        assert_eq!(ran.code(), 0, "{}", ran.stderr());
        let is_harmful = |char: char| {
            char != '\n' && (char.is_control() || matches!(char, '\u{202e}' | '\u{2066}'))
        };
        assert!(!ran.stdout().chars().any(is_harmful), "{:?}", ran.stdout());
    }
    failed(&run(&LIST), 3, "do not end");
    let revoke = ["keys", "revoke", "x", "--reason", "a test", "--wait"];
    failed(&run(&revoke), 3, "the revocation is entered");
}
