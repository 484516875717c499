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
    let client = |name| root.issue(&ClientPlan::with_uri(&format!("spiffe://example.com/{name}")));
    (Fixture::new(&policy, &root.pem()), client("a"), client("b"))
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
    let ask = |sent: Sent<'_>| {
        result(&fixture.ask(&sent.field("Authorization", &token(bound_to(&own))), NOW))
    };
    assert_eq!(ask(Sent::proxied(&own)), "jwt:corp:alice");
    assert_eq!(ask(Sent::proxied(&other)), "binding_mismatch");
    assert_eq!(ask(Sent::default()), "binding_mismatch");
    let untrusted = Sent { proxy_trusted: false, ..Sent::proxied(&own) };
    assert_eq!(ask(untrusted), "binding_mismatch");
    let expired =
        result(&fixture.ask(
            &Sent::proxied(&own).field("Authorization", &token(bound_to(&own))),
            4_000_000_001,
        ));
    assert_eq!(expired, "token_expired");
}

#[test]
fn where_a_rule_names_certificates_only_those_count() {
    let root = root();
    let (own, client) = (
        root.issue(&ClientPlan::with_uri("spiffe://example.com/a")),
        root.issue(&ClientPlan::default()),
    );
    let blocks = format!(
        "[[client_cert]]\nname = \"listener\"\nsource = \"tls\"\nca_file = \"ca.pem\"\n{SPIFFE}\n\
         [[client_cert]]\nname = \"proxied\"\nsource = \"rfc9440\"\nca_file = \"ca.pem\"\n{SPIFFE}\n"
    );
    let fixture = |require: &str| {
        let policy = format!("{ISSUER}\n{blocks}[[rule]]\npath = \"/\"\nrequire = {require}\n");
        Fixture::new(&policy, &root.pem())
    };
    let bound = || Sent::proxied(&own).field("Authorization", &token(bound_to(&own)));
    let any = fixture("{ any = [\"jwt:corp\", \"cert:listener\"] }");
    assert_eq!(result(&any.ask(&bound(), NOW)), "binding_mismatch");
    let all = fixture("{ any = [\"jwt:corp\", \"cert:listener\", \"cert:proxied\"] }");
    assert_eq!(result(&all.ask(&bound(), NOW)), "jwt:corp:alice");

    // Where it names none, the certificate is sought among all: a proxy's own, or junk, is no
    // trouble.
    let none = fixture("\"jwt:corp\"");
    let through = |chain| Sent { certificate: PlatformCertificate::Tls(chain), ..bound() };
    assert_eq!(result(&none.ask(&through(&client.chain), NOW)), "jwt:corp:alice");
    let junk = Sent {
        certificate: PlatformCertificate::Tls(&own.chain),
        proxy_trusted: true,
        ..Sent::default()
    }
    .field("Client-Cert", "junk")
    .field("Authorization", &token(bound_to(&own)));
    assert_eq!(result(&none.ask(&junk, NOW)), "jwt:corp:alice");
    let other = Sent::tls(&client).field("Authorization", &token(bound_to(&own)));
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
        assert_eq!(result(&fixture.ask(&sent, NOW)), "binding_unverifiable", "{cnf}");
    }
    let nowhere = format!("{ISSUER}\n[[rule]]\npath = \"/\"\nrequire = \"jwt:corp\"\n");
    let sent = Sent::proxied(&own).field("Authorization", &token(bound_to(&own)));
    assert_eq!(result(&Fixture::new(&nowhere, "").ask(&sent, NOW)), "binding_unverifiable");
}

#[test]
fn a_rule_can_ask_that_tokens_are_bound() {
    let (fixture, own, _) = fixture("require = \"jwt:corp\"\ncertificate_bound = true");
    let ask =
        |cnf| result(&fixture.ask(&Sent::proxied(&own).field("Authorization", &token(cnf)), NOW));
    assert_eq!(ask(None), "binding_missing");
    assert_eq!(ask(bound_to(&own)), "jwt:corp:alice");
}

#[test]
fn an_unbound_token_needs_no_certificate_and_a_bad_one_beside_it_is_not_looked_at() {
    let (fixture, _, _) = fixture("require = \"jwt:corp\"");
    let sent = Sent { proxy_trusted: true, ..Sent::default() }
        .field("Client-Cert", "junk")
        .field("Authorization", &token(None));
    assert_eq!(result(&fixture.ask(&sent, NOW)), "jwt:corp:alice");
}

#[test]
fn all_of_both_needs_both_and_the_first_is_the_principal() {
    let (fixture, own, other) = fixture("require = { all = [\"cert:devices\", \"jwt:corp\"] }");
    let ask = |sent: Sent<'_>| fixture.ask(&sent, NOW);
    let both = ask(Sent::proxied(&own).field("Authorization", &token(None)));
    assert_eq!(result(&both), "cert:devices:spiffe://example.com/a");
    assert_eq!(result(&ask(Sent::proxied(&own))), "credential_missing");
    assert_eq!(
        result(&ask(Sent::default().field("Authorization", &token(None)))),
        "credential_missing"
    );
    let stolen = ask(Sent::proxied(&other).field("Authorization", &token(bound_to(&own))));
    assert_eq!(result(&stolen), "binding_mismatch");
}

#[test]
fn any_of_both_refuses_an_invalid_certificate_beside_a_valid_token() {
    let (fixture, own, _) = fixture(
        "require = { any = [\"jwt:corp\", \"cert:devices\"] }\nscopes = [\"of-the-token\"]",
    );
    let with = |certificate: &str| {
        let sent = Sent { proxy_trusted: true, ..Sent::default() };
        let sent =
            if certificate.is_empty() { sent } else { sent.field("Client-Cert", certificate) };
        result(&fixture.ask(&sent.field("Authorization", &token(None)), NOW))
    };
    assert_eq!(with(""), "jwt:corp:alice");
    assert_eq!(with(&crate::fixture::sequence(own.certificate())), "jwt:corp:alice");
    assert_eq!(with(":AAAA:"), "certificate_malformed");
    // A certificate's scopes are those of its block.
    assert_eq!(result(&fixture.proxied(&own)), "scope_insufficient");
}
