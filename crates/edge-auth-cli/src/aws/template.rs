//! A template as a tree: YAML, and with it JSON. CloudFormation's tags (`!Ref`) are kept, nothing is
//! resolved.

use saphyr_parser::{Event, Parser, Span};

/// How deep a template may be.
const MAX_DEPTH: usize = 64;

/// A value, and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    /// Of a member its name's, from 1.
    pub(super) line: usize,
    /// Whether something else is to be put in its place when it is deployed.
    pub(super) resolved_later: bool,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Reads the first document.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut events = Parser::new_from_str(text);
        let mut reading = Reading { open: Vec::new() };
        loop {
            let (event, span) = match events.next() {
                Some(Ok(next)) => next,
                Some(Err(error)) => return Err(error.to_string()),
                None => return Err("there is nothing in it".to_owned()),
            };
            if let Some(root) = reading.take(event, span)? {
                return Ok(root);
            }
        }
    }

    /// The member of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(own, _)| own == name).map(|(_, node)| node)
    }

    /// The member at the end of these names.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// All members.
    pub(super) fn members(&self) -> &[(String, Self)] {
        match &self.content {
            Content::Map(members) => members,
            _ => &[],
        }
    }

    /// The items of a list, or the one value.
    pub(super) fn items(&self) -> Vec<&Self> {
        match &self.content {
            Content::List(items) => items.iter().collect(),
            _ => vec![self],
        }
    }

    /// The text, unless it is known only later.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) if !self.resolved_later => Some(text),
            _ => None,
        }
    }

    /// Every node below this one, itself included, by the names that lead to it.
    pub(super) fn walk<'n>(&'n self, path: &mut Vec<&'n str>, visit: &mut dyn FnMut(&[&'n str], &'n Self)) {
        visit(path, self);
        match &self.content {
            Content::Text(_) => {}
            Content::List(items) => items.iter().for_each(|item| item.walk(path, visit)),
            Content::Map(members) => {
                for (name, node) in members {
                    path.push(name);
                    node.walk(path, visit);
                    path.pop();
                }
            }
        }
    }
}

struct Reading {
    /// The lists and maps that are not complete yet; of a map, the name whose value comes next,
    /// and its line.
    open: Vec<(Node, Option<(String, usize)>)>,
}

impl Reading {
    /// The root, once it is complete.
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<Option<Node>, String> {
        let line = span.start.line();
        let node = |content, tagged: bool| Node { line, resolved_later: tagged, content };
        match event {
            // CloudFormation has no aliases; a few of them can stand for a document of any size.
            Event::Alias(_) => Err(format!("line {line}: aliases (`*name`) are not read")),
            Event::Scalar(text, _, _, tag) => Ok(self.add(node(
                Content::Text(text.into_owned()),
                tag.is_some_and(|tag| !tag.is_yaml_core_schema()),
            ))),
            Event::SequenceStart(_, tag) => self.open(node(Content::List(Vec::new()), tag.is_some())),
            Event::MappingStart(_, tag) => self.open(node(Content::Map(Vec::new()), tag.is_some())),
            Event::SequenceEnd | Event::MappingEnd => {
                let complete = self.open.pop().map(|(node, _)| node);
                Ok(complete.and_then(|node| self.add(node)))
            }
            _ => Ok(None),
        }
    }

    fn open(&mut self, node: Node) -> Result<Option<Node>, String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("line {}: it is more than {MAX_DEPTH} levels deep", node.line));
        }
        self.open.push((node, None));
        Ok(None)
    }

    /// Puts a complete node where it belongs; the root belongs nowhere.
    fn add(&mut self, mut node: Node) -> Option<Node> {
        let Some((parent, name)) = self.open.last_mut() else { return Some(node) };
        match &mut parent.content {
            Content::List(items) => items.push(node),
            Content::Map(members) => match name.take() {
                Some((name, line)) => {
                    node.line = line;
                    // `{ "Ref": … }` and `{ "Fn::Sub": … }` are what the tags stand for.
                    parent.resolved_later |= name == "Ref" || name.starts_with("Fn::");
                    members.push((name, node));
                }
                None => *name = Some((node.text().unwrap_or_default().to_owned(), node.line)),
            },
            Content::Text(_) => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_functions_are_values_of_later() {
        let text = "A:\n  B: !Ref Seconds\n  C: { Ref: Seconds }\n  D: 30\n  E: !Sub '${X}'\n  F: \"x\"\n";
        let root = Node::parse(text).unwrap();
        let text = |name| root.at(&["A", name]).unwrap().text();
        assert_eq!((text("D"), text("F")), (Some("30"), Some("x")));
        for later in ["B", "C", "E"] {
            assert!(root.at(&["A", later]).unwrap().resolved_later, "{later}");
            assert_eq!(text(later), None);
        }
        assert_eq!(root.at(&["A", "D"]).unwrap().line, 4);
    }

    #[test]
    fn json_is_read_as_well() {
        let root = Node::parse(r#"{"a": {"b": [1, true, {"Fn::GetAtt": ["x", "Arn"]}]}}"#).unwrap();
        let items = root.at(&["a", "b"]).unwrap().items();
        assert_eq!(items.iter().map(|item| item.text()).collect::<Vec<_>>(), [Some("1"), Some("true"), None]);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        assert!(Node::parse("").is_err());
        assert!(Node::parse("a: [").is_err());
        assert!(Node::parse("a: &x 1\nb: *x\n").unwrap_err().contains("aliases"));
        assert!(Node::parse(&"[".repeat(200)).unwrap_err().contains("deep"));
        assert!(Node::parse(&"[".repeat(100_000)).is_err());
    }
}
