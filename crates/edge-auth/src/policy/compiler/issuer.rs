//! From a written `[[issuer]]` to one that tokens are checked with.

use std::collections::BTreeMap;
use std::time::Duration;

use edge_auth_token::{Audience, ClaimPath, TokenType, Validation};

use super::issuer_keys::{algorithms, keys};
use super::mistakes::{Compiler, Field};
use super::preset::{Defaults, Preset};
use super::public_issuer::{PublicIssuer, named};
use super::reserved_headers::CustomHeaders;
use super::schema;
use crate::policy::claim_rule::{ClaimRule, ClaimTest};
use crate::policy::fetch_files::FetchFiles;
use crate::policy::issuer::{Issuer, KeyOrigin};
use crate::policy::issuer_identifier::{IssuerIdentifier, TENANT};
use crate::policy::scope_claim::ScopeClaim;
use crate::policy::token_place::TokenPlace;

const DEFAULT_CLOCK_SKEW: Duration = Duration::from_secs(30);
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(300);
const DEFAULT_REFRESH: Duration = Duration::from_secs(5 * 60);
const DEFAULT_MAX_STALE: Duration = Duration::from_secs(4 * 60 * 60);

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
        if let (Some(identifier), Some(keys)) = (&identifier, &keys) {
            check_tenants_have_keys(compiler, index, identifier, keys);
        }
        let fetch_files = FetchFiles::compile(compiler, index, &source, keys.as_ref());
        let algorithms = algorithms(compiler, index, source.algorithms.clone(), keys.as_ref());
        let audience = audience(compiler, index, &source, defaults.audience_claim);
        let any_type_asked_for = source.token_type.is_some();
        let token_type = token_type(compiler, index, source.token_type, defaults.token_type);
        let any_type_asked_for = any_type_asked_for && token_type == TokenType::Any;
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
        let mixes_subjects = source.subject_claim.as_ref().is_some_and(|claims| claims.0.len() > 1);
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
                "must name a claim: a token without a subject has no principal",
            );
        }
        let issuer = source.issuer.unwrap_or_else(|| {
            let domain = source.trust_domain.as_deref().unwrap_or_default();
            format!("spiffe://{domain}")
        });
        let issuer = Self {
            // What a claim tells apart needs no `typ`.
            any_type: any_type_asked_for && claims.is_empty(),
            place: String::new(),
            line: compiler.line(&at("name")),
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
            mixes_subjects,
            scope_claims,
            client_claims,
            claims,
            refresh,
            max_stale,
        };
        (compiler.mistakes() == before).then_some(issuer)
    }
}

/// Reports keys that are of one tenant each where the tenants are not known.
fn check_tenants_have_keys(
    compiler: &mut Compiler<'_>,
    index: usize,
    identifier: &IssuerIdentifier,
    keys: &KeyOrigin,
) {
    if !keys.is_per_tenant() {
        return;
    }
    let at = Field::of("issuer", index, "keys");
    if identifier.takes_any_tenant() {
        let message = "are of one tenant each, and any tenant may come: name keys that are common to all, \
                       as in { jwks_url = \"https://login.microsoftonline.com/common/discovery/v2.0/keys\" }";
        compiler.error(at, message);
    } else if identifier.listed_tenants().is_empty() {
        compiler.error(at, "have `{tenant}` in them, and the issuer lists no `tenants`");
    }
}

/// Compiles `audience`, `audience_claim` and `insecure_any_audience`.
fn audience(
    compiler: &mut Compiler<'_>,
    index: usize,
    source: &schema::IssuerTable,
    default_claim: &str,
) -> Audience {
    let at = |field: &'static str| Field::of("issuer", index, field);
    let Some(schema::OneOrMany(values)) = &source.audience else {
        if !source.insecure_any_audience {
            let message = "is missing: tokens for other APIs would be accepted. Name this API's audience \
                           (or, knowing that, set `insecure_any_audience = true`)";
            compiler.error(at("audience"), message);
        } else if source.audience_claim.is_some() {
            let message = "contradicts `insecure_any_audience`: keep one of them";
            compiler.error(at("audience_claim"), message);
        }
        return Audience::Unchecked;
    };
    if source.insecure_any_audience {
        let message = "contradicts `audience`: keep one of them";
        compiler.error(at("insecure_any_audience"), message);
        return Audience::Unchecked;
    }
    if values.is_empty() || values.iter().any(String::is_empty) {
        compiler.error(at("audience"), "must name at least one audience, none of them empty");
        return Audience::Unchecked;
    }
    let claim = source.audience_claim.as_deref().unwrap_or(default_claim);
    match claim_path(compiler, &at("audience_claim"), claim) {
        Some(claim) => Audience::AnyOf { claim, values: values.clone() },
        None => Audience::Unchecked,
    }
}

/// Compiles `token_type`.
fn token_type(
    compiler: &mut Compiler<'_>,
    index: usize,
    source: Option<schema::OneOrMany>,
    default: TokenType,
) -> TokenType {
    let Some(schema::OneOrMany(types)) = source else { return default };
    let at = Field::of("issuer", index, "token_type");
    let mistake = if types.is_empty() || types.iter().any(String::is_empty) {
        "must name a type, or be \"any\""
    } else if types.len() > 1 && types.iter().any(|one| one == "any") {
        "\"any\" stands alone"
    } else if types.iter().any(|one| TokenType::is_other_kind(one)) {
        "names a type that is never an access token"
    } else {
        return match types.as_slice() {
            [any] if any == "any" => TokenType::Any,
            [one] => TokenType::Exactly(one.clone()),
            _ => TokenType::OneOf(types),
        };
    };
    compiler.error(at, mistake);
    TokenType::Any
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
    let parsed = ClaimPath::parse(name).map_err(|error| format!("`{name}` {error}"));
    compiler.accept(at.clone(), parsed)
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
