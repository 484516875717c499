//! `token inspect` looks into tokens, trusts none, and shows no signature.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod common;

use std::io::Write;
use std::process::Stdio;

use common::Folder;

/// RFC 7519, section 3.1.
const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
     eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
     dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[test]
fn a_token_is_shown_as_not_verified() {
    let ran = Folder::with_policy("").run(&["token", "inspect", TOKEN]);
    assert_eq!(ran.code(), 0);
    let message = ran.stdout();
    for part in ["NOT VERIFIED", "\"HS256\"", "\"joe\"", "2011-03-22T18:43:00.000Z  (expired)"] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    assert!(!message.contains("dBjft"), "{message}");
}

#[test]
fn a_token_is_read_from_the_standard_input() {
    let folder = Folder::with_policy("");
    let mut command = folder.edge_auth(&["--json", "token", "inspect"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(TOKEN.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["verified"], &report["claims"]["iss"]), (&false.into(), &"joe".into()));
}

#[test]
fn a_text_that_is_not_a_token_is_refused() {
    let ran = Folder::with_policy("").run(&["token", "inspect", "not.a.token"]);
    assert_eq!((ran.code(), ran.stderr().contains("base64url")), (1, true), "{}", ran.stderr());
}

#[test]
fn a_token_is_read_from_a_file() {
    let folder = Folder::with_policy("");
    folder.write("leaked.txt", TOKEN);
    let ran = folder.run(&["token", "inspect", "--file", "leaked.txt"]);
    assert!(ran.code() == 0 && ran.stdout().contains("\"joe\""), "{}", ran.stderr());
}

#[test]
fn no_error_of_the_arguments_repeats_a_possible_secret() {
    let folder = Folder::with_policy("");
    let key = "acme_live_0AbCdEfGhIjKlMnOpQrStUvWxYz1234567890AbCd";
    let option = format!("--{TOKEN}");
    let with_value = format!("--policy={TOKEN}");
    let until = format!("--expires={key}");
    for secret in [TOKEN, key] {
        for arguments in [
            &["revoke", "token", secret, "--reason", "leaked"][..],
            &["revoke", secret],
            &[secret],
            &["token", secret],
            &["token", "inspect", secret, secret],
            &["keys", secret],
            &["keys", "list", secret],
            &["policy", "check", secret],
            &["policy", "check", "policy.toml", secret],
            &["policy", "explain", "policy.toml", "GET", "/", "--client-ip", secret],
            &["policy", "explain", secret, "GET", "/"],
            &["policy", "test", secret],
            &["serve", "--listen", secret],
            &["serve", "--store", secret],
            &["serve", "--upstream", secret],
            &["revoke", "subject", "--issuer", secret, "--subject", "a", "--reason", "b"],
            &[
                "revoke",
                "subject",
                "--before",
                secret,
                "--issuer",
                "a",
                "--subject",
                "a",
                "--reason",
                "b",
            ],
            &["admin", secret],
            &["store", "init", secret],
            &["aws", "lint", secret],
            &["keys", "create", "--environment", secret, "--never-expires", "--all-scopes"],
            &["keys", "revoke", secret, "--reason", "leaked"],
            &["keys", "create", &until],
            &["keys", "list", &option],
            &["serve", &with_value],
        ] {
            for json in [&[][..], &["--json"]] {
                let ran = folder.run(&[json, arguments].concat());
                let message = ran.stdout() + &ran.stderr();
                assert_ne!(ran.code(), 0, "{arguments:?}");
                for part in [secret, TOKEN, key, secret.get(..24).unwrap()] {
                    assert!(!message.contains(part), "{arguments:?}: {message}");
                }
            }
        }
    }
}

#[test]
fn an_error_of_the_arguments_still_says_what_is_wrong() {
    let folder = Folder::with_policy("");
    for (arguments, message) in [
        (&["keys", "list", "--no-such-option"][..], "--no-such-option"),
        (&["tokn"], "`token`"),
        (
            &["policy", "explain", "policy.toml", "GET", "/", "--client-ip", "nowhere"],
            "--client-ip",
        ),
        (&["revoke", "token", "--reason", "x"], "--file"),
        (&["policy", "check", "a", "b"], "an extra argument"),
    ] {
        let ran = folder.run(arguments);
        let error = ran.stderr();
        assert!(
            ran.code() == 2 && error.contains(message) && error.contains("--help"),
            "{arguments:?}: {error}"
        );
    }
}
