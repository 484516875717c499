//! `policy explain`.

use edge_auth_testkit::certificates::{Authority, AuthorityPlan, ClientPlan};

use crate::common::Folder;
use crate::{CERTIFICATES, POLICY};

#[test]
fn explain_names_the_rule_and_what_is_missing() {
    let folder = Folder::with_policy(POLICY);
    let ran = folder.run_without_store(&["policy", "explain", "policy.toml", "GET", "/orders/1"]);
    assert_eq!(ran.code(), 1);
    let output = ran.stdout();
    for part in
        ["rule       orders", "absent", "jwt:corp", "key:partners", "401 credential_missing"]
    {
        assert!(output.contains(part), "{part} is not in: {output}");
    }
}

#[test]
fn explain_warns_that_methods_are_case_sensitive() {
    let folder = Folder::with_policy(POLICY);
    let ran = folder.run_without_store(&["policy", "explain", "policy.toml", "get", "/health"]);
    assert!(ran.stdout().contains("`get` is not the method `GET`"), "{}", ran.stdout());
    let ran = folder.run_without_store(&["policy", "explain", "policy.toml", "GET", "/health"]);
    assert!(!ran.stdout().contains("case-sensitive"), "{}", ran.stdout());
}

#[test]
fn explain_shows_a_public_rule_and_a_path_that_no_rule_allows() {
    let folder = Folder::with_policy(POLICY);
    let public =
        folder.run_without_store(&["policy", "explain", "policy.toml", "GET", "/x/../health"]);
    assert_eq!(
        (public.code(), public.stdout().contains("allowed")),
        (0, true),
        "{}",
        public.stdout()
    );
    let none = folder.run_without_store(&["policy", "explain", "policy.toml", "POST", "/orders/1"]);
    assert_eq!(
        (none.code(), none.stdout().contains("403 no_rule")),
        (1, true),
        "{}",
        none.stdout()
    );
}

#[test]
fn explain_follows_an_api_key_through_every_check() {
    let folder = Folder::with_policy(POLICY);
    let made = folder.json(&["keys", "create", "--scope", "orders:write", "--expires", "1d"]);
    folder.write("key", &format!("X-API-Key: {}\n", made["secret"].as_str().unwrap()));
    let ran = folder.run(&[
        "--json",
        "policy",
        "explain",
        "policy.toml",
        "GET",
        "/orders/1",
        "-H",
        "@key",
    ]);
    assert_eq!(ran.code(), 1, "{}", ran.stderr());
    let report = ran.report();
    assert_eq!(report["audit"]["code"], "scope_insufficient");
    let checks = report["checks"].as_array().unwrap();
    let result = |what: &str| {
        checks
            .iter()
            .find(|check| check["what"] == what)
            .map(|check| check["result"].as_str().unwrap())
    };
    assert_eq!(result("key:partners"), Some("passed"));
    assert_eq!(result("scopes"), Some("failed"));
    assert!(!ran.stdout().contains(made["secret"].as_str().unwrap()));
}

#[test]
fn explain_reads_a_certificate_as_the_listener_does() {
    let folder = Folder::with_policy(CERTIFICATES);
    let authority = Authority::root(&AuthorityPlan::named("CA"));
    folder.write("ca.pem", &authority.pem());
    folder.write("a.pem", &authority.issue(&ClientPlan::with_uri("spiffe://example.com/a")).pem());
    let explain = |more: &[&str]| {
        let command = [
            "--json",
            "policy",
            "explain",
            "policy.toml",
            "GET",
            "/machines",
            "--client-ca",
            "ca.pem",
        ];
        folder.run_without_store(&[&command[..], more].concat())
    };
    let allowed = explain(&["--client-cert", "a.pem"]);
    assert_eq!(allowed.code(), 0, "{}", allowed.stderr());
    assert_eq!(allowed.report()["principal"]["id"], "cert:agents:spiffe://example.com/a");
    let refused = explain(&[]);
    assert_eq!(
        (refused.code(), refused.report()["audit"]["code"].as_str()),
        (1, Some("credential_missing"))
    );
}

#[test]
fn a_token_cannot_send_control_characters_to_the_terminal() {
    let folder = Folder::with_policy(POLICY);
    let header = r#"{"alg":"ES256","typ":"at+jwt"}"#;
    let claims = r#"{"iss":"x\u001b]0;pwned\u0007\u009b2J\nallowed"}"#;
    let encode = |text: &str| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    };
    let token = format!("{}.{}.c2ln", encode(header), encode(claims));
    folder.write("fields", &format!("Authorization: Bearer {token}\n"));
    let explained = folder.run_without_store(&[
        "policy",
        "explain",
        "policy.toml",
        "GET",
        "/orders/1",
        "-H",
        "@fields",
    ]);
    let inspected = folder.run(&["token", "inspect", &token]);
    for output in [explained.stdout(), explained.stderr(), inspected.stdout()] {
        let harmless = |char: char| char == '\n' || !char.is_control();
        assert!(output.chars().all(harmless), "{output:?}");
        assert!(!output.lines().any(|line| line == "allowed"), "{output}");
    }
}

#[test]
fn explain_and_test_ask_where_the_client_is() {
    let rule = "[[rule]]\nname = \"here\"\npath = \"/here\"\npublic = true\nwhen = { country = [\"DE\"], asn = [64500], \
                networks = [\"192.0.2.0/24\"] }\n";
    let folder = Folder::with_policy(rule);
    let ask = |client: &[&str]| {
        let request = ["--json", "policy", "explain", "policy.toml", "GET", "/here"];
        folder.run_without_store(&[&request[..], client].concat())
    };
    let here = ["--country", "DE", "--asn", "64500", "--client-ip", "192.0.2.7"];
    let allowed = ask(&here);
    assert_eq!(allowed.code(), 0, "{}", allowed.stderr());
    assert_eq!(allowed.report()["checks"][0]["what"], "when");
    for (client, reason) in [
        (&here[2..], "country is not known"),
        (&here[..2], "autonomous system is not known"),
        (&here[..4], "address is not known"),
    ] {
        let refused = ask(client);
        assert_eq!(refused.code(), 1);
        let report = refused.report();
        assert_eq!(report["audit"]["code"], "location_refused");
        assert!(report["audit"]["reason"].as_str().unwrap().contains(reason), "{report}");
    }
    assert_eq!(ask(&["--country", "UK"]).code(), 2);
    let cases = r#"
policy = "policy.toml"

[[case]]
name = "from the right place"
path = "/here"
client_ip = "192.0.2.7"
country = "DE"
asn = 64500
expect = "allow"

[[case]]
name = "from elsewhere"
path = "/here"
client_ip = "192.0.2.7"
country = "FR"
asn = 64500
expect = "location_refused"
"#;
    folder.write("cases.toml", cases);
    assert_eq!(folder.json(&["policy", "test", "cases.toml"])["passed"], 2);
}
