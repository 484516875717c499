use proptest::prelude::*;

use super::*;

fn normal(target: &str) -> String {
    NormalPath::parse(target).unwrap().0.decoded().to_owned()
}

fn query(target: &str) -> Option<&str> {
    NormalPath::parse(target).unwrap().1
}

fn forwarded(target: &str) -> String {
    NormalPath::parse(target).unwrap().0.forwarded().into_owned()
}

fn refused(target: &str) -> PathRefused {
    match NormalPath::parse(target) {
        Err(reason) => reason,
        Ok((path, _)) => panic!("{target:?} passed as {:?}", path.decoded()),
    }
}

#[track_caller]
fn all_refused(reason: PathRefused, targets: &[&str]) {
    for target in targets {
        assert_eq!(refused(target), reason, "{target:?}");
    }
}

#[test]
fn an_ordinary_path_stays_as_it_is() {
    for path in ["/", "/a", "/a/", "/v1/orders/42", "/...", "/.well-known/x", "/a..b", "/~me/@x"] {
        assert_eq!(normal(path), path);
        assert_eq!(NormalPath::parse(path).unwrap().0.forwarded(), path);
    }
}

#[test]
fn the_query_starts_at_the_first_question_mark_and_stays_raw() {
    assert_eq!(query("/a"), None);
    assert_eq!(query("/a?"), Some(""));
    assert_eq!(query("/a?x=%2f;y=//?z=\\&u=/../b"), Some("x=%2f;y=//?z=\\&u=/../b"));
    assert_eq!(normal("/a?x=/../../b"), "/a");
    assert_eq!(normal("/?"), "/");
}

#[test]
fn an_encoded_question_mark_belongs_to_the_path_and_stays_encoded() {
    let (path, query) = NormalPath::parse("/a%3fb=c%23d").unwrap();
    assert_eq!(path.decoded(), "/a?b=c#d");
    assert_eq!(path.forwarded(), "/a%3Fb=c%23d");
    assert_eq!(query, None);
}

#[test]
fn percent_escapes_are_decoded_once() {
    assert_eq!(normal("/%61%64min"), "/admin");
    assert_eq!(normal("/caf%C3%A9/caf%c3%a9"), "/café/café");
    assert_eq!(normal("/100%25"), "/100%");
    assert_eq!(normal("/%25/%25zz"), "/%/%zz");
    assert_eq!(normal("/a%20b"), "/a b");
}

#[test]
fn a_forwarded_path_is_encoded_canonically() {
    assert_eq!(forwarded("/caf%c3%a9"), "/caf%C3%A9");
    assert_eq!(forwarded("/café"), "/caf%C3%A9");
    assert_eq!(forwarded("/%7euser"), "/~user");
    assert_eq!(forwarded("/100%25"), "/100%25");
    assert_eq!(forwarded("/%3C%22%7B|}^`%20"), "/%3C%22%7B%7C%7D%5E%60%20");
    assert_eq!(forwarded("/a-._~!$&'()*+,=:@"), "/a-._~!$&'()*+,=:@");
    assert_eq!(forwarded("/a/%2e%2e/b"), "/b");
}

#[test]
fn dot_segments_are_resolved_in_every_spelling() {
    for target in [
        "/public/../admin",
        "/public/%2e%2e/admin",
        "/public/.%2E/admin",
        "/public/%2e./admin",
        "/./admin",
        "/%2e/admin",
        "/a/b/../../admin",
        "/a/./../admin",
    ] {
        assert_eq!(normal(target), "/admin", "{target:?}");
    }
}

#[test]
fn a_dot_segment_at_the_end_leaves_a_directory() {
    assert_eq!(normal("/a/b/.."), "/a/");
    assert_eq!(normal("/a/b/../"), "/a/");
    assert_eq!(normal("/a/."), "/a/");
    assert_eq!(normal("/a/.."), "/");
    assert_eq!(normal("/."), "/");
    assert_eq!(normal("/a/b/%2e%2e?q"), "/a/");
}

#[test]
fn a_dot_segment_that_climbs_above_the_root_is_refused() {
    all_refused(
        PathRefused::AboveRoot,
        &["/..", "/../", "/../a", "/%2e%2e/a", "/a/../../b", "/a/../..", "/./../a", "/a/../../a/b"],
    );
}

#[test]
fn an_encoded_slash_is_refused_in_either_case() {
    all_refused(PathRefused::EncodedSlash, &["/a%2fb", "/a%2Fb", "/%2f", "/a/..%2fb", "/..%2F"]);
}

#[test]
fn a_backslash_is_refused_raw_and_encoded() {
    all_refused(PathRefused::Backslash, &["/a\\b", "/a%5cb", "/a%5Cb", "/..\\admin", "/\\a"]);
}

#[test]
fn an_empty_segment_is_refused() {
    all_refused(PathRefused::EmptySegment, &["//", "//a", "/a//b", "/a//", "/a/.//b", "/a//../b"]);
}

#[test]
fn nul_and_control_characters_are_refused_raw_and_encoded() {
    all_refused(PathRefused::Nul, &["/a\0", "/a%00", "/%00/b"]);
    all_refused(
        PathRefused::ControlCharacter,
        &[
            "/a\r\nb",
            "/a%0d%0ab",
            "/a\tb",
            "/a%1f",
            "/a\x7f",
            "/a%7F",
            "/a\u{85}",
            "/a%C2%85",
            "/%c2%9f",
        ],
    );
}

#[test]
fn a_raw_control_character_in_the_query_is_refused() {
    all_refused(PathRefused::ControlCharacter, &["/a?b\r\nHost:c", "/a?\0", "/a?\x7f"]);
    assert_eq!(NormalPath::parse("/a?b=%0d%0a").unwrap().1, Some("b=%0d%0a"));
}

#[test]
fn a_path_parameter_is_refused_raw_and_encoded() {
    all_refused(PathRefused::PathParameter, &["/a;x=y", "/a%3bx", "/a%3Bx", "/..;/admin", "/;"]);
}

#[test]
fn bad_utf8_is_refused() {
    // Overlong `/` and `.`, a lone surrogate, a cut-off character, one split by a slash.
    all_refused(
        PathRefused::NotUtf8,
        &["/%ff", "/%c0%af", "/%c0%ae%c0%ae/a", "/%ed%a0%80", "/%c3", "/%c3/%a9", "/%f4%90%80%80"],
    );
}

#[test]
fn a_bad_percent_escape_is_refused() {
    all_refused(
        PathRefused::BadEscape,
        &["/%", "/a%2", "/%zz", "/%4G", "/%g4", "/%:0", "/%@0", "/%u002f", "/%+1", "/%2/f", "/%2é"],
    );
}

#[test]
fn every_path_that_is_encoded_twice_is_refused() {
    all_refused(
        PathRefused::EncodedTwice,
        &[
            "/a%252fb",
            "/a%255Cb",
            "/%252e%252e/a",
            "/a%2500",
            "/a%253bb",
            "/%2561dmin",
            "/%25252f",
            "/%25%32%66",
        ],
    );
}

#[test]
fn a_fragment_or_a_raw_space_is_refused_anywhere() {
    all_refused(PathRefused::Fragment, &["/a#b", "/a?b#c", "/#"]);
    all_refused(PathRefused::Space, &["/a b", "/a?b c", "/a HTTP/1.1"]);
}

#[test]
fn only_the_origin_form_is_a_path() {
    all_refused(
        PathRefused::NotOriginForm,
        &["", "*", "?a", "a/b", "http://host/a", "host:443", "%2fa", "\\a", "./a"],
    );
}

#[test]
fn a_path_over_8_kib_is_refused_and_the_query_does_not_count() {
    let longest = format!("/{}", "a".repeat(8191));
    assert_eq!(normal(&longest), longest);
    assert_eq!(normal(&format!("{longest}?{}", "b".repeat(9000))), longest);
    assert_eq!(refused(&format!("{longest}a")), PathRefused::TooLong);
    // The length as sent counts, not the decoded one.
    assert_eq!(refused(&format!("/{}", "%61".repeat(2731))), PathRefused::TooLong);
}

#[test]
fn a_path_that_would_be_forwarded_over_8_kib_is_refused() {
    // Raw bytes grow threefold when they are encoded, and the next gate would refuse them.
    let longest = format!("/{}aa", "^".repeat(2729));
    let path = NormalPath::parse(&longest).unwrap().0;
    assert_eq!(path.forwarded().len(), 8190);
    assert_eq!(NormalPath::parse(&path.forwarded()).unwrap().0, path);
    let long = format!("/{}", "^".repeat(2731));
    assert_eq!(refused(&long), PathRefused::TooLong);
    assert_eq!(refused(&format!("/{}", "\u{e9}".repeat(1366))), PathRefused::TooLong);
    assert_eq!(NormalPath::from_decoded(&long), Err(PathRefused::TooLong));
    // Segments that dot segments remove do not count.
    assert_eq!(normal(&format!("{long}/../a")), "/a");
}

#[test]
fn a_decoded_path_is_not_decoded_again() {
    let path = NormalPath::from_decoded("/caf\u{e9}/a b/100%").unwrap();
    assert_eq!(path.decoded(), "/café/a b/100%");
    assert_eq!(path.forwarded(), "/caf%C3%A9/a%20b/100%25");
}

#[test]
fn a_decoded_path_is_refused_if_it_may_be_ambiguous() {
    for (path, reason) in [
        ("/a/../b", PathRefused::DecodedDotSegment),
        ("/a/./b", PathRefused::DecodedDotSegment),
        ("/..", PathRefused::DecodedDotSegment),
        ("/a%2fb", PathRefused::EncodedTwice),
        ("/%41", PathRefused::EncodedTwice),
        ("/a\\b", PathRefused::Backslash),
        ("/a//b", PathRefused::EmptySegment),
        ("/a;b", PathRefused::PathParameter),
        ("/a\0", PathRefused::Nul),
        ("/a\n", PathRefused::ControlCharacter),
        ("/a?b", PathRefused::DecodedDelimiter),
        ("/a#b", PathRefused::DecodedDelimiter),
        ("a", PathRefused::NotOriginForm),
    ] {
        assert_eq!(NormalPath::from_decoded(path), Err(reason), "{path:?}");
    }
    let long = format!("/{}", "a".repeat(8192));
    assert_eq!(NormalPath::from_decoded(&long), Err(PathRefused::TooLong));
}

#[test]
fn a_prefix_is_cut_at_a_segment_boundary_only() {
    assert_eq!(cut_prefix("/authorize/v1/x?y", "/authorize"), Some("/v1/x?y"));
    assert_eq!(cut_prefix("/authorize/v1/x", "/authorize/"), Some("/v1/x"));
    assert_eq!(cut_prefix("/authorize/", "/authorize"), Some("/"));
    assert_eq!(cut_prefix("/v1", "/"), Some("/v1"));
    for other in ["/authorizefoo", "/authorize;a/b", "/authorize%2fa", "/Authorize/a", "/a", "/"] {
        assert_eq!(cut_prefix(other, "/authorize"), None, "{other:?}");
    }
}

#[test]
fn another_spelling_of_the_prefix_is_not_cut() {
    for other in ["/%61uthorize/a", "/x/../authorize/a", "/./authorize/a", "//authorize/a"] {
        assert_eq!(cut_prefix(other, "/authorize"), None, "{other:?}");
    }
}

#[test]
fn a_prefix_without_a_path_is_refused_not_defaulted() {
    for target in ["/authorize", "/authorize?x=y"] {
        let rest = cut_prefix(target, "/authorize").unwrap();
        assert_eq!(refused(rest), PathRefused::NotOriginForm, "{target:?}");
    }
}

#[test]
fn a_path_that_climbs_over_its_prefix_is_refused() {
    for target in [
        "/authorize/../healthz",
        "/authorize/%2e%2e/x",
        "/authorize/a/../../healthz",
        "/authorize/..",
        "/authorize/.%2e/authorize/a",
    ] {
        let rest = cut_prefix(target, "/authorize").unwrap();
        assert_eq!(refused(rest), PathRefused::AboveRoot, "{target:?}");
    }
    assert_eq!(
        refused(cut_prefix("/authorize//a", "/authorize").unwrap()),
        PathRefused::EmptySegment
    );
}

/// Targets of the pieces that attacks use, and of any text.
fn target() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[a-c]{1,2}",
        6 => Just("/".to_owned()),
        2 => prop::sample::select(vec![".", "..", "%2e", "%2E", "%2f", "%5c", "\\", ";", "%3b", "%", "%25", "%00",
            "?", "#", "%3f", "%23", "%20", "%c3%a9", "é", "%ff", "~", "{", "=", "%7f", "\u{85}"])
            .prop_map(str::to_owned),
        1 => "%[0-9a-fA-F]{2}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

#[test]
fn only_targets_without_anything_special_are_plain() {
    for target in ["/", "/v1/orders/42", "/a/", "/a-b_c~d?x=%2f&y=..", "/a?"] {
        assert!(NormalPath::parse_plain(target).is_some(), "{target}");
    }
    for target in
        ["", "a", "*", "//", "/a//b", "/a.b", "/..", "/%61", "/a;b", "/a#", "/a?b#", "/a?b c", "/é"]
    {
        assert!(NormalPath::parse_plain(target).is_none(), "{target}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_target_is_accepted_or_refused(anything in any::<String>(), prefix in any::<String>()) {
        let _ = NormalPath::parse(&anything);
        let _ = NormalPath::from_decoded(&anything);
        let _ = cut_prefix(&anything, &prefix);
    }

    #[test]
    fn a_forwarded_path_parses_to_the_same_path(target in target()) {
        if let Ok((path, _)) = NormalPath::parse(&target) {
            let forwarded = path.forwarded();
            prop_assert!(forwarded.is_ascii());
            let (again, query) = NormalPath::parse(&forwarded).unwrap();
            prop_assert_eq!(query, None);
            prop_assert_eq!(again.forwarded(), forwarded.clone());
            prop_assert_eq!(&again, &path);
        }
    }

    #[test]
    fn a_plain_target_is_read_like_any_other(target in "/?[/a-zA-Z0-9_~-]{0,12}[?#. ;%\\\\é\u{7f}=&/]{0,3}[a-z0-9]{0,3}") {
        if let Some(parsed) = NormalPath::parse_plain(&target) {
            prop_assert_eq!(Ok(parsed), NormalPath::parse_any(&target));
        }
    }

    #[test]
    fn a_normal_path_has_one_reading(target in target()) {
        if let Ok((path, _)) = NormalPath::parse(&target) {
            let decoded = path.decoded();
            prop_assert!(decoded.starts_with('/'));
            prop_assert!(!decoded.contains("//") && !decoded.contains(['\\', ';']));
            prop_assert!(!decoded.chars().any(char::is_control));
            prop_assert!(!decoded.split('/').any(|segment| segment == "." || segment == ".."));
            let twice = percent_encoding::percent_decode_str(decoded).decode_utf8().unwrap();
            prop_assert_eq!(twice, decoded);
        }
    }

    #[test]
    fn the_encoding_of_a_letter_does_not_matter(
        before in "(/[a-z]{1,3}){0,2}/[a-z]?",
        letter in "[a-zA-Z0-9_~-]",
        after in "[a-z]?(/[a-z]{1,3}){0,2}",
    ) {
        let spelled = format!("{before}%{:02x}{after}", letter.as_bytes()[0]);
        prop_assert_eq!(normal(&spelled), format!("{before}{letter}{after}"));
    }

    #[test]
    fn nothing_under_a_prefix_leaves_it(target in target()) {
        let under = format!("/authorize{target}");
        prop_assert_eq!(cut_prefix(&under, "/authorize"), Some(target.as_str()));
        // With the prefix, the path would be under it, too.
        if let Ok((path, _)) = NormalPath::parse(&target) {
            let (whole, _) = NormalPath::parse(&under).unwrap();
            prop_assert_eq!(whole.decoded(), format!("/authorize{}", path.decoded()));
        }
    }
}
