//! Fuzzes the policy: TOML and JSON mean the same, errors name existing lines, the compiled form is
//! the policy, and only public rules allow requests without credentials.

#![no_main]

use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use edge_auth::certificate::PlatformCertificate;
use edge_auth::platform::{ApiKeyRecord, ApiKeys, KeySource, MaybeSend, NoRevocations, Platform, Randomness, Unavailable};
use edge_auth::policy::Format;
use edge_auth::{AuthRequest, Decision, Gate, Headers, Policy, PolicyErrors, SecretProvider};
use edge_auth_token::{AwsLcRs, Secret, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let as_toml = Policy::parse(text, Format::Toml, "policy");
    names_existing_lines(&as_toml, text);
    names_existing_lines(&Policy::parse(text, Format::Json, "policy"), text);
    if let Some(json) = in_json(text) {
        let as_json = Policy::parse(&json, Format::Json, "policy");
        names_existing_lines(&as_json, &json);
        assert_eq!(summary(&as_toml), summary(&as_json), "{json}");
    }
    drop(Policy::load(text.as_bytes()));
    if let Ok(policy) = as_toml {
        let Ok(form) = policy.to_compiled() else { return };
        let loaded = Policy::load(&form).expect("what is compiled loads");
        assert_eq!(format!("{loaded:?}"), format!("{policy:?}"));
        decides(loaded);
    }
});

fn names_existing_lines(parsed: &Result<Policy, PolicyErrors>, text: &str) {
    let Err(PolicyErrors(mistakes)) = parsed else { return };
    assert!(!mistakes.is_empty());
    let lines = text.lines().count() + 1;
    for mistake in mistakes {
        assert!(mistake.line.is_none_or(|line| (1..=lines).contains(&line)), "{mistake}");
        assert!(!mistake.message.is_empty());
    }
}

/// Returns the same document in JSON, if JSON can express it.
fn in_json(text: &str) -> Option<String> {
    let value: toml::Value = toml::from_str(text).ok()?;
    fn has_none(value: &toml::Value) -> bool {
        match value {
            toml::Value::Datetime(_) => true,
            toml::Value::Float(number) => !number.is_finite(),
            toml::Value::Array(items) => items.iter().any(has_none),
            toml::Value::Table(members) => members.values().any(has_none),
            _ => false,
        }
    }
    if has_none(&value) { None } else { serde_json::to_string(&value).ok() }
}

/// Returns the visible parts of a policy, or `None` for one with mistakes.
fn summary(parsed: &Result<Policy, PolicyErrors>) -> Option<String> {
    let policy = parsed.as_ref().ok()?;
    let issuers: Vec<_> = policy.issuers().collect();
    let blocks: Vec<_> = policy.api_key_blocks().collect();
    Some(format!(
        "{issuers:?} {blocks:?} {:?} {} {:?} {}",
        policy.secret_names(),
        policy.rule_count(),
        policy.revocation_limits(),
        policy.administers()
    ))
}

/// Checks that a request without credentials never has a principal.
fn decides(policy: Policy) {
    let Ok((gate, _)) = Gate::new(policy, &Anything, Box::new(AwsLcRs), Nowhere, &Zeros) else {
        return;
    };
    for (method, target) in
        [("GET", "/"), ("GET", "/v1/orders/42"), ("POST", "/health"), ("OPTIONS", "/a/b/c")]
    {
        let request = AuthRequest {
            location: edge_auth::ClientLocation::default(),
            method,
            host: Some("api.example.com"),
            authority: None,
            target,
            headers: Headers(&[("host", b"api.example.com")]),
            client_ip: None,
            certificate: PlatformCertificate::Nothing,
            path_rewritten: true,
            proxy_trusted: false,
        };
        let explanation = now(gate.explain(&request, Timestamp::from_seconds(1_800_000_000)));
        if let Decision::Allow(grant) = &explanation.decision {
            assert!(grant.principal.is_none() && grant.fields_to_set().next().is_none());
            let checks: BTreeSet<_> =
                explanation.checks.iter().map(|check| check.what.as_str()).collect();
            assert!(checks.is_empty(), "a public rule checks nothing: {checks:?}");
        }
    }
}

/// Polls a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// Has every secret, but no files.
struct Anything;

impl SecretProvider for Anything {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        Ok(Secret::new(format!(
            "{name}: a secret of at least sixty-four bytes, as long as that of HS512"
        )))
    }

    fn file(&self, _: &Path) -> Result<Vec<u8>, String> {
        Err("no such file".to_owned())
    }
}

struct Nowhere;

impl Platform for Nowhere {
    type ApiKeys = Self;
    type KeySource = Self;
    type Revocations = NoRevocations;

    fn api_keys(&self) -> &Self {
        self
    }

    fn key_source(&self) -> &Self {
        self
    }

    fn revocations(&self) -> &NoRevocations {
        &NoRevocations
    }

    async fn timed<W: Future<Output: MaybeSend> + MaybeSend>(
        &self,
        work: W,
    ) -> (W::Output, Duration) {
        (work.await, Duration::ZERO)
    }
}

impl ApiKeys for Nowhere {
    async fn find(&self, _: &str, _: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        panic!("the requests have no key")
    }
}

impl KeySource for Nowhere {
    async fn fetch(&self, _: &str, _: usize) -> Result<Vec<u8>, Unavailable> {
        panic!("the requests have no token")
    }
}

struct Zeros;

impl Randomness for Zeros {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable> {
        bytes.fill(0);
        Ok(())
    }
}
