//! Attacks on all parts together: a request must reach the rule that the upstream's reading of it
//! belongs to, in every spelling.

use super::*;

const PUBLIC: usize = 0;
const ADMIN: usize = 1;
const OTHER: usize = 2;

fn route(host: Option<&str>, path: &str) -> Route {
    Route {
        host: host.map(|host| HostPattern::parse(host).unwrap()),
        path: PathPattern::parse(path).unwrap(),
        methods: Methods::all(),
    }
}

/// Rules as in the advisories: the last one allows everything.
fn router() -> Router {
    Router::new(vec![
        route(None, "/public/{*rest}"),
        route(Some("admin.example.com"), "/admin/{*rest}"),
        route(None, "/{*rest}"),
    ])
}

fn decide(host: &str, target: &str) -> Result<usize, PathRefused> {
    let host = Host::parse(host).unwrap();
    let (path, _) = NormalPath::parse(target)?;
    Ok(router().find(Some(&host), &path, "GET").unwrap().route)
}

/// Heimdall matched `/mypath%3Ffoo=bar` for `/mypath?foo=bar` (CVE-2026-32811).
#[test]
fn a_query_never_becomes_part_of_the_path() {
    let router = Router::new(vec![route(None, "/mypath")]);
    for (target, found) in [
        ("/mypath?foo=bar", Some(0)),
        ("/mypath?/../other", Some(0)),
        ("/mypath?", Some(0)),
        ("/mypath%3Ffoo=bar", None),
    ] {
        let (path, _) = NormalPath::parse(target).unwrap();
        assert_eq!(router.index_of(None, &path, "GET"), found, "{target}");
    }
    assert_eq!(decide("admin.example.com", "/admin?/../public/"), Ok(ADMIN));
    assert_eq!(decide("admin.example.com", "/public/?/../../admin"), Ok(PUBLIC));
}

/// Heimdall refused `%2F`, but not `%2f` (CVE-2026-42272).
#[test]
fn an_encoded_slash_is_refused_in_lower_case_as_in_upper_case() {
    for target in ["/admin%2fsecret", "/admin%2Fsecret", "/public%2f..%2fadmin", "/%2fadmin"] {
        assert_eq!(
            decide("admin.example.com", target),
            Err(PathRefused::EncodedSlash),
            "{target:?}"
        );
    }
}

/// Heimdall compared hosts case-sensitively (CVE-2026-42273).
#[test]
fn a_host_in_another_spelling_reaches_the_same_rule() {
    for host in
        ["admin.example.com", "Admin.Example.Com", "ADMIN.EXAMPLE.COM.", "admin.example.com:443"]
    {
        assert_eq!(decide(host, "/admin/keys"), Ok(ADMIN), "{host:?}");
    }
    assert_eq!(decide("example.com", "/admin/keys"), Ok(OTHER));
}

/// Heimdall matched the path with its dot segments (CVE-2026-42274).
#[test]
fn dot_segments_do_not_carry_a_request_from_one_rule_to_another() {
    for target in [
        "/public/../admin/keys",
        "/public/%2e%2e/admin/keys",
        "/public/.%2E/admin/keys",
        "/public/./x/../../admin/keys",
    ] {
        assert_eq!(decide("admin.example.com", target), Ok(ADMIN), "{target:?}");
    }
    for target in ["/public/..%2fadmin", "/public/%2e%2e%2fadmin"] {
        assert_eq!(
            decide("admin.example.com", target),
            Err(PathRefused::EncodedSlash),
            "{target:?}"
        );
    }
    assert_eq!(decide("admin.example.com", "/public/..;/admin"), Err(PathRefused::PathParameter));
    assert_eq!(decide("admin.example.com", "/public/..\\admin"), Err(PathRefused::Backslash));
    assert_eq!(
        decide("admin.example.com", "/public/%252e%252e/admin"),
        Err(PathRefused::EncodedTwice)
    );
    assert_eq!(decide("admin.example.com", "//admin/keys"), Err(PathRefused::EmptySegment));
}

#[test]
fn an_encoded_letter_does_not_hide_a_path_from_its_rule() {
    assert_eq!(decide("admin.example.com", "/%61dmin/keys"), Ok(ADMIN));
    assert_eq!(decide("admin.example.com", "/%2561dmin/keys"), Err(PathRefused::EncodedTwice));
}

#[test]
fn a_forwarded_path_reaches_the_deciding_rule() {
    for target in ["/public/a%20b/%63", "/x/../admin/%7Bid%7D", "/caf%c3%a9/100%25", "/a%3fb"] {
        let (path, _) = NormalPath::parse(target).unwrap();
        assert_eq!(
            decide("admin.example.com", &path.forwarded()),
            decide("admin.example.com", target)
        );
    }
}

#[test]
fn a_refusal_explains_itself_without_quoting_the_request() {
    for target in
        ["/s3cret%2f", "/s3cret%", "/s3cret;", "/s3cret/../..", "s3cret", "/s3cret#", "/s3cret%00"]
    {
        let message = NormalPath::parse(target).unwrap_err().to_string();
        assert!(!message.contains("s3cret") && message.len() > 20, "{message}");
    }
}
