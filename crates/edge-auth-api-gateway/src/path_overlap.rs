//! Whether IAM's globs for one rule match paths of another, compared segment by segment.
//!
//! A capture's glob takes one segment or more, since `*` crosses slashes. So a comparison keeps,
//! for each segment of the rule, after which segments of the path its globs can end there: steps
//! for each pair of segments, instead of one for each pair of characters.

use edge_auth::route::{PathPattern, Segment};

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
    Text(String),
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

/// How the globs came to the end of a segment, as a set of bits.
type Ways = u8;
/// Each capture took some text.
const SUPERSET: Ways = 1;
/// Each capture took one segment at most, which may be empty.
const WITHIN: Ways = 2;
/// A capture took several segments, and the others any text.
const BEYOND: Ways = 4;

impl GlobPath {
    /// Returns the globs with any text before them: what a glob for all methods matches beyond the
    /// path.
    pub(super) fn below_anything(&self) -> Self {
        let segments =
            std::iter::once(GlobSegment::anything()).chain(self.segments.iter().cloned()).collect();
        Self { segments, below: self.below }
    }

    /// Returns how the globs meet the paths of a pattern.
    pub(super) fn overlap(&self, path: &PathPattern) -> GlobOverlap {
        let mut comparison =
            Comparison { path: path.segments(), has_rest: path.has_rest(), found: 0 };
        comparison.run(self);
        GlobOverlap {
            superset: comparison.found & SUPERSET != 0,
            overmatch: comparison.found & BEYOND != 0,
        }
    }
}

impl GlobSegment {
    /// Returns what stands for a text that IAM cannot express.
    pub(super) fn anything() -> Self {
        Self::Wild { prefix: String::new(), suffix: String::new(), is_capture: false }
    }
}

struct Comparison<'a> {
    path: &'a [Segment],
    /// Any text may follow the path's segments, after a slash.
    has_rest: bool,
    /// The ways in which the globs match a whole path.
    found: Ways,
}

impl Comparison<'_> {
    fn run(&mut self, globs: &GlobPath) {
        let Some(start) = self.agreed_start(&globs.segments) else { return };
        if !self.may_agree_at_end(globs) {
            return;
        }
        // The ways to have matched so many segments of the path by the globs so far.
        let mut ways = vec![0; self.path.len() + 1];
        if let Some(first) = ways.get_mut(start) {
            *first = SUPERSET | WITHIN;
        }
        let mut left = globs.segments.get(start..).unwrap_or_default();
        while let Some((segment, rest)) = left.split_first() {
            if self.has_rest
                && let Some(at_end) = ways.last()
            {
                self.match_by_rest(*at_end, left);
            }
            match segment {
                GlobSegment::Text(text) => self.take_text(text, &mut ways),
                GlobSegment::Wild { prefix, suffix, is_capture } => {
                    let open = self.take_wild(prefix, suffix, *is_capture, &mut ways);
                    if self.has_rest {
                        self.match_by_rest(open, rest);
                    }
                }
            }
            left = rest;
        }
        if let Some((at_end, before)) = ways.split_last() {
            self.found |= at_end;
            // `/*` takes at least a slash.
            if globs.below {
                let further = if self.has_rest { *at_end } else { 0 };
                self.found |= before.iter().fold(further, |all, ways| all | ways) & SUPERSET;
            }
        }
    }

    /// Returns the number of texts at the beginning of the globs, if the path begins with them.
    fn agreed_start(&self, globs: &[GlobSegment]) -> Option<usize> {
        let mut agreed = 0;
        for (glob, segment) in globs.iter().zip(self.path) {
            let GlobSegment::Text(text) = glob else { break };
            if !compared(segment.is_match(text)) {
                return None;
            }
            agreed += 1;
        }
        Some(agreed)
    }

    /// Returns whether the path is long enough and its last segment fits, where nothing takes more
    /// than they have.
    fn may_agree_at_end(&self, globs: &GlobPath) -> bool {
        if self.has_rest {
            return true;
        }
        if globs.segments.len() > self.path.len() {
            return false;
        }
        match (globs.segments.last(), self.path.last()) {
            (Some(GlobSegment::Text(text)), Some(segment)) if !globs.below => {
                compared(segment.is_match(text))
            }
            _ => true,
        }
    }

    /// Matches the globs that are left by the text after the path's segments.
    fn match_by_rest(&mut self, ways: Ways, left: &[GlobSegment]) {
        self.found |= ways;
        let has_capture = left
            .iter()
            .any(|segment| matches!(segment, GlobSegment::Wild { is_capture: true, .. }));
        if has_capture && ways & WITHIN != 0 {
            self.found |= BEYOND;
        }
    }

    /// Takes one segment that can be this text.
    fn take_text(&self, text: &str, ways: &mut [Ways]) {
        let mut here = std::mem::take(ways.first_mut().unwrap_or(&mut 0));
        for (segment, next) in self.path.iter().zip(ways.iter_mut().skip(1)) {
            let taken = if here != 0 && compared(segment.is_match(text)) { here } else { 0 };
            here = std::mem::replace(next, taken);
        }
    }

    /// Takes one segment or more: the first begins with the prefix, the last ends with the suffix.
    /// Returns the ways in which it can take the path to its end, and go on.
    fn take_wild(&self, prefix: &str, suffix: &str, is_capture: bool, ways: &mut [Ways]) -> Ways {
        // The ways in which it began in an earlier segment.
        let mut open = 0;
        let mut here = std::mem::take(ways.first_mut().unwrap_or(&mut 0));
        for (segment, next) in self.path.iter().zip(ways.iter_mut().skip(1)) {
            let mut taken = 0;
            if open != 0 && compared(can_end_with(segment, suffix)) {
                taken |= open;
            }
            if here != 0 {
                if compared(has_text_between(segment, prefix, suffix)) {
                    taken |= here;
                } else if is_affix_only(segment, prefix, suffix) {
                    taken |= if is_capture { here & !SUPERSET } else { here };
                }
                if can_begin_with(segment, prefix) {
                    open |= if is_capture && here & WITHIN != 0 { here | BEYOND } else { here };
                    open &= if is_capture { !WITHIN } else { !0 };
                }
            }
            here = std::mem::replace(next, taken);
        }
        open
    }
}

/// Returns whether the segment can be some text between these texts.
fn has_text_between(segment: &Segment, prefix: &str, suffix: &str) -> bool {
    match segment {
        Segment::Literal(text) => {
            let inner = text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
            inner.is_some_and(|inner| !inner.is_empty())
        }
        Segment::Capture { .. } => can_begin_with(segment, prefix) && can_end_with(segment, suffix),
    }
}

/// Returns whether the segment can be exactly these two texts.
fn is_affix_only(segment: &Segment, prefix: &str, suffix: &str) -> bool {
    match segment {
        Segment::Literal(text) => text.strip_prefix(prefix) == Some(suffix),
        // A capture's text can be long enough for `has_text_between` wherever it can be this.
        Segment::Capture { .. } => false,
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

#[cfg(test)]
thread_local! {
    /// The number of compared segments.
    pub(super) static COMPARED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts a comparison of segments in tests.
fn compared(fits: bool) -> bool {
    #[cfg(test)]
    COMPARED.set(COMPARED.get() + 1);
    fits
}
