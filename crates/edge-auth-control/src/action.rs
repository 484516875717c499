//! The actions of `/admin/v1`, by method and path.

use edge_auth::policy::AdminScope;

/// An action of the administration, with the id that it is about.
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
    Rewrap(&'p str),
    ListRevocations,
    CreateRevocation,
    ShowRevocation(&'p str),
    UndoRevocation(&'p str),
    CompactRevocations,
}

/// The meaning of a method and a path.
#[derive(Debug)]
pub(super) enum Requested<'p> {
    Action(Action<'p>),
    /// The path takes other methods, those of these actions.
    WrongMethod(Vec<PathAction<'p>>),
    /// The API has no such path.
    UnknownPath,
}

/// A method of a path, and what it does.
pub(super) type PathAction<'p> = (&'static str, Action<'p>);

impl<'p> Requested<'p> {
    /// Reads the method and the normal path of a request. `HEAD` asks for what `GET` does (RFC
    /// 9110, section 9.3.2).
    pub(super) fn of(method: &str, path: &'p str) -> Self {
        let method = if method == "HEAD" { "GET" } else { method };
        let mut others = Vec::new();
        for (own, action) in Action::of_path(path) {
            if own == method {
                return Self::Action(action);
            }
            others.push((own, action));
        }
        if others.is_empty() { Self::UnknownPath } else { Self::WrongMethod(others) }
    }

    /// Returns the scope that a caller needs for the answer.
    pub(super) fn scope(&self) -> AdminScope {
        match self {
            Self::Action(action) => action.scope(),
            // A caller that may use one of the right methods learns all of them.
            Self::WrongMethod(others) => {
                others.first().map_or(AdminScope::WriteKeys, |(_, action)| action.scope())
            }
            Self::UnknownPath => AdminScope::WriteKeys,
        }
    }
}

/// Returns the value of `Allow` for these actions of one path (RFC 9110, section 10.2.1).
pub(super) fn allowed_methods(actions: &[PathAction<'_>]) -> String {
    let mut methods = Vec::new();
    for (method, _) in actions {
        methods.push(*method);
        if *method == "GET" {
            methods.push("HEAD");
        }
    }
    methods.join(", ")
}

impl<'p> Action<'p> {
    /// Returns the actions of a path, by their methods; those that only read come first.
    fn of_path(path: &'p str) -> Vec<PathAction<'p>> {
        let Some(path) = path.strip_prefix("/admin/v1/") else { return Vec::new() };
        let segments: Vec<&str> = path.split('/').collect();
        match *segments.as_slice() {
            ["openapi.json"] => vec![("GET", Self::Describe)],
            ["keys"] => vec![("GET", Self::List), ("POST", Self::Create)],
            ["keys", id @ "import"] => vec![("GET", Self::Show(id)), ("POST", Self::Import)],
            ["keys", id] => vec![("GET", Self::Show(id))],
            ["keys", id, "rotate"] => vec![("POST", Self::Rotate(id))],
            ["keys", id, "disable"] => vec![("POST", Self::Disable(id))],
            ["keys", id, "enable"] => vec![("POST", Self::Enable(id))],
            ["keys", id, "revoke"] => vec![("POST", Self::Revoke(id))],
            ["keys", id, "wrap"] => vec![("POST", Self::Rewrap(id))],
            ["revocations"] => {
                vec![("GET", Self::ListRevocations), ("POST", Self::CreateRevocation)]
            }
            ["revocations", id @ "compact"] => {
                vec![("GET", Self::ShowRevocation(id)), ("POST", Self::CompactRevocations)]
            }
            ["revocations", id] => vec![("GET", Self::ShowRevocation(id))],
            ["revocations", id, "undo"] => vec![("POST", Self::UndoRevocation(id))],
            _ => Vec::new(),
        }
    }

    /// Returns the scope that the action needs.
    pub(super) fn scope(&self) -> AdminScope {
        match self {
            Self::Describe | Self::List | Self::Show(_) => AdminScope::ReadKeys,
            Self::Create
            | Self::Import
            | Self::Rotate(_)
            | Self::Disable(_)
            | Self::Enable(_)
            | Self::Revoke(_)
            | Self::Rewrap(_) => AdminScope::WriteKeys,
            Self::ListRevocations | Self::ShowRevocation(_) => AdminScope::ReadRevocations,
            Self::CreateRevocation | Self::UndoRevocation(_) | Self::CompactRevocations => {
                AdminScope::WriteRevocations
            }
        }
    }

    /// Returns the action's name in the audit log.
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
            Self::Rewrap(_) => "keys.wrap",
            Self::ListRevocations => "revocations.list",
            Self::CreateRevocation => "revocations.create",
            Self::ShowRevocation(_) => "revocations.show",
            Self::UndoRevocation(_) => "revocations.undo",
            Self::CompactRevocations => "revocations.compact",
        }
    }
}
