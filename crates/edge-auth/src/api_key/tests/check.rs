//! Checks of a presented key.

use std::net::IpAddr;

use super::*;

fn bound_to(networks: &[&str]) -> (ApiKey, PresentedKey) {
    let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
    let (key, text) = issued_in(&block(), NewKey { networks, ..wishes() });
    (key, block().parse(&text).unwrap())
}

fn from(key: &(ApiKey, PresentedKey), client: &str) -> Result<(), KeyRefusal> {
    key.0.check(&key.1, Some(client.parse().unwrap()), NOW)
}

#[test]
fn a_wrong_secret_is_refused_in_every_state_of_the_key() {
    let (key, _) = issued();
    let (_, other) = key.rotate(std::time::Duration::ZERO, &Counting::from(5), NOW).unwrap();
    let wrong = block().parse(other.expose()).unwrap();
    assert_eq!(wrong.record_id(), key.id());
    let revoked = key.revoke("leaked", NOW).unwrap();
    for key in [key.clone(), key.disable().unwrap(), revoked] {
        assert_eq!(key.check(&wrong, None, LATER), Err(KeyRefusal::SecretWrong));
    }
}

/// The ids differ but the secrets are equal, so only the id keeps the two keys apart.
#[test]
fn a_key_is_never_checked_against_another_keys_record() {
    struct SameSecret(u8);
    impl Randomness for SameSecret {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable> {
            let is_secret = bytes.len() == 32;
            bytes.fill(if is_secret { 0x77 } else { self.0 });
            Ok(())
        }
    }
    let (key, _) = block().issue(wishes(), &SameSecret(1), NOW).unwrap();
    let (_, other) = block().issue(wishes(), &SameSecret(2), NOW).unwrap();
    let other = block().parse(other.expose()).unwrap();
    assert_eq!(key.check(&other, None, NOW), Err(KeyRefusal::SecretWrong));
}

#[test]
fn a_key_is_never_checked_against_another_blocks_record() {
    let (key, text) = issued();
    let format = KeyFormat::new("acme", "live").unwrap();
    let admins = ApiKeyProfile::native("admins", format, peppers(0x11, &[], &[])).unwrap();
    let presented = admins.parse(&text).unwrap();
    assert_eq!(presented.record_id(), key.id());
    assert_eq!(key.check(&presented, None, NOW), Err(KeyRefusal::SecretWrong));
}

#[test]
fn a_key_expires_at_its_time_and_not_before() {
    let (key, text) = issued();
    let presented = block().parse(&text).unwrap();
    let just_before = Timestamp::from_millis(LATER.millis() - 1);
    assert_eq!(key.check(&presented, None, just_before), Ok(()));
    let expired = Err(KeyRefusal::Expired { at: LATER });
    assert_eq!(key.check(&presented, None, LATER), expired);
}

#[test]
fn a_key_of_another_environment_is_refused() {
    fn block(environment: &str) -> ApiKeyProfile {
        let format = KeyFormat::new("acme", environment).unwrap();
        ApiKeyProfile::native("partners", format, peppers(0x11, &[], &[])).unwrap()
    }
    let (key, text) = issued_in(&block("test"), wishes());
    let presented = block("test").parse(&text).unwrap();
    let key = block("live").open(&key.seal().unwrap()).unwrap();
    let mismatch =
        KeyRefusal::EnvironmentMismatch { key: "test".to_owned(), block: "live".to_owned() };
    assert_eq!(key.check(&presented, None, NOW), Err(mismatch));
}

#[test]
fn a_key_without_networks_is_accepted_from_anywhere() {
    let key = bound_to(&[]);
    assert_eq!(from(&key, "203.0.113.9"), Ok(()));
    assert_eq!(key.0.check(&key.1, None, NOW), Ok(()));
}

#[test]
fn a_key_with_networks_is_accepted_only_from_inside_them() {
    let key = bound_to(&["192.0.2.0/25", "2001:db8::/32"]);
    for inside in ["192.0.2.0", "192.0.2.127", "2001:db8::1"] {
        assert_eq!(from(&key, inside), Ok(()), "{inside}");
    }
    for outside in ["192.0.2.128", "203.0.113.9", "2001:db9::1", "::"] {
        let client: IpAddr = outside.parse().unwrap();
        assert_eq!(from(&key, outside), Err(KeyRefusal::NetworkNotAllowed { client }));
    }
}

#[test]
fn ipv4_mapped_clients_count_as_ipv4_clients() {
    let key = bound_to(&["192.0.2.0/24"]);
    assert_eq!(from(&key, "::ffff:192.0.2.7"), Ok(()));
    let client: IpAddr = "203.0.113.9".parse().unwrap();
    let refused = Err(KeyRefusal::NetworkNotAllowed { client });
    assert_eq!(from(&key, "::ffff:203.0.113.9"), refused);
}

#[test]
fn ipv4_mapped_networks_count_as_ipv4_networks() {
    let key = bound_to(&["::ffff:192.0.2.0/120"]);
    assert_eq!(key.0.networks(), ["192.0.2.0/24".parse().unwrap()]);
    assert_eq!(from(&key, "192.0.2.7"), Ok(()));
    assert!(from(&key, "192.0.3.7").is_err());
}

#[test]
fn the_network_of_all_ipv6_addresses_does_not_contain_ipv4_clients() {
    let key = bound_to(&["::/0"]);
    assert_eq!(from(&key, "2001:db8::1"), Ok(()));
    assert!(from(&key, "192.0.2.7").is_err());
    assert!(from(&key, "::ffff:192.0.2.7").is_err());
}

#[test]
fn a_bound_key_is_refused_when_the_clients_address_is_unknown() {
    let (key, presented) = bound_to(&["0.0.0.0/0", "::/0"]);
    let refused = Err(KeyRefusal::ClientAddressUnknown);
    assert_eq!(key.check(&presented, None, NOW), refused);
}

#[test]
fn a_key_for_all_scopes_has_every_scope() {
    assert!(Scopes::All.contains("anything"));
    assert!(Scopes::list(["a", "b"]).contains("b"));
    assert!(!Scopes::list(["ab"]).contains("a"));
}
