//! A template as a tree. CloudFormation's functions are maps of one member, however they are
//! written: `!Ref X` is `{ Ref: X }`.

/// A value and its line.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The line, from 1: for a member of a map, that of its name.
    pub(super) line: usize,
    /// Whether a deployment replaces it by another value.
    pub(super) resolved_later: bool,
    pub(super) content: Content,
}

/// The content of a value.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Makes a text at this line.
    pub(super) fn of_text(line: usize, text: String) -> Self {
        Self { line, resolved_later: false, content: Content::Text(text) }
    }

    /// Returns the name and the argument, if this is a function such as `Ref` or `Fn::Sub`.
    pub(super) fn function(&self) -> Option<(&str, &Self)> {
        match self.members() {
            [(name, argument)] if is_function(name) => Some((name, argument)),
            _ => None,
        }
    }

    /// Returns the member of this name, unless it is null or `AWS::NoValue`.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        // CloudFormation takes the last of two with one name.
        let (_, node) = self.members().iter().rfind(|(own, _)| own == name)?;
        (!node.is_nothing()).then_some(node)
    }

    /// Returns the member at this path; or the first node on the path that a deployment replaces,
    /// and that may have the member then.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| {
            node.get(name).or(Some(node).filter(|node| node.resolved_later))
        })
    }

    /// Returns all members of a map; none of another value.
    pub(super) fn members(&self) -> &[(String, Self)] {
        match &self.content {
            Content::Map(members) => members,
            Content::Text(_) | Content::List(_) => &[],
        }
    }

    /// Returns the items of a list; any other value is its own only item.
    pub(super) fn items(&self) -> Vec<&Self> {
        match &self.content {
            Content::List(items) => items.iter().collect(),
            Content::Text(_) | Content::Map(_) => vec![self],
        }
    }

    /// Returns the logical ids that this refers to by `!Ref`, `!GetAtt` and `${Name.Arn}`.
    pub(super) fn references(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.walk(&mut Vec::new(), &mut |_, node| match node.function() {
            Some(("Ref" | "Fn::GetAtt", argument)) => {
                let first =
                    argument.items().first().and_then(|first| first.text()).unwrap_or_default();
                names.push(first.split('.').next().unwrap_or_default().to_owned());
            }
            Some(("Fn::Sub", argument)) => {
                let text =
                    argument.items().first().and_then(|first| first.text()).unwrap_or_default();
                for part in text.split("${").skip(1) {
                    names.push(part.split(['.', '}']).next().unwrap_or_default().to_owned());
                }
            }
            _ => {}
        });
        names
    }

    /// Returns the logical id, if this is a `!Ref`.
    pub(super) fn references_one(&self) -> Option<&str> {
        match self.function()? {
            ("Ref", argument) => argument.text(),
            _ => None,
        }
    }

    /// Returns the items, if this is a list.
    pub(super) fn list(&self) -> Option<&[Self]> {
        match &self.content {
            Content::List(items) => Some(items),
            Content::Text(_) | Content::Map(_) => None,
        }
    }

    /// Returns the text, unless a deployment replaces it.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) if !self.resolved_later => Some(text),
            Content::Text(_) | Content::List(_) | Content::Map(_) => None,
        }
    }

    /// Returns whether this is true in YAML or JSON; `None` if only a deployment knows it.
    pub(super) fn flag(&self) -> Option<bool> {
        match self.text()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            _ => Some(false),
        }
    }

    /// Returns whether this is empty, `null` or `AWS::NoValue`.
    pub(super) fn is_nothing(&self) -> bool {
        match &self.content {
            Content::Text(text) => matches!(text.as_str(), "" | "~" | "null"),
            Content::Map(_) => {
                let named = self.function().filter(|(name, _)| *name == "Ref");
                named.and_then(|(_, argument)| argument.text()) == Some("AWS::NoValue")
            }
            Content::List(_) => false,
        }
    }

    /// Merges this node over the one in SAM's `Globals`: maps member by member, lists one after the
    /// other.
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

    /// Visits this node and every one below it, with its path.
    pub(super) fn walk<'n>(
        &'n self,
        path: &mut Vec<&'n str>,
        visit: &mut dyn FnMut(&[&'n str], &'n Self),
    ) {
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

/// Returns whether a member of this name is a function, which a deployment replaces by its value.
pub(super) fn is_function(name: &str) -> bool {
    name == "Ref" || name.starts_with("Fn::")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::yaml;

    fn parse(text: &str) -> Node {
        yaml::parse(text).unwrap()
    }

    #[test]
    fn tags_and_functions_are_resolved_later() {
        let text =
            "A:\n  B: !Ref Seconds\n  C: { Ref: Seconds }\n  D: 30\n  E: !Sub '${X}'\n  F: \"x\"\n";
        let root = parse(text);
        let text = |name| root.at(&["A", name]).unwrap().text();
        assert_eq!((text("D"), text("F")), (Some("30"), Some("x")));
        for later in ["B", "C", "E"] {
            assert!(root.at(&["A", later]).unwrap().resolved_later, "{later}");
            assert_eq!(text(later), None);
        }
        assert_eq!(root.at(&["A", "D"]).unwrap().line, 4);
    }

    #[test]
    fn a_member_of_a_function_is_resolved_later_unless_it_is_written() {
        let root =
            parse("A: !If [X, { B: 1 }, { B: 2 }]\nC: { Fn::Transform: { Name: x }, D: 3 }\n");
        let text = |path: &[&str]| root.at(path).map(|node| node.text());
        assert_eq!(text(&["A", "B"]), Some(None));
        assert_eq!(text(&["C", "B"]), Some(None));
        assert_eq!(text(&["C", "D"]), Some(Some("3")));
        assert_eq!(text(&["E", "B"]), None);
    }

    #[test]
    fn a_member_without_a_value_is_missing() {
        let root =
            parse("A: !Ref AWS::NoValue\nB: { Ref: AWS::NoValue }\nC: ~\nD:\nE: ''\nF: [ ]\n");
        let present: Vec<&str> = ["A", "B", "C", "D", "E", "F"]
            .into_iter()
            .filter(|name| root.get(name).is_some())
            .collect();
        assert_eq!(present, ["F"]);
    }

    #[test]
    fn globals_fill_in_what_a_node_lacks() {
        let root = parse(
            "g: { a: 1, b: { c: 2, d: [3] }, e: !Ref X }\no: { a: 4, b: { d: [5] }, e: { f: 6 } }\n",
        );
        let whole = root.get("o").unwrap().over(root.get("g").unwrap());
        let text = |path: &[&str]| whole.at(path).and_then(Node::text);
        assert_eq!(
            (text(&["a"]), text(&["b", "c"]), text(&["e", "f"])),
            (Some("4"), Some("2"), Some("6"))
        );
        let list = whole.at(&["b", "d"]).unwrap().items();
        assert_eq!(list.into_iter().map(Node::text).collect::<Vec<_>>(), [Some("3"), Some("5")]);
    }

    #[test]
    fn json_is_read_as_well() {
        let root = parse(r#"{"a": {"b": [1, true, {"Fn::GetAtt": ["x", "Arn"]}]}}"#);
        let items = root.at(&["a", "b"]).unwrap().items();
        assert_eq!(
            items.iter().map(|item| item.text()).collect::<Vec<_>>(),
            [Some("1"), Some("true"), None]
        );
    }
}
