//! An authority of certificates for one run.

use std::time::Duration;

use edge_auth_token::Timestamp;
use pki_types::CertificateDer;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};
use serde::Deserialize;

use crate::error::CommandError;
use crate::native::now;

/// Long enough for the clocks of one machine.
const HOUR: Duration = Duration::from_secs(3600);

/// Issues certificates with a new key.
pub(crate) struct SandboxAuthority(CertifiedIssuer<'static, KeyPair>);

/// The names in a certificate.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SandboxCertificate {
    san_uri: Option<String>,
    san_dns: Option<String>,
    san_email: Option<String>,
    /// The subject's `CN`.
    common_name: Option<String>,
    #[serde(default)]
    expired: bool,
}

impl SandboxAuthority {
    pub(crate) fn new() -> Result<Self, CommandError> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        valid(&mut params, now());
        CertifiedIssuer::self_signed(params, KeyPair::generate().map_err(failed)?)
            .map(Self)
            .map_err(failed)
    }

    /// Returns the authority's certificate.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn issue(
        &self,
        plan: &SandboxCertificate,
    ) -> Result<CertificateDer<'static>, CommandError> {
        let mut params = CertificateParams::default();
        let day = Duration::from_secs(86_400);
        valid(&mut params, if plan.expired { now().minus(day) } else { now() });
        params.distinguished_name = DistinguishedName::new();
        if let Some(name) = &plan.common_name {
            params.distinguished_name.push(DnType::CommonName, name.as_str());
        }
        let text = |name: &Option<String>| {
            name.as_deref().map(Ia5String::try_from).transpose().map_err(failed)
        };
        params.subject_alt_names.extend(text(&plan.san_uri)?.map(SanType::URI));
        params.subject_alt_names.extend(text(&plan.san_dns)?.map(SanType::DnsName));
        params.subject_alt_names.extend(text(&plan.san_email)?.map(SanType::Rfc822Name));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &self.0).map_err(failed)?;
        Ok(certificate.der().clone())
    }
}

/// Makes a certificate valid for an hour before and after `at`.
fn valid(params: &mut CertificateParams, at: Timestamp) {
    let point = |at: Timestamp| {
        (std::time::SystemTime::UNIX_EPOCH + Duration::from_millis(at.millis())).into()
    };
    params.not_before = point(at.minus(HOUR));
    params.not_after = point(at.plus(HOUR));
}

fn failed(error: rcgen::Error) -> CommandError {
    CommandError::host(format!("a certificate could not be made: {error}"))
}
