//! The rules of a policy in the language of IAM's resources, as far as that can say them.
//!
//! IAM's `*` crosses slashes. `/orders/{id}` is therefore said in two: `/orders/?*` is allowed and
//! `/orders/*/*` is denied. A deny binds every rule, so it may forbid what another rule allows; then
//! it cannot be said, and nothing but the very call is.

use std::sync::OnceLock;

use super::authorizer::Api;
use super::place::{Meeting, Place};
use crate::route::Route;

/// All rules, and how they lie to each other.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(super) places: Vec<Place>,
    /// For each rule, how it lies to each: worked out for the first caller who needs it.
    meetings: Vec<OnceLock<Vec<Meeting>>>,
}

/// What somebody may reach: methods and globs.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub allow: Vec<String>,
    pub deny: Vec<String>,
}

impl Ground {
    pub(crate) fn new(routes: &[Route]) -> Self {
        let mut places: Vec<Place> = routes.iter().map(Place::new).collect();
        Place::shorten(&mut places, routes);
        Self { meetings: places.iter().map(|_| OnceLock::new()).collect(), places }
    }

    /// What may be reached on such an API by somebody whom these rules let through; `None` if that
    /// cannot be said.
    pub(super) fn reach(&self, api: Api, passes: &[bool]) -> Option<Reach> {
        let passes = |rule: usize| passes.get(rule).is_some_and(|passes| *passes);
        let said = |rule: usize| self.places.get(rule).is_some_and(|place| place.unsaid(api).is_none());
        let allowed: Vec<usize> =
            (0..self.places.len()).filter(|rule| passes(*rule) && said(*rule)).collect();
        let mut reach = Reach::default();
        for (rule, place) in self.places.iter().enumerate() {
            let meets = |other: usize| self.meeting(rule, other);
            if allowed.binary_search(&rule).is_ok() {
                if allowed.iter().any(|other| meets(*other).beyond) {
                    return None;
                }
                place.allow(&mut reach);
            } else if !passes(rule) && allowed.iter().any(|other| *other > rule && meets(*other).overlap) {
                // It decides first, and says no.
                let forbids_more = |other: &usize| match *other > rule && place.unsaid(api).is_none() {
                    true => meets(*other).beyond,
                    false => meets(*other).cover,
                };
                if allowed.iter().any(forbids_more) {
                    return None;
                }
                place.deny(&mut reach);
            }
        }
        Some(reach)
    }

    pub(super) fn meeting(&self, rule: usize, other: usize) -> Meeting {
        let met = |one: &Place| self.places.iter().map(|other| one.meeting(other)).collect();
        let row =
            self.meetings.get(rule).zip(self.places.get(rule)).map(|(row, one)| row.get_or_init(|| met(one)));
        row.and_then(|row| row.get(other)).copied().unwrap_or_default()
    }
}
