//! An older record of an API key that was put back into the store: its MAC is right, and it is not
//! believed.

use std::time::Duration;

use edge_auth::Code;
use edge_auth::platform::{ApiKeyRecord, ApiKeys, MaybeSend, Platform, Unavailable};
use edge_auth_control::AdminError;
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_testkit::documents::DocumentSource;
use edge_auth_testkit::memory::MemoryApiKeys;
use edge_auth_testkit::platform::MemoryPlatform;
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_testkit::revocations::MemoryRevocations;
use edge_auth_token::Timestamp;
use futures::executor::block_on;

use crate::fixture::{Fixture, Instance, NOW, later};

/// A time after which an instance reads a remembered record again.
const FORGOTTEN: f64 = 20.0;

/// Returns the code and all messages for the operator of a decision about this key.
fn messages<P: Platform>(
    instance: &Instance<P>,
    key: &str,
    now: Timestamp,
) -> (Option<Code>, String) {
    let outcome = instance.outcome("/orders", ("x-api-key", key), now);
    let messages = outcome
        .audit
        .as_ref()
        .unwrap()
        .reason
        .iter()
        .chain(&outcome.notices)
        .cloned()
        .collect::<Vec<_>>();
    (outcome.code(), messages.join("; "))
}

fn record(fixture: &Fixture, id: &str) -> ApiKeyRecord {
    block_on(fixture.platform.api_keys.find(id, NOW)).unwrap().unwrap()
}

fn put_back(fixture: &Fixture, older: &ApiKeyRecord) {
    let stored = record(fixture, &older.id).version;
    let put = block_on(fixture.platform.api_keys.put(older, Precondition::Version(stored), NOW));
    assert_eq!(put, Ok(WriteOutcome::Stored));
}

/// A key that was rotated without overlap: its first record, and both of its texts.
fn rotated(fixture: &Fixture, messages_of: bool) -> (ApiKeyRecord, String, String) {
    let (id, old) = fixture.key();
    let older = record(fixture, &id);
    let randomness = SeededRandomness::new(3);
    let (_, new) = match messages_of {
        true => block_on(fixture.keys().rotate(&id, Duration::ZERO, &randomness, NOW)).unwrap(),
        false => {
            block_on(fixture.silent_keys().rotate(&id, Duration::ZERO, &randomness, NOW)).unwrap()
        }
    };
    (older, old, new.expose().to_owned())
}

fn is_refused_with_alert<P: Platform>(instance: &Instance<P>, key: &str, now: Timestamp) {
    let (code, messages) = messages(instance, key, now);
    assert_eq!(code, Some(Code::KeyInvalid), "{messages}");
    assert!(
        messages.contains("ALERT") && messages.contains("older record was put back"),
        "{messages}"
    );
}

#[test]
fn a_running_instance_that_saw_a_newer_record_refuses_it() {
    let fixture = Fixture::with("", "");
    let instance = fixture.start();
    let (older, old, new) = rotated(&fixture, false);
    assert_eq!(messages(&instance, &new, NOW).0, None);
    let newer = record(&fixture, &older.id);
    put_back(&fixture, &older);
    for key in [&old, &new] {
        is_refused_with_alert(&instance, key, later(FORGOTTEN));
    }
    put_back(&fixture, &newer);
    assert_eq!(messages(&instance, &new, later(2.0 * FORGOTTEN)), (None, String::new()));
    assert_eq!(messages(&instance, &old, later(2.0 * FORGOTTEN)).0, Some(Code::KeyInvalid));
}

#[test]
fn a_new_policy_remembers_the_versions_that_the_old_one_saw() {
    let fixture = Fixture::with("", "");
    let instance = fixture.start();
    let (older, old, new) = rotated(&fixture, false);
    assert_eq!(messages(&instance, &new, NOW).0, None);
    put_back(&fixture, &older);
    let mut reloaded = fixture.start();
    reloaded.0.take_revocations_from(&instance.0);
    is_refused_with_alert(&reloaded, &old, later(1.0));
}

#[test]
fn another_record_of_the_same_version_is_refused() {
    let fixture = Fixture::with("", "");
    let instance = fixture.start();
    let (older, old, new) = rotated(&fixture, false);
    assert_eq!(messages(&instance, &new, NOW).0, None);
    put_back(&fixture, &older);
    block_on(fixture.silent_keys().enable(&older.id, NOW)).unwrap();
    let (code, messages) = messages(&instance, &old, later(FORGOTTEN));
    assert_eq!(code, Some(Code::KeyInvalid));
    assert!(messages.contains("ALERT") && messages.contains("another record before"), "{messages}");
}

#[test]
fn a_starting_instance_refuses_records_older_than_the_feed() {
    let fixture = Fixture::new();
    let (older, old, new) = rotated(&fixture, true);
    let newer = record(&fixture, &older.id);
    put_back(&fixture, &older);
    is_refused_with_alert(&fixture.start(), &old, later(1.0));
    put_back(&fixture, &newer);
    assert_eq!(messages(&fixture.start(), &new, later(1.0)), (None, String::new()));
}

#[test]
fn versions_of_the_feed_are_in_its_snapshots_and_outlive_the_secret() {
    let fixture = Fixture::new();
    let (older, old, _) = rotated(&fixture, true);
    block_on(fixture.keys().disable(&older.id, NOW)).unwrap();
    block_on(fixture.keys().enable(&older.id, NOW)).unwrap();
    block_on(fixture.ledger().compact(&SeededRandomness::new(1), NOW)).unwrap();
    put_back(&fixture, &older);
    let year = Duration::from_secs(365 * 24 * 3600);
    is_refused_with_alert(&fixture.start(), &old, NOW.plus(year));
    let both = fixture.under("secret = { current = \"NEXT\", previous = [\"CURRENT\"] }");
    block_on(both.ledger().compact(&SeededRandomness::new(2), NOW)).unwrap();
    let next = fixture.under("secret = \"NEXT\"");
    for fixture in [&both, &next] {
        is_refused_with_alert(&fixture.start(), &old, NOW.plus(year));
    }
}

#[test]
fn a_disabled_and_a_revoked_key_do_not_come_back() {
    let fixture = Fixture::new();
    let (id, text) = fixture.key();
    let active = record(&fixture, &id);
    block_on(fixture.keys().disable(&id, NOW)).unwrap();
    let disabled = record(&fixture, &id);
    put_back(&fixture, &active);
    is_refused_with_alert(&fixture.start(), &text, later(1.0));
    put_back(&fixture, &disabled);
    block_on(fixture.keys().enable(&id, NOW)).unwrap();
    let enabled = record(&fixture, &id);
    block_on(fixture.keys().revoke(&id, "leaked", NOW)).unwrap();
    let entries = block_on(fixture.ledger().list(None, 10)).unwrap().entries;
    let revoked = entries.into_iter().flatten().find(|entry| entry.reason == "leaked").unwrap();
    // The undo concerns the entry; the record stays.
    block_on(fixture.revocations().undo(revoked.sequence, "by mistake", NOW)).unwrap();
    put_back(&fixture, &enabled);
    is_refused_with_alert(&fixture.start(), &text, later(1.0));
}

#[test]
fn an_administrator_changes_no_older_record() {
    let fixture = Fixture::new();
    let (older, ..) = rotated(&fixture, true);
    put_back(&fixture, &older);
    let refused = block_on(fixture.keys().disable(&older.id, NOW)).unwrap_err();
    assert!(matches!(refused, AdminError::RecordOlder { found: 1, known: 2, .. }), "{refused}");
    assert_eq!(record(&fixture, &older.id), older);
}

/// Reads copies of records, which lag behind.
struct Lagging {
    copies: MemoryApiKeys,
    platform: MemoryPlatform,
}

impl ApiKeys for Lagging {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        self.copies.find(id, now).await
    }

    async fn current(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        self.platform.api_keys.find(id, now).await
    }
}

impl Platform for Lagging {
    type ApiKeys = Self;
    type KeySource = DocumentSource;
    type Revocations = MemoryRevocations;

    fn api_keys(&self) -> &Self {
        self
    }

    fn key_source(&self) -> &DocumentSource {
        &self.platform.key_source
    }

    fn revocations(&self) -> &MemoryRevocations {
        &self.platform.revocations
    }

    async fn timed<W: Future<Output: MaybeSend> + MaybeSend>(
        &self,
        work: W,
    ) -> (W::Output, Duration) {
        self.platform.timed(work).await
    }
}

#[test]
fn a_copy_that_lags_behind_is_passed_over_for_the_record_itself() {
    let fixture = Fixture::new();
    let (older, old, new) = rotated(&fixture, true);
    let copies = MemoryApiKeys::new();
    assert_eq!(block_on(copies.put(&older, Precondition::Absent, NOW)), Ok(WriteOutcome::Stored));
    let instance =
        Instance(fixture.start_on(Lagging { copies, platform: fixture.platform.clone() }));
    let (code, messages_of) = messages(&instance, &old, later(1.0));
    assert_eq!(code, Some(Code::KeyInvalid));
    assert!(!messages_of.contains("ALERT"), "{messages_of}");
    assert_eq!(messages(&instance, &new, later(1.0)), (None, String::new()));
}
