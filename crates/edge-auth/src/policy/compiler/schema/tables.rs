//! Fields that are tables.

use serde::Deserialize;
use serde::de::Deserializer;

use crate::policy::strict_table::{StrictTable, table};

/// Deserializes a field that is a table, if it is there.
pub(super) fn optional<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    table(deserializer).map(Some)
}

/// Deserializes a field that is a list of tables.
pub(super) fn tables<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let tables = Vec::<StrictTable<T>>::deserialize(deserializer)?;
    Ok(tables.into_iter().map(|StrictTable(table)| table).collect())
}
