//! Makes tokens as an issuer would, to try a policy without the issuer.

use std::time::Duration;

use edge_auth_token::{Algorithm, Audience, ClaimPath, Timestamp, TokenType};
use serde_json::{Map, Value};

use crate::policy::claim_rule::{ClaimRule, ClaimTest, ClaimValue};
use crate::policy::issuer_identifier::{IssuerIdentifier, TENANT};
use crate::policy::token_place::TokenPlace;
use crate::policy::{Issuer, Policy};

/// The lifetime of a sample, unless its issuer allows less.
const LIFETIME: Duration = Duration::from_secs(300);

/// An unsigned token that an issuer's block accepts once a key of that issuer has signed it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SampleToken {
    /// The algorithms that the block allows.
    pub algorithms: Vec<Algorithm>,
    /// The header's `typ`.
    pub token_type: Option<String>,
    /// The claims. The subject is `sample`, unless it is set to something else.
    pub claims: Map<String, Value>,
    place: TokenPlace,
    subject_claim: Option<ClaimPath>,
    scope_claim: Option<(ClaimPath, bool)>,
}

/// The place in a request for a signed sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SampleField {
    /// Into a header field: its name in lower case, and its value.
    Header(String, String),
    /// Into the query, as the parameter of this name.
    Query(String),
}

impl Policy {
    /// Makes a token of the issuer with this name at `now`. `None` if there is no such issuer.
    pub fn sample_token(&self, issuer: &str, now: Timestamp) -> Option<SampleToken> {
        self.issuers.iter().find(|block| block.name == issuer).map(|block| block.sample(now))
    }
}

impl SampleToken {
    /// Sets the subject.
    pub fn set_subject(&mut self, subject: &str) {
        if let Some(claim) = &self.subject_claim {
            set(&mut self.claims, claim, subject.into());
        }
    }

    /// Sets the scopes. `false` if the block reads none.
    pub fn set_scopes(&mut self, scopes: &[String]) -> bool {
        let Some((claim, split)) = &self.scope_claim else { return false };
        let value = if *split { scopes.join(" ").into() } else { scopes.into() };
        set(&mut self.claims, claim, value);
        true
    }

    /// Returns where the signed token goes in a request.
    pub fn field(&self, token: &str) -> SampleField {
        let header = |value: String| {
            SampleField::Header(self.place.field().unwrap_or_default().to_owned(), value)
        };
        match &self.place {
            TokenPlace::Bearer => header(format!("Bearer {token}")),
            TokenPlace::Raw | TokenPlace::Header(_) => header(token.to_owned()),
            TokenPlace::Cookie(name) => header(format!("{name}={token}")),
            TokenPlace::WebSocketProtocol => header(format!("bearer, {token}")),
            TokenPlace::Query(name) => SampleField::Query(name.clone()),
        }
    }
}

impl Issuer {
    fn sample(&self, now: Timestamp) -> SampleToken {
        let lifetime = self.validation.max_lifetime.map_or(LIFETIME, |limit| limit.min(LIFETIME));
        let mut claims = Map::new();
        let subject = match &self.identifier {
            IssuerIdentifier::Iss { .. } => {
                let tenant =
                    self.identifier.listed_tenants().first().map_or("sample", String::as_str);
                claims.insert(
                    "iss".to_owned(),
                    self.validation.issuer.replace(TENANT, tenant).into(),
                );
                "sample".to_owned()
            }
            IssuerIdentifier::TrustDomain(domain) => format!("spiffe://{domain}/sample"),
        };
        claims.insert("iat".to_owned(), now.seconds().into());
        claims.insert("exp".to_owned(), now.plus(lifetime).seconds().into());
        if let Some(claim) = self.client_claims.first() {
            set(&mut claims, claim, "sample".into());
        }
        for rule in &self.claims {
            match rule {
                ClaimRule::Is { claim, wanted } => set(&mut claims, claim, sample_value(wanted)),
                ClaimRule::AnyPresent { claims: names } => {
                    if let Some(claim) = names.first() {
                        set(&mut claims, claim, "sample".into());
                    }
                }
            }
        }
        // A pin of the subject is what it must be.
        if let Some(claim) = self.subject_claims.first()
            && !claims.contains_key(claim.as_str())
        {
            set(&mut claims, claim, subject.into());
        }
        // After the client's claim: with some issuers that *is* the audience.
        if let Audience::AnyOf { claim, values } = &self.validation.audience {
            let audience = values.first().map_or(Value::Null, |audience| audience.clone().into());
            set(&mut claims, claim, audience);
        }
        let token_type = match &self.validation.token_type {
            TokenType::Exactly(one) => Some(one.clone()),
            TokenType::OneOf(types) | TokenType::OneOfOrNone(types) => types.first().cloned(),
            TokenType::Any => None,
        };
        SampleToken {
            algorithms: self.algorithms.clone(),
            token_type,
            claims,
            place: self.token_place.clone(),
            subject_claim: self.subject_claims.first().cloned(),
            scope_claim: self
                .scope_claims
                .first()
                .map(|scopes| (scopes.claim.clone(), scopes.split)),
        }
    }
}

fn sample_value(wanted: &ClaimTest) -> Value {
    match wanted {
        ClaimTest::OneOf(values) => values.first().map_or(Value::Null, ClaimValue::to_json),
        ClaimTest::ContainsAny(values) => values.iter().take(1).map(ClaimValue::to_json).collect(),
        ClaimTest::ContainsAll(values) => values.iter().map(ClaimValue::to_json).collect(),
    }
}

/// Sets a claim where its path finds it.
fn set(claims: &mut Map<String, Value>, path: &ClaimPath, value: Value) {
    // A plain name is found whole, dots and all.
    if !path.as_str().starts_with('/') {
        claims.insert(path.as_str().to_owned(), value);
        return;
    }
    let steps = path.steps();
    let Some((last, objects)) = steps.split_last() else { return };
    let mut members = claims;
    for step in objects {
        let object = members.entry(*step).or_insert_with(|| Value::Object(Map::new()));
        if !object.is_object() {
            *object = Value::Object(Map::new());
        }
        let Value::Object(inner) = object else { return };
        members = inner;
    }
    members.insert((*last).to_owned(), value);
}
