//! Access tokens of oidc-provider, whose keys the gate discovers.

use crate::issuers::{API, Provider, decided, gate};

#[test]
fn a_certified_providers_access_tokens_are_accepted_in_every_algorithm() {
    let mut provider = Provider::start();
    let tokens = provider.tokens();
    let kids = ["a", "rsa", "pss", "p384", "ed25519"];
    for kid in kids {
        provider.publish(&kids, kid);
        // A new gate has no keys yet, so each one discovers them.
        let gate = gate(&provider.issuer, "{ discover = true }", "");
        let token = tokens.get(Some(API), "orders:read");
        assert_eq!(decided(gate.address, &token), Ok("jwt:corp:app".to_owned()), "{kid}");
    }
}

#[test]
fn a_certified_providers_other_tokens_are_refused() {
    let provider = Provider::start();
    let tokens = provider.tokens();
    let gate = gate(&provider.issuer, "{ discover = true }", "");
    for (token, refusal) in [
        (tokens.get(Some("https://other.example.com"), "orders:read"), "401 audience_mismatch"),
        (tokens.get(Some(API), "orders:write"), "403 scope_insufficient"),
        // Without a resource the provider issues opaque tokens.
        (tokens.get(None, "orders:read"), "401 token_malformed"),
    ] {
        assert_eq!(decided(gate.address, &token), Err(refusal.to_owned()));
    }
}
