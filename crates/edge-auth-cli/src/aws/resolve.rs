//! Replaces CloudFormation's functions by their values, as far as the template has them: parameters
//! have their defaults, and conditions and mappings follow from these. Functions whose values only a
//! deployment knows stay.

use std::cell::Cell;
use std::collections::HashMap;

use super::template::{Content, Node, is_function};

/// The most bytes and values to insert: a short template can name a long text many times.
const MAX_INSERTED: usize = 4 * 1024 * 1024;
/// The greatest depth of conditions that name one another.
const MAX_DEPTH: usize = 32;

/// Returns the template with its functions replaced.
pub(super) fn resolve(root: &Node) -> Node {
    let mut parameters = HashMap::new();
    for (name, parameter) in root.get("Parameters").map(Node::members).unwrap_or_default() {
        // The default of a parameter of Systems Manager is the name of the value.
        let kind = parameter.get("Type").and_then(Node::text).unwrap_or_default();
        let Some(default) = parameter.members().iter().find(|(name, _)| name == "Default") else {
            continue;
        };
        if let Some(text) = default.1.text().filter(|_| !kind.starts_with("AWS::SSM::")) {
            parameters.insert(name.as_str(), text);
        }
    }
    let section = |name: &str| root.get(name).map(Node::members).unwrap_or_default();
    let resolver = Resolver {
        parameters,
        conditions: section("Conditions"),
        mappings: root.get("Mappings"),
        left: Cell::new(MAX_INSERTED),
    };
    resolver.node(root)
}

struct Resolver<'r> {
    /// The defaults, by name.
    parameters: HashMap<&'r str, &'r str>,
    conditions: &'r [(String, Node)],
    mappings: Option<&'r Node>,
    /// The bytes and values that may still be inserted.
    left: Cell<usize>,
}

impl Resolver<'_> {
    fn node(&self, node: &Node) -> Node {
        let content = match &node.content {
            Content::Text(text) => {
                // CloudFormation resolves a dynamic reference at deployment.
                let resolved_later = node.resolved_later || text.contains("{{resolve:");
                return Node { resolved_later, ..node.clone() };
            }
            Content::List(items) => {
                let items = items.iter().map(|item| self.node(item));
                Content::List(
                    items.filter(|item| item.function().is_none() || !item.is_nothing()).collect(),
                )
            }
            Content::Map(members) => {
                let resolved =
                    |(name, member): &(String, Node)| (name.clone(), self.member(name, member));
                Content::Map(members.iter().map(resolved).collect())
            }
        };
        let node = Node { content, ..*node };
        match node.function().and_then(|(name, argument)| self.value(name, argument)) {
            Some(value) => Node { line: node.line, ..value },
            None => node,
        }
    }

    /// Resolves a member of a map. A function's list keeps all its items, also `AWS::NoValue`: their
    /// positions matter.
    fn member(&self, name: &str, member: &Node) -> Node {
        match &member.content {
            Content::List(items) if is_function(name) => {
                let items = items.iter().map(|item| self.node(item)).collect();
                Node { content: Content::List(items), ..*member }
            }
            Content::List(_) | Content::Text(_) | Content::Map(_) => self.node(member),
        }
    }

    /// Returns the value of a function whose argument is resolved.
    fn value(&self, function: &str, argument: &Node) -> Option<Node> {
        let text = |text: String| self.insert(Node::of_text(argument.line, text));
        match function {
            "Ref" => text((*self.parameters.get(argument.text()?)?).to_owned()),
            "Fn::Sub" => text(self.sub(argument)?),
            "Fn::If" => match argument.list()? {
                [condition, yes, no] => {
                    let branch = if self.named(condition.text()?, 0)? { yes } else { no };
                    self.insert(branch.clone())
                }
                _ => None,
            },
            "Fn::FindInMap" => {
                let names: Option<Vec<&str>> =
                    argument.list()?.iter().take(3).map(Node::text).collect();
                self.insert(self.mappings?.at(&names?)?.clone())
            }
            "Fn::Join" => match argument.list()? {
                [between, list] => {
                    let parts: Option<Vec<&str>> = list.list()?.iter().map(Node::text).collect();
                    text(parts?.join(between.text()?))
                }
                _ => None,
            },
            "Fn::Split" => match argument.list()? {
                [between, whole] => {
                    let between = between.text().filter(|between| !between.is_empty())?;
                    let parts = whole.text()?.split(between);
                    let parts =
                        parts.map(|part| Node::of_text(argument.line, part.to_owned())).collect();
                    self.insert(Node {
                        line: argument.line,
                        resolved_later: false,
                        content: Content::List(parts),
                    })
                }
                _ => None,
            },
            "Fn::Select" => match argument.list()? {
                [index, list] => {
                    let index: usize = index.text()?.parse().ok()?;
                    match &list.content {
                        Content::List(items) => self.insert(items.get(index)?.clone()),
                        Content::Text(_) => {
                            text(list.text()?.split(',').nth(index)?.trim().to_owned())
                        }
                        Content::Map(_) => None,
                    }
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Substitutes the names in `text` or `[text, { Name: value }]`, if their values are known.
    fn sub(&self, argument: &Node) -> Option<String> {
        let (template, own) = match argument.list() {
            Some([template, own]) => (template.text()?, Some(own)),
            Some(_) => return None,
            None => (argument.text()?, None),
        };
        let mut whole = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("${") {
            whole.push_str(before);
            let (name, after) = after.split_once('}')?;
            match name.strip_prefix('!') {
                Some(literal) => whole.push_str(&format!("${{{literal}}}")),
                None => {
                    let own = own.and_then(|own| own.get(name.trim()));
                    match own {
                        Some(value) => whole.push_str(value.text()?),
                        None => whole.push_str(self.parameters.get(name.trim())?),
                    }
                }
            }
            if whole.len() > self.left.get() {
                return None;
            }
            rest = after;
        }
        whole.push_str(rest);
        Some(whole)
    }

    /// Returns whether the condition of this name holds.
    fn named(&self, name: &str, depth: usize) -> Option<bool> {
        let (_, condition) = self.conditions.iter().find(|(own, _)| own == name)?;
        self.holds(condition, depth.checked_add(1).filter(|depth| *depth < MAX_DEPTH)?)
    }

    fn holds(&self, condition: &Node, depth: usize) -> Option<bool> {
        self.spend(1)?;
        let [(function, argument)] = condition.members() else { return None };
        let all = || argument.list().unwrap_or_default().iter().map(|one| self.holds(one, depth));
        match function.as_str() {
            "Condition" => self.named(argument.text()?, depth),
            "Fn::Equals" => match argument.list()? {
                [one, other] => Some(self.node(one).text()? == self.node(other).text()?),
                _ => None,
            },
            "Fn::Not" => all().next()?.map(|holds| !holds),
            "Fn::And" => decided(all(), false),
            "Fn::Or" => decided(all(), true),
            _ => None,
        }
    }

    fn insert(&self, node: Node) -> Option<Node> {
        let mut size = 0_usize;
        node.walk(&mut Vec::new(), &mut |_, node| {
            let text = if let Content::Text(text) = &node.content { text.len() } else { 0 };
            size = size.saturating_add(text).saturating_add(1);
        });
        self.spend(size)?;
        Some(node)
    }

    fn spend(&self, size: usize) -> Option<()> {
        self.left.set(self.left.get().checked_sub(size)?);
        Some(())
    }
}

/// Combines conditions of which one that is `decisive` decides.
fn decided(conditions: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut result = Some(!decisive);
    for holds in conditions {
        match holds {
            Some(holds) if holds == decisive => return Some(decisive),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::yaml;

    const TEMPLATE: &str = "
Parameters:
  Ttl: { Type: Number, Default: 3600 }
  Stage: { Type: String, Default: live }
  Field: { Type: CommaDelimitedList, Default: 'Authorization, Host' }
  Kept: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /gate/ttl }
  Given: { Type: String }
Conditions:
  IsLive: !Equals [!Ref Stage, live]
  IsTest: !Not [Condition: IsLive]
  Either: !Or [!Condition IsLive, !Equals [!Ref Given, x]]
  Both: !And [!Condition IsLive, !Equals [!Ref Given, x]]
  Round: !Not [!Condition Round]
Mappings:
  Ttls: { live: { Seconds: 60 }, test: { Seconds: 0 } }
";

    fn resolved(value: &str) -> Node {
        let root = resolve(&yaml::parse(&format!("{TEMPLATE}Value: {value}\n")).unwrap());
        root.get("Value").cloned().unwrap_or_else(|| Node::of_text(0, "nothing".to_owned()))
    }

    #[test]
    fn functions_are_replaced_by_values_of_the_template() {
        for (value, text) in [
            ("!Ref Ttl", "3600"),
            ("{ Ref: Ttl }", "3600"),
            ("!Sub 'header.${Stage}'", "header.live"),
            ("!Sub ['${A}.${Stage}.${!Literal}', { A: !Ref Ttl }]", "3600.live.${Literal}"),
            ("!If [IsLive, 1, 2]", "1"),
            ("!If [IsTest, 1, 2]", "2"),
            ("!If [Either, 1, 2]", "1"),
            ("!FindInMap [Ttls, !Ref Stage, Seconds]", "60"),
            ("!Join ['.', [a, !Ref Stage]]", "a.live"),
            ("!Select [1, !Ref Field]", "Host"),
            ("!Select [1, !Split ['|', 'a|b']]", "b"),
            ("{ 'Fn::If': [IsLive, { 'Fn::Sub': '${Ttl}' }, x] }", "3600"),
            ("!If [IsTest, 1, !Ref AWS::NoValue]", "nothing"),
        ] {
            assert_eq!(resolved(value).text(), Some(text), "{value}");
        }
    }

    #[test]
    fn functions_whose_values_only_a_deployment_knows_stay() {
        for value in [
            "!Ref Given",
            "!Ref Kept",
            "!Ref AWS::Region",
            "!Sub '${Given}'",
            "!Sub '${AWS::Region}'",
            "!If [Both, 1, 2]",
            "!If [Round, 1, 2]",
            "!If [Nowhere, 1, 2]",
            "!FindInMap [Ttls, !Ref AWS::Region, Seconds]",
            "!Join ['', [a, !Ref Given]]",
            "!ImportValue Ttl",
            "!GetAtt A.B",
            "'{{resolve:ssm:/gate/ttl}}'",
        ] {
            let node = resolved(value);
            assert!(node.resolved_later && node.text().is_none(), "{value}");
        }
    }

    #[test]
    fn a_branch_may_be_a_whole_map_and_leave_members_out() {
        let value = resolved(
            "{ a: !If [IsLive, { b: !Ref Ttl, c: !Ref AWS::NoValue }, {}], d: [!Ref AWS::NoValue, 1] }",
        );
        assert_eq!(value.at(&["a", "b"]).and_then(Node::text), Some("3600"));
        assert!(value.at(&["a", "c"]).is_none());
        assert_eq!(value.get("d").unwrap().items().len(), 1);
    }

    #[test]
    fn inserted_text_is_limited() {
        let long = "x".repeat(100_000);
        let many = "${Long}".repeat(10_000);
        let template = format!(
            "Parameters:\n  Long: {{ Type: String, Default: {long} }}\nValue: !Sub '{many}'\n"
        );
        let root = resolve(&yaml::parse(&template).unwrap());
        assert!(root.get("Value").unwrap().resolved_later);
        let many = "!Ref Long, ".repeat(10_000);
        let template =
            format!("Parameters:\n  Long: {{ Type: String, Default: {long} }}\nValue: [{many}]\n");
        let root = resolve(&yaml::parse(&template).unwrap());
        let items = root.get("Value").unwrap().items();
        assert!(items.iter().filter(|item| item.text().is_some()).count() < 100);
    }
}
