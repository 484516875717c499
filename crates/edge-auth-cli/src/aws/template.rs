//! A template as a tree: YAML, and with it JSON. CloudFormation's tags (`!Ref`) are kept, nothing is
//! resolved.

use saphyr_parser::{Event, Parser, Span};

/// How deep a template may be.
const MAX_DEPTH: usize = 64;

/// A value, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Of a member its name's, from 1.
    pub(super) line: usize,
    /// Whether something else is to be put in its place when it is deployed.
    pub(super) resolved_later: bool,
    content: Content,
}

#[derive(Debug, Clone)]
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

    /// The member of this name, unless it says that there is none.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let inventory = self.members().iter().find(|(own, _)| own == name).map(|(_, node)| node);
        inventory.filter(|node| !node.is_nothing())
    }

    /// The member at the end of these names; or, on the way there, what may have it once it is known.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter()
            .try_fold(self, |node, name| node.get(name).or(Some(node).filter(|node| node.resolved_later)))
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

    /// Whether it is true, as YAML and JSON say it; nothing if that is known only later.
    pub(super) fn flag(&self) -> Option<bool> {
        match self.text()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            _ => Some(false),
        }
    }

    /// Nothing at all, `null`, or what CloudFormation takes for it.
    fn is_nothing(&self) -> bool {
        const NO_VALUE: &str = "AWS::NoValue";
        match &self.content {
            Content::Text(text) if self.resolved_later => text == NO_VALUE,
            Content::Text(text) => matches!(text.as_str(), "" | "~" | "null"),
            Content::Map(members) => match members.as_slice() {
                [(name, node)] => name == "Ref" && node.text() == Some(NO_VALUE),
                _ => false,
            },
            Content::List(_) => false,
        }
    }

    /// This node, on top of what SAM's `Globals` say in its place: of maps the members, lists after one another.
    pub(super) fn over(&self, globals: &Self) -> Self {
        let known = !self.resolved_later && !globals.resolved_later;
        let content = match (&self.content, &globals.content) {
            (Content::Map(own), Content::Map(others)) if known => {
                let both = |(name, node): &(String, Self)| match globals.get(name) {
                    Some(other) => (name.clone(), node.over(other)),
                    None => (name.clone(), node.clone()),
                };
                let others = others.iter().filter(|(name, _)| self.get(name).is_none()).cloned();
                Content::Map(own.iter().map(both).chain(others).collect())
            }
            (Content::List(own), Content::List(others)) if known => {
                Content::List(others.iter().chain(own).cloned().collect())
            }
            _ => return self.clone(),
        };
        Self { content, ..*self }
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
    fn what_is_within_a_value_of_later_is_known_later_unless_it_is_there() {
        let root =
            Node::parse("A: !If [X, { B: 1 }, { B: 2 }]\nC: { Fn::Transform: { Name: x }, D: 3 }\n").unwrap();
        let inventory = |path: &[&str]| root.at(path).map(|node| node.text());
        assert_eq!(inventory(&["A", "B"]), Some(None));
        assert_eq!(inventory(&["C", "B"]), Some(None));
        assert_eq!(inventory(&["C", "D"]), Some(Some("3")));
        assert_eq!(inventory(&["E", "B"]), None);
    }

    #[test]
    fn no_value_is_no_member() {
        let root =
            Node::parse("A: !Ref AWS::NoValue\nB: { Ref: AWS::NoValue }\nC: ~\nD:\nE: ''\nF: [ ]\n").unwrap();
        let inventory: Vec<&str> =
            ["A", "B", "C", "D", "E", "F"].into_iter().filter(|name| root.get(name).is_some()).collect();
        assert_eq!(inventory, ["F"]);
    }

    #[test]
    fn globals_are_what_is_not_said() {
        let root = Node::parse(
            "g: { a: 1, b: { c: 2, d: [3] }, e: !Ref X }\no: { a: 4, b: { d: [5] }, e: { f: 6 } }\n",
        )
        .unwrap();
        let whole = root.get("o").unwrap().over(root.get("g").unwrap());
        let text = |path: &[&str]| whole.at(path).and_then(Node::text);
        assert_eq!((text(&["a"]), text(&["b", "c"]), text(&["e", "f"])), (Some("4"), Some("2"), Some("6")));
        let list = whole.at(&["b", "d"]).unwrap().items();
        assert_eq!(list.into_iter().map(Node::text).collect::<Vec<_>>(), [Some("3"), Some("5")]);
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
