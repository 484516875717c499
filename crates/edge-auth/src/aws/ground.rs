//! The rules of a policy in the language of IAM's resources, as far as that can say them.
//!
//! IAM's `*` crosses slashes. `/orders/{id}` is therefore said in two: `/orders/?*` is allowed and
//! `/orders/*/*` is denied. A deny binds every rule, so it may forbid what another rule allows; then
//! it cannot be said, and nothing but the very call is.

use super::glob::Shape;
use crate::policy::{Access, Policy};
use crate::route::{PathPattern, Route};

/// The methods that API Gateway takes. One by one: a `*` for the method would match a path, too.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// All rules, and how they lie to each other.
#[derive(Debug)]
pub(crate) struct Ground {
    places: Vec<Place>,
    /// For each pair of rules, one row for each first rule.
    meetings: Vec<Vec<Meeting>>,
}

/// One rule.
#[derive(Debug)]
struct Place {
    methods: Vec<&'static str>,
    /// What the rule matches.
    shapes: Vec<Shape>,
    /// Globs that match all of it, and more.
    cover: Vec<String>,
    /// Globs of the more. All of it, if the rule can be said.
    beyond: Vec<String>,
    /// Why it cannot be said.
    unsaid: Option<&'static str>,
}

/// How one rule lies to another with which it has a method in common.
#[derive(Debug, Clone, Copy, Default)]
struct Meeting {
    /// Some paths are matched by both.
    overlap: bool,
    /// The first one's cover matches a path of the other's.
    cover: bool,
    /// The more of the first one's cover does.
    beyond: bool,
}

/// What somebody may reach: methods and globs.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub allow: Vec<String>,
    pub deny: Vec<String>,
}

/// Rules that resources cannot say, so that no answer about them may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsaid {
    /// The rule's name.
    pub rule: String,
    /// Why.
    pub why: String,
}

impl Ground {
    pub(crate) fn new(routes: &[Route]) -> Self {
        let places: Vec<Place> = routes.iter().map(Place::new).collect();
        let meetings = places.iter().map(|one| places.iter().map(|other| one.meeting(other)).collect());
        Self { meetings: meetings.collect(), places }
    }

    /// What may be reached by somebody whom these rules let through; `None` if that cannot be said.
    pub(super) fn reach(&self, passes: &[bool]) -> Option<Reach> {
        let passes = |rule: usize| passes.get(rule).is_some_and(|passes| *passes);
        let said = |rule: usize| self.places.get(rule).is_some_and(|place| place.unsaid.is_none());
        let allowed: Vec<usize> =
            (0..self.places.len()).filter(|rule| passes(*rule) && said(*rule)).collect();
        let mut reach = Reach::default();
        for (rule, place) in self.places.iter().enumerate() {
            let meets = |other: usize| self.meeting(rule, other);
            if allowed.contains(&rule) {
                if allowed.iter().any(|other| meets(*other).beyond) {
                    return None;
                }
                place.say(&place.cover, &mut reach.allow);
                place.say(&place.beyond, &mut reach.deny);
            } else if !passes(rule) && allowed.iter().any(|other| *other > rule && meets(*other).overlap) {
                // It decides first, and says no.
                let forbids_more = |other: &usize| match *other > rule && place.unsaid.is_none() {
                    true => meets(*other).beyond,
                    false => meets(*other).cover,
                };
                if allowed.iter().any(forbids_more) {
                    return None;
                }
                place.say(&place.cover, &mut reach.deny);
            }
        }
        Some(reach)
    }

    /// What [`Self::reach`] may fail to say, for some caller.
    pub(crate) fn unsaid(&self, policy: &Policy) -> Vec<Unsaid> {
        let name = |rule: usize| policy.rules.get(rule).map_or_else(String::new, |rule| rule.name.clone());
        let public =
            |rule: usize| policy.rules.get(rule).is_some_and(|one| matches!(one.access, Access::Public));
        let mut unsaid = Vec::new();
        for (rule, place) in self.places.iter().enumerate() {
            if let Some(why) = place.unsaid {
                unsaid.push(Unsaid { rule: name(rule), why: why.to_owned() });
            }
            let denies = (rule + 1..self.places.len()).any(|later| self.meeting(rule, later).overlap);
            for other in (0..self.places.len()).filter(|other| *other != rule) {
                let meeting = self.meeting(rule, other);
                let both = place.unsaid.is_none() && meeting.beyond;
                let before = !public(rule) && denies && other < rule && meeting.cover;
                if both || before {
                    let why = format!(
                        "what would have to be denied beside it is allowed by rule `{}`: `*` crosses slashes",
                        name(other)
                    );
                    unsaid.push(Unsaid { rule: name(rule), why });
                }
            }
        }
        unsaid
    }

    fn meeting(&self, rule: usize, other: usize) -> Meeting {
        self.meetings.get(rule).and_then(|row| row.get(other)).copied().unwrap_or_default()
    }
}

impl Place {
    fn new(route: &Route) -> Self {
        let methods = METHODS.into_iter().filter(|method| route.methods.contains(method)).collect();
        let mut place = Self {
            methods,
            shapes: Vec::new(),
            cover: Vec::new(),
            beyond: Vec::new(),
            unsaid: route.host.is_some().then_some("it is for certain hosts, and resources name none"),
        };
        place.draw(&route.path);
        place
    }

    fn draw(&mut self, path: &PathPattern) {
        let mut shape = Shape::default();
        // The parts of the glob between its captures.
        let mut parts = vec![String::new()];
        for segment in path.segments() {
            shape.literal("/");
            let Some(last) = parts.last_mut() else { continue };
            last.push('/');
            match segment {
                Some(literal) => {
                    shape.literal(literal);
                    if literal.chars().all(is_plain) {
                        last.push_str(literal);
                    } else {
                        last.push('*');
                        self.unsaid = Some("its path has characters that are percent-encoded on their way");
                    }
                }
                None => {
                    shape.segment();
                    parts.push(String::new());
                }
            }
        }
        let glob = parts.join("?*");
        let captures = parts.len() - 1;
        self.beyond = (0..captures).map(|wide| widened(&parts, wide)).collect();
        self.cover = vec![glob.clone()];
        if path.has_rest() {
            if captures > 0 {
                self.unsaid = Some("after a `{segment}` its `{*rest}` cannot be told from more segments");
            }
            // What is left of the pattern may be nothing at all: `/{*rest}` has no path without a slash.
            self.cover.retain(|glob| !glob.is_empty());
            self.cover.push(format!("{glob}/*"));
            let mut below = shape.clone();
            below.literal("/");
            below.anything();
            self.shapes.push(below);
        }
        self.shapes.push(shape);
    }

    fn meeting(&self, other: &Self) -> Meeting {
        if !self.methods.iter().any(|method| other.methods.contains(method)) {
            return Meeting::default();
        }
        let meets = |globs: &[String]| {
            let globs: Vec<Shape> = globs.iter().map(|glob| Shape::of_glob(glob)).collect();
            globs.iter().any(|glob| other.shapes.iter().any(|shape| glob.meets(shape)))
        };
        let overlap = self.shapes.iter().any(|shape| other.shapes.iter().any(|theirs| shape.meets(theirs)));
        Meeting { overlap, cover: meets(&self.cover), beyond: meets(&self.beyond) }
    }

    fn say(&self, globs: &[String], said: &mut Vec<String>) {
        for method in &self.methods {
            said.extend(globs.iter().map(|glob| format!("{method}{glob}")));
        }
    }
}

/// The glob with room for a slash in the capture after this part, which no path of the rule has.
fn widened(parts: &[String], wide: usize) -> String {
    let mut glob = String::new();
    for (index, part) in parts.iter().enumerate() {
        glob.push_str(part);
        if index + 1 < parts.len() {
            glob.push_str(if index == wide { "*/*" } else { "*" });
        }
    }
    glob
}

/// What stands in a request's path as it stands in a rule's, and means nothing to IAM.
fn is_plain(char: char) -> bool {
    char.is_ascii_graphic() && !matches!(char, '%' | '*' | '?' | '\\' | ';' | '#')
}
