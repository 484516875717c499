//! The size limits of API Gateway.

use edge_auth_api_gateway::InexpressibleRule;

use super::*;

/// This number of rules for all methods.
fn resources(count: usize) -> String {
    let mut rules = String::new();
    for n in 0..count {
        rules += &format!("[[rule]]\npath = \"/v1/resource{n}/{{id}}\"\nrequire = \"jwt:corp\"\n");
    }
    rules
}

fn inexpressible(rules: &str) -> Vec<InexpressibleRule> {
    iam_inexpressible(gate_of(rules).policy(), ApiType::Rest)
}

#[test]
fn rules_for_all_methods_leave_room_for_many() {
    let gate = gate_of(&resources(20));
    assert_eq!(iam_inexpressible(gate.policy(), ApiType::Rest), []);
    let token = bearer("");
    for asked in ["v1/resource1/42", "nope"] {
        let answer = json(&ask(
            &gate,
            ApiType::Rest,
            &format!("{STAGE}GET/{asked}"),
            &[("authorization", &token)],
        ));
        assert!(answer.to_string().len() <= 8192);
        for method in ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"] {
            assert!(
                iam_allows(&answer, &format!("{STAGE}{method}/v1/resource19/43")),
                "{method}: {answer}"
            );
            for beyond in
                ["v1/resource19/43/items", "x/v1/resource19/43", "v1/resource20/43", "v1/resource1"]
            {
                assert!(
                    !iam_allows(&answer, &format!("{STAGE}{method}/{beyond}")),
                    "{beyond}: {answer}"
                );
            }
        }
    }
}

#[test]
fn a_response_stays_within_the_limits_of_api_gateway() {
    let gate = gate_of(&resources(200));
    let token = bearer(&"scope:".repeat(500));
    let arn = format!("{STAGE}GET/v1/resource7/42");
    let (answer, outcome) = ask(&gate, ApiType::Rest, &arn, &[("authorization", &token)]);
    let answer = serde_json::to_value(answer.unwrap()).unwrap();
    assert!(iam_allows(&answer, &arn) && answer.to_string().len() <= 8192);
    assert_eq!(answer["context"]["scopes"], "");
    assert!(
        outcome.notices.iter().any(|notice| notice.contains("`scopes`")),
        "{:?}",
        outcome.notices
    );
    let long = format!("{STAGE}GET/a/{}", "x".repeat(600));
    assert!(!iam_allows(
        &json(&ask(&gate, ApiType::Rest, &long, &[("authorization", &token)])),
        &long
    ));
}

#[test]
fn rules_that_exceed_the_size_of_a_policy_are_found_in_advance() {
    let many = inexpressible(&resources(200));
    assert_eq!(many.len(), 1, "{many:?}");
    assert!(many[0].reason.contains("at most 8192"), "{many:?}");
    // The rules of another issuer do not count: no caller has both credentials.
    let apart: String = resources(40).replacen("jwt:corp", "jwt:other", 20);
    let policy = format!("{}{}{apart}", issuer("corp"), issuer("other"));
    assert_eq!(iam_inexpressible(gate(&policy).policy(), ApiType::Rest), []);
    let long = inexpressible(&format!(
        "[[rule]]\npath = \"/{}\"\nrequire = \"jwt:corp\"\n",
        "x".repeat(450)
    ));
    assert_eq!(long[0].rule, format!("1 /{}", "x".repeat(450)));
    assert!(long[0].reason.contains("512 characters"), "{long:?}");
}
