//! Gates on a host in memory, for the tests of endpoints, administration and authorizers.

use crate::documents::Documents;
use crate::memory::MemoryApiKeys;
use crate::platform::{MapSecretProvider, MemoryPlatform};
use crate::randomness::SeededRandomness;
use edge_auth::policy::Format;
use edge_auth::{Gate, Policy};
use edge_auth_control::KeyService;
use edge_auth_token::{AwsLcRs, Timestamp};

/// The time of these tests.
pub const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// The value of the secret `TRUST`.
pub const TRUST: &str = "a secret shared with our proxies, 32 bytes";

fn secret_provider() -> MapSecretProvider {
    let mut provider = MapSecretProvider::default();
    provider.secrets.insert("PEPPER".to_owned(), "\u{7}".repeat(32));
    provider.secrets.insert("TRUST".to_owned(), TRUST.to_owned());
    provider
}

/// Makes a gate for a policy in TOML. Its issuers have no documents.
pub fn gate(policy: &str, store: &MemoryApiKeys) -> Gate<MemoryPlatform> {
    let policy = Policy::parse(policy, Format::Toml, "policy.toml").unwrap();
    let randomness = SeededRandomness::new(1);
    let mut platform = MemoryPlatform::new(Documents::default(), "http://issuers");
    platform.api_keys = store.clone();
    Gate::new(policy, &secret_provider(), Box::new(AwsLcRs), platform, &randomness).unwrap().0
}

/// Makes the service that administers a policy's keys without a gate.
pub fn key_service<'s>(policy: &str, store: &'s MemoryApiKeys) -> KeyService<'s, MemoryApiKeys> {
    let policy = Policy::parse(policy, Format::Toml, "policy.toml").unwrap();
    KeyService::new(&policy, &secret_provider(), store).unwrap()
}

/// Converts header fields for an endpoint.
pub fn fields<'a>(headers: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a [u8])> {
    headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect()
}
