//! Tokens that are bound to a certificate (RFC 8705, section 3).

use edge_auth::certificate::PlatformCertificate;
use edge_auth_testkit::certificates::{Client, ClientPlan};
use edge_auth_testkit::mint::{Signer, base64url, compact};
use edge_auth_token::Algorithm;
use serde_json::{Value, json};

use crate::fixture::{Fixture, NOW, SPIFFE, Sent, reason, result, root};

const ISSUER: &str = r#"
[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "https://api.example.com"
keys = { secret = "HS" }
"#;

fn fixture(require: &str) -> (Fixture, Client, Client) {
    let root = root();
    let policy = format!(
        "{ISSUER}\n[[client_cert]]\nname = \"devices\"\nsource = \"rfc9440\"\nca_file = \"ca.pem\"\n{SPIFFE}\n\
         scopes = [\"of-the-certificate\"]\n[[rule]]\npath = \"/\"\n{require}\n"
    );
    let a = root.issue(&ClientPlan::with_uri("spiffe://example.com/a"));
    let b = root.issue(&ClientPlan::with_uri("spiffe://example.com/b"));
    (Fixture::new(&policy, &root.pem()), a, b)
}

fn token(cnf: Option<Value>) -> String {
    let mut claims = json!({ "iss": "https://login.example.com/", "aud": "https://api.example.com", "sub": "alice",
        "iat": NOW, "exp": NOW + 60, "scope": "of-the-token" });
    if let Some(cnf) = cnf {
        claims["cnf"] = cnf;
    }
    let header = json!({ "alg": "HS256", "typ": "at+jwt" }).to_string();
    let signer = Signer::Secret(b"a secret of 32 bytes, or some more", Algorithm::Hs256);
    format!("Bearer {}", compact(header.as_bytes(), claims.to_string().as_bytes(), &signer))
}

fn bound_to(client: &Client) -> Option<Value> {
    Some(json!({ "x5t#S256": base64url(&client.thumbprint()) }))
}

#[test]
fn a_bound_token_passes_with_its_own_certificate_only() {
    let (fixture, own, other) = fixture("require = \"jwt:corp\"");
    let bound = token(bound_to(&own));
    let untrusted = Sent { proxy_trusted: false, ..Sent::proxied(&own) };
    for (sent, decision) in [
        (Sent::proxied(&own), "jwt:corp:alice"),
        (Sent::proxied(&other), "binding_mismatch"),
        (Sent::default(), "binding_mismatch"),
        (untrusted, "binding_mismatch"),
    ] {
        assert_eq!(fixture.result(&sent.field("Authorization", &bound)), decision);
    }
    let sent = Sent::proxied(&own).field("Authorization", &bound);
    assert_eq!(result(&fixture.ask(&sent, 4_000_000_001)), "token_expired");
}

#[test]
fn only_the_certificates_that_a_rule_names_count() {
    let root = root();
    let (own, client) = (
        root.issue(&ClientPlan::with_uri("spiffe://example.com/a")),
        root.issue(&ClientPlan::default()),
    );
    let blocks = format!(
        "[[client_cert]]\nname = \"listener\"\nsource = \"tls\"\nca_file = \"ca.pem\"\n{SPIFFE}\n\
         [[client_cert]]\nname = \"proxied\"\nsource = \"rfc9440\"\nca_file = \"ca.pem\"\n{SPIFFE}\n"
    );
    let bound = token(bound_to(&own));
    let mut sent = Sent::proxied(&own).field("Authorization", &bound);
    for (require, decision) in [
        ("{ any = [\"jwt:corp\", \"cert:listener\"] }", "binding_mismatch"),
        ("{ any = [\"jwt:corp\", \"cert:listener\", \"cert:proxied\"] }", "jwt:corp:alice"),
    ] {
        let policy = format!("{ISSUER}\n{blocks}[[rule]]\npath = \"/\"\nrequire = {require}\n");
        assert_eq!(Fixture::new(&policy, &root.pem()).result(&sent), decision, "{require}");
    }

    // A rule without certificates accepts the bound one from any source, beside a proxy's own
    // certificate or junk.
    let policy = format!("{ISSUER}\n{blocks}[[rule]]\npath = \"/\"\nrequire = \"jwt:corp\"\n");
    let none = Fixture::new(&policy, &root.pem());
    sent.certificate = PlatformCertificate::Tls(&client.chain);
    assert_eq!(none.result(&sent), "jwt:corp:alice");
    let junk = Sent {
        certificate: PlatformCertificate::Tls(&own.chain),
        proxy_trusted: true,
        ..Sent::default()
    }
    .field("Client-Cert", "junk")
    .field("Authorization", &bound);
    assert_eq!(none.result(&junk), "jwt:corp:alice");
    let other = Sent::tls(&client).field("Authorization", &bound);
    let refused = none.ask(&other, NOW);
    assert_eq!(result(&refused), "binding_mismatch");
    assert!(reason(&refused).contains("by any source"), "{}", reason(&refused));
}

#[test]
fn a_binding_that_cannot_be_checked_refuses() {
    let (fixture, own, _) = fixture("require = \"jwt:corp\"");
    let thumbprint = base64url(&own.thumbprint());
    for cnf in
        [json!({ "jkt": thumbprint }), json!({ "x5t#S256": thumbprint, "jkt": "x" }), json!({})]
    {
        let sent = Sent::proxied(&own).field("Authorization", &token(Some(cnf.clone())));
        assert_eq!(fixture.result(&sent), "binding_unverifiable", "{cnf}");
    }
    let nowhere = format!("{ISSUER}\n[[rule]]\npath = \"/\"\nrequire = \"jwt:corp\"\n");
    let sent = Sent::proxied(&own).field("Authorization", &token(bound_to(&own)));
    assert_eq!(Fixture::new(&nowhere, "").result(&sent), "binding_unverifiable");
}

#[test]
fn a_rule_may_require_bound_tokens() {
    let (fixture, own, _) = fixture("require = \"jwt:corp\"\ncertificate_bound = true");
    for (cnf, decision) in [(None, "binding_missing"), (bound_to(&own), "jwt:corp:alice")] {
        let sent = Sent::proxied(&own).field("Authorization", &token(cnf));
        assert_eq!(fixture.result(&sent), decision);
    }
}

#[test]
fn an_unbound_token_needs_no_certificate_and_a_bad_one_is_ignored() {
    let (fixture, _, _) = fixture("require = \"jwt:corp\"");
    let sent = Sent { proxy_trusted: true, ..Sent::default() }
        .field("Client-Cert", "junk")
        .field("Authorization", &token(None));
    assert_eq!(fixture.result(&sent), "jwt:corp:alice");
}

#[test]
fn all_of_both_needs_both_and_the_first_is_the_principal() {
    let (fixture, own, other) = fixture("require = { all = [\"cert:devices\", \"jwt:corp\"] }");
    let both = Sent::proxied(&own).field("Authorization", &token(None));
    assert_eq!(fixture.result(&both), "cert:devices:spiffe://example.com/a");
    assert_eq!(fixture.result(&Sent::proxied(&own)), "credential_missing");
    let only_token = Sent::default().field("Authorization", &token(None));
    assert_eq!(fixture.result(&only_token), "credential_missing");
    let stolen = Sent::proxied(&other).field("Authorization", &token(bound_to(&own)));
    assert_eq!(fixture.result(&stolen), "binding_mismatch");
}

#[test]
fn any_of_both_refuses_an_invalid_certificate_beside_a_valid_token() {
    let (fixture, own, _) = fixture(
        "require = { any = [\"jwt:corp\", \"cert:devices\"] }\nscopes = [\"of-the-token\"]",
    );
    for (certificate, decision) in [
        (None, "jwt:corp:alice"),
        (Some(crate::fixture::sequence(own.certificate())), "jwt:corp:alice"),
        (Some(":AAAA:".to_owned()), "certificate_malformed"),
    ] {
        let mut sent = Sent { proxy_trusted: true, ..Sent::default() };
        if let Some(certificate) = &certificate {
            sent = sent.field("Client-Cert", certificate);
        }
        let sent = sent.field("Authorization", &token(None));
        assert_eq!(fixture.result(&sent), decision, "{certificate:?}");
    }
    // A certificate's scopes are those of its block.
    assert_eq!(result(&fixture.proxied(&own)), "scope_insufficient");
}
