//! Parses YAML, and so JSON, to a tree. Resolves aliases (`*name`) and merge keys (`<<`), and turns
//! CloudFormation's tags (`!Ref`) into functions.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::template::{Content, Node, is_function};

/// The greatest depth of a template.
const MAX_DEPTH: usize = 64;
/// The most values that aliases may stand for: a few aliases of aliases can make a document of any
/// size.
const MAX_ALIASED: usize = 100_000;

/// Parses the first document.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    let text = with_yaml_escapes(text);
    let mut events = Parser::new_from_str(&text);
    let mut reader = Reader { open: Vec::new(), anchors: HashMap::new(), aliased: 0 };
    loop {
        let (event, span) = match events.next() {
            Some(Ok(next)) => next,
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("the file is empty".to_owned()),
        };
        if let Some(root) = reader.take(&event, span)? {
            return Ok(root);
        }
    }
}

/// Rewrites the one escape that JSON and YAML write differently: JSON escapes a character beyond
/// the first 65,536 by two surrogates (RFC 8259, section 7).
fn with_yaml_escapes(text: &str) -> Cow<'_, str> {
    let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
    if !is_json || !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.find('\\').and_then(|at| rest.split_at_checked(at)) {
        written.push_str(before);
        let pair = unit(escape).zip(escape.get(6..).and_then(unit));
        let char = pair.and_then(|(high, low)| char::decode_utf16([high, low]).next()?.ok());
        // Two units that are not surrogates are two characters, and YAML reads them itself.
        match char.filter(|char| u32::from(*char) > 0xffff) {
            Some(char) => {
                written.push_str(&format!("\\U{:08X}", u32::from(char)));
                rest = escape.get(12..).unwrap_or_default();
            }
            None => {
                let after = escape.chars().nth(1).map_or(1, |next| 1 + next.len_utf8());
                let (pair, after) = escape.split_at_checked(after).unwrap_or((escape, ""));
                written.push_str(pair);
                rest = after;
            }
        }
    }
    written.push_str(rest);
    Cow::Owned(written)
}

/// Returns the UTF-16 unit whose escape the text begins with.
fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

struct Reader {
    /// The lists and maps that are not complete yet.
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    /// The number of values that aliases stood for.
    aliased: usize,
}

/// A list or map that is not complete yet.
struct Open {
    node: Node,
    /// The name that aliases use; 0 if it has none.
    anchor: usize,
    /// The function that its tag is short for.
    function: Option<String>,
    /// The key whose value comes next, in a map.
    key: Option<Key>,
    /// The maps that its merge keys name, in order.
    merged: Vec<Node>,
}

enum Key {
    Name(String, usize),
    /// A plain `<<` (https://yaml.org/type/merge.html).
    Merge,
}

impl Reader {
    /// Takes the next event. Returns the root, once it is complete.
    fn take(&mut self, event: &Event<'_>, span: Span) -> Result<Option<Node>, String> {
        let line = span.start.line();
        let node = |content| Node { line, resolved_later: false, content };
        match event {
            Event::Alias(anchor) => {
                let node = self.aliased(*anchor, line)?;
                Ok(self.add(node, false))
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = *style == ScalarStyle::Plain;
                let node =
                    tagged(node(Content::Text(text.to_string())), function_of(tag.as_deref()));
                self.name(*anchor, &node);
                Ok(self.add(node, is_plain))
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(node(Content::List(Vec::new())), *anchor, tag.as_deref())
            }
            Event::MappingStart(anchor, tag) => {
                self.open(node(Content::Map(Vec::new())), *anchor, tag.as_deref())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(None) };
                let (anchor, node) = (open.anchor, open.complete());
                self.name(anchor, &node);
                Ok(self.add(node, false))
            }
            _ => Ok(None),
        }
    }

    fn open(
        &mut self,
        node: Node,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<Option<Node>, String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(node.line));
        }
        let function = function_of(tag);
        self.open.push(Open { node, anchor, function, key: None, merged: Vec::new() });
        Ok(None)
    }

    fn name(&mut self, anchor: usize, node: &Node) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }

    /// Returns a copy of the node that an alias names.
    fn aliased(&mut self, anchor: usize, line: usize) -> Result<Node, String> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(format!("line {line}: an alias is inside the value that it names"));
        };
        let (values, depth) = size(node);
        self.aliased = self.aliased.saturating_add(values);
        if self.aliased > MAX_ALIASED {
            return Err(format!("line {line}: aliases stand for more than {MAX_ALIASED} values"));
        }
        if self.open.len().saturating_add(depth) > MAX_DEPTH {
            return Err(too_deep(line));
        }
        Ok(node.clone())
    }

    /// Adds a complete node to its list or map; returns it if it is the root.
    fn add(&mut self, mut node: Node, is_plain: bool) -> Option<Node> {
        let Some(parent) = self.open.last_mut() else { return Some(node) };
        match &mut parent.node.content {
            Content::List(items) => items.push(node),
            Content::Map(members) => match parent.key.take() {
                Some(Key::Name(name, line)) => {
                    node.line = line;
                    parent.node.resolved_later |= is_function(&name);
                    members.push((name, node));
                }
                Some(Key::Merge) => match node.content {
                    Content::List(items) => parent.merged.extend(items),
                    Content::Text(_) | Content::Map(_) => parent.merged.push(node),
                },
                None => {
                    let name = node.text().unwrap_or_default();
                    let is_merge = is_plain && name == "<<";
                    parent.key = Some(if is_merge {
                        Key::Merge
                    } else {
                        Key::Name(name.to_owned(), node.line)
                    });
                }
            },
            Content::Text(_) => {}
        }
        None
    }
}

impl Open {
    fn complete(self) -> Node {
        let mut node = self.node;
        for other in self.merged {
            node.resolved_later |= other.resolved_later;
            let (Content::Map(members), Content::Map(others)) = (&mut node.content, other.content)
            else {
                continue;
            };
            let own: HashSet<String> = members.iter().map(|(name, _)| name.clone()).collect();
            members.extend(others.into_iter().filter(|(name, _)| !own.contains(name)));
        }
        tagged(node, self.function)
    }
}

/// The function that a tag is short for: `!GetAtt` for `Fn::GetAtt`.
fn function_of(tag: Option<&Tag>) -> Option<String> {
    let tag = tag.filter(|tag| !tag.is_yaml_core_schema())?;
    match tag.suffix.as_str() {
        name @ ("Ref" | "Condition") => Some(name.to_owned()),
        name => Some(format!("Fn::{name}")),
    }
}

fn tagged(node: Node, function: Option<String>) -> Node {
    match function {
        Some(name) => Node {
            line: node.line,
            resolved_later: true,
            content: Content::Map(vec![(name, node)]),
        },
        None => node,
    }
}

/// Returns the number of values in a node, itself included, and its depth.
fn size(node: &Node) -> (usize, usize) {
    let (mut values, mut depth) = (1_usize, 0);
    let mut add = |child: &Node| {
        let (below, deep) = size(child);
        values = values.saturating_add(below);
        depth = depth.max(deep);
    };
    match &node.content {
        Content::Text(_) => {}
        Content::List(items) => items.iter().for_each(&mut add),
        Content::Map(members) => members.iter().for_each(|(_, member)| add(member)),
    }
    (values, depth.saturating_add(1))
}

fn too_deep(line: usize) -> String {
    format!("line {line}: it is more than {MAX_DEPTH} levels deep")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<'n>(root: &'n Node, path: &[&str]) -> Option<&'n str> {
        root.at(path).and_then(Node::text)
    }

    #[test]
    fn an_alias_is_replaced_by_the_value_that_it_names() {
        let root = parse("a: &x 1\nb: *x\nc: &y { d: *x, e: [*x, 2] }\nf: *y\n").unwrap();
        assert_eq!((text(&root, &["b"]), text(&root, &["f", "d"])), (Some("1"), Some("1")));
        assert_eq!(root.at(&["f", "e"]).unwrap().items().len(), 2);
        // A name may be given again: an alias means the one before it.
        let root = parse("a: &x 1\nb: *x\nc: &x 2\nd: *x\n").unwrap();
        assert_eq!((text(&root, &["b"]), text(&root, &["d"])), (Some("1"), Some("2")));
    }

    #[test]
    fn a_merge_key_adds_members_that_are_missing() {
        let root = parse(
            "a: &a { x: 1, y: 2 }\nb: &b { y: 3, z: 4 }\nc: { <<: *a, y: 5 }\nd: { y: 5, <<: [*a, *b] }\n\
             e: { '<<': 6 }\nf: { <<: *a, x: ~ }\n",
        )
        .unwrap();
        assert_eq!((text(&root, &["c", "x"]), text(&root, &["c", "y"])), (Some("1"), Some("5")));
        let d = ["x", "y", "z"].map(|name| text(&root, &["d", name]));
        assert_eq!(d, [Some("1"), Some("5"), Some("4")]);
        // A quoted one is a name like any other.
        assert_eq!(text(&root, &["e", "<<"]), Some("6"));
        assert_eq!(text(&root, &["f", "x"]), None);
    }

    #[test]
    fn a_few_aliases_that_stand_for_endless_values_are_refused() {
        let mut bomb = "l0: &l0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..20 {
            let below = vec![format!("*l{}", level - 1); 9].join(", ");
            bomb.push_str(&format!("l{level}: &l{level} [{below}]\n"));
        }
        assert!(parse(&bomb).unwrap_err().contains("more than 100000 values"));
        let mut merges = "l0: &l0 { a: x, b: x }\n".to_owned();
        for level in 1..60 {
            let below = format!("a: *l{0}, b: *l{0}, <<: [*l{0}, *l{0}]", level - 1);
            merges.push_str(&format!("l{level}: &l{level} {{ {below} }}\n"));
        }
        assert!(parse(&merges).is_err());
        let mut deep = "l0: &l0 [x]\n".to_owned();
        for level in 1..100 {
            deep.push_str(&format!("l{level}: &l{level} [*l{}]\n", level - 1));
        }
        assert!(parse(&deep).unwrap_err().contains("deep"));
        assert!(parse("a: &a [*a]\n").is_err());
        assert!(parse("a: *b\n").is_err());
    }

    #[test]
    fn json_escapes_characters_as_it_does() {
        let root = parse(r#"{"a": "\ud83d\ude00 \u00e9\u00e9 \/ \\ud83d \"", "b": 1}"#).unwrap();
        assert_eq!(text(&root, &["a"]), Some("\u{1f600} \u{e9}\u{e9} / \\ud83d \""));
        assert_eq!(text(&root, &["b"]), Some("1"));
        assert!(parse(r#"{"a": "\ud83d"}"#).is_err());
        assert!(parse("{\"a\": \"\\").is_err());
    }

    #[test]
    fn text_that_is_not_a_template_is_refused() {
        assert!(parse("").is_err());
        assert!(parse("a: [").is_err());
        assert!(parse(&"[".repeat(200)).unwrap_err().contains("deep"));
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
