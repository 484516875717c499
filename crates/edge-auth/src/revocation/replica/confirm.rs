//! Confirms hits of the snapshot's filter by the log, or else by the snapshot's pages.

use edge_auth_token::Timestamp;

use super::{PollError, Replica, unread};
use crate::platform::{RevocationFeed, Unavailable};
use crate::revocation::chain::alert;
use crate::revocation::index::Lookup;
use crate::revocation::record::open;
use crate::revocation::snapshot::SnapshotReadError;
use crate::revocation::status::{RevocationStatus, StatusKind};
use crate::revocation::target::{LookupTag, LookupTags};

/// The attempts at one mark while newer snapshots keep coming in between.
const ATTEMPTS: usize = 3;

impl Replica {
    /// Asks the store about the marks that the filter has, and remembers the answers. Alerts are
    /// added to the notices.
    pub(crate) async fn confirm(
        &self,
        feed: &impl RevocationFeed,
        known: Option<RevocationStatus>,
        open: &[LookupTag],
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<Option<RevocationStatus>, Unavailable> {
        let mut status = known;
        for mark in open {
            let one = self.confirm_mark(feed, *mark, now, notices).await?;
            status = one.map(|one| one.after(status)).or(status);
        }
        Ok(status)
    }

    async fn confirm_mark(
        &self,
        feed: &impl RevocationFeed,
        mark: LookupTag,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<Option<RevocationStatus>, Unavailable> {
        for attempt in 1..=ATTEMPTS {
            let (hit, found) = {
                let state = self.read();
                (state.index.hit(mark), state.index.find(&LookupTags([mark].into()), now))
            };
            let hit = match (hit, found) {
                (Some(hit), Lookup::Unconfirmed { .. }) => hit,
                (_, Lookup::Known(status)) => return Ok(Some(status)),
                (_, Lookup::Nothing | Lookup::Unconfirmed { .. }) => return Ok(None),
            };
            let logged = self.logged(feed, mark).await?;
            // An entry after the snapshot counts in its place in the log: it may be an undoing.
            if logged.is_some_and(|logged| logged.sequence > hit.sequence) {
                match self.tail(feed, now).await {
                    Ok(_) | Err(PollError::Behind) => {}
                    Err(trouble) => return Err(unread(trouble)),
                }
                match self.read().index.find(&LookupTags([mark].into()), now) {
                    Lookup::Unconfirmed { .. } => {}
                    Lookup::Known(status) => return Ok(Some(status)),
                    Lookup::Nothing => return Ok(None),
                }
            }
            let status = match logged {
                Some(logged) if logged.counts(now) && logged.state != StatusKind::Undone => {
                    Some(logged)
                }
                _ => {
                    // An entry that lapsed since may have been dropped. A newer snapshot does not
                    // have it.
                    self.load_snapshot(feed, now, notices).await?;
                    if self.read().index.snapshot_sequence() != hit.sequence {
                        continue;
                    }
                    let held = match hit.look_up(feed, mark).await {
                        // A newer snapshot drops its pages.
                        Err(SnapshotReadError::NotBelieved(_)) if attempt < ATTEMPTS => continue,
                        held => held.map_err(unavailable)?,
                    };
                    let held = held.filter(|held| held.counts(now));
                    // A relay's answer may not have the end of the log yet.
                    let end = self.read().trace.end().sequence;
                    let undone_later = logged.is_some_and(|logged| logged.sequence > end);
                    if let Some(held) = held
                        && !undone_later
                    {
                        notices.push(format!(
                            "ALERT: a revocation that the snapshot of record {} has is not in the log any more: \
                             somebody took its record out; it counts",
                            held.sequence
                        ));
                    }
                    held
                }
            };
            if self.read().index.confirm(hit.sequence, mark, status) {
                return Ok(status);
            }
        }
        Err(Unavailable::new("one snapshot after another came in between"))
    }

    /// Returns the state that the records with a mark come to.
    async fn logged(
        &self,
        feed: &impl RevocationFeed,
        mark: LookupTag,
    ) -> Result<Option<RevocationStatus>, Unavailable> {
        let mut status = None;
        for record in feed.marked(&mark.to_string()).await? {
            let entry =
                open(&self.secrets, &record).map_err(|error| Unavailable::new(alert(&error)))?;
            status = RevocationStatus::of(&entry).map(|one| one.after(status)).or(status);
        }
        Ok(status)
    }
}

fn unavailable(error: SnapshotReadError) -> Unavailable {
    match error {
        SnapshotReadError::Unavailable(error) => error,
        SnapshotReadError::NotBelieved(why) => Unavailable::new(why.alert()),
    }
}
