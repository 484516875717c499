//! Which fields a host hands over that forwards nothing. The scenarios of forward-auth run with these
//! fields only, too.

use edge_auth::endpoints::RelevantFields;

use crate::fixture::Fixture;

const COOKIES: &str = r#"
[[issuer]]
name = "pages"
issuer = "https://login.example/"
audience = "https://api.example"
token_cookie = "session"
keys = { jwks_url = "https://login.example/jwks.json" }

[[issuer]]
name = "devices"
issuer = "https://devices.example/"
audience = "https://api.example"
token_header = "X-Device-Token"
keys = { jwks_url = "https://devices.example/jwks.json" }
"#;

#[test]
fn fields_that_nothing_reads_do_not_matter() {
    let fields = RelevantFields::of(Fixture::of("", "").gate());
    for name in
        ["accept", "accept-encoding", "user-agent", "cf-ray", "cookie", "client-cert", "x-au"]
    {
        assert!(!fields.has(name), "{name}");
    }
}

#[test]
fn credentials_descriptions_and_imitations_of_ours_matter() {
    let fields = RelevantFields::of(Fixture::of("[identity]\nprefix = \"X-Who-\"\n", "").gate());
    for name in [
        "authorization",
        "x-api-key",
        "x-forwarded-uri",
        "x-forwarded-for",
        "upgrade",
        "sec-fetch-site",
        "x-who-subject",
        "x_who_anything",
        "x.who.subject",
        "x-who-",
    ] {
        assert!(fields.has(name), "{name}");
    }
    assert!(!fields.has("x-auth-subject"), "the prefix is another one");
}

#[test]
fn fields_that_the_policy_names_matter() {
    let fields = RelevantFields::of(Fixture::of("", COOKIES).gate());
    for name in ["cookie", "x-device-token"] {
        assert!(fields.has(name), "{name}");
    }
    let lines = fields.lines();
    assert!(lines.lines().any(|line| line == "x-device-token"), "{lines}");
    assert!(lines.lines().any(|line| line == "x-auth-"), "{lines}");
}
