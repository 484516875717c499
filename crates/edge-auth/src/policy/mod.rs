//! The policy: one file, compiled once, default deny.
//!
//! The `compiler` turns text into a policy that cannot be wrong in itself: names resolve, patterns
//! parse, no rule is unreachable. [`Policy::load`] reads what was compiled before, without the
//! compiler. What a policy refers to (secrets, key files) is brought in when a [`Gate`](crate::Gate)
//! is built.

mod access;
mod admin;
mod admin_scope;
mod api_key;
mod aws;
mod claim_rule;
mod client_cert;
mod compiled;
#[cfg(feature = "compiler")]
mod compiler;
mod digest;
mod error;
mod fetch_files;
mod host_requirements;
mod introspect;
mod issuer;
mod issuer_identifier;
mod lifetimes;
mod proxy;
mod revocation;
mod rule;
mod sampling;
mod scope_claim;
mod strict_table;
mod subject_pattern;
mod token_place;
mod when;

use admin::AdminPolicy;
use aws::AwsPolicy;
use revocation::RevocationPolicy;
use sampling::Sampling;
use serde::{Deserialize, Serialize};

pub(crate) use api_key::{ApiKeyKind, ApiKeyPolicy};
pub(crate) use client_cert::ClientCertPolicy;
pub(crate) use issuer::{Issuer, fetchable};
pub(crate) use issuer_identifier::TENANT;
pub(crate) use rule::Cors;
pub(crate) use strict_table::table;
pub(crate) use token_place::TokenPlace;

pub use access::{Access, CredentialRef};
pub use admin_scope::AdminScope;
pub use aws::{HttpApiResponse, UsageIdentifier};
pub use compiled::{LoadError, MAX_COMPILED_BYTES};
#[cfg(feature = "compiler")]
pub use compiler::{
    Administration, Administrator, Format, MAX_POLICY_BYTES, Preset, SampleField, SampleToken,
    TOO_LONG,
};
pub use digest::PolicyDigest;
pub use error::{PolicyError, PolicyErrors};
pub use fetch_files::FetchFiles;
pub use host_requirements::HostCapabilities;
pub use introspect::{IdentityHeader, RuleSummary};
pub use issuer::{KeyOrigin, SecretEncoding};
pub use proxy::Proxy;
pub use rule::Rule;

use crate::bootstrap_secret::BootstrapHash;
use crate::certificate::{CertificateSource, Pins};
use crate::route::{Route, Router};
use crate::trusted_proxies::TrustPolicy;

/// A policy without mistakes in itself.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Policy {
    /// The source's name, for messages.
    #[serde(skip)]
    pub(crate) file: String,
    #[serde(skip)]
    digest: PolicyDigest,
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
    pub(crate) sampling: Sampling,
    pub(crate) aws: AwsPolicy,
}

impl Policy {
    /// The rules, in the order of the file.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The host, path and methods of each rule, in the order of the rules.
    pub fn routes(&self) -> &[Route] {
        self.router.routes()
    }

    /// What usage plans of API Gateway count by, if the policy says it.
    pub fn usage_identifier(&self) -> Option<UsageIdentifier> {
        self.aws.usage_identifier
    }

    /// The hash of the bootstrap secret, if the policy has one.
    pub fn bootstrap_hash(&self) -> Option<&BootstrapHash> {
        self.admin.as_ref()?.bootstrap_hash.as_ref()
    }

    /// Returns what weakens the gate, one sentence each. The policy asks for each by name.
    pub fn weaknesses(&self) -> Vec<String> {
        let issuers = self.issuers.iter().flat_map(Issuer::weaknesses);
        let certificates = self.client_certs.iter().filter_map(ClientCertPolicy::weakness);
        let rules =
            self.rules.iter().filter(|rule| rule.insecure_allow_stale_revocation).map(|rule| {
                let what = "requests pass though the gate does not know what was revoked lately";
                format!("rule `{}`: insecure_allow_stale_revocation: {what}", rule.name)
            });
        issuers.chain(certificates).chain(rules).collect()
    }

    /// Replaces the origin of an issuer's keys, so that a policy can be tried with keys made for
    /// the trial. `false` if there is no such issuer.
    pub fn replace_keys(&mut self, issuer: &str, keys: KeyOrigin) -> bool {
        let Some(block) = self.issuers.iter_mut().find(|block| block.name == issuer) else {
            return false;
        };
        block.keys = keys;
        block.fetch_files = FetchFiles::default();
        true
    }

    /// Makes every `[[client_cert]]` take its certificates from the host's own listener, so that a
    /// policy can be tried with certificates made for the trial.
    pub fn replace_certificate_sources(&mut self) {
        for block in &mut self.client_certs {
            (block.source, block.header) = (CertificateSource::Tls, None);
            (block.ca_file, block.pins) = (None, Pins::default());
        }
    }
}
