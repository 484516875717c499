//! Checks what API Gateway requires before it asks the gate. If callers do not send an identity
//! source, or their credentials do not match the validation expression, API Gateway refuses them
//! all.

use std::collections::BTreeSet;

use regex_lite::Regex;

use super::authorizer::{AuthorizerKind, Validation};
use super::rules::{AUTHORIZATION, AuthorizerCheck};

/// A token to try expressions with: base64url with `-` and `_`.
const TOKEN: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJodHRwczovL2V4YW1wbGUuY29tLyJ9.\
                     Zm9v-YmFy_Zm9vYmFyMDEyMzQ1Njc4OUFCQ0RFRkdISktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGk";
/// The part of an API key after its prefix: environment, id, secret and check sum.
const KEY: &str = "live_4kq2Jx9LmP3sTuVw7Z_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefgABCDEF";
/// Context variables that are empty for callers of a Lambda authorizer.
const NEVER_THERE: [&str; 4] =
    ["authorizer.", "identity.cognito", "identity.user", "identity.caller"];

impl AuthorizerCheck<'_> {
    /// Reports identity sources that neither carry a credential nor come with every request.
    pub(super) fn sources_without_credential(&mut self) {
        // A `TOKEN` event has exactly the field that the source names.
        if self.authorizer.kind == AuthorizerKind::RestToken {
            return;
        }
        let useless: Vec<String> = self
            .authorizer
            .sources
            .named()
            .filter(|source| !self.is_sent(source))
            .map(str::to_owned)
            .collect();
        for source in useless {
            let (kind, name) = source.split_once(':').unwrap_or(("", &source));
            let what = match kind {
                "header" => "field",
                "querystring" => "query parameter",
                "stagevariables" => "stage variable",
                "context" => "context variable",
                _ => "source",
            };
            let fields = self.carrying_fields();
            let instead = match fields.iter().next() {
                Some(_) => {
                    let fields: Vec<String> =
                        fields.iter().map(|field| format!("`{field}`")).collect();
                    format!("name the field that carries credentials ({})", fields.join(", "))
                }
                None => "name no identity source".to_owned(),
            };
            // A REST API requires its sources at least if it caches answers.
            if (self.authorizer.kind, self.authorizer.ttl) == (AuthorizerKind::RestRequest, Some(0))
            {
                let message = format!(
                    "the identity source {what} `{name}` carries no credential of the policy: leave it out, or {instead}"
                );
                self.warn("identity_source_without_credential", message);
            } else {
                let message = format!(
                    "the identity source {what} `{name}` carries no credential of the policy, and API Gateway answers 401 \
                     without asking the gate when it is missing, so every call fails: {instead}"
                );
                self.refuse("identity_source_without_credential", message);
            }
        }
    }

    /// Returns whether callers send this source, with a credential or always.
    fn is_sent(&self, source: &str) -> bool {
        match source.split_once(':') {
            // DPoP's proof comes beside a token.
            Some(("header" | "multivalueheader", "host" | "dpop")) => true,
            Some(("header" | "multivalueheader", field)) => self.carrying_fields().contains(field),
            Some(("stagevariables", name)) => self.inventory.stage_variables.contains(name),
            // `query_tokens` reports that the gate does not read it.
            Some(("querystring" | "multivaluequerystring", name)) => {
                let is_it = |own: &&str| own.eq_ignore_ascii_case(name);
                self.policy.rule_summaries().any(|rule| rule.query_parameters.iter().any(is_it))
            }
            Some(("context", name)) => !NEVER_THERE.iter().any(|start| name.starts_with(start)),
            _ => false,
        }
    }

    /// Returns the fields that carry credentials of the rules, in lower case.
    pub(super) fn carrying_fields(&self) -> BTreeSet<String> {
        let mut fields = BTreeSet::new();
        for rule in self.policy.rule_summaries() {
            fields.extend(self.fields_of(&rule));
            if rule.api_keys {
                fields.insert(AUTHORIZATION.to_owned());
            }
        }
        fields
    }

    /// Reports a validation expression that refuses what the policy accepts. Only `TOKEN`
    /// authorizers have one.
    pub(super) fn validation_expression(&mut self) {
        if self.authorizer.kind != AuthorizerKind::RestToken {
            return;
        }
        let expression = match &self.authorizer.validation {
            Validation::None => return,
            Validation::Expression(expression) => expression.clone(),
            Validation::Unknown => {
                let message = "the validation expression is known only at deployment: API Gateway answers 401 to every \
                               credential that it does not match";
                return self.warn("validation_expression_unknown", message.to_owned());
            }
        };
        let (Ok(part), Ok(whole)) =
            (Regex::new(&expression), Regex::new(&format!("^(?:{expression})$")))
        else {
            let message = "the validation expression is not one that this command can try: API Gateway answers 401 to every \
                           credential that it does not match. Make sure that it matches all that the policy accepts, or leave it out";
            return self.warn("validation_expression_unknown", message.to_owned());
        };
        for (what, sample) in self.samples() {
            if !part.is_match(&sample) {
                let message = format!(
                    "the validation expression `{expression}` does not match {what}, which the policy accepts: API \
                     Gateway answers 401 without asking the gate. Leave it out"
                );
                return self.refuse("validation_refuses_credential", message);
            }
            if !whole.is_match(&sample) {
                let message = format!(
                    "the validation expression `{expression}` matches only a part of {what}: API Gateway answers 401 if it \
                     compares the whole field. Let it match to the end, or leave it out"
                );
                return self.warn("validation_matches_partly", message);
            }
        }
    }

    /// Returns a sample, with its name, of each credential that the policy accepts in the field of
    /// a `TOKEN` event.
    fn samples(&self) -> Vec<(String, String)> {
        let field = self.token_field();
        let in_authorization = field == AUTHORIZATION;
        let (mut bearer, mut raw, mut keys) = (false, false, false);
        for rule in self.policy.rule_summaries() {
            if in_authorization {
                bearer |= rule.bearer_tokens;
                raw |= rule.raw_tokens;
            } else {
                raw |= rule.token_fields.contains(&field.as_str());
            }
            keys |= rule.api_keys;
        }
        let mut samples = Vec::new();
        if bearer {
            samples.push(("`Bearer TOKEN`".to_owned(), format!("Bearer {TOKEN}")));
        }
        if raw {
            samples.push(("a token without a scheme".to_owned(), TOKEN.to_owned()));
        }
        if keys && in_authorization {
            samples.push(("an API key (`ApiKey KEY`)".to_owned(), format!("ApiKey acme_{KEY}")));
        }
        if keys && field.eq_ignore_ascii_case(self.policy.api_key_header()) {
            samples.push(("an API key".to_owned(), format!("acme_{KEY}")));
        }
        samples
    }
}
