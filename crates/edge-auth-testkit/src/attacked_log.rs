//! A revocation log under attack: administrators, an attacker who can write to the store but does
//! not have the secret, and instances of a gate. All are real, on a store in memory.
//!
//! In every order of events:
//! - An instance that refused a token as revoked allows it again only after the revocation expired,
//!   or after an administrator undid it.
//! - If the store says that a token is good and an instance knows that it is revoked, the instance
//!   has logged an `ALERT`.
//! - Without an attack, no instance logs one, and every instance decides as the log says.

mod property;
mod step;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;
use std::time::Duration;

use edge_auth::policy::Format;
use edge_auth::revocation::{Entry, Event, Identifier, RevocationSecrets, Target};
use edge_auth::{Gate, Policy};
use edge_auth_control::{ChangeMeta, RevocationLedger};
use edge_auth_token::{AwsLcRs, Timestamp};
use futures::executor::block_on;
use serde_json::json;

use crate::documents::Documents;
use crate::mint::{Signer, TestKey, compact};
use crate::platform::{MapSecretProvider, MemoryPlatform};
use crate::randomness::SeededRandomness;
use crate::revocations::{MemoryRevocations, StoredLog};

pub use property::{Answer, Violation};
pub use step::Step;

const BEGINNING: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// Longer than a short revocation lasts, including the day for which its record is kept.
const PASSING: Duration = Duration::from_secs(26 * 60 * 60);
const ISSUER: &str = "https://login.example.com/";

const POLICY: &str = r#"
[revocation]
bound = "10s"
secret = SECRET

[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "https://api.example.com"
keys = { jwks_file = "jwks.json" }
max_lifetime = "87600h"

[[rule]]
path = "/{*rest}"
require = "jwt:corp"
"#;

/// The store, the instances, and what happened so far.
#[derive(Clone, Default, Hash)]
pub struct AttackedLog {
    now: StoredLog,
    saved: Option<StoredLog>,
    /// The number of times that [`PASSING`] has passed.
    passed: u32,
    /// How many reads there were, with those of instances that restarted since.
    reads: u32,
    renewed: bool,
    attacked: bool,
    honest: property::Honest,
    /// The reads of each instance since it started.
    instances: [Vec<Found>; 2],
}

/// A read of an instance: its time, and the store at that time.
#[derive(Clone, Hash)]
struct Found {
    at: Timestamp,
    stored: StoredLog,
    /// The number of entries that administrators had made by then.
    said: usize,
}

/// The policy, secrets and token that all runs share.
struct Setup {
    policy: Policy,
    secret_provider: MapSecretProvider,
    token: String,
    old: RevocationSecrets,
    both: RevocationSecrets,
}

static SETUP: LazyLock<Setup> = LazyLock::new(Setup::new);

impl Setup {
    fn new() -> Self {
        let secret =
            |name: &str| (name.to_owned(), format!("the secret {name}, of at least 32 bytes"));
        let key = TestKey::named("p256").expect("a test key");
        let secret_provider = MapSecretProvider {
            secrets: BTreeMap::from([secret("CURRENT"), secret("NEXT")]),
            files: BTreeMap::from([(
                "jwks.json".to_owned(),
                json!({ "keys": [key.jwk()] }).to_string().into_bytes(),
            )]),
        };
        let policy = |secret: &str| {
            let text = POLICY.replace("SECRET", secret);
            Policy::parse(&text, Format::Toml, "policy.toml").expect("a policy")
        };
        let secrets = |policy: &Policy| {
            policy
                .revocation_secrets(&secret_provider)
                .expect("secrets")
                .expect("a secret of the feed")
        };
        let (old, both) =
            (policy("\"CURRENT\""), policy("{ current = \"NEXT\", previous = [\"CURRENT\"] }"));
        let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "p256" });
        let claims = json!({
            "iss": ISSUER,
            "aud": "https://api.example.com",
            "sub": "alice",
            "jti": "token",
            "iat": BEGINNING.seconds() - 60,
            "exp": BEGINNING.seconds() + 300_000_000,
        });
        let signer = Signer::Key(key, key.algorithm);
        let token = compact(header.to_string().as_bytes(), claims.to_string().as_bytes(), &signer);
        Self { old: secrets(&old), both: secrets(&both), policy: both, token, secret_provider }
    }
}

fn text(text: &str) -> Identifier {
    Identifier::try_from(text.to_owned()).expect("short")
}

fn token() -> Target {
    Target::Token { issuer: text(ISSUER), id: text("token") }
}

impl AttackedLog {
    /// Takes a step. Returns `false` if the step changed nothing.
    pub fn happen(&mut self, step: Step) -> bool {
        let before = self.now.clone();
        match step {
            Step::RevokeToken => self.revoke(token(), None),
            Step::RevokeBriefly => {
                self.revoke(token(), Some(self.time().plus(Duration::from_secs(3600))))
            }
            Step::RevokeSubject => self.revoke(self.subject(), None),
            Step::UndoToken => self.undo(&token()),
            Step::UndoSubject => self.undo(&self.subject()),
            Step::RevokeOther => {
                self.revoke(Target::Session { issuer: text(ISSUER), id: text("other") }, None)
            }
            Step::WriteKey => self.write_key(),
            Step::Compact => self.compact(),
            Step::Renew => return !std::mem::replace(&mut self.renewed, true),
            Step::Pass => {
                self.passed += 1;
                return true;
            }
            Step::Save => {
                let changed = self.saved.as_ref() != Some(&self.now);
                self.saved = Some(self.now.clone());
                return changed;
            }
            Step::Read(which) => {
                self.reads += 1;
                let found = Found {
                    at: self.asking_time(),
                    stored: self.now.clone(),
                    said: self.honest.len(),
                };
                self.instances[usize::from(which) % 2].push(found);
                return true;
            }
            Step::Restart(which) => {
                return !std::mem::take(&mut self.instances[usize::from(which) % 2]).is_empty();
            }
            Step::Delete(_)
            | Step::DeleteOldest
            | Step::DropSnapshot
            | Step::DamagePages
            | Step::PutBack
            | Step::PutBackRecords
            | Step::PutBackSnapshot
            | Step::PutBackMissing
            | Step::Move => {
                self.attack(step);
                self.attacked |= self.now != before;
            }
        }
        self.now != before
    }

    /// Returns a fingerprint of the state: two states with the same one behave the same.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    fn attack(&mut self, step: Step) {
        let StoredLog { records, snapshot, parts } = &mut self.now;
        match (step, &self.saved) {
            (Step::Delete(back), _) => {
                let sequence = records.keys().nth_back(usize::from(back)).copied();
                sequence.map(|sequence| records.remove(&sequence));
            }
            (Step::DeleteOldest, _) => drop(records.pop_first()),
            (Step::DropSnapshot, _) => *snapshot = None,
            (Step::DamagePages, _) => parts.values_mut().for_each(|part| part.push(0)),
            (Step::PutBack, Some(saved)) => self.now = saved.clone(),
            (Step::PutBackRecords, Some(saved)) => *records = saved.records.clone(),
            (Step::PutBackSnapshot, Some(saved)) => {
                *snapshot = saved.snapshot.clone();
                *parts = saved.parts.clone();
            }
            (Step::PutBackMissing, Some(saved)) => {
                for (sequence, record) in &saved.records {
                    records.entry(*sequence).or_insert_with(|| record.clone());
                }
            }
            (Step::Move, _) => {
                if let Some((sequence, mut record)) = records.pop_last() {
                    record.sequence = sequence + 1;
                    records.insert(sequence + 1, record);
                }
            }
            _ => {}
        }
    }

    /// Returns the time of the next write: a second after the one before.
    fn time(&self) -> Timestamp {
        let seconds = Duration::from_secs(u64::try_from(self.honest.len()).expect("few"));
        BEGINNING.plus(PASSING * self.passed).plus(seconds)
    }

    /// Returns the time of the newest read: a minute after the one before, so that its instance
    /// reads the log again. A restart does not set the clock back.
    fn asking_time(&self) -> Timestamp {
        BEGINNING.plus(PASSING * self.passed).plus(Duration::from_secs(60) * self.reads)
    }

    fn subject(&self) -> Target {
        Target::Subject { issuer: text(ISSUER), subject: text("alice"), before: self.time() }
    }

    /// Runs the work of an administrator on the store. A refusal may change some of it.
    fn administer<T, E>(
        &mut self,
        work: impl AsyncFnOnce(RevocationLedger<'_, MemoryRevocations>, ChangeMeta<'_>) -> Result<T, E>,
    ) -> Option<T> {
        let feed = MemoryRevocations::new();
        feed.put_back(self.now.clone());
        let secrets = if self.renewed { &SETUP.both } else { &SETUP.old };
        let ledger = RevocationLedger::new(secrets.clone(), &feed);
        let order = ChangeMeta { by: "administrator", reason: "a test", now: self.time() };
        let done = block_on(work(ledger, order)).ok();
        self.now = feed.stored();
        done
    }

    fn entered(&mut self, entry: Option<Entry>) {
        let Some(entry) = entry else { return };
        let document = self.now.records[&entry.sequence].document.clone();
        self.honest.enter(document, &entry);
    }

    fn revoke(&mut self, target: Target, until: Option<Timestamp>) {
        let entry =
            self.administer(async |ledger, order| ledger.revoke(target, until, order).await);
        self.entered(entry);
    }

    fn undo(&mut self, target: &Target) {
        let same = |entry: &Entry| match &entry.event {
            Event::Revoked(revoked) => {
                std::mem::discriminant(revoked) == std::mem::discriminant(target)
            }
            Event::Undone(_)
            | Event::KeyChanged(_)
            | Event::KeyWritten { .. }
            | Event::ListImported(_) => false,
        };
        let entry = self.administer(async |ledger, order| {
            let listed = ledger.list(None, 200).await.map_err(|_| ())?;
            let revoked = listed.entries.into_iter().flatten().find(same).ok_or(())?;
            ledger.undo(revoked.sequence, order).await.map_err(|_| ())
        });
        self.entered(entry);
    }

    fn write_key(&mut self) {
        let entry = self.administer(async |ledger, order| {
            let until = order.now.plus(Duration::from_secs(3600));
            ledger.key_written(&text("key"), 1, Some(until), order).await
        });
        self.entered(entry);
    }

    fn compact(&mut self) {
        let before = self.now.records.keys().last().copied().unwrap_or_default();
        let held = self.honest.held_by(&self.now);
        let snapshot = self.now.snapshot.clone();
        let randomness = SeededRandomness::new(1);
        self.administer(async |ledger, order| ledger.compact(&randomness, order.now).await);
        // With a new secret, compaction enters again what older records say.
        let again = self.administer(async |ledger, _| ledger.list(None, 200).await);
        let again = again.into_iter().flat_map(|listing| listing.entries).flatten();
        let again: Vec<Entry> = again.filter(|entry| entry.sequence > before).collect();
        again.into_iter().rev().for_each(|entry| self.entered(Some(entry)));
        if self.now.snapshot != snapshot {
            self.honest.compacted(&self.now, held);
        }
    }

    fn start(&self, feed: &MemoryRevocations) -> Gate<MemoryPlatform> {
        let mut platform = MemoryPlatform::new(Documents::default(), "http://127.0.0.1:1");
        platform.revocations = feed.clone();
        let Setup { policy, secret_provider, .. } = &*SETUP;
        let randomness = SeededRandomness::new(2);
        let built =
            Gate::new(policy.clone(), secret_provider, Box::new(AwsLcRs), platform, &randomness);
        built.expect("a gate").0
    }
}
