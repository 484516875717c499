//! The binding of a token to its holder (RFC 7800).

use serde_json::Value;

use crate::base64url;

/// The proof that a token's `cnf` demands of its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// None: the token has no `cnf`, and every bearer may use it.
    Bearer,
    /// The client certificate whose DER has this SHA-256 hash (`x5t#S256`, RFC 8705, section 3.1).
    Certificate([u8; 32]),
    /// Another proof, or an invalid `cnf`. The caller must refuse the token.
    Unverifiable,
}

impl Confirmation {
    /// Reads the claim `cnf`.
    pub(crate) fn of(cnf: Option<&Value>) -> Self {
        match cnf {
            None => Self::Bearer,
            Some(cnf) => thumbprint(cnf).map_or(Self::Unverifiable, Self::Certificate),
        }
    }
}

/// Reads `x5t#S256` if it is the only member: a second one would be a second condition.
fn thumbprint(cnf: &Value) -> Option<[u8; 32]> {
    let members = cnf.as_object()?;
    if members.len() != 1 {
        return None;
    }
    let text = members.get("x5t#S256")?.as_str()?;
    base64url::decode(text).ok()?.try_into().ok()
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
    fn other_confirmations_are_unverifiable() {
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
