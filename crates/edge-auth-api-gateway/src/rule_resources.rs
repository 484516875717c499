//! One rule as IAM's resources: what the rule matches, and what the globs for it match.

use super::api_type::ApiType;
use super::glob::PathLanguage;
use super::resource_lists::ResourceLists;
use edge_auth::route::{PathPattern, Route, Segment};

/// The methods that API Gateway takes.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
/// The glob for all of them, which also matches the beginning of a longer path.
const ANY: [&str; 1] = ["*"];

/// One rule, in the terms of IAM.
#[derive(Debug)]
pub(super) struct RuleResources {
    methods: Vec<&'static str>,
    /// Globs for the methods.
    method_globs: Vec<&'static str>,
    /// The paths that the rule matches.
    languages: Vec<PathLanguage>,
    /// Globs that match every path of the rule, and maybe more.
    superset: Globs,
    /// Globs for the paths that `superset` matches beyond the rule.
    overmatch: Globs,
    /// Globs for the paths that a glob of `method_globs` matches beyond the rule, by taking a part
    /// of the path.
    method_overmatch: Vec<String>,
    /// Why IAM cannot express the rule.
    inexpressible: Option<&'static str>,
}

/// How the paths of one rule overlap those of another, if they have a method in common.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Overlap {
    /// Some paths are matched by both.
    pub paths: bool,
    /// The first one's `superset` matches a path of the other's.
    pub superset: bool,
    /// The first one's `overmatch` does.
    pub overmatch: bool,
}

/// Globs of paths, as texts and as the sets that they match.
#[derive(Debug, Default)]
struct Globs {
    texts: Vec<String>,
    languages: Vec<PathLanguage>,
}

impl Globs {
    fn of(texts: Vec<String>) -> Self {
        Self { languages: texts.iter().map(|glob| PathLanguage::of_glob(glob)).collect(), texts }
    }

    fn intersect(&self, rule: &RuleResources) -> bool {
        self.languages
            .iter()
            .any(|glob| rule.languages.iter().any(|language| glob.intersects(language)))
    }
}

impl RuleResources {
    pub(super) fn new(route: &Route) -> Self {
        let methods: Vec<_> =
            METHODS.into_iter().filter(|method| route.methods.contains(method)).collect();
        let mut rule = Self {
            method_globs: methods.clone(),
            methods,
            languages: Vec::new(),
            superset: Globs::default(),
            overmatch: Globs::default(),
            method_overmatch: Vec::new(),
            inexpressible: route
                .host
                .is_some()
                .then_some("it is for certain hosts, and IAM's resources have no host"),
        };
        rule.set_path(&route.path);
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
        let method_overmatch = |rule: &Self, route: &Route| {
            let method_overmatch =
                Globs::of(rule.superset.texts.iter().map(|glob| format!("/*{glob}")).collect());
            let alone = route.methods.names().is_none()
                && !rules.iter().any(|other| method_overmatch.intersect(other));
            alone.then_some(method_overmatch.texts)
        };
        let found: Vec<_> =
            rules.iter().zip(routes).map(|(rule, route)| method_overmatch(rule, route)).collect();
        for (rule, method_overmatch) in rules.iter_mut().zip(found) {
            if let Some(method_overmatch) = method_overmatch {
                rule.method_globs = ANY.to_vec();
                rule.method_overmatch = method_overmatch;
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
        self.superset.texts.iter().any(|glob| glob.contains('*'))
    }

    /// Returns the length of the longest resource, in characters, from the method on.
    pub(super) fn longest_resource(&self) -> usize {
        let globs =
            self.superset.texts.iter().chain(&self.overmatch.texts).chain(&self.method_overmatch);
        let method = self.method_globs.iter().map(|method| method.len()).max();
        globs.map(String::len).max().unwrap_or_default() + method.unwrap_or_default()
    }

    /// Lists the resources for a caller that the rule lets pass.
    pub(super) fn allow(&self, lists: &mut ResourceLists) {
        self.list_globs(&self.superset.texts, &mut lists.allow);
        self.list_globs(&self.overmatch.texts, &mut lists.deny);
        self.list_globs(&self.method_overmatch, &mut lists.deny);
    }

    /// Lists the resources for a caller that the rule refuses.
    pub(super) fn deny(&self, lists: &mut ResourceLists) {
        self.list_globs(&self.superset.texts, &mut lists.deny);
    }

    pub(super) fn overlap(&self, other: &Self) -> Overlap {
        if !self.methods.iter().any(|method| other.methods.contains(method)) {
            return Overlap::default();
        }
        let paths = self
            .languages
            .iter()
            .any(|language| other.languages.iter().any(|theirs| language.intersects(theirs)));
        Overlap {
            paths,
            superset: self.superset.intersect(other),
            overmatch: self.overmatch.intersect(other),
        }
    }

    fn set_path(&mut self, path: &PathPattern) {
        let mut language = PathLanguage::default();
        // The parts of the glob between its captures.
        let mut parts = vec![String::new()];
        for segment in path.segments() {
            language.literal("/");
            let Some(last) = parts.last_mut() else { continue };
            last.push('/');
            match segment {
                Segment::Literal(literal) => {
                    language.literal(literal);
                    self.inexpressible = push_literal(last, literal).or(self.inexpressible);
                }
                Segment::Capture { prefix, suffix, .. } => {
                    language.literal(prefix);
                    language.segment();
                    language.literal(suffix);
                    let mut next = String::new();
                    self.inexpressible = push_literal(last, prefix).or(self.inexpressible);
                    self.inexpressible = push_literal(&mut next, suffix).or(self.inexpressible);
                    parts.push(next);
                }
            }
        }
        let glob = parts.join("?*");
        let captures = parts.len() - 1;
        self.overmatch = Globs::of((0..captures).map(|wide| widened(&parts, wide)).collect());
        let mut superset = vec![glob.clone()];
        if path.has_rest() {
            if captures > 0 {
                self.inexpressible =
                    Some("after a `{segment}` its `{*rest}` cannot be told from more segments");
            }
            // The glob is empty for `/{*rest}`, which matches no path without a slash.
            superset.retain(|glob| !glob.is_empty());
            superset.push(format!("{glob}/*"));
            let mut below = language.clone();
            below.literal("/");
            below.anything();
            self.languages.push(below);
        }
        self.superset = Globs::of(superset);
        self.languages.push(language);
    }

    fn list_globs(&self, globs: &[String], list: &mut Vec<String>) {
        for method in &self.method_globs {
            list.extend(globs.iter().map(|glob| format!("{method}{glob}")));
        }
    }
}

/// Adds text to a glob, or a wildcard if IAM cannot express the text. Returns why it cannot.
fn push_literal(glob: &mut String, literal: &str) -> Option<&'static str> {
    if literal.chars().all(is_plain) {
        glob.push_str(literal);
        return None;
    }
    glob.push('*');
    Some("its path has characters that are percent-encoded on their way")
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
