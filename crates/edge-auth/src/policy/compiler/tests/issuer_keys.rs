//! Where an issuer's keys come from, and which signatures they make.

use super::*;

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
fn a_very_long_refresh_does_not_panic() {
    policy(&issuer_with("refresh = \"500000000000years\""));
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
