//! Where API-key records are kept, as an operator writes it: `sqlite:PATH`.

use std::path::PathBuf;

/// A store that this build can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreSpec {
    /// `sqlite:PATH`, the path absolute or relative to the working directory.
    Sqlite(PathBuf),
}

/// Why a text names no store. Of the text only its scheme is repeated: the rest of a database
/// URL often holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreSpecError {
    /// There is no scheme.
    #[error("a store is written with its kind, as `sqlite:PATH` (the only kind supported)")]
    NoScheme,
    /// The scheme is none of ours.
    #[error("stores of the kind `{0}:` are not supported; supported is `sqlite:PATH`")]
    UnknownScheme(String),
    /// Nothing follows the scheme.
    #[error("`sqlite:` wants the path of a file after it, as in `sqlite:/var/lib/edge-auth/keys.db`")]
    NoPath,
    /// A URL, whose authority would be mistaken for a directory.
    #[error("`sqlite:` is followed by a path, not by `//`: `sqlite:keys.db`, `sqlite:/srv/keys.db`")]
    Slashes,
    /// SQLite's database in memory.
    #[error(
        "`sqlite::memory:` would forget all keys on exit, and no other command could see them: name a file"
    )]
    InMemory,
}

impl StoreSpec {
    /// Reads `sqlite:PATH`.
    pub fn parse(text: &str) -> Result<Self, StoreSpecError> {
        let (scheme, path) = text.split_once(':').ok_or(StoreSpecError::NoScheme)?;
        if scheme != "sqlite" {
            return Err(if is_scheme(scheme) {
                StoreSpecError::UnknownScheme(scheme.to_owned())
            } else {
                StoreSpecError::NoScheme
            });
        }
        if path.is_empty() {
            return Err(StoreSpecError::NoPath);
        }
        if path.starts_with("//") {
            return Err(StoreSpecError::Slashes);
        }
        if path == ":memory:" {
            return Err(StoreSpecError::InMemory);
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

/// RFC 3986, section 3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> StoreSpecError {
        StoreSpec::parse(text).unwrap_err()
    }

    #[test]
    fn a_path_follows_the_scheme_as_it_is() {
        for path in ["keys.db", "/srv/keys.db", "../a b/ü.db", "C:\\keys.db", "a:b"] {
            let parsed = StoreSpec::parse(&format!("sqlite:{path}"));
            assert_eq!(parsed, Ok(StoreSpec::Sqlite(PathBuf::from(path))));
        }
    }

    #[test]
    fn what_is_no_store_is_refused() {
        assert_eq!(refused(""), StoreSpecError::NoScheme);
        assert_eq!(refused("keys.db"), StoreSpecError::NoScheme);
        assert_eq!(refused("/srv/a:b"), StoreSpecError::NoScheme);
        assert_eq!(refused("sqlite:"), StoreSpecError::NoPath);
        assert_eq!(refused("sqlite:///srv/keys.db"), StoreSpecError::Slashes);
        assert_eq!(refused("sqlite::memory:"), StoreSpecError::InMemory);
        assert_eq!(refused("SQLite:keys.db"), StoreSpecError::UnknownScheme("SQLite".into()));
    }

    #[test]
    fn the_refusal_lists_what_is_supported_and_repeats_no_password() {
        let message = refused("postgres://admin:hunter2@db/keys").to_string();
        assert!(message.contains("`postgres:`"), "{message}");
        assert!(message.contains("`sqlite:PATH`"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
        let message = refused("admin/hunter2:x").to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }
}
