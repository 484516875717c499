//! Fuzzes the path normaliser: a normal path has one reading, and parses to itself.

#![no_main]

use edge_auth::route::{NormalPath, cut_prefix};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|target: &str| {
    if let Some(rest) = cut_prefix(target, "/authorize") {
        assert_eq!(["/authorize", rest].concat(), target);
    }
    if let Ok((path, query)) = NormalPath::parse(target) {
        assert_eq!(query, target.split_once('?').map(|(_, query)| query));
        is_normal(&path);
        let again = NormalPath::parse(&path.forwarded()).map(|(path, _)| path);
        assert_eq!(again.as_ref(), Ok(&path), "the forwarded path is the matched path");
    }
    if let Ok(path) = NormalPath::from_decoded(target) {
        assert_eq!(path.decoded(), target);
        is_normal(&path);
        let again = NormalPath::parse(&path.forwarded()).map(|(path, _)| path);
        assert_eq!(again.as_ref(), Ok(&path));
    }
});

fn is_normal(path: &NormalPath) {
    let decoded = path.decoded();
    assert!(decoded.starts_with('/'));
    assert!(!decoded.contains("//"));
    assert!(decoded.split('/').all(|segment| segment != "." && segment != ".."));
    assert!(
        !decoded.contains(|character: char| character.is_control() || "\\;".contains(character))
    );
    for bytes in decoded.as_bytes().windows(3) {
        let is_escape = bytes[0] == b'%' && bytes[1..].iter().all(u8::is_ascii_hexdigit);
        assert!(!is_escape, "a second decoding would change the path");
    }

    let forwarded = path.forwarded();
    assert!(forwarded.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\\;\"<>".contains(&byte)));
    for delimiter in ["%2f", "%2F", "%5c", "%5C", "%00", "%3b", "%3B", "%2e", "%2E"] {
        assert!(!forwarded.contains(delimiter), "{delimiter}");
    }
}
