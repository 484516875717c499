//! `policy check`: who may administer.

use serde_json::json;

use crate::POLICY;
use crate::common::Folder;

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
    let expected = json!({
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
    let output = folder.run(&["policy", "check", "policy.toml"]).stdout();
    for line in [
        "administrators: jwt:corp by rule `writers`, if granted by name: edge-auth:keys:write",
        "administrators: cert:ops by rule `everything`, if granted by name: edge-auth:keys:read",
        "closed: rule `forgotten` cannot allow administration",
    ] {
        assert!(output.contains(line), "{line} is not in: {output}");
    }
    assert!(!output.contains("cert:robots by rule"), "{output}");
}

#[test]
fn administration_that_is_off_or_has_no_administrator_is_reported() {
    let hash = "sha256:bada3b8d3eed2e9a14c520f9dc56d8d7cab6e2db46734c2d20027b76ec099191";
    for (block, bootstrap, output) in [
        ("", None, "administration over HTTP is off"),
        ("[admin]\n", Some(false), "no administrator"),
        (
            &format!("[admin]\nbootstrap_hash = \"{hash}\"\n"),
            Some(true),
            "the bootstrap secret, with all permissions",
        ),
    ] {
        let folder = Folder::with_policy(&format!("{block}{POLICY}"));
        let administration = &folder.json(&["policy", "check", "policy.toml"])["administration"];
        assert_eq!(administration["bootstrap_secret"].as_bool(), bootstrap, "{administration}");
        let said = folder.run(&["policy", "check", "policy.toml"]).stdout();
        assert!(said.contains(output), "{output} is not in: {said}");
    }
}
