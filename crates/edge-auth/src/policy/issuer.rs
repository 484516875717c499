//! An issuer of tokens, compiled: whose tokens, checked how, with keys from where.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use edge_auth_token::{Algorithm, Audience, ClaimPath, Claims, TokenType, Validation};
use url::Url;

use super::claim_rule::{ClaimRule, ClaimTest, ClaimValue, is_github_subject_without_ids};
use super::compile::{Compiler, Field};
use super::fetch_files::FetchFiles;
use super::issuer_identifier::{IssuerIdentifier, TENANT};
use super::preset::{Defaults, Preset};
use super::public_issuer::{PublicIssuer, named};
use super::reserved_headers::CustomHeaders;
use super::schema::{self, SecretEncoding};
use super::scope_claim::ScopeClaim;
use super::token_place::TokenPlace;

const DEFAULT_CLOCK_SKEW: Duration = Duration::from_secs(30);
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(300);
const DEFAULT_REFRESH: Duration = Duration::from_secs(5 * 60);
const DEFAULT_MAX_STALE: Duration = Duration::from_secs(4 * 60 * 60);

/// Where an issuer's keys come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyOrigin {
    /// OpenID Connect discovery: metadata at this URL names the key set's.
    Discovery(String),
    /// A JWK set at this URL.
    Url(String),
    /// A JWK set in a file beside the policy.
    File(PathBuf),
    /// A JWK set in the policy itself, as JSON text.
    Inline(String),
    /// A shared secret (HMAC), by its name on the host.
    Secret {
        /// The secret's name.
        name: String,
        /// How it is written there.
        encoding: SecretEncoding,
    },
}

impl KeyOrigin {
    /// Returns the origin of one tenant's keys.
    pub(crate) fn of_tenant(&self, tenant: &str) -> Self {
        match self {
            Self::Discovery(url) => Self::Discovery(url.replace(TENANT, tenant)),
            Self::Url(url) => Self::Url(url.replace(TENANT, tenant)),
            Self::File(_) | Self::Inline(_) | Self::Secret { .. } => self.clone(),
        }
    }

    /// Whether each tenant has keys of its own.
    pub(crate) fn is_per_tenant(&self) -> bool {
        match self {
            Self::Discovery(url) | Self::Url(url) => url.contains(TENANT),
            Self::File(_) | Self::Inline(_) | Self::Secret { .. } => false,
        }
    }
}

/// One `[[issuer]]`, ready to check tokens with.
#[derive(Debug, Clone)]
pub(crate) struct Issuer {
    pub name: String,
    /// `policy.toml:12`, for refusals that an operator must act on.
    pub place: String,
    pub keys: KeyOrigin,
    /// Where the policy says whence the keys come.
    pub keys_line: Option<usize>,
    /// Plain HTTP is allowed for fetched keys beyond loopback.
    pub insecure_http: bool,
    pub fetch_files: FetchFiles,
    pub algorithms: Vec<Algorithm>,
    /// Whose tokens these are; `expected.issuer` is how the policy writes it.
    pub identifier: IssuerIdentifier,
    pub validation: Validation,
    /// The keys are those of a SPIFFE trust domain.
    pub spiffe: bool,
    /// The policy asks for no `typ`, and for no claim that would tell access tokens from others.
    pub any_type: bool,
    /// Where its tokens stand.
    pub token_place: TokenPlace,
    /// Everybody can have its tokens, and the policy does not say whose are accepted.
    pub any_subject: bool,
    /// The first of these that is not empty says who it is.
    pub subject_claims: Vec<ClaimPath>,
    pub scope_claims: Vec<ScopeClaim>,
    pub client_claims: Vec<ClaimPath>,
    pub claims: Vec<ClaimRule>,
    /// After this long a key set is fetched again, in the background.
    pub refresh: Duration,
    /// After this long without a successful fetch a key set is no longer used.
    pub max_stale: Duration,
}

impl Issuer {
    /// Compiles one block; every mistake is reported to `compiler`.
    pub(super) fn compile(
        compiler: &mut Compiler<'_>,
        headers: &mut CustomHeaders,
        index: usize,
        source: schema::IssuerTable,
    ) -> Option<Self> {
        let at = |field: &'static str| Field::of("issuer", index, field);
        let before = compiler.mistakes();
        compiler.name(at("name"), &source.name);
        let defaults = Defaults::of(source.preset);

        let identifier = IssuerIdentifier::compile(compiler, index, &source);
        let token_place =
            TokenPlace::compile(compiler, headers, index, &source, defaults.token_header);
        let keys = keys(compiler, index, &source);
        if let (Some(identifier), Some(keys)) = (&identifier, &keys)
            && keys.is_per_tenant()
        {
            if identifier.takes_any_tenant() {
                let message = "are of one tenant each, and any tenant may come: name keys that are common to all, \
                               as in { jwks_url = \"https://login.microsoftonline.com/common/discovery/v2.0/keys\" }";
                compiler.error(at("keys"), message);
            } else if identifier.listed_tenants().is_empty() {
                compiler.error(
                    at("keys"),
                    "have `{tenant}` in them, and the issuer lists no `tenants`",
                );
            }
        }
        let fetch_files = FetchFiles::compile(compiler, index, &source, keys.as_ref());
        let algorithms = algorithms(compiler, index, source.algorithms, keys.as_ref());
        if source.insecure_any_audience
            && source.audience.is_none()
            && source.audience_claim.is_some()
        {
            compiler.error(
                at("audience_claim"),
                "contradicts `insecure_any_audience`: keep one of them",
            );
        }
        let audience = match (source.audience, source.insecure_any_audience) {
            (Some(values), false)
                if values.0.is_empty() || values.0.iter().any(String::is_empty) =>
            {
                compiler
                    .error(at("audience"), "must name at least one audience, none of them empty");
                Audience::Unchecked
            }
            (Some(values), false) => {
                let claim = source.audience_claim.as_deref().unwrap_or(defaults.audience_claim);
                match claim_path(compiler, &at("audience_claim"), claim) {
                    Some(claim) => Audience::AnyOf { claim, values: values.0 },
                    None => Audience::Unchecked,
                }
            }
            (None, true) => Audience::Unchecked,
            (None, false) => {
                compiler.error(
                    at("audience"),
                    "is missing: tokens for other APIs would be accepted. Name this API's audience \
                     (or, knowing that, set `insecure_any_audience = true`)",
                );
                Audience::Unchecked
            }
            (Some(_), true) => {
                compiler
                    .error(at("insecure_any_audience"), "contradicts `audience`: keep one of them");
                Audience::Unchecked
            }
        };
        let asked_type = source.token_type.is_some();
        let token_type = match source.token_type {
            None => defaults.token_type,
            Some(types) => match types.0.as_slice() {
                [] => {
                    compiler.error(at("token_type"), "must name a type, or be \"any\"");
                    TokenType::Any
                }
                [any] if any == "any" => TokenType::Any,
                several if several.iter().any(|one| one == "any") => {
                    compiler.error(at("token_type"), "\"any\" stands alone");
                    TokenType::Any
                }
                several if several.iter().any(String::is_empty) => {
                    compiler.error(at("token_type"), "must name a type, or be \"any\"");
                    TokenType::Any
                }
                several if several.iter().any(|one| TokenType::is_other_kind(one)) => {
                    compiler.error(at("token_type"), "names a type that is never an access token");
                    TokenType::Any
                }
                [one] => TokenType::Exactly(one.clone()),
                _ => TokenType::OneOf(types.0),
            },
        };
        let any_type_asked_for = asked_type && token_type == TokenType::Any;
        let clock_skew = source.clock_skew.map_or(DEFAULT_CLOCK_SKEW, |span| span.0);
        if clock_skew > MAX_CLOCK_SKEW {
            compiler.error(at("clock_skew"), "is at most 5 minutes: set the clocks instead");
        }
        let max_lifetime = source.max_lifetime.map(|span| span.0);
        if max_lifetime == Some(Duration::ZERO) {
            compiler.error(at("max_lifetime"), "must be longer than nothing");
        }
        let refresh = source.refresh.map_or(DEFAULT_REFRESH, |span| span.0);
        let max_stale = source
            .max_stale
            .map_or(DEFAULT_MAX_STALE.max(refresh.saturating_mul(2)), |span| span.0);
        if refresh < Duration::from_secs(10) {
            compiler.error(at("refresh"), "is at least 10 seconds, or the issuer would be flooded");
        }
        if max_stale < refresh {
            compiler.error(at("max_stale"), "is at least as long as `refresh`");
        }

        let everybodys =
            everybodys(source.issuer.as_deref(), identifier.as_ref()).or(defaults.everybodys);
        pinned(compiler, index, &source.claims, source.insecure_any_subject, everybodys);

        let mut claims = defaults.claims;
        let sworn_by = everybodys.map_or(&[][..], PublicIssuer::sworn_by);
        let names = |claim: &str| named(&source.claims, claim).next().is_some();
        let sworn = sworn_by.iter().filter(|(claim, _)| names(claim));
        claims.extend(sworn.map(|(_, by)| ClaimRule::is_true(by)));
        claims.extend(ClaimRule::compile(compiler, &at("claims"), &source.claims));
        let scope_claims = match source.scope_claim {
            Some(names) => ScopeClaim::compile(compiler, &at("scope_claim"), names.0),
            None => defaults.scope_claims.iter().map(|name| ScopeClaim::name(name)).collect(),
        };
        let client_claims =
            claim_paths(compiler, &at("client_claim"), source.client_claim, defaults.client_claims);
        let subject_claims = claim_paths(
            compiler,
            &at("subject_claim"),
            source.subject_claim,
            defaults.subject_claims,
        );
        if subject_claims.is_empty() {
            compiler.error(
                at("subject_claim"),
                "must name a claim: a token without a subject is nobody's",
            );
        }
        let issuer = source.issuer.unwrap_or_else(|| {
            let domain = source.trust_domain.as_deref().unwrap_or_default();
            format!("spiffe://{domain}")
        });
        let issuer = Self {
            // What a claim tells apart needs no `typ`.
            any_type: any_type_asked_for && claims.is_empty(),
            place: compiler.place(&at("name")),
            name: source.name,
            identifier: identifier?,
            spiffe: source.preset == Some(Preset::Spiffe),
            keys: keys?,
            keys_line: compiler.line(&at("keys")),
            insecure_http: source.insecure_http_jwks,
            fetch_files,
            algorithms,
            validation: Validation { issuer, audience, token_type, max_lifetime, clock_skew },
            token_place,
            any_subject: source.insecure_any_subject,
            subject_claims,
            scope_claims,
            client_claims,
            claims,
            refresh,
            max_stale,
        };
        (compiler.mistakes() == before).then_some(issuer)
    }

    /// Whether a token of this issuer is for this block: its type, its audience and its claims fit.
    pub(crate) fn expects(&self, token_type: Option<&str>, claims: &Claims) -> bool {
        self.validation.check_kind(token_type, claims).is_ok()
            && self.claims.iter().all(|rule| rule.refusal(claims).is_none())
    }

    /// Returns what an operator should change in this block, though the gate is right without it.
    pub(super) fn advice(&self) -> impl Iterator<Item = String> {
        let is_github =
            PublicIssuer::of(&self.validation.issuer) == Some(PublicIssuer::GithubActions);
        let pins = self.claims.iter().filter_map(|rule| match rule {
            ClaimRule::Is { claim, wanted } if claim.steps() == ["sub"] => Some(wanted.values()),
            ClaimRule::Is { .. } | ClaimRule::AnyPresent { .. } => None,
        });
        let old = pins.filter(move |_| is_github).flatten().filter_map(|value| match value {
            ClaimValue::Text(text) if is_github_subject_without_ids(text) => Some(text),
            ClaimValue::Text(_) | ClaimValue::Boolean(_) | ClaimValue::Integer(_) => None,
        });
        old.map(|pin| {
            format!(
                "issuer `{}`: `sub` is pinned as \"{pin}\", without ids. Repositories made or renamed since July \
                 2026 have immutable ids in their subjects (`repo:octo@1/app@2:…`), and their tokens are refused: \
                 pin that form, too, or `repository_id`",
                self.name
            )
        })
    }

    /// What in this block weakens the gate, by the names of the fields.
    pub(super) fn weaknesses(&self) -> impl Iterator<Item = String> {
        let any_audience = matches!(self.validation.audience, Audience::Unchecked);
        [
            (any_audience, "insecure_any_audience: tokens for any API are accepted"),
            (self.any_type, "token_type = \"any\": ID tokens for the same audience are accepted, too"),
            (self.any_subject, "insecure_any_subject: whoever gets a token of this issuer is accepted"),
            (self.insecure_http, "insecure_http_jwks: keys may be fetched without TLS"),
            (
                self.identifier.takes_any_tenant(),
                "insecure_any_tenant: tokens of every tenant of this issuer are accepted",
            ),
            (
                matches!(self.token_place, TokenPlace::Query(_)),
                "insecure_token_query: tokens stand in URLs, which browsers, proxies and servers log",
            ),
        ]
        .into_iter()
        .filter(|(on, _)| *on)
        .map(|(_, text)| format!("issuer `{}`: {text}", self.name))
    }
}

/// Demands that the policy says whose tokens it accepts of an issuer that makes them for everybody,
/// for any audience: its signature alone says nothing.
fn pinned(
    compiler: &mut Compiler<'_>,
    index: usize,
    claims: &BTreeMap<String, ClaimTest>,
    any_subject: bool,
    everybodys: Option<PublicIssuer>,
) {
    let at = |field: &'static str| Field::of("issuer", index, field);
    let unpinned = everybodys.filter(|issuer| !issuer.is_pinned(claims));
    match (unpinned, any_subject) {
        (Some(issuer), false) => {
            let message = format!(
                "everybody can have this issuer's tokens: say whose are accepted, by `claims` with one of {} \
                 (or, knowing that, set `insecure_any_subject = true`)",
                issuer.advice()
            );
            compiler.error(at("claims"), &message);
        }
        (None, true) => {
            compiler.error(at("insecure_any_subject"), "says nothing here: leave it out")
        }
        (Some(_), true) | (None, false) => {}
    }
}

/// The issuer of everybody's tokens that this one is: by the policy's `issuer`, or by one of its
/// tenants.
fn everybodys(issuer: Option<&str>, identifier: Option<&IssuerIdentifier>) -> Option<PublicIssuer> {
    let issuer = issuer?;
    let tenants = identifier.map_or(&[][..], IssuerIdentifier::listed_tenants);
    let by_tenant =
        || tenants.iter().find_map(|tenant| PublicIssuer::of(&issuer.replace(TENANT, tenant)));
    PublicIssuer::of(issuer).or_else(by_tenant)
}

fn claim_path(compiler: &mut Compiler<'_>, at: &Field, name: &str) -> Option<ClaimPath> {
    ClaimPath::parse(name)
        .map_err(|error| compiler.error(at.clone(), &format!("`{name}` {error}")))
        .ok()
}

fn claim_paths(
    compiler: &mut Compiler<'_>,
    at: &Field,
    names: Option<schema::OneOrMany>,
    defaults: &[&str],
) -> Vec<ClaimPath> {
    match names {
        Some(names) => names.0.iter().filter_map(|name| claim_path(compiler, at, name)).collect(),
        None => defaults.iter().map(|name| ClaimPath::name(name)).collect(),
    }
}

fn keys(
    compiler: &mut Compiler<'_>,
    index: usize,
    source: &schema::IssuerTable,
) -> Option<KeyOrigin> {
    let at = Field::of("issuer", index, "keys");
    let Some(keys) = &source.keys else {
        compiler.error(
            at,
            "is missing: say { discover = true }, { jwks_url = … }, { jwks_file = … }, { jwks = … } \
             or { secret = NAME }",
        );
        return None;
    };
    if keys.discover == Some(false) {
        compiler.error(at, "`discover` can only be true: leave it out otherwise");
        return None;
    }
    if keys.discover.is_some() && source.issuer.is_none() {
        let message = "cannot be discovered without an `issuer`: name the key set, as in { jwks_url = \"…\" }";
        compiler.error(at, message);
        return None;
    }
    if keys.encoding.is_some() && keys.secret.is_none() {
        compiler.error(at, "`encoding` is how a `secret` is written, and there is none");
        return None;
    }
    let discovery = || {
        let issuer = source.issuer.as_deref().unwrap_or_default();
        KeyOrigin::Discovery(format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        ))
    };
    let secret = |name| KeyOrigin::Secret { name, encoding: keys.encoding.unwrap_or_default() };
    let given: Vec<KeyOrigin> = [
        keys.discover.map(|_| discovery()),
        keys.jwks_url.clone().map(KeyOrigin::Url),
        keys.jwks_file.clone().map(KeyOrigin::File),
        keys.jwks.as_ref().map(|set| KeyOrigin::Inline(set.to_string())),
        keys.secret.clone().map(secret),
    ]
    .into_iter()
    .flatten()
    .collect();
    let [origin] = given.as_slice() else {
        compiler.error(
            at,
            "must say exactly one of `discover`, `jwks_url`, `jwks_file`, `jwks`, `secret`",
        );
        return None;
    };
    if let KeyOrigin::Discovery(url) | KeyOrigin::Url(url) = origin
        && let Err(reason) = fetchable(url, source.insecure_http_jwks)
    {
        compiler.error(at, &reason);
        return None;
    }
    Some(origin.clone())
}

fn algorithms(
    compiler: &mut Compiler<'_>,
    index: usize,
    given: Option<Vec<Algorithm>>,
    keys: Option<&KeyOrigin>,
) -> Vec<Algorithm> {
    let at = Field::of("issuer", index, "algorithms");
    let secret = matches!(keys, Some(KeyOrigin::Secret { .. }));
    let algorithms = given.unwrap_or_else(|| match secret {
        true => vec![Algorithm::Hs256],
        false => Algorithm::ASYMMETRIC.to_vec(),
    });
    if algorithms.is_empty() {
        compiler.error(at, "must name at least one algorithm");
    } else if secret && !algorithms.iter().all(|algorithm| algorithm.is_symmetric()) {
        compiler.error(at, "a shared secret goes with HS256, HS384 and HS512 only");
    } else if !secret && algorithms.iter().any(|algorithm| algorithm.is_symmetric()) {
        compiler.error(
            at,
            "HS256, HS384 and HS512 need `keys = { secret = NAME }`: a published key must never be \
             taken for a shared secret",
        );
    }
    algorithms
}

/// Whether keys may be fetched from `url`: https, or http to this machine, or http where the
/// policy says so.
pub(crate) fn fetchable(url: &str, insecure_http: bool) -> Result<(), String> {
    let parsed = Url::parse(url).map_err(|error| format!("`{url}` is no URL: {error}"))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("a URL with a user name or password is not fetched".to_owned());
    }
    let loopback = match parsed.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match parsed.scheme() {
        "https" => Ok(()),
        "http" if loopback || insecure_http => Ok(()),
        "http" => Err(format!(
            "`{url}` would be fetched without TLS: use https (or, knowing that, set \
             `insecure_http_jwks = true`)"
        )),
        other => Err(format!("`{other}:` is not fetched: use https")),
    }
}
