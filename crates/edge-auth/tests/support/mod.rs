//! What the tests of the endpoints share: a host in memory and a gate on it.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::path::Path;
use std::time::Duration;

use edge_auth::admin::KeyService;
use edge_auth::platform::{KeySource, MaybeSend, NoRevocations, Platform, Unavailable};
use edge_auth::policy::Format;
use edge_auth::{Gate, Policy, SecretProvider};
use edge_auth_testkit::memory::MemoryApiKeys;
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::{AwsLcRs, Secret, Timestamp};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// What the secret `TRUST` is on this host.
pub(crate) const TRUST: &str = "a secret shared with the proxies of ours";

/// A host that keeps its keys in memory and can fetch nothing.
pub(crate) struct TestPlatform(MemoryApiKeys);

pub(crate) struct Offline;

impl KeySource for Offline {
    async fn fetch(&self, url: &str, _max_bytes: usize) -> Result<Vec<u8>, Unavailable> {
        Err(Unavailable::new(format!("{url} is out of reach")))
    }
}

impl Platform for TestPlatform {
    type ApiKeys = MemoryApiKeys;
    type KeySource = Offline;
    type Revocations = NoRevocations;

    fn api_keys(&self) -> &MemoryApiKeys {
        &self.0
    }

    fn key_source(&self) -> &Offline {
        &Offline
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

struct Secrets;

impl SecretProvider for Secrets {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        match name {
            "PEPPER" => Ok(Secret::new([7; 32])),
            "TRUST" => Ok(Secret::new(TRUST)),
            _ => Err(format!("there is no secret `{name}`")),
        }
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        Err(format!("there is no file {}", path.display()))
    }
}

/// A gate for a policy in TOML.
pub(crate) fn gate(policy: &str, store: &MemoryApiKeys) -> Gate<TestPlatform> {
    let policy = Policy::parse(policy, Format::Toml, "policy.toml").unwrap();
    let randomness = SeededRandomness::new(1);
    Gate::new(policy, &Secrets, Box::new(AwsLcRs), TestPlatform(store.clone()), &randomness)
        .unwrap()
        .0
}

/// The keys of a policy, to be administered without a gate.
pub(crate) fn key_service<'s>(
    policy: &str,
    store: &'s MemoryApiKeys,
) -> KeyService<'s, MemoryApiKeys> {
    let policy = Policy::parse(policy, Format::Toml, "policy.toml").unwrap();
    KeyService::new(&policy, &Secrets, store).unwrap()
}

/// Header fields as an endpoint takes them.
pub(crate) fn fields<'a>(headers: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a [u8])> {
    headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect()
}
