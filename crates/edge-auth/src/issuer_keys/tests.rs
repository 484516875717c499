use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use edge_auth_token::AwsLcRs;

use super::*;
use crate::policy::{Format, Policy};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

const JWKS: &str = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// An issuer that responds until the flag is set, and then never.
#[derive(Default)]
struct Sleepy(AtomicBool);

impl KeySource for Sleepy {
    async fn fetch(&self, _url: &str, _max_bytes: usize) -> Result<Vec<u8>, Unavailable> {
        if self.0.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        Ok(JWKS.as_bytes().to_vec())
    }
}

/// An issuer with this response.
struct Responding(String);

impl KeySource for Responding {
    async fn fetch(&self, _url: &str, _max_bytes: usize) -> Result<Vec<u8>, Unavailable> {
        Ok(self.0.clone().into_bytes())
    }
}

fn keys(origin: &str) -> IssuerKeys {
    let issuer = format!(
        "[[issuer]]\nname = \"corp\"\nissuer = \"https://login.example/\"\naudience = \"a\"\nkeys = {origin}\n"
    );
    let policy = Policy::parse(&issuer, Format::Toml, "policy.toml").unwrap();
    IssuerKeys::remote(&policy.issuers[0], FetchOptions::default())
}

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

/// Polls the selection once. Returns whether a background fetch is due, or `None` if it waits.
fn polled_once(keys: &IssuerKeys, source: &impl KeySource, now: Timestamp) -> Option<bool> {
    let mut notices = Vec::new();
    let select =
        pin!(keys.select(Algorithm::EdDsa, Some("k"), source, &AwsLcRs, now, &mut notices));
    match select.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(found) => Some(found.map(|found| found.refresh_due).unwrap()),
        Poll::Pending => None,
    }
}

#[test]
fn while_one_request_waits_for_an_issuer_the_others_use_the_last_set() {
    let (keys, source) = (keys("{ jwks_url = \"https://login.example/jwks\" }"), Sleepy::default());
    assert_eq!(polled_once(&keys, &source, NOW), Some(false));
    source.0.store(true, Ordering::Relaxed);
    let mut notices = Vec::new();
    // After a quarter of an hour without requests, a key that was removed since must not be used.
    let mut first =
        pin!(keys.select(Algorithm::EdDsa, Some("k"), &source, &AwsLcRs, later(900), &mut notices));
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(polled_once(&keys, &source, later(900)), Some(false));
    assert_eq!(polled_once(&keys, &source, later(909)), Some(false));
    // A fetch without a result is abandoned.
    assert_eq!(polled_once(&keys, &source, later(916)), None);
    // Beyond `max_stale`, the set is never used.
    assert_eq!(polled_once(&keys, &source, later(5 * 3600)), None);
}

#[test]
fn errors_shorten_values_of_a_document() {
    let long = "x".repeat(50_000);
    for document in [
        format!("{{\"issuer\": \"{long}\", \"jwks_uri\": \"https://login.example/jwks\"}}"),
        format!("{{\"issuer\": \"https://login.example/\", \"jwks_uri\": \"ftp://{long}\"}}"),
        format!("{{\"issuer\": \"https://login.example/\", \"jwks_uri\": \"http://{long}\"}}"),
        format!("\"{long}\""),
        format!("{{\"{long}\": 1}}"),
    ] {
        let (keys, mut notices) = (keys("{ discover = true }"), Vec::new());
        let source = Responding(document);
        let refreshed =
            futures::executor::block_on(keys.refresh(&source, &AwsLcRs, NOW, &mut notices));
        assert!(refreshed.is_err());
        assert!(notices.iter().all(|notice| notice.len() < 600), "{} bytes", notices[0].len());
    }
}
