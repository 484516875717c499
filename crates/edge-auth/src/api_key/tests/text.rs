//! Checks of a key's text, before any read of a store.

use proptest::prelude::*;

use super::*;
use crate::api_key::base62;

/// Returns the text with a right checksum, which any forger can compute.
fn with_checksum(before: &str) -> String {
    let crc = base62::encode::<4, 6>(crc32fast::hash(before.as_bytes()).to_be_bytes());
    format!("{before}{}", std::str::from_utf8(&crc).unwrap())
}

fn refusal(text: &str) -> KeyRefusal {
    block().parse(text).unwrap_err()
}

#[test]
fn an_issued_key_is_parsed_and_accepted() {
    let (key, text) = issued();
    assert!(block().recognises(&text));
    assert_eq!(text.len(), "acme_live_".len() + 18 + 1 + 43 + 6);
    assert_eq!(admit(&block(), &text, &key.seal().unwrap(), NOW), Ok(()));
}

#[test]
fn every_change_of_one_character_is_refused() {
    let (_, text) = issued();
    for position in 0..text.len() {
        for replacement in (0..=0x7f_u8).map(char::from) {
            let mut changed = text.clone().into_bytes();
            if changed[position] == replacement as u8 {
                continue;
            }
            changed[position] = replacement as u8;
            let changed = String::from_utf8(changed).unwrap();
            assert!(block().parse(&changed).is_err(), "{position} {replacement:?}");
        }
    }
}

#[test]
fn a_missing_or_added_or_swapped_character_is_refused() {
    let (_, text) = issued();
    for position in 0..text.len() {
        let (before, after) = text.split_at(position);
        assert!(block().parse(&format!("{before}{}", &after[1..])).is_err());
        assert!(block().parse(&format!("{before}0{after}")).is_err());
        assert!(block().parse(&format!("{before}é{}", &after[1..])).is_err());
        let mut swapped = text.clone().into_bytes();
        if position > 0 && swapped[position] != swapped[position - 1] {
            swapped.swap(position, position - 1);
            assert!(block().parse(std::str::from_utf8(&swapped).unwrap()).is_err());
        }
    }
    for length in 0..text.len() {
        assert!(block().parse(&text[..length]).is_err());
    }
    assert!(block().parse(&format!("{text}0")).is_err());
    assert!(block().parse(&format!("{text}\n")).is_err());
    assert!(block().parse(&format!(" {text}")).is_err());
}

#[test]
fn a_forged_id_with_a_right_checksum_is_refused() {
    let (_, text) = issued();
    let forged = text.replacen("acme_live_e2", "acme_live_e3", 1);
    assert_eq!(refusal(&forged), KeyRefusal::ChecksumWrong);
    let forged = with_checksum(&forged[..forged.len() - 6]);
    assert_eq!(refusal(&forged), KeyRefusal::TagUnknown);
}

#[test]
fn a_tag_is_valid_only_for_its_prefix_and_environment() {
    let (_, text) = issued();
    let tail = &text["acme_live_".len()..text.len() - 6];
    for (prefix, environment) in [("acme", "test"), ("acne", "live")] {
        let format = KeyFormat::new(prefix, environment).unwrap();
        let other = ApiKeyProfile::native("other", format, peppers(0x11, &[], &[])).unwrap();
        let moved = with_checksum(&format!("{prefix}_{environment}_{tail}"));
        assert_eq!(other.parse(&moved).unwrap_err(), KeyRefusal::TagUnknown);
        assert!(!other.recognises(&text));
    }
}

#[test]
fn a_secret_beyond_256_bits_is_refused() {
    let (_, text) = issued();
    let lead = &text[.."acme_live_".len() + 19];
    let greatest = base62::encode::<32, 43>([0xff; 32]);
    let greatest = format!("{lead}{}", std::str::from_utf8(&greatest).unwrap());
    assert!(block().parse(&with_checksum(&greatest)).is_ok());
    let beyond = with_checksum(&format!("{lead}{}", "z".repeat(43)));
    assert!(matches!(refusal(&beyond), KeyRefusal::Malformed(_)));
}

#[test]
fn refusals_state_the_mistake_without_quoting_the_key() {
    let (_, text) = issued();
    let cut = refusal(&text[..40]).to_string();
    assert!(cut.contains("length"), "{cut}");
    assert!(!cut.contains("e2OG"), "{cut}");
    assert!(matches!(refusal("acme_test_x"), KeyRefusal::Malformed(_)));
}

#[test]
fn debug_and_errors_show_no_key_material() {
    let (key, text) = block().issue(wishes(), &Counting::from(0xf0), NOW).unwrap();
    let presented = block().parse(text.expose()).unwrap();
    let secret = &text.expose()[29..72];
    let record = key.seal().unwrap();
    assert!(record.document.contains("WreuDFmUW2ma"), "the hash, which must not be shown below");
    for shown in [format!("{key:?}"), format!("{text:?}"), format!("{presented:?}")] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!shown.contains("WreuDFmUW2ma"), "{shown}");
        assert!(!shown.contains("249, 250, 251"), "{shown}");
        assert!(!shown.contains("90, 183, 174"), "{shown}");
    }
    assert!(format!("{presented:?}").contains(key.id()));
}

#[test]
fn ids_and_secrets_come_from_the_given_randomness() {
    fn issue(first: u8) -> PlaintextKey {
        block().issue(wishes(), &Counting::from(first), NOW).unwrap().1
    }
    assert_eq!(issue(1).expose(), issue(1).expose());
    assert_ne!(issue(1).expose(), issue(2).expose());
}

#[test]
fn without_randomness_no_key_is_issued_or_rotated() {
    struct Broken;
    impl Randomness for Broken {
        fn fill(&self, _: &mut [u8]) -> Result<(), Unavailable> {
            Err(Unavailable::new("no entropy"))
        }
    }
    let error = LifecycleError::Randomness(Unavailable::new("no entropy"));
    assert_eq!(block().issue(wishes(), &Broken, NOW).unwrap_err(), error);
    let (key, _) = issued();
    let overlap = std::time::Duration::from_secs(1);
    assert_eq!(key.rotate(overlap, &Broken, NOW).unwrap_err(), error);
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        prop_assert!(block().parse(&text).is_err());
        let led = format!("acme_live_{text}");
        prop_assert!(block().parse(&led).is_err());
    }

    #[test]
    fn well_formed_forgeries_are_refused_by_their_tag(
        id in "[0-9A-Za-z]{18}",
        secret in "[0-9A-Za-y]{42}",
    ) {
        let forged = with_checksum(&format!("acme_live_{id}_0{secret}"));
        prop_assert_eq!(refusal(&forged), KeyRefusal::TagUnknown);
    }

    #[test]
    fn every_random_key_survives_the_round_trip(random in proptest::array::uniform32(any::<u8>())) {
        struct Given([u8; 32]);
        impl Randomness for Given {
            fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable> {
                for (slot, byte) in bytes.iter_mut().zip(self.0) {
                    *slot = byte;
                }
                Ok(())
            }
        }
        let (key, text) = block().issue(wishes(), &Given(random), NOW).unwrap();
        prop_assert_eq!(admit(&block(), text.expose(), &key.seal().unwrap(), NOW), Ok(()));
    }
}
