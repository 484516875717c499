//! Tests of the suites: each defect makes the check about it fail.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use edge_auth::platform::{ApiKeyRecord, ApiKeys, Unavailable};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_token::Timestamp;
use futures::executor::block_on;

use super::{Backend, Grade, run};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    None,
    AfterIsInclusive,
    AlwaysConflicts,
    AnyVersionIsReplaced,
    CompareThenSet,
    ConflictWrites,
    CreatesOverPresent,
    DocumentsAreCut,
    DocumentsAreTrimmed,
    DropsExpiry,
    HandlesShareNothing,
    IdsAreFolded,
    IdsArePrefixes,
    ExpiredConflicts,
    ExpiredFillsPages,
    ExpiredIsListed,
    ExpiresLate,
    LimitIsIgnored,
    LosesOnUpdate,
    EndlessExpires,
    SortsLikeJavaScript,
    VersionsAre32Bits,
}

/// Each defect with the check that must fail for it.
const NOTICED_BY: [(Defect, &str); 21] = [
    (Defect::AlwaysConflicts, "no_increment_is_lost"),
    (Defect::AfterIsInclusive, "pages_join_to_the_whole_list"),
    (Defect::AnyVersionIsReplaced, "only_the_stored_version_is_replaced"),
    (Defect::CompareThenSet, "one_of_many_writers_of_a_version_wins"),
    (Defect::ConflictWrites, "a_present_record_is_not_created_again"),
    (Defect::CreatesOverPresent, "one_of_many_creators_wins"),
    (Defect::DocumentsAreCut, "large_documents_return_and_are_listed"),
    (Defect::DocumentsAreTrimmed, "documents_return_byte_for_byte"),
    (Defect::DropsExpiry, "every_field_returns"),
    (Defect::HandlesShareNothing, "handles_see_each_others_writes_immediately"),
    (Defect::IdsAreFolded, "ids_that_differ_only_by_case_stay_distinct"),
    (Defect::IdsArePrefixes, "an_id_is_not_its_prefix"),
    (Defect::ExpiredConflicts, "an_expired_record_is_absent_for_a_write"),
    (Defect::ExpiredFillsPages, "expired_records_take_no_room_on_a_page"),
    (Defect::ExpiredIsListed, "a_record_expires_at_its_exact_millisecond"),
    (Defect::ExpiresLate, "a_record_expires_at_its_exact_millisecond"),
    (Defect::LimitIsIgnored, "pages_join_to_the_whole_list"),
    (Defect::LosesOnUpdate, "a_write_replaces_the_version_before"),
    (Defect::EndlessExpires, "a_record_without_expiry_never_expires"),
    (Defect::SortsLikeJavaScript, "the_list_is_ordered_by_bytes"),
    (Defect::VersionsAre32Bits, "every_field_returns"),
];

#[test]
fn every_defect_fails_its_check() {
    for (defect, check) in NOTICED_BY {
        let report = block_on(run(&Broken::new(defect)));
        let failed: Vec<_> = report.failures().map(|(name, _)| name).collect();
        assert!(failed.contains(&check), "{defect:?} failed only {failed:?}");
    }
}

#[test]
fn compare_then_set_loses_increments() {
    let report = block_on(run(&Broken::new(Defect::CompareThenSet)));
    assert!(report.failures().any(|(name, _)| name == "no_increment_is_lost"));
}

#[test]
fn without_a_defect_nothing_fails() {
    block_on(run(&Broken::new(Defect::None))).must_pass();
}

#[test]
fn a_failure_says_what_was_expected_and_what_was_found() {
    let report = block_on(run(&Broken::new(Defect::ExpiredIsListed)));
    let (_, failure) = report.failures().next().unwrap();
    assert_eq!(
        failure.to_string(),
        "list of 10 after None at Timestamp(4102444801.500 s): expected [], found [\"k\"]"
    );
}

#[test]
fn a_declined_grade_is_reported_and_not_run() {
    let mut backend = Broken::new(Defect::CompareThenSet);
    backend.declines = Some(Grade::Atomic);
    let report = block_on(run(&backend));
    assert!(report.passed(), "{report}");
    assert!(report.to_string().contains("atomic: skipped: one writer only\n"), "{report}");
    assert_eq!(report.skipped().count(), 1);
}

struct Broken {
    defect: Defect,
    declines: Option<Grade>,
    storages: Mutex<BTreeMap<String, Records>>,
}

type Records = Arc<Mutex<BTreeMap<String, ApiKeyRecord>>>;

struct BrokenStore {
    defect: Defect,
    records: Records,
}

impl Broken {
    fn new(defect: Defect) -> Self {
        Self { defect, declines: None, storages: Mutex::default() }
    }
}

impl Backend for Broken {
    type Store = BrokenStore;

    fn declines(&self, grade: Grade) -> Option<&'static str> {
        (self.declines == Some(grade)).then_some("one writer only")
    }

    async fn open(&self, storage: &str) -> Result<BrokenStore, Unavailable> {
        let mut storages = self.storages.lock().unwrap();
        let shared = storages.entry(storage.into()).or_default();
        let records = match self.defect {
            Defect::HandlesShareNothing => Records::default(),
            _ => Arc::clone(shared),
        };
        Ok(BrokenStore { defect: self.defect, records })
    }
}

impl BrokenStore {
    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn key(&self, id: &str) -> String {
        if self.has(Defect::IdsAreFolded) {
            return id.to_lowercase();
        }
        id.to_owned()
    }

    fn is_alive(&self, record: &ApiKeyRecord, now: Timestamp) -> bool {
        match record.expires_at {
            Some(expires_at) if self.has(Defect::ExpiresLate) => now <= expires_at,
            Some(expires_at) => now < expires_at,
            None => !self.has(Defect::EndlessExpires) || now.seconds() < 1 << 40,
        }
    }

    fn stored(&self, id: &str) -> Option<ApiKeyRecord> {
        let records = self.records.lock().unwrap();
        if self.has(Defect::IdsArePrefixes) {
            return records.values().find(|record| record.id.starts_with(id)).cloned();
        }
        records.get(&self.key(id)).cloned()
    }

    fn write(&self, record: &ApiKeyRecord) {
        let mut record = record.clone();
        match self.defect {
            Defect::DocumentsAreCut => record.document.truncate(65_536),
            Defect::DocumentsAreTrimmed => record.document = record.document.trim().to_owned(),
            Defect::DropsExpiry => record.expires_at = None,
            Defect::VersionsAre32Bits => record.version &= 0xffff_ffff,
            _ => {}
        }
        let mut records = self.records.lock().unwrap();
        records.insert(self.key(&record.id), record);
    }
}

impl ApiKeys for BrokenStore {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        Ok(self.stored(id).filter(|record| self.is_alive(record, now)))
    }
}

impl ApiKeyAdmin for BrokenStore {
    async fn put(
        &self,
        record: &ApiKeyRecord,
        expected: Precondition,
        now: Timestamp,
    ) -> Result<WriteOutcome, Unavailable> {
        let stored = self
            .stored(&record.id)
            .filter(|stored| self.has(Defect::ExpiredConflicts) || self.is_alive(stored, now));
        let as_expected = match (&stored, expected) {
            (Some(_), Precondition::Absent) => self.has(Defect::CreatesOverPresent),
            (Some(stored), Precondition::Version(version)) => {
                stored.version == version || self.has(Defect::AnyVersionIsReplaced)
            }
            (None, expected) => expected == Precondition::Absent,
        };
        if self.has(Defect::CompareThenSet) {
            OneTurn::default().await;
        }
        if self.has(Defect::AlwaysConflicts) && stored.is_some() {
            return Ok(WriteOutcome::Conflict);
        }
        if as_expected && self.has(Defect::LosesOnUpdate) && stored.is_some() {
            return Ok(WriteOutcome::Stored);
        }
        if as_expected || self.has(Defect::ConflictWrites) {
            self.write(record);
        }
        Ok(if as_expected { WriteOutcome::Stored } else { WriteOutcome::Conflict })
    }

    async fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ApiKeyRecord>, Unavailable> {
        let mut all: Vec<_> = self.records.lock().unwrap().values().cloned().collect();
        if self.has(Defect::SortsLikeJavaScript) {
            all.sort_by_key(|record| record.id.encode_utf16().collect::<Vec<_>>());
        }
        all.retain(|record| {
            after.is_none_or(|after| {
                record.id.as_str() > after
                    || (self.has(Defect::AfterIsInclusive) && record.id == after)
            })
        });
        if self.has(Defect::ExpiredFillsPages) {
            all.truncate(limit);
        }
        if !self.has(Defect::ExpiredIsListed) {
            all.retain(|record| self.is_alive(record, now));
        }
        if !self.has(Defect::LimitIsIgnored) {
            all.truncate(limit);
        }
        Ok(all)
    }
}

/// A future that yields once, so that another writer runs in between.
#[derive(Default)]
struct OneTurn(Cell<bool>);

impl Future for OneTurn {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0.replace(true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
