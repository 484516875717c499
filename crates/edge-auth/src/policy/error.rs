//! Mistakes in a policy, with their place: file, line, rule, field.

use std::fmt;

/// One mistake in a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyError {
    /// The file's name, as it was given.
    pub file: String,
    /// The line, from 1, if it is known.
    pub line: Option<usize>,
    /// The block it is in, for people: ``rule 3 (`/v1/orders/{id}`)``, or empty for the whole file.
    pub block: String,
    /// The field's path inside the block, or empty.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.block.is_empty() {
            write!(f, ": {}", self.block)?;
        }
        if !self.field.is_empty() {
            write!(f, ": `{}`", self.field)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// All that is wrong with a policy: at least one mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyErrors(pub Vec<PolicyError>);

impl PolicyErrors {
    /// One mistake, which is about the whole file.
    pub fn of_file(file: &str, message: impl Into<String>) -> Self {
        let (block, field) = (String::new(), String::new());
        Self(vec![PolicyError {
            file: file.to_owned(),
            line: None,
            block,
            field,
            message: message.into(),
        }])
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}
