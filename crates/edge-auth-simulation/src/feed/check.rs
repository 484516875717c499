//! Checks the model against real gates: the product's own decisions, clock and threads, on one store
//! that counts its reads.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use edge_auth::certificate::PlatformCertificate;
use edge_auth::policy::Format;
use edge_auth::revocation::{Identifier, Target};
use edge_auth::{AuthRequest, Code, Gate, Headers, Policy};
use edge_auth_control::{ChangeMeta, RevocationLedger};
use edge_auth_testkit::documents::Documents;
use edge_auth_testkit::mint::{Signer, TestKey, compact};
use edge_auth_testkit::platform::{MapSecretProvider, MemoryPlatform};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::{AwsLcRs, Timestamp};
use futures::executor::block_on;
use serde_json::json;

use crate::feed::model::{Model, Setting};
use crate::feed::random::Random;
use crate::feed::scenario::Scenario;
use crate::feed::{Arguments, Host};

const ISSUER: &str = "https://login.example.com/";
/// Before this, the gates have read for the first time.
const WARM_UP: Duration = Duration::from_secs(7);
/// The times between one revocation and the next.
const ROUND: Duration = Duration::from_secs(8);
const ROUNDS: usize = 5;
/// How far the reads may be from the model's: requests come at random.
const TOLERANCE: f64 = 0.15;

type Failure = Box<dyn std::error::Error>;

/// The longest time after its revocation at which each token was let through, over all gates.
type LastAccepted = Mutex<BTreeMap<usize, Duration>>;

/// Runs as many real gates, and prints what the model says and what was measured. Returns whether
/// they agree.
pub(super) fn run(arguments: &Arguments, gates: usize) -> Result<bool, Failure> {
    let setting = Setting { instances: gates, heads: 1, ..arguments.setting(Host::Lambda) };
    let steady = Scenario::all(Host::Lambda).into_iter().next().ok_or("no scenario")?;
    let model = Model::new(&setting, &steady).run();
    let (reads, last_accepted) = measure(&setting)?;
    let interval = setting.limits.interval.as_secs_f64();
    let far = (reads - model.requests).abs() > model.requests * TOLERANCE;
    let late = last_accepted.as_secs_f64() > interval;
    anstream::println!(
        "{gates} gates, {} requests/s each, interval {interval} s, {} s measured\n\
         store reads/s:          model {:.2}, measured {reads:.2}{}\n\
         revoked token accepted: model up to {:.2} s, measured up to {:.2} s{}",
        setting.requests,
        (ROUND * u32::try_from(ROUNDS)?).as_secs(),
        model.requests,
        if far { "  ✗" } else { "" },
        model.worst_age as f64 / 1e6,
        last_accepted.as_secs_f64(),
        if late { "  ✗" } else { "" },
    );
    Ok(!far && !late)
}

/// Returns the reads of a second, and the longest time for which a revoked token was let through.
fn measure(setting: &Setting) -> Result<(f64, Duration), Failure> {
    let store = MemoryPlatform::new(Documents::default(), "http://127.0.0.1:1");
    let key = TestKey::named("p256").ok_or("no test key")?;
    let secrets = MapSecretProvider {
        secrets: BTreeMap::from([(
            "FEED".to_owned(),
            "a secret of the feed, of 32 bytes".to_owned(),
        )]),
        files: BTreeMap::from([(
            "jwks.json".to_owned(),
            json!({ "keys": [key.jwk()] }).to_string().into_bytes(),
        )]),
    };
    let limits = setting.limits;
    let text = format!(
        "[revocation]\nsecret = \"FEED\"\nbound = \"{}ms\"\ninterval = \"{}ms\"\n\
         [[issuer]]\nname = \"corp\"\nissuer = \"{ISSUER}\"\naudience = \"api\"\nkeys = {{ jwks_file = \"jwks.json\" }}\n\
         [[rule]]\npath = \"/\"\nrequire = \"jwt:corp\"\n",
        limits.bound.as_millis(),
        limits.interval.as_millis()
    );
    let policy = Policy::parse(&text, Format::Toml, "policy.toml")?;
    let tokens: Vec<String> = (0..ROUNDS).map(|number| token(key, number)).collect();
    let mut gates = Vec::new();
    for number in 0..setting.instances {
        let randomness = SeededRandomness::new(number as u64 + 1);
        let gate =
            Gate::new(policy.clone(), &secrets, Box::new(AwsLcRs), store.clone(), &randomness)?;
        gates.push(gate.0);
    }
    // The writer reads the log, too.
    revoke(&policy, &secrets, &store, ROUNDS)?;
    let by_writer = store.revocations.reads();
    let (round, last_accepted) = (AtomicUsize::new(0), LastAccepted::default());
    // When the token of this round was revoked; `None` before it is.
    let revoked_at = Mutex::new(None::<Timestamp>);
    thread::scope(|scope| -> Result<f64, Failure> {
        for (number, gate) in gates.iter().enumerate() {
            let (round, revoked_at, last_accepted, tokens) =
                (&round, &revoked_at, &last_accepted, &tokens);
            scope.spawn(move || {
                let mut random = Random::new(number as u64 + 7);
                while let Some(token) = tokens.get(round.load(Ordering::Relaxed)) {
                    thread::sleep(Duration::from_micros(random.until_next(setting.requests)));
                    let asked = round.load(Ordering::Relaxed);
                    let now = clock();
                    if ask(gate, token, now).is_none()
                        && let Ok(Some(at)) = revoked_at.lock().as_deref()
                        && asked == round.load(Ordering::Relaxed)
                        && let Ok(mut accepted) = last_accepted.lock()
                    {
                        let longest = accepted.entry(asked).or_default();
                        *longest = now.since(*at).max(*longest);
                    }
                }
            });
        }
        thread::sleep(WARM_UP);
        let before = store.revocations.reads();
        for number in 0..ROUNDS {
            revoke(&policy, &secrets, &store, number)?;
            *revoked_at.lock().map_err(|_| "a gate panicked")? = Some(clock());
            thread::sleep(ROUND);
            *revoked_at.lock().map_err(|_| "a gate panicked")? = None;
            round.fetch_add(1, Ordering::Relaxed);
        }
        let reads = store.revocations.reads() - before - by_writer * ROUNDS as u64;
        Ok(reads as f64 / (ROUND.as_secs_f64() * ROUNDS as f64))
    })
    .and_then(|reads| {
        let accepted = last_accepted.lock().map_err(|_| "a gate panicked")?;
        Ok((reads, accepted.values().copied().max().unwrap_or_default()))
    })
}

fn clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(since.as_millis() as u64)
}

fn token(key: &'static TestKey, number: usize) -> String {
    let claims = json!({
        "iss": ISSUER, "aud": "api", "sub": "alice", "jti": format!("token-{number}"),
        "iat": clock().seconds(), "exp": clock().seconds() + 3600,
    });
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "p256" });
    let signer = Signer::Key(key, key.algorithm);
    format!(
        "Bearer {}",
        compact(header.to_string().as_bytes(), claims.to_string().as_bytes(), &signer)
    )
}

fn revoke(
    policy: &Policy,
    secrets: &MapSecretProvider,
    store: &MemoryPlatform,
    number: usize,
) -> Result<(), Failure> {
    let secrets = policy.revocation_secrets(secrets)?.ok_or("no feed")?;
    let ledger = RevocationLedger::new(secrets, &store.revocations);
    let target = Target::Token {
        issuer: edge_auth::revocation::Identifier::try_from(ISSUER.to_owned())?,
        id: Identifier::try_from(format!("token-{number}"))?,
    };
    let meta = ChangeMeta { by: "simulation", reason: "a check", now: clock() };
    block_on(ledger.revoke(target, Some(clock().plus(Duration::from_secs(7200))), meta))?;
    Ok(())
}

/// Asks a gate, and lets it do what it does after its answer.
fn ask(gate: &Gate<MemoryPlatform>, token: &str, now: Timestamp) -> Option<Code> {
    let fields = [("authorization", token.as_bytes())];
    let request = AuthRequest {
        location: edge_auth::ClientLocation::default(),
        method: "GET",
        host: None,
        authority: None,
        target: "/",
        headers: Headers(&fields),
        client_ip: None,
        certificate: PlatformCertificate::Nothing,
        proxy_trusted: true,
        path_rewritten: false,
    };
    let mut outcome = block_on(gate.authorize(&request, now));
    for task in std::mem::take(&mut outcome.deferred_tasks) {
        block_on(gate.run_deferred(task, now));
    }
    outcome.code()
}
