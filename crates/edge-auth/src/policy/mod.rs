//! The policy: one file, compiled once, default deny.
//!
//! [`Policy::parse`] turns text into a policy that cannot be wrong in itself: names resolve,
//! patterns parse, no rule is unreachable. What it refers to (secrets, key files) is brought in
//! when a [`Gate`](crate::Gate) is built.

mod administrators;
mod api_key;
mod claim_rule;
mod client_cert;
mod compile;
mod error;
mod host_requirements;
mod introspect;
mod issuer;
mod issuer_identifier;
mod lint;
mod networks;
mod parse;
mod preset;
mod public_issuer;
mod reserved_headers;
mod response_age;
mod rule;
mod sample_token;
mod schema;
mod scope_claim;
mod settings;
mod spans;
mod strict_table;
mod subject_pattern;
#[cfg(test)]
mod tests;
mod token_place;
#[cfg(any(test, target_family = "wasm"))]
mod value;
mod when;

use std::path::Path;
use std::time::Duration;

use api_key::{api_key, look_different};
use client_cert::client_cert;
use compile::{Compiler, Field};
use edge_auth_token::Timestamp;
use parse::parse;
use reserved_headers::CustomHeaders;
use rule::BlockNames;
use settings::{AdminPolicy, RevocationPolicy};

pub(crate) use api_key::{ApiKeyKind, ApiKeyPolicy};
pub(crate) use client_cert::ClientCertPolicy;
pub(crate) use issuer::{Issuer, fetchable};
pub(crate) use issuer_identifier::TENANT;
pub(crate) use rule::{Access, Cors, CredentialRef, Rule};
pub(crate) use strict_table::table;
pub(crate) use token_place::TokenPlace;

pub use administrators::{Administration, Administrator};
pub use error::{PolicyError, PolicyErrors};
pub use host_requirements::HostCapabilities;
pub use introspect::{IdentityHeader, RuleSummary};
pub use issuer::KeyOrigin;
pub use preset::Preset;
pub use sample_token::{SampleField, SampleToken};
pub use schema::{Proxy, SecretEncoding};
pub use spans::Format;

use crate::aws::AwsPolicy;
use crate::certificate::{CertificateSource, Pins};
use crate::revocation::RevocationLimits;
use crate::route::{Route, Router};
use crate::trusted_proxies::TrustPolicy;

const MAX_KEY_RECORD_AGE: Duration = Duration::from_secs(10);
const MAX_FED_KEY_RECORD_AGE: Duration = Duration::from_secs(5 * 60);

/// The largest policy that is read, in bytes.
pub const MAX_POLICY_BYTES: usize = 1024 * 1024;

/// What is wrong with a longer one.
pub const TOO_LONG: &str = "is longer than 1048576 bytes, which is the most that is read";

/// A policy without mistakes in itself.
#[derive(Debug, Clone)]
pub struct Policy {
    pub(crate) file: String,
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) api_keys: Vec<ApiKeyPolicy>,
    pub(crate) client_certs: Vec<ClientCertPolicy>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) router: Router,
    pub(crate) revocation: RevocationPolicy,
    pub(crate) identity_prefix: String,
    pub(crate) api_key_header: String,
    pub(crate) max_token_bytes: usize,
    pub(crate) realm: String,
    pub(crate) trust: TrustPolicy,
    pub(crate) forward_auth: Option<Proxy>,
    pub(crate) admin: Option<AdminPolicy>,
    pub(crate) aws: AwsPolicy,
}

impl Policy {
    /// Reads a policy; `file` is the name for its errors. Everything that is wrong is reported at
    /// once, except that a text which does not even have the right shape stops at its first error.
    pub fn parse(text: &str, format: Format, file: &str) -> Result<Self, PolicyErrors> {
        if text.len() > MAX_POLICY_BYTES {
            return Err(PolicyErrors::of_file(file, TOO_LONG));
        }
        let mut compiler = Compiler::new(file, text, format);
        let source = parse(text, format, file)?;
        let policy = Self::compile(&mut compiler, source, file);
        compiler.finish().map_err(PolicyErrors)?;
        Ok(policy)
    }

    /// Replaces the origin of an issuer's keys, so that a policy can be tried with keys made for
    /// the trial. `false` if there is no such issuer.
    pub fn replace_keys(&mut self, issuer: &str, keys: KeyOrigin) -> bool {
        let found = self.issuers.iter_mut().find(|block| block.name == issuer);
        found.map(|block| block.keys = keys).is_some()
    }

    /// What in the policy weakens the gate, one sentence each; all of it was asked for by name.
    pub fn weaknesses(&self) -> Vec<String> {
        let issuers = self.issuers.iter().flat_map(Issuer::weaknesses);
        let certificates = self.client_certs.iter().filter_map(ClientCertPolicy::weakness);
        let rules =
            self.rules.iter().filter(|rule| rule.insecure_allow_stale_revocation).map(|rule| {
                let what = "requests pass though it is not known what was revoked lately";
                format!("rule `{}`: insecure_allow_stale_revocation: {what}", rule.name)
            });
        issuers.chain(certificates).chain(rules).collect()
    }

    /// What an operator should change in the policy, one sentence each, though the gate is right
    /// without it.
    pub fn advice(&self) -> Vec<String> {
        self.issuers.iter().flat_map(Issuer::advice).collect()
    }

    /// `jwt:corp`, as a rule writes it.
    pub(crate) fn name_of(&self, named: &CredentialRef) -> String {
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

    /// Whether any rule matches certain hosts only.
    pub(crate) fn rules_name_hosts(&self) -> bool {
        self.router.names_hosts()
    }

    /// The revocation bound, and the stages that lead to it.
    pub fn revocation_limits(&self) -> RevocationLimits {
        self.revocation.limits
    }

    /// Whether there is a revocation feed: whether `[revocation]` names a `secret`.
    pub fn has_revocation_feed(&self) -> bool {
        !self.revocation.secrets.is_empty()
    }

    /// How long an API key's record is believed without being read again. Where there is a feed,
    /// changes come with it, and this is only for what a store alone can know: that somebody wrote
    /// to it past the feed.
    pub fn key_record_age(&self) -> Duration {
        match self.has_revocation_feed() {
            true => MAX_FED_KEY_RECORD_AGE,
            false => MAX_KEY_RECORD_AGE.min(self.revocation.limits.bound),
        }
    }

    /// Returns how revocation calls the issuer that is named like this, or that has this `iss`: by
    /// its `iss`. `None` for the name of one whose tenants have an `iss` each.
    pub fn issuer_named(&self, name: &str) -> Option<String> {
        match self.issuers.iter().find(|issuer| issuer.name == name) {
            Some(issuer) => issuer.identifier.only_iss(),
            None => {
                let mut found =
                    self.issuers.iter().filter_map(|issuer| issuer.identifier.of_iss(name));
                found.next().map(|found| found.iss.into_owned())
            }
        }
    }

    /// How long after now the last token with this `iss` that was made before now can be good, by
    /// whichever block: `None` if one of them says no `max_lifetime`.
    pub(crate) fn longest_token(&self, iss: &str) -> Option<Duration> {
        let longest = self.blocks_of(iss).map(|expected| {
            // Either clock may be ahead.
            Some(expected.max_lifetime?.saturating_add(expected.clock_skew.saturating_mul(2)))
        });
        longest.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// The first `iat` with which no block takes a token with this `iss` now: it is ahead of now by
    /// more than the largest `clock_skew` of the blocks.
    pub(crate) fn first_future_iat(&self, iss: &str, now: Timestamp) -> Timestamp {
        let skews = self.blocks_of(iss).map(|expected| expected.clock_skew);
        // An `iat` is taken up to and with this time, in milliseconds.
        now.plus(skews.max().unwrap_or_default()).plus(Duration::from_millis(1))
    }

    /// What the blocks of the issuer with this `iss` expect of its tokens.
    fn blocks_of(&self, iss: &str) -> impl Iterator<Item = &edge_auth_token::Validation> {
        let blocks =
            self.issuers.iter().filter(move |issuer| issuer.identifier.of_iss(iss).is_some());
        blocks.map(|issuer| &issuer.validation)
    }

    /// The proxy that may ask, if one may.
    pub fn forward_auth(&self) -> Option<Proxy> {
        self.forward_auth
    }

    /// Whether keys are administered over HTTP: whether there is an `[admin]`.
    pub fn administers(&self) -> bool {
        self.admin.is_some()
    }

    /// How many rules there are.
    pub fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// The issuers: name, `iss`, algorithms, origin of their keys.
    pub fn issuers(
        &self,
    ) -> impl Iterator<Item = (&str, &str, &[edge_auth_token::Algorithm], &KeyOrigin)> {
        self.issuers.iter().map(|issuer| {
            (&*issuer.name, &*issuer.validation.issuer, &*issuer.algorithms, &issuer.keys)
        })
    }

    /// The names of the `[[api_key]]` blocks.
    pub fn api_key_blocks(&self) -> impl Iterator<Item = &str> {
        self.api_keys.iter().map(|block| &*block.name)
    }

    /// Makes every `[[client_cert]]` take its certificates from the host's own listener, so that a
    /// policy can be tried with certificates made for the trial.
    pub fn replace_certificate_sources(&mut self) {
        for block in &mut self.client_certs {
            (block.source, block.header) = (CertificateSource::Tls, None);
            (block.ca_file, block.pins) = (None, Pins::default());
        }
    }

    /// Whether `[trust]` says which proxies are believed. By default it is whoever is on this
    /// machine, and on the gateway nobody.
    pub fn names_proxies(&self) -> bool {
        self.trust.networks.is_some() || self.trust.secret.is_some()
    }

    /// The `[[client_cert]]` blocks: name, source, and the file with their authorities.
    pub fn client_cert_blocks(
        &self,
    ) -> impl Iterator<Item = (&str, CertificateSource, Option<&Path>)> {
        self.client_certs.iter().map(|block| (&*block.name, block.source, block.ca_file.as_deref()))
    }

    /// Whether a block takes certificates of the host's own listener by their fingerprints alone,
    /// so that no authority says which ones a client may send.
    pub fn pins_listener_certificates(&self) -> bool {
        self.client_certs.iter().any(|block| {
            block.source == CertificateSource::Tls
                && block.ca_file.is_none()
                && !block.pins.fingerprints.is_empty()
        })
    }

    /// Whether a block has the authorities of the host's own listener.
    pub fn wants_listener_authorities(&self) -> bool {
        self.client_certs.iter().any(|block| {
            block.source == CertificateSource::Tls
                && block.ca_file.is_none()
                && block.pins.fingerprints.is_empty()
        })
    }

    /// The file with the authorities of a `[[client_cert]]`; nothing inside if it has none of its
    /// own.
    pub fn authorities_of(&self, block: &str) -> Option<Option<&Path>> {
        let found = self.client_certs.iter().find(|own| own.name == block);
        found.map(|block| block.ca_file.as_deref())
    }

    /// The names of all secrets that the host must provide.
    pub fn secret_names(&self) -> Vec<&str> {
        let issuers = self.issuers.iter().filter_map(|issuer| match &issuer.keys {
            KeyOrigin::Secret { name, .. } => Some(name.as_str()),
            _ => None,
        });
        let peppers = self.api_keys.iter().flat_map(|block| {
            [&block.current]
                .into_iter()
                .chain(&block.previous)
                .chain(&block.retired)
                .map(String::as_str)
        });
        let revocation = self.revocation.secrets.iter().map(String::as_str);
        issuers.chain(peppers).chain(self.trust.secret.as_deref()).chain(revocation).collect()
    }

    fn compile(compiler: &mut Compiler<'_>, source: schema::PolicyTables, file: &str) -> Self {
        let names = |names: Vec<&String>| names.into_iter().cloned().collect();
        compiler.label("issuer", names(source.issuer.iter().map(|block| &block.name).collect()));
        compiler.label("api_key", names(source.api_key.iter().map(|block| &block.name).collect()));
        compiler.label(
            "client_cert",
            names(source.client_cert.iter().map(|block| &block.name).collect()),
        );
        compiler.label(
            "rule",
            names(
                source.rule.iter().map(|rule| rule.name.as_ref().unwrap_or(&rule.path)).collect(),
            ),
        );

        let issuer_names: Vec<String> =
            source.issuer.iter().map(|block| block.name.clone()).collect();
        let has_tenants =
            |block: &&schema::IssuerTable| block.tenants.is_some() || block.insecure_any_tenant;
        let with_tenants: Vec<String> =
            source.issuer.iter().filter(has_tenants).map(|block| block.name.clone()).collect();
        let key_names: Vec<String> =
            source.api_key.iter().map(|block| block.name.clone()).collect();
        let cert_names: Vec<(String, CertificateSource)> =
            source.client_cert.iter().map(|block| (block.name.clone(), block.source)).collect();
        let blocks = BlockNames {
            issuers: &issuer_names,
            with_tenants: &with_tenants,
            api_keys: &key_names,
            client_certs: &cert_names,
        };

        let identity_prefix = settings::identity_prefix(compiler, source.identity);
        let mut headers = CustomHeaders::beside(&identity_prefix);
        let trust = settings::trust(compiler, &mut headers, source.trust);
        let api_key_header =
            settings::api_key_header(compiler, &mut headers, source.credentials.api_key_header);
        let indexed = source.issuer.into_iter().enumerate();
        let issuers = indexed
            .filter_map(|(i, block)| Issuer::compile(compiler, &mut headers, i, block))
            .collect();
        let indexed = source.api_key.into_iter().enumerate();
        let api_keys: Vec<_> =
            indexed.filter_map(|(i, block)| Some((i, api_key(compiler, i, block)?))).collect();
        look_different(compiler, &api_keys);
        let api_keys = api_keys.into_iter().map(|(_, block)| block).collect();
        if source.revocation.secret.is_none() {
            for (index, _) in
                source.client_cert.iter().enumerate().filter(|(_, block)| block.require_crl)
            {
                let message =
                    "needs the revocation feed, with which lists come: name `[revocation] secret`";
                compiler.error(Field::of("client_cert", index, "require_crl"), message);
            }
        }
        let indexed = source.client_cert.into_iter().enumerate();
        let client_certs = indexed
            .filter_map(|(i, block)| client_cert(compiler, &mut headers, i, block))
            .collect();
        let indexed = source.rule.into_iter().enumerate();
        let (rules, routes): (Vec<Rule>, Vec<Route>) =
            indexed.filter_map(|(i, rule)| Rule::compile(compiler, &blocks, i, rule)).unzip();
        if rules.iter().any(|rule| rule.when.is_some())
            && source.revocation.gateway_cache.is_some_and(|span| span.0 > Duration::ZERO)
        {
            let message = "must be \"0s\" where a rule has a `when`: an answer that API Gateway keeps would let the \
                           caller in from elsewhere, too";
            compiler.error(Field::single("revocation", "gateway_cache"), message);
        }
        let before = compiler.mistakes();
        let router = Router::new(routes);
        if before == 0 {
            // Only then do the router's indices agree with the file's.
            for shadowed in router.shadowed() {
                let by: Vec<_> =
                    shadowed.by.iter().map(|rule| compiler.describe("rule", Some(*rule))).collect();
                let message = format!(
                    "can never match: {} always matches first. Reorder or remove it",
                    by.join(" or ")
                );
                compiler.error(Field::of("rule", shadowed.route, "path"), &message);
            }
        }
        Self {
            file: file.to_owned(),
            issuers,
            api_keys,
            client_certs,
            rules,
            router,
            revocation: settings::revocation(compiler, source.revocation),
            identity_prefix,
            api_key_header,
            max_token_bytes: settings::max_token_bytes(
                compiler,
                source.credentials.max_token_bytes,
            ),
            realm: settings::realm(compiler, source.credentials.realm),
            trust,
            forward_auth: source.forward_auth.map(|forward_auth| forward_auth.proxy),
            admin: source.admin.map(|admin| settings::admin(compiler, admin)),
            aws: source.aws,
        }
    }
}
