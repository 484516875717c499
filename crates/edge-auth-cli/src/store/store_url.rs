//! The name of a store, as an operator writes it: `sqlite:PATH` or `dynamodb:TABLE`.

use std::path::PathBuf;

#[cfg(feature = "dynamodb")]
use edge_auth_dynamodb::TableName;

/// A store that this build can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `sqlite:PATH`, the path absolute or relative to the working directory.
    Sqlite(PathBuf),
    /// `dynamodb:TABLE`, in the region and account that the AWS command line would take.
    #[cfg(feature = "dynamodb")]
    DynamoDb(TableName),
}

/// A text does not name a store. Messages repeat only its scheme: the rest of a database URL often
/// holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreUrlError {
    /// The scheme is missing.
    #[error("write a store with its kind: `sqlite:PATH` or `dynamodb:TABLE`")]
    NoScheme,
    /// The scheme is unknown.
    #[error("stores of the kind `{0}:` are not supported: use `sqlite:PATH` or `dynamodb:TABLE`")]
    UnknownScheme(String),
    /// This build has no support for DynamoDB.
    #[cfg(not(feature = "dynamodb"))]
    #[error(
        "this `edge-auth` was built without DynamoDB: build it with `--features dynamodb`, as in \
         `cargo install --path crates/edge-auth-cli --features dynamodb`"
    )]
    WithoutDynamoDb,
    /// The text after `dynamodb:` is not the name of a table.
    #[cfg(feature = "dynamodb")]
    #[error("write the name of a table after `dynamodb:`, as in `dynamodb:edge-auth`: {0}")]
    NoTable(#[from] edge_auth_dynamodb::TableNameError),
    /// The path is missing.
    #[error("write the path of a file after `sqlite:`, as in `sqlite:/var/lib/edge-auth/keys.db`")]
    NoPath,
    /// The path begins with `//`: the authority of a URL would be taken for a folder.
    #[error(
        "write the path after `sqlite:` without `//`, as in `sqlite:keys.db` or `sqlite:/srv/keys.db`"
    )]
    Slashes,
    /// The name is that of SQLite's database in memory.
    #[error(
        "`sqlite::memory:` would lose all keys on exit, and other commands could not read them: name a file"
    )]
    InMemory,
}

impl StoreUrl {
    /// Parses `sqlite:PATH` or `dynamodb:TABLE`.
    pub fn parse(text: &str) -> Result<Self, StoreUrlError> {
        match text.split_once(':').ok_or(StoreUrlError::NoScheme)? {
            ("sqlite", path) => Self::sqlite(path),
            #[cfg(feature = "dynamodb")]
            ("dynamodb", table) => Ok(Self::DynamoDb(TableName::parse(table)?)),
            #[cfg(not(feature = "dynamodb"))]
            ("dynamodb", _) => Err(StoreUrlError::WithoutDynamoDb),
            (scheme, _) if is_scheme(scheme) => {
                Err(StoreUrlError::UnknownScheme(scheme.to_owned()))
            }
            _ => Err(StoreUrlError::NoScheme),
        }
    }

    fn sqlite(path: &str) -> Result<Self, StoreUrlError> {
        if path.is_empty() {
            return Err(StoreUrlError::NoPath);
        }
        if path.starts_with("//") {
            return Err(StoreUrlError::Slashes);
        }
        if path == ":memory:" {
            return Err(StoreUrlError::InMemory);
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

/// Returns whether this is a scheme (RFC 3986, section 3.1).
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> StoreUrlError {
        StoreUrl::parse(text).unwrap_err()
    }

    #[test]
    fn a_path_follows_the_scheme_as_it_is() {
        for path in ["keys.db", "/srv/keys.db", "../a b/ü.db", "C:\\keys.db", "a:b"] {
            let parsed = StoreUrl::parse(&format!("sqlite:{path}"));
            assert_eq!(parsed, Ok(StoreUrl::Sqlite(PathBuf::from(path))));
        }
    }

    #[test]
    fn a_text_that_names_no_store_is_refused() {
        assert_eq!(refused(""), StoreUrlError::NoScheme);
        assert_eq!(refused("keys.db"), StoreUrlError::NoScheme);
        assert_eq!(refused("/srv/a:b"), StoreUrlError::NoScheme);
        assert_eq!(refused("sqlite:"), StoreUrlError::NoPath);
        assert_eq!(refused("sqlite:///srv/keys.db"), StoreUrlError::Slashes);
        assert_eq!(refused("sqlite::memory:"), StoreUrlError::InMemory);
        assert_eq!(refused("SQLite:keys.db"), StoreUrlError::UnknownScheme("SQLite".into()));
    }

    #[cfg(feature = "dynamodb")]
    #[test]
    fn a_table_follows_the_scheme() {
        let table = TableName::parse("edge-auth").unwrap();
        assert_eq!(StoreUrl::parse("dynamodb:edge-auth"), Ok(StoreUrl::DynamoDb(table)));
        for text in ["dynamodb:", "dynamodb:a", "dynamodb:eu-west-1/keys", "dynamodb://keys"] {
            assert!(matches!(refused(text), StoreUrlError::NoTable(_)), "{text}");
        }
    }

    #[cfg(not(feature = "dynamodb"))]
    #[test]
    fn a_build_without_dynamodb_says_how_to_get_one() {
        let message = refused("dynamodb:edge-auth").to_string();
        assert!(message.contains("--features dynamodb"), "{message}");
    }

    #[test]
    fn the_refusal_lists_the_supported_kinds_and_repeats_no_password() {
        let message = refused("postgres://admin:hunter2@db/keys").to_string();
        assert!(message.contains("`postgres:`"), "{message}");
        assert!(message.contains("`sqlite:PATH` or `dynamodb:TABLE`"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
        let message = refused("admin/hunter2:x").to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }
}
