//! Revocation lists of authorities (RFC 5280, section 5).

use edge_auth::Code;
use edge_auth::certificate::{CrlError, MAX_CRL_BYTES};
use edge_auth_control::Progress;
use edge_auth_control::{AdminError, CrlImport};
use edge_auth_testkit::certificates::{Authority, AuthorityPlan, Client, ClientPlan, ListPlan};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::AwsLcRs;
use futures::executor::block_on;

use crate::concurrent_writer::ConcurrentWriter;
use crate::fixture::{Fixture, NOW, later};

const DAY: u64 = 86_400;

fn good() -> (u64, u64) {
    (NOW.seconds() - 60, NOW.seconds() + DAY)
}

fn client(authority: &Authority, serial: u8) -> Client {
    let plan =
        ClientPlan { serial: vec![serial], ..ClientPlan::with_uri("spiffe://example.com/a") };
    authority.issue(&plan)
}

fn import(fixture: &Fixture, list: &[u8], seconds: f64) -> Result<CrlImport, AdminError> {
    import_of(fixture, &fixture.authority.pem(), list, seconds)
}

/// Imports a list of these authorities (PEM).
fn import_of(
    fixture: &Fixture,
    authorities: &str,
    list: &[u8],
    seconds: f64,
) -> Result<CrlImport, AdminError> {
    let (ca, revocations) = (authorities.as_bytes(), fixture.revocations());
    block_on(revocations.import_list(list, ca, &AwsLcRs, "weekly", later(seconds)))
}

fn refused(fixture: &Fixture, list: &[u8]) -> CrlError {
    match import(fixture, list, 0.0) {
        Err(AdminError::List(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_certificate_of_a_list_is_refused_and_no_other() {
    let fixture = Fixture::new();
    let (one, two, three) = (
        client(&fixture.authority, 1),
        client(&fixture.authority, 2),
        client(&fixture.authority, 0x80),
    );
    let list = fixture.authority.revocation_list(&[vec![1], vec![0x80]], good());
    let instance = fixture.start();
    assert_eq!(instance.certificate(&one, NOW), None);
    let import = import(&fixture, &list, 1.0).unwrap();
    assert_eq!((import.listed, import.entered, import.undone), (2, 2, 0));
    assert_eq!(instance.certificate(&one, later(7.0)), Some(Code::CertificateRevoked));
    assert_eq!(instance.certificate(&three, later(7.0)), Some(Code::CertificateRevoked));
    assert_eq!(instance.certificate(&two, later(7.0)), None);
}

#[test]
fn the_progress_of_a_long_list_is_reported_after_each_batch() {
    let fixture = Fixture::new();
    let serials: Vec<Vec<u8>> = (1..=200).map(|serial| vec![serial]).collect();
    let list = fixture.authority.revocation_list(&serials, good());
    let ca = fixture.authority.pem();
    let reported = std::sync::Mutex::new(Vec::new());
    let revocations = fixture.revocations();
    let import = block_on(revocations.import_list_reporting(
        &list,
        ca.as_bytes(),
        &AwsLcRs,
        "weekly",
        later(0.0),
        &|Progress { done, of }| reported.lock().unwrap().push((done, of)),
    ));
    assert_eq!(import.unwrap().entered, 200);
    // The list itself is the last entry.
    assert_eq!(*reported.lock().unwrap(), [(80, 201), (160, 201), (201, 201)]);
}

fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN X509 CRL-----\n{}\n-----END X509 CRL-----\n", lines.join("\n"))
}

#[test]
fn a_list_may_be_pem() {
    let fixture = Fixture::new();
    let pem = pem(&fixture.authority.revocation_list(&[vec![1]], good()));
    assert_eq!(import(&fixture, pem.as_bytes(), 0.0).unwrap().listed, 1);
}

#[test]
fn lists_of_version_1_are_ordered_by_their_time() {
    let fixture = Fixture::new();
    let (one, two) = (client(&fixture.authority, 1), client(&fixture.authority, 2));
    let (made, until) = good();
    let older = fixture.authority.list_of_version_1(&[vec![1]], (made - 60, until));
    let newer = fixture.authority.list_of_version_1(&[vec![2]], (made, until));
    let instance = fixture.start();
    assert_eq!(import(&fixture, &older, 0.0).unwrap().entered, 1);
    assert_eq!(instance.certificate(&one, later(7.0)), Some(Code::CertificateRevoked));
    assert_eq!(instance.certificate(&two, later(7.0)), None);
    let import_newer = import(
        &fixture,
        format!("Certificate Revocation List (CRL):\n{}", pem(&newer)).as_bytes(),
        8.0,
    );
    assert_eq!(import_newer.map(|import| (import.entered, import.undone)).unwrap(), (1, 1));
    let again = import(&fixture, &older, 9.0);
    assert!(matches!(again, Err(AdminError::ListOlder(_))), "{again:?}");
    assert_eq!(instance.certificate(&one, later(20.0)), None);
    assert_eq!(instance.certificate(&two, later(20.0)), Some(Code::CertificateRevoked));
}

#[test]
fn a_list_with_a_lower_number_is_older_with_any_time() {
    let fixture = Fixture::new();
    let first = numbered(&fixture, 0x100, &[vec![1]]);
    import(&fixture, &first, 0.0).unwrap();
    let lower = import(&fixture, &numbered(&fixture, 0xff, &[]), 1.0);
    assert!(matches!(lower, Err(AdminError::ListOlder(_))));
    assert_eq!(import(&fixture, &first, 1.0).unwrap().listed, 1, "the same list again");
    assert_eq!(import(&fixture, &numbered(&fixture, 0x101, &[]), 1.0).unwrap().undone, 1);
}

fn numbered(fixture: &Fixture, number: u64, serials: &[Vec<u8>]) -> Vec<u8> {
    let good = (NOW.seconds() - 60, NOW.seconds() + DAY);
    fixture.authority.list(&ListPlan { serials: serials.to_vec(), good, number, extension: None })
}

#[test]
fn a_newer_list_adds_new_entries_and_undoes_missing_ones() {
    let fixture = Fixture::new();
    let first = fixture.authority.revocation_list(&[vec![1], vec![2]], good());
    import(&fixture, &first, 0.0).unwrap();
    let newer = (NOW.seconds(), NOW.seconds() + DAY);
    let second = fixture.authority.revocation_list(&[vec![2], vec![3]], newer);
    let import = import(&fixture, &second, 1.0).unwrap();
    assert_eq!((import.listed, import.entered, import.undone), (2, 1, 1));
    let instance = fixture.start();
    for (serial, code) in
        [(1, None), (2, Some(Code::CertificateRevoked)), (3, Some(Code::CertificateRevoked))]
    {
        let client = client(&fixture.authority, serial);
        assert_eq!(instance.certificate(&client, later(2.0)), code, "{serial}");
    }
    assert!(matches!(self::import(&fixture, &first, 2.0), Err(AdminError::ListOlder(_))));
}

#[test]
fn a_list_never_undoes_an_administrators_revocation() {
    use edge_auth_control::{RevocationKind, RevocationRequest};
    let fixture = Fixture::new();
    let order = RevocationRequest {
        issuer: Some("CN=Devices CA,O=Example".to_owned()),
        serial: Some("01".to_owned()),
        ..RevocationRequest::new(RevocationKind::CertificateSerial, "by hand")
    };
    fixture.enter(order, NOW);
    import(&fixture, &fixture.authority.revocation_list(&[vec![1]], good()), 0.0).unwrap();
    // It does not either after the entry is gone from the log.
    block_on(fixture.ledger().compact(&SeededRandomness::new(1), NOW)).unwrap();
    fixture.feed().tamper(|records, _| drop(records.remove(&1)));
    let empty = fixture.authority.revocation_list(&[], (NOW.seconds(), NOW.seconds() + DAY));
    import(&fixture, &empty, 1.0).unwrap();
    let code = fixture.start().certificate(&client(&fixture.authority, 1), later(2.0));
    assert_eq!(code, Some(Code::CertificateRevoked));
}

#[test]
fn a_list_never_undoes_a_concurrent_revocation() {
    use edge_auth_control::{RevocationKind, RevocationRequest};
    let fixture = Fixture::new();
    import(&fixture, &fixture.authority.revocation_list(&[vec![1]], good()), 0.0).unwrap();
    let by_hand = RevocationRequest {
        issuer: Some("CN=Devices CA,O=Example".to_owned()),
        serial: Some("01".to_owned()),
        ..RevocationRequest::new(RevocationKind::CertificateSerial, "by hand")
    };
    let log = ConcurrentWriter::by(fixture.feed(), || drop(fixture.enter(by_hand, later(1.0))));
    let newer = fixture.authority.revocation_list(&[vec![2]], (NOW.seconds(), NOW.seconds() + DAY));
    let (ca, revocations) = (fixture.authority.pem(), fixture.revocations_on(&log));
    let import =
        block_on(revocations.import_list(&newer, ca.as_bytes(), &AwsLcRs, "weekly", later(1.0)))
            .unwrap();
    assert!(log.happened());
    assert_eq!((import.listed, import.entered, import.undone), (1, 1, 1));
    for serial in [1, 2] {
        let code = fixture.start().certificate(&client(&fixture.authority, serial), later(2.0));
        assert_eq!(code, Some(Code::CertificateRevoked), "{serial}");
    }
}

#[test]
fn of_two_concurrent_lists_the_older_one_undoes_nothing() {
    let fixture = Fixture::new();
    let (older, newer) =
        ((NOW.seconds() - 60, NOW.seconds() + DAY), (NOW.seconds(), NOW.seconds() + DAY));
    let newer = fixture.authority.revocation_list(&[vec![1]], newer);
    let log = ConcurrentWriter::by(fixture.feed(), || drop(import(&fixture, &newer, 1.0).unwrap()));
    let (ca, revocations) = (fixture.authority.pem(), fixture.revocations_on(&log));
    let older = fixture.authority.revocation_list(&[vec![2]], older);
    let refused =
        block_on(revocations.import_list(&older, ca.as_bytes(), &AwsLcRs, "weekly", later(1.0)));
    assert!(log.happened() && matches!(refused, Err(AdminError::ListOlder(_))), "{refused:?}");
    for (serial, code) in [(1, Some(Code::CertificateRevoked)), (2, None)] {
        let client = client(&fixture.authority, serial);
        assert_eq!(fixture.start().certificate(&client, later(2.0)), code, "{serial}");
    }
}

#[test]
fn foreign_bad_late_and_huge_lists_are_refused() {
    let fixture = Fixture::new();
    let same_name = Authority::root(&AuthorityPlan::named("Devices CA"));
    let other_name = Authority::root(&AuthorityPlan::named("Others CA"));
    let serials = [vec![1]];
    let now = NOW.seconds();
    let good_list = fixture.authority.revocation_list(&serials, good());
    let mut turned = good_list.clone();
    let middle = turned.len() / 2;
    turned[middle] ^= 1;

    assert!(matches!(
        refused(&fixture, &same_name.revocation_list(&serials, good())),
        CrlError::Signature { .. }
    ));
    assert!(matches!(
        refused(&fixture, &other_name.revocation_list(&serials, good())),
        CrlError::OtherAuthority { .. }
    ));
    let late = fixture.authority.revocation_list(&serials, (now - 2 * DAY, now - DAY));
    assert!(matches!(refused(&fixture, &late), CrlError::Time { .. }));
    let early = fixture.authority.revocation_list(&serials, (now + DAY, now + 2 * DAY));
    assert!(matches!(refused(&fixture, &early), CrlError::Time { .. }));
    assert!(matches!(refused(&fixture, &good_list[..good_list.len() - 1]), CrlError::Malformed(_)));
    assert!(matches!(refused(&fixture, b""), CrlError::Malformed(_)));
    assert!(matches!(refused(&fixture, b"-----BEGIN X509 CRL-----\nAAAA"), CrlError::Malformed(_)));
    assert!(matches!(
        refused(&fixture, &turned),
        CrlError::Signature { .. } | CrlError::Malformed(_)
    ));
    let huge = vec![0; 100 * 1024 * 1024];
    let error = refused(&fixture, &huge);
    assert_eq!(error, CrlError::TooLarge { bytes: huge.len() });
    assert!(error.to_string().contains(&MAX_CRL_BYTES.to_string()), "{error}");

    assert!(block_on(fixture.ledger().list(None, 10)).unwrap().entries.is_empty());
    assert_eq!(fixture.start().certificate(&client(&fixture.authority, 1), NOW), None);
}

#[test]
fn a_required_list_must_be_present_and_current() {
    let fixture = Fixture::with("secret = \"CURRENT\"", "require_crl = true");
    let good_one = client(&fixture.authority, 2);
    let instance = fixture.start();
    assert_eq!(instance.certificate(&good_one, NOW), Some(Code::CertificateListStale));
    let list =
        fixture.authority.revocation_list(&[vec![1]], (NOW.seconds() - 60, NOW.seconds() + 3600));
    import(&fixture, &list, 1.0).unwrap();
    assert_eq!(instance.certificate(&good_one, later(7.0)), None);
    assert_eq!(
        instance.certificate(&client(&fixture.authority, 1), later(7.0)),
        Some(Code::CertificateRevoked)
    );
    assert_eq!(instance.certificate(&good_one, later(3600.0)), Some(Code::CertificateListStale));
}

#[test]
fn an_overdue_list_refuses_unless_the_policy_allows_it() {
    let lax = Fixture::with("secret = \"CURRENT\"", "insecure_overdue_crl = true");
    for (fixture, code) in [(&Fixture::new(), Some(Code::CertificateListStale)), (&lax, None)] {
        let good = (NOW.seconds() - 60, NOW.seconds() + 3600);
        let list = fixture.authority.revocation_list(&[vec![1]], good);
        import(fixture, &list, 0.0).unwrap();
        let client = client(&fixture.authority, 2);
        assert_eq!(fixture.start().certificate(&client, later(3601.0)), code);
    }
    assert!(
        lax.policy.weaknesses().iter().any(|weakness| weakness.contains("insecure_overdue_crl"))
    );
}

#[test]
fn a_partial_list_is_refused() {
    let fixture = Fixture::new();
    import(&fixture, &fixture.authority.revocation_list(&[vec![1], vec![2]], good()), 0.0).unwrap();
    let (point, delta) = ("2.5.29.28", "2.5.29.27");
    let parts: [(&str, &'static str, bool, Vec<u8>); 4] = [
        ("of authorities only", point, true, b"\x30\x03\x82\x01\xff".to_vec()),
        ("so, though it is not critical", point, false, b"\x30\x03\x82\x01\xff".to_vec()),
        ("what changed since another", delta, true, b"\x02\x01\x01".to_vec()),
        ("what changed, though it is not critical", delta, false, b"\x02\x01\x01".to_vec()),
    ];
    for (what, name, critical, value) in parts {
        let plan = ListPlan {
            serials: vec![vec![3]],
            good: good(),
            number: 2,
            extension: Some((name, critical, value)),
        };
        let error = refused(&fixture, &fixture.authority.list(&plan));
        assert!(matches!(error, CrlError::Partial { .. }), "{what}: {error}");
    }
    let instance = fixture.start();
    for (serial, code) in
        [(1, Some(Code::CertificateRevoked)), (2, Some(Code::CertificateRevoked)), (3, None)]
    {
        let client = client(&fixture.authority, serial);
        assert_eq!(instance.certificate(&client, later(2.0)), code, "{serial}");
    }
}

#[test]
fn a_list_counts_for_the_key_that_signed_it_only() {
    let mut fixture = Fixture::with("secret = \"CURRENT\"", "require_crl = true");
    let successor = Authority::root(&AuthorityPlan::named("Devices CA"));
    let both = [fixture.authority.pem(), successor.pem()].concat();
    fixture.trust(both.as_bytes());
    let own_list = fixture.authority.revocation_list(&[vec![1]], good());
    let successors_list = successor.revocation_list(&[vec![0x70]], good());
    import_of(&fixture, &both, &own_list, 1.0).unwrap();
    let instance = fixture.start();
    let of_successor = client(&successor, 0x71);
    assert_eq!(instance.certificate(&of_successor, later(1.0)), Some(Code::CertificateListStale));

    let report = import_of(&fixture, &both, &successors_list, 1.0).unwrap();
    assert_eq!((report.entered, report.undone), (1, 0));
    let report = import_of(&fixture, &both, &own_list, 1.0).unwrap();
    assert_eq!((report.entered, report.undone), (0, 0));
    for (client, code) in [
        (client(&fixture.authority, 1), Some(Code::CertificateRevoked)),
        (client(&successor, 0x70), Some(Code::CertificateRevoked)),
        (client(&fixture.authority, 2), None),
        (of_successor, None),
    ] {
        assert_eq!(instance.certificate(&client, later(9.0)), code);
    }
}
