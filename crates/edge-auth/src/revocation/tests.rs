//! Pinned formats. Another implementation computed the bytes that these tests expect.

use edge_auth_token::{Secret, Timestamp};

use super::chain::Cursor;
use super::entry::Event;
use super::record::{PendingEntry, open, seal};
use super::snapshot::{Manifest, SnapshotContent};
use super::status::{RevocationStatus, StatusKind};
use super::target::Target;
use super::{Identifier, RevocationSecret, RevocationSecrets};

const MARK: &str = "6625416fa3c6341925f4c9357d5d0edd";
const RECORD: &str = r#"{"secret":"45822ef0","mac":"E4sDbk93Qtl2C-Z1zDYooHxFZ99hVvMc0kVdlSQ0M3o","body":"{\"schema\":2,\"previous\":\"CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk\",\"says\":{\"revoked\":{\"kind\":\"token\",\"issuer\":\"https://login.example.com/\",\"id\":\"leaked\"}},\"by\":\"cli:ann\",\"reason\":\"it was \\\"copied\\\"\",\"at\":1700000000000,\"until\":1800000000000}"}"#;
const MANIFEST: &str = r#"{"secret":"45822ef0","mac":"tNrgw15N3y1kPwMHsLpK5mN7tkDW8JfFb9DCE4YBtdA","body":"{\"schema\":3,\"link\":\"CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk\",\"ancestors\":[[3,\"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM\"]],\"timed\":1,\"filtered\":1,\"index\":[\"ccATAu0Euh_bWpOxMYBPFglQyjWJcqC3Cp8zrU4T4D8\"],\"pages\":[\"3_iI6e2aiYGFTubnzPJnFvMgaFUlWLjKCOE7_JSs3MQ\"]}"}"#;
const PREVIOUS: [u8; 32] = [9; 32];

fn secrets() -> RevocationSecrets {
    let secret = RevocationSecret::new(&Secret::new([1; 32])).unwrap();
    RevocationSecrets::new(secret, Vec::new()).unwrap()
}

fn text(text: &str) -> Identifier {
    Identifier::try_from(text.to_owned()).unwrap()
}

fn token() -> Target {
    Target::Token { issuer: text("https://login.example.com/"), id: text("leaked") }
}

#[test]
fn a_records_bytes_are_unchanged() {
    let pending = PendingEntry {
        event: Event::Revoked(token()),
        by: "cli:ann".to_owned(),
        reason: "it was \"copied\"".to_owned(),
        at: Timestamp::from_seconds(1_700_000_000),
        until: Some(Timestamp::from_seconds(1_800_000_000)),
    };
    let (record, entry) = seal(&secrets(), &pending, 7, PREVIOUS).unwrap();
    assert_eq!(record.document, RECORD);
    assert_eq!((record.sequence, record.mark.as_str()), (7, MARK));
    assert_eq!(record.expires_at, Some(Timestamp::from_seconds(1_800_086_400)));
    assert_eq!(open(&secrets(), &record).unwrap(), entry);
}

#[test]
fn a_snapshots_bytes_are_unchanged() {
    let secrets = secrets();
    let subject = Target::Subject {
        issuer: text("https://login.example.com/"),
        subject: text("alice"),
        before: Timestamp::from_seconds(1_700_000_000),
    };
    let mut content = SnapshotContent::default();
    let secret = secrets.current().unwrap();
    for target in [token(), subject] {
        let state = StatusKind::Revoked { before: target.before() };
        let status = RevocationStatus { sequence: 7, state, until: None };
        content.put(secret.mark(target.key()), status);
    }
    let end = Cursor { sequence: 7, link: PREVIOUS };
    let ancestors = vec![Cursor { sequence: 3, link: [3; 32] }];
    let written = content.write(&secrets, "0000000007000001", end, ancestors).unwrap();
    // The manifest has a digest of each part.
    assert_eq!(written.record().document, MANIFEST);
    assert_eq!(Manifest::open(&secrets, written.record()).unwrap().end, end);
}
