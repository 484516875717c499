//! Identity sources: the cache key of API Gateway's answers, and what it requires before it asks
//! the gate.

use super::template::Node;

/// The identity sources of an authorizer.
#[derive(Debug, Default)]
pub(super) struct IdentitySources {
    /// `header:authorization`, `context:routekey`: in lower case.
    named: Vec<String>,
    /// Whether there are others that only a deployment knows.
    unknown: bool,
}

/// SAM has a list for each kind of source.
const LISTS: [(&str, &str); 4] = [
    ("Headers", "header"),
    ("QueryStrings", "querystring"),
    ("StageVariables", "stagevariables"),
    ("Context", "context"),
];

impl IdentitySources {
    /// Reads sources that name their kind: `method.request.header.Authorization`,
    /// `$request.header.Authorization` and `route.request.header.Authorization` are the same.
    pub(super) fn of(node: Option<&Node>) -> Self {
        let mut sources = Self::default();
        sources.add(node, |written| {
            let bare = written.trim_start_matches('$');
            let bare = bare
                .strip_prefix("method.")
                .or_else(|| bare.strip_prefix("route."))
                .unwrap_or(bare);
            bare.strip_prefix("request.").unwrap_or(bare).replacen('.', ":", 1)
        });
        sources
    }

    /// Reads SAM's `Identity` of a `REQUEST` authorizer.
    pub(super) fn of_identity(identity: Option<&Node>) -> Self {
        let mut sources = Self::default();
        for (list, kind) in LISTS {
            sources
                .add(identity.and_then(|node| node.at(&[list])), |name| format!("{kind}:{name}"));
        }
        sources
    }

    /// Reads the one field in SAM's `Identity` of a `TOKEN` authorizer.
    pub(super) fn of_token_identity(identity: Option<&Node>) -> Self {
        let mut sources = Self::default();
        sources
            .add(identity.and_then(|node| node.at(&["Header"])), |name| format!("header:{name}"));
        sources.or_authorization()
    }

    /// Adds the default field of a `TOKEN` authorizer, if none is named.
    pub(super) fn or_authorization(mut self) -> Self {
        if self.are_none() {
            self.named.push("header:authorization".to_owned());
        }
        self
    }

    /// Adds the items of a list, or of text with commas.
    fn add(&mut self, node: Option<&Node>, normal: impl Fn(&str) -> String) {
        let Some(node) = node else { return };
        if node.resolved_later {
            self.unknown = true;
            return;
        }
        for item in node.items() {
            match item.text() {
                Some(text) => {
                    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                    self.named.extend(names.map(|name| normal(&name.to_ascii_lowercase())));
                }
                None => self.unknown = true,
            }
        }
    }

    /// Returns whether this one is among the known sources.
    pub(super) fn has(&self, source: &str) -> bool {
        self.named.iter().any(|own| own == source)
    }

    /// Returns the known sources: `header:authorization`, `context:routekey`.
    pub(super) fn named(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(String::as_str)
    }

    /// Returns whether there are others that only a deployment knows.
    pub(super) fn are_unknown(&self) -> bool {
        self.unknown
    }

    /// Returns whether the authorizer certainly has no identity source.
    pub(super) fn are_none(&self) -> bool {
        self.named.is_empty() && !self.unknown
    }
}
