//! Describes a compiled policy to hosts and commands that set things up around it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use edge_auth_token::Algorithm;

use super::fetch_files::FetchFiles;
use super::token_place::TokenPlace;
use super::{
    Access, ClientCertPolicy, CredentialRef, HttpApiResponse, KeyOrigin, Policy, Proxy, Rule,
};
use crate::certificate::CertificateSource;
use crate::identity_headers;
use crate::route::{NormalPath, Route};

/// The methods for which a gateway's route for any method is called.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// A summary of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleSummary<'a> {
    /// Its name, or its number and path.
    pub name: &'a str,
    /// Whether it asks for no credential.
    pub public: bool,
    /// Whether one of several credentials is enough.
    pub any: bool,
    /// The fields that its tokens come by, in lower case, each once:
    /// `authorization`, an issuer's `token_header`, `cookie`, `sec-websocket-protocol`. A token in
    /// the query has none.
    pub token_fields: Vec<&'a str>,
    /// Whether some of its tokens come in `Authorization` after `Bearer`.
    pub bearer_tokens: bool,
    /// Whether some of its tokens come in `Authorization` without a scheme.
    pub raw_tokens: bool,
    /// The parameters of the query by which its tokens come.
    pub query_parameters: Vec<&'a str>,
    /// Whether it names API keys.
    pub api_keys: bool,
    /// Whether it names client certificates, or wants tokens that are bound to one.
    pub certificates: bool,
    /// Whether it is for certain hosts.
    pub hosts: bool,
    /// Whether it asks where the client is.
    pub when: bool,
    /// Whether it is for `OPTIONS`, the method of CORS preflights.
    pub options: bool,
}

/// A header that tells the upstream about the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentityHeader {
    /// Its name, as in `X-Auth-Subject`.
    pub name: String,
    /// The member of an authorizer's context with the same value, as in `subject`.
    pub member: &'static str,
}

impl Policy {
    /// Returns all identity headers.
    pub fn identity_headers(&self) -> [IdentityHeader; 6] {
        identity_headers::names(&self.identity_prefix)
            .map(|(name, member)| IdentityHeader { name, member })
    }

    /// Returns a summary of each rule, in their order.
    pub fn rule_summaries(&self) -> impl Iterator<Item = RuleSummary<'_>> {
        let routes = self.router.routes();
        self.rules.iter().zip(routes).map(|(rule, route)| self.summary(rule, route))
    }

    /// Returns the names of the rules that decide about a path, whatever the method; among them
    /// `None` if no rule takes some method. A path that the gate refuses has none. Rules for
    /// certain hosts are left out.
    pub fn rules_of_path(&self, path: &str) -> BTreeSet<Option<&str>> {
        let Ok((path, _)) = NormalPath::parse(path) else { return BTreeSet::new() };
        let mut names = BTreeSet::new();
        for method in METHODS {
            let rule = self.router.index_of(None, &path, method);
            names.insert(
                rule.and_then(|index| self.rules.get(index)).map(|rule| rule.name.as_str()),
            );
        }
        names
    }

    /// Returns the name of the field that API keys come by.
    pub fn api_key_header(&self) -> &str {
        &self.api_key_header
    }

    /// Returns the number of rules.
    pub fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// Returns the issuers: name, `iss`, algorithms, origin of their keys.
    pub fn issuers(&self) -> impl Iterator<Item = (&str, &str, &[Algorithm], &KeyOrigin)> {
        self.issuers.iter().map(|issuer| {
            (&*issuer.name, &*issuer.validation.issuer, &*issuer.algorithms, &issuer.keys)
        })
    }

    /// Returns the name of each issuer, and the files with which its documents are fetched.
    pub fn issuer_fetch_files(&self) -> impl Iterator<Item = (&str, &FetchFiles)> {
        self.issuers.iter().map(|issuer| (&*issuer.name, &issuer.fetch_files))
    }

    /// Returns the names of the `[[api_key]]` blocks.
    pub fn api_key_blocks(&self) -> impl Iterator<Item = &str> {
        self.api_keys.iter().map(|block| &*block.name)
    }

    /// Returns the `[[client_cert]]` blocks: name, source, and the file with their authorities.
    pub fn client_cert_blocks(
        &self,
    ) -> impl Iterator<Item = (&str, CertificateSource, Option<&Path>)> {
        self.client_certs.iter().map(|block| (&*block.name, block.source, block.ca_file.as_deref()))
    }

    /// Returns the proxy that may ask, if the policy has a `[forward_auth]`.
    pub fn forward_auth(&self) -> Option<Proxy> {
        self.forward_auth
    }

    /// Whether the policy has an `[admin]`, so that keys are administered over HTTP.
    pub fn administers(&self) -> bool {
        self.admin.is_some()
    }

    /// Whether `[trust]` says which proxies are believed. By default these are the processes on
    /// this machine; a gateway believes none.
    pub fn names_proxies(&self) -> bool {
        self.trust.networks.is_some() || self.trust.secret.is_some()
    }

    /// Whether a `[[client_cert]]` takes certificates by their fingerprints alone, though the gate
    /// verifies them: no authority stands behind them.
    pub fn is_pinned(&self, block: &str) -> bool {
        let found = self.client_certs.iter().find(|own| own.name == block);
        found.is_some_and(ClientCertPolicy::is_pinned)
    }

    /// Whether a block pins certificates of the host's own listener by their fingerprints alone, so
    /// that clients may send certificates of any authority.
    pub fn pins_listener_certificates(&self) -> bool {
        let pinned =
            |block: &ClientCertPolicy| block.source == CertificateSource::Tls && block.is_pinned();
        self.client_certs.iter().any(pinned)
    }

    /// Whether a block takes its authorities from the host's own listener.
    pub fn wants_listener_authorities(&self) -> bool {
        self.client_certs.iter().any(|block| {
            block.source == CertificateSource::Tls
                && block.ca_file.is_none()
                && block.pins.fingerprints.is_empty()
        })
    }

    /// Returns the file with the authorities of a `[[client_cert]]`: `Some(None)` for a block
    /// without a `ca_file`, `None` if there is no such block.
    pub fn authorities_of(&self, block: &str) -> Option<Option<&Path>> {
        let found = self.client_certs.iter().find(|own| own.name == block);
        found.map(|block| block.ca_file.as_deref())
    }

    /// Returns the names of all secrets that the host must provide.
    pub fn secret_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for issuer in &self.issuers {
            match &issuer.keys {
                KeyOrigin::Secret { name, .. } => names.push(name),
                KeyOrigin::Discovery(_)
                | KeyOrigin::Url(_)
                | KeyOrigin::File(_)
                | KeyOrigin::Inline(_) => {}
            }
        }
        for block in &self.api_keys {
            names.push(&block.current);
            names.extend(block.previous.iter().chain(&block.retired).map(String::as_str));
        }
        names.extend(self.trust.secret.as_deref());
        names.extend(self.revocation.secrets.iter().map(String::as_str));
        names
    }

    /// Returns all files that the host must provide: key sets, authorities, bearer tokens.
    pub fn file_names(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        for issuer in &self.issuers {
            match &issuer.keys {
                KeyOrigin::File(path) => paths.push(path.as_path()),
                KeyOrigin::Discovery(_)
                | KeyOrigin::Url(_)
                | KeyOrigin::Inline(_)
                | KeyOrigin::Secret { .. } => {}
            }
            let files = &issuer.fetch_files;
            paths.extend(files.ca_file.iter().chain(&files.bearer_file).map(PathBuf::as_path));
        }
        paths.extend(self.client_certs.iter().filter_map(|block| block.ca_file.as_deref()));
        paths
    }

    /// Names a block as a rule does: `jwt:corp`.
    pub fn name_of(&self, named: &CredentialRef) -> String {
        let name = match named {
            CredentialRef::Jwt(index) => {
                self.issuers.get(*index).map(|issuer| ("jwt", &issuer.name))
            }
            CredentialRef::Key(index) => {
                self.api_keys.get(*index).map(|block| ("key", &block.name))
            }
            CredentialRef::Cert(index) => {
                self.client_certs.get(*index).map(|block| ("cert", &block.name))
            }
        };
        name.map_or_else(String::new, |(kind, name)| format!("{kind}:{name}"))
    }

    /// Whether any rule names a host.
    pub fn rules_name_hosts(&self) -> bool {
        self.router.names_hosts()
    }

    /// Returns the blocks that no rule names, as a rule would name them: `jwt:corp`,
    /// `key:partners`, `cert:agents`.
    pub fn unused(&self) -> Vec<String> {
        let jwt = self
            .issuers
            .iter()
            .enumerate()
            .map(|(index, one)| (CredentialRef::Jwt(index), "jwt", &one.name));
        let key = self
            .api_keys
            .iter()
            .enumerate()
            .map(|(index, one)| (CredentialRef::Key(index), "key", &one.name));
        let cert = self
            .client_certs
            .iter()
            .enumerate()
            .map(|(index, one)| (CredentialRef::Cert(index), "cert", &one.name));
        let is_unused =
            |one: &CredentialRef| self.rules.iter().all(|rule| !rule.access.named().contains(one));
        let unused = jwt.chain(key).chain(cert).filter(|(one, ..)| is_unused(one));
        unused.map(|(_, kind, name)| format!("{kind}:{name}")).collect()
    }

    fn summary<'a>(&'a self, rule: &'a Rule, route: &Route) -> RuleSummary<'a> {
        let named = rule.access.named();
        let names = |kind: fn(&CredentialRef) -> bool| named.iter().any(kind);
        let places = self.token_places(named);
        let mut token_fields: Vec<&str> = places.iter().filter_map(|place| place.field()).collect();
        token_fields.sort_unstable();
        token_fields.dedup();
        let mut query_parameters = Vec::new();
        for place in &places {
            if let TokenPlace::Query(name) = place {
                query_parameters.push(name.as_str());
            }
        }
        RuleSummary {
            name: &rule.name,
            public: rule.access == Access::Public,
            any: matches!(rule.access, Access::Any(_)) && named.len() > 1,
            token_fields,
            bearer_tokens: places.contains(&&TokenPlace::Bearer),
            raw_tokens: places.contains(&&TokenPlace::Raw),
            query_parameters,
            api_keys: names(|one| matches!(one, CredentialRef::Key(_))),
            certificates: rule.certificate_bound
                || names(|one| matches!(one, CredentialRef::Cert(_))),
            hosts: route.host.is_some(),
            when: rule.when.is_some(),
            options: route.methods.contains("OPTIONS"),
        }
    }

    fn token_places(&self, named: &[CredentialRef]) -> Vec<&TokenPlace> {
        let mut places = Vec::new();
        for one in named {
            if let CredentialRef::Jwt(index) = one
                && let Some(issuer) = self.issuers.get(*index)
            {
                places.push(&issuer.token_place);
            }
        }
        places
    }
}

/// What authorizers on AWS answer under this policy.
impl Policy {
    /// Returns whether API Gateway may cache an authorizer's answer for the caller's next calls:
    /// only if no credential is a certificate, no rule asks where clients are, and the revocation
    /// feed has a `gateway_cache`.
    pub fn responses_may_be_cached(&self) -> bool {
        let none_budgeted =
            self.has_revocation_feed() && self.revocation_limits().gateway_cache.is_zero();
        self.client_certs.is_empty() && !none_budgeted && !self.asks_where_clients_are()
    }

    /// Returns what authorizers of HTTP APIs answer.
    pub fn http_api_response(&self) -> HttpApiResponse {
        self.aws.http_api
    }
}
