//! Authorities that issue certificates.

use pki_types::CertificateDer;
use rcgen::{
    BasicConstraints, CertificateParams, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, SignatureAlgorithm,
};

use super::client::{Client, ClientPlan};
use super::{ALWAYS, Span, WeakRsaKey, distinguished, key, pem, rsa_2048, valid};

/// An authority: it issues certificates, and may be pinned.
#[derive(Debug)]
pub struct Authority {
    certificate: CertificateDer<'static>,
    pub(super) issuer: Issuer<'static, KeyPair>,
    /// The authorities between this one and the root, this one first; none for a root.
    path: Vec<CertificateDer<'static>>,
}

/// The properties of an authority.
#[derive(Debug, Clone)]
pub struct AuthorityPlan {
    /// Its common name.
    pub name: String,
    /// Its key.
    pub key: AuthorityKey,
    /// Its validity.
    pub valid: Span,
    /// The largest number of authorities that may stand below it.
    pub max_intermediates: Option<u8>,
    /// The host names, or the e-mail host, or the URI host that it may issue for.
    pub permitted: Vec<Permitted>,
    /// Whether `basicConstraints` and `keyUsage` say that it is an authority.
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
    /// RSA of 1024 bits. `rcgen` refuses such a key, so another one signs what this authority
    /// issues.
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
    /// Returns the plan of a valid authority.
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
            params.is_ca = IsCa::Ca(match self.max_intermediates {
                Some(limit) => BasicConstraints::Constrained(limit),
                None => BasicConstraints::Unconstrained,
            });
        }
        if !self.may_sign {
            params.key_usages = vec![KeyUsagePurpose::CrlSign];
        } else if self.is_authority {
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        }
        if !self.permitted.is_empty() {
            let permitted_subtrees = self.permitted.iter().map(Permitted::subtree).collect();
            params.name_constraints =
                Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
        }
        params
    }
}

impl Permitted {
    fn subtree(&self) -> GeneralSubtree {
        match self {
            Self::Dns(host) => GeneralSubtree::DnsName(host.clone()),
            Self::Email(host) => GeneralSubtree::Rfc822Name(host.clone()),
        }
    }
}

impl AuthorityKey {
    /// Returns the pair that signs; `usual` is the kind of a new one.
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
    /// Creates a root.
    pub fn root(plan: &AuthorityPlan) -> Self {
        let (params, key) = (plan.params(), plan.key.make(&rcgen::PKCS_ECDSA_P256_SHA256));
        let certificate =
            params.self_signed(&key).unwrap_or_else(|error| panic!("{error}")).der().clone();
        Self { certificate, issuer: Issuer::new(params, key), path: Vec::new() }
    }

    /// Creates an authority below this one.
    pub fn below(&self, plan: &AuthorityPlan) -> Self {
        let (params, key) = (plan.params(), plan.key.make(&rcgen::PKCS_ECDSA_P384_SHA384));
        let signed = match plan.key {
            AuthorityKey::Rsa1024 => params.signed_by(&WeakRsaKey, &self.issuer),
            AuthorityKey::New
            | AuthorityKey::P521
            | AuthorityKey::Ed25519
            | AuthorityKey::Rsa2048 => params.signed_by(&key, &self.issuer),
        };
        let signed = signed.unwrap_or_else(|error| panic!("{error}"));
        let mut path = self.path.clone();
        path.insert(0, signed.der().clone());
        Self { certificate: signed.der().clone(), issuer: Issuer::new(params, key), path }
    }

    /// Creates a root of the same name and key with another certificate.
    pub fn renewed(&self, plan: &AuthorityPlan) -> Self {
        let (params, key) = (plan.params(), self.copy_of_key());
        let certificate =
            params.self_signed(&key).unwrap_or_else(|error| panic!("{error}")).der().clone();
        Self { certificate, issuer: Issuer::new(params, key), path: Vec::new() }
    }

    /// Cross-certifies this authority by another one. Its certificates then have two paths.
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

    /// Returns its certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Returns its certificate as PEM.
    pub fn pem(&self) -> String {
        pem(&self.certificate)
    }

    /// Issues a client's certificate, with the authorities up to the root.
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
