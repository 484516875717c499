//! `token inspect` looks into tokens, trusts none, and shows no signature.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod common;

use std::io::Write;
use std::process::Stdio;

use common::Folder;

/// RFC 7519, section 3.1.
const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
     eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
     dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[test]
fn a_token_is_shown_as_what_it_is_not_verified() {
    let ran = Folder::with_policy("").run(&["token", "inspect", TOKEN]);
    assert_eq!(ran.code(), 0);
    let told = ran.stdout();
    for part in ["NOT VERIFIED", "\"HS256\"", "\"joe\"", "2011-03-22T18:43:00.000Z  (expired)"] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
    assert!(!told.contains("dBjft"), "{told}");
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
fn what_is_no_token_is_a_no() {
    let ran = Folder::with_policy("").run(&["token", "inspect", "not.a.token"]);
    assert_eq!((ran.code(), ran.stderr().contains("base64url")), (1, true), "{}", ran.stderr());
}
