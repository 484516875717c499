//! The policy: one file, compiled once, default deny.
//!
//! [`Policy::parse`] turns text into a policy that cannot be wrong in itself: names resolve,
//! patterns parse, no rule is unreachable. What it refers to (secrets, key files) is brought in
//! when a [`Gate`](crate::Gate) is built.

mod compile;
mod error;
mod issuer;
mod locate;
mod preset;
mod rule;
mod sample;
mod source;
#[cfg(test)]
mod tests;

use std::time::Duration;

use ipnet::IpNet;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use compile::{Compiler, Field};
use locate::{Map, Place, Step};
use rule::Blocks;

pub(crate) use issuer::{Issuer, fetchable};
pub(crate) use rule::{Access, Cors, Named, Rule};

pub use error::{PolicyError, PolicyErrors};
pub use issuer::KeyOrigin;
pub use locate::Format;
pub use preset::Preset;
pub use sample::SampleToken;
pub use source::Proxy;

use crate::api_key::{BlockError, ImportedFormat, KeyFormat};
use crate::route::{Route, Router};
use crate::trust::TrustPolicy;

const DEFAULT_BOUND: Duration = Duration::from_secs(30);
const MAX_KEY_RECORD_AGE: Duration = Duration::from_secs(10);
const DEFAULT_IDENTITY_PREFIX: &str = "X-Auth-";
const DEFAULT_API_KEY_HEADER: &str = "x-api-key";

/// The largest policy that is read, in bytes.
pub const MAX_POLICY_BYTES: usize = 1024 * 1024;

/// A policy without mistakes in itself.
#[derive(Debug, Clone)]
pub struct Policy {
    pub(crate) file: String,
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) api_keys: Vec<ApiKeyPolicy>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) router: Router,
    pub(crate) revocation_bound: Duration,
    pub(crate) identity_prefix: String,
    pub(crate) api_key_header: String,
    pub(crate) max_token_bytes: usize,
    pub(crate) realm: String,
    pub(crate) trust: TrustPolicy,
    pub(crate) forward_auth: Option<Proxy>,
    pub(crate) admin: Option<AdminPolicy>,
}

/// One `[[api_key]]`: the shape of its keys, and the names of its peppers.
#[derive(Debug, Clone)]
pub(crate) struct ApiKeyPolicy {
    pub name: String,
    pub kind: ApiKeyKind,
    pub current: String,
    pub previous: Vec<String>,
    pub retired: Vec<String>,
}

/// Keys that we make, or hashes of another system's.
#[derive(Debug, Clone)]
pub(crate) enum ApiKeyKind {
    Native(KeyFormat),
    Imported(ImportedFormat),
}

/// `[admin]`: there only where administration is switched on.
#[derive(Debug, Clone)]
pub(crate) struct AdminPolicy {
    /// SHA-256 of the bootstrap secret.
    pub bootstrap_hash: Option<[u8; 32]>,
}

impl Policy {
    /// Reads a policy; `file` is the name for its errors. Everything that is wrong is reported at
    /// once, except that a text which does not even have the right shape stops at its first error.
    pub fn parse(text: &str, format: Format, file: &str) -> Result<Self, PolicyErrors> {
        if text.len() > MAX_POLICY_BYTES {
            let message = format!("is {} bytes long, {MAX_POLICY_BYTES} are read", text.len());
            let (block, field) = (String::new(), String::new());
            let file = file.to_owned();
            return Err(PolicyErrors(vec![PolicyError { file, line: None, block, field, message }]));
        }
        let mut compiler = Compiler::new(file, text, format);
        let source = read(text, format, file)?;
        let policy = Self::compile(&mut compiler, source, file);
        compiler.finish().map_err(PolicyErrors)?;
        Ok(policy)
    }

    /// Replaces the origin of an issuer's keys, so that a policy can be tried with keys made for
    /// the trial. `false` if there is no such issuer.
    pub fn replace_keys(&mut self, issuer: &str, keys: KeyOrigin) -> bool {
        let found = self.issuers.iter_mut().find(|block| block.name == issuer);
        found.map(|block| block.keys = keys).is_some()
    }

    /// What in the policy weakens the gate, one sentence each; all of it was asked for by name.
    pub fn weaknesses(&self) -> Vec<String> {
        self.issuers.iter().flat_map(Issuer::weaknesses).collect()
    }

    /// Whether any rule matches certain hosts only.
    pub(crate) fn rules_name_hosts(&self) -> bool {
        self.router.names_hosts()
    }

    /// The revocation bound: how long a revoked credential may still be honoured.
    pub fn revocation_bound(&self) -> Duration {
        self.revocation_bound
    }

    /// How long a change of an API key's record may take to be seen: no record is believed longer
    /// without being read again.
    pub fn key_record_age(&self) -> Duration {
        MAX_KEY_RECORD_AGE.min(self.revocation_bound)
    }

    /// Whether keys are administered over HTTP: whether there is an `[admin]`.
    pub fn administers(&self) -> bool {
        self.admin.is_some()
    }

    /// How many rules there are.
    pub fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// The issuers: name, `iss`, algorithms, origin of their keys.
    pub fn issuers(&self) -> impl Iterator<Item = (&str, &str, &[edge_auth_token::Algorithm], &KeyOrigin)> {
        self.issuers
            .iter()
            .map(|issuer| (&*issuer.name, &*issuer.expected.issuer, &*issuer.algorithms, &issuer.keys))
    }

    /// The names of the `[[api_key]]` blocks.
    pub fn api_key_blocks(&self) -> impl Iterator<Item = &str> {
        self.api_keys.iter().map(|block| &*block.name)
    }

    /// The names of all secrets that the host must provide.
    pub fn secret_names(&self) -> Vec<&str> {
        let issuers = self.issuers.iter().filter_map(|issuer| match &issuer.keys {
            KeyOrigin::Secret(name) => Some(name.as_str()),
            _ => None,
        });
        let peppers = self.api_keys.iter().flat_map(|block| {
            [&block.current].into_iter().chain(&block.previous).chain(&block.retired).map(String::as_str)
        });
        issuers.chain(peppers).chain(self.trust.secret.as_deref()).collect()
    }

    fn compile(compiler: &mut Compiler<'_>, source: source::Source, file: &str) -> Self {
        let names = |names: Vec<&String>| names.into_iter().cloned().collect();
        compiler.label("issuer", names(source.issuer.iter().map(|block| &block.name).collect()));
        compiler.label("api_key", names(source.api_key.iter().map(|block| &block.name).collect()));
        compiler.label(
            "rule",
            names(source.rule.iter().map(|rule| rule.name.as_ref().unwrap_or(&rule.path)).collect()),
        );

        let issuer_names: Vec<(String, String)> =
            source.issuer.iter().map(|block| (block.name.clone(), block.issuer.clone())).collect();
        let key_names: Vec<String> = source.api_key.iter().map(|block| block.name.clone()).collect();
        let blocks = Blocks { issuers: &issuer_names, api_keys: &key_names };

        let indexed = source.issuer.into_iter().enumerate();
        let issuers = indexed.filter_map(|(i, block)| Issuer::compile(compiler, i, block)).collect();
        let indexed = source.api_key.into_iter().enumerate();
        let api_keys: Vec<_> =
            indexed.filter_map(|(i, block)| Some((i, api_key(compiler, i, block)?))).collect();
        look_different(compiler, &api_keys);
        let api_keys = api_keys.into_iter().map(|(_, block)| block).collect();
        let indexed = source.rule.into_iter().enumerate();
        let (rules, routes): (Vec<Rule>, Vec<Route>) =
            indexed.filter_map(|(i, rule)| Rule::compile(compiler, &blocks, i, rule)).unzip();
        let before = compiler.mistakes();
        let router = Router::new(routes);
        if before == 0 {
            // Only then do the router's indices agree with the file's.
            for shadowed in router.shadowed() {
                let by: Vec<_> =
                    shadowed.by.iter().map(|rule| compiler.describe("rule", Some(*rule))).collect();
                let message = format!(
                    "can never match: {} always matches first. Reorder or remove it",
                    by.join(" or ")
                );
                compiler.error(Field::of("rule", shadowed.route, "path"), &message);
            }
        }
        Self {
            file: file.to_owned(),
            issuers,
            api_keys,
            rules,
            router,
            revocation_bound: bound(compiler, &source.revocation),
            identity_prefix: identity_prefix(compiler, source.identity),
            api_key_header: api_key_header(compiler, source.credentials.api_key_header),
            max_token_bytes: max_token_bytes(compiler, source.credentials.max_token_bytes),
            realm: realm(compiler, source.credentials.realm),
            trust: trust(compiler, source.trust),
            forward_auth: source.forward_auth.map(|forward_auth| forward_auth.proxy),
            admin: source.admin.map(|admin| self::admin(compiler, admin)),
        }
    }
}

/// Text to shape. An error names the innermost field that serde was at.
fn read(text: &str, format: Format, file: &str) -> Result<source::Source, PolicyErrors> {
    let fail = |line: Option<usize>, place: &Place, message: String| {
        let (block, field) = split(place);
        PolicyErrors(vec![PolicyError { file: file.to_owned(), line, block, field, message }])
    };
    match format {
        Format::Toml => {
            let document = toml::Deserializer::parse(text).map_err(|error| {
                let line = error.span().map(|span| Map::of(text, format).line_at(span.start));
                fail(line, &Vec::new(), error.message().to_owned())
            })?;
            traced(document).map_err(|(place, error): (Place, toml::de::Error)| {
                let map = Map::of(text, format);
                let line = error.span().map(|span| map.line_at(span.start));
                let line = line.or_else(|| map.line_of(&place));
                fail(line, &place, error.message().to_owned())
            })
        }
        Format::Json => {
            let mut document = serde_json::Deserializer::from_str(text);
            let source = traced(&mut document).map_err(|(place, error): (Place, serde_json::Error)| {
                fail(Some(error.line()), &place, error.to_string())
            })?;
            document.end().map_err(|error| fail(Some(error.line()), &Vec::new(), error.to_string()))?;
            Ok(source)
        }
    }
}

fn traced<'de, D, T>(deserializer: D) -> Result<T, (Place, D::Error)>
where
    D: serde::Deserializer<'de>,
    T: DeserializeOwned,
{
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let place = steps(error.path());
        (place, error.into_inner())
    })
}

fn steps(path: &Path) -> Place {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(Step::Field(key.clone())),
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// The block and the field inside it, for people.
fn split(place: &[Step]) -> (String, String) {
    let field = |steps: &[Step]| {
        let parts = steps.iter().map(|step| match step {
            Step::Field(name) => name.clone(),
            Step::Index(index) => (index + 1).to_string(),
        });
        parts.collect::<Vec<_>>().join(".")
    };
    match place {
        [Step::Field(block), Step::Index(index), rest @ ..] => {
            (format!("{block} {}", index + 1), field(rest))
        }
        [Step::Field(block), rest @ ..] if !rest.is_empty() => (format!("[{block}]"), field(rest)),
        other => (String::new(), field(other)),
    }
}

fn api_key(compiler: &mut Compiler<'_>, index: usize, source: source::ApiKey) -> Option<ApiKeyPolicy> {
    let at = |field: &'static str| Field::of("api_key", index, field);
    compiler.name(at("name"), &source.name);
    let kind = match source.imported {
        Some(imported) => {
            if source.prefix.is_some() || source.environment.is_some() {
                compiler.error(at("imported"), "keys of another system have no `prefix` and `environment`");
            }
            let format = ImportedFormat::new(imported.hash, imported.prefix.as_deref());
            ApiKeyKind::Imported(
                format.map_err(|error| compiler.error(at("imported"), &error.to_string())).ok()?,
            )
        }
        None => {
            let Some(prefix) = source.prefix else {
                compiler.error(at("prefix"), "is missing: keys look like `prefix_environment_…`");
                return None;
            };
            let environment = source.environment.as_deref().unwrap_or("live");
            let format = KeyFormat::new(&prefix, environment).map_err(|error| {
                let field =
                    if matches!(error, BlockError::Environment { .. }) { "environment" } else { "prefix" };
                compiler.error(at(field), &error.to_string());
            });
            ApiKeyKind::Native(format.ok()?)
        }
    };
    let source::Peppers { current, previous, retired } = source.pepper;
    Some(ApiKeyPolicy { name: source.name, kind, current, previous, retired })
}

/// A key must show whose it is: no key of one block may look like one of another that was made here.
fn look_different(compiler: &mut Compiler<'_>, blocks: &[(usize, ApiKeyPolicy)]) {
    let lead = |block: &ApiKeyPolicy| match &block.kind {
        ApiKeyKind::Native(format) => Some(format.lead().to_owned()),
        ApiKeyKind::Imported(format) => format.prefix().map(str::to_owned),
    };
    let native = |block: &ApiKeyPolicy| matches!(block.kind, ApiKeyKind::Native(_));
    for (position, (index, block)) in blocks.iter().enumerate() {
        for (other_index, other) in blocks.iter().take(position) {
            let (Some(one), Some(two)) = (lead(block), lead(other)) else { continue };
            let alike = one.starts_with(&two) || two.starts_with(&one);
            if alike && (native(block) || native(other)) {
                let whose = compiler.describe("api_key", Some(*other_index));
                let field = if native(block) { "prefix" } else { "imported" };
                let message = format!("its keys would look like those of {whose}");
                compiler.error(Field::of("api_key", *index, field), &message);
            }
        }
    }
}

fn bound(compiler: &mut Compiler<'_>, source: &source::Revocation) -> Duration {
    let bound = source.bound.map_or(DEFAULT_BOUND, |span| span.0);
    if bound < Duration::from_secs(1) || bound > Duration::from_secs(3600) {
        compiler.error(Field::single("revocation", "bound"), "is between 1 second and 1 hour");
    }
    bound
}

fn identity_prefix(compiler: &mut Compiler<'_>, source: source::Identity) -> String {
    let prefix = source.prefix.unwrap_or_else(|| DEFAULT_IDENTITY_PREFIX.to_owned());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    // A short prefix such as `X-` would strip half of what a client sends.
    if prefix.len() < 4 || prefix.len() > 64 || !prefix.ends_with('-') || !prefix.bytes().all(plain) {
        compiler.error(
            Field::single("identity", "prefix"),
            "must be 4 to 64 letters, digits and `-`, and end with `-`, like \"X-Auth-\"",
        );
    }
    prefix
}

fn api_key_header(compiler: &mut Compiler<'_>, source: Option<String>) -> String {
    let header = source.map_or_else(|| DEFAULT_API_KEY_HEADER.to_owned(), |name| name.to_ascii_lowercase());
    if !crate::request::is_token(&header) || header == "authorization" || header == "cookie" {
        compiler.error(
            Field::single("credentials", "api_key_header"),
            "must be a header name of its own, like \"x-api-key\"",
        );
    }
    header
}

fn max_token_bytes(compiler: &mut Compiler<'_>, source: Option<usize>) -> usize {
    let bytes = source.unwrap_or(edge_auth_token::DEFAULT_MAX_TOKEN_BYTES);
    if !(256..=65_536).contains(&bytes) {
        compiler.error(Field::single("credentials", "max_token_bytes"), "is between 256 and 65536");
    }
    bytes
}

fn realm(compiler: &mut Compiler<'_>, source: Option<String>) -> String {
    let realm = source.unwrap_or_else(|| "api".to_owned());
    let plain = |byte: u8| (0x20..0x7F).contains(&byte) && byte != b'"' && byte != b'\\';
    if realm.is_empty() || realm.len() > 64 || !realm.bytes().all(plain) {
        let message = "must be 1 to 64 printable ASCII characters, without `\"` and `\\`";
        compiler.error(Field::single("credentials", "realm"), message);
    }
    realm
}

fn trust(compiler: &mut Compiler<'_>, source: source::Trust) -> TrustPolicy {
    let header = source.secret_header.unwrap_or_else(|| "x-edge-auth-secret".to_owned()).to_ascii_lowercase();
    if !crate::request::is_token(&header) || header == "authorization" {
        compiler.error(Field::single("trust", "secret_header"), "must be a header name of its own");
    }
    let everybody = |network: &IpNet| match network {
        IpNet::V4(network) => network.prefix_len() == 0,
        // As IPv6 writes IPv4, too (RFC 4291, section 2.5.5.2).
        IpNet::V6(network) => {
            network.prefix_len() == 0
                || (network.prefix_len() <= 96 && network.addr().to_ipv4_mapped().is_some())
        }
    };
    if source.networks.iter().flatten().any(everybody) {
        let message =
            "trusts everybody, and with that nobody's word is worth anything: name the proxies' networks";
        compiler.error(Field::single("trust", "networks"), message);
    }
    TrustPolicy { networks: source.networks, secret: source.secret, secret_header: header }
}

fn admin(compiler: &mut Compiler<'_>, source: source::Admin) -> AdminPolicy {
    let bootstrap_hash = source.bootstrap_hash.and_then(|text| {
        let hash = crate::admin::parse_bootstrap_hash(&text);
        if hash.is_none() {
            let message = "must be what `edge-auth admin init` printed: \"sha256:\" and 64 hex digits";
            compiler.error(Field::single("admin", "bootstrap_hash"), message);
        }
        hash
    });
    AdminPolicy { bootstrap_hash }
}
