//! `[[rule]]`, compiled: which credentials open it, with which scopes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::access::Access;
use super::claim_rule::ClaimRule;
use super::subject_pattern::SubjectPattern;
use super::when::When;
use crate::scopes::{RESERVED, ScopeRule};

/// One `[[rule]]`; its route is in the router, under the same index.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Rule {
    /// Its `name`, or its number and path, for the audit log.
    /// Its name.
    pub name: String,
    /// Who may pass.
    pub access: Access,
    pub(crate) scopes: ScopeRule,
    /// The conditions on its tokens' claims, beside those of their issuer's block.
    pub(crate) claims: Vec<ClaimRule>,
    /// The principals who may pass; `None` is everybody with the credential.
    pub(crate) subjects: Option<Vec<SubjectPattern>>,
    /// The tenants whose principals may pass; `None` is any, and those without one.
    pub(crate) tenants: Option<Vec<String>>,
    /// From where requests pass; `None` is from everywhere.
    pub(crate) when: Option<When>,
    pub(crate) upgrade: bool,
    /// The age at which an open answer ends.
    pub(crate) max_response_age: Option<Duration>,
    pub(crate) forward_credential: bool,
    /// Whether tokens must be bound to the client's certificate (RFC 8705, section 3).
    pub(crate) certificate_bound: bool,
    /// Whether requests pass though the gate does not know what was revoked lately.
    pub(crate) insecure_allow_stale_revocation: bool,
    pub(crate) cors: Option<Cors>,
}

impl Rule {
    /// Returns whether it lets in some tenants only.
    pub fn limits_tenants(&self) -> bool {
        self.tenants.is_some()
    }

    /// Returns whether it lets in administrators only: whoever passes has a scope of theirs.
    pub fn asks_for_administrators(&self) -> bool {
        let ScopeRule { all_of, any_of } = &self.scopes;
        let is_theirs = |scope: &String| scope.starts_with(RESERVED);
        all_of.iter().any(is_theirs) || (!any_of.is_empty() && any_of.iter().all(is_theirs))
    }

    /// Returns whether it asks for this scope by name.
    pub fn names_scope(&self, scope: &str) -> bool {
        self.scopes.names(scope)
    }
}

/// The origins whose pages may send requests, and with which headers.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Cors {
    pub origins: Vec<String>,
    pub headers: Vec<String>,
    /// Fields of answers that pages may read, beside those that they may anyway.
    pub expose: Vec<String>,
    /// Browsers may send cookies and client certificates along.
    pub credentials: bool,
    pub max_age: Option<Duration>,
}
