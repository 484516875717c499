//! Evaluates IAM policies in authorizers' answers, independently of the product.

use serde_json::Value;

/// Returns whether IAM would allow a call by this answer.
pub fn allows(answer: &Value, arn: &str) -> bool {
    has_effect(answer, "Allow", arn) && !has_effect(answer, "Deny", arn)
}

/// Returns whether a statement with this effect covers the ARN.
fn has_effect(answer: &Value, effect: &str, arn: &str) -> bool {
    let statements = answer["policyDocument"]["Statement"].as_array().into_iter().flatten();
    for statement in statements.filter(|statement| statement["Effect"] == effect) {
        for resource in statement["Resource"].as_array().into_iter().flatten() {
            if matches(resource.as_str().unwrap_or_default().as_bytes(), arn.as_bytes()) {
                return true;
            }
        }
    }
    false
}

fn matches(glob: &[u8], text: &[u8]) -> bool {
    match (glob.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) if matches(rest, text) => true,
        (Some((b'*', _)), Some((_, left))) => matches(glob, left),
        (Some((b'?', rest)), Some((_, left))) => matches(rest, left),
        (Some((own, rest)), Some((other, left))) if own == other => matches(rest, left),
        _ => false,
    }
}
