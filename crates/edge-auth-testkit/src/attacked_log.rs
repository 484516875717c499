//! A revocation log, its writers, one who can write to the store without having the secret, and
//! instances of a gate that read it: the real ones, on a store in memory.
//!
//! What must hold, whatever happens in whatever order:
//! - What an instance refused as revoked it allows again only after the revocation lapsed, or after
//!   an
//!   administrator took it back.
//! - Where the store says that something is good which an instance knows to be revoked, there was
//!   an
//!   `ALERT`.
//! - While nobody attacks there is none, and every instance says what the log does.

mod property;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;
use std::time::Duration;

use edge_auth::policy::Format;
use edge_auth::revocation::{
    ChangeMeta, Entry, Event, Identifier, RevocationLedger, RevocationSecrets, Target,
};
use edge_auth::{Gate, Policy};
use edge_auth_token::{AwsLcRs, Timestamp};
use futures::executor::block_on;
use serde_json::json;

use crate::documents::Documents;
use crate::mint::{Signer, TestKey, compact};
use crate::platform::{MapSecretProvider, MemoryPlatform};
use crate::randomness::SeededRandomness;
use crate::revocations::{MemoryRevocations, StoredLog};

pub use property::{Answer, Violation};

const BEGINNING: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// Longer than a short revocation has a meaning, with the day for which it is kept.
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

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An administrator revokes the token for good.
    RevokeToken,
    /// Or until an hour later.
    RevokeBriefly,
    /// Or all tokens of its subject that were issued until now.
    RevokeSubject,
    /// Takes the last revocation of the token back that the log has.
    UndoToken,
    /// Of its subject.
    UndoSubject,
    /// Revokes something else.
    RevokeOther,
    /// Tells that an API key's record was written.
    WriteKey,
    /// Makes a snapshot.
    Compact,
    /// Begins to make records with a new secret.
    Renew,
    /// More than a day passes.
    Pass,
    /// One who can write to the store deletes the record that is so far from the newest.
    Delete(u8),
    /// Deletes the oldest record.
    DeleteOldest,
    /// Deletes the snapshot.
    DropSnapshot,
    /// Damages the pages of the snapshot.
    DamagePages,
    /// Copies all that is stored.
    Save,
    /// Puts all of the copy back.
    PutBack,
    /// Puts the copy's records back, and leaves the snapshot.
    PutBackRecords,
    /// Puts the copy's snapshot back, and leaves the records.
    PutBackSnapshot,
    /// Puts those of the copy's records back that are not there, whatever stands between them.
    PutBackMissing,
    /// Moves the newest record one place on.
    Move,
    /// An instance is asked.
    Read(u8),
    /// An instance begins anew.
    Restart(u8),
}

/// What there is, and what happened.
#[derive(Clone, Default)]
pub struct AttackedLog {
    now: StoredLog,
    saved: Option<StoredLog>,
    /// How often [`PASSING`] passed.
    passed: u32,
    renewed: bool,
    attacked: bool,
    honest: property::Honest,
    /// What each instance found when it was asked.
    instances: [Vec<Found>; 2],
}

/// When an instance was asked, and what was stored then.
#[derive(Clone)]
struct Found {
    at: Timestamp,
    stored: StoredLog,
    /// How much administrators had said by then.
    said: usize,
}

/// What all of them need.
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
    /// Lets something happen; `false` if that changed nothing.
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

    /// What tells it from others: what follows from two with the same is the same.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let asked = self.instances.each_ref().map(|asked| asked.iter().map(|found| &found.stored));
        for stored in
            asked.into_iter().flat_map(|asked| asked.chain([&self.now])).chain(&self.saved)
        {
            let documents = stored.records.values().map(|record| &record.document);
            for document in
                documents.chain(stored.snapshot.iter().map(|snapshot| &snapshot.document))
            {
                document.hash(&mut hasher);
            }
            stored.records.keys().for_each(|sequence| sequence.hash(&mut hasher));
            stored.parts.hash(&mut hasher);
        }
        (self.saved.is_some(), self.passed, self.renewed, self.honest.len()).hash(&mut hasher);
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

    /// When something is written: each time a second later.
    fn time(&self) -> Timestamp {
        let seconds = Duration::from_secs(u64::try_from(self.honest.len()).expect("few"));
        BEGINNING.plus(PASSING * self.passed).plus(seconds)
    }

    /// When the next instance is asked: so much later that all is read anew.
    fn asking_time(&self) -> Timestamp {
        let asked: usize = self.instances.iter().map(Vec::len).sum();
        let minutes = u64::try_from(asked).expect("few") + 1;
        BEGINNING.plus(PASSING * self.passed).plus(Duration::from_secs(60 * minutes))
    }

    fn subject(&self) -> Target {
        Target::Subject { issuer: text(ISSUER), subject: text("alice"), before: self.time() }
    }

    /// What an administrator does on the store. A refusal changes nothing, or only some of it.
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
            _ => false,
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
        let randomness = SeededRandomness::new(1);
        self.administer(async |ledger, order| ledger.compact(&randomness, order.now).await);
        // With a new secret, what older ones say is entered again.
        let again = self.administer(async |ledger, _| ledger.list(None, 200).await);
        let again = again.into_iter().flat_map(|listing| listing.entries).flatten();
        let again: Vec<Entry> = again.filter(|entry| entry.sequence > before).collect();
        again.into_iter().rev().for_each(|entry| self.entered(Some(entry)));
        self.honest.compacted(&self.now, held);
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

/// Of a fuzzer's bytes: instances are asked more often than the others happen.
impl From<u8> for Step {
    fn from(byte: u8) -> Self {
        match byte % 26 {
            0 => Self::RevokeToken,
            1 => Self::RevokeBriefly,
            2 => Self::RevokeSubject,
            3 => Self::UndoToken,
            4 => Self::UndoSubject,
            5 => Self::RevokeOther,
            6 => Self::WriteKey,
            7 => Self::Compact,
            8 => Self::Renew,
            9 => Self::Pass,
            10..=12 => Self::Delete(byte % 26 - 10),
            13 => Self::DeleteOldest,
            14 => Self::DropSnapshot,
            15 => Self::DamagePages,
            16 => Self::Save,
            17 => Self::PutBack,
            18 => Self::PutBackRecords,
            19 => Self::PutBackSnapshot,
            20 => Self::PutBackMissing,
            21 => Self::Move,
            22 | 23 => Self::Read(0),
            24 => Self::Read(1),
            _ => Self::Restart(byte / 26 % 2),
        }
    }
}
