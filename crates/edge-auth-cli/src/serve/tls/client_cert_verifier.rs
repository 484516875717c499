//! Client certificates in the handshake, where a client only proves that it holds its
//! certificate's key.
//!
//! The gate verifies the certificate for each request. So a refusal has a code and a line in the
//! audit log, a certificate that expires on an open connection is noticed, and one that no rule
//! asks for does not lock its owner out.

use edge_auth::certificate::public_key;
use pki_types::{CertificateDer, UnixTime};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};

/// Asks for a certificate, and verifies only that the client holds its key.
#[derive(Debug)]
pub(super) struct KeyPossessionVerifier {
    /// The authorities that the handshake names; a client with several certificates chooses by
    /// them.
    authorities: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl KeyPossessionVerifier {
    /// Asks for certificates of these authorities.
    pub(super) fn asking(
        authorities: &[CertificateDer<'static>],
        provider: &CryptoProvider,
    ) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots
                .add(authority.clone())
                .map_err(|_| "has a certificate that TLS cannot use".to_owned())?;
        }
        Ok(Self {
            authorities: roots.subjects(),
            algorithms: provider.signature_verification_algorithms,
        })
    }

    /// Asks for certificates of any issuer, self-signed ones too. It names no authorities, since
    /// some clients send no certificate if theirs is of another one (RFC 8446, section 4.2.4).
    pub(super) fn asking_anyone(provider: &CryptoProvider) -> Self {
        Self { authorities: Vec::new(), algorithms: provider.signature_verification_algorithms }
    }
}

impl ClientCertVerifier for KeyPossessionVerifier {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.authorities
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // Verifies with the key alone: the gate judges the rest of the certificate.
        let key = public_key(certificate)
            .ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
