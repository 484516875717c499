//! A revoked certificate comes back in other bytes: as good as the ones that were revoked, by
//! ECDSA.

use edge_auth::Code;
use edge_auth_control::{RevocationKind, RevocationRequest};
use edge_auth_testkit::certificates::{
    AuthorityPlan, Client, ClientPlan, misencoded, other_signature,
};

use crate::fixture::{Fixture, NOW, later};

fn agent() -> ClientPlan {
    ClientPlan::with_uri("spiffe://example.com/a")
}

fn by_fingerprint(der: &[u8]) -> RevocationRequest {
    use sha2::{Digest, Sha256};
    let digits = Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect();
    RevocationRequest {
        fingerprint: Some(digits),
        ..RevocationRequest::new(RevocationKind::Certificate, "its key was copied")
    }
}

#[test]
fn a_certificate_that_is_revoked_by_its_fingerprint_is_refused_with_either_signature() {
    // Of each of them either form may be the one that was issued.
    for _ in 0..8 {
        let fixture = Fixture::new();
        let client = fixture.authority.issue(&agent());
        let other = client.with_other_signature();
        let instance = fixture.start();
        assert_eq!(instance.certificate(&other, NOW), None, "it is as good");
        fixture.enter(by_fingerprint(client.certificate()), NOW);
        for form in [&client, &other, &other.with_other_signature()] {
            assert_eq!(instance.certificate(form, later(7.0)), Some(Code::CertificateRevoked));
        }
        for (what, der) in misencoded(other.certificate()) {
            let code = instance.certificate(&client.with_certificate(der), later(7.0));
            assert!(code.is_some(), "{what}");
        }
    }
}

#[test]
fn an_authority_that_is_revoked_by_its_fingerprint_is_refused_with_either_signature() {
    let fixture = Fixture::new();
    let client = fixture.authority.below(&AuthorityPlan::named("Below")).issue(&agent());
    fixture.enter(by_fingerprint(&client.chain[1]), NOW);
    let instance = fixture.start();
    let other = Client {
        chain: vec![client.chain[0].clone(), other_signature(&client.chain[1]).unwrap().into()],
        ..client.clone()
    };
    for chain in [&client, &other] {
        assert_eq!(instance.chain(chain, NOW), Some(Code::CertificateRevoked));
    }
}

#[test]
fn a_token_that_is_bound_to_a_revoked_certificate_is_refused_with_either_form_of_it() {
    let fixture = Fixture::new();
    let client = fixture.authority.issue(&agent());
    let other = client.with_other_signature();
    let instance = fixture.start();
    for form in [&client, &other] {
        assert_eq!(instance.bound_token(form, NOW), None);
    }
    fixture.enter(by_fingerprint(client.certificate()), NOW);
    for form in [&client, &other] {
        assert_eq!(instance.bound_token(form, later(7.0)), Some(Code::CertificateRevoked));
    }
}
