//! `policy test`.

use crate::common::Folder;
use crate::{CERTIFICATES, POLICY};

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
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
    assert!(report.contains("10 passed, 0 failed"), "{report}");
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
fn a_failed_case_reports_the_result_and_its_reason() {
    let folder = Folder::with_policy(POLICY);
    folder.write(
        "cases.toml",
        &CASES.replacen("scopes = [\"orders:read\"]", "scopes = [\"other\"]", 1),
    );
    let ran = folder.run(&["policy", "test", "cases.toml"]);
    assert_eq!(ran.code(), 1);
    let output = ran.stdout();
    assert!(output.contains("expected allow, found scope_insufficient"), "{output}");
    assert!(output.contains("9 passed, 1 failed"), "{output}");
}

#[test]
fn a_mistake_in_the_cases_is_named() {
    let folder = Folder::with_policy(POLICY);
    for (from, to, output) in [
        ("expect = \"allow\"", "expect = \"alow\"", "alow"),
        ("issuer = \"corp\"", "issuer = \"crop\"", "crop"),
        ("block = \"partners\"", "block = \"partner\"", "partner"),
        ("path = ", "pathh = ", "pathh"),
    ] {
        folder.write("cases.toml", &CASES.replacen(from, to, 1));
        let ran = folder.run(&["policy", "test", "cases.toml"]);
        assert_eq!((ran.code(), ran.stderr().contains(output)), (2, true), "{}", ran.stderr());
    }
}

#[test]
fn the_exit_code_is_right_even_if_the_reader_of_the_report_is_gone() {
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
