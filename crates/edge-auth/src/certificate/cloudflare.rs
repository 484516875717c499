//! The certificate fields that Cloudflare reports after it verified a certificate.

use super::canonical::Fingerprints;
use super::list_scope::ListCoverage;
use super::name::DistinguishedName;
use super::parsed::ParsedCertificate;
use super::platform_certificate::TlsClientAuth;
use super::refusal::malformed;
use super::validity::Validity;
use super::{CertificateSource, from_hex, rfc9440, serial};
use crate::denial::{Code, Denial};
use crate::request::Headers;

impl<'a> TlsClientAuth<'a> {
    /// Reads the fields of the managed transform "Add TLS client auth headers", which writes the
    /// rules language's booleans: `true` and `false`.
    pub(crate) fn of_fields(headers: Headers<'a>) -> Result<Self, Denial> {
        let text = |name: &str| {
            let value = headers
                .single(name)
                .map_err(|_| malformed(format!("there are several `{name}` fields")))?;
            let text = value.map(std::str::from_utf8).transpose();
            text.map_err(|_| malformed(format!("`{name}` is not text")))
        };
        let boolean = |name, yes, no| match text(name)? {
            Some("true") => Ok(Some(yes)),
            Some("false") => Ok(Some(no)),
            None | Some("") => Ok(None),
            Some(_) => Err(malformed(format!("`{name}` is neither `true` nor `false`"))),
        };
        let presented = boolean("cf-cert-presented", "1", "0")?;
        if presented != Some("1") {
            return Ok(Self { presented, ..Self::default() });
        }
        Ok(Self {
            presented,
            verified: boolean("cf-cert-verified", "SUCCESS", "FAILED")?,
            revoked: boolean("cf-cert-revoked", "1", "0")?,
            issuer_dn: text("cf-cert-issuer-dn-rfc2253")?,
            subject_dn: text("cf-cert-subject-dn-rfc2253")?,
            serial: text("cf-cert-serial")?,
            fingerprint_sha256: text("cf-cert-fingerprint-sha256")?,
            issuer_key_id: text("cf-cert-issuer-ski")?,
            not_before: text("cf-cert-not-before")?,
            not_after: text("cf-cert-not-after")?,
            // The transform does not set this field; a rule of the zone can.
            rfc9440: text("client-cert")?,
        })
    }

    /// Returns whether the client presented a certificate.
    pub(crate) fn is_presented(&self) -> bool {
        self.presented.is_some_and(|presented| presented != "0")
    }

    /// Returns the fields of a certificate that Cloudflare verified and that is not revoked:
    /// `certVerified` is `SUCCESS` for a revoked one, too. Refusals name fields as `source` does.
    pub(crate) fn to_parsed(self, source: CertificateSource) -> Result<ParsedCertificate, Denial> {
        let name = |member| field_name(source, member);
        if self.presented != Some("1") {
            return Err(malformed(format!(
                "`{}` is neither \"0\" nor \"1\"",
                name("certPresented")
            )));
        }
        match self.verified {
            Some("SUCCESS") => {}
            verified => {
                let verdict = crate::audit::excerpt(verified.unwrap_or("missing"), 100);
                let reason = format!("`{}` is {verdict}", name("certVerified"));
                return Err(Denial::new(Code::CertificateInvalid, reason));
            }
        }
        match self.revoked {
            Some("0") => {}
            Some("1") => {
                let reason = format!("`{}` says that it is revoked", name("certRevoked"));
                return Err(Denial::new(Code::CertificateRevoked, reason));
            }
            _ => {
                let reason = format!("`{}` is missing, or neither yes nor no", name("certRevoked"));
                return Err(Denial::new(Code::CertificateInvalid, reason));
            }
        }
        let reported = self.reported(name)?;
        let Some(der) = self.rfc9440.filter(|field| !field.is_empty()) else {
            return Ok(reported);
        };
        // Cloudflare sets it for every verdict, so the fingerprint must match.
        let read =
            ParsedCertificate::read(&rfc9440::byte_sequence(name("certRFC9440"), der.as_bytes())?)?;
        if read.fingerprints.presented != reported.fingerprints.presented {
            return Err(malformed(format!(
                "`{}` does not match the fingerprint",
                name("certRFC9440")
            )));
        }
        // The certificate takes precedence: a reported field may be cut, or spelled in another way.
        Ok(ParsedCertificate {
            issuer: read.issuer.or(reported.issuer),
            issuer_key_id: reported.issuer_key_id.or(read.issuer_key_id),
            ..read
        })
    }

    fn reported(
        &self,
        name: impl Fn(&'static str) -> &'static str,
    ) -> Result<ParsedCertificate, Denial> {
        let no = |member, what| malformed(format!("`{}` is {what}", name(member)));
        let field = |value: Option<&'a str>, member| {
            value.filter(|value| !value.is_empty()).ok_or_else(|| no(member, "missing"))
        };
        let fingerprint = field(self.fingerprint_sha256, "certFingerprintSHA256")?;
        let thumbprint = from_hex(fingerprint).and_then(|bytes| bytes.try_into().ok());
        let number = field(self.serial, "certSerial")?;
        if !number.bytes().all(|byte| byte.is_ascii_hexdigit()) || number.len() > 64 {
            return Err(no("certSerial", "not a hexadecimal number"));
        }
        let (from, until) =
            (field(self.not_before, "certNotBefore")?, field(self.not_after, "certNotAfter")?);
        Ok(ParsedCertificate {
            fingerprints: Fingerprints::reported(
                thumbprint.ok_or_else(|| no("certFingerprintSHA256", "not a SHA-256"))?,
            ),
            serial: serial(number),
            subject: self.subject_dn.and_then(DistinguishedName::parse),
            issuer: self.issuer_dn.and_then(DistinguishedName::parse),
            issuer_key_id: self.issuer_key_id.and_then(from_hex),
            names: None,
            list_coverage: ListCoverage::REPORTED,
            validity: Validity::printed(from, until)
                .ok_or_else(|| no("certNotAfter", "not a date, or `certNotBefore` is not"))?,
        })
    }
}

/// Returns the name of a `tlsClientAuth` member for operators, which is that of its header field.
fn field_name(source: CertificateSource, member: &'static str) -> &'static str {
    if source != CertificateSource::CloudflareHeaders {
        return member;
    }
    match member {
        "certPresented" => "cf-cert-presented",
        "certVerified" => "cf-cert-verified",
        "certRevoked" => "cf-cert-revoked",
        "certSerial" => "cf-cert-serial",
        "certFingerprintSHA256" => "cf-cert-fingerprint-sha256",
        "certNotBefore" => "cf-cert-not-before",
        "certNotAfter" => "cf-cert-not-after",
        "certRFC9440" => "client-cert",
        other => other,
    }
}
