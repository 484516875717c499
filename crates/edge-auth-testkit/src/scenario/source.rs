//! The format of scenario files, which `tests/scenarios/README.md` describes for authors.

mod case;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::host::Capability;

pub use case::{
    Arrived, Before, Case, CertificateSetup, Endpoint, Expect, LocationSetup, Store, Upstream,
};

/// A scenario file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// The policy, as TOML.
    pub policy: String,
    /// The proxies of the file, which runs once for each. The name replaces `{proxy}` in the
    /// policy.
    #[serde(default)]
    pub proxies: Vec<String>,
    /// The policy under which the keys were created, if it was another one.
    pub policy_before: Option<String>,
    /// Fragments of the host's log at its start. Each must be present.
    #[serde(default)]
    pub notices: Vec<String>,
    /// Endpoints that also get the gateway's cases.
    #[serde(default)]
    pub also: Vec<Endpoint>,
    /// The capabilities that all cases of the file need.
    #[serde(default)]
    pub needs: Vec<Capability>,
    /// The secrets that the policy names.
    #[serde(default)]
    pub secret: BTreeMap<String, String>,
    /// The key sets that issuers publish.
    #[serde(default)]
    pub jwks: BTreeMap<String, Jwks>,
    /// The issuers that have a discovery document.
    #[serde(default)]
    pub issuer: BTreeMap<String, IssuerSetup>,
    /// The files beside the policy, as text.
    #[serde(default)]
    pub file: BTreeMap<String, String>,
    /// The header members and claims of all tokens, unless a token sets them.
    #[serde(default)]
    pub every_token: EveryToken,
    /// The authorities that issue client certificates.
    #[serde(default)]
    pub authority: BTreeMap<String, Authority>,
    /// The client certificates.
    #[serde(default)]
    pub certificate: BTreeMap<String, Certificate>,
    /// The tokens.
    #[serde(default)]
    pub token: BTreeMap<String, Token>,
    /// The API keys.
    #[serde(default)]
    pub key: BTreeMap<String, Key>,
    /// Tokens and keys that were tampered with.
    #[serde(default)]
    pub altered: BTreeMap<String, Tampering>,
    /// Policies that every host must refuse to start with.
    #[serde(default)]
    pub refused: Vec<Refused>,
    /// The requests, in order.
    #[serde(default)]
    pub case: Vec<Case>,
}

/// A key set, its content and how it is served.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jwks {
    /// The keys: the name of a test key, or a table with changed members.
    pub keys: Vec<JwksKey>,
    /// The whole document as text, instead of `keys`.
    pub text: Option<String>,
    /// The HTTP status; 200 by default.
    pub status: Option<u16>,
    /// The `Location` of a redirect.
    pub location: Option<String>,
}

/// One key of a set.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum JwksKey {
    /// A test key with its name as `kid`.
    Named(String),
    /// A test key (`of`) without some members (`without`) and with others.
    Changed {
        /// The test key.
        of: Option<String>,
        /// Members to leave out.
        #[serde(default)]
        without: Vec<String>,
        /// Members to set.
        #[serde(flatten)]
        members: Map<String, Value>,
    },
}

/// An issuer's metadata.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSetup {
    /// The `issuer` member of the document; by default the issuer's own URL.
    pub issuer: Option<String>,
    /// The URL of the keys.
    pub jwks_uri: String,
}

/// An authority. In the order of names, it comes after the authority above it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Authority {
    /// The authority above it; absent for a root.
    pub under: Option<String>,
    /// Its common name; by default its name in the file.
    pub common_name: Option<String>,
    /// Whether it has expired.
    pub expired: bool,
}

/// A client's certificate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The authority that issued it; by default it is self-signed.
    pub by: Option<String>,
    /// Its URI in `subjectAltName`.
    pub san_uri: Option<String>,
    /// Its host name in `subjectAltName`.
    pub san_dns: Option<String>,
    /// Its subject's common name.
    pub common_name: Option<String>,
    /// Its serial number; by default the same for all.
    pub serial: Option<u8>,
    /// Whether it has expired.
    #[serde(default)]
    pub expired: bool,
    /// Whether its validity has not begun yet.
    #[serde(default)]
    pub early: bool,
    /// Whether it is a server's certificate.
    #[serde(default)]
    pub server: bool,
    /// Whether its key is too weak.
    #[serde(default)]
    pub weak: bool,
}

/// The header members and claims that all tokens have by default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EveryToken {
    /// Header members.
    pub header: Map<String, Value>,
    /// Claims.
    pub claims: Map<String, Value>,
}

/// One token.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Token {
    /// The test key that signs; by default `p256`.
    pub key: Option<String>,
    /// A shared secret that signs instead.
    pub secret: Option<String>,
    /// The algorithm that signs, and the header's `alg`.
    pub alg: Option<String>,
    /// A bad signature: `der`, `empty` or hexadecimal digits.
    pub signature: Option<String>,
    /// Header members to set.
    pub header: Map<String, Value>,
    /// Claims to set. Text like `+5m` and `-1h` becomes a time.
    pub claims: Map<String, Value>,
    /// Header members and claims to leave out.
    pub without: Vec<String>,
    /// The whole header as text, instead of members.
    pub header_text: Option<String>,
    /// The whole payload as text, instead of claims.
    pub claims_text: Option<String>,
    /// Whether header and payload are in UTF-16 instead of UTF-8.
    pub utf16: bool,
}

/// One API key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its block in the policy.
    pub block: String,
    /// The time of its creation, relative to now: `-2d`.
    pub made: Option<String>,
    /// Its scopes; an empty list means all scopes.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Its owner.
    pub owner: Option<String>,
    /// The tenant that it belongs to.
    pub tenant: Option<String>,
    /// Its expiry in the format of the administration; by default never.
    pub expires: Option<String>,
    /// The networks from which it may be used.
    #[serde(default)]
    pub networks: Vec<String>,
    /// An imported key's text.
    pub text: Option<String>,
    /// An imported key's hash.
    pub hash: Option<String>,
    /// Later changes, in order.
    #[serde(default)]
    pub then: Vec<Event>,
}

/// A change of a key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "do", rename_all = "kebab-case")]
pub enum Event {
    /// Replaces the secret.
    Rotate {
        /// How long the old secret stays valid.
        overlap: String,
        /// The time, relative to now.
        when: Option<String>,
    },
    /// Disables the key.
    Disable,
    /// Enables the key.
    Enable,
    /// Revokes the key.
    Revoke {
        /// The reason.
        reason: String,
    },
    /// Wraps the record under the current pepper.
    Wrap,
    /// Changes the record, as an attacker with access to the store could.
    Edit {
        /// Text in the record.
        from: String,
        /// The replacement.
        to: String,
    },
    /// Replaces the record by another key's under this key's id, as an attacker could.
    Overwrite {
        /// The other key.
        with: String,
    },
}

/// A text with changes, which are made in the order of the fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tampering {
    /// The text: `{token:alice}`.
    pub of: String,
    /// Pairs of a text that occurs once and its replacement.
    #[serde(default)]
    pub replace: Vec<(String, String)>,
    /// Positions of base62 or base64url digits to change. Negative ones count from the end.
    #[serde(default)]
    pub change: Vec<i64>,
    /// The number of characters to remove from the end.
    #[serde(default)]
    pub cut: usize,
    /// Text to append.
    #[serde(default)]
    pub append: String,
    /// Whether to recompute an API key's checksum.
    #[serde(default)]
    pub checksum: bool,
}

/// A policy that every host must refuse to start with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// A sentence for reports.
    pub name: String,
    /// The policy.
    pub policy: String,
    /// A fragment of the error message.
    pub says: String,
}
