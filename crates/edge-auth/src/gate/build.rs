//! Brings a policy together with what it names: secrets, key files and authorities.

use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use edge_auth_token::{Secret, SignatureBackend};
use pki_types::CertificateDer;

use super::api_key::ApiKeyVerifier;
use super::certificate::CertificateVerifier;
use super::revocation::RevocationChecker;
use super::secret_provider::SecretProvider;
use super::token::{KeySets, TokenVerifier};
use super::verifiers::Verifiers;
use crate::api_key::{ApiKeyProfile, Pepper, Peppers};
use crate::cache::Seed;
use crate::certificate::{
    Authorities, CertificateProfile, CertificateSource, Identity, certificates_in_file,
};
use crate::hexadecimal::from_hex;
use crate::issuer_keys::{FixedKeys, IssuerKeys};
use crate::platform::{FetchOptions, Randomness};
use crate::policy::{
    ApiKeyKind, ApiKeyPolicy, ClientCertPolicy, Issuer, KeyOrigin, Policy, PolicyError,
    PolicyErrors, SecretEncoding,
};
use crate::revocation::{Replica, RevocationSecret, RevocationSecrets};
use crate::trusted_proxies::TrustedProxies;

/// The least length of the secret that proxies share with the gate, in bytes.
const MIN_TRUST_SECRET: usize = 16;

/// The parts of a gate that depend on secrets and files.
pub(super) struct GateParts {
    pub verifiers: Verifiers,
    pub revocations: RevocationChecker,
    pub trusted_proxies: TrustedProxies,
    /// Random, for hashes that clients must not foresee.
    pub seed: Seed,
    /// For the operator: keys of a file that are not used, say.
    pub notices: Vec<String>,
}

impl GateParts {
    /// Builds the parts, or reports every mistake that prevents it.
    pub(super) fn build(
        policy: &Policy,
        secret_provider: &dyn SecretProvider,
        backend: &dyn SignatureBackend,
        randomness: &dyn Randomness,
    ) -> Result<Self, PolicyErrors> {
        let mut errors = Vec::new();
        let mut notices = Vec::new();
        let (issuer_keys, key_sets) =
            issuer_keys(policy, secret_provider, backend, &mut errors, &mut notices);
        let key_profiles = key_blocks(policy, secret_provider).unwrap_or_else(|mistakes| {
            errors.extend(mistakes.0);
            Vec::new()
        });
        let mut certificate_profiles = Vec::with_capacity(policy.client_certs.len());
        for block in &policy.client_certs {
            match certificate_profile(block, secret_provider) {
                Ok(profile) => certificate_profiles.push(profile),
                Err(message) => {
                    let block_name = format!("client_cert `{}`", block.name);
                    let mistake = mistake(policy, &block_name, "ca_file", message);
                    errors.push(PolicyError { line: block.line, ..mistake });
                }
            }
        }
        let trust_secret = trust_secret(policy, secret_provider).unwrap_or_else(|message| {
            errors.push(mistake(policy, "[trust]", "secret", message));
            None
        });
        let revocation_secrets =
            policy.revocation_secrets(secret_provider).unwrap_or_else(|mistakes| {
                errors.extend(mistakes.0);
                None
            });
        let mut seed = [0; 16];
        if let Err(error) = randomness.fill(&mut seed) {
            errors.push(mistake(policy, "", "", format!("the host has no randomness: {error}")));
        }
        if !errors.is_empty() {
            return Err(PolicyErrors(errors));
        }
        let seed = Seed(seed);
        let api_keys = ApiKeyVerifier::new(key_profiles, seed);
        let limits = policy.revocation_limits();
        let replica = revocation_secrets.map(|secrets| Replica::new(secrets, limits, seed));
        Ok(Self {
            revocations: RevocationChecker::new(replica, api_keys.records().clone()),
            verifiers: Verifiers {
                tokens: TokenVerifier::new(issuer_keys, key_sets, seed),
                api_keys,
                certificates: CertificateVerifier::new(certificate_profiles, seed),
            },
            trusted_proxies: TrustedProxies::new(&policy.trust, trust_secret),
            seed,
            notices,
        })
    }
}

fn mistake(policy: &Policy, block: &str, field: &str, message: String) -> PolicyError {
    let (block, field) = (block.to_owned(), field.to_owned());
    PolicyError { file: policy.file.clone(), line: None, block, field, message }
}

/// The key sets of all issuers, and which of them are those of each issuer.
fn issuer_keys(
    policy: &Policy,
    secret_provider: &dyn SecretProvider,
    backend: &dyn SignatureBackend,
    errors: &mut Vec<PolicyError>,
    notices: &mut Vec<String>,
) -> (Vec<IssuerKeys>, Vec<KeySets>) {
    let mut all_keys = Vec::with_capacity(policy.issuers.len());
    let mut key_sets = Vec::with_capacity(policy.issuers.len());
    for issuer in &policy.issuers {
        let first = all_keys.len();
        let options = fetch_options(issuer, secret_provider).unwrap_or_else(|message| {
            let block = format!("issuer `{}`", issuer.name);
            let mistake = mistake(policy, &block, "ca_file", message);
            errors.push(PolicyError { line: issuer.fetch_files.ca_line, ..mistake });
            FetchOptions::default()
        });
        if issuer.keys.is_per_tenant() {
            let tenants = issuer.identifier.listed_tenants();
            for tenant in tenants {
                all_keys.push(IssuerKeys::of_tenant(issuer, tenant, options.clone()));
            }
            key_sets.push(KeySets::new(first, tenants.to_vec()));
            continue;
        }
        key_sets.push(KeySets::new(first, Vec::new()));
        match keys(issuer, options, secret_provider, backend) {
            Ok((keys, skipped)) => {
                all_keys.push(keys);
                for notice in skipped {
                    notices.push(format!("issuer `{}`: {notice}", issuer.name));
                }
            }
            Err(message) => {
                let mistake =
                    mistake(policy, &format!("issuer `{}`", issuer.name), "keys", message);
                errors.push(PolicyError { line: issuer.keys_line, ..mistake });
            }
        }
    }
    (all_keys, key_sets)
}

/// The secret that proxies share with the gate, if the policy names one.
fn trust_secret(
    policy: &Policy,
    secret_provider: &dyn SecretProvider,
) -> Result<Option<Secret>, String> {
    let Some(name) = &policy.trust.secret else { return Ok(None) };
    let secret = secret_provider.secret(name)?;
    if secret.expose().len() < MIN_TRUST_SECRET {
        return Err("is shorter than 16 bytes: anyone could guess it".to_owned());
    }
    Ok(Some(secret))
}

impl Policy {
    /// Returns the secrets of the revocation feed, if the policy has one.
    pub fn revocation_secrets(
        &self,
        secret_provider: &dyn SecretProvider,
    ) -> Result<Option<RevocationSecrets>, PolicyErrors> {
        let Some((current, previous)) = self.revocation.secrets.split_first() else {
            return Ok(None);
        };
        match revocation_secrets(current, previous, secret_provider) {
            Ok(secrets) => Ok(Some(secrets)),
            Err(message) => {
                Err(PolicyErrors(vec![mistake(self, "[revocation]", "secret", message)]))
            }
        }
    }
}

fn revocation_secrets(
    current: &str,
    previous: &[String],
    secret_provider: &dyn SecretProvider,
) -> Result<RevocationSecrets, String> {
    let current = revocation_secret(current, secret_provider)?;
    let mut others = Vec::with_capacity(previous.len());
    for name in previous {
        others.push(revocation_secret(name, secret_provider)?);
    }
    RevocationSecrets::new(current, others).map_err(|error| error.to_string())
}

fn revocation_secret(
    name: &str,
    secret_provider: &dyn SecretProvider,
) -> Result<RevocationSecret, String> {
    let secret = secret_provider.secret(name)?;
    RevocationSecret::new(&secret).map_err(|error| format!("{name}: {error}"))
}

/// Reads the authorities of an issuer's `ca_file`, and finds where its `bearer_file` is.
fn fetch_options(
    issuer: &Issuer,
    secret_provider: &dyn SecretProvider,
) -> Result<FetchOptions, String> {
    let files = &issuer.fetch_files;
    let authorities = match &files.ca_file {
        Some(path) => authorities_to_fetch_by(&secret_provider.file(path)?)
            .map_err(|error| format!("{} {error}", path.display()))?,
        None => Vec::new(),
    };
    let bearer_file = files.bearer_file.as_deref().map(|path| secret_provider.file_path(path));
    Ok(FetchOptions { authorities, bearer_file })
}

fn authorities_to_fetch_by(file: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let authorities = certificates_in_file(file)?;
    for (index, authority) in authorities.iter().enumerate() {
        if let Err(error) = webpki::anchor_from_trusted_cert(authority) {
            return Err(format!("certificate {} cannot be read: {error}", index + 1));
        }
    }
    Ok(authorities)
}

fn keys(
    issuer: &Issuer,
    options: FetchOptions,
    secret_provider: &dyn SecretProvider,
    backend: &dyn SignatureBackend,
) -> Result<(IssuerKeys, Vec<String>), String> {
    match &issuer.keys {
        KeyOrigin::Discovery(_) | KeyOrigin::Url(_) => {
            Ok((IssuerKeys::remote(issuer, options), Vec::new()))
        }
        KeyOrigin::File(path) => {
            let bytes = secret_provider.file(path)?;
            IssuerKeys::fixed(issuer, FixedKeys::Jwks(&bytes), backend)
                .map_err(|error| format!("{}: {error}", path.display()))
        }
        KeyOrigin::Inline(jwks) => {
            IssuerKeys::fixed(issuer, FixedKeys::Jwks(jwks.as_bytes()), backend)
        }
        KeyOrigin::Secret { name, encoding } => {
            let secret = decoded(&secret_provider.secret(name)?, *encoding);
            let secret = secret.map_err(|error| format!("{name}: {error}"))?;
            IssuerKeys::fixed(issuer, FixedKeys::Secret(&secret), backend)
                .map_err(|error| format!("{name}: {error}"))
        }
    }
}

/// Decodes a shared secret as the host keeps it. Ignores white space around it, and padding.
fn decoded(secret: &Secret, encoding: SecretEncoding) -> Result<Secret, &'static str> {
    match encoding {
        SecretEncoding::Text => Ok(secret.clone()),
        SecretEncoding::Base64 => {
            from_base64(secret, &STANDARD).ok_or("is not base64, as `encoding` says")
        }
        SecretEncoding::Base64url => {
            from_base64(secret, &URL_SAFE).ok_or("is not base64url, as `encoding` says")
        }
        SecretEncoding::Hex => match from_hex(secret.expose().trim_ascii()) {
            Some(bytes) => Ok(Secret::new(bytes)),
            None => Err("is not hexadecimal, as `encoding` says"),
        },
    }
}

fn from_base64(secret: &Secret, alphabet: &Alphabet) -> Option<Secret> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let text = secret.expose().trim_ascii();
    GeneralPurpose::new(alphabet, CONFIG).decode(text).ok().map(Secret::new)
}

/// Builds the profile that a `[[client_cert]]` describes.
fn certificate_profile(
    policy: &ClientCertPolicy,
    secret_provider: &dyn SecretProvider,
) -> Result<CertificateProfile, String> {
    let authorities = match &policy.ca_file {
        Some(path) => {
            let read = Authorities::read(&secret_provider.file(path)?);
            Some(read.map_err(|error| format!("{}: {error}", path.display()))?)
        }
        None if policy.source == CertificateSource::Tls && policy.pins.fingerprints.is_empty() => {
            let listener = secret_provider.client_ca().ok_or_else(|| {
                "is missing, and so is the listener's: start it with --tls-cert, --tls-key and --client-ca"
                    .to_owned()
            })?;
            Some(
                Authorities::read(&listener?)
                    .map_err(|error| format!("the listener's --client-ca {error}"))?,
            )
        }
        None => None,
    };
    let several = authorities.as_ref().is_some_and(|authorities| !authorities.is_one());
    if several && policy.identity == Identity::Serial {
        return Err("has several authorities, and a serial number is unique for one".to_owned());
    }
    Ok(CertificateProfile {
        name: policy.name.clone(),
        source: policy.source,
        header: policy.header.clone(),
        authorities,
        pins: policy.pins.clone(),
        identity: policy.identity.clone(),
        scopes: policy.scopes.clone(),
        lists: policy.lists,
    })
}

/// Builds the profiles of a policy's API keys, for a gate or for administration without one.
pub fn key_blocks(
    policy: &Policy,
    secret_provider: &dyn SecretProvider,
) -> Result<Vec<ApiKeyProfile>, PolicyErrors> {
    let mut blocks = Vec::with_capacity(policy.api_keys.len());
    let mut errors = Vec::new();
    for block in &policy.api_keys {
        match key_block(block, secret_provider) {
            Ok(built) => blocks.push(built),
            Err(message) => errors.push(PolicyError {
                file: policy.file.clone(),
                line: block.line,
                block: format!("api_key `{}`", block.name),
                field: "pepper".to_owned(),
                message,
            }),
        }
    }
    if errors.is_empty() { Ok(blocks) } else { Err(PolicyErrors(errors)) }
}

/// Builds the profile that an `[[api_key]]` describes.
fn key_block(
    policy: &ApiKeyPolicy,
    secret_provider: &dyn SecretProvider,
) -> Result<ApiKeyProfile, String> {
    let current = pepper(&policy.current, secret_provider)?;
    let previous = peppers(&policy.previous, secret_provider)?;
    let retired = peppers(&policy.retired, secret_provider)?;
    let peppers = Peppers::new(current, previous, retired).map_err(|error| error.to_string())?;
    let block = match &policy.kind {
        ApiKeyKind::Native(format) => ApiKeyProfile::native(&policy.name, format.clone(), peppers),
        ApiKeyKind::Imported(format) => {
            ApiKeyProfile::imported(&policy.name, format.clone(), peppers)
        }
    };
    block.map_err(|error| error.to_string())
}

fn peppers(names: &[String], secret_provider: &dyn SecretProvider) -> Result<Vec<Pepper>, String> {
    names.iter().map(|name| pepper(name, secret_provider)).collect()
}

fn pepper(name: &str, secret_provider: &dyn SecretProvider) -> Result<Pepper, String> {
    let secret = secret_provider.secret(name)?;
    Pepper::new(&secret).map_err(|error| format!("{name}: {error}"))
}
