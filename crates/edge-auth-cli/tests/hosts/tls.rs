//! A host with TLS, whose administrator has a certificate.

use edge_auth_testkit::certificates::{Authority, AuthorityPlan, ClientPlan, ClientUsage};

use crate::common::{Folder, Ran};

const POLICY: &str = r#"
[admin]

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[client_cert]]
name = "staff"
source = "tls"
identity = { san_uri = "spiffe://example.com/*" }
scopes = ["edge-auth:keys:read", "edge-auth:keys:write"]

[[rule]]
path = "/admin/v1/keys/{*rest}"
require = "cert:staff"
scopes = { any_of = ["edge-auth:keys:read", "edge-auth:keys:write"] }
"#;

#[test]
fn a_certificate_administers_and_a_host_of_an_unknown_authority_is_not_asked() {
    let folder = Folder::with_policy(POLICY);
    let servers = Authority::root(&AuthorityPlan::named("Servers CA"));
    let staff = Authority::root(&AuthorityPlan::named("Staff CA"));
    let server = servers.issue(&ClientPlan {
        hosts: vec!["localhost".to_owned()],
        usage: Some(ClientUsage::Server),
        ..ClientPlan::default()
    });
    let admin = staff.issue(&ClientPlan::with_uri("spiffe://example.com/alice"));
    folder.write("servers.pem", &servers.pem());
    folder.write("staff.pem", &staff.pem());
    folder.write("server.pem", &server.pem());
    folder.write("server.key", &server.key_pem);
    folder.write("admin.pem", &admin.pem());
    folder.write("admin.key", &admin.key_pem);
    let host = folder.serve(&[
        "--plane",
        "control",
        "--tls-cert",
        "server.pem",
        "--tls-key",
        "server.key",
        "--client-ca",
        "staff.pem",
    ]);
    let url = format!("https://localhost:{}", host.address.port());
    let run = |arguments: &[&str]| {
        let mut command = folder.edge_auth(arguments);
        command.env("EDGE_AUTH_STORE", &url).env_remove("EDGE_AUTH_POLICY");
        Ran::of(command)
    };
    let certificate =
        ["--host-ca", "servers.pem", "--host-cert", "admin.pem", "--host-key", "admin.key"];
    let create = ["--json", "keys", "create", "--all-scopes", "--expires", "1d"];
    let made = run(&[&create[..], &certificate].concat());
    assert_eq!(made.code(), 0, "{}", made.stderr());
    assert_eq!(made.report()["key"]["block"], "partners");
    assert_eq!(host.audit()["principal"], "cert:staff:spiffe://example.com/alice");

    let unknown = run(&["keys", "list", "--host-cert", "admin.pem", "--host-key", "admin.key"]);
    assert_eq!(unknown.code(), 3, "{}", unknown.stdout());
    assert!(unknown.stderr().contains("cannot be asked"), "{}", unknown.stderr());
    let alone = run(&["keys", "list", "--host-cert", "admin.pem"]);
    assert_eq!(alone.code(), 2, "{}", alone.stdout());
}
