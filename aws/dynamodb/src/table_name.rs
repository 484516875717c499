//! The name of a table.

use std::fmt;

/// A name that DynamoDB allows: 3 to 255 of `a-z`, `A-Z`, `0-9`, `_`, `-` and `.`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName(String);

/// The error for a text that DynamoDB does not allow as a table's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of a table is 3 to 255 of a-z, A-Z, 0-9, `_`, `-` and `.`")]
pub struct TableNameError;

impl TableName {
    /// Parses a table's name.
    pub fn parse(text: &str) -> Result<Self, TableNameError> {
        if (3..=255).contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(TableNameError)
        }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_dynamodb_allows() {
        for name in ["abc", "edge-auth", "Edge_Auth.keys-2", &"x".repeat(255)] {
            assert_eq!(TableName::parse(name).map(|table| table.to_string()), Ok(name.to_owned()));
        }
        for name in ["", "ab", &"x".repeat(256), "edge auth", "ключи", "a/b/c", "arn:aws:dynamodb"]
        {
            assert_eq!(TableName::parse(name), Err(TableNameError), "{name}");
        }
    }
}
