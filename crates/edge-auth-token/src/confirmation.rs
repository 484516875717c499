//! How a token is bound to whom it was issued to (RFC 7800).

use serde_json::Value;

use crate::base64url;

/// What a token's `cnf` asks of its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// Nothing: there is no `cnf`, and whoever bears the token may use it.
    Bearer,
    /// To hold the key of the certificate whose DER has this SHA-256 (`x5t#S256`, RFC 8705,
    /// section 3.1).
    Certificate([u8; 32]),
    /// Something else, or something that cannot be read. It must be refused.
    Unverifiable,
}

impl Confirmation {
    /// Of the claim `cnf`. A second member would be a second condition.
    pub(crate) fn of(cnf: Option<&Value>) -> Self {
        let Some(cnf) = cnf else { return Self::Bearer };
        let members = cnf.as_object().filter(|members| members.len() == 1);
        let text = members.and_then(|members| members.get("x5t#S256")).and_then(Value::as_str);
        let digest = text.and_then(|text| base64url::decode(text).ok());
        digest
            .and_then(|digest| digest.try_into().ok())
            .map_or(Self::Unverifiable, Self::Certificate)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    /// RFC 8705, section 3.1.
    const EXAMPLE: &str = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2";

    #[test]
    fn a_certificate_is_named_by_its_digest() {
        let digest = URL_SAFE_NO_PAD.encode([7; 32]);
        let cnf = json!({ "x5t#S256": digest });
        assert_eq!(Confirmation::of(Some(&cnf)), Confirmation::Certificate([7; 32]));
        assert_eq!(Confirmation::of(None), Confirmation::Bearer);
    }

    #[test]
    fn whatever_else_is_there_cannot_be_verified() {
        let digest = URL_SAFE_NO_PAD.encode([7; 32]);
        for cnf in [
            json!({}),
            json!(null),
            json!(false),
            json!("x"),
            json!([]),
            json!({ "jkt": "x" }),
            json!({ "x5t#S256": digest, "jkt": "x" }),
            json!({ "x5t#S256": 7 }),
            json!({ "x5t#S256": "" }),
            json!({ "x5t#S256": format!("{digest}=") }),
            json!({ "x5t#s256": digest }),
            // The RFC's own example has bits beyond its last byte.
            json!({ "x5t#S256": EXAMPLE }),
        ] {
            assert_eq!(Confirmation::of(Some(&cnf)), Confirmation::Unverifiable, "{cnf}");
        }
    }
}
