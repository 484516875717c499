//! The blocks that are there once.

use std::time::Duration;

use super::*;

#[track_caller]
fn told(block: &str, field: &str, values: &[&str]) {
    let name = field.split(" =").next().unwrap();
    for value in values {
        let text = format!("[{block}]\n{}\n", field.replace("{}", value));
        let mistake = mistake(&text);
        assert!(mistake.starts_with(&format!("policy.toml:2: [{block}]: `{name}`: ")), "{mistake}");
    }
}

#[test]
fn the_bound_is_from_a_second_to_an_hour() {
    told("revocation", "bound = \"{}\"", &["0s", "999ms", "3601s", "1day"]);
    assert_eq!(policy("").revocation_limits().bound, Duration::from_secs(30));
    assert_eq!(
        policy("[revocation]\nbound = \"1h\"").revocation_limits().bound,
        Duration::from_secs(3600)
    );
}

#[test]
fn the_identity_prefix_is_long_enough_to_strip_nothing_else() {
    told(
        "identity",
        "prefix = \"{}\"",
        &["", "X-", "-", "X-Auth", "X_Auth_", "X Auth-", "Ä-Auth-"],
    );
    told("identity", "prefix = \"{}\"", &[&format!("{}-", "x".repeat(64))]);
    told(
        "identity",
        "prefix = \"{}\"",
        &["Content-", "X-Forwarded-", "if-", "SEC-", "Accept-", "User-"],
    );
    policy("[identity]\nprefix = \"X-Corp-\"");
}

#[test]
fn the_key_header_means_nothing_else() {
    told(
        "credentials",
        "api_key_header = \"{}\"",
        &["", "a b", "a:b", "Authorization", "Cookie", "ä"],
    );
    let taken =
        ["host", "Connection", "x-forwarded-for", "X_Forwarded_For", "content-type", "Upgrade"];
    told("credentials", "api_key_header = \"{}\"", &taken);
    told("credentials", "api_key_header = \"{}\"", &["X-Auth-Key", "x-edge-auth-secret"]);
    assert_eq!(policy("[credentials]\napi_key_header = \"X-Key\"").api_key_header, "x-key");
}

#[test]
fn the_share_of_logged_decisions_is_from_none_to_all() {
    told("audit", "allowed = {}", &["-0.1", "1.1", "2", "nan", "inf", "-inf"]);
    assert_eq!(policy("").sampling.allowed, None);
    for (written, share) in [("0", 0.0), ("0.25", 0.25), ("1", 1.0)] {
        assert_eq!(policy(&format!("[audit]\nallowed = {written}")).sampling.allowed, Some(share));
    }
}

#[test]
fn token_size_and_realm_have_limits() {
    told("credentials", "max_token_bytes = {}", &["0", "255", "65537"]);
    told("credentials", "realm = \"{}\"", &["", "a\\\"b", "a\\\\b", "a\\nb", "ä", &"a".repeat(65)]);
}

#[test]
fn the_secret_header_means_nothing_else() {
    told(
        "trust",
        "secret_header = \"{}\"",
        &["", "a b", "authorization", "host", "Forwarded", "x-auth-s"],
    );
    let both = parse("[trust]\nsecret_header = \"X-K\"\n[credentials]\napi_key_header = \"x-k\"")
        .unwrap_err();
    assert!(
        both.to_string().contains("`x-k` is the header of the proxies' secret already"),
        "{both}"
    );
}

#[test]
fn trusting_all_addresses_is_refused() {
    told(
        "trust",
        "networks = [\"{}\"]",
        &[
            "0.0.0.0/0",
            "::/0",
            "::ffff:0.0.0.0/96",
            "10.0.0.0/8\", \"0.0.0.0/0",
            "0.0.0.0/1\", \"128.0.0.0/1",
            "8000::/1\", \"::/1",
            "::ffff:0.0.0.0/97\", \"128.0.0.0/1",
        ],
    );
    policy("[trust]\nnetworks = [\"10.0.0.0/8\", \"fd00::/8\"]");
    policy("[trust]\nnetworks = []");
}

#[test]
fn a_network_has_no_bits_behind_its_prefix() {
    told("trust", "networks = [\"{}\"]", &["10.0.0.1/8", "fd00::1/8"]);
    let said = mistake("[trust]\nnetworks = [\"10.0.0.1/8\"]");
    assert!(
        said.ends_with("`10.0.0.1/8` has bits behind its prefix: write `10.0.0.0/8`"),
        "{said}"
    );
}

#[test]
fn an_ipv4_network_written_in_ipv6_is_an_ipv4_network() {
    let policy = policy("[trust]\nnetworks = [\"::ffff:10.0.0.0/104\", \"fd00::/8\"]");
    let networks = policy.trust.networks.unwrap();
    assert_eq!(networks, ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
}

#[test]
fn a_prefix_of_imported_keys_that_a_token_could_have_is_refused() {
    let block = |prefix: &str| {
        let imported = format!("imported = {{ hash = \"sha256\", prefix = \"{prefix}\" }}");
        format!("[[api_key]]\nname = \"old\"\npepper = \"PEPPER\"\n{imported}\n")
    };
    for prefix in ["e", "ey", "eyJ", "eyJhbGci"] {
        assert!(mistake(&block(prefix)).contains("must not be taken for a key"), "{prefix}");
    }
    policy(&block("eyk_"));
}

#[test]
fn the_bootstrap_hash_is_what_was_printed() {
    told(
        "admin",
        "bootstrap_hash = \"{}\"",
        &["", "sha256:", "edge-auth-admin_secret", &"0".repeat(64)],
    );
    policy(&format!("[admin]\nbootstrap_hash = \"sha256:{}\"", "0".repeat(64)));
    assert!(policy("[admin]").admin.is_some() && policy("").admin.is_none());
}

#[test]
fn every_secret_that_the_host_must_have_is_named() {
    let text = GOOD
        .replace("\"PEPPER\"", "{ current = \"P1\", previous = [\"P2\"], retired = [\"P3\"] }")
        + "[trust]\nsecret = \"T\"\n[[issuer]]\nname = \"s\"\nissuer = \"s\"\naudience = \"a\"\nkeys = { secret = \"S\" }\n";
    assert_eq!(policy(&text).secret_names(), ["S", "P1", "P2", "P3", "T"]);
}
