//! Paths that go on as they were sent, because whoever asks forwards what the client wrote,
//! whatever the gate has matched: a proxy, an API with an authorizer, an application.

use super::path::{PathRefused, encode_segment, has_dot_segments};
use super::pattern::{PathPattern, Segment};

/// The rule: a path may go on as it was sent only if it has no dot segment, in any spelling, and if
/// each segment, or part of one, that the deciding pattern writes out is spelled as
/// [`forwarded`](super::NormalPath::forwarded) would spell it, but for the case of hexadecimal
/// digits.
///
/// Then every reader finds the rule that decided: whoever resolves dot segments and whoever does
/// not, whoever decodes escapes, which ones ever, and whoever compares the text as it came. What
/// stands for `{id}` or `{*rest}` may be escaped in any way, since any text there is that rule's.
/// `pattern` is `None` where no rule decides.
///
/// `target` is one that [`NormalPath::parse`](super::NormalPath::parse) takes, and that the pattern
/// matches.
pub fn check_forwardable_verbatim(
    target: &str,
    pattern: Option<&PathPattern>,
) -> Result<(), PathRefused> {
    if has_dot_segments(target) {
        return Err(PathRefused::DotSegmentForwarded);
    }
    let path = target.split('?').next().unwrap_or_default();
    // Without dot segments, those of the path and of the pattern stand side by side.
    let sent = path.split('/').skip(1);
    let written_out = pattern.map(PathPattern::segments).unwrap_or_default();
    let plain = written_out.iter().zip(sent).all(|(segment, sent)| is_plain(segment, sent));
    if plain { Ok(()) } else { Err(PathRefused::EscapeForwarded) }
}

/// Whether what a segment of a pattern writes out is spelled plainly.
fn is_plain(segment: &Segment, sent: &str) -> bool {
    match segment {
        Segment::Literal(literal) => are_same(encode_segment(literal).as_ref(), sent),
        Segment::Capture { prefix, suffix, .. } => {
            let (prefix, suffix) =
                (encode_segment(prefix).to_string(), encode_segment(suffix).to_string());
            let Some(inner) = sent.len().checked_sub(prefix.len() + suffix.len()) else {
                return false;
            };
            let front = sent.get(..prefix.len()).is_some_and(|front| are_same(&prefix, front));
            let end = sent.get(prefix.len() + inner..).is_some_and(|end| are_same(&suffix, end));
            inner > 0 && front && end
        }
    }
}

/// Whether two spellings are the same, `%c3` and `%C3` included.
fn are_same(one: &str, other: &str) -> bool {
    let mut digits = 0_u8;
    let alike = |(one, other): (u8, u8)| {
        let same = if digits > 0 { one.eq_ignore_ascii_case(&other) } else { one == other };
        digits = if one == b'%' { 2 } else { digits.saturating_sub(1) };
        same
    };
    one.len() == other.len() && one.bytes().zip(other.bytes()).all(alike)
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
    fn dot_segments_are_refused_in_every_spelling_and_without_a_rule_too() {
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
    fn what_a_rule_writes_out_is_spelled_plainly() {
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
    fn text_around_a_capture_is_spelled_plainly_and_the_rest_as_the_client_likes() {
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
    fn what_stands_for_a_name_is_escaped_as_the_client_likes() {
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

    /// Somebody who reads a path that was forwarded to it raw, into segments.
    type Reader = fn(&str) -> Vec<String>;

    /// How a reader spells what a rule writes out.
    type Spelling = fn(&str) -> String;

    fn literally(path: &str) -> Vec<String> {
        path.split('/').skip(1).map(str::to_owned).collect()
    }

    fn decoded(path: &str) -> Vec<String> {
        let decode =
            |segment: String| percent_decode_str(&segment).decode_utf8_lossy().into_owned();
        literally(path).into_iter().map(decode).collect()
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
        let mut digits = 0;
        let upper = |c: char| {
            let c = if digits > 0 { c.to_ascii_uppercase() } else { c };
            digits = if c == '%' { 2 } else { (digits - 1).max(0) };
            c
        };
        path.chars().map(upper).collect()
    }

    fn reads_as(pattern: &PathPattern, rest: bool, segments: &[String], spelled: Spelling) -> bool {
        let own = pattern.segments();
        let fits = if rest { segments.len() >= own.len() } else { segments.len() == own.len() };
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
            let named = |(i, segment): (usize, &&str)| {
                format!("/{}", segment.replace("{}", &format!("{{c{i}}}")))
            };
            segments.iter().enumerate().map(named).chain([end.to_owned()]).collect()
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

        /// On a host that cannot rewrite, a request is allowed only if what is forwarded raw is, to
        /// every reader, under the rule that was matched.
        #[test]
        fn every_reader_of_what_is_kept_finds_the_rule_that_decided(
            patterns in prop::collection::vec(pattern(), 1..5),
            target in target(),
        ) {
            let patterns: Vec<_> = patterns.iter().map(|text| PathPattern::parse(text).unwrap()).collect();
            let rest = |pattern: &PathPattern| pattern.to_string().ends_with("/{*rest}");
            let routes = patterns.iter().cloned();
            let routes = routes.map(|path| Route { host: None, path, methods: Methods::all() });
            let router = Router::new(routes.collect());
            let Ok((path, _)) = NormalPath::parse(&target) else { return Ok(()) };
            let decided = router.index_of(None, &path, "GET");
            if let Some(index) = decided && check_forwardable_verbatim(&target, Some(&patterns[index])).is_ok() {
                for (read, spelled) in READERS {
                    let segments = read(&upper_hex(&target));
                    let found = patterns.iter().position(|one| reads_as(one, rest(one), &segments, spelled));
                    prop_assert_eq!(found, decided, "{} {:?}", target, segments);
                }
            }
        }

        #[test]
        fn what_a_gateway_forwards_could_have_been_kept(target in target(), text in pattern()) {
            let pattern = PathPattern::parse(&text).unwrap();
            if let Ok((path, _)) = NormalPath::parse(&target) && pattern.is_match(&path) {
                prop_assert_eq!(check_forwardable_verbatim(&path.forwarded(), Some(&pattern)), Ok(()));
            }
        }

        #[test]
        fn no_input_panics(target in any::<String>(), text in pattern()) {
            let _ = check_forwardable_verbatim(&target, Some(&PathPattern::parse(&text).unwrap()));
        }
    }
}
