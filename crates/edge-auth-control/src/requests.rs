//! The request for a new key, in the words of the API and the CLI.
//!
//! A key that never expires, or has all scopes, must be asked for explicitly.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use edge_auth_token::Timestamp;
use ipnet::IpNet;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::AdminError;
use edge_auth::api_key::{Expiry, NewKey};
use edge_auth::scopes::Scopes;

/// 10000-01-01T00:00:00Z, in seconds.
const END_OF_TIME: u64 = 253_402_300_800;

/// The attributes of a new key. It needs `scopes` or `all_scopes`, and `expires` or
/// `never_expires`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CreateKeyRequest {
    /// The name of the policy's `[[api_key]]` block; may be left out if it has one only.
    pub block: String,
    /// What people call the key; 1 to 256 bytes.
    #[cfg_attr(test, schemars(length(min = 1, max = 256)))]
    pub label: Option<String>,
    /// Whose it is; 1 to 256 bytes.
    #[cfg_attr(test, schemars(length(min = 1, max = 256)))]
    pub owner: Option<String>,
    /// The tenant that it belongs to, for rules with `tenants`: 1 to 64 letters, digits, `-`, `_`
    /// and `.`, but neither `.` nor `..`.
    #[cfg_attr(
        test,
        schemars(length(min = 1, max = 64), extend("pattern" = "^[A-Za-z0-9._-]+$"))
    )]
    pub tenant: Option<String>,
    /// What it may do (RFC 6749, section 3.3). Either at least one, or `all_scopes`.
    #[cfg_attr(test, schemars(length(max = 128), inner(length(min = 1, max = 128))))]
    pub scopes: Vec<String>,
    /// It may do everything that a rule lets keys of its block do, except administer: it does not
    /// hold the scopes that begin with `edge-auth:`. Contradicts `scopes`.
    pub all_scopes: bool,
    /// When it expires: a duration from now like `90d`, or a time like `2027-01-31` or
    /// `2027-01-31T12:00:00Z`. Either this or `never_expires`.
    pub expires: Option<String>,
    /// It never expires. Contradicts `expires`.
    pub never_expires: bool,
    /// From where it may be used: CIDR networks or addresses. An empty list allows any address.
    #[cfg_attr(test, schemars(length(max = 64)))]
    pub networks: Vec<String>,
    /// Names of 1 to 64 bytes with values of at most 256, for the administrators.
    #[cfg_attr(
        test,
        schemars(extend(
            "maxProperties" = 16,
            "propertyNames" = { "minLength": 1, "maxLength": 64 }
        ))
    )]
    pub metadata: BTreeMap<String, String>,
}

impl CreateKeyRequest {
    /// Returns the terms of the key.
    ///
    /// # Errors
    /// Something is missing, or contradicts something else.
    pub fn to_new_key(self, now: Timestamp) -> Result<NewKey, AdminError> {
        if self.scopes.iter().any(|scope| scope == "*") {
            return Err(invalid(
                "`*` is not a scope: ask for all of them by name (`all_scopes`, `--all-scopes`)",
            ));
        }
        let scopes = match (self.scopes.is_empty(), self.all_scopes) {
            (false, false) => Scopes::list(self.scopes),
            (true, true) => Scopes::All,
            (true, false) => {
                return Err(invalid(
                    "name at least one scope, or ask for all of them by name (all scopes)",
                ));
            }
            (false, true) => {
                return Err(invalid("all scopes and a list of scopes contradict each other"));
            }
        };
        let expires = match (self.expires, self.never_expires) {
            (Some(text), false) => Expiry::At(moment(&text, now)?),
            (None, true) => Expiry::Never,
            (None, false) => {
                return Err(invalid(
                    "say when the key expires (90d, or a date), or that it never does",
                ));
            }
            (Some(_), true) => {
                return Err(invalid("an expiry and never expiring contradict each other"));
            }
        };
        let networks = self.networks.iter().map(|text| network(text)).collect::<Result<_, _>>()?;
        Ok(NewKey {
            label: self.label,
            owner: self.owner,
            tenant: self.tenant,
            scopes,
            expires,
            networks,
            metadata: self.metadata,
        })
    }
}

/// The attributes of a key that is taken over from another system, and its hash.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(extend("required" = ["hash"], "additionalProperties" = false))
)]
pub struct ImportKeyRequest {
    /// The other system's hash of the key, of the block's algorithm, in hexadecimal or base64.
    pub hash: String,
    /// Everything else.
    #[serde(flatten)]
    pub request: CreateKeyRequest,
}

/// Written by hand, since serde's `flatten` would accept unknown fields.
impl<'de> Deserialize<'de> for ImportKeyRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Import;
        impl<'de> Visitor<'de> for Import {
            type Value = ImportKeyRequest;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a request for a key, and its hash")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ImportKeyRequest, A::Error> {
                let mut hash = None;
                let requests = WithoutHash { map, hash: &mut hash };
                let request = CreateKeyRequest::deserialize(MapAccessDeserializer::new(requests))?;
                Ok(ImportKeyRequest {
                    hash: hash.ok_or_else(|| A::Error::missing_field("hash"))?,
                    request,
                })
            }
        }
        deserializer.deserialize_map(Import)
    }
}

/// The fields of an import without `hash`, for [`CreateKeyRequest`].
struct WithoutHash<'h, A> {
    map: A,
    hash: &'h mut Option<String>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutHash<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(name) = self.map.next_key::<String>()? {
            if name != "hash" {
                return seed.deserialize(name.into_deserializer()).map(Some);
            }
            if self.hash.replace(self.map.next_value()?).is_some() {
                return Err(A::Error::duplicate_field("hash"));
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Parses a duration from now, or a time.
pub(super) fn moment(text: &str, now: Timestamp) -> Result<Timestamp, AdminError> {
    if let Ok(duration) = humantime::parse_duration(text) {
        return within_time("expires", now, duration);
    }
    dated(text).ok_or_else(|| {
        invalid(format!(
            "expires: `{}` is neither a duration like 90d nor a time like 2027-01-31 or 2027-01-31T12:00:00Z",
            text.escape_debug()
        ))
    })
}

/// Parses a time (RFC 3339) or a date.
pub(super) fn dated(text: &str) -> Option<Timestamp> {
    let dated = humantime::parse_rfc3339_weak(text)
        .or_else(|_| humantime::parse_rfc3339(&format!("{text}T00:00:00Z")));
    let since: Duration = dated.ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok().map(Timestamp::from_millis)
}

/// Returns the time after a duration. Rejects one after the year 9999, which RFC 3339 cannot write.
pub(super) fn within_time(
    field: &str,
    now: Timestamp,
    after: Duration,
) -> Result<Timestamp, AdminError> {
    let at = now.plus(after);
    match at.seconds() < END_OF_TIME {
        true => Ok(at),
        false => {
            Err(invalid(format!("{field}: ends after the year 9999; say how long it really is")))
        }
    }
}

/// Parses a network, or one address.
fn network(text: &str) -> Result<IpNet, AdminError> {
    if let Ok(network) = text.parse() {
        return Ok(network);
    }
    match text.parse::<std::net::IpAddr>() {
        Ok(address) => Ok(IpNet::from(address)),
        Err(_) => Err(invalid(format!(
            "`{}` is not a network: write 203.0.113.0/24 or 2001:db8::/32",
            text.escape_debug()
        ))),
    }
}

fn invalid(message: impl Into<String>) -> AdminError {
    AdminError::Invalid(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn request() -> CreateKeyRequest {
        CreateKeyRequest {
            scopes: vec!["a".into()],
            expires: Some("90d".into()),
            ..CreateKeyRequest::default()
        }
    }

    #[test]
    fn a_key_without_expiry_or_scopes_must_be_spelled_out() {
        assert!(request().to_new_key(NOW).is_ok());
        assert!(CreateKeyRequest { expires: None, ..request() }.to_new_key(NOW).is_err());
        assert!(
            CreateKeyRequest { expires: None, never_expires: true, ..request() }
                .to_new_key(NOW)
                .is_ok()
        );
        assert!(CreateKeyRequest { never_expires: true, ..request() }.to_new_key(NOW).is_err());
        assert!(CreateKeyRequest { scopes: Vec::new(), ..request() }.to_new_key(NOW).is_err());
        assert!(
            CreateKeyRequest { scopes: Vec::new(), all_scopes: true, ..request() }
                .to_new_key(NOW)
                .is_ok()
        );
        assert!(CreateKeyRequest { all_scopes: true, ..request() }.to_new_key(NOW).is_err());
        let star = CreateKeyRequest { scopes: vec!["a".into(), "*".into()], ..request() }
            .to_new_key(NOW)
            .unwrap_err();
        assert!(star.to_string().contains("--all-scopes"), "{star}");
    }

    #[test]
    fn an_expiry_is_a_duration_or_a_date_or_a_time() {
        let at = |text: &str| moment(text, NOW).map(Timestamp::seconds).ok();
        assert_eq!(at("90d"), Some(1_700_000_000 + 90 * 86_400));
        assert_eq!(at("2027-01-31"), Some(1_801_353_600));
        assert_eq!(at("2027-01-31T00:00:01Z"), Some(1_801_353_601));
        for junk in
            ["", "soon", "-1d", "1969-01-01", "2027-13-01", "8000years", "500000000000years"]
        {
            assert_eq!(at(junk), None, "{junk}");
        }
    }

    #[test]
    fn an_import_has_a_hash_and_no_unknown_field() {
        let read = |text: &str| serde_json::from_str::<ImportKeyRequest>(text);
        let import = read(r#"{"hash": "00", "block": "legacy", "scopes": ["a"]}"#).unwrap();
        assert_eq!((import.hash.as_str(), import.request.block.as_str()), ("00", "legacy"));
        for wrong in
            [r#"{"block": "legacy"}"#, r#"{"hash": 1}"#, r#"{"hash": "00", "scope": ["a"]}"#, "[]"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_network_may_be_one_address() {
        assert_eq!(network("192.0.2.1").unwrap().to_string(), "192.0.2.1/32");
        assert_eq!(network("2001:db8::/32").unwrap().to_string(), "2001:db8::/32");
        assert!(network("192.0.2.0/33").is_err());
    }
}
