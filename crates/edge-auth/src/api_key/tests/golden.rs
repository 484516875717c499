//! Pinned formats. Another implementation computed the expected values.

use super::*;

const TEXT: &str = "acme_live_e2OGsW8H81H6Qx8mxK_xHEq2Com1PXdbBTLSd7Op7K9WpXiORbx1sYpTG4bu9o3QJpvn";
const ID: &str = "e2OGsW8H81H6Qx8mxK";
const BODY_START: &str = r#"{\"schema\":1,\"terms\":{\"label\":\"nightly export\",\"owner\":\"team-data\",\"scopes\":{\"list\":[\"orders:read\"]},\"environment\":\"live\",\"state\":\"active\",\"created_at\":1700000000000,\"expires\":{\"at\":1800000000000},\"networks\":[\"192.0.2.0/24\",\"2001:db8::/32\"],\"metadata\":{\"ticket\":\"OPS-7\"}},"#;

fn golden_key() -> (ApiKey, String) {
    let mut new = wishes();
    new.networks = ["192.0.2.0/24", "2001:db8::/32"].map(|net| net.parse().unwrap()).to_vec();
    new.metadata.insert("ticket".to_owned(), "OPS-7".to_owned());
    issued_in(&block(), new)
}

#[test]
fn the_text_of_a_key_is_unchanged() {
    let (key, text) = golden_key();
    assert_eq!(text, TEXT);
    assert_eq!(key.id(), ID);
}

#[test]
fn a_new_keys_record_is_unchanged() {
    let record = golden_key().0.seal().unwrap();
    let document = format!(
        r#"{{"block":"partners","pepper":"d9ca8b38","mac":"NWC2LKMb4BzxHS984RhEMnFBDGf7r0ld8qdCux53OVs","body":"{BODY_START}{}"}}"#,
        r#"\"hash\":{\"value\":\"WreuDFmUW2maHAvH_C6X41zdVvhLBqGVp0XLhuGipGE\",\"peppers\":[\"d9ca8b38\"]},\"previous\":null}"#,
    );
    let expires_at = Some(Timestamp::from_seconds(1_800_000_000 + 90 * 86_400));
    assert_eq!(record, ApiKeyRecord { id: ID.to_owned(), document, version: 1, expires_at });
}

#[test]
fn the_record_of_a_key_with_a_tenant_is_unchanged() {
    let (key, _) = issued_in(&block(), NewKey { tenant: Some("acme".to_owned()), ..wishes() });
    let body = r#"{\"schema\":2,\"terms\":{\"label\":\"nightly export\",\"owner\":\"team-data\",\"tenant\":\"acme\",\"scopes\":{\"list\":[\"orders:read\"]},\"environment\":\"live\",\"state\":\"active\",\"created_at\":1700000000000,\"expires\":{\"at\":1800000000000},\"networks\":[],\"metadata\":{}},\"hash\":{\"value\":\"WreuDFmUW2maHAvH_C6X41zdVvhLBqGVp0XLhuGipGE\",\"peppers\":[\"d9ca8b38\"]},\"previous\":null}"#;
    let document = format!(
        r#"{{"block":"partners","pepper":"d9ca8b38","mac":"-OgpjD1QQTd1xVqK3bStv_QMRqcJc0gZqObUxG9DtmI","body":"{body}"}}"#
    );
    assert_eq!(key.seal().unwrap().document, document);
}

#[test]
fn a_wrapped_record_is_unchanged() {
    let record = golden_key().0.seal().unwrap();
    let block = block_under(peppers(0x22, &[0x11], &[]));
    let wrapped = block.open(&record).unwrap().rewrap().unwrap().seal().unwrap();
    let document = format!(
        r#"{{"block":"partners","pepper":"ac95ef42","mac":"xbOPuhv3eaux90pjkngvucPnXCIvBtztD1dzEhx47cA","body":"{BODY_START}{}"}}"#,
        r#"\"hash\":{\"value\":\"nUUuXQw0ofqxWkS_C53fAJiSQs78aAker8umZiyRhuc\",\"peppers\":[\"d9ca8b38\",\"ac95ef42\"]},\"previous\":null}"#,
    );
    assert_eq!(wrapped.document, document);
    assert_eq!(wrapped.version, 2);
}

#[test]
fn an_imported_keys_id_is_unchanged() {
    let format = ImportedFormat::new(DigestAlgorithm::Sha256, None).unwrap();
    let block = ApiKeyProfile::imported("legacy", format, peppers(0x11, &[], &[])).unwrap();
    let presented = block.parse("sk_other_0123456789").unwrap();
    assert_eq!(presented.record_id(), "imp_VNp6PXjaoQNwkoozZhPZb8EUEGKvS8jccDytj9YzWA0");
}
