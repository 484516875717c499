//! Cross-origin requests (the Fetch standard, section 3.2): what a rule's `cors` allows.

use crate::policy::{Cors, Rule};
use crate::request::Headers;

/// Returns the fields that tell a browser whether the page that asked may read the response;
/// empty for a rule without `cors`.
pub(crate) fn response_fields(rule: &Rule, headers: Headers<'_>) -> Vec<(String, String)> {
    let Some(cors) = &rule.cors else { return Vec::new() };
    let mut fields = vec![("Vary".to_owned(), "Origin".to_owned())];
    if let Some(origin) = allowed_origin(cors, headers) {
        fields.push(("Access-Control-Allow-Origin".to_owned(), origin.to_owned()));
        if cors.credentials {
            fields.push(("Access-Control-Allow-Credentials".to_owned(), "true".to_owned()));
        }
        if !cors.expose.is_empty() {
            fields.push(("Access-Control-Expose-Headers".to_owned(), cors.expose.join(", ")));
        }
    }
    fields
}

/// Returns the request's origin if the rule allows it. Origins are compared as whole texts, and
/// the policy's own spelling is returned.
pub(crate) fn allowed_origin<'c>(cors: &'c Cors, headers: Headers<'_>) -> Option<&'c str> {
    let Ok(Some(origin)) = headers.single("origin") else { return None };
    cors.origins.iter().map(String::as_str).find(|allowed| allowed.as_bytes() == origin)
}
