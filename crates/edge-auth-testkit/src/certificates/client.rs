//! Certificates of clients.

use pki_types::CertificateDer;
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, SanType, SerialNumber,
};
use sha2::{Digest, Sha256};

use super::{ALWAYS, Span, distinguished, key, other_signature, pem, rsa_2048, valid};

/// The properties of a client's certificate.
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
    /// Its validity.
    pub valid: Span,
    /// Its extended key usage; `None` leaves the extension out.
    pub usage: Option<ClientUsage>,
    /// Its serial number.
    pub serial: Vec<u8>,
    /// The key.
    pub key: ClientKey,
    /// The length in bytes of an extension that makes it large.
    pub padding: usize,
    /// The number of additional unknown extensions.
    pub extensions: u64,
    /// Whether it has an unknown critical extension.
    pub unknown_critical: bool,
    /// Whether it says that it is an authority.
    pub is_authority: bool,
    /// The addresses of its revocation list, in one distribution point.
    pub crl_addresses: Vec<String>,
}

/// The extended key usage of a client's certificate.
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
    /// Returns the default plan with one alternative name that is a URI.
    pub fn with_uri(uri: &str) -> Self {
        Self { uris: vec![uri.to_owned()], ..Self::default() }
    }

    pub(super) fn params(&self) -> CertificateParams {
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
            // An unassigned private enterprise OID.
            let content = vec![0; self.padding];
            let mut extension =
                rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], content);
            extension.set_criticality(self.unknown_critical);
            params.custom_extensions = vec![extension];
        }
        for number in 0..self.extensions {
            let oid = [1, 3, 6, 1, 4, 1, 99_999, 2, number];
            let extension = rcgen::CustomExtension::from_oid_content(&oid, Vec::new());
            params.custom_extensions.push(extension);
        }
        params
    }

    /// Creates a certificate that is signed by its own key.
    pub fn self_signed(&self) -> Client {
        let (params, key) = (self.params(), key(&rcgen::PKCS_ECDSA_P256_SHA256));
        let certificate = params.self_signed(&key).unwrap_or_else(|error| panic!("{error}"));
        Client { chain: vec![certificate.der().clone()], key_pem: key.serialize_pem() }
    }
}

impl ClientKey {
    /// Returns the pair, or `None` for a key that is too weak for the library.
    pub(super) fn make(self) -> Option<KeyPair> {
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
    /// Creates a self-signed certificate.
    pub fn self_signed(plan: &ClientPlan) -> Self {
        let key = plan.key.make().unwrap_or_else(|| panic!("too weak to sign"));
        let signed = plan.params().self_signed(&key).unwrap_or_else(|error| panic!("{error}"));
        Self { chain: vec![signed.der().clone()], key_pem: key.serialize_pem() }
    }

    /// Returns its own certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        self.chain.first().unwrap_or_else(|| panic!("a client has a certificate"))
    }

    /// Returns the chain as PEM.
    pub fn pem(&self) -> String {
        self.chain.iter().map(pem).collect()
    }

    /// Returns the same chain with other bytes as the first certificate.
    pub fn with_certificate(&self, der: Vec<u8>) -> Self {
        let mut client = self.clone();
        client.chain.splice(..1, [CertificateDer::from(der)]);
        client
    }

    /// Returns the same chain with the other valid ECDSA signature on the first certificate.
    pub fn with_other_signature(&self) -> Self {
        let other = other_signature(self.certificate());
        self.with_certificate(other.unwrap_or_else(|| panic!("no ECDSA signature")))
    }

    /// Returns the SHA-256 of the certificate.
    pub fn thumbprint(&self) -> [u8; 32] {
        Sha256::digest(self.certificate()).into()
    }
}
