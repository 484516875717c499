//! The schema of the file, which must have exactly our tables and indexes.
//!
//! Anyone who can write the file can plant a trigger, a view or a constraint that undoes later
//! writes. So the schema is checked when a connection is opened, and in every write.

use std::collections::BTreeSet;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior};

use super::error::{StoreErrorKind, shown};

/// `EdgA` in SQLite's header, which distinguishes our files from those of other programs.
const APPLICATION: i64 = 0x4564_6741;
/// The version that this program reads and writes.
const NEWEST: i64 = 2;
const ENCODING: &str = "UTF-8";

/// A table or an index.
struct Object {
    /// The version of the schema that added it.
    since: i64,
    kind: &'static str,
    name: &'static str,
    table: &'static str,
    /// The statement that creates it; `None` for an index that its table's definition creates.
    sql: Option<&'static str>,
}

/// The objects in the order of their creation. Ids compare bytewise, as texts do by default in
/// SQLite. Times are milliseconds since 1970.
const OBJECTS: [Object; 8] = [
    table(
        1,
        "api_key",
        "CREATE TABLE api_key (
            id TEXT NOT NULL PRIMARY KEY,
            document TEXT NOT NULL,
            version INTEGER NOT NULL,
            lapses_at INTEGER
        ) STRICT, WITHOUT ROWID",
    ),
    index(
        1,
        "api_key_lapses_at",
        "api_key",
        "CREATE INDEX api_key_lapses_at ON api_key (lapses_at) WHERE lapses_at IS NOT NULL",
    ),
    table(
        2,
        "revocation",
        "CREATE TABLE revocation (
            sequence INTEGER PRIMARY KEY,
            mark TEXT NOT NULL,
            document TEXT NOT NULL,
            lapses_at INTEGER
        ) STRICT",
    ),
    index(2, "revocation_mark", "revocation", "CREATE INDEX revocation_mark ON revocation (mark)"),
    index(
        2,
        "revocation_lapses_at",
        "revocation",
        "CREATE INDEX revocation_lapses_at ON revocation (lapses_at) WHERE lapses_at IS NOT NULL",
    ),
    table(
        2,
        "revocation_snapshot",
        "CREATE TABLE revocation_snapshot (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            sequence INTEGER NOT NULL,
            id TEXT NOT NULL,
            document TEXT NOT NULL
        ) STRICT",
    ),
    table(
        2,
        "revocation_snapshot_part",
        "CREATE TABLE revocation_snapshot_part (
            id TEXT NOT NULL,
            part INTEGER NOT NULL,
            bytes BLOB NOT NULL,
            UNIQUE (id, part)
        ) STRICT",
    ),
    Object {
        since: 2,
        kind: "index",
        name: "sqlite_autoindex_revocation_snapshot_part_1",
        table: "revocation_snapshot_part",
        sql: None,
    },
];

const fn table(since: i64, name: &'static str, sql: &'static str) -> Object {
    Object { since, kind: "table", name, table: name, sql: Some(sql) }
}

const fn index(since: i64, name: &'static str, table: &'static str, sql: &'static str) -> Object {
    Object { since, kind: "index", name, table, sql: Some(sql) }
}

/// The treatment of a file without a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Empty {
    Fill,
    Refuse,
}

/// Checks that the file has our schema and nothing else, before anything in it is changed. Upgrades
/// an older version. Returns whether the file was empty.
pub(super) fn prepare(connection: &mut Connection, empty: Empty) -> Result<bool, StoreErrorKind> {
    // The transaction makes both reads see the same moment.
    let reading = connection.transaction()?;
    let found = version(&reading)?;
    check(&reading, found)?;
    drop(reading);
    match (found, empty) {
        (0, Empty::Refuse) => Err(StoreErrorKind::Empty),
        (NEWEST, _) => Ok(false),
        _ => upgrade(connection),
    }
}

/// Checks that the file has our schema of this version, and nothing else.
pub(super) fn check_newest(connection: &mut Connection) -> Result<(), StoreErrorKind> {
    let reading = connection.transaction()?;
    let found = version(&reading)?;
    check(&reading, found)?;
    match found {
        NEWEST => Ok(()),
        0 => Err(StoreErrorKind::Empty),
        older => Err(StoreErrorKind::NotPrepared(format!("has the older schema {older}"))),
    }
}

/// Brings the schema up to date, unless another process was faster.
fn upgrade(connection: &mut Connection) -> Result<bool, StoreErrorKind> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    check(&transaction, found)?;
    for object in OBJECTS.iter().filter(|object| object.since > found) {
        if let Some(sql) = object.sql {
            transaction.execute(sql, ())?;
        }
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", NEWEST)?;
    check(&transaction, NEWEST)?;
    transaction.commit()?;
    Ok(found == 0)
}

/// Begins a write, under SQLite's one lock for writers: no other process can change the schema
/// until it ends.
pub(super) fn begin_write(connection: &mut Connection) -> Result<Transaction<'_>, StoreErrorKind> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    check(&transaction, found)?;
    match found {
        NEWEST => Ok(transaction),
        older => Err(StoreErrorKind::Altered(format!("its version was set back to {older}"))),
    }
}

/// Returns SQLite's count of schema changes.
pub(super) fn changes(connection: &Connection) -> Result<i64, StoreErrorKind> {
    Ok(connection.prepare_cached("PRAGMA schema_version")?.query_row((), |row| row.get(0))?)
}

/// Returns the version of the file's schema; 0 for an empty file. Rejects files of other programs.
fn version(connection: &Connection) -> Result<i64, StoreErrorKind> {
    const LOOK: &str = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
         FROM pragma_application_id, pragma_user_version";
    let found = connection.prepare_cached(LOOK)?.query_row((), |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    match found {
        (APPLICATION, known @ 1..=NEWEST, _) => Ok(known),
        (APPLICATION, newer, _) if newer > NEWEST => Err(StoreErrorKind::Newer(newer)),
        (APPLICATION, none, _) => {
            Err(StoreErrorKind::Altered(format!("its version was set to {none}")))
        }
        (_, _, 0) => Ok(0),
        _ => Err(StoreErrorKind::Foreign),
    }
}

/// Compares the schema with that of a version, object by object.
fn check(connection: &Connection, version: i64) -> Result<(), StoreErrorKind> {
    let encoding: String =
        connection.prepare_cached("PRAGMA encoding")?.query_row((), |row| row.get(0))?;
    if encoding != ENCODING {
        return Err(StoreErrorKind::Altered(format!("its encoding is {}", shown(&encoding))));
    }
    let mut missing: Vec<&Object> =
        OBJECTS.iter().filter(|object| object.since <= version).collect();
    let mut pages = BTreeSet::new();
    let mut schema = connection
        .prepare_cached("SELECT type, name, tbl_name, sql, rootpage FROM sqlite_schema")?;
    let mut rows = schema.query(())?;
    while let Some(row) = rows.next()? {
        let found = Found::read(row)?;
        let Some(place) = missing.iter().position(|object| found.is_named_as(object)) else {
            return Err(StoreErrorKind::Altered(format!(
                "it has {found}, which edge-auth did not create"
            )));
        };
        let object = missing.swap_remove(place);
        if !found.is_defined_as(object) {
            return Err(StoreErrorKind::Altered(format!("{found} has another definition")));
        }
        if !pages.insert(found.page) {
            return Err(StoreErrorKind::Altered(format!(
                "{found} shares its pages with another object"
            )));
        }
    }
    match missing.first() {
        None => Ok(()),
        Some(object) => Err(StoreErrorKind::Altered(format!(
            "the {} `{}` is missing",
            object.kind, object.name
        ))),
    }
}

/// A row of `sqlite_schema`, which may come from an attacker.
struct Found {
    kind: String,
    name: String,
    table: String,
    sql: Option<String>,
    page: i64,
}

impl Found {
    fn read(row: &Row<'_>) -> Result<Self, StoreErrorKind> {
        Ok(Self {
            kind: text(row, 0)?.unwrap_or_default(),
            name: text(row, 1)?.unwrap_or_default(),
            table: text(row, 2)?.unwrap_or_default(),
            sql: text(row, 3)?,
            page: row.get::<_, Option<i64>>(4)?.unwrap_or_default(),
        })
    }

    fn is_named_as(&self, object: &Object) -> bool {
        self.kind == object.kind && self.name == object.name
    }

    /// Compares the definitions, without regard to white space: our SQL has no quotes.
    fn is_defined_as(&self, object: &Object) -> bool {
        let same_sql = match (&self.sql, object.sql) {
            (Some(found), Some(ours)) => {
                found.split_ascii_whitespace().eq(ours.split_ascii_whitespace())
            }
            (found, ours) => found.is_none() && ours.is_none(),
        };
        same_sql && self.table == object.table
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the {} {}", shown(&self.kind), shown(&self.name))
    }
}

fn text(row: &Row<'_>, index: usize) -> Result<Option<String>, StoreErrorKind> {
    Ok(match row.get_ref(index)? {
        ValueRef::Null => None,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
    })
}
