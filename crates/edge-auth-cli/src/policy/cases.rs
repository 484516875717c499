//! The file format of `policy test`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use edge_auth::{Code, Country};
use edge_auth_control::CreateKeyRequest;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::error::CommandError;
use crate::native::read_bounded;
use crate::sandbox::SandboxCertificate;

/// The largest file of cases, in bytes.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cases {
    /// The policy, relative to this file.
    pub policy: PathBuf,
    #[serde(rename = "case")]
    pub cases: Vec<Case>,
}

/// One request and its expected decision.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub name: String,
    #[serde(default = "get")]
    pub method: String,
    /// The request's target: the path, and the query if it has one.
    pub path: String,
    pub host: Option<String>,
    pub client_ip: Option<IpAddr>,
    /// The client's country, as the platform reports it.
    pub country: Option<Country>,
    /// The client's autonomous system, as the platform reports it.
    pub asn: Option<u32>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A token to send, made for this case.
    pub jwt: Option<Jwt>,
    /// A key to send, made for this case.
    pub key: Option<Key>,
    /// A certificate to send, made for this case.
    pub client_cert: Option<SandboxCertificate>,
    pub expect: Expectation,
    /// The name of the rule that must decide.
    pub rule: Option<String>,
    /// The principal that must be found.
    pub principal: Option<String>,
}

/// A token that its issuer's block accepts, except for these changes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Jwt {
    pub issuer: String,
    #[serde(default)]
    pub scopes: Vec<String>,
    pub subject: Option<String>,
    #[serde(default)]
    pub expired: bool,
    /// Binds the token to the case's certificate (RFC 8705).
    #[serde(default)]
    pub bound: bool,
    #[serde(rename = "type")]
    pub token_type: Option<String>,
    /// Claims to set over the others; `false` leaves the claim out.
    #[serde(default)]
    pub claims: Map<String, Value>,
}

/// A key of one of the policy's blocks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    pub block: String,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub all_scopes: bool,
    #[serde(default)]
    pub networks: Vec<String>,
    pub owner: Option<String>,
    pub tenant: Option<String>,
    #[serde(default)]
    pub state: KeyState,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyState {
    #[default]
    Active,
    Disabled,
    Revoked,
    Expired,
}

/// `"allow"`, or the code of a denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expectation {
    Allow,
    Deny(Code),
}

impl<'de> Deserialize<'de> for Expectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "allow" {
            return Ok(Self::Allow);
        }
        let code = Code::ALL.iter().find(|code| code.name() == text);
        code.copied().map(Self::Deny).ok_or_else(|| {
            let names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
            serde::de::Error::custom(format!(
                "`{text}` is not `allow`, nor one of the codes {}",
                names.join(", ")
            ))
        })
    }
}

impl Key {
    pub(super) fn request(&self) -> CreateKeyRequest {
        CreateKeyRequest {
            block: self.block.clone(),
            scopes: self.scopes.clone(),
            all_scopes: self.all_scopes,
            networks: self.networks.clone(),
            owner: self.owner.clone(),
            tenant: self.tenant.clone(),
            expires: Some("30m".to_owned()),
            ..CreateKeyRequest::default()
        }
    }
}

impl Cases {
    /// Reads a file of cases.
    pub(super) fn read(path: &Path) -> Result<Self, CommandError> {
        let bytes = read_bounded(path, MAX_BYTES).map_err(CommandError::Host)?;
        let name = path.display();
        let text = String::from_utf8(bytes)
            .map_err(|_| CommandError::Usage(format!("{name} is not UTF-8 text")))?;
        let cases: Self = toml::from_str(&text)
            .map_err(|error| CommandError::Usage(format!("{name}: {error}")))?;
        if cases.cases.is_empty() {
            return Err(CommandError::Usage(format!("{name} has no `[[case]]`")));
        }
        Ok(cases)
    }
}

fn get() -> String {
    "GET".to_owned()
}
