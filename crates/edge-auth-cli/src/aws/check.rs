//! What goes wrong between a policy and what API Gateway keeps of its answers.

use std::collections::BTreeSet;

use edge_auth::Policy;
use edge_auth::aws::HttpApiResponse;
use edge_auth::policy::RuleSummary;
use serde::Serialize;

use super::authorizer::{Authorizer, Found, Kind};

/// Something that is wrong, or may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// Stable, for scripts.
    pub(super) code: &'static str,
    pub(super) severity: Severity,
    /// The authorizer or API.
    pub(super) at: String,
    pub(super) line: usize,
    /// What is wrong, and what to do.
    pub(super) message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    /// Somebody is let in who must not be, or kept out who must not be.
    Error,
    /// It depends on what no file says.
    Warning,
}

/// The field of tokens, unless their issuer has another.
const AUTHORIZATION: &str = "authorization";

/// All findings, in the order of the template.
pub(super) fn findings(policy: &Policy, found: &Found) -> Vec<Finding> {
    let mut findings: Vec<Finding> = found
        .authorizers
        .iter()
        .flat_map(|authorizer| Check { policy, authorizer, findings: Vec::new() }.run())
        .collect();
    let by_certificate = found.mutual_tls || policy.rule_summaries().any(|rule| rule.certificates);
    for api in found.apis.iter().filter(|api| by_certificate && !api.closed) {
        findings.push(Finding {
            code: "execute_api_open",
            severity: Severity::Error,
            at: api.name.clone(),
            line: api.line,
            message: "its default endpoint asks nobody for a certificate, and so by-passes mutual TLS: \
                      set `DisableExecuteApiEndpoint: true`"
                .to_owned(),
        });
    }
    findings.sort_by_key(|finding| finding.line);
    findings
}

struct Check<'a> {
    policy: &'a Policy,
    authorizer: &'a Authorizer,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn run(mut self) -> Vec<Finding> {
        self.simple_responses();
        self.public_rules();
        if self.authorizer.kind == Kind::RestToken {
            self.token_events();
        }
        match self.authorizer.ttl {
            None => self.warn(
                "ttl_unknown",
                "how long answers are kept is known only when it is deployed: this file \
                is held to the policy as if they were kept"
                    .to_owned(),
            ),
            Some(0) => {
                // A REST API wants them for what it keeps; the others always.
                if self.authorizer.kind != Kind::RestRequest {
                    self.required_sources();
                }
                return self.findings;
            }
            Some(ttl) => self.budget(ttl),
        }
        self.required_sources();
        self.kept_for_others();
        self.kept_for_other_routes();
        self.findings
    }

    /// An answer that is kept outlives a revocation by as long.
    fn budget(&mut self, ttl: u64) {
        let limits = self.policy.revocation_limits();
        if self.policy.has_revocation_feed() {
            // That the sum keeps within the bound was checked with the policy.
            let counted = limits.gateway_cache.as_secs();
            if ttl > counted {
                let message = format!(
                    "answers are kept for {ttl} s, and the policy counts on {counted} s: say `[revocation] \
                     gateway_cache = \"{ttl}s\"`, or keep them for {counted} s at most"
                );
                self.refuse("ttl_exceeds_bound", message);
            }
            return;
        }
        let bound = limits.bound.as_secs();
        let keys = self.policy.api_key_blocks().next().is_some();
        let before = if keys { self.policy.key_record_age().as_secs() } else { 0 };
        if ttl.saturating_add(before) > bound {
            let own = if keys {
                format!("a key's record is believed for {before} s, and then ")
            } else {
                String::new()
            };
            let longest = bound.saturating_sub(before);
            let message = format!(
                "{own}answers are kept for {ttl} s: more than `[revocation] bound` ({bound} s) allows. Keep them for \
                 {longest} s at most, or raise the bound"
            );
            self.refuse("ttl_exceeds_bound", message);
        }
    }

    /// What `EnableSimpleResponses` says must be what the function answers.
    fn simple_responses(&mut self) {
        if self.authorizer.kind != Kind::Http {
            return;
        }
        let simple = self.policy.http_api_response() == HttpApiResponse::Simple;
        if simple != self.authorizer.simple {
            let (set, say) = if simple { ("true", "iam") } else { ("false", "simple") };
            self.refuse(
                "simple_mismatch",
                format!(
                    "the function answers otherwise than API Gateway expects: set `EnableSimpleResponses: {set}`, \
                     or say `[aws] http_api = \"{say}\"` in the policy"
                ),
            );
        }
    }

    fn public_rules(&mut self) {
        if let Some(rule) = self.policy.rule_summaries().find(|rule| rule.public) {
            let message = format!(
                "rule `{}` is public, but behind an authorizer API Gateway answers 401 to who sends no identity \
                 source: leave the authorizer off its routes",
                rule.name
            );
            self.warn("public_behind_authorizer", message);
        }
    }

    /// A `TOKEN` event has one field and an ARN.
    fn token_events(&mut self) {
        let certificates = self.first(|rule| rule.certificates);
        let hosts = self.first(|rule| rule.hosts);
        let both = self.first(|rule| !rule.token_fields.is_empty() && rule.api_keys && !rule.any);
        let elsewhere = self.first(|rule| rule.token_fields.iter().any(|field| *field != AUTHORIZATION));
        let unseen = [
            (certificates, "a client certificate"),
            (hosts, "the host"),
            (both, "a token and an API key at once"),
            (elsewhere, "a token in a field of its own"),
        ];
        for (rule, what) in unseen {
            if let Some(rule) = rule {
                let message = format!(
                    "rule `{rule}` needs {what}, which a TOKEN event does not have: use a REQUEST authorizer"
                );
                self.refuse("token_event_lacks", message);
            }
        }
    }

    /// API Gateway answers 401 by itself unless every identity source is there.
    fn required_sources(&mut self) {
        for field in self.credential_fields() {
            let without = self.first(|rule| !rule.public && self.can_do_without(rule, &field));
            let Some(rule) = without.filter(|_| self.has_header(&field)) else { continue };
            let message = format!(
                "rule `{rule}` can be met without the field `{field}`, but API Gateway answers 401 to who does not \
                 send it, before the policy is asked: have every caller send it (API keys may come as `Authorization: \
                 ApiKey …`), or name no identity sources and keep nothing (TTL 0)"
            );
            self.warn("identity_source_required", message);
        }
    }

    /// Whether a rule can be met by who does not send this field.
    fn can_do_without(&self, rule: &RuleSummary<'_>, field: &str) -> bool {
        let fields = self.fields_of(rule);
        if rule.any {
            rule.certificates || fields.iter().any(|own| own != field)
        } else {
            fields.iter().all(|own| own != field)
        }
    }

    /// An answer is kept for all who send the same identity sources.
    fn kept_for_others(&mut self) {
        for field in self.credential_fields() {
            let by_it = self.first(|rule| self.fields_of(rule).contains(&field));
            let Some(rule) = by_it.filter(|_| !self.has_header(&field)) else { continue };
            let message = format!(
                "rule `{rule}` is decided by the field `{field}`, and answers are kept for whoever sends another one, too: \
                 make it an identity source, or keep nothing"
            );
            self.refuse("credential_not_in_cache_key", message);
        }
        if let Some(rule) = self.first(|rule| rule.certificates) {
            let message = format!(
                "rule `{rule}` is decided by the client's certificate, for which no answer is kept apart: keep nothing \
                 (TTL 0)"
            );
            self.refuse("certificate_with_caching", message);
        } else if self.policy.client_cert_blocks().next().is_some() {
            let message = "tokens may be bound to a client's certificate, and an answer is kept for others who send the \
                           token, too: keep nothing (TTL 0)";
            self.refuse("bound_token_with_caching", message.to_owned());
        }
        if let Some(rule) = self.first(|rule| rule.hosts).filter(|_| !self.has_header("host")) {
            let message = format!(
                "rule `{rule}` is for certain hosts, and answers are kept for all hosts: make the field `Host` an identity \
                 source, or keep nothing"
            );
            self.refuse("host_with_caching", message);
        }
        let by_address = self.has("context:identity.sourceip") || self.has("context:http.sourceip");
        if self.policy.api_key_blocks().next().is_some() && !by_address {
            let message = "a key that is bound to networks is let in from everywhere while an answer is kept: if there are \
                           such keys, keep nothing, or make the caller's address an identity source";
            self.warn("network_bound_keys_with_caching", message.to_owned());
        }
    }

    /// An answer is kept for all routes.
    fn kept_for_other_routes(&mut self) {
        if self.authorizer.kind == Kind::Http && self.authorizer.simple {
            if !self.has("context:routekey") {
                let message = "a simple answer is kept for every route of the API: make `$context.routeKey` an identity \
                               source, or keep nothing";
                self.refuse("simple_without_route_key", message.to_owned());
            } else if self.policy.rule_summaries().count() > 0 {
                let message = "a simple answer is kept for all paths of a route: have no route cover the paths of several \
                               rules (`$default`, `{proxy+}`)";
                self.warn("simple_kept_for_route", message.to_owned());
            }
            return;
        }
        for unsaid in self.policy.unsaid_by_iam() {
            let message = format!(
                "rule `{}` cannot be said to IAM: {}. An answer allows one call, and is kept for the caller's others: \
                 keep nothing (TTL 0)",
                unsaid.rule, unsaid.why
            );
            self.refuse("unsaid_by_iam", message);
        }
    }

    /// The fields that credentials of this policy come by, and `authorization`, in lower case.
    fn credential_fields(&self) -> BTreeSet<String> {
        let named = self.policy.rule_summaries().flat_map(|rule| self.fields_of(&rule)).collect::<Vec<_>>();
        named.into_iter().chain([AUTHORIZATION.to_owned()]).collect()
    }

    /// An API key may come as `Authorization`, too; but then there must be none in its own field.
    fn fields_of(&self, rule: &RuleSummary<'_>) -> Vec<String> {
        let keys = Some(self.policy.api_key_header()).filter(|_| rule.api_keys);
        rule.token_fields.iter().copied().chain(keys).map(str::to_ascii_lowercase).collect()
    }

    fn has_header(&self, field: &str) -> bool {
        self.has(&format!("header:{field}"))
    }

    fn has(&self, source: &str) -> bool {
        self.authorizer.sources.iter().any(|own| own == source)
    }

    /// The name of the first such rule.
    fn first(&self, such: impl Fn(&RuleSummary<'_>) -> bool) -> Option<String> {
        self.policy.rule_summaries().find(such).map(|rule| rule.name.to_owned())
    }

    fn refuse(&mut self, code: &'static str, message: String) {
        self.add(code, Severity::Error, message);
    }

    fn warn(&mut self, code: &'static str, message: String) {
        self.add(code, Severity::Warning, message);
    }

    fn add(&mut self, code: &'static str, severity: Severity, message: String) {
        let Authorizer { name, line, .. } = self.authorizer;
        self.findings.push(Finding { code, severity, at: name.clone(), line: *line, message });
    }
}
