//! Finds who may administer under a policy, and by which rule.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::policy::{Access, AdminScope, CredentialRef, Policy, Rule};
use crate::route::{PathPattern, Route, Segment};

/// The administrators of a policy that has an `[admin]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Administration {
    /// Whether the holder of the bootstrap secret may do everything.
    pub bootstrap_secret: bool,
    /// The credentials that may administer if they were granted the scopes by name, in the order
    /// of the rules.
    pub administrators: Vec<Administrator>,
    /// The rules for paths below `/admin` whose `scopes` name no scope of the administration, so
    /// that they do not open it.
    pub closed_rules: Vec<String>,
}

/// The holders of one kind of credential, by one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Administrator {
    /// The rule's name, or its number and path.
    pub rule: String,
    /// `jwt:corp`, as the rule writes it.
    pub credential: String,
    /// The scopes that the rule spells out and that such a credential can have.
    pub scopes: BTreeSet<AdminScope>,
}

impl Policy {
    /// Returns who may administer; `None` where administration is off.
    pub fn administration(&self) -> Option<Administration> {
        let admin = self.admin.as_ref()?;
        let mut administrators = Vec::new();
        let mut closed_rules = Vec::new();
        for (index, (rule, route)) in self.rules.iter().zip(self.router.routes()).enumerate() {
            let opened = self.opened_by(index, rule, route);
            if opened.is_empty() && is_for_administration(&route.path) {
                closed_rules.push(rule.name.clone());
            }
            for named in rule.access.principals() {
                let scopes: BTreeSet<_> =
                    opened.iter().copied().filter(|scope| self.can_have(named, *scope)).collect();
                if !scopes.is_empty() {
                    let credential = self.name_of(named);
                    administrators.push(Administrator {
                        rule: rule.name.clone(),
                        credential,
                        scopes,
                    });
                }
            }
        }
        Some(Administration {
            bootstrap_secret: admin.bootstrap_hash.is_some(),
            administrators,
            closed_rules,
        })
    }

    /// Returns the scopes that a rule names and for whose requests it can decide.
    fn opened_by(&self, index: usize, rule: &Rule, route: &Route) -> Vec<AdminScope> {
        let earlier = self.router.routes().get(..index).unwrap_or_default();
        let mut opened = Vec::new();
        for scope in AdminScope::ALL {
            let decides_one = scope
                .requests()
                .iter()
                .any(|(method, path)| can_decide(route, earlier, method, path));
            if rule.scopes.names(scope.name()) && decides_one {
                opened.push(scope);
            }
        }
        opened
    }

    /// Whether credentials of a block can be granted a scope by name. The policy does not say what
    /// a single key or token was granted.
    fn can_have(&self, named: &CredentialRef, scope: AdminScope) -> bool {
        match named {
            CredentialRef::Jwt(index) => {
                self.issuers.get(*index).is_some_and(|issuer| !issuer.scope_claims.is_empty())
            }
            CredentialRef::Key(_) => true,
            CredentialRef::Cert(index) => self
                .client_certs
                .get(*index)
                .is_some_and(|block| block.scopes.contains(scope.name())),
        }
    }
}

/// Whether a rule can decide about a request of the administration: it matches, and no earlier rule
/// always does.
fn can_decide(route: &Route, earlier: &[Route], method: &str, path: &str) -> bool {
    let Ok(path) = PathPattern::parse(path) else { return false };
    let is_taken = earlier.iter().any(|other| {
        other.host.is_none() && other.methods.contains(method) && other.path.covers(&path)
    });
    !is_taken && route.methods.contains(method) && route.path.meets(&path)
}

impl Access {
    /// Returns the credentials that can be the principal of a rule, and so bring the scopes.
    pub(super) fn principals(&self) -> &[CredentialRef] {
        match self {
            Self::Public => &[],
            Self::Any(named) => named,
            Self::All(named) => named.get(..1).unwrap_or_default(),
        }
    }
}

/// Whether a rule is for the administration's paths in particular, and not for many others, too.
fn is_for_administration(path: &PathPattern) -> bool {
    matches!(path.segments().first(), Some(Segment::Literal(first)) if first == "admin")
        && super::lint::is_of_administration(path)
}
