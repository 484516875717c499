//! The query parameters of the lists.

use std::borrow::Cow;

use super::AdminError;

/// The length of a page, unless the query says another.
const LIMIT: usize = 50;

/// Which page of the keys is asked for.
pub(super) struct KeysQuery<'q> {
    pub block: Option<Cow<'q, str>>,
    /// The id after which the page begins.
    pub after: Option<Cow<'q, str>>,
    pub limit: usize,
}

/// Which page of the revocation log is asked for.
pub(super) struct RevocationsQuery {
    /// The number of the entry before which the page begins.
    pub before: Option<u64>,
    pub limit: usize,
}

impl<'q> KeysQuery<'q> {
    pub(super) fn parse(query: &'q str) -> Result<Self, AdminError> {
        let mut parsed = Self { block: None, after: None, limit: LIMIT };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "block" => parsed.block = Some(value),
                "after" => parsed.after = Some(value),
                "limit" => parsed.limit = limit(&value)?,
                other => return Err(unknown(other)),
            }
        }
        Ok(parsed)
    }
}

impl RevocationsQuery {
    pub(super) fn parse(query: &str) -> Result<Self, AdminError> {
        let mut parsed = Self { before: None, limit: LIMIT };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "before" => parsed.before = Some(entry_number(&value)?),
                "limit" => parsed.limit = limit(&value)?,
                other => return Err(unknown(other)),
            }
        }
        Ok(parsed)
    }
}

/// Parses the number of an entry.
pub(super) fn entry_number(text: &str) -> Result<u64, AdminError> {
    text.parse().map_err(|_| AdminError::Invalid("the id of an entry is its number".to_owned()))
}

fn limit(text: &str) -> Result<usize, AdminError> {
    text.parse().map_err(|_| AdminError::Invalid("`limit` is a number".to_owned()))
}

fn unknown(name: &str) -> AdminError {
    AdminError::Invalid(format!("there is no parameter `{}`", name.escape_debug()))
}
