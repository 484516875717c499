//! However the rules lie, an answer that is kept lets nothing through that the gate would refuse.

use edge_auth::{AuthRequest, Decision};
use proptest::prelude::*;

use super::*;

/// Rules whose paths overlap in many ways.
fn rules() -> impl Strategy<Value = String> {
    let segment = prop::sample::select(vec![
        "a", "b", "{x}", "{y}", "a.b", "ab", "é", "{z}.b", "a{w}", "{v}:c", "a{u}.b", "{t} é",
    ]);
    let path =
        (prop::collection::vec(segment, 0..4), prop::sample::select(vec!["", "", "/", "/{*rest}"]));
    let methods =
        prop::sample::select(vec!["", "methods = [\"GET\"]", "methods = [\"POST\", \"PROPFIND\"]"]);
    let access = prop::sample::select(vec![
        "public = true",
        "require = \"jwt:corp\"",
        "require = \"jwt:corp\"\nscopes = [\"s\"]",
        "require = \"jwt:corp\"\nscopes = [\"t\"]",
        "require = \"jwt:other\"",
        "require = { any = [\"jwt:other\", \"jwt:corp\"] }",
        "host = \"api.example.com\"\nrequire = \"jwt:corp\"",
        "host = \"other.example.com\"\npublic = true",
    ]);
    let rule = (path, methods, access).prop_map(|((segments, end), methods, access)| {
        let path: String = segments.iter().map(|segment| format!("/{segment}")).collect();
        let path =
            if path.is_empty() && end.is_empty() { "/".to_owned() } else { format!("{path}{end}") };
        format!("[[rule]]\npath = \"{path}\"\n{methods}\n{access}\n")
    });
    prop::collection::vec(rule, 1..6).prop_map(|rules| rules.concat())
}

/// Paths as REST APIs hand them over: visible ASCII.
fn paths() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "/", "/a", "/b", "/a.b", "/ab", "/c", "/.", "/..", "//", "/%61", "/%2e%2e", "/a%2fb",
        "/%C3%A9", "/*", "/?", "/a;b", "/\\", "/~", "/$", "/%zz", "/a/b", "/#", "/x.b", "/ax.b",
        "/a%2eb", "/%61x.b", "/.b", "/a:c", "/x%3ac", "/a/.b", "/ax/y.b",
    ]);
    prop::collection::vec(part, 1..5).prop_map(|parts| parts.concat())
}

/// Paths as HTTP APIs send them: decoded, with any character that a client can escape.
fn decoded_paths() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "/", "/a", "/b", "/a.b", "/é", "/c", "/..", "//", "/*", "/a?b", "/a#b", "/a;b", "/\\",
        "/ ", "/\0", "/a\nb", "/\u{85}", "/%2e", "/a/b",
    ]);
    prop::collection::vec(part, 1..5).prop_map(|parts| parts.concat())
}

fn methods() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["GET", "POST", "HEAD", "DELETE", "PATCH", "OPTIONS"])
}

/// Returns the principal that the gate allows for the same call without caching. On a public rule,
/// the principal is empty.
fn decide(
    gate: &Arc<Gate<MemoryPlatform>>,
    method: &str,
    host: &str,
    path: &str,
    token: &str,
) -> Option<String> {
    let fields = [("authorization", token.as_bytes())];
    let request = AuthRequest {
        location: edge_auth::ClientLocation::default(),
        method,
        host: Some(host),
        authority: None,
        target: path,
        headers: Headers(&fields),
        client_ip: None,
        certificate: PlatformCertificate::Nothing,
        path_rewritten: false,
        proxy_trusted: false,
    };
    match block_on(gate.authorize(&request, NOW)).decision {
        Decision::Allow(grant) => {
            Some(grant.principal.map_or_else(String::new, |principal| principal.id.clone()))
        }
        Decision::Deny(_) => None,
    }
}

/// Returns whether a path has no character that API Gateway or IAM treats specially.
fn is_plain(path: &str) -> bool {
    !path.contains(['%', '*', '\\', ';', '#']) && !path.contains("//")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn an_answer_is_never_wider_than_the_rules(
        rules in rules(),
        asked in (methods(), paths()),
        next in prop::collection::vec((methods(), paths()), 24),
        scopes in prop::sample::select(vec!["", "s", "s t"]),
    ) {
        let policy = format!("{}{}{rules}", issuer("corp"), issuer("other"));
        // Rules that can never match make no policy.
        let Some(gate) = try_gate(&policy) else { return Ok(()) };
        let token = format!("Bearer {}", token("corp", scopes));
        let fields = [("authorization", token.as_str())];
        let (method, path) = &asked;
        let path_only = path.split('?').next().unwrap();
        let Ok(answer) = ask(&gate, ApiType::Rest, &format!("{STAGE}{method}{path_only}"), &fields).0 else { return Ok(()) };
        let answer = serde_json::to_value(answer).unwrap();
        let inexpressible = iam_inexpressible(gate.policy(), ApiType::Rest);
        for (method, path) in next.iter().chain([&asked]) {
            let path = path.split('?').next().unwrap();
            let arn = format!("{STAGE}{method}{path}");
            let kept = iam_allows(&answer, &arn);
            let gates = decide(&gate, method, "api.example.com", path, &token);
            prop_assert!(gates.is_some() || !kept, "{policy}\n{method} {path}\n{answer}");
            // The policy names the same principal as the gate.
            if let Some(principal) = &gates && kept && !principal.is_empty() {
                prop_assert_eq!(&answer["principalId"], principal, "{}\n{}\n{}", policy, path, answer);
            }
            let elsewhere = decide(&gate, method, "elsewhere.example.com", path, &token);
            let named = policy.contains("host = ");
            prop_assert!(elsewhere.is_some() || !kept || (named && (*method, path) == (asked.0, path_only)), "{policy}\n{path}\n{answer}");
            // If IAM can express everything, the policy is not narrower either.
            let expressible = inexpressible.is_empty() && is_plain(path) && is_plain(path_only);
            prop_assert!(kept || gates.is_none() || !expressible, "{policy}\n{method} {path}\n{answer}");
        }
    }

    #[test]
    fn a_policy_for_decoded_paths_is_never_wider_than_the_rules(
        rules in rules(),
        asked in (methods(), decoded_paths()),
        next in prop::collection::vec((methods(), decoded_paths()), 24),
        token in prop::sample::select(vec!["", "s", "s t"]).prop_map(|scopes| token("corp", scopes)),
        good in prop::bool::ANY,
    ) {
        let policy = format!("{}{}{rules}", issuer("corp"), issuer("other"));
        let Some(gate) = try_gate(&policy) else { return Ok(()) };
        let token = format!("Bearer {}", if good { &token } else { "a.b.c" });
        let fields = [("authorization", token.as_str())];
        let arn = format!("{STAGE}{}{}", asked.0, asked.1);
        let kept = json(&ask(&gate, ApiType::Http, &arn, &fields));
        let inexpressible = iam_inexpressible(gate.policy(), ApiType::Http);
        for (method, path) in next.iter().chain([&asked]) {
            let arn = format!("{STAGE}{method}{path}");
            let gates = iam_allows(&json(&ask(&gate, ApiType::Http, &arn, &fields)), &arn);
            prop_assert!(gates || !iam_allows(&kept, &arn), "{policy}\n{arn:?}\n{kept}");
            prop_assert!(!gates || iam_allows(&kept, &arn) || !inexpressible.is_empty(), "{policy}\n{arn:?}\n{kept}");
        }
    }
}
