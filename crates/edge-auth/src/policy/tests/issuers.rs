//! Issuers: what contradicts itself, and what weakens the gate.

use super::*;

#[track_caller]
fn says(text: &str, told: &str) {
    let mistake = mistake(text);
    assert!(mistake.starts_with(told), "{mistake}\n{told}");
}

#[test]
fn an_audience_is_named_or_its_absence_is() {
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
fn keys_come_from_exactly_one_place() {
    let keys = |keys: &str| with("{ discover = true }", keys);
    let place = "policy.toml:5: issuer 1 (`corp`): `keys`: ";
    let one = format!("{place}must say exactly one of");
    says(&keys("{}"), &one);
    says(&keys("{ discover = true, secret = \"S\" }"), &one);
    says(&keys("{ jwks_file = \"a\", jwks = { keys = [] } }"), &one);
    says(&keys("{ discover = false }"), &format!("{place}`discover` can only be true"));
    says(
        &with("keys = { discover = true }\n", ""),
        "policy.toml:1: issuer 1 (`corp`): `keys`: is missing: say {",
    );
}

#[test]
fn keys_are_fetched_by_tls_or_from_this_machine_or_on_request() {
    let keys = |url: &str| with("{ discover = true }", &format!("{{ jwks_url = \"{url}\" }}"));
    for good in
        ["https://a.example/k", "http://localhost:1/k", "http://127.0.0.1/k", "http://[::1]/k"]
    {
        policy(&keys(good));
    }
    for bad in [
        "http://a.example/k",
        "http://localhost.a.example/k",
        "http://10.0.0.1/k",
        "http://0.0.0.0/k",
        "http://169.254.169.254/latest",
        "https://user:pw@a.example/k",
        "https://localhost@a.example/k",
        "file:///etc/keys",
        "ftp://a.example/k",
        "data:application/json,{}",
        "a.example/k",
        "//a.example/k",
        "",
    ] {
        says(&keys(bad), "policy.toml:5: issuer 1 (`corp`): `keys`: ");
    }
    let asked_for =
        keys("http://a.example/k").replace("[[api_key]]", "insecure_http_jwks = true\n[[api_key]]");
    assert_eq!(
        policy(&asked_for).weaknesses(),
        ["issuer `corp`: insecure_http_jwks: keys may be fetched without TLS"]
    );
}

#[test]
fn discovery_is_below_the_issuer() {
    for (issuer, url) in [
        ("https://login.example/", "https://login.example/.well-known/openid-configuration"),
        (
            "https://login.example/realms/a",
            "https://login.example/realms/a/.well-known/openid-configuration",
        ),
    ] {
        let policy = policy(&with("https://login.example/", issuer));
        let (_, iss, _, keys) = policy.issuers().next().unwrap();
        assert_eq!((iss, keys), (issuer, &KeyOrigin::Discovery(url.to_owned())));
    }
    for issuer in ["corp", "http://login.example/"] {
        says(&with("https://login.example/", issuer), "policy.toml:5: issuer 1 (`corp`): `keys`: ");
    }
}

#[test]
fn a_shared_secret_and_published_keys_never_mix() {
    let secret = |rest: &str| with("{ discover = true }", &format!("{{ secret = \"S\" }}\n{rest}"));
    let place = "policy.toml:6: issuer 1 (`corp`): `algorithms`: ";
    for mixed in ["\"RS256\"", "\"HS256\", \"ES256\""] {
        says(
            &secret(&format!("algorithms = [{mixed}]")),
            &format!("{place}a shared secret goes with HS256"),
        );
    }
    for mixed in ["\"HS256\"", "\"RS256\", \"HS512\""] {
        let text = issuer_with(&format!("algorithms = [{mixed}]"));
        says(&text, &format!("{place}HS256, HS384 and HS512 need `keys = {{ secret = NAME }}`"));
    }
    says(&issuer_with("algorithms = []"), &format!("{place}must name at least one algorithm"));
    let algorithms = |text: &str| policy(text).issuers().next().unwrap().2.to_vec();
    assert_eq!(algorithms(&secret("")), [edge_auth_token::Algorithm::Hs256]);
    assert!(algorithms(GOOD).iter().all(|algorithm| !algorithm.is_symmetric()));
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
fn a_refresh_of_ages_is_no_panic() {
    policy(&issuer_with("refresh = \"500000000000years\""));
}

#[test]
fn a_token_type_is_a_type_or_any_and_not_both() {
    let place = "policy.toml:6: issuer 1 (`corp`): `token_type`: ";
    says(&issuer_with("token_type = []"), &format!("{place}must name a type"));
    says(&issuer_with("token_type = \"\""), &format!("{place}must name a type"));
    says(&issuer_with("token_type = [\"JWT\", \"any\"]"), &format!("{place}\"any\" stands alone"));
}

#[test]
fn whatever_weakens_the_gate_is_listed() {
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
fn a_preset_that_knows_access_tokens_by_a_claim_is_no_weakness() {
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
fn what_the_policy_says_goes_before_the_preset() {
    let text = issuer_with(
        "preset = \"cognito\"\naudience_claim = \"aud\"\ntoken_type = \"JWT\"\nscope_claim = \"scp\"",
    );
    let policy = policy(&text);
    let issuer = &policy.issuers[0];
    assert_eq!(issuer.validation.token_type, edge_auth_token::TokenType::Exactly("JWT".to_owned()));
    assert_eq!(issuer.scope_claims, [super::super::scope_claim::ScopeClaim::name("scp")]);
    let edge_auth_token::Audience::AnyOf { claim, .. } = &issuer.validation.audience else {
        panic!()
    };
    assert_eq!(claim.as_str(), "aud");
    assert_eq!(issuer.claims.len(), 1, "the preset's own claim stays: {:?}", issuer.claims);
}

#[test]
fn an_issuer_of_everybodys_tokens_needs_a_claim_that_no_stranger_can_have() {
    for (preset, claims) in [
        (
            "github-actions",
            &["repository", "repository_id", "repository_owner", "workflow_ref"][..],
        ),
        ("google", &["hd", "email", "sub"]),
    ] {
        let preset = format!("preset = \"{preset}\"");
        for other in [
            "",
            "claims = { ref = \"refs/heads/main\", job_workflow_ref = \"o/r/w@x\", actor = \"a\" }",
        ] {
            let told = mistake(&issuer_with(&format!("{preset}\n{other}")));
            assert!(told.contains("`claims`: everybody can have this issuer's tokens"), "{told}");
        }
        for claim in claims {
            let text = issuer_with(&format!("{preset}\nclaims = {{ {claim} = \"ours\" }}"));
            assert_eq!(policy(&text).weaknesses(), [""; 0], "{text}");
            let both = mistake(&text.replace("claims =", "insecure_any_subject = true\nclaims ="));
            assert!(both.contains("`insecure_any_subject`: says nothing here"), "{both}");
        }
        let knowing = policy(&issuer_with(&format!("{preset}\ninsecure_any_subject = true")));
        let told =
            "issuer `corp`: insecure_any_subject: whoever gets a token of this issuer is accepted";
        assert_eq!(knowing.weaknesses(), [told]);
    }
    let told = mistake(&issuer_with("insecure_any_subject = true"));
    assert!(told.contains("`insecure_any_subject`: says nothing here"), "{told}");
}

#[test]
fn whose_tokens_are_accepted_hangs_on_the_iss_and_not_on_the_preset() {
    for (iss, pin) in [
        ("https://token.actions.githubusercontent.com", "repository_owner = \"octo\""),
        ("https://token.actions.githubusercontent.com/octo-enterprise", "enterprise = \"octo\""),
        ("https://accounts.google.com", "hd = \"example.com\""),
        ("https://gitlab.com", "project_id = \"7\""),
        ("https://agent.buildkite.com", "organization_id = \"7\""),
        ("https://app.terraform.io", "terraform_organization_id = \"org-7\""),
        ("https://login.microsoftonline.com/common/v2.0", "tid = \"7\""),
        ("https://appleid.apple.com", "sub = \"7\""),
    ] {
        for preset in
            ["", "preset = \"auth0\"\n", "preset = \"google\"\n", "preset = \"github-actions\"\n"]
        {
            let block = |more: &str| {
                issuer_with(&format!("{preset}{more}")).replace("https://login.example/", iss)
            };
            let told = mistake(&block(""));
            assert!(
                told.contains("`claims`: everybody can have this issuer's tokens"),
                "{iss} {told}"
            );
            let told = mistake(&block(
                "claims = { ref = \"refs/heads/main\", azp = \"x\", workflow = \"w\" }",
            ));
            assert!(
                told.contains("`claims`: everybody can have this issuer's tokens"),
                "{iss} {told}"
            );
            assert_eq!(
                policy(&block(&format!("claims = {{ {pin} }}"))).weaknesses(),
                [""; 0],
                "{iss}"
            );
            let weaknesses = policy(&block("insecure_any_subject = true")).weaknesses();
            assert!(weaknesses[0].contains("insecure_any_subject"), "{iss} {weaknesses:?}");
        }
    }
}

#[test]
fn an_address_of_google_counts_only_if_google_has_verified_it_with_or_without_the_preset() {
    for preset in ["", "preset = \"google\""] {
        let text = issuer_with(&format!("{preset}\nclaims = {{ email = \"a@example.com\" }}"));
        let policy = policy(&text.replace("https://login.example/", "https://accounts.google.com"));
        assert!(
            policy.issuers[0]
                .claims
                .contains(&super::super::claim_rule::ClaimRule::is_true("email_verified")),
            "{preset}"
        );
    }
}

#[test]
fn a_subject_of_a_workflow_pins_if_it_begins_with_whose_it_is() {
    let block = |sub: &str| {
        issuer_with(&format!("preset = \"github-actions\"\nclaims = {{ sub = \"{sub}\" }}"))
            .replace("https://login.example/", "https://token.actions.githubusercontent.com")
    };
    policy(&block("repo:octo/app:ref:refs/heads/main"));
    for anybodys in
        ["environment:production", "job_workflow_ref:octo/app/w.yml@main", "ref:refs/heads/main"]
    {
        let told = mistake(&block(anybodys));
        assert!(told.contains("a `sub` must begin with the repository or its owner"), "{told}");
    }
}

#[test]
fn a_token_comes_by_authorization_or_by_a_field_of_its_own() {
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
        ("Authorization", "must be a header name of its own"),
        ("a b", "must be a header name of its own"),
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
fn the_longest_token_of_an_issuer_is_that_of_whichever_block_lets_it_be_longest() {
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
fn a_tenant_stands_where_the_issuer_says_so_and_is_named() {
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
        ("https://login.example/{tenantid}/v2.0", "", "`{tenantid}` is no placeholder"),
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
fn a_pin_of_an_old_subject_of_github_is_warned_about() {
    let advice = |pin: &str| {
        let text = issuer_with(&format!("preset = \"github-actions\"\nclaims = {{ sub = {pin} }}"));
        policy(
            &text.replace("https://login.example/", "https://token.actions.githubusercontent.com"),
        )
        .advice()
    };
    let old = "\"repo:octo/app:ref:refs/heads/main\"";
    assert!(advice(old)[0].contains("immutable ids"), "{:?}", advice(old));
    assert_eq!(advice(&format!("[{old}, \"repo:octo@1/app@2:ref:refs/heads/main\"]")).len(), 1);
    assert_eq!(advice("\"repo:octo@1/app@2:ref:refs/heads/main\""), [""; 0]);
    assert_eq!(advice("\"repository_owner:octo:ref:x\""), [""; 0]);
}

#[test]
fn how_a_claim_is_named_and_what_it_must_be_is_checked() {
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
fn a_secret_may_be_encoded_and_nothing_else_may() {
    let keys = |keys: &str| with("{ discover = true }", keys);
    let origin = |text: &str| policy(&keys(text)).issuers[0].keys.clone();
    let name = "S".to_owned();
    let encoding = SecretEncoding::Base64url;
    assert_eq!(
        origin("{ secret = \"S\", encoding = \"base64url\" }"),
        KeyOrigin::Secret { name, encoding }
    );
    says(
        &keys("{ jwks_file = \"a\", encoding = \"hex\" }"),
        "policy.toml:5: issuer 1 (`corp`): `keys`: `encoding`",
    );
    assert!(parse(&keys("{ secret = \"S\", encoding = \"base32\" }")).is_err());
}
