//! Rotation: a new secret for an old id.

use std::time::Duration;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn both_secrets_are_accepted_during_the_overlap_and_one_after_it() {
    let (key, old) = issued();
    let (rotated, new) = key.rotate(HOUR, &Counting::from(1), NOW).unwrap();
    assert_eq!(rotated.id(), key.id());
    assert_eq!(rotated.version(), 2);
    assert_eq!(rotated.previous_secret_until(), Some(NOW.plus(HOUR)));
    let record = rotated.seal().unwrap();
    let last = NOW.plus(HOUR).minus(Duration::from_millis(1));
    for now in [NOW, last] {
        assert_eq!(admit(&block(), &old, &record, now), Ok(()));
        assert_eq!(admit(&block(), new.expose(), &record, now), Ok(()));
    }
    let end = NOW.plus(HOUR);
    assert_eq!(admit(&block(), &old, &record, end), Err(KeyRefusal::SecretWrong));
    assert_eq!(admit(&block(), new.expose(), &record, end), Ok(()));
}

#[test]
fn without_an_overlap_the_old_secret_is_refused_immediately() {
    let (key, old) = issued();
    let (rotated, new) = key.rotate(Duration::ZERO, &Counting::from(1), NOW).unwrap();
    assert_eq!(rotated.previous_secret_until(), None);
    let record = rotated.seal().unwrap();
    assert_eq!(admit(&block(), &old, &record, NOW), Err(KeyRefusal::SecretWrong));
    assert_eq!(admit(&block(), new.expose(), &record, NOW), Ok(()));
}

#[test]
fn a_second_rotation_ends_the_overlap_of_the_first() {
    let (key, first) = issued();
    let (key, second) = key.rotate(HOUR, &Counting::from(1), NOW).unwrap();
    let (key, third) = key.rotate(HOUR, &Counting::from(2), NOW).unwrap();
    let record = key.seal().unwrap();
    assert_eq!(admit(&block(), &first, &record, NOW), Err(KeyRefusal::SecretWrong));
    assert_eq!(admit(&block(), second.expose(), &record, NOW), Ok(()));
    assert_eq!(admit(&block(), third.expose(), &record, NOW), Ok(()));
}

#[test]
fn an_expired_key_cannot_be_rotated() {
    let (key, _) = issued();
    let refused = key.rotate(HOUR, &Counting::from(1), LATER).unwrap_err();
    assert_eq!(refused, LifecycleError::Expired { at: LATER });
}

#[test]
fn a_disabled_key_stays_disabled_when_it_is_rotated() {
    let (key, _) = issued();
    let disabled = key.disable().unwrap();
    let (rotated, new) = disabled.rotate(HOUR, &Counting::from(1), NOW).unwrap();
    let refused = admit(&block(), new.expose(), &rotated.seal().unwrap(), NOW);
    assert_eq!(refused, Err(KeyRefusal::Disabled));
}

#[test]
fn both_secrets_survive_a_new_pepper_during_an_overlap() {
    let (key, old) = issued();
    let (rotated, new) = key.rotate(HOUR, &Counting::from(1), NOW).unwrap();
    let block = block_under(peppers(0x22, &[0x11], &[]));
    let opened = block.open(&rotated.seal().unwrap()).unwrap();
    let wrapped = opened.rewrap().unwrap().seal().unwrap();
    let block = block_under(peppers(0x22, &[], &[0x11]));
    assert_eq!(admit(&block, &old, &wrapped, NOW), Ok(()));
    assert_eq!(admit(&block, new.expose(), &wrapped, NOW), Ok(()));
    assert!(admit(&block, &old, &wrapped, NOW.plus(HOUR)).is_err());
}
