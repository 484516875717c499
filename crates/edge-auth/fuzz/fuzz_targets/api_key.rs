//! Fuzzes API keys: arbitrary texts, and keys that this target issues with the input as randomness
//! and then damages.

#![no_main]

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use edge_auth::api_key::{
    ApiKeyProfile, DigestAlgorithm, Expiry, ImportedFormat, KeyFormat, NewKey, Pepper, Peppers,
};
use edge_auth::platform::{ApiKeyRecord, Randomness, Unavailable};
use edge_auth::scopes::Scopes;
use edge_auth_token::{Secret, Timestamp};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

static NATIVE: LazyLock<ApiKeyProfile> = LazyLock::new(|| {
    ApiKeyProfile::native("partners", KeyFormat::new("acme", "live").unwrap(), peppers()).unwrap()
});
static IMPORTED: LazyLock<ApiKeyProfile> = LazyLock::new(|| {
    let format = ImportedFormat::new(DigestAlgorithm::Sha256, None).unwrap();
    ApiKeyProfile::imported("legacy", format, peppers()).unwrap()
});

fuzz_target!(|input: (&str, [u8; 41], u8, char)| {
    let (text, random, place, with) = input;
    not_issued(text);
    issued(random, usize::from(place), with);
});

fn not_issued(text: &str) {
    assert!(NATIVE.parse(text).is_err(), "a tag of 35 bits was guessed");
    let record = ApiKeyRecord {
        id: "k".to_owned(),
        document: text.to_owned(),
        version: 1,
        expires_at: None,
    };
    assert!(NATIVE.open(&record).is_err(), "a MAC was guessed");
    if let Ok(presented) = IMPORTED.parse(text) {
        let again = IMPORTED.parse(text).expect("as before");
        assert_eq!(presented.record_id(), again.record_id());
        assert!(presented.record_id().len() <= 128);
    }
}

/// Checks that an issued key is read back, and that one changed character makes it invalid.
fn issued(random: [u8; 41], place: usize, with: char) {
    let new = NewKey {
        label: None,
        owner: None,
        tenant: None,
        scopes: Scopes::All,
        expires: Expiry::Never,
        networks: Vec::new(),
        metadata: BTreeMap::new(),
    };
    let (key, text) =
        NATIVE.issue(new, &Given(Mutex::new(random.to_vec())), NOW).expect("good terms");
    let text = text.expose();
    let presented = NATIVE.parse(text).expect("just issued");
    assert_eq!(presented.record_id(), key.id());
    assert_eq!(text.get(10..28), Some(key.id()));
    assert_eq!(key.check(&presented, None, NOW), Ok(()));

    let sealed = key.seal().expect("a small record");
    let opened = NATIVE.open(&sealed).expect("just sealed");
    assert_eq!(opened.seal().as_ref(), Ok(&sealed));
    assert_eq!(opened.check(&presented, None, NOW), Ok(()));

    let place = place % text.len();
    let (before, after) = (&text[..place], &text[place + 1..]);
    for damaged in
        [format!("{before}{with}{after}"), format!("{before}{after}"), format!("{text}{with}")]
    {
        if damaged != text {
            if let Ok(presented) = NATIVE.parse(&damaged) {
                let found = key.check(&presented, None, NOW);
                assert!(found.is_err(), "{damaged} for {text}");
            }
        }
    }
}

fn peppers() -> Peppers {
    let pepper = Pepper::new(&Secret::new("a pepper of at least thirty-two bytes")).unwrap();
    Peppers::new(pepper, Vec::new(), Vec::new()).unwrap()
}

/// Returns the given bytes as randomness, from the end.
struct Given(Mutex<Vec<u8>>);

impl Randomness for Given {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable> {
        let mut left = self.0.lock().unwrap();
        for byte in bytes {
            *byte = left.pop().unwrap_or_default();
        }
        Ok(())
    }
}
