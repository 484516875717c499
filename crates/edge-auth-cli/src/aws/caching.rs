//! Checks of the answers that API Gateway caches.

use edge_auth::aws::{ApiType, denies_encoded_paths, iam_inexpressible};

use super::authorizer::AuthorizerKind;
use super::rules::AuthorizerCheck;

impl AuthorizerCheck<'_> {
    /// Checks everything that caching can break.
    pub(super) fn caching(&mut self) {
        match self.authorizer.ttl {
            Some(ttl) => self.budget(ttl),
            None => {
                let message = "how long answers are kept is known only when it is deployed: this file is held to the \
                               policy as if they were kept";
                self.warn("ttl_unknown", message.to_owned());
            }
        }
        // A `TOKEN` event has only the credential, which is its cache key.
        if self.authorizer.kind != AuthorizerKind::RestToken {
            self.kept_for_others();
        }
        self.kept_for_other_routes();
    }

    /// Checks the TTL against the revocation bound: a cached answer outlives a revocation.
    fn budget(&mut self, ttl: u64) {
        let limits = self.policy.revocation_limits();
        if self.policy.has_revocation_feed() {
            // Compiling the policy checked that the sum is within the bound.
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

    /// Reports what decides but is not part of the cache key: the identity sources.
    fn kept_for_others(&mut self) {
        if self.authorizer.sources.are_unknown() {
            let message = "some identity sources are known only when it is deployed: this file is held to the policy as \
                           if there were only the others. Write them out";
            self.warn("sources_unknown", message.to_owned());
        }
        for field in self.credential_fields() {
            let by_it = self.first(|rule| self.fields_of(rule).contains(&field));
            let Some(rule) = by_it.filter(|_| !self.has_header(&field)) else { continue };
            let message = format!(
                "rule `{rule}` is decided by the field `{field}`, and answers are kept for whoever sends another one, too: \
                 make it an identity source, which every caller must send then, or keep nothing"
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
        if let Some(rule) = self.first(|rule| rule.when) {
            let message = format!(
                "rule `{rule}` asks by `when` where the client is, and an answer is kept for the caller's calls from \
                 elsewhere, too: keep nothing (TTL 0)"
            );
            self.refuse("when_with_caching", message);
        }
        if let Some(rule) = self.first(|rule| rule.hosts).filter(|_| !self.has_header("host")) {
            let message = format!(
                "rule `{rule}` is for certain hosts, and answers are kept for all hosts: make the field `Host` an identity \
                 source, or keep nothing"
            );
            self.refuse("host_with_caching", message);
        }
        let by_address = self.authorizer.sources.has("context:identity.sourceip")
            || self.authorizer.sources.has("context:http.sourceip");
        if self.policy.api_key_blocks().next().is_some() && !by_address {
            let message = "a key that is bound to networks is let in from everywhere while an answer is kept: if there are \
                           such keys, keep nothing, or make the caller's address an identity source";
            self.warn("network_bound_keys_with_caching", message.to_owned());
        }
    }

    /// Reports rules that a cached answer, which counts for all routes, cannot express.
    fn kept_for_other_routes(&mut self) {
        if self.answers_simply() {
            return self.kept_for_route();
        }
        let api = match self.authorizer.kind {
            AuthorizerKind::Http | AuthorizerKind::HttpPayload1 => ApiType::Http,
            AuthorizerKind::RestToken | AuthorizerKind::RestRequest | AuthorizerKind::WebSocket => {
                ApiType::Rest
            }
        };
        for inexpressible in iam_inexpressible(self.policy, api) {
            let message = format!(
                "rule `{}` cannot be said to IAM: {}. An answer allows one call, and is kept for the caller's others: \
                 keep nothing (TTL 0)",
                inexpressible.rule, inexpressible.reason
            );
            self.refuse("iam_inexpressible", message);
        }
        if let Some(rule) = denies_encoded_paths(self.policy).filter(|_| api == ApiType::Rest) {
            let message = format!(
                "rule `{rule}` takes percent-encoded paths, which IAM cannot say: an answer that is kept denies them, and \
                 one about such a path denies all others. If callers send such (`@`, spaces, letters beyond ASCII), keep \
                 nothing (TTL 0)"
            );
            self.warn("encoded_paths_with_caching", message);
        }
    }

    /// Finds a route for any method about whose methods several rules decide, and names these.
    fn any_route_of_several_rules(&self) -> Option<(&str, String)> {
        for route in &self.inventory.any_routes {
            let rules = self.policy.rules_of_path(&example_path(route));
            if rules.len() > 1 {
                let names: Vec<String> = rules
                    .into_iter()
                    .map(|rule| match rule {
                        Some(name) => format!("rule `{name}`"),
                        None => "no rule".to_owned(),
                    })
                    .collect();
                return Some((route, names.join(", ")));
            }
        }
        None
    }

    /// Checks simple answers, which name no path.
    fn kept_for_route(&mut self) {
        if !self.authorizer.sources.has("context:routekey") {
            let message = "a simple answer is kept for every route of the API: make `$context.routeKey` an identity \
                           source, or keep nothing";
            return self.refuse("simple_without_route_key", message.to_owned());
        }
        let advice = "keep nothing (TTL 0), or let answers be policies (`[aws] http_api = \"iam\"`) if IAM can say them";
        if let Some((route, rules)) = self.any_route_of_several_rules() {
            let message = format!(
                "a simple answer is kept for all methods of the route `ANY {route}`, and they are decided by {rules}: make it \
                 a route for each method, {advice}"
            );
            self.refuse("simple_kept_for_route", message);
            return;
        }
        match &self.inventory.greedy_route {
            Some(route) => {
                let message = format!(
                    "a simple answer is kept for all paths of a route, and the route `{route}` takes any: {advice}"
                );
                self.refuse("simple_kept_for_route", message);
            }
            None => {
                let message = format!(
                    "a simple answer is kept for all paths and methods of a route: have no route cover several rules \
                     (`$default`, `{{proxy+}}`, `ANY`); else {advice}"
                );
                self.warn("simple_kept_for_route", message);
            }
        }
    }
}

/// Returns a path that a route takes: each capture in its template becomes text.
fn example_path(route: &str) -> String {
    let segments = route.split('/').map(|segment| match segment.starts_with('{') {
        true => "example",
        false => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}
