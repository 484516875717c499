//! What can be asked of the administrative endpoint, by method and path.

use super::AdminScope;

/// What is asked for.
#[derive(Debug)]
pub(super) enum Action<'p> {
    Describe,
    List,
    Create,
    Import,
    Show(&'p str),
    Rotate(&'p str),
    Disable(&'p str),
    Enable(&'p str),
    Revoke(&'p str),
    ListRevocations,
    CreateRevocation,
    ShowRevocation(&'p str),
    UndoRevocation(&'p str),
    CompactRevocations,
}

impl<'p> Action<'p> {
    pub(super) fn of(method: &str, path: &'p str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix("/admin/v1/")?.split('/').collect();
        Some(match (method, segments.as_slice()) {
            ("GET", ["openapi.json"]) => Self::Describe,
            ("GET", ["keys"]) => Self::List,
            ("POST", ["keys"]) => Self::Create,
            ("POST", ["keys", "import"]) => Self::Import,
            ("GET", ["keys", id]) => Self::Show(id),
            ("POST", ["keys", id, "rotate"]) => Self::Rotate(id),
            ("POST", ["keys", id, "disable"]) => Self::Disable(id),
            ("POST", ["keys", id, "enable"]) => Self::Enable(id),
            ("POST", ["keys", id, "revoke"]) => Self::Revoke(id),
            ("GET", ["revocations"]) => Self::ListRevocations,
            ("POST", ["revocations"]) => Self::CreateRevocation,
            ("POST", ["revocations", "compact"]) => Self::CompactRevocations,
            ("GET", ["revocations", id]) => Self::ShowRevocation(id),
            ("POST", ["revocations", id, "undo"]) => Self::UndoRevocation(id),
            _ => return None,
        })
    }

    /// The scope that it needs.
    pub(super) fn scope(&self) -> AdminScope {
        match self {
            Self::Describe | Self::List | Self::Show(_) => AdminScope::ReadKeys,
            Self::Create
            | Self::Import
            | Self::Rotate(_)
            | Self::Disable(_)
            | Self::Enable(_)
            | Self::Revoke(_) => AdminScope::WriteKeys,
            Self::ListRevocations | Self::ShowRevocation(_) => AdminScope::ReadRevocations,
            Self::CreateRevocation | Self::UndoRevocation(_) | Self::CompactRevocations => {
                AdminScope::WriteRevocations
            }
        }
    }

    /// What the audit log calls it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Describe => "describe",
            Self::List => "keys.list",
            Self::Create => "keys.create",
            Self::Import => "keys.import",
            Self::Show(_) => "keys.show",
            Self::Rotate(_) => "keys.rotate",
            Self::Disable(_) => "keys.disable",
            Self::Enable(_) => "keys.enable",
            Self::Revoke(_) => "keys.revoke",
            Self::ListRevocations => "revocations.list",
            Self::CreateRevocation => "revocations.create",
            Self::ShowRevocation(_) => "revocations.show",
            Self::UndoRevocation(_) => "revocations.undo",
            Self::CompactRevocations => "revocations.compact",
        }
    }
}
