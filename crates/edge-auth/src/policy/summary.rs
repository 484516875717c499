//! What a rule asks for, for those who set a platform up around it.

use super::{Access, Named, Policy, Rule};

/// A rule, as far as it matters outside the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleSummary<'a> {
    /// Its name, or its number and path.
    pub name: &'a str,
    /// Whether nobody is asked.
    pub public: bool,
    /// Whether one of several credentials is enough.
    pub any: bool,
    /// Whether it names tokens.
    pub tokens: bool,
    /// Whether it names API keys.
    pub api_keys: bool,
    /// Whether it names client certificates, or wants tokens that are bound to one.
    pub certificates: bool,
    /// Whether it is for certain hosts.
    pub hosts: bool,
}

impl Policy {
    /// The rules, in their order.
    pub fn rule_summaries(&self) -> impl Iterator<Item = RuleSummary<'_>> {
        self.rules.iter().zip(self.router.routes()).map(|(rule, route)| summary(rule, route.host.is_some()))
    }
}

fn summary(rule: &Rule, hosts: bool) -> RuleSummary<'_> {
    let named = rule.access.named();
    let names = |kind: fn(&Named) -> bool| named.iter().any(kind);
    RuleSummary {
        name: &rule.name,
        public: rule.access == Access::Public,
        any: matches!(rule.access, Access::Any(_)) && named.len() > 1,
        tokens: names(|one| matches!(one, Named::Jwt(_))),
        api_keys: names(|one| matches!(one, Named::Key(_))),
        certificates: rule.certificate_bound || names(|one| matches!(one, Named::Cert(_))),
        hosts,
    }
}
