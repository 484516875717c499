//! The demonstration: every call that it prints gets the answer that it prints.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic is a failed test"
)]

mod common;

use std::io::{BufReader, Read};
use std::process::{Child, Stdio};

use common::{Folder, Response};
use serde_json::Value;

struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(folder: &Folder, arguments: &[&str]) -> (Demo, Value) {
    let mut command =
        folder.edge_auth(&[&["--json", "demo", "--folder", "demo"], arguments].concat());
    let mut child =
        command.env_clear().stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let demo = Demo(child);
    let mut documents =
        serde_json::Deserializer::from_reader(stdout.take(1 << 20)).into_iter::<Value>();
    let report = documents.next().unwrap().unwrap();
    (demo, report)
}

fn make(call: &Value) -> Response {
    let text = |name: &str| call[name].as_str().unwrap();
    let rest = text("url").strip_prefix("http://").unwrap();
    let (address, path) = rest.split_once('/').unwrap();
    let mut request =
        format!("{} /{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n", text("method"));
    for field in call["headers"].as_array().unwrap() {
        request.push_str(&format!("{}\r\n", field.as_str().unwrap()));
    }
    common::raw(address.parse().unwrap(), format!("{request}\r\n").as_bytes())
}

#[test]
fn every_call_gets_the_answer_that_was_printed() {
    let folder = Folder::with_policy("");
    let (_demo, report) = start(&folder, &[]);
    let calls = report["calls"].as_array().unwrap();
    assert!(calls.len() >= 15);
    for call in calls {
        let response = make(call);
        assert_eq!(u64::from(response.status), call["status"], "{call:#} {response:#?}");
        assert_eq!(
            response.code(),
            call["code"].as_str().unwrap_or_default(),
            "{call:#} {response:#?}"
        );
    }
}

#[test]
fn the_api_sees_the_identity_and_neither_credential_nor_forged_field() {
    let folder = Folder::with_policy("");
    let (_demo, report) = start(&folder, &[]);
    let calls = report["calls"].as_array().unwrap();
    let lie = calls
        .iter()
        .find(|call| call["title"].as_str().unwrap().contains("forges an identity"))
        .unwrap();
    let echo: Value = serde_json::from_str(&make(lie).body).unwrap();
    assert_eq!(echo["headers"]["x-auth-principal"], "jwt:demo:alice");
    assert_eq!(echo["headers"].get("x_auth_principal"), None);
    assert_eq!(echo["headers"].get("authorization"), None);
}

#[test]
fn two_demonstrations_run_at_once_on_ports_of_their_own() {
    let (one, two) = (Folder::with_policy(""), Folder::with_policy(""));
    let (_first, first) = start(&one, &[]);
    let (_second, second) = start(&two, &[]);
    assert_ne!(first["url"], second["url"]);
    for report in [first, second] {
        assert_eq!(make(&report["calls"][0]).status, 200);
    }
}

#[test]
fn the_commands_that_it_prints_work_on_its_files_while_it_runs() {
    let folder = Folder::with_policy("");
    let (_demo, report) = start(&folder, &[]);
    let pepper = std::fs::read_to_string(folder.path("demo/pepper")).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = folder.edge_auth(arguments);
        command.env("DEMO_PEPPER", &pepper);
        command.env("EDGE_AUTH_POLICY", report["policy"].as_str().unwrap());
        command.env("EDGE_AUTH_STORE", report["store"].as_str().unwrap());
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{arguments:?} {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let explained =
        run(&["policy", "explain", "demo/policy.toml", "GET", "/orders/42", "-H", "@demo/alice"]);
    assert!(explained.contains("jwt:demo:alice"), "{explained}");
    run(&["keys", "create", "--scope", "orders:read", "--expires", "7d"]);
    assert!(run(&["keys", "list"]).contains("demonstration, revoked"));
}
