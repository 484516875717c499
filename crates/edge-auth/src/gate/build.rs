//! Bringing a policy together with what it refers to: secrets, key files, a backend, a host.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use edge_auth_token::{Secret, SignatureBackend};
use pki_types::CertificateDer;

use super::Gate;
use super::certificate_cache::CertificateCache;
use super::key_versions::KeyVersions;
use crate::api_key::{ApiKeyProfile, Pepper, Peppers};
use crate::cache::{Cache, Room, Seed};
use crate::certificate::{
    Authorities, CertificateProfile, CertificateSignatures, CertificateSource, Identity,
    certificates_in_file,
};
use crate::identity_headers::IdentityHeaders;
use crate::issuer_keys::{FixedKeys, IssuerKeys};
use crate::platform::{FetchOptions, Platform, Randomness};
use crate::policy::{
    ApiKeyKind, ApiKeyPolicy, ClientCertPolicy, Issuer, KeyOrigin, Policy, PolicyError,
    PolicyErrors, SecretEncoding,
};
use crate::redact::Redactor;
use crate::revocation::{Replica, RevocationSecret, RevocationSecrets};
use crate::trusted_proxies::TrustedProxies;

/// How many verified tokens, and how many API-key records, are kept in memory.
const CACHED: usize = 10_000;
/// How long those tokens may be in all, in bytes: what was read from them takes some twice as much,
/// and a Worker has 128 MB.
const CACHED_TOKENS: usize = 16 << 20;

/// Where a host keeps what a policy only names. An error says what to do, and holds no secret.
pub trait SecretProvider {
    /// The secret of this name: an environment variable, a Worker's secret.
    fn secret(&self, name: &str) -> Result<Secret, String>;

    /// The file of this path, relative to the policy.
    fn file(&self, path: &Path) -> Result<Vec<u8>, String>;

    /// Returns where the file of this path is, relative to the policy, for a host that reads it
    /// later and more than once.
    fn file_path(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }

    /// The authorities of the host's own TLS listener, as PEM; `None` if it asks no client for a
    /// certificate, or if the host has no such listener.
    fn client_ca(&self) -> Option<Result<Vec<u8>, String>> {
        None
    }
}

impl<P: Platform> Gate<P> {
    /// Builds a gate, or says everything that stands in its way. The strings are notices for the
    /// operator: keys of a file that are not used, say.
    pub fn new(
        policy: Policy,
        secret_provider: &dyn SecretProvider,
        backend: Box<dyn CertificateSignatures>,
        platform: P,
        randomness: &dyn Randomness,
    ) -> Result<(Self, Vec<String>), PolicyErrors> {
        let mut errors = Vec::new();
        let mut notices = Vec::new();
        let file = policy.file.clone();
        let mistake = |block: &str, field: &str, message: String| {
            let (block, field) = (block.to_owned(), field.to_owned());
            PolicyError { file: file.clone(), line: None, block, field, message }
        };

        let mut issuer_keys = Vec::with_capacity(policy.issuers.len());
        let mut key_sets = Vec::with_capacity(policy.issuers.len());
        for issuer in &policy.issuers {
            let first = issuer_keys.len();
            let options = fetch_options(issuer, secret_provider).unwrap_or_else(|message| {
                let mistake = mistake(&format!("issuer `{}`", issuer.name), "ca_file", message);
                errors.push(PolicyError { line: issuer.fetch_files.ca_line, ..mistake });
                FetchOptions::default()
            });
            if issuer.keys.is_per_tenant() {
                let tenants = issuer.identifier.listed_tenants();
                for tenant in tenants {
                    issuer_keys.push(IssuerKeys::of_tenant(issuer, tenant, options.clone()));
                }
                key_sets.push(KeySets { first, tenants: tenants.to_vec() });
                continue;
            }
            key_sets.push(KeySets { first, tenants: Vec::new() });
            match keys(issuer, options, secret_provider, &*backend) {
                Ok((keys, skipped)) => {
                    issuer_keys.push(keys);
                    notices.extend(
                        skipped.into_iter().map(|text| format!("issuer `{}`: {text}", issuer.name)),
                    );
                }
                Err(message) => {
                    let mistake = mistake(&format!("issuer `{}`", issuer.name), "keys", message);
                    errors.push(PolicyError { line: issuer.keys_line, ..mistake });
                }
            }
        }
        let key_blocks =
            key_blocks(&policy, secret_provider).unwrap_or_else(|PolicyErrors(mistakes)| {
                errors.extend(mistakes);
                Vec::new()
            });
        let mut certificate_blocks = Vec::with_capacity(policy.client_certs.len());
        for block in &policy.client_certs {
            match certificate_block(block, secret_provider) {
                Ok(block) => certificate_blocks.push(block),
                Err(message) => {
                    let mistake =
                        mistake(&format!("client_cert `{}`", block.name), "ca_file", message);
                    errors.push(PolicyError { line: block.line, ..mistake });
                }
            }
        }
        let secret =
            policy.trust.secret.as_deref().map(|name| secret_provider.secret(name)).transpose();
        let secret = secret.unwrap_or_else(|message| {
            errors.push(mistake("[trust]", "secret", message));
            None
        });
        if secret.as_ref().is_some_and(|secret| secret.expose().len() < 16) {
            errors.push(mistake(
                "[trust]",
                "secret",
                "is shorter than 16 bytes: anyone could guess it".to_owned(),
            ));
        }
        let secrets =
            policy.revocation_secrets(secret_provider).unwrap_or_else(|PolicyErrors(mistakes)| {
                errors.extend(mistakes);
                None
            });
        let mut seed = [0; 16];
        if let Err(error) = randomness.fill(&mut seed) {
            errors.push(mistake("", "", format!("the host has no randomness: {error}")));
        }
        if !errors.is_empty() {
            return Err(PolicyErrors(errors));
        }
        let limits = policy.revocation_limits();
        let replica = |secrets| Arc::new(Replica::new(secrets, limits, Seed(seed)));
        let gate = Self {
            revocations: secrets.map(replica),
            identity: IdentityHeaders::new(&policy.identity_prefix),
            trust: TrustedProxies::new(&policy.trust, secret),
            redactor: Redactor::new(&key_blocks),
            policy,
            platform,
            backend,
            issuer_keys,
            key_sets,
            key_blocks,
            certificate_blocks,
            key_versions: Arc::new(KeyVersions::new(Seed(seed))),
            keys_changed: AtomicU64::new(0),
            certificates: CertificateCache::new(CACHED, Seed(seed)),
            tokens: Cache::bounded(Room { entries: CACHED, weight: CACHED_TOKENS }, Seed(seed)),
            keys: Cache::new(CACHED, Seed(seed)),
            resource_planner: OnceLock::new(),
        };
        Ok((gate, notices))
    }
}

/// The key sets of an issuer, among those of all.
#[derive(Debug)]
pub(super) struct KeySets {
    first: usize,
    /// With a set each, in this order; empty if one is for all.
    tenants: Vec<String>,
}

impl KeySets {
    /// Returns the index of the set for a tenant.
    pub(super) fn index_for(&self, tenant: Option<&str>) -> Option<usize> {
        if self.tenants.is_empty() {
            return Some(self.first);
        }
        let position = self.tenants.iter().position(|own| Some(own.as_str()) == tenant)?;
        self.first.checked_add(position)
    }
}

impl<P: Platform> Gate<P> {
    /// Takes over the key sets that another gate has fetched, for each issuer whose block is the
    /// same there: a new policy must not depend on every issuer being reachable at that moment.
    pub fn take_issuer_keys_from(&self, other: &Self) {
        for keys in &self.issuer_keys {
            other.issuer_keys.iter().for_each(|known| keys.take_over(known));
        }
    }

    /// Takes over what another gate knows of the revocation feed, if the policies say the same of
    /// it, and of the versions of API keys.
    pub fn take_revocations_from(&mut self, other: &Self) {
        self.key_versions = Arc::clone(&other.key_versions);
        if let (Some(own), Some(known)) = (&mut self.revocations, &other.revocations)
            && own.is_like(known)
        {
            *own = Arc::clone(known);
        }
    }
}

impl Policy {
    /// The secrets of the revocation feed, if the policy has one.
    pub fn revocation_secrets(
        &self,
        secret_provider: &dyn SecretProvider,
    ) -> Result<Option<RevocationSecrets>, PolicyErrors> {
        let secret = |name: &String| {
            let secret = secret_provider.secret(name)?;
            RevocationSecret::new(&secret).map_err(|error| format!("{name}: {error}"))
        };
        let Some((current, previous)) = self.revocation.secrets.split_first() else {
            return Ok(None);
        };
        let secrets = || {
            let previous = previous.iter().map(secret).collect::<Result<_, _>>()?;
            RevocationSecrets::new(secret(current)?, previous).map_err(|error| error.to_string())
        };
        secrets().map(Some).map_err(|message| {
            let (block, field) = ("[revocation]".to_owned(), "secret".to_owned());
            PolicyErrors(vec![PolicyError {
                file: self.file.clone(),
                line: None,
                block,
                field,
                message,
            }])
        })
    }
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

/// The bytes of a shared secret, from the way in which the host keeps it. White space around it and
/// padding say nothing.
fn decoded(secret: &Secret, encoding: SecretEncoding) -> Result<Secret, &'static str> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let base64 = |alphabet: &Alphabet| {
        let text = secret.expose().trim_ascii();
        GeneralPurpose::new(alphabet, CONFIG).decode(text).map(Secret::new)
    };
    match encoding {
        SecretEncoding::Text => Ok(secret.clone()),
        SecretEncoding::Base64 => {
            base64(&STANDARD).map_err(|_| "is not base64, as `encoding` says")
        }
        SecretEncoding::Base64url => {
            base64(&URL_SAFE).map_err(|_| "is not base64url, as `encoding` says")
        }
        SecretEncoding::Hex => {
            let digits = secret.expose().trim_ascii();
            let bytes = digits.chunks(2).map(|pair| match pair {
                [high, low] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
                _ => None,
            });
            let bytes: Option<Vec<u8>> = bytes.collect();
            bytes.map(Secret::new).ok_or("is not hexadecimal, as `encoding` says")
        }
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The block of certificates that a policy's `[[client_cert]]` describes.
fn certificate_block(
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

/// The blocks of keys of a policy, for administration without a gate.
pub(crate) fn key_blocks(
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

/// The block of keys that a policy's `[[api_key]]` describes.
fn key_block(
    policy: &ApiKeyPolicy,
    secret_provider: &dyn SecretProvider,
) -> Result<ApiKeyProfile, String> {
    let pepper = |name: &String| {
        let secret = secret_provider.secret(name)?;
        Pepper::new(&secret).map_err(|error| format!("{name}: {error}"))
    };
    let all = |names: &[String]| names.iter().map(pepper).collect::<Result<Vec<_>, _>>();
    let peppers =
        Peppers::new(pepper(&policy.current)?, all(&policy.previous)?, all(&policy.retired)?)
            .map_err(|error| error.to_string())?;
    let block = match &policy.kind {
        ApiKeyKind::Native(format) => ApiKeyProfile::native(&policy.name, format.clone(), peppers),
        ApiKeyKind::Imported(format) => {
            ApiKeyProfile::imported(&policy.name, format.clone(), peppers)
        }
    };
    block.map_err(|error| error.to_string())
}
