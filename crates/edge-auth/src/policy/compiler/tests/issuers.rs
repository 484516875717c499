//! Issuers: what contradicts itself, and what weakens the gate.

use super::*;

#[test]
fn a_missing_audience_must_be_asked_for_by_name() {
    let missing = with("audience = \"https://api.example\"\n", "");
    says(
        &missing,
        "policy.toml:1: issuer 1 (`corp`): `audience`: is missing: tokens for other APIs would",
    );
    let both = issuer_with("insecure_any_audience = true");
    says(
        &both,
        "policy.toml:6: issuer 1 (`corp`): `insecure_any_audience`: contradicts `audience`",
    );
    for empty in ["[]", "\"\"", "[\"a\", \"\"]"] {
        let text = with("\"https://api.example\"", empty);
        says(
            &text,
            "policy.toml:4: issuer 1 (`corp`): `audience`: must name at least one audience",
        );
    }
}

#[test]
fn an_audience_claim_needs_an_audience() {
    let text = with(
        "audience = \"https://api.example\"",
        "insecure_any_audience = true\naudience_claim = \"azp\"",
    );
    says(
        &text,
        "policy.toml:5: issuer 1 (`corp`): `audience_claim`: contradicts `insecure_any_audience`",
    );
}

#[test]
fn times_are_within_reason() {
    let place = "policy.toml:6: issuer 1 (`corp`): ";
    for (field, told) in [
        ("clock_skew = \"6m\"", "`clock_skew`: is at most 5 minutes"),
        ("max_lifetime = \"0s\"", "`max_lifetime`: must be longer"),
        ("refresh = \"9s\"", "`refresh`: is at least 10 seconds"),
        ("refresh = \"0s\"", "`refresh`: is at least 10 seconds"),
        ("max_stale = \"1m\"", "`max_stale`: is at least as long as `refresh`"),
    ] {
        says(&issuer_with(field), &format!("{place}{told}"));
    }
}

#[test]
fn a_token_type_is_a_type_or_any_and_not_both() {
    let place = "policy.toml:6: issuer 1 (`corp`): `token_type`: ";
    says(&issuer_with("token_type = []"), &format!("{place}must name a type"));
    says(&issuer_with("token_type = \"\""), &format!("{place}must name a type"));
    says(&issuer_with("token_type = [\"JWT\", \"any\"]"), &format!("{place}\"any\" stands alone"));
}

#[test]
fn weaknesses_are_listed() {
    let text = with(
        "audience = \"https://api.example\"",
        "insecure_any_audience = true\ntoken_type = \"any\"",
    );
    assert_eq!(
        policy(&text).weaknesses(),
        [
            "issuer `corp`: insecure_any_audience: tokens for any API are accepted",
            "issuer `corp`: token_type = \"any\": ID tokens for the same audience are accepted, too",
        ]
    );
}

#[test]
fn a_preset_that_knows_access_tokens_by_a_claim_is_not_a_weakness() {
    for preset in [
        "auth0",
        "okta",
        "entra",
        "cognito",
        "google\"\nclaims.hd = \"example.com",
        "keycloak",
        "github-actions\"\nclaims.repository_owner = \"octo",
        "kubernetes",
        "cloudflare-access",
    ] {
        let text = issuer_with(&format!("preset = \"{preset}\""));
        assert_eq!(policy(&text).weaknesses(), [""; 0], "{preset}");
    }
}

#[test]
fn the_policy_overrides_the_preset() {
    let text = issuer_with(
        "preset = \"cognito\"\naudience_claim = \"aud\"\ntoken_type = \"JWT\"\nscope_claim = \"scp\"",
    );
    let policy = policy(&text);
    let issuer = &policy.issuers[0];
    assert_eq!(issuer.validation.token_type, edge_auth_token::TokenType::Exactly("JWT".to_owned()));
    assert_eq!(issuer.scope_claims, [crate::policy::scope_claim::ScopeClaim::name("scp")]);
    let edge_auth_token::Audience::AnyOf { claim, .. } = &issuer.validation.audience else {
        panic!()
    };
    assert_eq!(claim.as_str(), "aud");
    assert_eq!(issuer.claims.len(), 1, "the preset's own claim stays: {:?}", issuer.claims);
}

#[test]
fn a_token_comes_by_authorization_or_by_another_place_that_the_policy_names() {
    let place = |text: &str| policy(&issuer_with(text)).issuers[0].token_place.clone();
    assert_eq!(place("token_header = \"X-Token\""), TokenPlace::Header("x-token".to_owned()));
    let header = "cf-access-jwt-assertion".to_owned();
    assert_eq!(place("preset = \"cloudflare-access\""), TokenPlace::Header(header));
    assert_eq!(place("preset = \"auth0\""), TokenPlace::Bearer);
    assert_eq!(place("token_scheme = \"none\""), TokenPlace::Raw);
    assert_eq!(place("token_cookie = \"session\""), TokenPlace::Cookie("session".to_owned()));
    assert_eq!(place("token_websocket_protocol = true"), TokenPlace::WebSocketProtocol);
    let told = mistake(&issuer_with("token_cookie = \"session\"\ntoken_scheme = \"none\""));
    assert!(told.contains("is a second place for this block's tokens"), "{told}");
    for (name, told) in [
        ("Authorization", "must be a header name that means nothing else"),
        ("a b", "must be a header name that means nothing else"),
        ("X-API-Key", "`x-api-key` is the header of API keys already"),
        ("x-edge-auth-secret", "is the header of the proxies' secret already"),
        ("X-Auth-Token", "begins like the identity headers"),
    ] {
        let found = mistake(&issuer_with(&format!("token_header = \"{name}\"")));
        assert!(
            found.contains(&format!("`token_header`: {told}")) || found.contains(told),
            "{found}"
        );
    }
}

#[test]
fn the_longest_token_of_an_issuer_is_that_of_its_most_generous_block() {
    let second = |lifetime: &str| {
        let keys = "keys = { discover = true }";
        format!(
            "[[issuer]]\nname = \"b\"\nissuer = \"https://login.example/\"\naudience = \"other\"\n{keys}\n{lifetime}\n"
        )
    };
    let longest = |first: &str, other: &str| {
        let text = format!("{}{}", issuer_with(first), second(other));
        parse(&text)
            .unwrap()
            .longest_token("https://login.example/")
            .map(|longest| longest.as_secs())
    };
    let (short, long) = ("max_lifetime = \"5m\"", "max_lifetime = \"1h\"");
    let alone = longest(long, short);
    assert_eq!(longest(short, long), alone);
    assert!(alone.is_some_and(|seconds| seconds >= 3600), "{alone:?}");
    assert_eq!(longest(short, ""), None);
    assert_eq!(longest("", short), None);
}

#[test]
fn a_template_needs_a_list_of_tenants() {
    let block =
        |issuer: &str, more: &str| issuer_with(more).replace("https://login.example/", issuer);
    let template = "https://login.example/{tenant}/v2.0";
    policy(&block(template, "tenants = [\"a\", \"b\"]"));
    let common = block(template, "insecure_any_tenant = true")
        .replace("{ discover = true }", "{ jwks_url = \"https://login.example/keys\" }");
    assert!(policy(&common).weaknesses()[0].contains("insecure_any_tenant"));
    for (issuer, more, told) in [
        (template, "", "`tenants`: is missing"),
        (template, "tenants = []", "`tenants`: lists tenants"),
        (template, "tenants = [\"a/b\"]", "`tenants`: lists tenants"),
        (template, "tenants = [\"a\"]\ninsecure_any_tenant = true", "contradicts `tenants`"),
        (template, "insecure_any_tenant = true", "`keys`: are of one tenant each"),
        ("https://login.example/", "tenants = [\"a\"]", "says nothing without `{tenant}`"),
        ("https://login.example/", "insecure_any_tenant = true", "says nothing without `{tenant}`"),
        ("https://login.example/{tenantid}/v2.0", "", "`{tenantid}` is not a placeholder"),
        ("https://login.example/{tenant}x", "tenants = [\"a\"]", "as one whole segment"),
        (
            "https://login.microsoftonline.com/{tenant}/v2.0",
            "tenants = [\"9188040d-6c67-4c5b-b112-36a304b66dad\"]",
            "everybody can have this issuer's tokens",
        ),
    ] {
        let found = mistake(&block(issuer, more));
        assert!(found.contains(told), "{found}\n{told}");
    }
}

#[test]
fn a_trust_domain_stands_for_an_issuer_of_svids() {
    let spiffe = |more: &str| {
        issuer_with(&format!("preset = \"spiffe\"\n{more}"))
            .replace("issuer = \"https://login.example/\"\n", "")
            .replace("{ discover = true }", "{ jwks_url = \"https://spire.example/keys\" }")
    };
    let good = policy(&spiffe("trust_domain = \"example.org\""));
    assert_eq!(good.issuer_named("corp").as_deref(), Some("spiffe://example.org"));
    assert_eq!(good.weaknesses(), [""; 0]);
    for domain in ["", "Example.org", "spiffe://example.org", "example.org/x"] {
        let told = mistake(&spiffe(&format!("trust_domain = \"{domain}\"")));
        assert!(told.contains("`trust_domain`: must be the SPIFFE trust domain"), "{told}");
    }
    let told = mistake(&issuer_with("trust_domain = \"example.org\""));
    assert!(told.contains("is for `preset = \"spiffe\"` only"), "{told}");
}

#[test]
fn names_and_conditions_of_claims_are_checked() {
    policy(&issuer_with(
        "claims = { \"/kubernetes.io/namespace\" = \"prod\", a = true, b = 42, c = [\"x\", 7] }",
    ));
    policy(&issuer_with("claims = { groups = { contains_all = [\"a\", \"b\"] } }"));
    policy(&issuer_with(
        "subject_claim = [\"sub\", \"/person/id\"]\nscope_claim = { claim = \"role\", split = true }",
    ));
    for (field, told) in [
        ("claims = { \"/a~2\" = \"x\" }", "is not a JSON Pointer"),
        ("claims = { a = [] }", "`a` lists no value"),
        ("claims = { a = { contains_all = [] } }", "`a` lists no value"),
        ("scope_claim = \"/a~\"", "is not a JSON Pointer"),
        ("audience_claim = \"/a~\"", "is not a JSON Pointer"),
        ("client_claim = [\"\"]", "names no claim"),
        ("subject_claim = []", "must name a claim"),
        ("token_type = \"logout+jwt\"", "never an access token"),
    ] {
        let found = mistake(&issuer_with(field));
        assert!(found.contains(told), "{found}\n{told}");
    }
}

#[test]
fn several_subject_claims_are_warned_about_since_a_client_and_a_user_can_be_one_principal() {
    let advice = |text: &str| policy(&issuer_with(text)).advice();
    let found = advice("subject_claim = [\"sub\", \"client_id\"]");
    assert!(found[0].contains("`subject_claim` lists several claims"), "{found:?}");
    assert_eq!(advice("subject_claim = [\"sub\"]"), [""; 0]);
    assert_eq!(advice("subject_claim = \"client_id\""), [""; 0]);
    // Cloudflare gives people UUIDs, and service tokens ids that end in `.access`.
    assert_eq!(advice("preset = \"cloudflare-access\""), [""; 0]);
}
