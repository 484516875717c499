//! Replaces one snapshot by the next, and forgets no revocation.
//!
//! An attacker who can write to the store can make an administrator compact a log from which
//! records were taken out. So a snapshot counts as it is only if its last record was read, in its
//! place. A snapshot of records that were not read must have the held one among its ancestors. Then
//! a known revocation that it lacks stays, unless an entry of the log took it back.

use std::collections::HashSet;

use edge_auth_token::Timestamp;

use super::{PollError, Replica, unread};
use crate::platform::{RevocationFeed, Unavailable};
use crate::revocation::chain::Cursor;
use crate::revocation::index::Missing;
use crate::revocation::record::open;
use crate::revocation::snapshot::{Snapshot, SnapshotReadError};
use crate::revocation::status::{RevocationStatus, StatusKind};
use crate::revocation::trace::Relation;

impl Replica {
    /// Loads the newest snapshot, if it is newer than the held one. A damaged one adds a notice,
    /// and the log is read instead.
    pub(super) async fn load_snapshot(
        &self,
        feed: &impl RevocationFeed,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<(), Unavailable> {
        let mut newest = feed.snapshot().await?;
        loop {
            let known = self.read().index.snapshot_sequence();
            let Some(record) = newest.filter(|record| record.sequence > known) else {
                return Ok(());
            };
            let why = match Snapshot::read(feed, &self.secrets, &record).await {
                Ok(snapshot) => return self.succeed(feed, snapshot, now, notices).await,
                Err(SnapshotReadError::Unavailable(error)) => return Err(error),
                Err(SnapshotReadError::NotBelieved(why)) => why,
            };
            // A newer snapshot may have replaced it, and dropped its parts.
            newest = feed.snapshot().await?.filter(|newest| newest.sequence > record.sequence);
            if newest.is_none() {
                notices.push(format!("{}; the log is read instead", why.alert()));
            }
        }
    }

    async fn succeed(
        &self,
        feed: &impl RevocationFeed,
        snapshot: Snapshot,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<(), Unavailable> {
        let place = snapshot.end;
        let ahead = {
            let state = self.read();
            !state.knows_nothing() && state.trace.end().sequence < place.sequence
        };
        if ahead {
            match self.tail(feed, now).await {
                Ok(_) => {}
                Err(PollError::Behind) => return self.skip(feed, snapshot, now, notices).await,
                Err(trouble) => return Err(unread(trouble)),
            }
        }
        let mut state = self.write();
        // Another read may have been faster.
        if place.sequence <= state.index.snapshot_sequence() {
            return Ok(());
        }
        if state.knows_nothing() || state.trace.relation(place) == Relation::Same {
            state.trace.start_from(place);
            state.end_known_at = None;
            state.index.start_from(snapshot, self.seed);
            return Ok(());
        }
        Err(other_log(place))
    }

    /// Takes a snapshot in place of records that were dropped before they were read.
    async fn skip(
        &self,
        feed: &impl RevocationFeed,
        snapshot: Snapshot,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<(), Unavailable> {
        let missing = self.read().index.missing_in(&snapshot, now);
        let mut taken_back = HashSet::new();
        for one in &missing {
            if self.is_taken_back(feed, one, snapshot.end).await? {
                taken_back.insert(one.mark);
            }
        }
        let (mut state, place) = (self.write(), snapshot.end);
        let held = state.index.snapshot();
        if held.is_some_and(|end| place.sequence <= end.sequence) {
            return Ok(());
        }
        if held.is_some_and(|end| !snapshot.ancestors.contains(&end)) {
            return Err(other_log(place));
        }
        if missing.len() > taken_back.len() {
            notices.push(format!(
                "ALERT: the snapshot of record {} lacks what is known, and nothing took that back: somebody \
                 changed the log; what is known counts",
                place.sequence
            ));
        }
        state.index.pin(&snapshot, &taken_back);
        state.index.start_from(snapshot, self.seed);
        state.trace.start_from(place);
        state.end_known_at = None;
        state.news.skipped = true;
        Ok(())
    }

    /// Whether an entry that the snapshot covers took back what it lacks.
    async fn is_taken_back(
        &self,
        feed: &impl RevocationFeed,
        missing: &Missing,
        end: Cursor,
    ) -> Result<bool, Unavailable> {
        let Missing { mark, status, at } = missing;
        for record in feed.marked(&mark.to_string()).await? {
            // A record that is not believed takes nothing back.
            let Ok(entry) = open(&self.secrets, &record) else { continue };
            let undone =
                RevocationStatus::of(&entry).is_some_and(|one| one.state == StatusKind::Undone);
            let later =
                (status.sequence + 1..=end.sequence).contains(&entry.sequence) && entry.at >= *at;
            if undone && later && entry.mark == *mark {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn other_log(place: Cursor) -> Unavailable {
    Unavailable::new(format!(
        "ALERT: the snapshot of record {} is not of the log that was read: an older store was put back, or \
         somebody changed the log",
        place.sequence
    ))
}
