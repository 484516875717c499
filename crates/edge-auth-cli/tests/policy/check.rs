//! `policy check`: mistakes, weaknesses, and what a host must have.

use edge_auth_testkit::certificates::{Authority, AuthorityPlan};
use serde_json::{Value, json};

use crate::common::Folder;
use crate::{CERTIFICATES, POLICY};

#[test]
fn a_valid_policy_is_summarised() {
    let folder = Folder::with_policy(POLICY);
    let report = folder.json(&["policy", "check", "policy.toml"]);
    assert_eq!(report["rules"], 2);
    assert_eq!(report["issuers"][0]["algorithms"][0], "ES256");
    assert_eq!(report["revocation"]["api_key_seconds"], 10.0);
    assert_eq!(report["needs"][0]["found"], true);
    let output = folder.run(&["policy", "check", "policy.toml"]).stdout();
    assert!(output.contains("valid") && output.contains("10 s"), "{output}");
}

#[test]
fn a_weakness_is_listed_by_its_name() {
    let weak =
        POLICY.replace("audience = \"https://api.example.com\"", "insecure_any_audience = true");
    let output = Folder::with_policy(&weak).run(&["policy", "check", "policy.toml"]);
    assert_eq!(output.code(), 0);
    assert!(output.stdout().contains("insecure_any_audience"), "{}", output.stdout());
}

#[test]
fn a_rule_that_no_certificate_of_a_load_balancer_reaches_is_reported() {
    let block = "[[client_cert]]\nname = \"ops\"\nsource = \"alb-verify\"\nissuer_dn = \"CN=A\"\nidentity = \"serial\"\n";
    let rule = |path: &str| format!("[[rule]]\npath = \"{path}\"\nrequire = \"cert:ops\"\n");
    for (path, is_unreachable) in [
        ("/jobs", true),
        ("/admin", true),
        ("/admin/v2/{*rest}", true),
        ("/admin/v1/{*rest}", false),
        ("/{*rest}", false),
        ("/{endpoint}/v1/keys", false),
    ] {
        let folder = Folder::with_policy(&format!("{POLICY}{block}{}", rule(path)));
        let output = folder.run(&["policy", "check", "policy.toml"]).stdout();
        assert_eq!(output.contains("names cert:ops, but"), is_unreachable, "{path}: {output}");
        let report = folder.json(&["policy", "check", "policy.toml"]);
        let found = report["unreachable_credentials"].as_array().unwrap();
        assert_eq!(found.len(), usize::from(is_unreachable), "{path}: {report}");
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
    let error: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(error["error"]["code"], "policy_invalid");
    assert_eq!(error["error"]["mistakes"][0]["file"], "policy.toml");
}

#[test]
fn a_policy_without_its_secrets_is_valid_and_the_missing_ones_are_listed() {
    let folder = Folder::with_policy(POLICY);
    let output = folder
        .edge_auth(&["policy", "check", "policy.toml"])
        .env_remove("PEPPER")
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        (output.status.code(), report.contains("not here: secret PEPPER")),
        (Some(0), true),
        "{report}"
    );
}

#[test]
fn a_secret_that_is_too_short_is_a_mistake() {
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
fn blocks_that_no_rule_uses_are_listed() {
    let report = Folder::with_policy(POLICY).json(&["policy", "check", "policy.toml"]);
    assert_eq!(report["unused"], json!([]));
    let folder = Folder::with_policy(&POLICY.replace("\"jwt:corp\", ", ""));
    assert_eq!(folder.json(&["policy", "check", "policy.toml"])["unused"], json!(["jwt:corp"]));
    let output = folder.run(&["policy", "check", "policy.toml"]).stdout();
    assert!(output.contains("unused: jwt:corp"), "{output}");
}

#[test]
fn a_policy_without_rules_is_reported_to_refuse_every_request() {
    let output = Folder::with_policy("").run(&["policy", "check", "policy.toml"]).stdout();
    assert!(output.contains("every request is refused"), "{output}");
}

#[test]
fn a_policy_that_is_not_utf_8_or_too_long_is_a_mistake() {
    let folder = Folder::with_policy("");
    std::fs::write(folder.path("latin.toml"), b"# caf\xe9\n").unwrap();
    folder.write("long.toml", &"#".repeat(1024 * 1024 + 1));
    for (file, output) in [("latin.toml", "UTF-8"), ("long.toml", "1048576")] {
        let ran = folder.run(&["--json", "policy", "check", file]);
        let error: Value = serde_json::from_str(&ran.stderr()).unwrap();
        assert_eq!((ran.code(), &error["error"]["code"]), (1, &"policy_invalid".into()), "{error}");
        let mistake = &error["error"]["mistakes"][0];
        assert_eq!(mistake["file"], file);
        assert!(mistake["message"].as_str().unwrap().contains(output), "{mistake}");
    }
}

#[test]
fn check_lists_the_sources_of_certificates_and_missing_authorities() {
    let folder = Folder::with_policy(CERTIFICATES);
    let output = folder.run(&["policy", "check", "policy.toml"]).stdout();
    assert!(
        output.contains("client_cert agents: by tls") && output.contains("--client-ca"),
        "{output}"
    );
    let authority = AuthorityPlan::named("CA");
    folder.write("ca.pem", &Authority::root(&authority).pem());
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
fn the_schema_is_printed_for_editors() {
    let folder = Folder::with_policy(POLICY);
    let schema = folder.json(&["policy", "schema"]);
    assert_eq!(schema["title"], "edge-auth policy");
    let printed = folder.run(&["policy", "schema"]).stdout();
    let file = include_str!("../../../../docs/policy.schema.json");
    assert_eq!(printed.trim_end(), file.trim_end());
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
    let output = folder.run(&["policy", "check", "policy.toml"]).stdout();
    assert!(output.contains("client_cert devices: by rfc9440, pinned by fingerprint"), "{output}");
}
