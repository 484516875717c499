//! Peppers from current to retired.

use std::time::Duration;

use super::*;

#[test]
fn a_key_outlives_two_new_peppers() {
    let (key, text) = issued();
    let mut record = key.seal().unwrap();
    for (current, previous, retired) in [(0x22, 0x11, &[][..]), (0x33, 0x22, &[0x11][..])] {
        let block = block_under(peppers(current, &[previous], retired));
        assert_eq!(admit(&block, &text, &record, NOW), Ok(()), "before it is wrapped");
        record = block.open(&record).unwrap().rewrap().unwrap().seal().unwrap();
        assert_eq!(admit(&block, &text, &record, NOW), Ok(()), "after it is wrapped");
    }
    assert_eq!(record.version, 3);
    let block = block_under(peppers(0x33, &[], &[0x11, 0x22]));
    assert_eq!(admit(&block, &text, &record, NOW), Ok(()));
}

#[test]
fn a_wrong_secret_is_still_refused_after_wrapping() {
    let (key, _) = issued();
    let (_, other) = key.rotate(Duration::ZERO, &Counting::from(1), NOW).unwrap();
    let block = block_under(peppers(0x22, &[0x11], &[]));
    let wrapped = block.open(&key.seal().unwrap()).unwrap().rewrap().unwrap().seal().unwrap();
    let refused = admit(&block, other.expose(), &wrapped, NOW);
    assert_eq!(refused, Err(KeyRefusal::SecretWrong));
}

#[test]
fn wrapping_twice_under_one_pepper_changes_nothing() {
    let (key, _) = issued();
    assert!(key.rewrap().is_none());
    let block = block_under(peppers(0x22, &[0x11], &[]));
    let wrapped = block.open(&key.seal().unwrap()).unwrap().rewrap().unwrap();
    assert!(wrapped.rewrap().is_none());
    assert!(block.open(&wrapped.seal().unwrap()).unwrap().rewrap().is_none());
}

#[test]
fn a_change_under_a_new_pepper_does_not_wrap_the_hash() {
    let (key, text) = issued();
    let block = block_under(peppers(0x22, &[0x11], &[]));
    let changed = block.open(&key.seal().unwrap()).unwrap().disable().unwrap().enable().unwrap();
    assert!(changed.rewrap().is_some());
    let retired = block_under(peppers(0x22, &[], &[0x11]));
    assert_eq!(admit(&retired, &text, &changed.seal().unwrap(), NOW), Ok(()));
}

#[test]
fn a_rotation_under_a_new_pepper_needs_no_wrapping() {
    let (key, _) = issued();
    let block = block_under(peppers(0x22, &[0x11], &[]));
    let opened = block.open(&key.seal().unwrap()).unwrap();
    let (rotated, _) = opened.rotate(Duration::ZERO, &Counting::from(1), NOW).unwrap();
    assert!(rotated.rewrap().is_none());
}

#[test]
fn only_the_hash_that_is_not_under_the_current_pepper_is_wrapped() {
    let (key, _) = issued();
    let block = block_under(peppers(0x22, &[0x11], &[]));
    let opened = block.open(&key.seal().unwrap()).unwrap();
    let overlap = Duration::from_secs(3600);
    let (rotated, _) = opened.rotate(overlap, &Counting::from(1), NOW).unwrap();
    let document = rotated.rewrap().unwrap().seal().unwrap().document;
    for chain in [r#"[\"ac95ef42\"]"#, r#"[\"d9ca8b38\",\"ac95ef42\"]"#] {
        assert_eq!(document.matches(chain).count(), 1, "{document}");
    }
}

#[test]
fn a_record_sealed_under_a_retired_pepper_is_refused() {
    let (key, text) = issued();
    let block = block_under(peppers(0x22, &[], &[0x11]));
    assert!(block.parse(&text).is_ok(), "its tag is still accepted");
    let error = block.open(&key.seal().unwrap()).unwrap_err();
    let pepper = pepper(0x11).id().clone();
    assert_eq!(error, RecordError::PepperRetired { id: key.id().to_owned(), pepper });
}

#[test]
fn a_seal_by_a_retired_pepper_is_not_accepted_as_current() {
    let (key, _) = issued();
    let mut record = key.seal().unwrap();
    let old = pepper(0x11).id().to_string();
    let new = pepper(0x22).id().to_string();
    record.document = record.document.replacen(&old, &new, 1);
    let block = block_under(peppers(0x22, &[], &[0x11]));
    assert!(matches!(block.open(&record), Err(RecordError::MacWrong { .. })));
}

#[test]
fn without_its_pepper_neither_tag_nor_seal_is_accepted() {
    let (key, text) = issued();
    let block = block_under(peppers(0x22, &[], &[]));
    assert_eq!(block.parse(&text).unwrap_err(), KeyRefusal::TagUnknown);
    let error = block.open(&key.seal().unwrap()).unwrap_err();
    assert!(matches!(error, RecordError::PepperUnknown { .. }));
    assert!(error.to_string().contains("d9ca8b38"), "{error}");
}

#[test]
fn without_the_pepper_of_its_hash_a_record_is_refused() {
    let (key, _) = issued();
    let block = block_under(peppers(0x22, &[0x11], &[]));
    let wrapped = block.open(&key.seal().unwrap()).unwrap().rewrap().unwrap().seal().unwrap();
    let forgetful = block_under(peppers(0x22, &[], &[]));
    let error = forgetful.open(&wrapped).unwrap_err();
    assert_eq!(error, RecordError::HashPepperUnknown { pepper: pepper(0x11).id().clone() });
}
