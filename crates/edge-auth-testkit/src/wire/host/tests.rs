//! Tests of the host with a product of a few lines.

use std::sync::{Arc, Mutex};

use super::*;
use crate::scenario::{Scenario, SeenRequest};
use crate::wire::Response;

/// A product that allows requests with `Open: sesame`, adds an identity header, and first fetches a
/// document.
#[derive(Default)]
struct Tiny {
    server: Option<Server>,
    audit: Arc<Mutex<Vec<Value>>>,
}

fn decide(request: &SeenRequest, upstream: SocketAddr, issuers: SocketAddr) -> Response {
    let ask = |address, target: &str, headers| {
        let call = Call {
            handover: None,
            location: None,
            endpoint: Endpoint::Gateway,
            method: request.method.clone(),
            target: target.into(),
            host: "upstream".to_owned(),
            authority: None,
            headers,
            body: request.body.clone(),
            from: std::net::Ipv4Addr::LOCALHOST.into(),
        };
        exchange(address, &call).unwrap()
    };
    ask(issuers, "/jwks/corp", Vec::new());
    if !request.headers.contains(&("Open".to_owned(), "sesame".to_owned())) {
        return Response {
            status: 403,
            body: br#"{"code":"no_rule"}"#.to_vec(),
            ..Response::default()
        };
    }
    ask(upstream, &request.target, vec![("X-Auth-Subject".to_owned(), b"ali".to_vec())])
}

impl Product for Tiny {
    fn start(&mut self, setup: &Setup<'_>, upstream: &str) -> Result<Started, String> {
        let address = |url: &str| url.strip_prefix("http://").unwrap().parse().unwrap();
        let (upstream, issuers) = (address(upstream), address(setup.policy.trim()));
        let audit = Arc::clone(&self.audit);
        let server = Server::start(move |request| {
            let response = decide(&request, upstream, issuers);
            let code = (response.status != 200).then_some("no_rule");
            let event = serde_json::json!({ "allowed": response.status == 200, "code": code });
            audit.lock().unwrap().push(event);
            response
        });
        self.server = Some(server.map_err(|error| error.to_string())?);
        Ok(Started::default())
    }

    fn address(&self, _: Endpoint) -> Option<SocketAddr> {
        self.server.as_ref().map(Server::address)
    }

    fn forget_audit(&mut self) {
        self.audit.lock().unwrap().clear();
    }

    fn audit(&mut self, _: Endpoint) -> Option<Value> {
        self.audit.lock().unwrap().pop()
    }

    fn offers(&self, _: Capability) -> bool {
        false
    }
}

fn run(cases: &str) -> crate::scenario::Report {
    // This product's policy is only the URL of the issuers.
    let text = format!("policy = '{{issuers}}'\njwks.corp.keys = ['p256']\n{cases}");
    let mut host = WireHost::new(Tiny::default()).unwrap();
    let text = text.replace("{issuers}", &host.issuers_url());
    Scenario::parse("tiny.toml", &text).unwrap().run(&mut host)
}

#[test]
fn calls_arrive_byte_for_byte_and_their_effects_are_recorded() {
    let report = run(r#"
        [[case]]
        name = "open"
        request = "POST /a/..//b;c%2f?x"
        headers = ["Open: sesame"]
        body = "hello"
        expect = { status = 200, fetches = 1, upstream = { target = "/a/..//b;c%2f?x", body = "hello", headers = { X-Auth-Subject = "ali" } } }

        [[case]]
        name = "closed"
        request = "GET /"
        headers = ["Open: {byte:ff}"]
        expect = { status = 403, code = "no_rule" }

        [[case]]
        name = "later"
        before.passes = "1h"
        request = "GET /"
        expect = { status = 403 }

        [[case]]
        name = "from elsewhere"
        from = "192.0.2.1"
        request = "GET /"
        expect = { status = 403 }
    "#);
    report.must_pass();
    assert_eq!(report.summary(), "2 cases in 1 files: passed, 2 skipped");
}

#[test]
fn differences_are_reported_with_their_case() {
    let report = run(r#"
        [[case]]
        name = "open"
        request = "GET /a"
        headers = ["Open: sesame"]
        expect = { status = 403, code = "no_rule", fetches = 0 }

        [[case]]
        name = "closed"
        request = "GET /b"
        expect = { status = 200, upstream = { target = "/c" } }
    "#);
    assert!(!report.passed());
    let text = report.to_string();
    for wanted in [
        "tiny.toml: open: FAILED",
        "asked: GET /a",
        "status: 200, wanted 403",
        "it arrived upstream: GET /a",
        "fetches of issuers' documents: 1, wanted 0",
        "tiny.toml: closed: FAILED",
        "the request did not arrive upstream",
        "2 cases in 1 files: 2 FAILED",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing in\n{text}");
    }
}
