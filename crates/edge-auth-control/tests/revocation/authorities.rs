//! An authority that the policy itself names is revoked, and all that it issued.

use edge_auth::Code;
use edge_auth_control::{RevocationKind, RevocationRequest};
use edge_auth_testkit::certificates::{Authority, AuthorityPlan, Client, ClientPlan};
use edge_auth_token::AwsLcRs;
use futures::executor::block_on;
use sha2::{Digest, Sha256};
use x509_cert::der::Decode;

use crate::fixture::{Fixture, NOW, later};

const REVOKED: Option<Code> = Some(Code::CertificateRevoked);

fn client(authority: &Authority) -> Client {
    authority.issue(&ClientPlan::with_uri("spiffe://example.com/a"))
}

fn plan() -> AuthorityPlan {
    AuthorityPlan::named("Devices CA")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn by_fingerprint(authority: &Authority) -> RevocationRequest {
    RevocationRequest {
        fingerprint: Some(hex(&Sha256::digest(authority.certificate()))),
        ..RevocationRequest::new(RevocationKind::Certificate, "its key was copied")
    }
}

fn serial(authority: &Authority) -> Vec<u8> {
    let parsed = x509_cert::Certificate::from_der(authority.certificate()).unwrap();
    parsed.tbs_certificate().serial_number().as_bytes().to_vec()
}

fn by_serial(authority: &Authority, issuer: &str) -> RevocationRequest {
    RevocationRequest {
        issuer: Some(format!("CN={issuer},O=Example")),
        serial: Some(hex(&serial(authority))),
        ..RevocationRequest::new(RevocationKind::CertificateSerial, "its key was copied")
    }
}

#[test]
fn a_cached_certificate_of_a_revoked_authority_is_refused() {
    for request in [by_fingerprint, |authority: &Authority| by_serial(authority, "Devices CA")] {
        let fixture = Fixture::new();
        let below = fixture.authority.below(&AuthorityPlan::named("Below"));
        let (direct, indirect) = (client(&fixture.authority), client(&below));
        let instance = fixture.start();
        assert_eq!((instance.chain(&direct, NOW), instance.chain(&indirect, NOW)), (None, None));
        let entry = fixture.enter(request(&fixture.authority), NOW);
        for chain in [&direct, &indirect] {
            assert_eq!(instance.chain(chain, later(7.0)), REVOKED);
            assert_eq!(instance.bound_token(chain, later(7.0)), REVOKED);
        }
        block_on(fixture.revocations().undo(entry.sequence, "a mistake", later(8.0))).unwrap();
        assert_eq!(instance.chain(&direct, later(15.0)), None);
    }
}

#[test]
fn the_list_of_a_root_counts_for_the_authority_below_it_that_the_policy_names() {
    for block in ["", "require_crl = true"] {
        let mut fixture = Fixture::with("secret = \"CURRENT\"", block);
        let root = Authority::root(&AuthorityPlan::named("Root CA"));
        let (named, other) = (root.below(&plan()), root.below(&AuthorityPlan::named("Others CA")));
        fixture.trust([named.pem(), other.pem()].concat().as_bytes());
        let (of_named, of_other) = (client(&named), client(&other));
        let good = (NOW.seconds() - 60, NOW.seconds() + 3600);
        for authority in [&named, &other] {
            import(&fixture, &authority.revocation_list(&[], good), authority, 0.0);
        }
        let instance = fixture.start();
        // Without a list of the root, the authorities that the policy names are good.
        assert_eq!(
            (leaf(&instance, &of_named, 0.0), leaf(&instance, &of_other, 0.0)),
            (None, None)
        );
        import(&fixture, &root.revocation_list(&[serial(&named)], good), &root, 1.0);
        assert_eq!(leaf(&instance, &of_named, 7.0), REVOKED);
        assert_eq!(leaf(&instance, &of_other, 7.0), None);
        // An imported list must be current.
        assert_eq!(leaf(&instance, &of_other, 3600.0), Some(Code::CertificateListStale));
    }
}

fn import(fixture: &Fixture, list: &[u8], ca: &Authority, at: f64) {
    let (ca, revocations) = (ca.pem(), fixture.revocations());
    block_on(revocations.import_list(list, ca.as_bytes(), &AwsLcRs, "weekly", later(at))).unwrap();
}

fn leaf(instance: &crate::fixture::Instance, client: &Client, seconds: f64) -> Option<Code> {
    instance.certificate(client, later(seconds))
}

#[test]
fn an_authority_with_several_certificates_is_revoked_by_any_of_them_in_its_file() {
    let (root, own) = (Authority::root(&AuthorityPlan::named("Root CA")), Authority::root(&plan()));
    let renewed = own.renewed(&plan());
    let crossed = own.certified_by(&root, &plan());
    let renamed = own.renewed(&AuthorityPlan::named("Formerly Devices CA"));
    for authorities in
        [[&own, &renewed, &renamed], [&crossed, &renewed, &own], [&renewed, &crossed, &own]]
    {
        let file: String = authorities.iter().map(|authority| authority.pem()).collect();
        for revoked in authorities {
            let mut fixture = Fixture::new();
            fixture.trust(file.as_bytes());
            let chain = client(authorities[0]);
            assert_eq!(fixture.start().certificate(&chain, NOW), None);
            fixture.enter(by_fingerprint(revoked), NOW);
            assert_eq!(fixture.start().certificate(&chain, NOW), REVOKED);
        }
    }
    // The chain also has another path, to a good root.
    let mut fixture = Fixture::new();
    fixture.trust([crossed.pem(), root.pem()].concat().as_bytes());
    let chain = client(&own.certified_by(&root, &plan()));
    assert_eq!(fixture.start().chain(&chain, NOW), None);
    fixture.enter(by_fingerprint(&crossed), NOW);
    assert_eq!(fixture.start().chain(&chain, NOW), REVOKED);
}

#[test]
fn an_expired_and_revoked_authority_stays_revoked_on_another_path() {
    let root = Authority::root(&AuthorityPlan::named("Root CA"));
    let mut fixture = Fixture::new();
    let expired = fixture
        .authority
        .renewed(&AuthorityPlan { valid: (NOW.seconds() - 9, NOW.seconds() - 1), ..plan() });
    let crossed = fixture.authority.certified_by(&root, &plan());
    fixture.trust([expired.pem(), root.pem()].concat().as_bytes());
    let chain = client(&crossed);
    assert_eq!(fixture.start().chain(&chain, NOW), None);
    fixture.enter(by_fingerprint(&expired), NOW);
    assert_eq!(fixture.start().chain(&chain, NOW), REVOKED);
}

#[test]
fn revoking_one_authority_does_not_affect_another() {
    let mut fixture = Fixture::new();
    let (namesake, other) =
        (Authority::root(&plan()), Authority::root(&AuthorityPlan::named("Others CA")));
    let all = [fixture.authority.pem(), namesake.pem(), other.pem()].concat();
    fixture.trust(all.as_bytes());
    fixture.enter(by_fingerprint(&fixture.authority), NOW);
    let instance = fixture.start();
    assert_eq!(instance.certificate(&client(&fixture.authority), NOW), REVOKED);
    assert_eq!(
        instance.certificate(&client(&namesake), NOW),
        None,
        "of the same name, with another key"
    );
    assert_eq!(instance.certificate(&client(&other), NOW), None);
}

#[test]
fn an_authority_of_the_policy_is_not_a_client() {
    let fixture = Fixture::new();
    let own =
        Client { chain: vec![fixture.authority.certificate().clone()], key_pem: String::new() };
    assert_eq!(fixture.start().chain(&own, NOW), Some(Code::CertificateInvalid));
}
