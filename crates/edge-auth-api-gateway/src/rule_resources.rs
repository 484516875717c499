//! One rule as IAM's resources: what the rule matches, and what the globs for it match.

#[cfg(test)]
mod character_sets;
#[cfg(test)]
mod tests;

use super::api_type::ApiType;
use super::path_overlap::{GlobOverlap, GlobPath, GlobSegment, MAX_SEGMENTS, PathShape};
use super::resource_lists::{ListSize, ResourceLists, json_bytes};
use edge_auth::route::{PathPattern, Route, Segment};

/// The methods that API Gateway takes.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
/// The glob for all of them, which also matches the beginning of a longer path.
const ANY: [&str; 1] = ["*"];

/// One rule, in the terms of IAM.
#[derive(Debug)]
pub(super) struct RuleResources {
    /// The methods of [`METHODS`], as bits.
    methods: u8,
    /// Globs for the methods.
    method_globs: Vec<&'static str>,
    /// The paths that the rule matches.
    path: PathPattern,
    shape: PathShape,
    /// The globs of `superset` and `overmatch`, to compare them with the paths of rules.
    globs: GlobPath,
    /// Globs that match every path of the rule, and maybe more.
    superset: Vec<String>,
    /// Globs for the paths that `superset` matches beyond the rule.
    overmatch: Vec<String>,
    /// Globs for the paths that a glob of `method_globs` matches beyond the rule, by taking a part
    /// of the path.
    method_overmatch: Vec<String>,
    /// Why IAM cannot express the rule.
    inexpressible: Option<&'static str>,
}

/// How the paths of one rule overlap those of another, if they have a method in common.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Overlap {
    /// Some paths are matched by both.
    pub paths: bool,
    /// The first one's `superset` matches a path of the other's.
    pub superset: bool,
    /// The first one's `overmatch` does.
    pub overmatch: bool,
}

impl RuleResources {
    pub(super) fn new(route: &Route) -> Self {
        let mut rule = Self {
            methods: 0,
            method_globs: Vec::new(),
            path: route.path.clone(),
            shape: PathShape::new(&route.path),
            globs: GlobPath::default(),
            superset: Vec::new(),
            overmatch: Vec::new(),
            method_overmatch: Vec::new(),
            inexpressible: route
                .host
                .is_some()
                .then_some("it is for certain hosts, and IAM's resources have no host"),
        };
        for (bit, method) in METHODS.into_iter().enumerate() {
            if route.methods.contains(method) {
                rule.methods |= 1 << bit;
                rule.method_globs.push(method);
            }
        }
        rule.set_globs(&route.path);
        rule
    }

    /// Shortens rules for all methods to one glob for these, where no rule has a path that ends
    /// like this rule's: the glob would match its beginning. Shortens none if a rule is for a
    /// method that API Gateway does not know, since the glob would match that method, too.
    pub(super) fn shorten(rules: &mut [Self], routes: &[Route]) {
        let mut listed = routes.iter().filter_map(|route| route.methods.names()).flatten();
        if !listed.all(|method| METHODS.contains(&method)) {
            return;
        }
        let mut found = Vec::with_capacity(rules.len());
        for (rule, route) in rules.iter().zip(routes) {
            let below_anything = rule.globs.below_anything();
            let alone = route.methods.names().is_none()
                && !rules.iter().any(|other| below_anything.overlap(&other.shape).superset);
            found.push(alone);
        }
        for (rule, alone) in rules.iter_mut().zip(found) {
            if alone {
                rule.method_globs = ANY.to_vec();
                rule.method_overmatch =
                    rule.superset.iter().map(|glob| format!("/*{glob}")).collect();
            }
        }
    }

    /// Returns why IAM cannot express the rule for this kind of API.
    pub(super) fn inexpressible(&self, api: ApiType) -> Option<&'static str> {
        let wild = api == ApiType::Http && self.has_wildcard();
        let decoded = "an HTTP API hands over a decoded path, and `*` takes what the gate would refuse in one";
        self.inexpressible.or_else(|| wild.then_some(decoded))
    }

    /// Returns whether it takes wildcards to express the rule.
    pub(super) fn has_wildcard(&self) -> bool {
        self.superset.iter().any(|glob| glob.contains('*'))
    }

    /// Returns the length of the longest resource, in characters, from the method on.
    pub(super) fn longest_resource(&self) -> usize {
        let globs = self.superset.iter().chain(&self.overmatch).chain(&self.method_overmatch);
        let method = self.method_globs.iter().map(|method| method.len()).max();
        globs.map(String::len).max().unwrap_or_default() + method.unwrap_or_default()
    }

    /// Lists the resources for a caller that the rule lets pass.
    pub(super) fn allow(&self, lists: &mut ResourceLists) {
        self.list_globs(&self.superset, &mut lists.allow);
        self.list_globs(&self.overmatch, &mut lists.deny);
        self.list_globs(&self.method_overmatch, &mut lists.deny);
    }

    /// Lists the resources for a caller that the rule refuses.
    pub(super) fn deny(&self, lists: &mut ResourceLists) {
        self.list_globs(&self.superset, &mut lists.deny);
    }

    /// Adds the size of what [`allow`](Self::allow) lists.
    pub(super) fn add_allowed(&self, allow: &mut ListSize, deny: &mut ListSize) {
        allow.add(self.size_of(&self.superset));
        deny.add(self.size_of(&self.overmatch));
        deny.add(self.size_of(&self.method_overmatch));
    }

    /// Adds the size of what [`deny`](Self::deny) lists.
    pub(super) fn add_denied(&self, deny: &mut ListSize) {
        deny.add(self.size_of(&self.superset));
    }

    /// Returns how this rule's resources overlap the paths of another.
    pub(super) fn overlap(&self, other: &Self) -> Overlap {
        if self.methods & other.methods == 0 {
            return Overlap::default();
        }
        let GlobOverlap { superset, overmatch } = self.globs.overlap(&other.shape);
        // `superset` matches all paths of its rule.
        let paths = superset && self.path.meets(&other.path);
        Overlap { paths, superset, overmatch }
    }

    fn set_globs(&mut self, path: &PathPattern) {
        // The parts of the glob between its captures.
        let mut parts = vec![String::new()];
        for segment in path.segments() {
            let Some(last) = parts.last_mut() else { continue };
            last.push('/');
            let glob = match segment {
                Segment::Literal(literal) => match self.push_literal(last, literal) {
                    Some(text) => GlobSegment::text(text),
                    None => GlobSegment::anything(),
                },
                Segment::Capture { prefix, suffix, .. } => {
                    let prefix = self.push_literal(last, prefix).unwrap_or_default();
                    let mut next = String::new();
                    let suffix = self.push_literal(&mut next, suffix).unwrap_or_default();
                    parts.push(next);
                    GlobSegment::Wild {
                        prefix: prefix.to_owned(),
                        suffix: suffix.to_owned(),
                        is_capture: true,
                    }
                }
            };
            self.globs.segments.push(glob);
        }
        if path.segments().len() > MAX_SEGMENTS {
            self.inexpressible = Some("its path has too many segments");
        }
        let glob = parts.join("?*");
        let captures = parts.len() - 1;
        self.overmatch = (0..captures).map(|wide| widened(&parts, wide)).collect();
        if path.has_rest() {
            if captures > 0 {
                self.inexpressible =
                    Some("after a `{segment}` its `{*rest}` cannot be told from more segments");
            }
            self.globs.below = true;
            self.superset.push(format!("{glob}/*"));
        }
        // The glob is empty for `/{*rest}`, which matches no path without a slash.
        if !glob.is_empty() {
            self.superset.insert(0, glob);
        }
    }

    /// Adds text to a glob and returns it; or adds a wildcard if IAM cannot express the text, and
    /// notes why it cannot.
    fn push_literal<'a>(&mut self, glob: &mut String, literal: &'a str) -> Option<&'a str> {
        if literal.chars().all(is_plain) {
            glob.push_str(literal);
            return Some(literal);
        }
        glob.push('*');
        self.inexpressible = Some("its path has characters that are percent-encoded on their way");
        None
    }

    /// Counts the resources of a list of these globs.
    fn size_of(&self, globs: &[String]) -> ListSize {
        let mut size = ListSize::default();
        for method in &self.method_globs {
            for glob in globs {
                size.resources += 1;
                size.bytes += method.len() + json_bytes(glob);
            }
        }
        size
    }

    fn list_globs(&self, globs: &[String], list: &mut Vec<String>) {
        for method in &self.method_globs {
            list.extend(globs.iter().map(|glob| format!("{method}{glob}")));
        }
    }
}

/// Returns the glob with a slash in the capture after the part `wide`, where the rule has none.
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

/// Returns whether a character is the same in a request's path and in a rule's, and means nothing
/// special to IAM.
fn is_plain(char: char) -> bool {
    char.is_ascii_graphic() && !matches!(char, '%' | '*' | '?' | '\\' | ';' | '#')
}
