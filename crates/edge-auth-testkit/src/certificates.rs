//! Certificates for tests: authorities, and clients' certificates with whatever is wrong with them.

mod list;
mod reencoded;

use std::time::{Duration, SystemTime};

use pki_types::CertificateDer;
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm,
};
use sha2::{Digest, Sha256};

pub use list::ListPlan;
pub use reencoded::{has_low_s, misencoded, other_signature};

/// The span from `not_before` to `not_after`, in seconds since the epoch.
pub type Span = (u64, u64);

/// Long enough for every test.
const ALWAYS: Span = (1_000_000_000, 4_000_000_000);

/// An authority: it issues certificates, and may be pinned.
#[derive(Debug)]
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    /// The authorities between this one and the root, this one first; none for a root.
    path: Vec<CertificateDer<'static>>,
}

/// What an authority is like.
#[derive(Debug, Clone)]
pub struct AuthorityPlan {
    /// Its common name.
    pub name: String,
    /// Its key.
    pub key: AuthorityKey,
    /// When it is good.
    pub valid: Span,
    /// How many authorities may stand below it.
    pub max_intermediates: Option<u8>,
    /// The host names, or the e-mail host, or the URI host that it may issue for.
    pub permitted: Vec<Permitted>,
    /// Whether it is one at all: `basicConstraints` and `keyUsage` say so.
    pub is_authority: bool,
    /// Whether its `keyUsage` allows it to issue certificates.
    pub may_sign: bool,
}

/// The kind of an authority's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorityKey {
    /// A new one, on P-256 for a root, else on P-384.
    New,
    /// A new one, on P-521.
    P521,
    /// A new one, Ed25519.
    Ed25519,
    /// RSA of 2048 bits, the same for all.
    Rsa2048,
    /// RSA of 1024 bits. It signs nothing: what such an authority issues has another's signature.
    Rsa1024,
}

/// A name constraint.
#[derive(Debug, Clone)]
pub enum Permitted {
    /// Host names below this one.
    Dns(String),
    /// E-mail addresses of this host.
    Email(String),
}

impl AuthorityPlan {
    /// An authority that nothing is wrong with.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            key: AuthorityKey::New,
            valid: ALWAYS,
            max_intermediates: None,
            permitted: Vec::new(),
            is_authority: true,
            may_sign: true,
        }
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = distinguished(&[("O", "Example"), ("CN", &self.name)]);
        valid(&mut params, self.valid);
        params.use_authority_key_identifier_extension = true;
        if self.is_authority {
            let constraints = self
                .max_intermediates
                .map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained);
            params.is_ca = IsCa::Ca(constraints);
        }
        if !self.may_sign {
            params.key_usages = vec![KeyUsagePurpose::CrlSign];
        } else if self.is_authority {
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        }
        if !self.permitted.is_empty() {
            let subtree = |permitted: &Permitted| match permitted {
                Permitted::Dns(host) => GeneralSubtree::DnsName(host.clone()),
                Permitted::Email(host) => GeneralSubtree::Rfc822Name(host.clone()),
            };
            let permitted_subtrees = self.permitted.iter().map(subtree).collect();
            params.name_constraints =
                Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
        }
        params
    }
}

impl AuthorityKey {
    /// The pair that signs; `usual` is the kind of a new one.
    fn make(self, usual: &'static SignatureAlgorithm) -> KeyPair {
        match self {
            Self::New | Self::Rsa1024 => key(usual),
            Self::P521 => key(&rcgen::PKCS_ECDSA_P521_SHA512),
            Self::Ed25519 => key(&rcgen::PKCS_ED25519),
            Self::Rsa2048 => rsa_2048(),
        }
    }
}

impl Authority {
    /// A root.
    pub fn root(plan: &AuthorityPlan) -> Self {
        let (params, key) = (plan.params(), plan.key.make(&rcgen::PKCS_ECDSA_P256_SHA256));
        let certificate =
            params.self_signed(&key).unwrap_or_else(|error| panic!("{error}")).der().clone();
        Self { certificate, issuer: Issuer::new(params, key), path: Vec::new() }
    }

    /// An authority below this one.
    pub fn below(&self, plan: &AuthorityPlan) -> Self {
        let (params, key) = (plan.params(), plan.key.make(&rcgen::PKCS_ECDSA_P384_SHA384));
        let signed = match plan.key {
            AuthorityKey::Rsa1024 => params.signed_by(&WeakRsaKey, &self.issuer),
            _ => params.signed_by(&key, &self.issuer),
        };
        let signed = signed.unwrap_or_else(|error| panic!("{error}"));
        let mut path = self.path.clone();
        path.insert(0, signed.der().clone());
        Self { certificate: signed.der().clone(), issuer: Issuer::new(params, key), path }
    }

    /// The same authority, of the same name and key, with another certificate of its own.
    pub fn renewed(&self, plan: &AuthorityPlan) -> Self {
        let (params, key) = (plan.params(), self.copy_of_key());
        let certificate =
            params.self_signed(&key).unwrap_or_else(|error| panic!("{error}")).der().clone();
        Self { certificate, issuer: Issuer::new(params, key), path: Vec::new() }
    }

    /// The same authority, its certificate issued by another one: what it issues has two paths.
    pub fn certified_by(&self, other: &Self, plan: &AuthorityPlan) -> Self {
        let (params, key) = (plan.params(), self.copy_of_key());
        let signed =
            params.signed_by(&key, &other.issuer).unwrap_or_else(|error| panic!("{error}"));
        let mut path = other.path.clone();
        path.insert(0, signed.der().clone());
        Self { certificate: signed.der().clone(), issuer: Issuer::new(params, key), path }
    }

    fn copy_of_key(&self) -> KeyPair {
        let pem = self.issuer.key().serialize_pem();
        KeyPair::from_pem(&pem).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Its certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Its certificate as PEM.
    pub fn pem(&self) -> String {
        pem(&self.certificate)
    }

    /// A client's certificate, with the authorities up to the root.
    pub fn issue(&self, plan: &ClientPlan) -> Client {
        let (params, key) = (plan.params(), plan.key.make());
        let signed = match &key {
            Some(key) => params.signed_by(key, &self.issuer),
            None => params.signed_by(&WeakRsaKey, &self.issuer),
        };
        let signed = signed.unwrap_or_else(|error| panic!("{error}"));
        let mut chain = vec![signed.der().clone()];
        chain.extend(self.path.iter().cloned());
        Client { chain, key_pem: key.map(|key| key.serialize_pem()).unwrap_or_default() }
    }
}

/// What a client's certificate is like.
#[derive(Debug, Clone)]
pub struct ClientPlan {
    /// The subject, from the root of the directory down: `("O", "Example")`.
    pub subject: Vec<(String, String)>,
    /// Alternative names that are URIs.
    pub uris: Vec<String>,
    /// Alternative names that are hosts.
    pub hosts: Vec<String>,
    /// Alternative names that are e-mail addresses.
    pub emails: Vec<String>,
    /// When it is good.
    pub valid: Span,
    /// What it is for; nothing leaves the extension out.
    pub usage: Option<ClientUsage>,
    /// Its serial number.
    pub serial: Vec<u8>,
    /// The key.
    pub key: ClientKey,
    /// So many bytes of nothing, to make it large.
    pub padding: usize,
    /// How many more extensions it has that nobody knows.
    pub extensions: u64,
    /// Whether it has a critical extension that nobody knows.
    pub unknown_critical: bool,
    /// Whether it says that it is an authority.
    pub is_authority: bool,
    /// Where it says that its revocation list is: the addresses of one distribution point.
    pub crl_addresses: Vec<String>,
}

/// What a client's certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientUsage {
    /// To authenticate clients.
    Client,
    /// To authenticate servers only.
    Server,
}

/// The kind of a client's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKey {
    /// On P-256.
    P256,
    /// Ed25519.
    Ed25519,
    /// RSA of 2048 bits.
    Rsa2048,
    /// RSA of 1024 bits, too weak for anything.
    Rsa1024,
}

impl Default for ClientPlan {
    fn default() -> Self {
        Self {
            subject: vec![
                ("O".to_owned(), "Example".to_owned()),
                ("CN".to_owned(), "agent".to_owned()),
            ],
            uris: Vec::new(),
            hosts: Vec::new(),
            emails: Vec::new(),
            valid: ALWAYS,
            usage: Some(ClientUsage::Client),
            serial: vec![0x2a],
            key: ClientKey::P256,
            padding: 0,
            extensions: 0,
            unknown_critical: false,
            is_authority: false,
            crl_addresses: Vec::new(),
        }
    }
}

impl ClientPlan {
    /// With one alternative name that is a URI.
    pub fn with_uri(uri: &str) -> Self {
        Self { uris: vec![uri.to_owned()], ..Self::default() }
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::default();
        let subject: Vec<(&str, &str)> =
            self.subject.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        params.distinguished_name = distinguished(&subject);
        valid(&mut params, self.valid);
        params.serial_number = Some(SerialNumber::from(self.serial.clone()));
        params.use_authority_key_identifier_extension = true;
        let text =
            |text: &String| text.as_str().try_into().unwrap_or_else(|error| panic!("{error}"));
        params.subject_alt_names.extend(self.uris.iter().map(|uri| SanType::URI(text(uri))));
        params.subject_alt_names.extend(self.hosts.iter().map(|host| SanType::DnsName(text(host))));
        params
            .subject_alt_names
            .extend(self.emails.iter().map(|email| SanType::Rfc822Name(text(email))));
        params.extended_key_usages = match self.usage {
            None => Vec::new(),
            Some(ClientUsage::Client) => vec![ExtendedKeyUsagePurpose::ClientAuth],
            Some(ClientUsage::Server) => vec![ExtendedKeyUsagePurpose::ServerAuth],
        };
        if self.is_authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        if !self.crl_addresses.is_empty() {
            let uris = self.crl_addresses.clone();
            params.crl_distribution_points = vec![CrlDistributionPoint { uris }];
        }
        if self.padding > 0 || self.unknown_critical {
            // Of no meaning to anybody (an OID of a private enterprise).
            let content = vec![0; self.padding];
            let mut extension =
                rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], content);
            extension.set_criticality(self.unknown_critical);
            params.custom_extensions = vec![extension];
        }
        let unknown = |number| {
            rcgen::CustomExtension::from_oid_content(
                &[1, 3, 6, 1, 4, 1, 99_999, 2, number],
                Vec::new(),
            )
        };
        params.custom_extensions.extend((0..self.extensions).map(unknown));
        params
    }

    /// A certificate that is signed by its own key.
    pub fn self_signed(&self) -> Client {
        let (params, key) = (self.params(), key(&rcgen::PKCS_ECDSA_P256_SHA256));
        let certificate = params.self_signed(&key).unwrap_or_else(|error| panic!("{error}"));
        Client { chain: vec![certificate.der().clone()], key_pem: key.serialize_pem() }
    }
}

impl ClientKey {
    /// The pair; none for a key that is too weak for the library that makes them.
    fn make(self) -> Option<KeyPair> {
        Some(match self {
            Self::P256 => key(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::Ed25519 => key(&rcgen::PKCS_ED25519),
            Self::Rsa2048 => rsa_2048(),
            Self::Rsa1024 => return None,
        })
    }
}

/// A client's certificate, its chain and its key.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its own certificate, then those of the authorities below the root.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its private key as PEM; empty if the key is too weak to be used.
    pub key_pem: String,
}

impl Client {
    /// Its own certificate, signed by itself.
    pub fn self_signed(plan: &ClientPlan) -> Self {
        let key = plan.key.make().unwrap_or_else(|| panic!("too weak to sign"));
        let signed = plan.params().self_signed(&key).unwrap_or_else(|error| panic!("{error}"));
        Self { chain: vec![signed.der().clone()], key_pem: key.serialize_pem() }
    }

    /// Its own certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        self.chain.first().unwrap_or_else(|| panic!("a client has a certificate"))
    }

    /// The chain as PEM.
    pub fn pem(&self) -> String {
        self.chain.iter().map(pem).collect()
    }

    /// The same with its own certificate in other bytes.
    pub fn with_certificate(&self, der: Vec<u8>) -> Self {
        let mut client = self.clone();
        client.chain.splice(..1, [CertificateDer::from(der)]);
        client
    }

    /// The same with the other signature of ECDSA on its own certificate.
    pub fn with_other_signature(&self) -> Self {
        let other = other_signature(self.certificate());
        self.with_certificate(other.unwrap_or_else(|| panic!("no ECDSA signature")))
    }

    /// The SHA-256 of the certificate.
    pub fn thumbprint(&self) -> [u8; 32] {
        Sha256::digest(self.certificate()).into()
    }
}

/// A certificate as PEM (RFC 7468).
pub fn pem(der: &CertificateDer<'_>) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn distinguished(parts: &[(&str, &str)]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for (kind, value) in parts {
        let kind = match *kind {
            "C" => DnType::CountryName,
            "O" => DnType::OrganizationName,
            "OU" => DnType::OrganizationalUnitName,
            "CN" => DnType::CommonName,
            "EMAILADDRESS" => DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]),
            "x500UniqueIdentifier" => DnType::CustomDnType(vec![2, 5, 4, 45]),
            other => panic!("no test has a {other}"),
        };
        name.push(kind, *value);
    }
    name
}

fn valid(params: &mut CertificateParams, (from, until): Span) {
    let point = |seconds| (SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).into();
    params.not_before = point(from);
    params.not_after = point(until);
}

fn key(algorithm: &'static SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(algorithm).unwrap_or_else(|error| panic!("{error}"))
}

fn rsa_2048() -> KeyPair {
    let pem = include_str!("../keys/rsa.test-only.pem");
    KeyPair::from_pem(pem).unwrap_or_else(|error| panic!("{error}"))
}

/// The public half of a key of 1024 bits.
struct WeakRsaKey;

impl PublicKeyData for WeakRsaKey {
    fn der_bytes(&self) -> &[u8] {
        include_bytes!("../keys/rsa-1024.public.der")
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}
