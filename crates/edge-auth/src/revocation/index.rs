//! What an instance knows of the log, in memory: the gate asks it at every use of a credential.

use std::collections::HashMap;

use edge_auth_token::Timestamp;

use super::entry::Entry;
use super::snapshot::Snapshot;
use super::standing::Standing;
use super::target::{Mark, Marks};
use crate::cache::{Cache, Seed};

/// How many answers of the store about the filter's hits are remembered.
const CONFIRMED: usize = 10_000;
/// With fewer entries than these nobody looks for expired ones.
const SWEPT: usize = 1024;

/// A snapshot, and exactly what came after it.
#[derive(Debug)]
pub(crate) struct Index {
    snapshot: Option<Snapshot>,
    recent: HashMap<Mark, Standing, Seed>,
    /// What the store says of marks that the filter has.
    confirmed: Cache<Mark, Option<Standing>>,
    /// With so many recent entries, expired ones are looked for.
    sweep_at: usize,
}

/// What the index knows of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing was said of it.
    Nothing,
    /// This.
    Standing(Standing),
    /// The filter has it: the store knows.
    Perhaps,
}

impl Index {
    pub(super) fn new(seed: Seed) -> Self {
        Self {
            snapshot: None,
            recent: HashMap::with_hasher(seed),
            confirmed: Cache::new(CONFIRMED, seed),
            sweep_at: SWEPT,
        }
    }

    /// Takes a snapshot for all up to its last record. What is known of later ones stays.
    pub(super) fn start_from(&mut self, snapshot: Snapshot, seed: Seed) {
        self.recent.retain(|_, standing| standing.sequence > snapshot.sequence);
        self.recent.shrink_to_fit();
        self.confirmed = Cache::new(CONFIRMED, seed);
        self.snapshot = Some(snapshot);
    }

    /// Takes an entry in. To take it in again, or late, changes nothing.
    pub(super) fn apply(&mut self, entry: &Entry, now: Timestamp) {
        let Some(standing) = Standing::of(entry) else { return };
        if self.recent.len() >= self.sweep_at {
            self.recent.retain(|_, standing| standing.counts(now));
            self.sweep_at = SWEPT.max(self.recent.len() * 2);
        }
        let known = self.recent.get(&entry.mark).copied();
        let known = known.or_else(|| self.snapshot.as_ref()?.exactly(entry.mark));
        let both = known.map_or(standing, |known| known.and(standing));
        self.recent.insert(entry.mark, both);
    }

    /// What is known of a thing.
    pub(crate) fn find(&self, marks: &Marks) -> Found {
        let (mut found, mut perhaps): (Option<Standing>, bool) = (None, false);
        for mark in &marks.0 {
            let snapshot = self.snapshot.as_ref();
            let known = self.recent.get(mark).copied();
            match known.or_else(|| snapshot?.exactly(*mark)) {
                Some(standing) => found = Some(found.map_or(standing, |found| found.and(standing))),
                None if !snapshot.is_some_and(|snapshot| snapshot.perhaps(*mark)) => {}
                None => match self.confirmed.find(mark) {
                    Some(Some(standing)) => {
                        found = Some(found.map_or(standing, |found| found.and(standing)));
                    }
                    Some(None) => {}
                    None => perhaps = true,
                },
            }
        }
        match found {
            _ if perhaps => Found::Perhaps,
            Some(standing) => Found::Standing(standing),
            None => Found::Nothing,
        }
    }

    /// Remembers what the store says of a thing that the filter has.
    pub(super) fn confirm(&self, marks: &Marks, standing: Option<Standing>) {
        marks.0.iter().for_each(|mark| self.confirmed.insert(*mark, standing));
    }

    /// Whether nothing at all was ever said.
    pub(crate) fn is_empty(&self) -> bool {
        self.snapshot.is_none() && self.recent.is_empty()
    }

    /// The sequence of the snapshot's last record; 0 without one.
    pub(super) fn snapshot_sequence(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |snapshot| snapshot.sequence)
    }

    /// How many things are held that no snapshot has.
    pub(super) fn recent(&self) -> usize {
        self.recent.len()
    }
}
