//! The compiler: from a policy's text to a [`Policy`]. Names resolve, patterns parse, every rule can
//! match; each mistake is reported with its file, line, block and field.
//!
//! Hosts that load a compiled policy are built without it: without the feature `compiler`.

mod administrators;
mod advice;
mod api_key;
mod claim_rule;
mod client_cert;
mod fetch_files;
mod issuer;
mod issuer_identifier;
mod issuer_keys;
mod lint;
mod mistakes;
mod networks;
mod parse;
mod preset;
mod public_issuer;
mod reserved_headers;
mod response_age;
mod revocation;
mod rule;
mod rule_tenants;
mod sample_token;
pub(super) mod schema;
mod scope_claim;
mod settings;
mod spans;
mod subject_pattern;
#[cfg(test)]
mod tests;
mod token_place;
mod when;

use std::time::Duration;

use api_key::{api_key, look_different};
use client_cert::client_cert;
use mistakes::{Compiler, Field};
use parse::parse;
use reserved_headers::CustomHeaders;
use rule::BlockNames;

pub use administrators::{Administration, Administrator};
pub use preset::Preset;
pub use sample_token::{SampleField, SampleToken};
pub use spans::Format;

use super::{Issuer, Policy, PolicyDigest, PolicyErrors, Rule};
use crate::route::Router;

/// The size of the largest policy that is read, in bytes.
pub const MAX_POLICY_BYTES: usize = 1024 * 1024;

/// The mistake of a longer one.
pub const TOO_LONG: &str = "is longer than 1048576 bytes, which is the most that is read";

impl Policy {
    /// Reads a policy; `file` is the name for its errors. Everything that is wrong is reported at
    /// once, except that a text which does not even have the right shape stops at its first error.
    pub fn parse(text: &str, format: Format, file: &str) -> Result<Self, PolicyErrors> {
        if text.len() > MAX_POLICY_BYTES {
            return Err(PolicyErrors::of_file(file, TOO_LONG));
        }
        let mut compiler = Compiler::new(file, text, format);
        let source = parse(text, format, file)?;
        let policy = Self::compile(&mut compiler, source);
        compiler.finish().map_err(PolicyErrors)?;
        let body = policy.body().map_err(|error| PolicyErrors::of_file(file, error.to_string()))?;
        Ok(policy.named(file, PolicyDigest::of(&body)))
    }

    /// Compiles the tables of a policy, and reports every mistake to `compiler`.
    fn compile(compiler: &mut Compiler<'_>, source: schema::PolicyTables) -> Self {
        label_blocks(compiler, &source);
        let blocks = BlockNames::of(&source);

        let identity_prefix = settings::identity_prefix(compiler, source.identity);
        let mut headers = CustomHeaders::beside(&identity_prefix);
        let trust = settings::trust(compiler, &mut headers, source.trust);
        let api_key_header =
            settings::api_key_header(compiler, &mut headers, source.credentials.api_key_header);
        let mut issuers = Vec::with_capacity(source.issuer.len());
        for (index, block) in source.issuer.into_iter().enumerate() {
            issuers.extend(Issuer::compile(compiler, &mut headers, index, block));
        }
        let mut api_keys = Vec::with_capacity(source.api_key.len());
        for (index, block) in source.api_key.into_iter().enumerate() {
            api_keys.extend(api_key(compiler, index, block).map(|block| (index, block)));
        }
        look_different(compiler, &api_keys);
        let has_feed = source.revocation.secret.is_some();
        let mut client_certs = Vec::with_capacity(source.client_cert.len());
        for (index, block) in source.client_cert.into_iter().enumerate() {
            if block.require_crl && !has_feed {
                let message =
                    "needs the revocation feed, with which lists come: name `[revocation] secret`";
                compiler.error(Field::of("client_cert", index, "require_crl"), message);
            }
            client_certs.extend(client_cert(compiler, &mut headers, index, block));
        }
        let (mut rules, mut routes) = (Vec::new(), Vec::new());
        for (index, rule) in source.rule.into_iter().enumerate() {
            if let Some((rule, route)) = Rule::compile(compiler, &blocks, index, rule) {
                rules.push(rule);
                routes.push(route);
            }
        }
        if rules.iter().any(|rule| rule.when.is_some())
            && source.revocation.gateway_cache.is_some_and(|span| span.0 > Duration::ZERO)
        {
            let message = "must be \"0s\" where a rule has a `when`: an answer that API Gateway keeps would let the \
                           caller in from elsewhere, too";
            compiler.error(Field::single("revocation", "gateway_cache"), message);
        }
        let router = Router::new(routes);
        if compiler.mistakes() == 0 {
            // Only then do the router's indices agree with the file's.
            report_shadowed(compiler, &router);
        }
        Self {
            file: String::new(),
            digest: PolicyDigest::default(),
            issuers,
            api_keys: api_keys.into_iter().map(|(_, block)| block).collect(),
            client_certs,
            rules,
            router,
            revocation: revocation::compile(compiler, source.revocation),
            identity_prefix,
            api_key_header,
            max_token_bytes: settings::max_token_bytes(
                compiler,
                source.credentials.max_token_bytes,
            ),
            realm: settings::realm(compiler, source.credentials.realm),
            trust,
            forward_auth: source.forward_auth.map(|forward_auth| forward_auth.proxy),
            admin: source.admin.map(|admin| settings::admin(compiler, admin)),
            sampling: settings::sampling(compiler, source.audit),
            aws: source.aws,
        }
    }
}

/// Names the blocks of each list, for the places of mistakes.
fn label_blocks(compiler: &mut Compiler<'_>, source: &schema::PolicyTables) {
    compiler.label("issuer", source.issuer.iter().map(|block| block.name.clone()).collect());
    compiler.label("api_key", source.api_key.iter().map(|block| block.name.clone()).collect());
    compiler
        .label("client_cert", source.client_cert.iter().map(|block| block.name.clone()).collect());
    let rules = source.rule.iter().map(|rule| rule.name.as_ref().unwrap_or(&rule.path).clone());
    compiler.label("rule", rules.collect());
}

/// Reports each rule that earlier ones always match before.
fn report_shadowed(compiler: &mut Compiler<'_>, router: &Router) {
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
