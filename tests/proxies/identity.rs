//! The page learns the caller's identity only from the gate.

use serde_json::json;

use crate::caller::{bearer, token};
use crate::front::{Came, Front};

/// The identity headers and their values for alice.
const ALICE: [(&str, &str); 6] = [
    ("x-auth-principal", "jwt:corp:alice"),
    ("x-auth-kind", "jwt"),
    ("x-auth-subject", "alice"),
    ("x-auth-issuer", "https://login.example.com/"),
    ("x-auth-client", "app"),
    ("x-auth-scopes", "orders:read"),
];

/// Names that some server or framework takes for `X-Auth-Subject`.
const SPELLINGS: [&str; 10] = [
    "X-Auth-Subject",
    "x-auth-subject",
    "X-AUTH-SUBJECT",
    "X_Auth_Subject",
    "x_auth_subject",
    "X.Auth.Subject",
    "X-Auth_Subject",
    "X_Auth-Subject",
    "X-Auth.Subject",
    "x.auth-subject",
];

pub(crate) fn is_the_gates(front: &Front) {
    let alice = bearer(&token(json!({})));
    let authorization = ("Authorization", alice.as_str());

    let of_alice = ALICE.map(|(name, value)| (name, vec![value.to_owned()]));
    let of_nobody = ALICE.map(|(name, _)| (name, Vec::new()));

    assert_eq!(identity(&front.get("/orders/42", &[authorization])), of_alice);
    assert_eq!(identity(&front.get("/public/page", &[])), of_nobody);
    // A public rule verifies no credential, so the identity headers stay empty.
    assert_eq!(identity(&front.get("/public/page", &[authorization])), of_nobody);

    for name in SPELLINGS {
        let spoofed = [authorization, (name, "mallory"), (name, "mallory")];
        assert_eq!(identity(&front.get("/orders/42", &spoofed)), of_alice, "{name}");
        assert_eq!(identity(&front.get("/public/page", &spoofed[1..])), of_nobody, "{name}");
    }
    for (name, _) in ALICE {
        assert_eq!(identity(&front.get("/public/page", &[(name, "mallory")])), of_nobody, "{name}");
    }
    // RFC 9110, section 7.6.1: a proxy removes the fields that `Connection` lists, but must not
    // remove the ones that it sets.
    for listed in
        ["close, X-Auth-Subject", "close, x-auth-principal, X-AUTH-KIND", "x-auth-scopes,close"]
    {
        let spoofed = [authorization, ("Connection", listed), ("X-Auth-Subject", "mallory")];
        assert_eq!(identity(&front.get("/orders/42", &spoofed)), of_alice, "{listed}");
        assert_eq!(identity(&front.get("/public/page", &spoofed[1..])), of_nobody, "{listed}");
    }
    // A client that has its credential removed before it reaches the gate has not presented one.
    let hidden = front.get("/orders/42", &[authorization, ("Connection", "close, Authorization")]);
    assert!(hidden.arrived.is_empty() || identity(&hidden) == of_alice, "{hidden:?}");
}

/// Returns the page's values of each identity header.
fn identity(came: &Came) -> [(&'static str, Vec<String>); 6] {
    assert_eq!(came.arrived.len(), 1, "{came:?}");
    ALICE.map(|(name, _)| (name, values(came, name)))
}

/// Returns the page's values of a header in any spelling. An empty field counts as absent.
fn values(came: &Came, name: &str) -> Vec<String> {
    let mut values = Vec::new();
    for (field, value) in came.arrived.iter().flat_map(|request| &request.headers) {
        let field = field.to_ascii_lowercase().replace(['_', '.'], "-");
        if field == name && !value.is_empty() {
            values.push(value.clone());
        }
    }
    values
}
