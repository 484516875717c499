//! One rule in the language of IAM's resources: what it matches, and what the globs for it match.

use super::authorizer::Api;
use super::glob::Shape;
use super::ground::Reach;
use crate::route::{PathPattern, Route};

/// The methods that API Gateway takes.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
/// All of them, and the beginning of any longer path.
const ANY: [&str; 1] = ["*"];

/// One rule.
#[derive(Debug)]
pub(super) struct Place {
    methods: Vec<&'static str>,
    /// Globs of the methods.
    written: Vec<&'static str>,
    /// What the rule matches.
    shapes: Vec<Shape>,
    /// Globs that match all of it, and more.
    cover: Globs,
    /// Globs of the more. All of it, if the rule can be said.
    beyond: Globs,
    /// Globs of what is matched beside, because a glob of the methods takes a part of the path.
    before: Vec<String>,
    /// Why it cannot be said.
    unsaid: Option<&'static str>,
}

/// How one rule lies to another with which it has a method in common.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Meeting {
    /// Some paths are matched by both.
    pub overlap: bool,
    /// The first one's cover matches a path of the other's.
    pub cover: bool,
    /// The more of the first one's cover does.
    pub beyond: bool,
}

/// Globs of paths, as text and as what they match.
#[derive(Debug, Default)]
struct Globs {
    texts: Vec<String>,
    shapes: Vec<Shape>,
}

impl Globs {
    fn of(texts: Vec<String>) -> Self {
        Self { shapes: texts.iter().map(|glob| Shape::of_glob(glob)).collect(), texts }
    }

    fn meet(&self, place: &Place) -> bool {
        self.shapes.iter().any(|glob| place.shapes.iter().any(|shape| glob.meets(shape)))
    }
}

impl Place {
    pub(super) fn new(route: &Route) -> Self {
        let methods: Vec<_> = METHODS.into_iter().filter(|method| route.methods.contains(method)).collect();
        let mut place = Self {
            written: methods.clone(),
            methods,
            shapes: Vec::new(),
            cover: Globs::default(),
            beyond: Globs::default(),
            before: Vec::new(),
            unsaid: route.host.is_some().then_some("it is for certain hosts, and resources name none"),
        };
        place.draw(&route.path);
        place
    }

    /// Writes what is for all methods shorter, by one glob for them: where no rule, this one included, has
    /// a path that this one's could be the end of. No rule may be for a method that API Gateway does not
    /// take: that glob would be, too.
    pub(super) fn shorten(places: &mut [Self], routes: &[Route]) {
        let mut listed = routes.iter().filter_map(|route| route.methods.names()).flatten();
        if !listed.all(|method| METHODS.contains(&method)) {
            return;
        }
        let before = |place: &Self, route: &Route| {
            let before = Globs::of(place.cover.texts.iter().map(|glob| format!("/*{glob}")).collect());
            let alone = route.methods.names().is_none() && !places.iter().any(|other| before.meet(other));
            alone.then_some(before.texts)
        };
        let found: Vec<_> = places.iter().zip(routes).map(|(place, route)| before(place, route)).collect();
        for (place, before) in places.iter_mut().zip(found) {
            if let Some(before) = before {
                place.written = ANY.to_vec();
                place.before = before;
            }
        }
    }

    /// Why the rule cannot be said for this kind of API.
    pub(super) fn unsaid(&self, api: Api) -> Option<&'static str> {
        let wild = api == Api::Http && self.is_wild();
        let decoded =
            "an HTTP API hands over a decoded path, and `*` takes what the gate would refuse in one";
        self.unsaid.or_else(|| wild.then_some(decoded))
    }

    /// Whether it is said by wildcards.
    pub(super) fn is_wild(&self) -> bool {
        self.cover.texts.iter().any(|glob| glob.contains('*'))
    }

    /// The length of its longest resource, in characters, from the method on.
    pub(super) fn longest(&self) -> usize {
        let globs = self.cover.texts.iter().chain(&self.beyond.texts).chain(&self.before);
        let method = self.written.iter().map(|method| method.len()).max();
        globs.map(String::len).max().unwrap_or_default() + method.unwrap_or_default()
    }

    /// Says that the rule lets the caller through.
    pub(super) fn allow(&self, reach: &mut Reach) {
        self.say(&self.cover.texts, &mut reach.allow);
        self.say(&self.beyond.texts, &mut reach.deny);
        self.say(&self.before, &mut reach.deny);
    }

    /// Says that the rule does not.
    pub(super) fn deny(&self, reach: &mut Reach) {
        self.say(&self.cover.texts, &mut reach.deny);
    }

    pub(super) fn meeting(&self, other: &Self) -> Meeting {
        if !self.methods.iter().any(|method| other.methods.contains(method)) {
            return Meeting::default();
        }
        let overlap = self.shapes.iter().any(|shape| other.shapes.iter().any(|theirs| shape.meets(theirs)));
        Meeting { overlap, cover: self.cover.meet(other), beyond: self.beyond.meet(other) }
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
        self.beyond = Globs::of((0..captures).map(|wide| widened(&parts, wide)).collect());
        let mut cover = vec![glob.clone()];
        if path.has_rest() {
            if captures > 0 {
                self.unsaid = Some("after a `{segment}` its `{*rest}` cannot be told from more segments");
            }
            // What is left of the pattern may be nothing at all: `/{*rest}` has no path without a slash.
            cover.retain(|glob| !glob.is_empty());
            cover.push(format!("{glob}/*"));
            let mut below = shape.clone();
            below.literal("/");
            below.anything();
            self.shapes.push(below);
        }
        self.cover = Globs::of(cover);
        self.shapes.push(shape);
    }

    fn say(&self, globs: &[String], said: &mut Vec<String>) {
        for method in &self.written {
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
