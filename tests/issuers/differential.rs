//! jose and PyJWT accept every token that edge-auth accepts. The test mints thousands of odd
//! tokens, each with a signature over its exact text.

mod forms;

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use edge_auth_e2e::Pipe;
use edge_auth_testkit::mint::TestKey;
use edge_auth_token::{
    Algorithm, Audience, AwsLcRs, DEFAULT_MAX_TOKEN_BYTES, JwkSet, KeySet, Timestamp, TokenType,
    UnverifiedToken, Validation, VerifyingKey,
};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::issuers::{API, Node, python};
use forms::{ISSUER, KEYS};

/// So many take seconds.
const CASES: u32 = 2000;
const ALLOWED: [Algorithm; 4] =
    [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];

#[test]
fn jose_and_pyjwt_accept_every_token_that_edge_auth_accepts() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let keys: Vec<Value> =
        KEYS.iter().map(|name| TestKey::named(name).expect("a key of the kit").jwk()).collect();
    let jwks = json!({ "keys": keys });
    let ours = Ours::new(&jwks, now);
    let (mut jose, mut pyjwt) = (Node::start("jose.mjs"), python("pyjwt.py"));
    // RFC 9864 renames EdDSA with Ed25519. edge-auth treats both names as one algorithm.
    let algorithms =
        ALLOWED.map(Algorithm::name).into_iter().chain(["Ed25519"]).collect::<Vec<_>>();
    let validation =
        json!({ "jwks": jwks, "issuer": ISSUER, "audience": API, "algorithms": algorithms });
    jose.pipe.say(&validation);
    pyjwt.say(&validation);

    let counts = RefCell::new([0_u32; 4]);
    let peers = RefCell::new((&mut jose.pipe, &mut pyjwt));
    // Every run has the same tokens, except for their times.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, b"tokens in thousands of forms    ");
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new_with_rng(config, rng).run(&forms::token(now), |token| {
        let mut peers = peers.borrow_mut();
        let opinions = [ours.accepts(&token), asked(peers.0, &token), asked(peers.1, &token)];
        let mut counts = counts.borrow_mut();
        counts[0] += 1;
        for (count, opinion) in counts[1..].iter_mut().zip(&opinions) {
            *count += u32::from(opinion.is_ok());
        }
        let [ours, jose, pyjwt] = opinions;
        if ours.is_err() || (jose.is_ok() && pyjwt.is_ok()) {
            return Ok(());
        }
        Err(TestCaseError::fail(format!("accepted here; jose: {jose:?}, PyJWT: {pyjwt:?}")))
    });
    let [cases, ours, jose, pyjwt] = *counts.borrow();
    println!("{cases} tokens: {ours} accepted here, {jose} by jose, {pyjwt} by PyJWT");
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    assert!(
        ours > CASES / 10 && ours < CASES / 2,
        "{ours} of {cases} accepted: the forms are too good or too bad to compare"
    );
}

/// Returns whether the program accepts the token, or its reason for refusing it.
fn asked(program: &mut Pipe, token: &str) -> Result<(), String> {
    match program.ask(&json!(token)) {
        Value::Null => Ok(()),
        refused => Err(refused.to_string()),
    }
}

/// Verifies tokens with `edge-auth-token`.
struct Ours {
    keys: KeySet,
    validation: Validation,
    now: Timestamp,
}

impl Ours {
    fn new(jwks: &Value, now: u64) -> Self {
        let set = JwkSet::parse(jwks.to_string().as_bytes()).expect("a set");
        let keys = set
            .keys
            .iter()
            .map(|key| VerifyingKey::from_jwk(key, &ALLOWED, &AwsLcRs).expect("a key").into());
        let validation = Validation {
            issuer: ISSUER.to_owned(),
            audience: Audience::AnyOf {
                claim: edge_auth_token::ClaimPath::name("aud"),
                values: vec![API.to_owned()],
            },
            token_type: TokenType::Exactly("at+jwt".to_owned()),
            max_lifetime: None,
            clock_skew: Duration::ZERO,
        };
        Self { keys: KeySet::new(keys.collect()), validation, now: Timestamp::from_seconds(now) }
    }

    fn accepts(&self, text: &str) -> Result<(), String> {
        let token = UnverifiedToken::parse(text, DEFAULT_MAX_TOKEN_BYTES)
            .map_err(|error| error.to_string())?;
        let key = self
            .keys
            .select(token.algorithm(), token.key_id())
            .map_err(|error| error.to_string())?;
        let token = token.verify(key).map_err(|error| error.to_string())?;
        self.validation.check(&token, self.now).map_err(|error| error.to_string())
    }
}
