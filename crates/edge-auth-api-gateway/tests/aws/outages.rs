//! Outages of the store and of issuers.

use edge_auth_api_gateway::AuthorizerError;

use super::*;

#[test]
fn an_outage_is_an_error_and_never_a_cached_deny() {
    let rule = "[[rule]]\npath = \"/a\"\nrequire = \"jwt:far\"\n";
    let far = "[[issuer]]\nname = \"far\"\nissuer = \"https://far.example/\"\naudience = \"api\"\n\
               keys = { jwks_url = \"https://far.example/keys\" }\nalgorithms = [\"ES256\"]\n";
    let gate = gate(&format!("{far}{rule}"));
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "k" }).to_string();
    let claims = json!({ "iss": "https://far.example/" }).to_string();
    let token = compact(header.as_bytes(), claims.as_bytes(), &Signer::Bytes(&[1; 64]));
    let bearer = format!("Bearer {token}");
    let (answer, outcome) =
        ask(&gate, ApiType::Rest, &format!("{STAGE}GET/a"), &[("authorization", &bearer)]);
    assert_eq!(answer, Err(AuthorizerError::Unavailable));
    assert!(outcome.code().is_some_and(|code| code.is_outage()));
}

/// Rules that need a store, and rules that do not.
const MIXED_RULES: &str = "[[api_key]]\nname = \"old\"\nimported = { hash = \"sha256\" }\npepper = \"PEPPER\"\n\
    [[rule]]\npath = \"/health\"\npublic = true\n\
    [[rule]]\npath = \"/mine\"\nrequire = \"jwt:corp\"\n\
    [[rule]]\npath = \"/old\"\nrequire = \"key:old\"\n\
    [[rule]]\npath = \"/either\"\nrequire = { any = [\"key:old\", \"jwt:corp\"] }\n\
    [[rule]]\npath = \"/both\"\nrequire = { all = [\"key:old\", \"jwt:corp\"] }\n";

#[test]
fn a_missing_key_is_looked_up_once_for_all_rules() {
    let store = MemoryApiKeys::new();
    let gate = gate_with(&format!("{}{MIXED_RULES}", issuer("corp")), &store);
    let answer = ask(
        &gate,
        ApiType::Rest,
        &format!("{STAGE}GET/nope"),
        &[("x-api-key", "no-such-key-of-old-times")],
    );
    assert!(iam_allows(&json(&answer), &format!("{STAGE}GET/health")));
    assert_eq!(store.operations().finds, 1);
}

#[test]
fn an_outage_of_other_rules_is_an_error_if_the_response_may_be_cached() {
    let store = MemoryApiKeys::new();
    let gate = gate_with(&format!("{}{MIXED_RULES}", issuer("corp")), &store);
    store.set_unavailable("gone");
    let token = bearer("");
    let fields = [("authorization", token.as_str()), ("x-api-key", "some-key-or-other-of-old")];
    let (answer, outcome) = ask(&gate, ApiType::Rest, &format!("{STAGE}GET/mine"), &fields);
    assert_eq!(answer, Err(AuthorizerError::Unavailable));
    // The audit event has all details.
    assert_eq!(outcome.code().map(|code| code.name()), Some("store_unavailable"));
    assert_eq!(outcome.audit.as_ref().unwrap().rule.as_deref(), Some("2 /mine"));
    assert_eq!(outcome.audit.as_ref().unwrap().host.as_deref(), Some("api.example.com"));
    assert_eq!(outcome.audit.as_ref().unwrap().principal.as_deref(), Some("jwt:corp:alice"));
    assert_eq!(store.operations().finds, 1, "the store is asked once");
}

#[test]
fn an_outage_of_other_rules_does_not_matter_if_nothing_is_cached() {
    // A response that may depend on a certificate is not cached.
    let agents = "[[client_cert]]\nname = \"agents\"\nsource = \"api-gateway\"\nissuer_dn = \"CN=Agents CA,O=Example\"\n\
                  identity = { subject = \"CN\" }\n";
    let store = MemoryApiKeys::new();
    let gate = gate_with(&format!("{}{agents}{MIXED_RULES}", issuer("corp")), &store);
    store.set_unavailable("gone");
    let token = bearer("");
    let fields = [("authorization", token.as_str()), ("x-api-key", "some-key-or-other-of-old")];
    for (path, allowed) in [("mine", true), ("health", true), ("nope", false)] {
        let arn = format!("{STAGE}GET/{path}");
        let answered = ask(&gate, ApiType::Rest, &arn, &fields);
        assert_eq!(iam_allows(&json(&answered), &arn), allowed, "{path}");
        assert_eq!(answered.1.audit.unwrap().allowed, allowed, "{path}");
        assert!(answered.1.notices.iter().any(|notice| notice.contains("gone")), "{path}");
    }
    let (answer, _) = ask(&gate, ApiType::Rest, &format!("{STAGE}GET/either"), &fields);
    assert_eq!(answer, Err(AuthorizerError::Unavailable));
}

#[test]
fn a_reason_that_the_authorizer_adds_is_redacted() {
    const KEY: &str = "edge-auth-admin_AAAAAAAAAAAAAAAAAAAA";
    let store = MemoryApiKeys::new();
    let gate = gate_with(&format!("{}{MIXED_RULES}", issuer("corp")), &store);
    store.set_unavailable(KEY);
    let token = bearer("");
    let fields = [("authorization", token.as_str()), ("x-api-key", "some-key-or-other-of-old")];
    let (_, outcome) = ask(&gate, ApiType::Rest, &format!("{STAGE}GET/mine"), &fields);
    let reason = outcome.audit.as_ref().unwrap().reason.as_deref().unwrap();
    assert!(reason.contains("(an API key)"), "{reason}");
    for text in outcome.notices.iter().map(String::as_str).chain([reason]) {
        assert!(!text.contains(KEY), "{text}");
    }
}
