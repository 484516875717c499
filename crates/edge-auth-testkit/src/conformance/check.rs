//! The vocabulary of the checks.

use std::fmt;

use edge_auth::platform::{ApiKeyRecord, Unavailable};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_token::Timestamp;

/// The expected and the actual result of a failed check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

pub(super) type Check = Result<(), Failure>;

/// The time of the checks: 2100-01-01. A backend that also expires records by its own clock (KV's
/// expiration, DynamoDB's TTL) must not have reached it.
pub(super) const START: Timestamp = Timestamp::from_seconds(4_102_444_800);

/// The length to which printed values are cut, since a document may be large.
const SHOWN: usize = 300;

impl Failure {
    /// Creates a failure with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Unavailable> for Failure {
    fn from(unavailable: Unavailable) -> Self {
        Self(format!("expected an answer, the store was unavailable: {unavailable}"))
    }
}

/// Runs each check on a new, empty storage and records its result.
macro_rules! run_checks {
    ($backend:expr, $report:expr, $grade:expr; $($check:ident),+ $(,)?) => {
        $($report.record($grade, stringify!($check), $check($backend, stringify!($check)).await);)+
    };
}
pub(super) use run_checks;

pub(super) fn same<T: PartialEq + fmt::Debug>(what: &str, found: &T, expected: &T) -> Check {
    if found == expected {
        return Ok(());
    }
    Err(Failure(format!("{what}: expected {}, found {}", shown(expected), shown(found))))
}

fn shown(value: &impl fmt::Debug) -> String {
    let text = format!("{value:?}");
    let characters = text.chars().count();
    if characters <= SHOWN {
        return text;
    }
    let start: String = text.chars().take(SHOWN).collect();
    format!("{start}… ({characters} characters)")
}

/// Returns the first version of a record that never expires.
pub(super) fn record(id: &str, document: &str) -> ApiKeyRecord {
    ApiKeyRecord { id: id.to_owned(), document: document.to_owned(), version: 1, expires_at: None }
}

/// Returns the next version of a record, with another document.
pub(super) fn successor(of: &ApiKeyRecord, document: &str) -> ApiKeyRecord {
    ApiKeyRecord { document: document.to_owned(), version: of.version + 1, ..of.clone() }
}

pub(super) async fn create(store: &impl ApiKeyAdmin, record: &ApiKeyRecord) -> Check {
    puts(store, record, Precondition::Absent, START, WriteOutcome::Stored).await
}

/// Writes a record and checks the result.
pub(super) async fn puts(
    store: &impl ApiKeyAdmin,
    record: &ApiKeyRecord,
    expected: Precondition,
    now: Timestamp,
    outcome: WriteOutcome,
) -> Check {
    let put = store.put(record, expected, now).await?;
    let what = format!(
        "put of {:?} as version {} where {expected:?} is expected",
        record.id, record.version
    );
    same(&what, &put, &outcome)
}

/// Checks the record that is found under the id of `expected`.
pub(super) async fn finds(
    store: &impl ApiKeyAdmin,
    expected: &ApiKeyRecord,
    now: Timestamp,
) -> Check {
    let what = format!("find of {:?} at {now:?}", expected.id);
    let found = store.find(&expected.id, now).await?;
    same(&what, &found.as_ref(), &Some(expected))
}

pub(super) async fn finds_nothing(store: &impl ApiKeyAdmin, id: &str, now: Timestamp) -> Check {
    let what = format!("find of {id:?} at {now:?}");
    same(&what, &store.find(id, now).await?, &None)
}

/// Checks the ids of one page.
pub(super) async fn lists(
    store: &impl ApiKeyAdmin,
    (after, limit): (Option<&str>, usize),
    now: Timestamp,
    expected: &[&str],
) -> Check {
    let page = store.list(after, limit, now).await?;
    let ids: Vec<&str> = page.iter().map(|record| record.id.as_str()).collect();
    let what = format!("list of {limit} after {after:?} at {now:?}");
    same(&what, &ids.as_slice(), &expected)
}
