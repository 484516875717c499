//! An older record of an API key that was put back into the store: its MAC is right, and it is not believed.

use std::time::Duration;

use edge_auth::Code;
use edge_auth::admin::AdminError;
use edge_auth::platform::{
    ApiKeyAdmin, ApiKeyRecord, ApiKeys, MaybeSend, Platform, Precondition, Unavailable, WriteOutcome,
};
use edge_auth_testkit::documents::DocumentSource;
use edge_auth_testkit::memory::MemoryApiKeys;
use edge_auth_testkit::platform::MemoryPlatform;
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_testkit::revocations::MemoryRevocations;
use edge_auth_token::Timestamp;
use futures::executor::block_on;

use crate::world::{Instance, NOW, World, later};

/// How long an instance may remember a record without reading it again, and more.
const FORGOTTEN: f64 = 20.0;

/// The code and all that the operator is told of an answer to this key.
fn told<P: Platform>(instance: &Instance<P>, key: &str, now: Timestamp) -> (Option<Code>, String) {
    let outcome = instance.outcome("/orders", ("x-api-key", key), now);
    let told = outcome.audit.reason.iter().chain(&outcome.notices).cloned().collect::<Vec<_>>();
    (outcome.code(), told.join("; "))
}

fn record(world: &World, id: &str) -> ApiKeyRecord {
    block_on(world.platform.api_keys.find(id, NOW)).unwrap().unwrap()
}

fn put_back(world: &World, older: &ApiKeyRecord) {
    let stored = record(world, &older.id).version;
    let put = block_on(world.platform.api_keys.put(older, Precondition::Version(stored), NOW));
    assert_eq!(put, Ok(WriteOutcome::Stored));
}

/// A key that was rotated at once: its first record, and both of its texts.
fn rotated(world: &World, told_of: bool) -> (ApiKeyRecord, String, String) {
    let (id, old) = world.key();
    let older = record(world, &id);
    let randomness = SeededRandomness::new(3);
    let (_, new) = match told_of {
        true => block_on(world.keys().rotate(&id, Duration::ZERO, &randomness, NOW)).unwrap(),
        false => block_on(world.silent_keys().rotate(&id, Duration::ZERO, &randomness, NOW)).unwrap(),
    };
    (older, old, new.expose().to_owned())
}

fn is_refused_with_alert<P: Platform>(instance: &Instance<P>, key: &str, now: Timestamp) {
    let (code, told) = told(instance, key, now);
    assert_eq!(code, Some(Code::KeyInvalid), "{told}");
    assert!(told.contains("ALERT") && told.contains("older record was put back"), "{told}");
}

#[test]
fn a_running_instance_that_saw_a_newer_record_refuses_it() {
    let world = World::with("", "");
    let instance = world.start();
    let (older, old, new) = rotated(&world, false);
    assert_eq!(told(&instance, &new, NOW).0, None);
    let newer = record(&world, &older.id);
    put_back(&world, &older);
    for key in [&old, &new] {
        is_refused_with_alert(&instance, key, later(FORGOTTEN));
    }
    put_back(&world, &newer);
    assert_eq!(told(&instance, &new, later(2.0 * FORGOTTEN)), (None, String::new()));
    assert_eq!(told(&instance, &old, later(2.0 * FORGOTTEN)).0, Some(Code::KeyInvalid));
}

#[test]
fn a_new_policy_remembers_what_the_one_before_it_saw() {
    let world = World::with("", "");
    let instance = world.start();
    let (older, old, new) = rotated(&world, false);
    assert_eq!(told(&instance, &new, NOW).0, None);
    put_back(&world, &older);
    let mut reloaded = world.start();
    reloaded.0.take_revocations_from(&instance.0);
    is_refused_with_alert(&reloaded, &old, later(1.0));
}

#[test]
fn another_record_of_the_same_version_is_refused() {
    let world = World::with("", "");
    let instance = world.start();
    let (older, old, new) = rotated(&world, false);
    assert_eq!(told(&instance, &new, NOW).0, None);
    put_back(&world, &older);
    block_on(world.silent_keys().enable(&older.id, NOW)).unwrap();
    let (code, told) = told(&instance, &old, later(FORGOTTEN));
    assert_eq!(code, Some(Code::KeyInvalid));
    assert!(told.contains("ALERT") && told.contains("another record before"), "{told}");
}

#[test]
fn an_instance_that_starts_refuses_what_is_older_than_the_feed_says() {
    let world = World::new();
    let (older, old, new) = rotated(&world, true);
    let newer = record(&world, &older.id);
    put_back(&world, &older);
    is_refused_with_alert(&world.start(), &old, later(1.0));
    put_back(&world, &newer);
    assert_eq!(told(&world.start(), &new, later(1.0)), (None, String::new()));
}

#[test]
fn what_the_feed_says_of_a_version_is_in_its_snapshots_and_outlives_the_secret() {
    let world = World::new();
    let (older, old, _) = rotated(&world, true);
    block_on(world.keys().disable(&older.id, NOW)).unwrap();
    block_on(world.keys().enable(&older.id, NOW)).unwrap();
    block_on(world.ledger().compact(&SeededRandomness::new(1), NOW)).unwrap();
    put_back(&world, &older);
    let year = Duration::from_secs(365 * 24 * 3600);
    is_refused_with_alert(&world.start(), &old, NOW.plus(year));
    let both = world.under("secret = { current = \"NEXT\", previous = [\"CURRENT\"] }");
    block_on(both.ledger().compact(&SeededRandomness::new(2), NOW)).unwrap();
    let next = world.under("secret = \"NEXT\"");
    for world in [&both, &next] {
        is_refused_with_alert(&world.start(), &old, NOW.plus(year));
    }
}

#[test]
fn a_disabled_and_a_revoked_key_do_not_come_back() {
    let world = World::new();
    let (id, text) = world.key();
    let active = record(&world, &id);
    block_on(world.keys().disable(&id, NOW)).unwrap();
    let disabled = record(&world, &id);
    put_back(&world, &active);
    is_refused_with_alert(&world.start(), &text, later(1.0));
    put_back(&world, &disabled);
    block_on(world.keys().enable(&id, NOW)).unwrap();
    let enabled = record(&world, &id);
    block_on(world.keys().revoke(&id, "leaked", NOW)).unwrap();
    let entries = block_on(world.ledger().list(None, 10)).unwrap().entries;
    let revoked = entries.into_iter().flatten().find(|entry| entry.reason == "leaked").unwrap();
    // What is taken back is the entry: the record stays as it is.
    block_on(world.revocations().undo(revoked.sequence, "by mistake", NOW)).unwrap();
    put_back(&world, &enabled);
    is_refused_with_alert(&world.start(), &text, later(1.0));
}

#[test]
fn an_administrator_changes_no_older_record() {
    let world = World::new();
    let (older, ..) = rotated(&world, true);
    put_back(&world, &older);
    let refused = block_on(world.keys().disable(&older.id, NOW)).unwrap_err();
    assert!(matches!(refused, AdminError::RecordOlder { found: 1, known: 2, .. }), "{refused}");
    assert_eq!(record(&world, &older.id), older);
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

    async fn timed<W: Future<Output: MaybeSend> + MaybeSend>(&self, work: W) -> (W::Output, Duration) {
        self.platform.timed(work).await
    }
}

#[test]
fn a_copy_that_lags_behind_is_passed_over_for_the_record_itself() {
    let world = World::new();
    let (older, old, new) = rotated(&world, true);
    let copies = MemoryApiKeys::new();
    assert_eq!(block_on(copies.put(&older, Precondition::Absent, NOW)), Ok(WriteOutcome::Stored));
    let instance = Instance(world.start_on(Lagging { copies, platform: world.platform.clone() }));
    let (code, told_of) = told(&instance, &old, later(1.0));
    assert_eq!(code, Some(Code::KeyInvalid));
    assert!(!told_of.contains("ALERT"), "{told_of}");
    assert_eq!(told(&instance, &new, later(1.0)), (None, String::new()));
}
