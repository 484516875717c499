//! Properties of the answers, derived from what administrators really did.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use edge_auth::certificate::PlatformCertificate;
use edge_auth::revocation::{Entry, Event, Target};
use edge_auth::{AuthRequest, Code, Gate, Headers};
use edge_auth_token::Timestamp;
use futures::executor::block_on;

use super::{AttackedLog, Found, SETUP};
use crate::platform::MemoryPlatform;
use crate::revocations::{MemoryRevocations, StoredLog};

/// The time for which an entry is kept after it has lost its meaning.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The entries of administrators in the order of time, by number.
#[derive(Clone, Default, Hash)]
pub(super) struct Honest {
    said: Vec<Said>,
    /// The numbers of entries by their records.
    numbers: BTreeMap<String, usize>,
    /// The entries of which each snapshot was made.
    snapshots: BTreeMap<WholeSnapshot, BTreeSet<usize>>,
}

/// The document of a snapshot, and its undamaged parts.
type WholeSnapshot = (String, Vec<Vec<u8>>);

/// Returns what identifies the snapshot of a store.
fn snapshot_of(stored: &StoredLog) -> Option<WholeSnapshot> {
    let snapshot = stored.snapshot.as_ref()?;
    let parts = stored.parts.iter().filter(|((id, _), _)| *id == snapshot.id);
    Some((snapshot.document.clone(), parts.map(|(_, part)| part.clone()).collect()))
}

#[derive(Clone, Hash)]
struct Said {
    of: Option<Of>,
    undone: bool,
    expires_at: Option<Timestamp>,
}

/// The ways of revoking the one token under test.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    Token,
    Subject,
}

/// An instance's decision about the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The token is good.
    Allowed,
    /// The token is revoked.
    Refused,
    /// The instance does not know.
    Closed,
}

/// A violation of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(pub String);

impl Honest {
    pub(super) fn len(&self) -> usize {
        self.said.len()
    }

    pub(super) fn enter(&mut self, document: String, entry: &Entry) {
        let of = |target: &Target| match target {
            Target::Token { .. } => Some(Of::Token),
            Target::Subject { .. } => Some(Of::Subject),
            Target::Client { .. }
            | Target::Issuer { .. }
            | Target::Session { .. }
            | Target::SigningKey { .. }
            | Target::ApiKey { .. }
            | Target::Certificate { .. }
            | Target::CertificateSerial { .. } => None,
        };
        let (of, undone) = match &entry.event {
            Event::Revoked(target) => (of(target), false),
            Event::Undone(target) => (of(target), true),
            Event::KeyChanged(_) | Event::KeyWritten { .. } | Event::ListImported(_) => {
                (None, false)
            }
        };
        self.numbers.insert(document, self.said.len());
        self.said.push(Said { of, undone, expires_at: entry.until.map(|until| until.plus(KEPT)) });
    }

    /// Returns the entries in a store: those of its snapshot, and of the records after it. Records
    /// before it do not count, unless the snapshot is damaged.
    pub(super) fn held_by(&self, stored: &StoredLog) -> BTreeSet<usize> {
        let in_snapshot =
            snapshot_of(stored).and_then(|snapshot| self.snapshots.get(&snapshot)).cloned();
        let mut after = 0;
        if let (Some(_), Some(snapshot)) = (&in_snapshot, &stored.snapshot) {
            after = snapshot.sequence;
        }
        let mut held = in_snapshot.unwrap_or_default();
        for (_, record) in stored.records.range(after + 1..) {
            held.extend(self.numbers.get(&record.document));
        }
        held
    }

    fn in_snapshot(&self, stored: &StoredLog) -> BTreeSet<usize> {
        let snapshot = snapshot_of(stored).and_then(|snapshot| self.snapshots.get(&snapshot));
        snapshot.cloned().unwrap_or_default()
    }

    /// Notes what a new snapshot was made of.
    pub(super) fn compacted(&mut self, stored: &StoredLog, held: BTreeSet<usize>) {
        if let Some(snapshot) = snapshot_of(stored) {
            self.snapshots.entry(snapshot).or_insert(held);
        }
    }

    /// Returns whether these entries leave the token good at the time of the read.
    fn allow(&self, numbers: &BTreeSet<usize>, asked: &Found) -> bool {
        let (now, said) = (asked.at, &self.said[..asked.said]);
        let stands = |number: &usize| {
            let Said { of, undone, expires_at } = &said[*number];
            let taken_back =
                || said[number + 1..].iter().any(|later| later.undone && later.of == *of);
            of.is_some() && !undone && expires_at.is_none_or(|at| now < at) && !taken_back()
        };
        !numbers.iter().any(stands)
    }
}

impl AttackedLog {
    /// Repeats all reads of every instance and checks the answers. Runs after each
    /// [`super::Step::Read`].
    pub fn check(&self) -> Result<(), Violation> {
        self.instances.iter().try_for_each(|asked| self.check_instance(asked).map(drop))
    }

    /// Returns the last answer of an instance, if it was asked.
    pub fn answer(&self, which: usize) -> Option<Answer> {
        self.check_instance(&self.instances[which]).ok().flatten()
    }

    fn check_instance(&self, asked: &[Found]) -> Result<Option<Answer>, Violation> {
        let Some(newest) = asked.last() else { return Ok(None) };
        let feed = MemoryRevocations::new();
        let gate = self.start(&feed);
        let (mut known, mut alerted, mut last) = (BTreeSet::new(), false, None);
        for found in asked {
            let Found { at, stored, .. } = found;
            feed.put_back(stored.clone());
            let reads = feed.reads();
            let asked = ask(&gate, *at);
            let answer = asked.answer;
            if feed.reads() == reads {
                return Err(asked.violation("the instance answered without reading the log"));
            }
            alerted |= asked.alerts();
            match answer {
                Answer::Allowed if !self.honest.allow(&known, found) => {
                    return Err(asked.violation("the instance forgot a revocation that it knew"));
                }
                Answer::Refused => known.extend(self.honest.held_by(stored)),
                Answer::Allowed | Answer::Closed => {}
            }
            if std::ptr::eq(found, newest) {
                let must_alert = match answer {
                    Answer::Allowed => false,
                    // What an instance keeps against the log, it reports when it takes the log in.
                    Answer::Refused => !alerted,
                    // An instance that cannot read the log on reports it each time.
                    Answer::Closed => !asked.alerts(),
                };
                self.check_beginner(found, must_alert)?;
            }
            if !self.attacked {
                let good = self.honest.allow(&self.honest.held_by(stored), found);
                let right = if good { Answer::Allowed } else { Answer::Refused };
                if answer != right || alerted {
                    return Err(
                        asked.violation("the instance decides against a log without an attack")
                    );
                }
            }
            last = Some(answer);
        }
        Ok(last)
    }

    /// Compares an instance that starts now with one that gave an answer.
    fn check_beginner(&self, found: &Found, must_alert: bool) -> Result<(), Violation> {
        let feed = MemoryRevocations::new();
        feed.put_back(found.stored.clone());
        let beginner = ask(&self.start(&feed), found.at);
        if beginner.answer != Answer::Allowed || beginner.alerts() {
            return Ok(());
        }
        if must_alert {
            return Err(Violation(
                "the store contradicts what the instance knows, and it logs no `ALERT`".to_owned(),
            ));
        }
        if !self.honest.allow(&self.honest.in_snapshot(&found.stored), found) {
            return Err(Violation("what a snapshot has is good for one that begins".to_owned()));
        }
        Ok(())
    }
}

/// What a gate answers about the token, and what it logs.
struct Asked {
    answer: Answer,
    /// Why it denies the request.
    reason: Option<String>,
    notices: Vec<String>,
}

impl Asked {
    /// Whether the operator's log has an `ALERT`. The reason of a denial is not one.
    fn alerts(&self) -> bool {
        self.notices.iter().any(|notice| notice.contains("ALERT"))
    }

    fn violation(&self, what: &str) -> Violation {
        let Self { answer, reason, notices } = self;
        Violation(format!("{what}: {answer:?}, reason {reason:?}, notices {notices:?}"))
    }
}

/// Asks a gate about the token.
fn ask(gate: &Gate<MemoryPlatform>, now: Timestamp) -> Asked {
    let bearer = format!("Bearer {}", SETUP.token);
    let request = AuthRequest {
        location: edge_auth::ClientLocation::default(),
        method: "GET",
        host: None,
        authority: None,
        target: "/",
        headers: Headers(&[("authorization", bearer.as_bytes())]),
        client_ip: None,
        certificate: PlatformCertificate::Nothing,
        proxy_trusted: true,
        path_rewritten: false,
    };
    let mut outcome = block_on(gate.authorize(&request, now));
    for work in std::mem::take(&mut outcome.deferred_tasks) {
        outcome.notices.extend(block_on(gate.run_deferred(work, now)));
    }
    let answer = match outcome.code() {
        None => Answer::Allowed,
        Some(Code::TokenRevoked) => Answer::Refused,
        Some(_) => Answer::Closed,
    };
    Asked { answer, reason: outcome.audit.and_then(|audit| audit.reason), notices: outcome.notices }
}
