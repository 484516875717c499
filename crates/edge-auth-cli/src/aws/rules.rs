//! Compares a policy with the authorizers, APIs and integrations of a template.

use std::collections::BTreeSet;

use edge_auth::Policy;
use edge_auth::policy::HttpApiResponse;
use edge_auth::policy::RuleSummary;

use super::authorizer::{Authorizer, AuthorizerKind};
use super::finding::{Finding, Severity};
use super::inventory::Inventory;

/// The field that carries tokens, unless their issuer has another.
pub(super) const AUTHORIZATION: &str = "authorization";

/// Returns all findings, in the order of the template.
pub(super) fn findings(policy: &Policy, inventory: &Inventory) -> Vec<Finding> {
    let mut findings: Vec<Finding> = inventory
        .authorizers
        .iter()
        .flat_map(|authorizer| {
            AuthorizerCheck { policy, inventory, authorizer, findings: Vec::new() }.run()
        })
        .collect();
    let by_certificate =
        inventory.mutual_tls || policy.rule_summaries().any(|rule| rule.certificates);
    for api in inventory.apis.iter().filter(|api| by_certificate && !api.closed) {
        findings.push(Finding {
            code: "execute_api_open",
            severity: Severity::Error,
            at: api.name.clone(),
            line: api.line,
            message:
                "the API's default endpoint does not ask for a client certificate, so it by-passes mutual \
                 TLS: set `DisableExecuteApiEndpoint: true`"
                    .to_owned(),
        });
    }
    let headers = policy.identity_headers();
    for integration in &inventory.integrations {
        findings.extend(integration.lets_identity_through(&headers));
    }
    for external in &inventory.externals {
        findings.push(Finding {
            code: "definition_elsewhere",
            severity: Severity::Warning,
            at: external.at.clone(),
            line: external.line,
            message: external.message(),
        });
    }
    for (at, line) in &inventory.challenges {
        findings.push(Finding {
            code: "challenge_renamed",
            severity: Severity::Warning,
            at: at.clone(),
            line: *line,
            message: "a REST API renames `WWW-Authenticate` to `x-amzn-remapped-www-authenticate`, so clients do not see the \
                      challenge. Have them read the other field, or have a CDN in front rename it back"
                .to_owned(),
        });
    }
    findings.sort_by_key(|finding| finding.line);
    findings
}

/// The comparison of one authorizer with the policy.
pub(super) struct AuthorizerCheck<'a> {
    pub(super) policy: &'a Policy,
    pub(super) inventory: &'a Inventory,
    pub(super) authorizer: &'a Authorizer,
    findings: Vec<Finding>,
}

impl AuthorizerCheck<'_> {
    fn run(mut self) -> Vec<Finding> {
        self.simple_responses();
        self.public_rules();
        match self.authorizer.kind {
            AuthorizerKind::RestToken => self.token_events(),
            AuthorizerKind::RestRequest
            | AuthorizerKind::Http
            | AuthorizerKind::HttpPayload1
            | AuthorizerKind::WebSocket => self.query_tokens(),
        }
        match (self.authorizer.kind, self.authorizer.ttl) {
            // A REST API requires identity sources only if it caches answers.
            (AuthorizerKind::RestRequest, Some(0)) => {}
            _ => self.required_sources(),
        }
        self.sources_without_credential();
        self.validation_expression();
        self.preflights();
        if self.caches() {
            self.caching();
        }
        self.findings
    }

    /// Returns whether API Gateway may cache answers.
    fn caches(&self) -> bool {
        self.authorizer.ttl != Some(0)
    }

    /// Checks that `EnableSimpleResponses` and the function's answers agree.
    fn simple_responses(&mut self) {
        let simple = self.answers_simply();
        let advice = match (self.authorizer.kind, self.authorizer.simple) {
            (AuthorizerKind::Http, None) => {
                let message = "`EnableSimpleResponses` is known only at deployment: it must agree with `[aws] http_api` \
                               in the policy";
                return self.warn("simple_unknown", message.to_owned());
            }
            (AuthorizerKind::Http, Some(on)) if on != simple => {
                let other = if simple { "iam" } else { "simple" };
                format!(
                    "set `EnableSimpleResponses: {simple}`, or `[aws] http_api = \"{other}\"` in the policy"
                )
            }
            (AuthorizerKind::HttpPayload1, Some(true)) => {
                "payload 1.0 needs an IAM policy: set `EnableSimpleResponses: false`, or use payload 2.0"
                    .to_owned()
            }
            _ => return,
        };
        self.refuse(
            "simple_mismatch",
            format!(
                "the function's answers do not have the form that API Gateway expects: {advice}"
            ),
        );
    }

    /// Returns whether the function answers yes or no instead of with an IAM policy.
    pub(super) fn answers_simply(&self) -> bool {
        self.authorizer.kind == AuthorizerKind::Http
            && self.policy.http_api_response() == HttpApiResponse::Simple
    }

    fn public_rules(&mut self) {
        if let Some(rule) = self.policy.rule_summaries().find(|rule| rule.public) {
            let message = format!(
                "rule `{}` is public, but API Gateway answers 401 to a call without the authorizer's identity sources: \
                 leave the authorizer off its routes",
                rule.name
            );
            self.warn("public_behind_authorizer", message);
        }
    }

    /// Reports rules that need more than a `TOKEN` event has: the value of one field, and an ARN.
    fn token_events(&mut self) {
        let event_field = self.token_field();
        let mut lacking = vec![
            (self.first(|rule| rule.certificates), "a client certificate".to_owned()),
            (self.first(|rule| rule.hosts), "the host".to_owned()),
            (self.first(|rule| rule.when), "the client's address".to_owned()),
            (
                self.first(|rule| !rule.token_fields.is_empty() && rule.api_keys && !rule.any),
                "a token and an API key together".to_owned(),
            ),
            (
                self.first(|rule| !rule.query_parameters.is_empty()),
                "a token in the query".to_owned(),
            ),
        ];
        for field in self.token_fields() {
            let what = match field.as_str() {
                "cookie" => "a token in a cookie".to_owned(),
                _ if field == event_field || self.authorizer.sources.are_unknown() => continue,
                _ => format!("the token in the field `{field}`"),
            };
            lacking.push((self.first(|rule| rule.token_fields.contains(&field.as_str())), what));
        }
        for (rule, what) in lacking {
            if let Some(rule) = rule {
                let message = format!(
                    "rule `{rule}` needs {what}, but a TOKEN event has only the field `{event_field}`: use a REQUEST \
                     authorizer"
                );
                self.refuse("token_event_lacks", message);
            }
        }
    }

    /// Reports tokens in the query, which an authorizer does not read: API Gateway would use its
    /// cached answer for other queries, too.
    fn query_tokens(&mut self) {
        let Some(rule) =
            self.policy.rule_summaries().find(|rule| !rule.query_parameters.is_empty())
        else {
            return;
        };
        let message = format!(
            "rule `{}` takes a token from the query (`{}`), which an authorizer does not read: send the token in a field, or \
             call the function as a proxy does (`/authorize`)",
            rule.name,
            rule.query_parameters.join("`, `")
        );
        if rule.any {
            self.warn("query_token_not_read", message);
        } else {
            self.refuse("query_token_not_read", message);
        }
    }

    /// Returns the field whose value is in a `TOKEN` event, in lower case.
    pub(super) fn token_field(&self) -> String {
        let mut sources = self.authorizer.sources.named();
        let field = sources.find_map(|source| source.strip_prefix("header:"));
        field.unwrap_or(AUTHORIZATION).to_owned()
    }

    /// Returns the fields that carry tokens of the rules, in lower case.
    fn token_fields(&self) -> BTreeSet<String> {
        let mut fields = BTreeSet::new();
        for rule in self.policy.rule_summaries() {
            fields.extend(rule.token_fields.iter().map(|field| field.to_ascii_lowercase()));
        }
        fields
    }

    /// Reports rules that accept calls without some identity source: API Gateway answers 401 unless
    /// all of them are there.
    fn required_sources(&mut self) {
        // A field that carries no credential is reported by `sources_without_credential`.
        let fields = match self.authorizer.kind {
            AuthorizerKind::RestToken => self.credential_fields(),
            AuthorizerKind::RestRequest
            | AuthorizerKind::Http
            | AuthorizerKind::HttpPayload1
            | AuthorizerKind::WebSocket => self.carrying_fields(),
        };
        for field in fields {
            let without = self.first(|rule| !rule.public && self.can_do_without(rule, &field));
            let Some(rule) = without.filter(|_| self.has_header(&field)) else { continue };
            let message = format!(
                "rule `{rule}` accepts calls without the field `{field}`, but it is an identity source, and API Gateway \
                 answers 401 without asking the gate when it is missing: {}",
                self.instead()
            );
            self.warn("identity_source_required", message);
        }
    }

    /// Returns the advice where callers do not send an identity source.
    fn instead(&self) -> &'static str {
        match self.authorizer.kind {
            AuthorizerKind::RestToken => {
                "have every caller send it (API keys may come as `Authorization: ApiKey …`), or use a REQUEST \
                 authorizer without identity sources and without caching (TTL 0)"
            }
            // While answers are cached, the API keys' field must be an identity source, too.
            AuthorizerKind::RestRequest if self.caches() => {
                "use a TOKEN authorizer, if every credential may come as `Authorization`; or name no identity sources \
                 and switch caching off (TTL 0)"
            }
            AuthorizerKind::Http | AuthorizerKind::HttpPayload1 if self.caches() => {
                "name no identity sources, and switch caching off (TTL 0)"
            }
            AuthorizerKind::Http
            | AuthorizerKind::HttpPayload1
            | AuthorizerKind::RestRequest
            | AuthorizerKind::WebSocket => {
                "have every caller send it (API keys may come as `Authorization: ApiKey …`), or name no identity \
                 sources"
            }
        }
    }

    /// Returns whether a rule accepts calls without this field.
    fn can_do_without(&self, rule: &RuleSummary<'_>, field: &str) -> bool {
        let fields = self.fields_of(rule);
        if rule.any {
            rule.certificates || fields.iter().any(|own| own != field)
        } else {
            fields.iter().all(|own| own != field)
        }
    }

    /// Returns the fields that carry the policy's credentials, and `authorization`, in lower case.
    pub(super) fn credential_fields(&self) -> BTreeSet<String> {
        let named =
            self.policy.rule_summaries().flat_map(|rule| self.fields_of(&rule)).collect::<Vec<_>>();
        named.into_iter().chain([AUTHORIZATION.to_owned()]).collect()
    }

    /// Returns the fields that carry a rule's credentials. An API key may come in `Authorization`
    /// instead of its own field.
    pub(super) fn fields_of(&self, rule: &RuleSummary<'_>) -> Vec<String> {
        let keys = Some(self.policy.api_key_header()).filter(|_| rule.api_keys);
        rule.token_fields.iter().copied().chain(keys).map(str::to_ascii_lowercase).collect()
    }

    /// Returns whether this field is an identity source.
    pub(super) fn has_header(&self, field: &str) -> bool {
        self.authorizer.sources.has(&format!("header:{field}"))
    }

    /// Returns the name of the first rule that satisfies `such`.
    pub(super) fn first(&self, such: impl Fn(&RuleSummary<'_>) -> bool) -> Option<String> {
        self.policy.rule_summaries().find(such).map(|rule| rule.name.to_owned())
    }

    pub(super) fn refuse(&mut self, code: &'static str, message: String) {
        self.add(code, Severity::Error, message);
    }

    pub(super) fn warn(&mut self, code: &'static str, message: String) {
        self.add(code, Severity::Warning, message);
    }

    /// Warns at another line than the authorizer's.
    pub(super) fn warn_at(&mut self, line: usize, code: &'static str, message: String) {
        let at = self.authorizer.name.clone();
        self.findings.push(Finding { code, severity: Severity::Warning, at, line, message });
    }

    fn add(&mut self, code: &'static str, severity: Severity, message: String) {
        let Authorizer { name, line, .. } = self.authorizer;
        self.findings.push(Finding { code, severity, at: name.clone(), line: *line, message });
    }
}
