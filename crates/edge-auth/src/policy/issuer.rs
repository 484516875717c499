//! An issuer of tokens, compiled: whose tokens, checked how, with keys from where.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use edge_auth_token::{Algorithm, Audience, Claims, TokenType, Validation};
use serde_json::Value;
use url::Url;

use super::compile::{Compiler, Field};
use super::preset::Defaults;
use super::public_issuer::PublicIssuer;
use super::reserved_headers::CustomHeaders;
use super::schema;

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
    Secret(String),
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
    pub algorithms: Vec<Algorithm>,
    pub validation: Validation,
    /// The policy asks for no `typ`, and for no claim that would tell access tokens from others.
    pub any_type: bool,
    /// The field of their own that its tokens come by, in lower case; `None` is `Authorization`.
    pub token_header: Option<String>,
    /// Everybody can have its tokens, and the policy does not say whose are accepted.
    pub any_subject: bool,
    /// The first of these that is not empty says who it is.
    pub subject_claims: &'static [&'static str],
    pub scope_claims: Vec<String>,
    pub client_claims: Vec<String>,
    pub claims: Vec<ClaimRule>,
    /// After this long a key set is fetched again, in the background.
    pub refresh: Duration,
    /// After this long without a successful fetch a key set is no longer used.
    pub max_stale: Duration,
}

/// What a claim must be for a token to be this issuer's *access* token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClaimRule {
    Equals { claim: String, value: String },
    True { claim: &'static str },
    AnyPresent { claims: Vec<String> },
}

impl ClaimRule {
    pub(super) fn equals(claim: &str, value: &str) -> Self {
        Self::Equals { claim: claim.to_owned(), value: value.to_owned() }
    }

    pub(super) fn present(claims: &[&str]) -> Self {
        Self::AnyPresent { claims: claims.iter().map(|claim| (*claim).to_owned()).collect() }
    }

    /// Nothing, or what was wanted.
    pub(crate) fn refusal(&self, claims: &Claims) -> Option<String> {
        match self {
            Self::Equals { claim, value } => {
                let same = claims.lookup(claim).and_then(Value::as_str) == Some(value);
                (!same).then(|| format!("claim `{claim}` must be \"{value}\""))
            }
            Self::True { claim } => {
                let holds = claims.lookup(claim) == Some(&Value::Bool(true));
                (!holds).then(|| format!("claim `{claim}` must be true"))
            }
            Self::AnyPresent { claims: names } => {
                let present = names.iter().any(|name| claims.lookup(name).is_some());
                (!present).then(|| format!("claim `{}` is missing", names.join("` or `")))
            }
        }
    }
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

        if source.issuer.is_empty() {
            compiler.error(at("issuer"), "must be the exact `iss` of its tokens");
        }
        let keys = keys(compiler, index, &source);
        let algorithms = algorithms(compiler, index, source.algorithms, keys.as_ref());
        if source.insecure_any_audience && source.audience.is_none() && source.audience_claim.is_some() {
            compiler.error(at("audience_claim"), "contradicts `insecure_any_audience`: keep one of them");
        }
        let audience = match (source.audience, source.insecure_any_audience) {
            (Some(values), false) if values.0.is_empty() || values.0.iter().any(String::is_empty) => {
                compiler.error(at("audience"), "must name at least one audience, none of them empty");
                Audience::Unchecked
            }
            (Some(values), false) => Audience::AnyOf {
                claim: source.audience_claim.unwrap_or_else(|| defaults.audience_claim.to_owned()),
                values: values.0,
            },
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
                compiler.error(at("insecure_any_audience"), "contradicts `audience`: keep one of them");
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
        let max_stale =
            source.max_stale.map_or(DEFAULT_MAX_STALE.max(refresh.saturating_mul(2)), |span| span.0);
        if refresh < Duration::from_secs(10) {
            compiler.error(at("refresh"), "is at least 10 seconds, or the issuer would be flooded");
        }
        if max_stale < refresh {
            compiler.error(at("max_stale"), "is at least as long as `refresh`");
        }

        let token_header = source.token_header.as_deref().or(defaults.token_header);
        let token_header =
            token_header.map(|name| headers.name(compiler, at("token_header"), name, "tokens"));
        let everybodys = PublicIssuer::of(&source.issuer).or(defaults.everybodys);
        pinned(compiler, index, &source.claims, source.insecure_any_subject, everybodys);

        let mut claims = defaults.claims;
        let sworn_by = everybodys.map_or(&[][..], PublicIssuer::sworn_by);
        let sworn = sworn_by.iter().filter(|(claim, _)| source.claims.contains_key(*claim));
        claims.extend(sworn.map(|(_, by)| ClaimRule::True { claim: by }));
        claims.extend(source.claims.iter().map(|(claim, value)| ClaimRule::equals(claim, value)));
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let issuer = Self {
            // What a claim tells apart needs no `typ`.
            any_type: any_type_asked_for && claims.is_empty(),
            place: compiler.place(&at("name")),
            name: source.name,
            keys: keys?,
            keys_line: compiler.line(&at("keys")),
            insecure_http: source.insecure_http_jwks,
            algorithms,
            validation: Validation { issuer: source.issuer, audience, token_type, max_lifetime, clock_skew },
            token_header,
            any_subject: source.insecure_any_subject,
            subject_claims: defaults.subject_claims,
            scope_claims: source.scope_claim.map_or_else(|| owned(defaults.scope_claims), |names| names.0),
            client_claims: source.client_claim.map_or_else(|| owned(defaults.client_claims), |names| names.0),
            claims,
            refresh,
            max_stale,
        };
        (compiler.mistakes() == before).then_some(issuer)
    }

    /// What in this block weakens the gate, by the names of the fields.
    pub(super) fn weaknesses(&self) -> impl Iterator<Item = String> {
        let any_audience = matches!(self.validation.audience, Audience::Unchecked);
        [
            (any_audience, "insecure_any_audience: tokens for any API are accepted"),
            (self.any_type, "token_type = \"any\": ID tokens for the same audience are accepted, too"),
            (self.any_subject, "insecure_any_subject: whoever gets a token of this issuer is accepted"),
            (self.insecure_http, "insecure_http_jwks: keys may be fetched without TLS"),
        ]
        .into_iter()
        .filter(|(on, _)| *on)
        .map(|(_, text)| format!("issuer `{}`: {text}", self.name))
    }
}

/// Demands that the policy says whose tokens it accepts of an issuer that makes them for everybody, for
/// any audience: its signature alone says nothing.
fn pinned(
    compiler: &mut Compiler<'_>,
    index: usize,
    claims: &BTreeMap<String, String>,
    any_subject: bool,
    everybodys: Option<PublicIssuer>,
) {
    let at = |field: &'static str| Field::of("issuer", index, field);
    match everybodys {
        Some(issuer) if !issuer.is_pinned(claims) => {
            if !any_subject {
                let message = format!(
                    "everybody can have this issuer's tokens: say whose are accepted, by `claims` with one of {} \
                     (or, knowing that, set `insecure_any_subject = true`)",
                    issuer.advice()
                );
                compiler.error(at("claims"), &message);
            }
        }
        _ if any_subject => {
            compiler.error(at("insecure_any_subject"), "says nothing here: leave it out");
        }
        _ => {}
    }
}

fn keys(compiler: &mut Compiler<'_>, index: usize, source: &schema::IssuerTable) -> Option<KeyOrigin> {
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
    let discovery = || {
        let metadata = format!("{}/.well-known/openid-configuration", source.issuer.trim_end_matches('/'));
        KeyOrigin::Discovery(metadata)
    };
    let given: Vec<KeyOrigin> = [
        keys.discover.map(|_| discovery()),
        keys.jwks_url.clone().map(KeyOrigin::Url),
        keys.jwks_file.clone().map(KeyOrigin::File),
        keys.jwks.as_ref().map(|set| KeyOrigin::Inline(set.to_string())),
        keys.secret.clone().map(KeyOrigin::Secret),
    ]
    .into_iter()
    .flatten()
    .collect();
    let [origin] = given.as_slice() else {
        compiler.error(at, "must say exactly one of `discover`, `jwks_url`, `jwks_file`, `jwks`, `secret`");
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
    let secret = matches!(keys, Some(KeyOrigin::Secret(_)));
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
