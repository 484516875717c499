//! From a written `[[rule]]` to one that decides: which credentials open it, with which scopes.

use super::mistakes::{Compiler, Field};
use super::response_age::max_response_age;
use super::rule_tenants::rule_tenants;
use super::schema;
use crate::certificate::CertificateSource;
use crate::policy::claim_rule::ClaimRule;
use crate::policy::rule::{Cors, Rule};
use crate::policy::subject_pattern::SubjectPattern;
use crate::policy::when::When;
use crate::policy::{Access, CredentialRef};
use crate::route::{HostPattern, Methods, PathPattern, Route};
use crate::scopes::ScopeRule;

/// The names of blocks that a rule can refer to.
pub(super) struct BlockNames {
    issuers: Vec<String>,
    /// The issuers that have tenants.
    with_tenants: Vec<String>,
    api_keys: Vec<String>,
    client_certs: Vec<(String, CertificateSource)>,
}

impl BlockNames {
    pub(super) fn of(source: &schema::PolicyTables) -> Self {
        let with_tenants = source
            .issuer
            .iter()
            .filter(|block| block.tenants.is_some() || block.insecure_any_tenant);
        Self {
            with_tenants: with_tenants.map(|block| block.name.clone()).collect(),
            issuers: source.issuer.iter().map(|block| block.name.clone()).collect(),
            api_keys: source.api_key.iter().map(|block| block.name.clone()).collect(),
            client_certs: source
                .client_cert
                .iter()
                .map(|block| (block.name.clone(), block.source))
                .collect(),
        }
    }

    /// Returns the block that a rule writes as `jwt:NAME`, `key:NAME` or `cert:NAME`.
    fn find(&self, name: &str) -> Result<CredentialRef, String> {
        let found = match name.split_once(':') {
            Some(("jwt", block)) => {
                self.issuers.iter().position(|issuer| issuer == block).map(CredentialRef::Jwt)
            }
            Some(("key", block)) => {
                self.api_keys.iter().position(|key| key == block).map(CredentialRef::Key)
            }
            Some(("cert", block)) => self
                .client_certs
                .iter()
                .position(|(cert, _)| cert == block)
                .map(CredentialRef::Cert),
            None if name == "public" => {
                return Err(
                    "`public` is not a credential: write `public = true` instead of `require`"
                        .to_owned(),
                );
            }
            Some(_) | None => {
                return Err(format!("`{name}`: write \"jwt:NAME\", \"key:NAME\" or \"cert:NAME\""));
            }
        };
        found.ok_or_else(|| format!("`{name}`: the policy has no block of that name"))
    }

    /// Whether a credential is a certificate that comes by this source.
    fn is_by(&self, one: &CredentialRef, source: CertificateSource) -> bool {
        match one {
            CredentialRef::Cert(index) => {
                self.client_certs.get(*index).is_some_and(|(_, own)| *own == source)
            }
            CredentialRef::Jwt(_) | CredentialRef::Key(_) => false,
        }
    }
}

impl Rule {
    pub(super) fn compile(
        compiler: &mut Compiler<'_>,
        blocks: &BlockNames,
        index: usize,
        source: schema::RuleTable,
    ) -> Option<(Self, Route)> {
        let at = |field: &'static str| Field::of("rule", index, field);
        let before = compiler.mistakes();
        if let Some(name) = &source.name {
            compiler.name(at("name"), name);
        }
        let host = match &source.host {
            Some(host) => compiler.accept(at("host"), HostPattern::parse(host)),
            None => None,
        };
        let path = compiler.accept(at("path"), PathPattern::parse(&source.path));
        let methods = match &source.methods {
            Some(list) => compiler.accept(at("methods"), Methods::listed(list)),
            None => Some(Methods::all()),
        };
        let access = access(compiler, blocks, index, &source);
        let scopes = match &source.scopes {
            Some(wanted) => self::scopes(compiler, at("scopes"), wanted.clone()),
            None => ScopeRule::default(),
        };
        if source.public && !scopes.is_empty() {
            compiler.error(
                at("scopes"),
                "a public rule asks for no credential, so no caller has scopes: leave `scopes` out",
            );
        }
        let (claims, subjects) = conditions(compiler, blocks, index, &source, access.as_ref());
        let tenants = match &source.tenants {
            Some(tenants) => Some(rule_tenants(compiler, at("tenants"), source.public, tenants)),
            None => None,
        };
        let when = source.when.as_ref().map(|when| When::compile(compiler, &at("when"), when));
        let names_jwt =
            access.iter().flat_map(Access::named).any(|one| matches!(one, CredentialRef::Jwt(_)));
        if source.certificate_bound && access.is_some() && !names_jwt {
            compiler.error(
                at("certificate_bound"),
                "is about tokens, and the rule names no \"jwt:NAME\"",
            );
        }
        if source.certificate_bound && blocks.client_certs.is_empty() {
            let message = "needs a `[[client_cert]]`, which says where certificates come from";
            compiler.error(at("certificate_bound"), message);
        }
        let max_response_age =
            max_response_age(compiler, at("max_response_age"), source.max_response_age);
        let cors = source.cors.map(|cors| self::cors(compiler, index, cors));
        if compiler.mistakes() > before {
            return None;
        }
        let rule = Self {
            name: source.name.unwrap_or_else(|| format!("{} {}", index + 1, source.path)),
            access: access?,
            scopes,
            claims,
            subjects,
            tenants,
            when,
            upgrade: source.upgrade,
            max_response_age,
            forward_credential: source.forward_credential,
            certificate_bound: source.certificate_bound,
            insecure_allow_stale_revocation: source.insecure_allow_stale_revocation,
            cors,
        };
        Some((rule, Route { host, path: path?, methods: methods? }))
    }
}

fn access(
    compiler: &mut Compiler<'_>,
    blocks: &BlockNames,
    index: usize,
    source: &schema::RuleTable,
) -> Option<Access> {
    let at = Field::of("rule", index, "require");
    match (source.public, &source.require) {
        (true, None) => Some(Access::Public),
        (true, Some(_)) => {
            compiler.error(at, "contradicts `public = true`: keep one of them");
            None
        }
        (false, None) => {
            compiler.error(at, "is missing: name a credential, or say `public = true`");
            None
        }
        (false, Some(require)) => {
            let (all, names) = match require {
                schema::Require::Any(names) => (false, names),
                schema::Require::All(names) => (true, names),
            };
            let named = named(compiler, blocks, &at, names, all)?;
            Some(if all { Access::All(named) } else { Access::Any(named) })
        }
    }
}

fn named(
    compiler: &mut Compiler<'_>,
    blocks: &BlockNames,
    at: &Field,
    names: &[String],
    all: bool,
) -> Option<Vec<CredentialRef>> {
    if names.is_empty() {
        compiler.error(
            at.clone(),
            "names no credential, so that nobody could pass: name one, or say `public = true`",
        );
        return None;
    }
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let named = compiler.accept(at.clone(), blocks.find(name))?;
        if found.contains(&named) {
            compiler.error(at.clone(), &format!("`{name}` is named twice"));
            return None;
        }
        found.push(named);
    }
    one_of_a_kind(compiler, blocks, at, &found, all)?;
    Some(found)
}

/// Rejects `all` of two credentials of a kind, which no request could carry, and two sources of
/// certificates that read the same field.
fn one_of_a_kind(
    compiler: &mut Compiler<'_>,
    blocks: &BlockNames,
    at: &Field,
    named: &[CredentialRef],
    all: bool,
) -> Option<()> {
    let jwts = named.iter().filter(|one| matches!(one, CredentialRef::Jwt(_))).count();
    let keys = named.iter().filter(|one| matches!(one, CredentialRef::Key(_))).count();
    let certs = named.len() - jwts - keys;
    if all && (jwts > 1 || keys > 1 || certs > 1) {
        compiler.error(
            at.clone(),
            "`all` of two of a kind can never be met: a request carries one of each",
        );
        return None;
    }
    let is_by = |source| named.iter().any(|one| blocks.is_by(one, source));
    if is_by(CertificateSource::Rfc9440) && is_by(CertificateSource::CloudflareHeaders) {
        let message = "names certificates by `rfc9440` and by `cloudflare-headers`, which both read `Client-Cert`";
        compiler.error(at.clone(), message);
        return None;
    }
    Some(())
}

/// Compiles `claims` and `subjects`. A condition that does not apply to every credential of the
/// rule would let in callers that it should not, and one that nobody can meet would let in none:
/// both are mistakes.
fn conditions(
    compiler: &mut Compiler<'_>,
    blocks: &BlockNames,
    index: usize,
    source: &schema::RuleTable,
    access: Option<&Access>,
) -> (Vec<ClaimRule>, Option<Vec<SubjectPattern>>) {
    let at = |field: &'static str| Field::of("rule", index, field);
    let claims = ClaimRule::compile(compiler, &at("claims"), &source.claims);
    let Some(access) = access else { return (claims, None) };
    let is_token = |one: &CredentialRef| matches!(one, CredentialRef::Jwt(_));
    let tokens_say = match access {
        Access::Public => false,
        Access::Any(named) => named.iter().all(is_token),
        Access::All(named) => named.iter().any(is_token),
    };
    if !claims.is_empty() && !tokens_say {
        let message = "are about tokens, and this rule lets in callers without one: give keys and certificates a \
                       separate rule";
        compiler.error(at("claims"), message);
    }
    let Some(patterns) = &source.subjects else { return (claims, None) };
    let principals = match &source.require {
        None => {
            compiler.error(
                at("subjects"),
                "are about callers, and a public rule asks for no credential: leave `subjects` out",
            );
            return (claims, None);
        }
        Some(schema::Require::Any(names)) => names.as_slice(),
        // The first is the principal.
        Some(schema::Require::All(names)) => names.get(..1).unwrap_or_default(),
    };
    let principals: Vec<&str> = principals.iter().map(String::as_str).collect();
    let subjects = SubjectPattern::compile(
        compiler,
        &at("subjects"),
        patterns,
        &principals,
        &blocks.with_tenants,
    );
    (claims, Some(subjects))
}

fn scopes(compiler: &mut Compiler<'_>, at: Field, wanted: schema::ScopesTable) -> ScopeRule {
    let lists = [&wanted.all_of, &wanted.any_of];
    if lists.iter().all(|list| list.is_none()) || lists.into_iter().flatten().any(Vec::is_empty) {
        // An empty list must not count as "no scope needed", which would let everybody in.
        compiler.error(at.clone(), "names no scope: name one, or leave it out");
    }
    let scopes = ScopeRule {
        all_of: wanted.all_of.unwrap_or_default(),
        any_of: wanted.any_of.unwrap_or_default(),
    };
    for scope in scopes.all_of.iter().chain(&scopes.any_of) {
        if let Err(reason) = crate::scopes::valid_in_rule(scope) {
            compiler.error(at.clone(), &reason);
        }
    }
    scopes
}

fn cors(compiler: &mut Compiler<'_>, index: usize, source: schema::CorsTable) -> Cors {
    let at = Field::of("rule", index, "cors");
    if source.origins.is_empty() || !source.origins.iter().all(|origin| is_origin(origin)) {
        compiler.error(
            at.clone(),
            "`origins` lists origins as browsers send them: \"https://app.example.com\"",
        );
    }
    if !source.headers.iter().all(|name| crate::request::is_token(name)) {
        compiler.error(at.clone(), "`headers` lists header names");
    }
    // With credentials `*` is a name; without, it stands for all names (Fetch standard).
    if !source.expose.iter().all(|name| crate::request::is_token(name) && name != "*") {
        compiler.error(at, "`expose` lists header names, without `*`");
    }
    let schema::CorsTable { origins, headers, expose, credentials, max_age } = source;
    Cors { origins, headers, expose, credentials, max_age: max_age.map(|span| span.0) }
}

/// Whether a text is an origin as browsers send it (RFC 6454, section 6.2).
fn is_origin(text: &str) -> bool {
    match url::Url::parse(text) {
        Ok(url) => !text.contains('*') && url.origin().ascii_serialization() == text,
        Err(_) => false,
    }
}
