//! Keys that another system issued.

use proptest::prelude::*;

use super::*;

const TEXT: &str = "sk_other_0123456789";
const SHA256_HEX: &str = "e10e0c2e909cfb696caf84d51f314654780fb6e4e39c8a0cba82801875d73427";
const SHA256_BASE64: &str = "4Q4MLpCc+2lsr4TVHzFGVHgPtuTjnIoMuoKAGHXXNCc=";
const SHA512_HEX: &str = "4aa7d84bdd0c8bda4559dd11d77e5880f425a0ec2df2bf9356df6475f7187f7e123312ed5d4a6aa06fa1ddcf2101c5bdb54bd34c42f18224caf117ca6a206025";
const SHA512_BASE64: &str =
    "SqfYS90Mi9pFWd0R135YgPQloOwt8r+TVt9kdfcYf34SMxLtXUpqoG+h3c8hAcW9tUvTTELxgiTK8RfKaiBgJQ==";

fn legacy_under(
    algorithm: DigestAlgorithm,
    prefix: Option<&str>,
    peppers: Peppers,
) -> ApiKeyProfile {
    let format = ImportedFormat::new(algorithm, prefix).unwrap();
    ApiKeyProfile::imported("legacy", format, peppers).unwrap()
}

fn legacy() -> ApiKeyProfile {
    legacy_under(DigestAlgorithm::Sha256, None, peppers(0x11, &[], &[]))
}

#[test]
fn a_hash_in_any_usual_spelling_accepts_only_its_key() {
    let url_safe = SHA256_BASE64.replace('+', "-").replace('/', "_");
    let spellings = [
        (DigestAlgorithm::Sha256, SHA256_HEX),
        (DigestAlgorithm::Sha256, &SHA256_HEX.to_uppercase()),
        (DigestAlgorithm::Sha256, SHA256_BASE64),
        (DigestAlgorithm::Sha256, SHA256_BASE64.trim_end_matches('=')),
        (DigestAlgorithm::Sha256, &url_safe),
        (DigestAlgorithm::Sha512, SHA512_HEX),
        (DigestAlgorithm::Sha512, SHA512_BASE64),
    ];
    for (algorithm, hash) in spellings {
        let block = legacy_under(algorithm, None, peppers(0x11, &[], &[]));
        let record = block.import(wishes(), hash, NOW).unwrap().seal().unwrap();
        assert_eq!(admit(&block, TEXT, &record, NOW), Ok(()), "{hash}");
        let other = block.parse("sk_other_0123456788").unwrap();
        assert_ne!(other.record_id(), record.id);
        let key = block.open(&record).unwrap();
        assert_eq!(key.check(&other, None, NOW), Err(KeyRefusal::SecretWrong));
        assert_eq!(admit(&block, TEXT, &record, LATER), Err(KeyRefusal::Expired { at: LATER }));
    }
}

#[test]
fn an_invalid_hash_is_refused_and_not_quoted() {
    let not_hex = SHA256_HEX.replace('e', "g");
    for hash in ["", "abc", SHA512_HEX, SHA512_BASE64, &SHA256_HEX[1..], &not_hex, &"é".repeat(32)]
    {
        let error = legacy().import(wishes(), hash, NOW).unwrap_err();
        assert_eq!(error, LifecycleError::Hash { algorithm: "SHA-256", bytes: 32 });
        assert!(error.to_string().contains("not SHA-256: give its 32 bytes"), "{error}");
    }
}

#[test]
fn a_record_reveals_no_hash_and_cannot_move_to_another_block() {
    let key = legacy().import(wishes(), SHA256_HEX, NOW).unwrap();
    let record = key.seal().unwrap();
    assert!(!record.document.contains(SHA256_HEX));
    assert!(!record.document.contains(&SHA256_BASE64[..20]));
    assert!(record.id.starts_with("imp_") && record.id.len() <= 128);
    assert_eq!(key.environment(), None);
    let format = ImportedFormat::new(DigestAlgorithm::Sha256, None).unwrap();
    let other = ApiKeyProfile::imported("others", format, peppers(0x11, &[], &[])).unwrap();
    assert_ne!(other.parse(TEXT).unwrap().record_id(), record.id);
    assert!(matches!(other.open(&record), Err(RecordError::OtherBlock { .. })));
}

#[test]
fn an_imported_key_outlives_its_pepper_under_the_same_id() {
    let record = legacy().import(wishes(), SHA256_HEX, NOW).unwrap().seal().unwrap();
    let next = legacy_under(DigestAlgorithm::Sha256, None, peppers(0x22, &[0x11], &[]));
    let wrapped = next.open(&record).unwrap().rewrap().unwrap().seal().unwrap();
    assert_eq!(wrapped.id, record.id);
    let last = legacy_under(DigestAlgorithm::Sha256, None, peppers(0x22, &[], &[0x11]));
    assert_eq!(admit(&last, TEXT, &wrapped, NOW), Ok(()));
}

#[test]
fn texts_that_are_too_short_too_long_or_not_visible_are_refused() {
    let block = legacy();
    assert!(block.parse(&"k".repeat(16)).is_ok());
    assert!(block.parse(&"k".repeat(512)).is_ok());
    for text in [&"k".repeat(15), &"k".repeat(513), "0123456789 abcdef", "0123456789abcdéf"] {
        assert!(matches!(block.parse(text), Err(KeyRefusal::Malformed(_))), "{text}");
    }
}

#[test]
fn a_prefix_identifies_the_block_and_is_required() {
    let block = legacy_under(DigestAlgorithm::Sha256, Some("sk_"), peppers(0x11, &[], &[]));
    assert!(block.recognises(TEXT) && !block.takes_any_text());
    assert!(!block.recognises("pk_other_0123456789"));
    assert!(matches!(block.parse("pk_other_0123456789"), Err(KeyRefusal::Malformed(_))));
    assert!(block.parse(TEXT).is_ok());
    assert!(!legacy().recognises(TEXT) && legacy().takes_any_text());
    for prefix in ["", "s k", "é", &"p".repeat(33)] {
        let error = ImportedFormat::new(DigestAlgorithm::Sha256, Some(prefix)).unwrap_err();
        assert_eq!(error, ProfileError::ImportedPrefix { found: prefix.to_owned() });
    }
}

#[test]
fn imported_keys_are_revoked_like_others_but_not_rotated() {
    let key = legacy().import(wishes(), SHA256_HEX, NOW).unwrap();
    let rotated = key.rotate(std::time::Duration::ZERO, &Counting::from(1), NOW);
    assert_eq!(rotated.unwrap_err(), LifecycleError::RotationOfImported);
    let record = key.revoke("moved", NOW).unwrap().seal().unwrap();
    assert!(matches!(admit(&legacy(), TEXT, &record, NOW), Err(KeyRefusal::Revoked { .. })));
}

#[test]
fn each_kind_of_block_accepts_only_its_kind_of_key() {
    let error = legacy().issue(wishes(), &Counting::from(1), NOW).unwrap_err();
    assert_eq!(error, LifecycleError::BlockOfImported { block: "legacy".to_owned() });
    let error = block().import(wishes(), SHA256_HEX, NOW).unwrap_err();
    assert_eq!(error, LifecycleError::BlockOfIssued { block: "partners".to_owned() });
}

#[test]
fn debug_shows_no_digest() {
    let presented = format!("{:?}", legacy().parse(TEXT).unwrap());
    let key = format!("{:?}", legacy().import(wishes(), SHA256_HEX, NOW).unwrap());
    for shown in [presented, key] {
        assert!(!shown.contains("225, 14, 12") && !shown.contains("e10e0c"), "{shown}");
        assert!(!shown.contains(TEXT), "{shown}");
    }
}

proptest! {
    #[test]
    fn no_text_or_hash_makes_the_importer_panic(text in any::<String>()) {
        let _ = legacy().parse(&text);
        prop_assert!(legacy().import(wishes(), &text, NOW).is_err());
    }
}
