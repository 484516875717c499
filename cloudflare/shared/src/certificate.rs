//! Reads `request.cf.tlsClientAuth` by reflection: members may be missing, and a typed API would
//! panic then.

use edge_auth::certificate::{PlatformCertificate, TlsClientAuth};
use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// The members that the core asks for. A member that is not a string is `None`.
#[derive(Debug, Default)]
pub struct ClientCertificate([Option<String>; NAMES.len()]);

const NAMES: [&str; 11] = [
    "certPresented",
    "certVerified",
    "certRevoked",
    "certIssuerDNRFC2253",
    "certSubjectDNRFC2253",
    "certSerial",
    "certFingerprintSHA256",
    "certIssuerSKI",
    "certNotBefore",
    "certNotAfter",
    "certRFC9440",
];

impl ClientCertificate {
    /// Reads the certificate of a request that came from the internet.
    pub fn of(request: &JsValue) -> Self {
        let member =
            |object: &JsValue, name: &str| Reflect::get(object, &JsValue::from_str(name)).ok();
        let told = member(request, "cf").and_then(|cf| member(&cf, "tlsClientAuth"));
        Self(NAMES.map(|name| member(told.as_ref()?, name)?.as_string()))
    }

    /// Returns the members as the core takes them.
    pub fn handover(&self) -> PlatformCertificate<'_> {
        let [
            presented,
            verified,
            revoked,
            issuer_dn,
            subject_dn,
            serial,
            fingerprint,
            issuer_key_id,
            from,
            to,
            der,
        ] = self.0.each_ref().map(Option::as_deref);
        PlatformCertificate::Cloudflare(TlsClientAuth {
            presented,
            verified,
            revoked,
            issuer_dn,
            subject_dn,
            serial,
            fingerprint_sha256: fingerprint,
            issuer_key_id,
            not_before: from,
            not_after: to,
            rfc9440: der,
        })
    }
}
