//! Compiles the tables that a policy has once: `[identity]`, `[credentials]`, `[trust]`, `[admin]`,
//! `[audit]`.
//! `revocation.rs` compiles `[revocation]`.

use ipnet::IpNet;

use super::mistakes::{Compiler, Field};
use super::networks;
use super::reserved_headers::{CustomHeaders, stripped_by};
use super::schema;
use crate::bootstrap_secret::BootstrapHash;
use crate::policy::admin::AdminPolicy;
use crate::policy::sampling::Sampling;
use crate::trusted_proxies::TrustPolicy;

const DEFAULT_IDENTITY_PREFIX: &str = "X-Auth-";
const DEFAULT_API_KEY_HEADER: &str = "x-api-key";
const DEFAULT_SECRET_HEADER: &str = "x-edge-auth-secret";

pub(super) fn identity_prefix(
    compiler: &mut Compiler<'_>,
    source: schema::IdentityTable,
) -> String {
    let at = Field::single("identity", "prefix");
    let prefix = source.prefix.unwrap_or_else(|| DEFAULT_IDENTITY_PREFIX.to_owned());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    // A short prefix such as `X-` would strip half of what a client sends.
    if prefix.len() < 4 || prefix.len() > 64 || !prefix.ends_with('-') || !prefix.bytes().all(plain)
    {
        let message = "must be 4 to 64 letters, digits and `-`, and end with `-`, like \"X-Auth-\"";
        compiler.error(at, message);
    } else if let Some(field) = stripped_by(&prefix) {
        compiler
            .error(at, &format!("would have `{field}` removed from every request: choose another"));
    } else {
        return prefix;
    }
    DEFAULT_IDENTITY_PREFIX.to_owned()
}

pub(super) fn api_key_header(
    compiler: &mut Compiler<'_>,
    headers: &mut CustomHeaders,
    source: Option<String>,
) -> String {
    let name = source.as_deref().unwrap_or(DEFAULT_API_KEY_HEADER);
    headers.name(compiler, Field::single("credentials", "api_key_header"), name, "API keys")
}

pub(super) fn max_token_bytes(compiler: &mut Compiler<'_>, source: Option<usize>) -> usize {
    let bytes = source.unwrap_or(edge_auth_token::DEFAULT_MAX_TOKEN_BYTES);
    if !(256..=65_536).contains(&bytes) {
        compiler.error(Field::single("credentials", "max_token_bytes"), "is between 256 and 65536");
    }
    bytes
}

pub(super) fn realm(compiler: &mut Compiler<'_>, source: Option<String>) -> String {
    let realm = source.unwrap_or_else(|| "api".to_owned());
    let plain = |byte: u8| (0x20..0x7F).contains(&byte) && byte != b'"' && byte != b'\\';
    if realm.is_empty() || realm.len() > 64 || !realm.bytes().all(plain) {
        let message = "must be 1 to 64 printable ASCII characters, without `\"` and `\\`";
        compiler.error(Field::single("credentials", "realm"), message);
    }
    realm
}

pub(super) fn trust(
    compiler: &mut Compiler<'_>,
    headers: &mut CustomHeaders,
    source: schema::TrustTable,
) -> TrustPolicy {
    let name = source.secret_header.as_deref().unwrap_or(DEFAULT_SECRET_HEADER);
    let header = headers.name(
        compiler,
        Field::single("trust", "secret_header"),
        name,
        "the proxies' secret",
    );
    let at = Field::single("trust", "networks");
    let mut networks = Vec::new();
    for network in source.networks.iter().flatten() {
        if let Err(reason) = networks::check(*network) {
            compiler.error(at.clone(), &reason);
        }
        networks.push(networks::canonical(*network));
    }
    // Two halves of all addresses are everybody, too.
    if IpNet::aggregate(&networks).iter().any(|network| network.prefix_len() == 0) {
        let message = "trusts every address, so that any client could speak for others: name the proxies' networks";
        compiler.error(at, message);
    }
    TrustPolicy {
        networks: source.networks.map(|_| networks),
        secret: source.secret,
        secret_header: header,
    }
}

pub(super) fn admin(compiler: &mut Compiler<'_>, source: schema::AdminTable) -> AdminPolicy {
    let Some(text) = source.bootstrap_hash else {
        return AdminPolicy { bootstrap_hash: None };
    };
    let bootstrap_hash = BootstrapHash::parse(&text);
    if bootstrap_hash.is_none() {
        let message = "must be what `edge-auth admin init` printed: \"sha256:\" and 64 hex digits";
        compiler.error(Field::single("admin", "bootstrap_hash"), message);
    }
    AdminPolicy { bootstrap_hash }
}

/// Compiles `[audit]`; a mistake is reported to `compiler`.
pub(super) fn sampling(compiler: &mut Compiler<'_>, source: schema::AuditTable) -> Sampling {
    let allowed = source.allowed.filter(|share| (0.0..=1.0).contains(share));
    if source.allowed.is_some() && allowed.is_none() {
        let message = "is the share of allowed decisions that are logged: a number from 0.0 to 1.0";
        compiler.error(Field::single("audit", "allowed"), message);
    }
    Sampling { allowed }
}
