//! Tokens as an issuer would make them, for trying a policy without the issuer.

use std::time::Duration;

use edge_auth_token::{Algorithm, Audience, Timestamp, TokenType};
use serde_json::{Map, Value};

use super::issuer::ClaimRule;
use super::{Issuer, Policy};

/// How long a sample is good, unless its issuer allows less.
const LIFETIME: Duration = Duration::from_secs(300);

/// What an issuer's block wants a token to say. Signed with a key of that issuer, it is accepted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SampleToken {
    /// The algorithms that the block allows.
    pub algorithms: Vec<Algorithm>,
    /// The field that it comes by, in lower case. In `authorization` it follows the scheme `Bearer`; in
    /// another it stands alone.
    pub field: String,
    /// The header's `typ`.
    pub token_type: Option<String>,
    /// The claims. `sub` is `sample`, unless it is set to something else.
    pub claims: Map<String, Value>,
    /// The claim that carries the scopes; `None` if the block reads none.
    pub scope_claim: Option<String>,
}

impl Policy {
    /// A token of the issuer with this name, made at `now`. `None` if there is no such issuer.
    pub fn sample_token(&self, issuer: &str, now: Timestamp) -> Option<SampleToken> {
        self.issuers.iter().find(|block| block.name == issuer).map(|block| block.sample(now))
    }
}

impl Issuer {
    fn sample(&self, now: Timestamp) -> SampleToken {
        let lifetime = self.validation.max_lifetime.map_or(LIFETIME, |limit| limit.min(LIFETIME));
        let mut claims = Map::new();
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        set("iss", self.validation.issuer.clone().into());
        set("sub", "sample".into());
        set("iat", now.seconds().into());
        set("exp", now.plus(lifetime).seconds().into());
        if let Some(claim) = self.client_claims.first() {
            set(claim, "sample".into());
        }
        for rule in &self.claims {
            match rule {
                ClaimRule::Equals { claim, value } => set(claim, value.clone().into()),
                ClaimRule::True { claim } => set(claim, true.into()),
                ClaimRule::AnyPresent { claims } => {
                    claims.first().and_then(|claim| set(claim, "sample".into()))
                }
            };
        }
        // After the client's claim: with some issuers that *is* the audience.
        if let Audience::AnyOf { claim, values } = &self.validation.audience {
            let audience = values.first().map_or(Value::Null, |audience| audience.clone().into());
            set(claim, audience);
        }
        let token_type = match &self.validation.token_type {
            TokenType::Exactly(one) => Some(one.clone()),
            TokenType::OneOf(types) => types.first().cloned(),
            TokenType::Any => None,
        };
        SampleToken {
            algorithms: self.algorithms.clone(),
            field: self.token_header.clone().unwrap_or_else(|| "authorization".to_owned()),
            token_type,
            claims,
            scope_claim: self.scope_claims.first().cloned(),
        }
    }
}
