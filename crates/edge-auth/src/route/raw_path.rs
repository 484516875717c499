//! Paths that reach the upstream unchanged, because a proxy, an API with an authorizer or an
//! application forwards them, and not the gate.

use super::path::{PathRefused, encode_segment, has_dot_segments};
use super::pattern::{PathPattern, Segment};

/// Checks that a path may be forwarded unchanged. It must have no dot segments, in any spelling.
/// The literal parts of the deciding pattern must be spelled as
/// [`forwarded`](super::NormalPath::forwarded) spells them, except for the case of hexadecimal
/// digits.
///
/// Then every reader finds the deciding rule, whether it resolves dot segments or not, and whether
/// it decodes all escapes, some or none. The client may escape the text for `{id}` or `{*rest}` in
/// any way, because any text there belongs to that rule. `pattern` is `None` if no rule decides.
///
/// The caller guarantees that [`NormalPath::parse`](super::NormalPath::parse) accepts `target` and
/// that the pattern matches it.
pub fn check_forwardable_verbatim(
    target: &str,
    pattern: Option<&PathPattern>,
) -> Result<(), PathRefused> {
    if has_dot_segments(target) {
        return Err(PathRefused::DotSegmentForwarded);
    }
    let path = target.split('?').next().unwrap_or_default();
    let Some(pattern) = pattern else { return Ok(()) };
    // Without dot segments, the segments of path and pattern correspond.
    for (segment, sent) in pattern.segments().iter().zip(path.split('/').skip(1)) {
        if !is_plain(segment, sent) {
            return Err(PathRefused::EscapeForwarded);
        }
    }
    Ok(())
}

/// Returns whether the literal parts of a segment are sent in their plain spelling.
fn is_plain(segment: &Segment, sent: &str) -> bool {
    match segment {
        Segment::Literal(literal) => are_same(encode_segment(literal).as_ref(), sent),
        Segment::Capture { prefix, suffix, .. } => {
            let (prefix, suffix) = (encode_segment(prefix), encode_segment(suffix));
            if sent.len() <= prefix.len() + suffix.len() {
                return false;
            }
            let Some((front, _)) = sent.split_at_checked(prefix.len()) else { return false };
            let Some((_, end)) = sent.split_at_checked(sent.len() - suffix.len()) else {
                return false;
            };
            are_same(&prefix, front) && are_same(&suffix, end)
        }
    }
}

/// Returns whether two spellings are the same, apart from the case of the digits of escapes.
fn are_same(one: &str, other: &str) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut digits = 0_u8;
    for (one, other) in one.bytes().zip(other.bytes()) {
        let same = if digits > 0 { one.eq_ignore_ascii_case(&other) } else { one == other };
        if !same {
            return false;
        }
        digits = if one == b'%' { 2 } else { digits.saturating_sub(1) };
    }
    true
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;
    use crate::route::{Methods, NormalPath, Route, Router};

    fn forwardable(target: &str, pattern: &str) -> Result<(), PathRefused> {
        let pattern = PathPattern::parse(pattern).unwrap();
        assert!(pattern.is_match(&NormalPath::parse(target).unwrap().0), "{pattern} {target}");
        check_forwardable_verbatim(target, Some(&pattern))
    }

    #[test]
    fn dot_segments_are_refused_in_every_spelling_with_and_without_a_rule() {
        for target in ["/a/../b", "/a/%2e%2E/b", "/b/.", "/%2e/b", "/a/.%2e/b", "/b/x/..?c"] {
            assert_eq!(
                check_forwardable_verbatim(target, None),
                Err(PathRefused::DotSegmentForwarded),
                "{target}"
            );
            assert_eq!(
                forwardable(target, "/{*rest}"),
                Err(PathRefused::DotSegmentForwarded),
                "{target}"
            );
        }
        assert_eq!(check_forwardable_verbatim("/a?x=/../b", None), Ok(()));
        assert_eq!(check_forwardable_verbatim("/a/..b/...", None), Ok(()));
    }

    #[test]
    fn literal_parts_of_a_rule_must_be_sent_without_escapes() {
        for target in ["/%61dmin/x", "/adm%69n/x", "/%61%64%6d%69%6e/x"] {
            assert_eq!(
                forwardable(target, "/admin/{*rest}"),
                Err(PathRefused::EscapeForwarded),
                "{target}"
            );
        }
        assert_eq!(forwardable("/%40team", "/@team"), Err(PathRefused::EscapeForwarded));
        assert_eq!(forwardable("/x/%6fpen", "/{tenant}/open"), Err(PathRefused::EscapeForwarded));
        assert_eq!(forwardable("/caf\u{e9}", "/caf\u{e9}"), Err(PathRefused::EscapeForwarded));
        for spelling in ["/caf%C3%A9", "/caf%c3%a9", "/caf%C3%a9"] {
            assert_eq!(forwardable(spelling, "/caf\u{e9}"), Ok(()));
        }
        assert_eq!(forwardable("/@team/", "/@team/"), Ok(()));
    }

    #[test]
    fn text_around_a_capture_must_be_sent_without_escapes() {
        for target in ["/r/may.json", "/r/%6day.json", "/r/a%41b.json", "/r/\u{e9}.json"] {
            assert_eq!(forwardable(target, "/r/{name}.json"), Ok(()), "{target}");
        }
        for target in ["/r/may%2Ejson", "/r/may.%6ason", "/r/may.jso%6e"] {
            assert_eq!(
                forwardable(target, "/r/{name}.json"),
                Err(PathRefused::EscapeForwarded),
                "{target}"
            );
        }
        assert_eq!(forwardable("/%762/x", "/v{version}/x"), Err(PathRefused::EscapeForwarded));
    }

    #[test]
    fn a_client_may_escape_the_text_of_a_capture() {
        for target in
            ["/users/ann%40example.com", "/users/%61nn", "/users/%7eann", "/users/\u{e9}?a=%2f"]
        {
            assert_eq!(forwardable(target, "/users/{id}"), Ok(()), "{target}");
            assert_eq!(forwardable(target, "/{*rest}"), Ok(()), "{target}");
        }
    }

    #[test]
    fn only_the_digits_of_an_escape_may_differ_in_case() {
        assert!(are_same("/%C3%A9", "/%c3%a9") && are_same("a", "a"));
        for (one, other) in [("a", "A"), ("%C3C", "%C3c"), ("%C3", "%C3a"), ("%25", "%2")] {
            assert!(!are_same(one, other), "{one} {other}");
        }
    }

    /// Splits an unchanged forwarded path into segments, as an upstream may.
    type Reader = fn(&str) -> Vec<String>;

    /// Returns a reader's spelling of a rule's literal.
    type Spelling = fn(&str) -> String;

    fn literally(path: &str) -> Vec<String> {
        path.split('/').skip(1).map(str::to_owned).collect()
    }

    fn decoded(path: &str) -> Vec<String> {
        let mut segments = literally(path);
        for segment in &mut segments {
            *segment = percent_decode_str(segment).decode_utf8_lossy().into_owned();
        }
        segments
    }

    fn resolved(segments: Vec<String>) -> Vec<String> {
        let last = segments.len() - 1;
        let mut forwardable: Vec<String> = Vec::new();
        for (index, segment) in segments.into_iter().enumerate() {
            match segment.as_str() {
                "." => forwardable.extend((index == last).then(String::new)),
                ".." => {
                    forwardable.pop();
                    forwardable.extend((index == last).then(String::new));
                }
                _ => forwardable.push(segment),
            }
        }
        forwardable
    }

    const READERS: [(Reader, Spelling); 4] = [
        (literally, |literal| encode_segment(literal).to_string()),
        (|path| resolved(literally(path)), |literal| encode_segment(literal).to_string()),
        (decoded, str::to_owned),
        (|path| resolved(decoded(path)), str::to_owned),
    ];

    fn upper_hex(path: &str) -> String {
        let mut upper = String::new();
        let mut digits = 0;
        for c in path.chars() {
            upper.push(if digits > 0 { c.to_ascii_uppercase() } else { c });
            digits = if c == '%' { 2 } else { (digits - 1).max(0) };
        }
        upper
    }

    fn reads_as(pattern: &PathPattern, segments: &[String], spelled: Spelling) -> bool {
        let own = pattern.segments();
        let fits = if pattern.has_rest() {
            segments.len() >= own.len()
        } else {
            segments.len() == own.len()
        };
        fits && own.iter().zip(segments).all(|(own, segment)| match own {
            Segment::Literal(literal) => spelled(literal) == *segment,
            Segment::Capture { prefix, suffix, .. } => {
                super::super::pattern::between(segment, &spelled(prefix), &spelled(suffix))
                    .is_some()
            }
        })
    }

    fn pattern() -> impl Strategy<Value = String> {
        let segment = prop::sample::select(vec![
            "a",
            "b",
            "@",
            "\u{e9}",
            "{}",
            "a{}",
            "{}.a",
            "{}@",
            "{}:\u{e9}",
            "a{}.a",
        ]);
        let end = prop::sample::select(vec!["", "/", "/{*rest}"]);
        (prop::collection::vec(segment, 1..3), end).prop_map(|(segments, end)| {
            let mut text = String::new();
            for (index, segment) in segments.iter().enumerate() {
                text.push('/');
                text.push_str(&segment.replace("{}", &format!("{{c{index}}}")));
            }
            text + end
        })
    }

    fn target() -> impl Strategy<Value = String> {
        let segment = prop::sample::select(vec![
            "a", "b", "@", "%40", "%61", "%62", "%C3%A9", "%c3%a9", "\u{e9}", "..", ".", "%2e%2e",
            "%2E", "x", "%78", "", "a.a", "aa.a", "a%2Ea", "%61x.a", "x@", "x%40", "%2E@",
            "x:%C3%A9", "ax.%61", ".a",
        ]);
        prop::collection::vec(segment, 1..5).prop_map(|segments| format!("/{}", segments.join("/")))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        /// On a host that cannot rewrite paths, every reader of an allowed path must find the rule
        /// that decided.
        #[test]
        fn every_reader_of_an_unchanged_path_finds_the_deciding_rule(
            patterns in prop::collection::vec(pattern(), 1..5),
            target in target(),
        ) {
            let mut parsed = Vec::new();
            let mut routes = Vec::new();
            for text in &patterns {
                let path = PathPattern::parse(text).unwrap();
                routes.push(Route { host: None, path: path.clone(), methods: Methods::all() });
                parsed.push(path);
            }
            let (patterns, router) = (parsed, Router::new(routes));
            let Ok((path, _)) = NormalPath::parse(&target) else { return Ok(()) };
            let decided = router.index_of(None, &path, "GET");
            if let Some(index) = decided
                && check_forwardable_verbatim(&target, Some(&patterns[index])).is_ok()
            {
                for (read, spelled) in READERS {
                    let segments = read(&upper_hex(&target));
                    let found = patterns.iter().position(|one| reads_as(one, &segments, spelled));
                    prop_assert_eq!(found, decided, "{} {:?}", target, segments);
                }
            }
        }

        #[test]
        fn a_gateways_forwarded_path_is_forwardable_unchanged(target in target(), text in pattern()) {
            let pattern = PathPattern::parse(&text).unwrap();
            if let Ok((path, _)) = NormalPath::parse(&target) && pattern.is_match(&path) {
                prop_assert_eq!(check_forwardable_verbatim(&path.forwarded(), Some(&pattern)), Ok(()));
            }
        }

        #[test]
        fn any_target_is_accepted_or_refused(target in any::<String>(), text in pattern()) {
            let _ = check_forwardable_verbatim(&target, Some(&PathPattern::parse(&text).unwrap()));
        }
    }
}
