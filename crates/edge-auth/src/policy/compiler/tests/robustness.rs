//! Any text is answered, in bounded time.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;

#[test]
fn a_policy_over_a_mebibyte_is_refused_unread() {
    let text = "#".repeat(MAX_POLICY_BYTES + 1);
    assert_eq!(
        mistake(&text),
        "policy.toml: is longer than 1048576 bytes, which is the most that is read"
    );
}

#[test]
fn deep_nesting_is_refused() {
    let (open, close) = ("[".repeat(10_000), "]".repeat(10_000));
    assert!(parse(&format!("rule = {open}{close}")).is_err());
    assert!(json(&format!("{{\"rule\": {open}{close}}}")).is_err());
    assert!(parse(&format!("{}x = 1", "a.".repeat(10_000))).is_err());
    assert!(json(&format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000))).is_err());
}

/// Rules, issuers and mistakes by the thousand: their places are not looked for one by one.
#[test]
fn thousands_of_blocks_with_a_mistake_each_are_reported() {
    let mut text = String::new();
    for index in 0..3000 {
        writeln!(text, "[[rule]]\npath = \"/a{index}/{{id}}\"\nrequire = \"jwt:nobody\"").unwrap();
    }
    let errors = parse(&text).unwrap_err().0;
    assert_eq!(errors.len(), 3000);
    assert_eq!(errors[2999].line, Some(9000));
}

#[test]
fn thousands_of_good_blocks_are_read() {
    let mut text = GOOD.to_owned();
    for index in 0..3000 {
        writeln!(text, "[[rule]]\npath = \"/a{index}/{{id}}\"\nrequire = \"jwt:corp\"").unwrap();
        writeln!(
            text,
            "[[issuer]]\nname = \"i{index}\"\nissuer = \"i\"\naudience = \"a\"\nkeys = {{ secret = \"S\" }}"
        )
        .unwrap();
    }
    let policy = policy(&text);
    assert_eq!(policy.rule_count(), 3001);
    assert_eq!(policy.issuers[3000].place, "policy.toml:24013");
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}|[\\[\\]{}=\"a-z0-9 \n.,#'-]{0,200}") {
        let _ = parse(&text);
        let _ = json(&text);
    }

    /// A byte changed, a passage dropped or doubled: an answer, and a line that the text has.
    #[test]
    fn a_damaged_policy_is_answered(at in 0..GOOD.len(), length in 0..40usize, new in "\\PC?|[\\[\\]{}=\"\n.]{0,3}", double: bool) {
        for (good, format, file) in [(GOOD, Format::Toml, "policy.toml"), (GOOD_JSON, Format::Json, "policy.json")] {
            let end = (at + length).min(good.len());
            let text = match double {
                true => [good.get(..end), Some(&new), good.get(at..)],
                false => [good.get(..at), Some(&new), good.get(end..)],
            };
            let text = text.into_iter().flatten().collect::<String>();
            if let Err(PolicyErrors(errors)) = Policy::parse(&text, format, file) {
                prop_assert!(!errors.is_empty());
                for error in errors {
                    prop_assert!(error.line.is_none_or(|line| (1..=text.lines().count() + 1).contains(&line)));
                }
            }
        }
    }
}
