//! The request fields that can change an answer where nothing is forwarded, so that a host for which
//! each field costs much need not hand over the others.

use crate::gate::Gate;
use crate::identity_headers::folded;
use crate::platform::Platform;
use crate::policy::{Policy, TokenPlace};

/// The fields that endpoints other than the gateway read, whatever the policy says.
const ALWAYS: [&str; 17] = [
    "authorization",
    "host",
    "origin",
    "sec-fetch-site",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "upgrade",
    "x-edge-auth-client-address",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-method",
    "x-forwarded-uri",
    "x-original-host",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
];

/// The fields that can change the answer of an endpoint other than the gateway, which must see all
/// fields, since it removes some.
#[derive(Debug, Clone)]
pub struct RelevantFields {
    /// Names in lower case.
    names: Vec<String>,
    /// Beginnings of names: lower-case letters, digits, and `-` for any other character.
    prefixes: Vec<String>,
}

impl RelevantFields {
    /// Returns the fields that matter to a gate.
    pub fn of<P: Platform>(gate: &Gate<P>) -> Self {
        let mut names: Vec<String> = ALWAYS.iter().map(|name| (*name).to_owned()).collect();
        names.extend(named_by(gate.policy()));
        names.push(gate.trusted_proxies().secret_header().to_ascii_lowercase());
        let mut prefixes = vec![gate.identity_headers().folded_prefix()];
        for field in gate.certificate_fields() {
            match field.ends_with('-') {
                true => prefixes.push(field),
                false => names.push(field),
            }
        }
        Self { names, prefixes }
    }

    /// Returns whether a field matters, by its name in lower case.
    pub fn has(&self, name: &str) -> bool {
        let begins = |prefix: &String| {
            let mut name = folded(name);
            prefix.bytes().all(|own| name.next() == Some(own))
        };
        self.names.iter().any(|own| own == name) || self.prefixes.iter().any(begins)
    }

    /// Returns one line for each name, and for each prefix, which ends with `-`.
    pub fn lines(&self) -> String {
        let lines: Vec<&str> =
            self.names.iter().chain(&self.prefixes).map(String::as_str).collect();
        lines.join("\n")
    }
}

fn named_by(policy: &Policy) -> Vec<String> {
    let mut names = vec![policy.api_key_header.to_ascii_lowercase()];
    for issuer in &policy.issuers {
        match &issuer.token_place {
            TokenPlace::Header(name) => names.push(name.to_ascii_lowercase()),
            TokenPlace::Cookie(_) => names.push("cookie".to_owned()),
            // In `ALWAYS`, or not in a field.
            TokenPlace::Bearer
            | TokenPlace::Raw
            | TokenPlace::WebSocketProtocol
            | TokenPlace::Query(_) => {}
        }
    }
    names
}
