//! `policy check`, `explain` and `test`, as scripts use them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic is a failed test"
)]

mod common;

use common::Folder;

const POLICY: &str = r#"
[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "https://api.example.com"
keys = { discover = true }
algorithms = ["ES256"]

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[rule]]
name = "health"
path = "/health"
public = true

[[rule]]
name = "orders"
path = "/orders/{id}"
methods = ["GET"]
require = { any = ["jwt:corp", "key:partners"] }
scopes = ["orders:read"]
"#;

#[test]
fn a_good_policy_is_summed_up() {
    let folder = Folder::with_policy(POLICY);
    let report = folder.json(&["policy", "check", "policy.toml"]);
    assert_eq!(report["rules"], 2);
    assert_eq!(report["issuers"][0]["algorithms"][0], "ES256");
    assert_eq!(report["revocation"]["api_key_seconds"], 10.0);
    assert_eq!(report["needs"][0]["found"], true);
    let told = folder.run(&["policy", "check", "policy.toml"]).stdout();
    assert!(told.contains("valid") && told.contains("10 s"), "{told}");
}

#[test]
fn a_weakness_is_listed_by_its_name() {
    let weak =
        POLICY.replace("audience = \"https://api.example.com\"", "insecure_any_audience = true");
    let told = Folder::with_policy(&weak).run(&["policy", "check", "policy.toml"]);
    assert_eq!(told.code(), 0);
    assert!(told.stdout().contains("insecure_any_audience"), "{}", told.stdout());
}

#[test]
fn a_certificate_of_a_load_balancer_that_only_an_administrator_can_bring_is_said_to_be_named_in_vain()
 {
    let block = "[[client_cert]]\nname = \"ops\"\nsource = \"alb-verify\"\nissuer_dn = \"CN=A\"\nidentity = \"serial\"\n";
    let rule = |path: &str| format!("[[rule]]\npath = \"{path}\"\nrequire = \"cert:ops\"\n");
    for (path, in_vain) in [
        ("/jobs", true),
        ("/admin", true),
        ("/admin/v2/{*rest}", true),
        ("/admin/v1/{*rest}", false),
        ("/{*rest}", false),
        ("/{face}/v1/keys", false),
    ] {
        let folder = Folder::with_policy(&format!("{POLICY}{block}{}", rule(path)));
        let told = folder.run(&["policy", "check", "policy.toml"]).stdout();
        assert_eq!(told.contains("names cert:ops, but"), in_vain, "{path}: {told}");
    }
}

#[test]
fn a_mistake_names_file_line_rule_and_field() {
    let folder = Folder::with_policy(&POLICY.replace("jwt:corp", "jwt:crop"));
    let ran = folder.run(&["policy", "check", "policy.toml"]);
    assert_eq!(ran.code(), 1);
    let stderr = ran.stderr();
    for part in ["policy.toml:", "rule", "orders", "`require", "crop"] {
        assert!(stderr.contains(part), "{part} is not in: {stderr}");
    }
    let json = folder.run(&["--json", "policy", "check", "policy.toml"]).stderr();
    let error: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(error["error"]["code"], "policy_invalid");
    assert_eq!(error["error"]["mistakes"][0]["file"], "policy.toml");
}

#[test]
fn a_policy_without_its_secrets_is_valid_and_what_is_missing_is_said() {
    let folder = Folder::with_policy(POLICY);
    let output = folder
        .edge_auth(&["policy", "check", "policy.toml"])
        .env_remove("PEPPER")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        (output.status.code(), told.contains("not here: secret PEPPER")),
        (Some(0), true),
        "{told}"
    );
}

#[test]
fn what_no_rule_uses_is_named() {
    let report = Folder::with_policy(POLICY).json(&["policy", "check", "policy.toml"]);
    assert_eq!(report["unused"], serde_json::json!([]));
    let folder = Folder::with_policy(&POLICY.replace("\"jwt:corp\", ", ""));
    assert_eq!(
        folder.json(&["policy", "check", "policy.toml"])["unused"],
        serde_json::json!(["jwt:corp"])
    );
    let told = folder.run(&["policy", "check", "policy.toml"]).stdout();
    assert!(told.contains("unused: jwt:corp"), "{told}");
}

#[test]
fn a_policy_without_rules_lets_nobody_in_and_that_is_said() {
    let told = Folder::with_policy("").run(&["policy", "check", "policy.toml"]).stdout();
    assert!(told.contains("every request is refused"), "{told}");
}

#[test]
fn a_policy_that_is_no_text_or_too_long_is_a_mistake_in_it() {
    let folder = Folder::with_policy("");
    std::fs::write(folder.path("latin.toml"), b"# caf\xe9\n").unwrap();
    folder.write("long.toml", &"#".repeat(1024 * 1024 + 1));
    for (file, told) in [("latin.toml", "UTF-8"), ("long.toml", "1048576")] {
        let ran = folder.run(&["--json", "policy", "check", file]);
        let error: serde_json::Value = serde_json::from_str(&ran.stderr()).unwrap();
        assert_eq!((ran.code(), &error["error"]["code"]), (1, &"policy_invalid".into()), "{error}");
        let mistake = &error["error"]["mistakes"][0];
        assert_eq!(mistake["file"], file);
        assert!(mistake["message"].as_str().unwrap().contains(told), "{mistake}");
    }
}

#[test]
fn arguments_that_are_not_understood_are_told_in_the_format_that_was_asked_for() {
    let folder = Folder::with_policy(POLICY);
    for arguments in [
        &["--json", "frob"][..],
        &["policy", "check", "--json", "--frob"],
        &["--json", "serve", "--listen"],
    ] {
        let ran = folder.run(arguments);
        let error: serde_json::Value = serde_json::from_str(&ran.stderr()).unwrap_or_default();
        assert_eq!((ran.code(), &error["error"]["code"]), (2, &"usage".into()), "{}", ran.stderr());
    }
    let plain = folder.run(&["frob"]);
    assert_eq!(
        (plain.code(), plain.stderr().contains("no such command")),
        (2, true),
        "{}",
        plain.stderr()
    );
    let help = folder.run(&["--json", "policy", "--help"]);
    assert_eq!((help.code(), help.stdout().contains("Usage")), (0, true), "{}", help.stderr());
}

#[test]
fn a_missing_file_is_trouble_and_says_so() {
    let ran = Folder::with_policy("").run(&["policy", "check", "nowhere.toml"]);
    assert_eq!((ran.code(), ran.stderr().contains("nowhere.toml")), (3, true));
}

#[test]
fn explain_names_the_rule_and_what_is_missing() {
    let folder = Folder::with_policy(POLICY);
    let ran = folder.run_without_store(&["policy", "explain", "policy.toml", "GET", "/orders/1"]);
    assert_eq!(ran.code(), 1);
    let told = ran.stdout();
    for part in
        ["rule       orders", "absent", "jwt:corp", "key:partners", "401 credential_missing"]
    {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
}

#[test]
fn explain_says_that_a_lower_case_method_is_another_one() {
    let folder = Folder::with_policy(POLICY);
    let ran = folder.run_without_store(&["policy", "explain", "policy.toml", "get", "/health"]);
    assert!(ran.stdout().contains("`get` is another one than `GET`"), "{}", ran.stdout());
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

const CASES: &str = r#"
policy = "policy.toml"

[[case]]
name = "a reader reads an order"
path = "/orders/1"
jwt = { issuer = "corp", scopes = ["orders:read"], subject = "alice" }
expect = "allow"
rule = "orders"
principal = "jwt:corp:alice"

[[case]]
name = "a partner reads an order"
path = "/orders/1"
key = { block = "partners", scopes = ["orders:read"] }
expect = "allow"

[[case]]
name = "an expired token is refused"
path = "/orders/1"
jwt = { issuer = "corp", scopes = ["orders:read"], expired = true }
expect = "token_expired"

[[case]]
name = "a token for another API is refused"
path = "/orders/1"
jwt = { issuer = "corp", scopes = ["orders:read"], claims = { aud = "https://other.example.com" } }
expect = "audience_mismatch"

[[case]]
name = "a token without its audience is refused"
path = "/orders/1"
jwt = { issuer = "corp", scopes = ["orders:read"], claims = { aud = false } }
expect = "claim_invalid"

[[case]]
name = "an ID token is refused"
path = "/orders/1"
jwt = { issuer = "corp", scopes = ["orders:read"], type = "JWT" }
expect = "token_type_mismatch"

[[case]]
name = "a revoked key is refused"
path = "/orders/1"
key = { block = "partners", scopes = ["orders:read"], state = "revoked" }
expect = "key_revoked"

[[case]]
name = "a disabled key is refused"
path = "/orders/1"
key = { block = "partners", scopes = ["orders:read"], state = "disabled" }
expect = "key_disabled"

[[case]]
name = "an expired key is refused"
path = "/orders/1"
key = { block = "partners", scopes = ["orders:read"], state = "expired" }
expect = "key_expired"

[[case]]
name = "nobody writes"
method = "POST"
path = "/orders/1"
jwt = { issuer = "corp", scopes = ["orders:read"] }
expect = "no_rule"
"#;

#[test]
fn cases_run_without_secrets_issuers_or_a_store() {
    let folder = Folder::with_policy(POLICY);
    folder.write("cases.toml", CASES);
    let mut command = folder.edge_auth(&["policy", "test", "cases.toml"]);
    let output = command.env_clear().output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("10 passed, 0 failed"), "{told}");
}

#[test]
fn a_case_may_send_a_token_and_a_key_together() {
    let both = POLICY.replace("{ any = [", "{ all = [");
    for header in ["", "[credentials]\napi_key_header = \"X-Partner-Key\"\n"] {
        let folder = Folder::with_policy(&format!("{header}{both}"));
        let cases = r#"
policy = "policy.toml"

[[case]]
name = "a partner and its user"
path = "/orders/1"
jwt = { issuer = "corp", scopes = ["orders:read"], subject = "alice" }
key = { block = "partners", scopes = ["other"] }
expect = "allow"
principal = "jwt:corp:alice"

[[case]]
name = "a partner alone"
path = "/orders/1"
key = { block = "partners", scopes = ["orders:read"] }
expect = "credential_missing"
"#;
        folder.write("cases.toml", cases);
        let ran = folder.run(&["policy", "test", "cases.toml"]);
        assert_eq!(ran.code(), 0, "{}{}", ran.stdout(), ran.stderr());
    }
}

#[test]
fn a_case_that_fails_says_what_was_found_and_why() {
    let folder = Folder::with_policy(POLICY);
    folder.write(
        "cases.toml",
        &CASES.replacen("scopes = [\"orders:read\"]", "scopes = [\"other\"]", 1),
    );
    let ran = folder.run(&["policy", "test", "cases.toml"]);
    assert_eq!(ran.code(), 1);
    let told = ran.stdout();
    assert!(told.contains("expected allow, found scope_insufficient"), "{told}");
    assert!(told.contains("9 passed, 1 failed"), "{told}");
}

#[test]
fn a_mistake_in_the_cases_is_named() {
    let folder = Folder::with_policy(POLICY);
    for (from, to, told) in [
        ("expect = \"allow\"", "expect = \"alow\"", "alow"),
        ("issuer = \"corp\"", "issuer = \"crop\"", "crop"),
        ("block = \"partners\"", "block = \"partner\"", "partner"),
        ("path = ", "pathh = ", "pathh"),
    ] {
        folder.write("cases.toml", &CASES.replacen(from, to, 1));
        let ran = folder.run(&["policy", "test", "cases.toml"]);
        assert_eq!((ran.code(), ran.stderr().contains(told)), (2, true), "{}", ran.stderr());
    }
}

#[test]
fn the_exit_code_is_right_even_if_nobody_reads_the_report() {
    let folder = Folder::with_policy(POLICY);
    folder.write(
        "cases.toml",
        &CASES.replacen("scopes = [\"orders:read\"]", "scopes = [\"other\"]", 1),
    );
    let mut command = folder.edge_auth(&["policy", "test", "cases.toml"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_secret_that_is_here_but_no_good_is_a_mistake() {
    let folder = Folder::with_policy(POLICY);
    let output = folder
        .edge_auth(&["policy", "check", "policy.toml"])
        .env("PEPPER", "short")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), stderr.contains("PEPPER")), (Some(1), true), "{stderr}");
}

#[test]
fn what_a_token_says_cannot_command_a_terminal() {
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
    for told in [explained.stdout(), explained.stderr(), inspected.stdout()] {
        let harmless = |char: char| char == '\n' || !char.is_control();
        assert!(told.chars().all(harmless), "{told:?}");
        assert!(!told.lines().any(|line| line == "allowed"), "{told}");
    }
}

const CERTIFICATES: &str = r#"
[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "https://api.example.com"
keys = { secret = "PEPPER" }

[[client_cert]]
name = "agents"
source = "tls"
identity = { san_uri = "spiffe://example.com/*" }

[[client_cert]]
name = "people"
source = "cloudflare"
issuer_dn = "CN=People CA"
identity = { san_email = "*@example.com" }

[[rule]]
name = "machines"
path = "/machines"
require = { any = ["cert:agents", "cert:people"] }

[[rule]]
name = "bound"
path = "/bound"
require = "jwt:corp"
certificate_bound = true
"#;

#[test]
fn check_tells_where_certificates_come_from_and_what_is_missing() {
    let folder = Folder::with_policy(CERTIFICATES);
    let told = folder.run(&["policy", "check", "policy.toml"]).stdout();
    assert!(told.contains("client_cert agents: by tls") && told.contains("--client-ca"), "{told}");
    let authority = edge_auth_testkit::certificates::AuthorityPlan::named("CA");
    folder.write("ca.pem", &edge_auth_testkit::certificates::Authority::root(&authority).pem());
    let report = folder.json(&["policy", "check", "policy.toml", "--client-ca", "ca.pem"]);
    assert_eq!(report["client_certs"][1]["source"], "cloudflare");
    assert!(
        report["needs"].as_array().unwrap().iter().all(|need| need["found"] == true),
        "{report}"
    );
    folder.write("ca.pem", "junk");
    let ran = folder.run(&["policy", "check", "policy.toml", "--client-ca", "ca.pem"]);
    assert!(ran.code() != 0 && ran.stderr().contains("--client-ca"), "{}", ran.stderr());
}

#[test]
fn explain_takes_a_certificate_as_the_listener_would() {
    use edge_auth_testkit::certificates::{Authority, AuthorityPlan, ClientPlan};
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
fn cases_send_certificates_and_tokens_that_are_bound_to_them() {
    let folder = Folder::with_policy(CERTIFICATES);
    folder.write(
        "cases.toml",
        r#"
policy = "policy.toml"

[[case]]
name = "an agent may ask machines"
path = "/machines"
client_cert = { san_uri = "spiffe://example.com/a" }
expect = "allow"
principal = "cert:agents:spiffe://example.com/a"

[[case]]
name = "a person may ask machines, wherever the certificate comes from"
path = "/machines"
client_cert = { san_email = "ann@example.com" }
expect = "allow"
principal = "cert:people:ann@example.com"

[[case]]
name = "a stranger may not"
path = "/machines"
client_cert = { san_dns = "example.com", common_name = "spiffe://example.com/a" }
expect = "certificate_identity_mismatch"

[[case]]
name = "an expired certificate is refused"
path = "/machines"
client_cert = { san_uri = "spiffe://example.com/a", expired = true }
expect = "certificate_expired"

[[case]]
name = "a bound token passes with its certificate"
path = "/bound"
jwt = { issuer = "corp", bound = true }
client_cert = { san_uri = "spiffe://example.com/a" }
expect = "allow"

[[case]]
name = "a token that is not bound does not"
path = "/bound"
jwt = { issuer = "corp" }
client_cert = { san_uri = "spiffe://example.com/a" }
expect = "binding_missing"
"#,
    );
    let ran = folder.run(&["policy", "test", "cases.toml"]);
    assert_eq!(ran.code(), 0, "{}{}", ran.stdout(), ran.stderr());
    assert!(ran.stdout().contains("6 passed, 0 failed"), "{}", ran.stdout());
}

const ADMINISTRATION: &str = r#"
[admin]

[[client_cert]]
name = "ops"
source = "alb-verify"
issuer_dn = "CN=A"
identity = "serial"
scopes = ["edge-auth:keys:read"]

[[client_cert]]
name = "robots"
source = "alb-verify"
issuer_dn = "CN=B"
identity = "serial"

[[rule]]
name = "writers"
path = "/admin/v1/keys/{*rest}"
methods = ["POST"]
require = { all = ["jwt:corp", "key:partners"] }
scopes = ["edge-auth:keys:write"]

[[rule]]
name = "forgotten"
path = "/admin/v1/revocations/{*rest}"
methods = ["GET"]
require = "key:partners"

[[rule]]
name = "everything"
path = "/{*rest}"
require = { any = ["key:partners", "cert:ops", "cert:robots"] }
scopes = { any_of = ["edge-auth:keys:read", "edge-auth:keys:write", "edge-auth:revocations:read", "orders:read"] }
"#;

#[test]
fn who_may_administer_is_listed_with_the_rule_and_the_scopes() {
    let folder = Folder::with_policy(&format!("{POLICY}{ADMINISTRATION}"));
    let administration = &folder.json(&["policy", "check", "policy.toml"])["administration"];
    let read = "edge-auth:keys:read";
    let expected = serde_json::json!({
        "bootstrap_secret": false,
        "administrators": [
            // The first of `all` brings the scopes.
            { "rule": "writers", "credential": "jwt:corp", "scopes": ["edge-auth:keys:write"] },
            // Earlier rules decide about what the other scopes of this one are for.
            { "rule": "everything", "credential": "key:partners", "scopes": [read] },
            { "rule": "everything", "credential": "cert:ops", "scopes": [read] },
        ],
        "closed_rules": ["forgotten"],
    });
    assert_eq!(*administration, expected, "{administration:#}");
    let told = folder.run(&["policy", "check", "policy.toml"]).stdout();
    for line in [
        "administrators: jwt:corp by rule `writers`, if granted by name: edge-auth:keys:write",
        "administrators: cert:ops by rule `everything`, if granted by name: edge-auth:keys:read",
        "closed: rule `forgotten` opens no administration",
    ] {
        assert!(told.contains(line), "{line} is not in: {told}");
    }
    assert!(!told.contains("cert:robots by rule"), "{told}");
}

#[test]
fn administration_that_is_off_or_open_to_the_bootstrap_secret_alone_or_to_nobody_is_said_to_be() {
    let hash = "sha256:bada3b8d3eed2e9a14c520f9dc56d8d7cab6e2db46734c2d20027b76ec099191";
    for (block, bootstrap, told) in [
        ("", None, "administration over HTTP is off"),
        ("[admin]\n", Some(false), "no administrator"),
        (
            &format!("[admin]\nbootstrap_hash = \"{hash}\"\n"),
            Some(true),
            "who has the bootstrap secret",
        ),
    ] {
        let folder = Folder::with_policy(&format!("{block}{POLICY}"));
        let administration = &folder.json(&["policy", "check", "policy.toml"])["administration"];
        assert_eq!(administration["bootstrap_secret"].as_bool(), bootstrap, "{administration}");
        let said = folder.run(&["policy", "check", "policy.toml"]).stdout();
        assert!(said.contains(told), "{told} is not in: {said}");
    }
}

#[test]
fn the_schema_is_printed_for_editors() {
    let folder = Folder::with_policy(POLICY);
    let schema = folder.json(&["policy", "schema"]);
    assert_eq!(schema["title"], "edge-auth policy");
    let printed = folder.run(&["policy", "schema"]).stdout();
    let file = include_str!("../../../docs/policy.schema.json");
    assert_eq!(printed.trim_end(), file.trim_end());
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

#[test]
fn a_block_of_pinned_certificates_is_said_to_be_pinned() {
    let block = format!(
        "[[client_cert]]\nname = \"devices\"\nsource = \"rfc9440\"\nidentity = \"fingerprint\"\nfingerprint = \"{}\"\n",
        "ab".repeat(32)
    );
    let folder = Folder::with_policy(&block);
    let report = folder.json(&["policy", "check", "policy.toml"]);
    assert_eq!(report["client_certs"][0]["pinned"], true);
    let told = folder.run(&["policy", "check", "policy.toml"]).stdout();
    assert!(told.contains("client_cert devices: by rfc9440, pinned by fingerprint"), "{told}");
}
