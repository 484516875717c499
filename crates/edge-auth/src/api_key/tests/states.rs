//! Disabled, enabled, revoked.

use super::*;

#[test]
fn a_disabled_key_is_refused_until_it_is_enabled() {
    let (key, text) = issued();
    let disabled = key.disable().unwrap();
    assert_eq!(disabled.version(), 2);
    let refused = admit(&block(), &text, &disabled.seal().unwrap(), NOW);
    assert_eq!(refused, Err(KeyRefusal::Disabled));
    let enabled = disabled.enable().unwrap();
    assert_eq!(enabled.version(), 3);
    assert_eq!(admit(&block(), &text, &enabled.seal().unwrap(), NOW), Ok(()));
}

#[test]
fn a_revoked_key_is_refused_and_the_log_has_the_reason() {
    let (key, text) = issued();
    let revoked = key.revoke("leaked in a ticket", NOW).unwrap().seal().unwrap();
    let reason = "leaked in a ticket".to_owned();
    // A revoked key is reported as revoked even after it has expired.
    for now in [NOW, LATER] {
        let refused = KeyRefusal::Revoked { at: NOW, reason: reason.clone() };
        assert_eq!(admit(&block(), &text, &revoked, now), Err(refused));
    }
}

#[test]
fn a_revocation_is_permanent() {
    let revoked = issued().0.revoke("leaked", NOW).unwrap();
    let refused = LifecycleError::Revoked { at: NOW };
    assert_eq!(revoked.enable().unwrap_err(), refused);
    assert_eq!(revoked.disable().unwrap_err(), refused);
    assert_eq!(revoked.revoke("again", LATER).unwrap_err(), refused);
    let rotated = revoked.rotate(std::time::Duration::ZERO, &Counting::from(1), NOW);
    assert_eq!(rotated.unwrap_err(), refused);
}

#[test]
fn a_revocation_needs_a_printable_reason() {
    let (key, _) = issued();
    let long = "x".repeat(257);
    for reason in ["", "two\nlines", &long] {
        let refused = key.revoke(reason, NOW);
        assert!(matches!(refused, Err(LifecycleError::Attributes(AttributesError::Text { .. }))));
    }
}
