//! Whether IAM's globs for one rule match paths of another, compared segment by segment.
//!
//! A capture's glob takes one segment or more, since `*` crosses slashes. So a comparison keeps the
//! set of segments of the path after which the rule's globs can have come to the end of one of
//! theirs: a bit for each segment, and a few operations for each segment of the rule.

use std::hash::{DefaultHasher, Hash, Hasher};

use edge_auth::route::{PathPattern, Segment};

/// The most segments of a path that are compared. A resource that IAM takes rarely has more.
pub(super) const MAX_SEGMENTS: usize = 63;

/// The paths of a rule.
#[derive(Debug)]
pub(super) struct PathShape {
    segments: Vec<PathSegment>,
    /// The segments that can have some text.
    nonempty: Set,
    /// The segments that are a whole `{capture}`.
    captures: Set,
    /// Any text may follow the segments, after a slash.
    has_rest: bool,
}

/// Segments by their places, as bits; or, for globs, how many segments they can have taken.
type Set = u64;

#[derive(Debug)]
struct PathSegment {
    segment: Segment,
    /// The hash of a literal: most differ by it.
    hash: u64,
}

/// The globs for a rule's path, as segments.
#[derive(Debug, Default)]
pub(super) struct GlobPath {
    pub segments: Vec<GlobSegment>,
    /// Whether they also match everything below the path (`{*rest}`).
    pub below: bool,
}

/// What stands for one segment of a rule's path.
#[derive(Debug, Clone)]
pub(super) enum GlobSegment {
    /// Exactly this text.
    Text { text: String, hash: u64 },
    /// `?*` between two texts, or `*` where IAM cannot express a text.
    Wild {
        prefix: String,
        suffix: String,
        /// Whether it stands for a `{capture}`: then it is not empty.
        is_capture: bool,
    },
}

/// Whether the globs of a rule match a path of another rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct GlobOverlap {
    /// The globs for the rule's paths do.
    pub superset: bool,
    /// Those for the paths beyond it do, where a capture takes more than one segment.
    pub overmatch: bool,
}

/// How many segments of the path the globs can have taken.
#[derive(Clone, Copy)]
struct Taken {
    /// With some text for each capture.
    superset: Set,
    /// With one segment at most for each capture, which may be empty.
    within: Set,
    /// With several segments for a capture, and any text for the others.
    beyond: Set,
}

impl GlobSegment {
    pub(super) fn text(text: &str) -> Self {
        Self::Text { text: text.to_owned(), hash: hash(text) }
    }

    /// Returns what stands for a text that IAM cannot express.
    pub(super) fn anything() -> Self {
        Self::Wild { prefix: String::new(), suffix: String::new(), is_capture: false }
    }

    fn is_capture(&self) -> bool {
        matches!(self, Self::Wild { is_capture: true, .. })
    }
}

impl GlobPath {
    /// Returns the globs with any text before them: what a glob for all methods matches beyond the
    /// path.
    pub(super) fn below_anything(&self) -> Self {
        let anything = std::iter::once(GlobSegment::anything());
        Self {
            segments: anything.chain(self.segments.iter().cloned()).collect(),
            below: self.below,
        }
    }

    /// Returns how the globs meet the paths of a rule.
    pub(super) fn overlap(&self, path: &PathShape) -> GlobOverlap {
        let mut found = GlobOverlap::default();
        // Each takes at least one segment.
        if !path.has_rest && self.segments.len() > path.segments.len() {
            return found;
        }
        let end: Set = 1 << path.segments.len();
        let mut taken = Taken { superset: 1, within: 1, beyond: 0 };
        let mut left = self.segments.as_slice();
        while let Some((glob, after)) = left.split_first() {
            if path.has_rest {
                found.match_by_rest(taken.of(end), left);
            }
            taken = match glob {
                GlobSegment::Text { text, hash } => taken.text(path.equal_to(text, *hash)),
                GlobSegment::Wild { prefix, suffix, is_capture } => {
                    let begin = path.beginning_with(prefix);
                    if path.has_rest {
                        found.match_by_rest(taken.crossing(begin, *is_capture), after);
                    }
                    taken.wild(path, (prefix, suffix), begin, *is_capture)
                }
            };
            if taken.is_nothing() {
                return found;
            }
            left = after;
        }
        found.superset |= taken.superset & end != 0;
        found.overmatch |= taken.beyond & end != 0;
        if self.below {
            // `/*` takes at least a slash.
            let further = if path.has_rest { end } else { 0 };
            found.superset |= taken.superset & (further | (end - 1)) != 0;
        }
        found
    }
}

impl GlobOverlap {
    /// Matches the globs that are left by the text after the path's segments.
    fn match_by_rest(&mut self, taken: Taken, left: &[GlobSegment]) {
        self.superset |= taken.superset != 0;
        self.overmatch |= taken.beyond != 0;
        self.overmatch |= taken.within != 0 && left.iter().any(GlobSegment::is_capture);
    }
}

impl Taken {
    fn is_nothing(self) -> bool {
        self.superset | self.within | self.beyond == 0
    }

    /// Returns these alone.
    fn of(self, only: Set) -> Self {
        Self {
            superset: self.superset & only,
            within: self.within & only,
            beyond: self.beyond & only,
        }
    }

    /// Takes one of these segments.
    fn text(self, equal: Set) -> Self {
        let Self { superset, within, beyond } = self.of(equal);
        Self { superset: superset << 1, within: within << 1, beyond: beyond << 1 }
    }

    /// Returns these as they are once a glob takes several segments.
    fn crossing(self, begin: Set, is_capture: bool) -> Self {
        let Self { superset, within, beyond } = self.of(begin);
        match is_capture {
            true => Self { superset, within: 0, beyond: beyond | within },
            false => Self { superset, within, beyond },
        }
    }

    /// Takes one segment or more: the first begins with the prefix, the last ends with the suffix.
    fn wild(
        self,
        path: &PathShape,
        (prefix, suffix): (&str, &str),
        begin: Set,
        is_capture: bool,
    ) -> Self {
        let filled = path.with_text_between(prefix, suffix);
        let any = filled | path.equal_to_both(prefix, suffix);
        let one = Self {
            superset: self.superset & if is_capture { filled } else { any },
            within: self.within & any,
            beyond: self.beyond & any,
        };
        let end = path.ending_with(suffix);
        let several = self.crossing(begin, is_capture);
        Self {
            superset: (one.superset | (end & above_lowest(several.superset))) << 1,
            within: (one.within | (end & above_lowest(several.within))) << 1,
            beyond: (one.beyond | (end & above_lowest(several.beyond))) << 1,
        }
    }
}

/// Returns all places after the first of the set.
fn above_lowest(set: Set) -> Set {
    match set {
        0 => 0,
        set => !(set ^ (set - 1)),
    }
}

impl PathShape {
    /// Makes the shape of a pattern. One with more than [`MAX_SEGMENTS`] may have any text after
    /// them.
    pub(super) fn new(path: &PathPattern) -> Self {
        let has_rest = path.has_rest() || path.segments().len() > MAX_SEGMENTS;
        let mut shape = Self { segments: Vec::new(), nonempty: 0, captures: 0, has_rest };
        for (place, segment) in path.segments().iter().take(MAX_SEGMENTS).enumerate() {
            let hash = match segment {
                Segment::Literal(text) => {
                    shape.nonempty |= Set::from(!text.is_empty()) << place;
                    hash(text)
                }
                Segment::Capture { prefix, suffix, .. } => {
                    shape.nonempty |= 1 << place;
                    shape.captures |= Set::from(prefix.is_empty() && suffix.is_empty()) << place;
                    0
                }
            };
            shape.segments.push(PathSegment { segment: segment.clone(), hash });
        }
        shape
    }

    fn all(&self) -> Set {
        (1 << self.segments.len()) - 1
    }

    /// Returns the segments that can be this text.
    fn equal_to(&self, text: &str, hash: u64) -> Set {
        let mut equal = if text.is_empty() { 0 } else { self.captures };
        for (place, PathSegment { segment, hash: own }) in self.segments.iter().enumerate() {
            let fits = match segment {
                Segment::Literal(literal) => *own == hash && compared(literal == text),
                Segment::Capture { .. } => {
                    self.captures & (1 << place) == 0 && compared(segment.is_match(text))
                }
            };
            equal |= Set::from(fits) << place;
        }
        equal
    }

    /// Returns the segments that can be some text between these.
    fn with_text_between(&self, prefix: &str, suffix: &str) -> Set {
        if prefix.is_empty() && suffix.is_empty() {
            return self.nonempty;
        }
        self.such(|segment| match segment {
            Segment::Literal(text) => {
                let inner = text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
                inner.is_some_and(|inner| !inner.is_empty())
            }
            Segment::Capture { .. } => {
                can_begin_with(segment, prefix) && can_end_with(segment, suffix)
            }
        })
    }

    /// Returns the segments that can be exactly these two texts, and nothing with text between
    /// them: a capture that can be the one can be the other.
    fn equal_to_both(&self, prefix: &str, suffix: &str) -> Set {
        if prefix.is_empty() && suffix.is_empty() {
            return self.all() & !self.nonempty;
        }
        self.such(|segment| match segment {
            Segment::Literal(text) => text.strip_prefix(prefix) == Some(suffix),
            Segment::Capture { .. } => false,
        })
    }

    fn beginning_with(&self, prefix: &str) -> Set {
        if prefix.is_empty() {
            return self.all();
        }
        self.such(|segment| can_begin_with(segment, prefix))
    }

    fn ending_with(&self, suffix: &str) -> Set {
        if suffix.is_empty() {
            return self.all();
        }
        self.such(|segment| can_end_with(segment, suffix))
    }

    fn such(&self, fits: impl Fn(&Segment) -> bool) -> Set {
        let mut such = 0;
        for (place, PathSegment { segment, .. }) in self.segments.iter().enumerate() {
            such |= Set::from(compared(fits(segment))) << place;
        }
        such
    }
}

fn can_begin_with(segment: &Segment, begin: &str) -> bool {
    match segment {
        Segment::Literal(text) => text.starts_with(begin),
        Segment::Capture { prefix, .. } => prefix.starts_with(begin) || begin.starts_with(prefix),
    }
}

fn can_end_with(segment: &Segment, end: &str) -> bool {
    match segment {
        Segment::Literal(text) => text.ends_with(end),
        Segment::Capture { suffix, .. } => suffix.ends_with(end) || end.ends_with(suffix),
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
thread_local! {
    /// The number of texts that were compared.
    pub(super) static COMPARED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts a comparison of texts in tests.
fn compared(fits: bool) -> bool {
    #[cfg(test)]
    COMPARED.set(COMPARED.get() + 1);
    fits
}
