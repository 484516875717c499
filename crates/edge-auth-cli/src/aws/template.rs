//! A template as a tree. CloudFormation's functions are maps of one member, however they are
//! written: `!Ref X` is `{ Ref: X }`.

/// A value, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Of a member its name's, from 1.
    pub(super) line: usize,
    /// Whether something else is to be put in its place when it is deployed.
    pub(super) resolved_later: bool,
    pub(super) content: Content,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// A text that stands at this line.
    pub(super) fn of_text(line: usize, text: String) -> Self {
        Self { line, resolved_later: false, content: Content::Text(text) }
    }

    /// A function's name and argument, if this is one, as `Ref` and `Fn::Sub` are.
    pub(super) fn function(&self) -> Option<(&str, &Self)> {
        match self.members() {
            [(name, argument)] if is_function(name) => Some((name, argument)),
            _ => None,
        }
    }

    /// The member of this name, unless it says that there is none.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        // Of two with one name, whoever deploys the template takes the last.
        let inventory = self.members().iter().rfind(|(own, _)| own == name).map(|(_, node)| node);
        inventory.filter(|node| !node.is_nothing())
    }

    /// The member at the end of these names; or, on the way there, what may have it once it is
    /// known.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| {
            node.get(name).or(Some(node).filter(|node| node.resolved_later))
        })
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

    /// The logical ids of the resources that this refers to: `!Ref`, `!GetAtt`, `${Name.Arn}`.
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

    /// The logical id, where this is no more than a reference.
    pub(super) fn references_one(&self) -> Option<&str> {
        match self.function()? {
            ("Ref", argument) => argument.text(),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub(super) fn list(&self) -> Option<&[Self]> {
        match &self.content {
            Content::List(items) => Some(items),
            Content::Text(_) | Content::Map(_) => None,
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

    /// This node, on top of what SAM's `Globals` say in its place: of maps the members, lists after
    /// one another.
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

/// Whether a member of this name is a function, for which another value is put in when it is
/// deployed.
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
    fn tags_and_functions_are_values_of_later() {
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
    fn what_is_within_a_value_of_later_is_known_later_unless_it_is_there() {
        let root =
            parse("A: !If [X, { B: 1 }, { B: 2 }]\nC: { Fn::Transform: { Name: x }, D: 3 }\n");
        let inventory = |path: &[&str]| root.at(path).map(|node| node.text());
        assert_eq!(inventory(&["A", "B"]), Some(None));
        assert_eq!(inventory(&["C", "B"]), Some(None));
        assert_eq!(inventory(&["C", "D"]), Some(Some("3")));
        assert_eq!(inventory(&["E", "B"]), None);
    }

    #[test]
    fn no_value_is_no_member() {
        let root =
            parse("A: !Ref AWS::NoValue\nB: { Ref: AWS::NoValue }\nC: ~\nD:\nE: ''\nF: [ ]\n");
        let inventory: Vec<&str> = ["A", "B", "C", "D", "E", "F"]
            .into_iter()
            .filter(|name| root.get(name).is_some())
            .collect();
        assert_eq!(inventory, ["F"]);
    }

    #[test]
    fn globals_are_what_is_not_said() {
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
