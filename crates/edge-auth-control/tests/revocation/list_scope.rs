//! Revocation lists that are about a part of an authority's certificates (RFC 5280, section 5.2.5).

use edge_auth::certificate::{PlatformCertificate, TlsClientAuth};
use edge_auth::policy::Format;
use edge_auth::{AuthRequest, ClientLocation, Code, Headers, Policy};
use edge_auth_control::{AdminError, CrlImport};
use edge_auth_testkit::certificates::{Authority, AuthorityPlan, Client, ClientPlan, ListPlan};
use edge_auth_token::AwsLcRs;
use futures::executor::block_on;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use crate::fixture::{Fixture, Instance, NOW, later};

const HOUR: u64 = 3600;
const REVOKED: Option<Code> = Some(Code::CertificateRevoked);
const STALE: Option<Code> = Some(Code::CertificateListStale);
/// `onlyContainsUserCerts`
const USERS: &[u8] = b"\x81\x01\xff";
const REQUIRED: &str = "require_crl = true";

/// A part of an authority's list, and where it is published.
#[derive(Clone, Copy)]
struct Scope {
    limits: &'static [u8],
    address: Option<&'static str>,
}

/// What step-ca writes: one list, for user certificates only, at an address.
const STEP_CA: Scope = Scope { limits: USERS, address: Some("https://ca.example.com/1.0/crl") };
const USERS_ONLY: Scope = Scope { limits: USERS, address: None };

fn shard(address: &'static str) -> Scope {
    Scope { limits: USERS, address: Some(address) }
}

impl Scope {
    fn der(self) -> Vec<u8> {
        fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
            [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
        }
        let point = match self.address {
            Some(address) => tlv(0xa0, &tlv(0xa0, &tlv(0x86, address.as_bytes()))),
            None => Vec::new(),
        };
        tlv(0x30, &[&point, self.limits].concat())
    }
}

fn list_until(
    authority: &Authority,
    scope: Option<Scope>,
    number: u64,
    serials: &[u8],
    next_update: u64,
) -> Vec<u8> {
    authority.list(&ListPlan {
        serials: serials.iter().map(|serial| vec![*serial]).collect(),
        good: (NOW.seconds() - 60, next_update),
        number,
        extension: scope.map(|scope| ("2.5.29.28", true, scope.der())),
    })
}

fn list(authority: &Authority, scope: Option<Scope>, number: u64, serials: &[u8]) -> Vec<u8> {
    list_until(authority, scope, number, serials, NOW.seconds() + HOUR)
}

fn import(fixture: &Fixture, file: &[u8], authorities: &str) -> Result<CrlImport, AdminError> {
    let revocations = fixture.revocations();
    block_on(revocations.import_list(file, authorities.as_bytes(), &AwsLcRs, "weekly", later(0.0)))
}

fn imported(fixture: &Fixture, file: &[u8]) -> (usize, usize, usize) {
    let import = import(fixture, file, &fixture.authority.pem()).unwrap();
    (import.listed, import.entered, import.undone)
}

fn refusal(fixture: &Fixture, file: &[u8]) -> String {
    import(fixture, file, &fixture.authority.pem()).unwrap_err().to_string()
}

fn client(authority: &Authority, serial: u8) -> Client {
    client_at(authority, serial, &[])
}

/// A client whose certificate says that its list is at these addresses.
fn client_at(authority: &Authority, serial: u8, addresses: &[&str]) -> Client {
    let crl_addresses = addresses.iter().map(|address| (*address).to_owned()).collect();
    authority.issue(&ClientPlan {
        serial: vec![serial],
        crl_addresses,
        ..ClientPlan::with_uri("spiffe://example.com/a")
    })
}

#[test]
fn a_list_for_user_certificates_revokes_clients() {
    for scope in [STEP_CA, USERS_ONLY] {
        let fixture = Fixture::with("secret = \"CURRENT\"", REQUIRED);
        let instance = fixture.start();
        assert_eq!(instance.certificate(&client(&fixture.authority, 2), NOW), STALE);
        assert_eq!(imported(&fixture, &list(&fixture.authority, Some(scope), 1, &[1])), (1, 1, 0));
        let code = |serial, now| instance.certificate(&client(&fixture.authority, serial), now);
        assert_eq!((code(1, later(7.0)), code(2, later(7.0))), (REVOKED, None));
        assert_eq!(code(2, later(HOUR as f64)), STALE, "a newer list is due");
        let newer = list_until(&fixture.authority, Some(scope), 2, &[3], NOW.seconds() + 2 * HOUR);
        assert_eq!(imported(&fixture, &newer), (1, 1, 1));
        let after = later(HOUR as f64 + 7.0);
        assert_eq!((code(1, after), code(3, after)), (None, REVOKED));
    }
}

#[test]
fn a_list_for_user_certificates_says_nothing_about_an_authority_below_its_issuer() {
    let fixture = Fixture::with("secret = \"CURRENT\"", REQUIRED);
    let below = fixture.authority.below(&AuthorityPlan::named("Below"));
    let leaf = client(&below, 1);
    let of_below = list(&below, Some(USERS_ONLY), 1, &[9]);
    import(&fixture, &of_below, &below.pem()).unwrap();
    imported(&fixture, &list(&fixture.authority, Some(USERS_ONLY), 1, &[]));
    let instance = fixture.start();
    assert_eq!(instance.chain(&leaf, NOW), STALE, "the certificate of `Below` has no list");
    imported(&fixture, &list(&fixture.authority, None, 1, &[]));
    assert_eq!(instance.chain(&leaf, later(7.0)), None);
}

#[test]
fn a_list_for_user_certificates_takes_back_nothing_of_a_whole_list() {
    let fixture = Fixture::new();
    let below = fixture.authority.below(&AuthorityPlan::named("Below"));
    let parsed = x509_cert::Certificate::from_der(below.certificate()).unwrap();
    let serial = parsed.tbs_certificate().serial_number().as_bytes().to_vec();
    let whole = ListPlan {
        serials: vec![serial],
        good: (NOW.seconds() - 60, NOW.seconds() + HOUR),
        number: 5,
        extension: None,
    };
    assert_eq!(imported(&fixture, &fixture.authority.list(&whole)), (1, 1, 0));
    // Each of them counts its own numbers.
    assert_eq!(imported(&fixture, &list(&fixture.authority, Some(STEP_CA), 1, &[1])), (1, 1, 0));
    assert_eq!(imported(&fixture, &list(&fixture.authority, Some(STEP_CA), 2, &[])), (0, 0, 1));
    let instance = fixture.start();
    assert_eq!(instance.chain(&client(&below, 2), NOW), REVOKED);
    assert_eq!(instance.chain(&client(&fixture.authority, 1), NOW), None);
}

#[test]
fn an_authority_that_replaces_its_whole_list_by_one_for_users_needs_no_other() {
    let fixture = Fixture::new();
    imported(&fixture, &list_until(&fixture.authority, None, 1, &[], NOW.seconds() + 60));
    imported(&fixture, &list(&fixture.authority, Some(STEP_CA), 2, &[]));
    let instance = fixture.start();
    assert_eq!(instance.certificate(&client(&fixture.authority, 1), later(61.0)), None);
}

#[test]
fn a_certificate_is_held_to_the_list_at_the_address_that_it_names() {
    let (one, two) = ("http://crl.example.com/1", "http://crl.example.com/2");
    let fixture = Fixture::with("secret = \"CURRENT\"", REQUIRED);
    imported(&fixture, &list(&fixture.authority, Some(shard(one)), 7, &[1]));
    let instance = fixture.start();
    let code = |serial, addresses: &[&str], seconds| {
        instance.certificate(&client_at(&fixture.authority, serial, addresses), later(seconds))
    };
    assert_eq!(code(1, &[one], 0.0), REVOKED);
    assert_eq!(code(2, &[one], 0.0), None);
    assert_eq!(code(3, &["ldap://example.com/a", one], 0.0), None);
    assert_eq!(code(4, &[two], 0.0), STALE, "its list was not imported");
    assert_eq!(imported(&fixture, &list(&fixture.authority, Some(shard(two)), 1, &[4])), (1, 1, 0));
    assert_eq!(code(4, &[two], 7.0), REVOKED);
    assert_eq!(code(5, &[two], 7.0), None);
    assert_eq!(
        code(1, &[one], 7.0),
        REVOKED,
        "the list at one address takes back nothing of another's"
    );
}

#[test]
fn a_list_of_another_scope_is_refused_by_its_cause() {
    let fixture = Fixture::new();
    let several = b"\x30\x0c\xa0\x0a\xa0\x08\x86\x02a:\x86\x02b:".to_vec();
    let relative = b"\x30\x10\xa0\x0e\xa1\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03CRL".to_vec();
    for (value, cause) in [
        (b"\x30\x03\x82\x01\xff".to_vec(), "onlyContainsCACerts"),
        (b"\x30\x03\x85\x01\xff".to_vec(), "onlyContainsAttributeCerts"),
        (b"\x30\x03\x84\x01\xff".to_vec(), "indirectCRL"),
        (b"\x30\x04\x83\x02\x06\x40".to_vec(), "onlySomeReasons"),
        (b"\x30\x06\x81\x01\xff\x82\x01\xff".to_vec(), "onlyContainsCACerts"),
        (b"\x30\x06\x81\x01\xff\x84\x01\xff".to_vec(), "indirectCRL"),
        (several, "addresses"),
        (relative, "relative"),
        (b"\x30\x03\x81\x01".to_vec(), "unreadable"),
    ] {
        let plan = ListPlan {
            serials: vec![vec![1]],
            good: (NOW.seconds() - 60, NOW.seconds() + HOUR),
            number: 1,
            extension: Some(("2.5.29.28", true, value)),
        };
        let refusal = refusal(&fixture, &fixture.authority.list(&plan));
        assert!(refusal.contains(cause) && refusal.contains("CN=Devices CA"), "{cause}: {refusal}");
    }
    assert!(block_on(fixture.ledger().list(None, 10)).unwrap().entries.is_empty());
}

fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN X509 CRL-----\n{text}\n-----END X509 CRL-----\n")
}

#[test]
fn every_list_of_a_file_is_checked_by_its_own_issuer() {
    let mut fixture = Fixture::with("secret = \"CURRENT\"", REQUIRED);
    let other = Authority::root(&AuthorityPlan::named("Others CA"));
    let both = [fixture.authority.pem(), other.pem()].concat();
    fixture.trust(both.as_bytes());
    let bundle = [
        pem(&list(&fixture.authority, Some(STEP_CA), 1, &[1])),
        pem(&list_until(&other, None, 1, &[1, 2], NOW.seconds() + HOUR / 2)),
    ]
    .concat();
    let report = import(&fixture, bundle.as_bytes(), &both).unwrap();
    assert_eq!(report.issuer, "CN=Devices CA,O=Example; CN=Others CA,O=Example");
    assert_eq!((report.listed, report.entered, report.undone), (3, 3, 0));
    assert_eq!(report.next_update, "2027-01-15T08:30:00.000Z", "when the first of them is due");
    let instance = fixture.start();
    let code = |authority, serial| instance.certificate(&client(authority, serial), NOW);
    assert_eq!((code(&fixture.authority, 1), code(&fixture.authority, 2)), (REVOKED, None));
    assert_eq!((code(&other, 2), code(&other, 3)), (REVOKED, None));
}

#[test]
fn one_bad_list_of_a_file_enters_nothing_and_is_named() {
    let fixture = Fixture::new();
    let stranger = Authority::root(&AuthorityPlan::named("Stranger CA"));
    let bundle =
        [pem(&list(&fixture.authority, None, 1, &[1])), pem(&list(&stranger, None, 1, &[1]))]
            .concat();
    let refusal = refusal(&fixture, bundle.as_bytes());
    assert!(refusal.contains("CN=Stranger CA"), "{refusal}");
    assert!(block_on(fixture.ledger().list(None, 10)).unwrap().entries.is_empty());
}

#[test]
fn an_older_list_of_a_file_is_named_and_does_not_hold_up_the_others() {
    let mut fixture = Fixture::new();
    let other = Authority::root(&AuthorityPlan::named("Others CA"));
    let both = [fixture.authority.pem(), other.pem()].concat();
    fixture.trust(both.as_bytes());
    import(&fixture, &list(&other, None, 2, &[1]), &both).unwrap();
    let older = pem(&list(&other, None, 1, &[]));
    let newer = pem(&list(&fixture.authority, None, 1, &[5]));
    let refused = import(&fixture, [older, newer].concat().as_bytes(), &both).unwrap_err();
    assert!(refused.to_string().contains("CN=Others CA"), "{refused}");
    let instance = fixture.start();
    let code = |authority, serial| instance.certificate(&client(authority, serial), NOW);
    assert_eq!((code(&fixture.authority, 5), code(&other, 1)), (REVOKED, REVOKED));
}

#[test]
fn of_two_versions_of_a_list_in_a_file_the_newer_one_counts() {
    let (old, new) = (1, 2);
    for order in [[old, new], [new, old]] {
        let fixture = Fixture::new();
        let bundle: Vec<String> = order
            .iter()
            .map(|number| {
                pem(&list(&fixture.authority, None, *number, &[u8::try_from(*number).unwrap()]))
            })
            .collect();
        assert_eq!(imported(&fixture, bundle.concat().as_bytes()), (1, 1, 0));
        let instance = fixture.start();
        let code = |serial| instance.certificate(&client(&fixture.authority, serial), NOW);
        assert_eq!((code(1), code(2)), (None, REVOKED));
    }
}

#[test]
fn a_list_of_a_part_takes_back_nothing_that_the_whole_list_has_too() {
    let fixture = Fixture::new();
    let whole = |number, serials: &[u8]| list(&fixture.authority, None, number, serials);
    let users = |number, serials: &[u8]| list(&fixture.authority, Some(STEP_CA), number, serials);
    assert_eq!(imported(&fixture, &users(1, &[1, 2])), (2, 2, 0));
    // Both lists have the certificate from here on.
    assert_eq!(imported(&fixture, &whole(1, &[1])), (1, 1, 0));
    assert_eq!(imported(&fixture, &users(2, &[])), (0, 0, 1));
    let instance = fixture.start();
    let code = |serial, now| instance.certificate(&client(&fixture.authority, serial), now);
    assert_eq!((code(1, NOW), code(2, NOW)), (REVOKED, None));
    // The part does not enter again what the whole list has.
    assert_eq!(imported(&fixture, &users(3, &[1])), (1, 0, 0));
    assert_eq!(imported(&fixture, &whole(2, &[1])), (1, 0, 0));
    assert_eq!(imported(&fixture, &whole(3, &[])), (0, 0, 1));
    assert_eq!(code(1, later(7.0)), None);
}

/// A policy for certificates that Cloudflare reports.
fn reported_policy(block: &str) -> Policy {
    let text = format!(
        "[revocation]\nbound = \"10s\"\nsecret = \"CURRENT\"\n[[client_cert]]\nname = \"devices\"\n\
         source = \"cloudflare\"\nissuer_dn = \"CN=Devices CA,O=Example\"\nidentity = {{ subject = \"CN\" }}\n\
         {block}\n[[rule]]\npath = \"/orders\"\nrequire = \"cert:devices\""
    );
    Policy::parse(&text, Format::Toml, "policy.toml").unwrap()
}

/// The decision about a certificate of which Cloudflare reports only fields.
fn reported(
    instance: &Instance,
    authority: &Authority,
    serial: &str,
    seconds: f64,
) -> Option<Code> {
    let certificate = x509_cert::Certificate::from_der(authority.certificate()).unwrap();
    let key_id = certificate.tbs_certificate().get_extension::<SubjectKeyIdentifier>();
    let (_, key_id) = key_id.unwrap().unwrap();
    let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (key_id, fingerprint) = (digits(key_id.0.as_bytes()), digits(&[7; 32]));
    let request = AuthRequest {
        location: ClientLocation::default(),
        method: "GET",
        host: None,
        authority: None,
        target: "/orders",
        headers: Headers(&[]),
        client_ip: None,
        certificate: PlatformCertificate::Cloudflare(TlsClientAuth {
            presented: Some("1"),
            verified: Some("SUCCESS"),
            revoked: Some("0"),
            issuer_dn: Some("CN=Devices CA,O=Example"),
            subject_dn: Some("CN=agent,O=Example"),
            serial: Some(serial),
            fingerprint_sha256: Some(&fingerprint),
            issuer_key_id: Some(&key_id),
            not_before: Some("Dec 22 19:39:00 2018 GMT"),
            not_after: Some("Aug  5 00:28:21 2120 GMT"),
            rfc9440: None,
        }),
        proxy_trusted: false,
        path_rewritten: false,
    };
    block_on(instance.0.authorize(&request, later(seconds))).code()
}

#[test]
fn a_list_at_an_address_is_not_enough_for_a_certificate_whose_addresses_are_not_reported() {
    let mut fixture = Fixture::new();
    fixture.policy = reported_policy(REQUIRED);
    imported(&fixture, &list(&fixture.authority, Some(STEP_CA), 1, &[1]));
    let instance = fixture.start();
    let code = |serial, seconds| reported(&instance, &fixture.authority, serial, seconds);
    assert_eq!((code("01", 0.0), code("02", 0.0)), (REVOKED, STALE));
    imported(&fixture, &list(&fixture.authority, Some(USERS_ONLY), 1, &[]));
    assert_eq!((code("01", 7.0), code("02", 7.0)), (REVOKED, None));
}

#[test]
fn an_overdue_list_at_an_address_refuses_a_certificate_whose_addresses_are_not_reported() {
    let mut fixture = Fixture::new();
    fixture.policy = reported_policy("");
    let instance = fixture.start();
    let code = |seconds| reported(&instance, &fixture.authority, "02", seconds);
    assert_eq!(code(0.0), None, "no list was imported, and none is required");
    imported(&fixture, &list(&fixture.authority, Some(STEP_CA), 1, &[]));
    assert_eq!((code(7.0), code(HOUR as f64)), (None, STALE));
}
