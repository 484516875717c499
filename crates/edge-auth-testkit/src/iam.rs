//! Evaluates IAM policies in authorizers' answers, independently of the product.

use serde_json::Value;

/// Returns whether IAM would allow a call by this answer.
pub fn allows(answer: &Value, arn: &str) -> bool {
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
    let says = |effect: &str| {
        let statements = answer["policyDocument"]["Statement"].as_array().into_iter().flatten();
        let resources =
            statements.filter(|one| one["Effect"] == effect).map(|one| &one["Resource"]);
        let mut resources = resources.flat_map(|list| list.as_array().into_iter().flatten());
        resources.any(|resource| {
            matches(resource.as_str().unwrap_or_default().as_bytes(), arn.as_bytes())
        })
    };
    says("Allow") && !says("Deny")
}
