//! Fuzzes redaction: a logged text never contains a key or token, with any escapes and at any
//! length, and the number of steps is linear in the length that is kept.

#![no_main]

use std::sync::LazyLock;

use edge_auth::api_key::{
    ApiKeyProfile, DigestAlgorithm, ImportedFormat, KeyFormat, Pepper, Peppers,
};
use edge_auth::redact::Redactor;
use edge_auth_token::Secret;
use libfuzzer_sys::fuzz_target;

/// The end of each credential, which other texts do not contain.
const MARK: &str = "0Z";
const CREDENTIALS: [&str; 4] = [
    "acme_live_JqLnGnsgWXy7zc2AdE0Z",
    "legacy_Jq+Ln/Gnsg~WXy7zc2A0Z",
    "edge-auth-admin_JqLnGnsgWXy7zc2A0Z",
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl0Z",
];

static REDACTOR: LazyLock<Redactor> = LazyLock::new(|| {
    let native =
        ApiKeyProfile::native("partners", KeyFormat::new("acme", "live").unwrap(), peppers())
            .unwrap();
    let format = ImportedFormat::new(DigestAlgorithm::Sha256, Some("legacy_")).unwrap();
    let imported = ApiKeyProfile::imported("legacy", format, peppers()).unwrap();
    Redactor::new([&native, &imported])
});

fuzz_target!(|input: (&str, &str, u8, &[u8], u16)| {
    let (before, after, which, choices, most) = input;
    let most = usize::from(most);
    bounded(before, most);

    if is_fair(before) && is_fair(after) {
        let credential = CREDENTIALS[usize::from(which) % CREDENTIALS.len()];
        let text = format!("{before}/{}/{after}", encoded(credential, choices));
        bounded(&text, most);
        let shown = REDACTOR.hide(&text, most);
        for reading in readings(shown) {
            assert!(!reading.contains(MARK), "{text}: {reading}");
        }
    }
});

/// Excludes texts with the mark, and texts with an escape that could absorb the credential's first
/// letters.
fn is_fair(text: &str) -> bool {
    !text.to_ascii_lowercase().contains(&MARK.to_ascii_lowercase()) && !text.contains('%')
}

fn peppers() -> Peppers {
    let pepper = Pepper::new(&Secret::new("a pepper of at least thirty-two bytes")).unwrap();
    Peppers::new(pepper, Vec::new(), Vec::new()).unwrap()
}

fn bounded(text: &str, most: usize) {
    let mut steps = 0;
    let shown = REDACTOR.hide_counting(text, most, &mut steps);
    let kept = most.min(text.len());
    assert!(shown.len() <= 20 * kept + 20);
    assert!(steps <= 600 * kept + 600, "{steps} steps for {kept} bytes");
    let again = REDACTOR.hide(&shown, usize::MAX);
    assert!(again == shown || text.contains('%'), "{shown} is redacted once more: {again}");
}

/// Escapes some characters, some of them twice, some in overlong UTF-8.
fn encoded(text: &str, choices: &[u8]) -> String {
    let mut out = String::new();
    for (at, byte) in text.bytes().enumerate() {
        match choices.get(at).copied().unwrap_or(9) % 10 {
            0 => out.push_str(&format!("%{byte:02x}")),
            1 => out.push_str(&format!("%{byte:02X}")),
            2 => out.push_str(&format!("%25{byte:02x}")),
            3 => out.push_str(&format!("%2525{byte:02X}")),
            4 => out.push_str(&format!("%{:02X}%{:02x}", 0xC0 | byte >> 6, 0x80 | byte & 0x3F)),
            5 => out.push_str(&format!("%u00{byte:02X}")),
            6 => out.push_str(&format!("%E0%{:02X}%{:02X}", 0x80 | byte >> 6, 0x80 | byte & 0x3F)),
            _ => out.push(char::from(byte)),
        }
    }
    out
}

/// Returns a text as readers see it that resolve escapes once, twice and so on.
fn readings(text: String) -> Vec<String> {
    let mut readings = vec![text];
    loop {
        let next = decoded(&readings[readings.len() - 1]);
        if next == readings[readings.len() - 1] || readings.len() > 8 {
            return readings;
        }
        readings.push(next);
    }
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(|_| bytes[at] == b'%')
        {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
