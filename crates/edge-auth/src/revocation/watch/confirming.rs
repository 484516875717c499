//! What the snapshot's filter has is confirmed: by the log, or else by the snapshot's pages.

use edge_auth_token::Timestamp;

use super::{Trouble, Watch, unread};
use crate::platform::{RevocationFeed, Unavailable};
use crate::revocation::chain::alert;
use crate::revocation::index::Found;
use crate::revocation::record::open;
use crate::revocation::snapshot::Unread;
use crate::revocation::standing::{Standing, State};
use crate::revocation::target::{Mark, Marks};

/// How often a mark is looked up anew when a newer snapshot came in between.
const ATTEMPTS: usize = 3;

impl Watch {
    /// Asks the store about the marks that the filter has, and remembers the answers. What is told of
    /// is among the notices.
    pub(crate) async fn confirm(
        &self,
        feed: &impl RevocationFeed,
        known: Option<Standing>,
        open: &[Mark],
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<Option<Standing>, Unavailable> {
        let mut standing = known;
        for mark in open {
            let one = self.confirm_mark(feed, *mark, now, notices).await?;
            standing = one.map(|one| one.after(standing)).or(standing);
        }
        Ok(standing)
    }

    async fn confirm_mark(
        &self,
        feed: &impl RevocationFeed,
        mark: Mark,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<Option<Standing>, Unavailable> {
        for attempt in 1..=ATTEMPTS {
            let (hit, found) = {
                let state = self.read();
                (state.index.hit(mark), state.index.find(&Marks([mark].into()), now))
            };
            let hit = match (hit, found) {
                (Some(hit), Found::Perhaps { .. }) => hit,
                (_, Found::Standing(standing)) => return Ok(Some(standing)),
                (_, Found::Nothing | Found::Perhaps { .. }) => return Ok(None),
            };
            let logged = self.logged(feed, mark).await?;
            // What was said since counts in its place in the log, if it takes back what the snapshot has.
            if logged.is_some_and(|logged| logged.sequence > hit.sequence) {
                match self.tail(feed, now).await {
                    Ok(()) | Err(Trouble::Behind) => {}
                    Err(trouble) => return Err(unread(trouble)),
                }
                match self.read().index.find(&Marks([mark].into()), now) {
                    Found::Perhaps { .. } => {}
                    Found::Standing(standing) => return Ok(Some(standing)),
                    Found::Nothing => return Ok(None),
                }
            }
            let standing = match logged {
                Some(logged) if logged.counts(now) && logged.state != State::Undone => Some(logged),
                _ => {
                    // What lapsed since the snapshot may have been dropped: a newer one does not have it.
                    self.load_snapshot(feed, now, notices).await?;
                    if self.read().index.snapshot_sequence() != hit.sequence {
                        continue;
                    }
                    let held = match hit.look_up(feed, mark).await {
                        // Its pages are dropped when there is a newer one.
                        Err(Unread::NotBelieved(_)) if attempt < ATTEMPTS => continue,
                        held => held.map_err(unavailable)?,
                    };
                    let held = held.filter(|held| held.counts(now));
                    if let Some(held) = held {
                        notices.push(format!(
                            "ALERT: a revocation that the snapshot of record {} has is not in the log any more: \
                             somebody took its record out; it counts",
                            held.sequence
                        ));
                    }
                    held
                }
            };
            if self.read().index.confirm(hit.sequence, mark, standing) {
                return Ok(standing);
            }
        }
        Err(Unavailable::new("one snapshot after another came in between"))
    }

    /// What the records with a mark come to.
    async fn logged(&self, feed: &impl RevocationFeed, mark: Mark) -> Result<Option<Standing>, Unavailable> {
        let mut standing = None;
        for record in feed.marked(&mark.to_string()).await? {
            let entry = open(&self.secrets, &record).map_err(|error| Unavailable::new(alert(&error)))?;
            standing = Standing::of(&entry).map(|one| one.after(standing)).or(standing);
        }
        Ok(standing)
    }
}

fn unavailable(error: Unread) -> Unavailable {
    match error {
        Unread::Unavailable(error) => error,
        Unread::NotBelieved(why) => Unavailable::new(why.told()),
    }
}
