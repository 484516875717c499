//! `claims` of an `[[issuer]]` and of a `[[rule]]`.

use std::collections::BTreeMap;

use edge_auth_token::ClaimPath;

use super::mistakes::{Compiler, Field};
use crate::policy::claim_rule::{ClaimRule, ClaimTest, ClaimValue};

impl ClaimRule {
    /// Makes the rule that a claim with a plain name has this text.
    pub(super) fn equals(claim: &str, value: &str) -> Self {
        let wanted = ClaimTest::OneOf(vec![ClaimValue::Text(value.to_owned())]);
        Self::Is { claim: ClaimPath::name(claim), wanted }
    }

    /// Makes the rule that a claim with a plain name is `true`.
    pub(super) fn is_true(claim: &str) -> Self {
        let wanted = ClaimTest::OneOf(vec![ClaimValue::Boolean(true)]);
        Self::Is { claim: ClaimPath::name(claim), wanted }
    }

    /// Makes the rule that one of some claims with plain names is there.
    pub(super) fn present(claims: &[&str]) -> Self {
        Self::AnyPresent { claims: claims.iter().map(|claim| ClaimPath::name(claim)).collect() }
    }

    /// Compiles a table of claims, and reports mistakes at `at`.
    pub(super) fn compile(
        compiler: &mut Compiler<'_>,
        at: &Field,
        table: &BTreeMap<String, ClaimTest>,
    ) -> Vec<Self> {
        let mut rules = Vec::with_capacity(table.len());
        for (name, wanted) in table {
            match ClaimPath::parse(name) {
                Ok(claim) => rules.push(Self::Is { claim, wanted: wanted.clone() }),
                Err(error) => compiler.error(at.clone(), &format!("`{name}` {error}")),
            }
            if wanted.values().is_empty() {
                compiler.error(
                    at.clone(),
                    &format!("`{name}` lists no value: name one, or leave it out"),
                );
            }
        }
        rules
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::policy::compiler::schema::WrittenTest;

    fn is_met(test: Value, found: Value) -> bool {
        let WrittenTest(test) = serde_json::from_value(test).unwrap();
        test.is_met_by(&found)
    }

    #[test]
    fn a_claim_is_one_value_or_one_of_several_and_of_the_same_type() {
        for (test, found) in [
            (json!("a"), json!("a")),
            (json!(true), json!(true)),
            (json!(42), json!(42)),
            (json!(42), json!(42.0)),
            (json!(-1), json!(-1)),
            (json!(["a", 7]), json!(7)),
        ] {
            assert!(is_met(test.clone(), found.clone()), "{test} {found}");
        }
        for (test, found) in [
            (json!("a"), json!("A")),
            (json!("a"), json!(["a"])),
            (json!("true"), json!(true)),
            (json!(true), json!("true")),
            (json!(true), json!(1)),
            (json!("42"), json!(42)),
            (json!(42), json!("42")),
            (json!(42), json!(42.5)),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0)),
            (json!(["a", "b"]), json!("c")),
            (json!("a"), json!({"a": 1})),
        ] {
            assert!(!is_met(test.clone(), found.clone()), "{test} {found}");
        }
    }

    #[test]
    fn a_list_contains_whole_elements_and_a_lone_value_is_a_list_of_one() {
        let list = json!(["staff", "buyers", 7]);
        for test in [
            json!({"contains": "buyers"}),
            json!({"contains": 7}),
            json!({"contains_any": ["x", "staff"]}),
            json!({"contains_all": ["staff", "buyers"]}),
        ] {
            assert!(is_met(test.clone(), list.clone()), "{test}");
        }
        for test in [
            json!({"contains": "buy"}),
            json!({"contains_any": ["x", "y"]}),
            json!({"contains_all": ["staff", "x"]}),
            json!({"contains_all": []}),
            json!({"contains_any": []}),
        ] {
            assert!(!is_met(test.clone(), list.clone()), "{test}");
        }
        assert!(is_met(json!({"contains": "buyers"}), json!("buyers")));
        assert!(!is_met(json!({"contains": "buyers"}), json!("no-buyers-here")));
        assert!(!is_met(json!({"contains": "buyers"}), json!({"buyers": true})));
        assert!(!is_met(json!({"contains": "buyers"}), json!([["buyers"]])));
    }

    #[test]
    fn a_github_subject_with_ids_is_refused_with_a_hint() {
        let pinned = ClaimRule::equals("sub", "repo:octo/app:ref:refs/heads/main");
        let ClaimRule::Is { wanted, .. } = &pinned else { panic!() };
        assert!(wanted.github_hint("repo:octo@1/app@2:ref:refs/heads/main").is_some());
        for other in [
            "repo:octo/app:ref:refs/heads/x",
            "repo:octo@1/lib@2:ref:refs/heads/main",
            "octo@1/app@2",
        ] {
            assert!(wanted.github_hint(other).is_none(), "{other}");
        }
    }
}
