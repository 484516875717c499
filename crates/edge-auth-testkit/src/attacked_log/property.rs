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
#[derive(Clone, Default)]
pub(super) struct Honest {
    said: Vec<Said>,
    /// The numbers of entries by their records.
    numbers: BTreeMap<String, usize>,
    /// The entries in each snapshot, by the snapshot's record.
    snapshots: BTreeMap<String, BTreeSet<usize>>,
}

#[derive(Clone)]
struct Said {
    of: Option<Of>,
    undone: bool,
    expires_at: Option<Timestamp>,
}

/// The ways of revoking the one token under test.
#[derive(Clone, Copy, PartialEq, Eq)]
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
        let (of, undone) = match &entry.event {
            Event::Revoked(target) => (Of::target(target), false),
            Event::Undone(target) => (Of::target(target), true),
            Event::KeyChanged(_) | Event::KeyWritten { .. } | Event::ListImported(_) => {
                (None, false)
            }
        };
        self.numbers.insert(document, self.said.len());
        self.said.push(Said { of, undone, expires_at: entry.until.map(|until| until.plus(KEPT)) });
    }

    /// Returns the entries in a store: those of its records and of its snapshot.
    pub(super) fn held_by(&self, stored: &StoredLog) -> BTreeSet<usize> {
        let records =
            stored.records.values().filter_map(|record| self.numbers.get(&record.document));
        let mut held: BTreeSet<usize> = records.copied().collect();
        held.extend(self.in_snapshot(stored));
        held
    }

    fn in_snapshot(&self, stored: &StoredLog) -> BTreeSet<usize> {
        let snapshot = stored.snapshot.as_ref().and_then(|one| self.snapshots.get(&one.document));
        snapshot.cloned().unwrap_or_default()
    }

    pub(super) fn compacted(&mut self, stored: &StoredLog, held: BTreeSet<usize>) {
        if let Some(snapshot) = &stored.snapshot {
            self.snapshots.entry(snapshot.document.clone()).or_insert(held);
        }
    }

    /// Returns whether these entries leave the token good at the time of the read.
    fn allow(&self, numbers: &BTreeSet<usize>, asked: &Found) -> bool {
        let (now, said) = (asked.at, &self.said[..asked.said]);
        !numbers.iter().any(|number| {
            let Said { of, undone, expires_at } = &said[*number];
            let undone_later =
                said[number + 1..].iter().any(|later| later.undone && later.of == *of);
            of.is_some() && !undone && expires_at.is_none_or(|at| now < at) && !undone_later
        })
    }
}

impl Of {
    fn target(target: &Target) -> Option<Self> {
        match target {
            Target::Token { .. } => Some(Self::Token),
            Target::Subject { .. } => Some(Self::Subject),
            Target::Client { .. }
            | Target::Issuer { .. }
            | Target::Session { .. }
            | Target::SigningKey { .. }
            | Target::ApiKey { .. }
            | Target::Certificate { .. }
            | Target::CertificateSerial { .. } => None,
        }
    }
}

impl AttackedLog {
    /// Repeats all reads of every instance and checks the answers. Runs after each
    /// [`super::Step::Read`].
    pub fn check(&self) -> Result<(), Violation> {
        for asked in &self.instances {
            self.check_instance(asked)?;
        }
        Ok(())
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
            let (answer, messages) = ask(&gate, *at);
            alerted |= messages.contains("ALERT");
            match answer {
                Answer::Allowed if !self.honest.allow(&known, found) => {
                    return Err(Violation(format!(
                        "an instance forgot a revocation: {answer:?}, {messages}"
                    )));
                }
                Answer::Refused => known.extend(self.honest.held_by(stored)),
                Answer::Allowed | Answer::Closed => {}
            }
            if std::ptr::eq(found, newest) {
                self.check_beginner(found, answer, alerted)?;
            }
            if !self.attacked {
                let good = self.honest.allow(&self.honest.held_by(stored), found);
                let right = if good { Answer::Allowed } else { Answer::Refused };
                if answer != right || alerted {
                    return Err(Violation(format!(
                        "a wrong decision without an attack: {answer:?}, {messages}"
                    )));
                }
            }
            last = Some(answer);
        }
        Ok(last)
    }

    /// Compares an instance that starts now with one that gave an answer.
    fn check_beginner(
        &self,
        found: &Found,
        answer: Answer,
        alerted: bool,
    ) -> Result<(), Violation> {
        let feed = MemoryRevocations::new();
        feed.put_back(found.stored.clone());
        let (begins, messages) = ask(&self.start(&feed), found.at);
        if begins != Answer::Allowed || messages.contains("ALERT") {
            return Ok(());
        }
        if answer == Answer::Refused && !alerted {
            return Err(Violation(
                "the store contradicts a known revocation without an alert".to_owned(),
            ));
        }
        if !self.honest.allow(&self.honest.in_snapshot(&found.stored), found) {
            return Err(Violation(
                "a new instance allows a token that a snapshot revokes".to_owned(),
            ));
        }
        Ok(())
    }
}

/// Returns a gate's decision about the token, and the operator's messages.
fn ask(gate: &Gate<MemoryPlatform>, now: Timestamp) -> (Answer, String) {
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
    let messages: Vec<String> = outcome.audit.reason.into_iter().chain(outcome.notices).collect();
    (answer, messages.join("; "))
}
