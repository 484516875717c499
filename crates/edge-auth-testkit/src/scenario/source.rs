//! The format of scenario files; `tests/scenarios/README.md` describes it for their authors.

mod case;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::host::Capability;

pub use case::{
    Arrived, Before, Case, CertificateSetup, Endpoint, Expect, LocationSetup, Store, Upstream,
};

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// The policy, as TOML.
    pub policy: String,
    /// The proxies that the file is about: it is run once for each, whose name stands for `{proxy}`
    /// in the policy.
    #[serde(default)]
    pub proxies: Vec<String>,
    /// The policy under which the keys were made, if it was another one.
    pub policy_before: Option<String>,
    /// Fragments of what the host logs at its start; each must be there.
    #[serde(default)]
    pub notices: Vec<String>,
    /// Endpoints that the cases of the gateway are sent to as well.
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
    /// Policies that no host may start with.
    #[serde(default)]
    pub refused: Vec<Refused>,
    /// The requests, in order.
    #[serde(default)]
    pub case: Vec<Case>,
}

/// One key set: how it is served, and what is in it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jwks {
    /// The keys: a test key's name, or a table with members to add or change.
    pub keys: Vec<JwksKey>,
    /// The whole document instead, as text.
    pub text: Option<String>,
    /// The HTTP status, if it is not 200.
    pub status: Option<u16>,
    /// Where a redirect leads.
    pub location: Option<String>,
}

/// One key of a set.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum JwksKey {
    /// A test key, its name as `kid`.
    Named(String),
    /// A test key (`of`), without some members (`without`), and with others.
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

/// An issuer's metadata; its `issuer` is its own URL unless `issuer` says otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSetup {
    /// The `issuer` member of the document.
    pub issuer: Option<String>,
    /// Where the keys are.
    pub jwks_uri: String,
}

/// An authority. Those above it come before it in the order of names.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Authority {
    /// The one above it; a root has none.
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
    /// Its alternative name that is a URI.
    pub san_uri: Option<String>,
    /// Its alternative name that is a host's.
    pub san_dns: Option<String>,
    /// Its subject's common name.
    pub common_name: Option<String>,
    /// Its serial number; by default the same for all.
    pub serial: Option<u8>,
    /// Whether it has expired.
    #[serde(default)]
    pub expired: bool,
    /// Whether it is not good yet.
    #[serde(default)]
    pub early: bool,
    /// Whether it is a server's.
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
    /// Instead of a good signature: `der`, `empty` or hexadecimal digits.
    pub signature: Option<String>,
    /// Header members to set.
    pub header: Map<String, Value>,
    /// Claims to set. Text like `+5m` and `-1h` is a time.
    pub claims: Map<String, Value>,
    /// Header members and claims to leave out.
    pub without: Vec<String>,
    /// The whole header instead, as text.
    pub header_text: Option<String>,
    /// The whole payload instead, as text.
    pub claims_text: Option<String>,
    /// `utf-16` instead of UTF-8 for header and payload.
    pub utf16: bool,
}

/// One API key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The policy's block.
    pub block: String,
    /// When it was made, relative to now: `-2d`.
    pub made: Option<String>,
    /// Its scopes; an empty list is all of them.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whose it is.
    pub owner: Option<String>,
    /// The tenant that it belongs to.
    pub tenant: Option<String>,
    /// When it expires, as the administrative API reads it; by default never.
    pub expires: Option<String>,
    /// From where it may be used.
    #[serde(default)]
    pub networks: Vec<String>,
    /// An imported key's text.
    pub text: Option<String>,
    /// An imported key's hash.
    pub hash: Option<String>,
    /// What happened to it since, in order.
    #[serde(default)]
    pub then: Vec<Event>,
}

/// What happened to a key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "do", rename_all = "kebab-case")]
pub enum Event {
    /// A new secret.
    Rotate {
        /// How long the old one stays good.
        overlap: String,
        /// When, relative to now.
        when: Option<String>,
    },
    /// Switched off.
    Disable,
    /// Switched on.
    Enable,
    /// Ended.
    Revoke {
        /// Why.
        reason: String,
    },
    /// Brought under the current pepper.
    Wrap,
    /// An attacker with access to the store changed the record.
    Edit {
        /// Text in the record.
        from: String,
        /// What stands there now.
        to: String,
    },
    /// An attacker replaced the record by another key's, under this key's id.
    Overwrite {
        /// The other key.
        with: String,
    },
}

/// A text that was tampered with; the changes are made in this order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tampering {
    /// The text: `{token:alice}`.
    pub of: String,
    /// Pairs of what stands there, once, and what is put there instead.
    #[serde(default)]
    pub replace: Vec<(String, String)>,
    /// Positions of digits (base62 or base64url) to change into another; negative ones count from
    /// the end.
    #[serde(default)]
    pub change: Vec<i64>,
    /// How many characters to take away from the end.
    #[serde(default)]
    pub cut: usize,
    /// What to put behind.
    #[serde(default)]
    pub append: String,
    /// Whether to make an API key's checksum right again.
    #[serde(default)]
    pub checksum: bool,
}

/// A policy that no host may start with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// A sentence.
    pub name: String,
    /// The policy.
    pub policy: String,
    /// A fragment of the error message.
    pub says: String,
}
