use proptest::prelude::*;

use super::*;
use crate::route::PathRefused;

fn pattern(text: &str) -> PathPattern {
    PathPattern::parse(text).unwrap()
}

fn path(target: &str) -> NormalPath {
    NormalPath::parse(target).unwrap().0
}

fn matches(text: &str, target: &str) -> bool {
    pattern(text).matches(&path(target)).is_some()
}

#[test]
fn a_literal_matches_only_itself() {
    assert!(matches("/v1/orders", "/v1/orders"));
    assert!(matches("/", "/"));
    for other in [
        "/v1",
        "/v1/orders/",
        "/v1/orders/1",
        "/v1/Orders",
        "/V1/orders",
        "/v1/order",
        "/v1/orderss",
        "/",
    ] {
        assert!(!matches("/v1/orders", other), "{other:?}");
    }
}

#[test]
fn a_literal_is_matched_decoded() {
    assert!(matches("/straße/a b", "/stra%C3%9Fe/a%20b"));
    assert!(matches("/admin", "/%61dmin"));
    assert!(!matches("/admin", "/admin%3Fx"));
}

#[test]
fn a_trailing_slash_is_significant() {
    assert!(matches("/a/", "/a/") && matches("/a/", "/a/b/.."));
    assert!(!matches("/a/", "/a") && !matches("/a", "/a/"));
    assert!(matches("/{id}/", "/a/") && !matches("/{id}/", "/a"));
}

#[test]
fn a_capture_is_one_segment_that_is_not_empty() {
    let orders = pattern("/v1/orders/{id}");
    assert_eq!(orders.matches(&path("/v1/orders/42")), Some(vec![("id", "42")]));
    assert_eq!(orders.matches(&path("/v1/orders/a%20b")), Some(vec![("id", "a b")]));
    for other in ["/v1/orders", "/v1/orders/", "/v1/orders/42/", "/v1/orders/42/x"] {
        assert_eq!(orders.matches(&path(other)), None, "{other:?}");
    }
}

#[test]
fn a_capture_may_have_text_around_it() {
    for (text, target, value) in [
        ("/r/{name}.json", "/r/may.json", "may"),
        ("/r/{name}.json", "/r/.json.json", ".json"),
        ("/jobs/{id}:cancel", "/jobs/7:cancel", "7"),
        ("/v{version}/x", "/v2/x", "2"),
        ("/a{b}.a", "/aa.a.a", "a.a"),
        ("/{user-id}", "/7", "7"),
        ("/{n} é", "/a%20%C3%A9", "a"),
    ] {
        let (pattern, path) = (pattern(text), path(target));
        let found = pattern.matches(&path).and_then(|mut captures| captures.pop());
        assert_eq!(found.map(|(_, value)| value), Some(value), "{text} {target}");
        assert_eq!(pattern.to_string(), text);
    }
    for (text, target) in [
        ("/r/{name}.json", "/r/.json"),
        ("/r/{name}.json", "/r/may.JSON"),
        ("/r/{name}.json", "/r/may/june.json"),
        ("/r/{name}.json", "/r/may.json/"),
        ("/jobs/{id}:cancel", "/jobs/7"),
        ("/jobs/{id}:cancel", "/jobs/:cancel"),
        ("/v{version}/x", "/v/x"),
        ("/a{b}.a", "/a.a"),
    ] {
        assert!(!matches(text, target), "{text} {target}");
    }
    for text in [
        "/{a}b",
        "/{a}1",
        "/{a}\u{e9}",
        "/{a}{b}",
        "/{a}-{b}",
        "/:{a}",
        "/{a}%",
        "/{a}.*",
        "/{*r}.json",
        "/x{*r}",
        "/{a}.}",
    ] {
        assert!(PathPattern::parse(text).is_err(), "{text}");
    }
}

#[test]
fn captures_with_text_cover_and_meet_as_their_text_allows() {
    for (one, other, covers, meets) in [
        ("/{a}", "/{a}.json", true, true),
        ("/{a}.json", "/{a}", false, true),
        ("/{a}.json", "/{a}.x.json", true, true),
        ("/{a}.json", "/{a}.xml", false, false),
        ("/a{b}", "/ab{c}", true, true),
        ("/a{b}", "/{c}.d", false, true),
        ("/a{b}", "/b{c}", false, false),
        ("/a{b}.c", "/ab.c", true, true),
        ("/a{b}.c", "/a.c", false, false),
        ("/ab.c", "/a{b}.c", false, true),
    ] {
        let (one, other) = (pattern(one), pattern(other));
        assert_eq!((one.covers(&other), one.meets(&other)), (covers, meets), "{one} {other}");
        assert_eq!(other.meets(&one), meets, "{one} {other}");
    }
}

#[test]
fn a_rest_is_zero_or_more_segments() {
    let files = pattern("/files/{*rest}");
    for (target, rest) in
        [("/files", ""), ("/files/", ""), ("/files/a", "a"), ("/files/a/b/", "a/b/")]
    {
        assert_eq!(files.matches(&path(target)), Some(vec![("rest", rest)]), "{target:?}");
    }
    for other in ["/", "/filesystem", "/file", "/files2/a", "/x/files/a"] {
        assert_eq!(files.matches(&path(other)), None, "{other:?}");
    }
    assert!(matches("/{*all}", "/") && matches("/{*all}", "/a") && matches("/{*all}", "/a/b/"));
}

#[test]
fn the_error_of_a_foreign_rest_shows_the_syntax_to_write() {
    for (written, here) in [
        ("/files/{proxy+}", "`{*proxy}`"),
        ("/{Proxy+}", "`{*proxy}`"),
        ("/{file-path+}", "`{*file_path}`"),
        ("/{9+}", "`{*rest}`"),
        ("/{+path}", "`{*path}`"),
        ("/{path...}", "`{*path}`"),
        ("/{path:.*}", "`{*path}`"),
        ("/{path:path}", "`{*path}`"),
        ("/{**path}", "`{*path}`"),
        ("/{proxy+}/more", "`{*proxy}`"),
    ] {
        let error = PathPattern::parse(written).unwrap_err().to_string();
        assert!(error.contains(here), "{written}: {error}");
    }
    assert!(PathPattern::parse("$default").unwrap_err().to_string().contains("`/{*rest}`"));
}

#[test]
fn captures_come_in_the_order_of_the_pattern() {
    let all = pattern("/{tenant}/files/{_2}/{*rest}");
    assert_eq!(
        all.matches(&path("/acme/files/7/a/b")),
        Some(vec![("tenant", "acme"), ("_2", "7"), ("rest", "a/b")])
    );
    assert_eq!(all.matches(&path("/acme/files/7")).unwrap()[2], ("rest", ""));
    assert_eq!(all.matches(&path("/acme/files/")), None);
}

#[test]
fn a_misleading_pattern_is_refused() {
    let owned = str::to_owned;
    for (text, error) in [
        ("", PatternError::NoSlash),
        ("v1", PatternError::NoSlash),
        ("//", PatternError::EmptySegment),
        ("/a//b", PatternError::EmptySegment),
        ("/a//{*rest}", PatternError::EmptySegment),
        ("/a/../b", PatternError::DotSegment(owned(".."))),
        ("/.", PatternError::DotSegment(owned("."))),
        ("/a%20b", PatternError::Percent(owned("a%20b"))),
        ("/a?b=c", PatternError::Delimiter(owned("a?b=c"))),
        ("/a#b", PatternError::Delimiter(owned("a#b"))),
        ("/a/*", PatternError::ForeignWildcard(owned("*"))),
        ("/a/**", PatternError::ForeignWildcard(owned("**"))),
        ("/a/:id", PatternError::ForeignWildcard(owned(":id"))),
        ("/{id}x", PatternError::Suffix(owned("{id}x"))),
        ("/{*rest}.json", PatternError::Brace(owned("{*rest}.json"))),
        ("/:{id}", PatternError::ForeignWildcard(owned(":{id}"))),
        ("/{id}%2e", PatternError::Percent(owned("{id}%2e"))),
        ("/{id", PatternError::Brace(owned("{id"))),
        ("/{a}-{b}", PatternError::Brace(owned("{a}-{b}"))),
        ("/{}", PatternError::Name(owned(""))),
        ("/{*}", PatternError::Name(owned(""))),
        ("/{Id}", PatternError::Name(owned("Id"))),
        ("/{1a}", PatternError::Name(owned("1a"))),
        (
            "/{**rest}",
            PatternError::ForeignRest { segment: owned("{**rest}"), name: owned("rest") },
        ),
        ("/{id}/{id}", PatternError::DuplicateName(owned("id"))),
        ("/{id}/{*id}", PatternError::DuplicateName(owned("id"))),
        ("/{*rest}/a", PatternError::RestNotLast(owned("rest"))),
        ("/{*rest}/", PatternError::RestNotLast(owned("rest"))),
    ] {
        assert_eq!(PathPattern::parse(text), Err(error), "{text:?}");
    }
    for (segment, reason) in [
        ("a;b", PathRefused::PathParameter),
        ("a\\b", PathRefused::Backslash),
        ("a\0", PathRefused::Nul),
        ("a\n", PathRefused::ControlCharacter),
    ] {
        let error = PatternError::Unmatchable { segment: owned(segment), reason };
        assert_eq!(PathPattern::parse(&format!("/{segment}")), Err(error), "{segment:?}");
    }
}

#[test]
fn one_pattern_covers_another_if_it_matches_all_of_its_paths() {
    for (wide, narrow) in [
        ("/a", "/a"),
        ("/{x}", "/a"),
        ("/{x}", "/{y}"),
        ("/a/{x}", "/a/b"),
        ("/{*rest}", "/"),
        ("/{*rest}", "/a/{x}/{*rest}"),
        ("/a/{*rest}", "/a"),
        ("/a/{*rest}", "/a/"),
        ("/a/{*x}", "/a/{*y}"),
        ("/{x}/{*rest}", "/{y}"),
    ] {
        assert!(pattern(wide).covers(&pattern(narrow)), "{wide} {narrow}");
    }
    for (one, other) in [
        ("/a", "/b"),
        ("/a", "/{x}"),
        ("/a", "/a/"),
        ("/{x}", "/"),
        ("/a/{x}", "/a/"),
        ("/{x}", "/{*rest}"),
        ("/{x}/{*rest}", "/{*rest}"),
        ("/a/b/{*rest}", "/a/{*rest}"),
        ("/a/{*rest}", "/{x}/{*rest}"),
        ("/{x}/b", "/a/{y}"),
    ] {
        assert!(!pattern(one).covers(&pattern(other)), "{one} {other}");
    }
}

#[test]
fn two_patterns_meet_if_one_path_matches_both() {
    for (one, other) in [
        ("/a", "/{x}"),
        ("/a/{x}", "/{y}/b"),
        ("/{*rest}", "/a/b"),
        ("/a/{*rest}", "/a"),
        ("/a/{*rest}", "/{x}/b/{*rest}"),
    ] {
        assert!(pattern(one).meets(&pattern(other)), "{one} {other}");
        assert!(pattern(other).meets(&pattern(one)), "{other} {one}");
    }
    for (one, other) in [
        ("/a", "/b"),
        ("/a", "/a/"),
        ("/{x}", "/"),
        ("/a/b/{*rest}", "/a"),
        ("/a/{x}", "/b/{*rest}"),
    ] {
        assert!(!pattern(one).meets(&pattern(other)), "{one} {other}");
        assert!(!pattern(other).meets(&pattern(one)), "{other} {one}");
    }
}

fn any_pattern() -> impl Strategy<Value = PathPattern> {
    let segment = prop::sample::select(vec!["a", "b", "{}"]);
    let end = prop::sample::select(vec!["", "/", "/{*rest}"]);
    (prop::collection::vec(segment, 0..4), end).prop_map(|(segments, end)| {
        let mut text = String::new();
        for (index, segment) in segments.iter().enumerate() {
            text.push('/');
            text.push_str(&segment.replace("{}", &format!("{{c{index}}}")));
        }
        text.push_str(if text.is_empty() && end.is_empty() { "/" } else { end });
        pattern(&text)
    })
}

/// Returns every path of up to five segments over an alphabet with one text that the patterns lack.
fn all_paths() -> Vec<NormalPath> {
    let mut stems = vec![String::new()];
    let mut paths = vec!["/".to_owned()];
    for _ in 0..5 {
        stems =
            stems.iter().flat_map(|stem| ["a", "b", "z"].map(|s| format!("{stem}/{s}"))).collect();
        paths.extend(stems.iter().flat_map(|stem| [stem.clone(), format!("{stem}/")]));
    }
    paths.iter().map(|target| path(target)).collect()
}

#[test]
fn a_pattern_covers_another_exactly_if_it_matches_all_its_paths() {
    let paths = all_paths();
    proptest!(|(one in any_pattern(), other in any_pattern())| {
        let included = paths.iter().all(|path| !other.is_match(path) || one.is_match(path));
        prop_assert_eq!(one.covers(&other), included, "{} {}", one, other);
    });
}

proptest! {
    #[test]
    fn a_parsed_pattern_prints_as_it_was_written(
        text in r"(/(\{\*?[a-c_]{0,2}\}|[a-c.%;* ]{0,3})){1,4}|.*") {
        if let Ok(parsed) = PathPattern::parse(&text) {
            prop_assert_eq!(parsed.to_string(), text);
        }
    }

    #[test]
    fn a_literal_pattern_can_be_requested(text in r"/[^/%]{1,5}") {
        if let Ok(parsed) = PathPattern::parse(&text) {
            let request = NormalPath::from_decoded(&text).unwrap();
            prop_assert!(!parsed.is_match(&path("/")));
            if parsed.literal_prefix().1 == 1 {
                prop_assert!(parsed.is_match(&path(&request.forwarded())));
            }
        }
    }
}
