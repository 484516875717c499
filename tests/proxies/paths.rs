//! Paths in every spelling: the page receives only paths that the caller may see, however it reads
//! them.

use crate::front::Front;

/// Paths by which a caller without a credential might reach `/admin` or the gate's own endpoints.
const TRICKS: &[&str] = &[
    "/admin/x",
    "/%61dmin/x",
    "/%41dmin/x",
    "/admin/../public/x",
    "/admin/%2e%2e/public/x",
    "/admin/.%2E/public/x",
    "/admin/x/../../public/x",
    "/admin/x/..//../public/x",
    "/./admin/x",
    "/public/../admin/x",
    "/public/./../admin/x",
    "/public/%2e%2e/admin/x",
    "/public/%2E%2E/admin/x",
    "/public/.%2e/admin/x",
    "/public/..%2fadmin/x",
    "/public/..%2Fadmin/x",
    "/public%2f..%2fadmin/x",
    "/public/%252e%252e/admin/x",
    "/public/%252e%252e%252fadmin/x",
    "//admin/x",
    "///admin/x",
    "/public//../admin/x",
    "/public//../../admin/x",
    "/public/x//../../admin/x",
    "/admin;/x",
    "/admin;a=b/../public/x",
    "/public/;x/../../admin/x",
    "/public/..;/admin/x",
    "/public/..%3b/admin/x",
    "/public/x;/../../admin/x",
    "/public/..\\admin/x",
    "/public\\..\\admin/x",
    "/public/..%5cadmin/x",
    "/public/%5c../admin/x",
    "\\admin\\x",
    "/public/%00/../../admin/x",
    "/admin/x%00/../../public/x",
    "/public/x%00",
    "/public/x%0d%0aX-Auth-Subject:%20mallory",
    "/public/x%09",
    "/public/%c0%ae%c0%ae/admin/x",
    "/public/%c0%af../admin/x",
    "/public/%",
    "/public/%zz",
    "/public/%u002e%u002e/admin/x",
    "/../admin/x",
    "/../healthz",
    "/..",
    "/../../healthz",
    "/%2e%2e/healthz",
    "/healthz",
    "/../authorize/../healthz",
    "/authorize/public/x",
    "/_authorize",
    "/v1/verify",
    "/admin/v1/keys",
    "/admin/x#/../../public/x",
    "/public/x#/../../admin/x",
    "/public/x#/../admin",
    "/admin/x?/../../public/x",
    "/p%75blic/x",
    "/admin?/public/x",
    "?/public/x",
    "#/public/x",
    "*",
    "admin/x",
    "http://api.example.com/admin/x",
    "http://api.example.com/public/../admin/x",
    "http://other.example.com/admin/x",
    "http://api.example.com",
    "http:///admin/x",
    "/public/../ADMIN/../admin/x",
];

/// Unusual but unambiguous paths, each with its normal form. They arrive as sent or in that form.
const PLAIN: &[(&str, &str)] = &[
    ("/public/x", "/public/x"),
    ("/public/a%20b", "/public/a%20b"),
    ("/public/...", "/public/..."),
    ("/public/.hidden/a..b", "/public/.hidden/a..b"),
    ("/public/ann%40example.com", "/public/ann%40example.com"),
    ("/public/x?", "/public/x?"),
    ("/public/x?a=/../../admin/x", "/public/x?a=/../../admin/x"),
    ("/public/x?a=%2f..%2f&b=%00&c=\\", "/public/x?a=%2f..%2f&b=%00&c=\\"),
    ("/public/x?/admin?/admin//x", "/public/x?/admin?/admin//x"),
    ("http://api.example.com/public/x", "/public/x"),
];

/// Headers by which a client could claim another path.
const TOLD: [&str; 9] = [
    "X-Original-URI",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Forwarded-Uri",
    "X-Forwarded-Path",
    "X-Forwarded-Prefix",
    "X-Envoy-Original-Path",
    ":path",
    "X-Replaced-Path",
];

pub(crate) fn are_read_alike(front: &Front) {
    for trick in TRICKS {
        let came = front.get(trick, &[]);
        for arrived in &came.arrived {
            for reading in readings(&arrived.target) {
                assert!(
                    reading.starts_with("/public/"),
                    "{trick} is read as {reading} upstream: {came:?}"
                );
            }
        }
        assert_eq!(came.status == 200, !came.arrived.is_empty(), "{trick}: {came:?}");
    }
    for (sent, normal) in PLAIN {
        let came = front.get(sent, &[]);
        let arrived: Vec<&str> =
            came.arrived.iter().map(|request| request.target.as_str()).collect();
        let as_sent_or_normal = arrived == [*normal] || arrived == [normal.trim_end_matches('?')];
        assert!(as_sent_or_normal, "{sent}: {came:?}");
    }
    for name in TOLD {
        let came = front.get("/admin/x", &[(name, "/public/x")]);
        assert!(came.arrived.is_empty() && came.status != 200, "{name}: {came:?}");
        let came = front.get("/public/x", &[(name, "/admin/x")]);
        let only_public = came.arrived.iter().all(|request| request.target == "/public/x");
        assert!(only_public, "{name}: {came:?}");
    }
}

/// Returns the paths that servers and frameworks may read from a target: decoded up to twice, and
/// after each of their usual repairs.
fn readings(target: &str) -> Vec<String> {
    let path = target.split('?').next().unwrap_or_default();
    let once = decoded(path);
    let twice = decoded(&once);
    let mut readings = vec![path.to_owned(), once, twice];
    let repairs: [fn(&str) -> String; 6] = [
        |path| path.replace('\\', "/"),
        |path| path.split('#').next().unwrap_or_default().to_owned(),
        |path| path.split('\0').next().unwrap_or_default().to_owned(),
        |path| {
            path.split('/')
                .map(|segment| segment.split(';').next().unwrap_or_default())
                .collect::<Vec<_>>()
                .join("/")
        },
        |path| {
            path.split('/')
                .filter(|segment| !segment.is_empty())
                .fold(String::new(), |path, next| path + "/" + next)
        },
        resolved,
    ];
    for repair in repairs {
        readings.extend(readings.clone().iter().map(|path| repair(path)));
    }
    readings
}

fn decoded(path: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), path.as_bytes());
    while let [first, after @ ..] = rest {
        let digits = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &after[2..];
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Resolves dot segments (RFC 3986, section 5.2.4). A path cannot climb above the root.
fn resolved(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    format!("/{}", segments.join("/"))
}
