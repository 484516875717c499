//! The attributes of a key: its owner, tenant, scopes, networks and expiry.

use std::collections::BTreeMap;
use std::net::IpAddr;

use edge_auth_token::Timestamp;
use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

use super::AttributesError;
use crate::scopes::Scopes;
use crate::tenant::is_tenant;

const MAX_LABEL: usize = 256;
const MAX_TENANT: usize = 64;
const MAX_SCOPES: usize = 128;
const MAX_SCOPE: usize = 128;
const MAX_NETWORKS: usize = 64;
const MAX_METADATA: usize = 16;
const MAX_METADATA_KEY: usize = 64;
const MAX_METADATA_VALUE: usize = 256;

/// The attributes of a new key.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its name for people; at most 256 bytes.
    pub label: Option<String>,
    /// Its owner; at most 256 bytes.
    pub owner: Option<String>,
    /// The tenant that it belongs to: 1 to 64 letters, digits, `-`, `_` and `.`, but neither `.`
    /// nor `..`.
    pub tenant: Option<String>,
    /// Its scopes.
    pub scopes: Scopes,
    /// When it expires.
    pub expires: Expiry,
    /// The networks that a client must be in, at most 64; empty is anywhere. Only IPv4 networks
    /// match IPv4 clients: `::/0` is not everywhere.
    pub networks: Vec<IpNet>,
    /// Further names and values: at most 16, with names of 1 to 64 bytes and values of at most
    /// 256.
    pub metadata: BTreeMap<String, String>,
}

/// When a key expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// At this time: it is valid until just before.
    At(Timestamp),
    /// Never.
    Never,
}

/// Whether a key may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyStatus {
    /// It may.
    Active,
    /// It is switched off until it is enabled again.
    Disabled,
    /// It is ended for good.
    Revoked {
        /// When it was revoked.
        at: Timestamp,
        /// The reason that was given; at most 256 bytes.
        reason: String,
    },
}

/// A record's data, except the hashes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyAttributes {
    pub(super) label: Option<String>,
    pub(super) owner: Option<String>,
    /// Absent from the records of keys without one, which are as they were before keys had tenants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<String>,
    pub(super) scopes: Scopes,
    /// `None` for an imported key.
    pub(super) environment: Option<String>,
    pub(super) state: KeyStatus,
    pub(super) created_at: Timestamp,
    pub(super) expires: Expiry,
    pub(super) networks: Vec<IpNet>,
    pub(super) metadata: BTreeMap<String, String>,
}

impl KeyAttributes {
    pub(super) fn new(
        new: NewKey,
        environment: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, AttributesError> {
        for (field, text) in [("label", &new.label), ("owner", &new.owner)] {
            if let Some(text) = text {
                check_text(field, text, MAX_LABEL)?;
            }
        }
        if let Some(tenant) = &new.tenant {
            check_tenant(tenant)?;
        }
        check_scopes(&new.scopes)?;
        check_metadata(&new.metadata)?;
        check_count("networks", new.networks.len(), MAX_NETWORKS)?;
        if let Expiry::At(at) = new.expires
            && at <= now
        {
            return Err(AttributesError::ExpiresInThePast { at });
        }
        Ok(Self {
            label: new.label,
            owner: new.owner,
            tenant: new.tenant,
            scopes: new.scopes,
            environment: environment.map(str::to_owned),
            state: KeyStatus::Active,
            created_at: now,
            expires: new.expires,
            networks: new.networks.into_iter().map(network).collect::<Result<_, _>>()?,
            metadata: new.metadata,
        })
    }

    pub(super) fn allows_client(&self, client: IpAddr) -> bool {
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(&client))
    }
}

/// Checks the reason of a revocation.
pub(super) fn check_reason(reason: &str) -> Result<(), AttributesError> {
    check_text("reason", reason, MAX_LABEL)
}

fn check_tenant(tenant: &str) -> Result<(), AttributesError> {
    if tenant.len() > MAX_TENANT || !is_tenant(tenant) {
        return Err(AttributesError::Tenant { tenant: excerpt(tenant) });
    }
    Ok(())
}

fn check_scopes(scopes: &Scopes) -> Result<(), AttributesError> {
    let Scopes::List(scopes) = scopes else {
        return Ok(());
    };
    if scopes.is_empty() {
        return Err(AttributesError::NoScope);
    }
    check_count("scopes", scopes.len(), MAX_SCOPES)?;
    for scope in scopes {
        if !(1..=MAX_SCOPE).contains(&scope.len()) || !scope.bytes().all(is_scope_byte) {
            return Err(AttributesError::Scope { scope: excerpt(scope) });
        }
    }
    Ok(())
}

/// RFC 6749, section 3.3.
fn is_scope_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'"' && byte != b'\\'
}

fn check_metadata(metadata: &BTreeMap<String, String>) -> Result<(), AttributesError> {
    check_count("metadata entries", metadata.len(), MAX_METADATA)?;
    for (key, value) in metadata {
        check_text("metadata key", key, MAX_METADATA_KEY)?;
        if !value.is_empty() {
            check_text("metadata value", value, MAX_METADATA_VALUE)?;
        }
    }
    Ok(())
}

fn check_count(field: &'static str, count: usize, limit: usize) -> Result<(), AttributesError> {
    if count > limit {
        return Err(AttributesError::TooMany { field, count, limit });
    }
    Ok(())
}

fn check_text(field: &'static str, text: &str, limit: usize) -> Result<(), AttributesError> {
    if !(1..=limit).contains(&text.len()) || text.chars().any(char::is_control) {
        return Err(AttributesError::Text { field, text: excerpt(text), limit });
    }
    Ok(())
}

fn excerpt(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Turns IPv4-mapped networks into IPv4 networks, like the addresses they are compared with.
fn network(network: IpNet) -> Result<IpNet, AttributesError> {
    if network != network.trunc() {
        return Err(AttributesError::HostBits { network });
    }
    if let IpNet::V6(v6) = network
        && let Some(address) = v6.addr().to_ipv4_mapped()
        && let Some(length) = v6.prefix_len().checked_sub(96)
        && let Ok(v4) = Ipv4Net::new(address, length)
    {
        return Ok(v4.into());
    }
    Ok(network)
}
