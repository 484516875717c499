//! Checks of the answers that API Gateway caches.

use edge_auth_api_gateway::{ApiType, denies_encoded_paths, iam_inexpressible};

use super::authorizer::AuthorizerKind;
use super::rules::AuthorizerCheck;

impl AuthorizerCheck<'_> {
    /// Checks everything that caching can break.
    pub(super) fn caching(&mut self) {
        match self.authorizer.ttl {
            Some(ttl) => self.budget(ttl),
            None => {
                let message = "how long API Gateway caches answers is known only at deployment, so the template is \
                               checked as if it cached them";
                self.warn("ttl_unknown", message.to_owned());
            }
        }
        // A `TOKEN` event has only the credential, which is its cache key.
        if self.authorizer.kind != AuthorizerKind::RestToken {
            self.cached_for_other_callers();
        }
        self.cached_for_other_routes();
    }

    /// Checks the TTL against the revocation bound: a cached answer outlives a revocation.
    fn budget(&mut self, ttl: u64) {
        let limits = self.policy.revocation_limits();
        if self.policy.has_revocation_feed() {
            // Compiling the policy checked that the sum is within the bound.
            let counted = limits.gateway_cache.as_secs();
            if ttl > counted {
                let message = format!(
                    "API Gateway caches answers for {ttl} s, but the policy allows {counted} s: set `[revocation] \
                     gateway_cache = \"{ttl}s\"`, or cache them for {counted} s at most"
                );
                self.refuse("ttl_exceeds_bound", message);
            }
            return;
        }
        let bound = limits.bound.as_secs();
        let keys = self.policy.api_key_blocks().next().is_some();
        let before = if keys { self.policy.key_record_age().as_secs() } else { 0 };
        if ttl.saturating_add(before) > bound {
            let first = if keys {
                format!("the gate uses a key's record for {before} s, and then ")
            } else {
                String::new()
            };
            let longest = bound.saturating_sub(before);
            let message = format!(
                "{first}API Gateway caches answers for {ttl} s: longer than `[revocation] bound` ({bound} s) allows. \
                 Cache them for {longest} s at most, or raise the bound"
            );
            self.refuse("ttl_exceeds_bound", message);
        }
    }

    /// Reports inputs of a decision that are not identity sources, and so not part of the cache key.
    fn cached_for_other_callers(&mut self) {
        if self.authorizer.sources.are_unknown() {
            let message = "some identity sources are known only at deployment, so the template is checked without them: \
                           write them out";
            self.warn("sources_unknown", message.to_owned());
        }
        for field in self.credential_fields() {
            let by_it = self.first(|rule| self.fields_of(rule).contains(&field));
            let Some(rule) = by_it.filter(|_| !self.has_header(&field)) else { continue };
            let message = format!(
                "rule `{rule}` depends on the field `{field}`, which is not part of the cache key: a caller with another \
                 `{field}` gets the cached answer. Make it an identity source (every caller must send it then), or \
                 switch caching off (TTL 0)"
            );
            self.refuse("credential_not_in_cache_key", message);
        }
        if let Some(rule) = self.first(|rule| rule.certificates) {
            let message = format!(
                "rule `{rule}` depends on the client's certificate, which cannot be part of the cache key: switch caching \
                 off (TTL 0)"
            );
            self.refuse("certificate_with_caching", message);
        } else if self.policy.client_cert_blocks().next().is_some() {
            let message = "tokens may be bound to a client's certificate, which cannot be part of the cache key: another \
                           client with the token gets the cached answer. Switch caching off (TTL 0)";
            self.refuse("bound_token_with_caching", message.to_owned());
        }
        if let Some(rule) = self.first(|rule| rule.when) {
            let message = format!(
                "rule `{rule}` depends on the client's location (`when`), but a cached answer counts everywhere: switch \
                 caching off (TTL 0)"
            );
            self.refuse("when_with_caching", message);
        }
        if let Some(rule) = self.first(|rule| rule.hosts).filter(|_| !self.has_header("host")) {
            let message = format!(
                "rule `{rule}` is for certain hosts, but a cached answer counts for all hosts: make the field `Host` an \
                 identity source, or switch caching off (TTL 0)"
            );
            self.refuse("host_with_caching", message);
        }
        let by_address = self.authorizer.sources.has("context:identity.sourceip")
            || self.authorizer.sources.has("context:http.sourceip");
        if self.policy.api_key_blocks().next().is_some() && !by_address {
            let message = "a key that is limited to networks works from everywhere while its answer is cached: if you have \
                           such keys, switch caching off (TTL 0), or make the caller's address an identity source";
            self.warn("network_bound_keys_with_caching", message.to_owned());
        }
    }

    /// Reports rules that a cached answer, which counts for all routes, cannot express.
    fn cached_for_other_routes(&mut self) {
        if self.answers_simply() {
            return self.cached_for_route();
        }
        let api = match self.authorizer.kind {
            AuthorizerKind::Http | AuthorizerKind::HttpPayload1 => ApiType::Http,
            AuthorizerKind::RestToken | AuthorizerKind::RestRequest | AuthorizerKind::WebSocket => {
                ApiType::Rest
            }
        };
        for inexpressible in iam_inexpressible(self.policy, api) {
            let message = format!(
                "an IAM policy cannot express rule `{}`: {}. The gate's answer then allows one call only, and its caller's \
                 other calls get it from the cache: switch caching off (TTL 0)",
                inexpressible.rule, inexpressible.reason
            );
            self.refuse("iam_inexpressible", message);
        }
        if let Some(rule) = denies_encoded_paths(self.policy).filter(|_| api == ApiType::Rest) {
            let message = format!(
                "rule `{rule}` matches percent-encoded paths, which an IAM policy cannot express: a cached answer denies \
                 them, and a cached answer for such a path denies all others. If callers send such paths (`@`, spaces, \
                 letters beyond ASCII), switch caching off (TTL 0)"
            );
            self.warn("encoded_paths_with_caching", message);
        }
    }

    /// Finds a route for any method whose methods match several rules, and names these.
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

    /// Checks that each route belongs to one rule: a simple answer names no path.
    fn cached_for_route(&mut self) {
        if !self.authorizer.sources.has("context:routekey") {
            let message = "a cached simple answer counts for every route of the API: make `$context.routeKey` an \
                           identity source, or switch caching off (TTL 0)";
            return self.refuse("simple_without_route_key", message.to_owned());
        }
        let advice = "switch caching off (TTL 0), or answer with IAM policies (`[aws] http_api = \"iam\"`) if they can express the rules";
        if let Some((route, rules)) = self.any_route_of_several_rules() {
            let message = format!(
                "a cached simple answer counts for all methods of the route `ANY {route}`, but these are decided by {rules}: \
                 write a route for each method, {advice}"
            );
            self.refuse("simple_kept_for_route", message);
            return;
        }
        match &self.inventory.greedy_route {
            Some(route) => {
                let message = format!(
                    "a cached simple answer counts for all paths of its route, and `{route}` matches any path: {advice}"
                );
                self.refuse("simple_kept_for_route", message);
            }
            None => {
                let message = format!(
                    "a cached simple answer counts for all paths and methods of its route: make sure that no route \
                     (`$default`, `{{proxy+}}`, `ANY`) covers several rules; otherwise {advice}"
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
