//! What Cloudflare tells of a certificate that it verified, fields of its own and no DER.

use super::facts::{Facts, malformed, serial};
use super::handover::TlsClientAuth;
use super::name::DistinguishedName;
use super::validity::Validity;
use super::{from_hex, rfc9440};
use crate::denial::{Code, Denial};
use crate::request::Headers;

impl<'a> TlsClientAuth<'a> {
    /// From the fields of the managed transform "Add TLS client auth headers", which writes the
    /// rules language's booleans: `true` and `false`.
    pub(crate) fn of_fields(headers: Headers<'a>) -> Result<Self, Denial> {
        let text = |name: &str| {
            let value =
                headers.single(name).map_err(|_| malformed(format!("there are several `{name}` fields")))?;
            let text = value.map(std::str::from_utf8).transpose();
            text.map_err(|_| malformed(format!("`{name}` is no text")))
        };
        let boolean = |name, yes, no| {
            Ok(match text(name)? {
                Some("true") => Some(yes),
                Some("false") => Some(no),
                other => other.filter(|_| false),
            })
        };
        Ok(Self {
            presented: boolean("cf-cert-presented", "1", "0")?,
            verified: boolean("cf-cert-verified", "SUCCESS", "FAILED")?,
            revoked: boolean("cf-cert-revoked", "1", "0")?,
            issuer_dn: text("cf-cert-issuer-dn-rfc2253")?,
            subject_dn: text("cf-cert-subject-dn-rfc2253")?,
            serial: text("cf-cert-serial")?,
            fingerprint_sha256: text("cf-cert-fingerprint-sha256")?,
            issuer_key_id: text("cf-cert-issuer-ski")?,
            not_before: text("cf-cert-not-before")?,
            not_after: text("cf-cert-not-after")?,
            // The transform has no such field; a rule of the zone's can set it.
            rfc9440: text("client-cert")?,
        })
    }

    /// Whether there is a certificate at all.
    pub(crate) fn is_presented(&self) -> bool {
        self.presented.is_some_and(|presented| presented != "0")
    }

    /// What it says, if Cloudflare found it good. `certVerified` is `SUCCESS` for a revoked one, too.
    pub(crate) fn facts(&self) -> Result<Facts, Denial> {
        if self.presented != Some("1") {
            return Err(malformed("`certPresented` is neither \"0\" nor \"1\""));
        }
        match self.verified {
            Some("SUCCESS") => {}
            verified => {
                let verdict = crate::audit::excerpt(verified.unwrap_or("missing"), 100);
                return Err(Denial::new(Code::CertificateInvalid, format!("`certVerified` is {verdict}")));
            }
        }
        match self.revoked {
            Some("0") => {}
            Some("1") => return Err(Denial::new(Code::CertificateRevoked, "`certRevoked` is 1")),
            _ => return Err(Denial::new(Code::CertificateInvalid, "`certRevoked` is missing")),
        }
        let told = self.told()?;
        let Some(der) = self.rfc9440.filter(|field| !field.is_empty()) else {
            return Ok(told);
        };
        // It is filled whatever the verdict: it must be the certificate that was found good.
        let read = Facts::read(&rfc9440::byte_sequence(der.as_bytes())?)?;
        if read.thumbprint != told.thumbprint {
            return Err(malformed("`certRFC9440` is another certificate than the fingerprint's"));
        }
        Ok(Facts { names: read.names, ..told })
    }

    fn told(&self) -> Result<Facts, Denial> {
        let field = |value: Option<&'a str>, name| {
            value.filter(|value| !value.is_empty()).ok_or_else(|| malformed(format!("`{name}` is missing")))
        };
        let fingerprint = field(self.fingerprint_sha256, "certFingerprintSHA256")?;
        let thumbprint = from_hex(fingerprint).and_then(|bytes| bytes.try_into().ok());
        let number = field(self.serial, "certSerial")?;
        if !number.bytes().all(|byte| byte.is_ascii_hexdigit()) || number.len() > 64 {
            return Err(malformed("`certSerial` is no hexadecimal number"));
        }
        let dates = (field(self.not_before, "certNotBefore")?, field(self.not_after, "certNotAfter")?);
        Ok(Facts {
            thumbprint: thumbprint.ok_or_else(|| malformed("`certFingerprintSHA256` is no SHA-256"))?,
            serial: serial(number),
            subject: self.subject_dn.and_then(DistinguishedName::parse),
            issuer: self.issuer_dn.and_then(DistinguishedName::parse),
            issuer_key_id: self.issuer_key_id.and_then(from_hex),
            names: None,
            validity: Validity::printed(dates.0, dates.1)
                .ok_or_else(|| malformed("`certNotBefore` or `certNotAfter` is no date"))?,
        })
    }
}
