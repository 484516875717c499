//! Claims about identity and certificates in a client's own fields: which arrive, and how the gate
//! treats them.

use serde_json::json;

use crate::caller::{agents, bearer, token};
use crate::front::{Came, Front};

/// Fields that could claim a verified certificate.
const CERTIFICATES: [&str; 25] = [
    "Client-Cert",
    "Client-Cert-Chain",
    "X-Forwarded-Client-Cert",
    "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Tls-Client-Cert-Info",
    "X-Client-Cert",
    "X-Client-DN",
    "X-TLS-Client-Cert",
    "X-ARR-ClientCert",
    "X-SSL-Client-Cert",
    "X-SSL-Client-Verify",
    "X-SSL-Client-S-DN",
    "SSL-Client-Cert",
    "SSL-Client-Verify",
    "SSL-Client-S-DN",
    "X-Amzn-Mtls-Clientcert",
    "X-Amzn-Mtls-Clientcert-Leaf",
    "X-Amzn-Mtls-Clientcert-Subject",
    "Cf-Cert-Presented",
    "Cf-Cert-Verified",
    "Cf-Cert-Revoked",
    "Cf-Cert-Subject-DN-RFC2253",
    "Cf-Client-Cert-Der-Base64",
    "CloudFront-Viewer-Cert-Pem",
    "CloudFront-Viewer-Cert-Subject",
];

/// Identity headers, one with an unknown name, and the code of a refusal.
const IDENTITY: [&str; 8] = [
    "X-Auth-Principal",
    "X-Auth-Kind",
    "X-Auth-Subject",
    "X-Auth-Issuer",
    "X-Auth-Client",
    "X-Auth-Scopes",
    "X-Auth-Code",
    "X-Auth-Roles",
];

/// Checks that no identity header of a client arrives, including those that the gate's answer
/// leaves empty.
pub(crate) fn of_identity_do_not_arrive(front: &Front) {
    let gate = front.gate.as_ref().expect("a gate");
    let made = gate.keys(&["create", "--scope", "orders:read", "--expires", "1d"]);
    let key = made["secret"].as_str().expect("a key").to_owned();
    let without_client = bearer(&token(json!({ "client_id": null })));
    let callers: [(&str, Option<(&str, &str)>); 3] = [
        ("/orders/42", Some(("Authorization", &without_client))),
        ("/orders/42", Some(("X-API-Key", &key))),
        ("/public/page", None),
    ];
    for (target, credential) in callers {
        let own: Vec<(&str, &str)> = credential.into_iter().collect();
        let expected = identity(&front.get(target, &own));
        for name in IDENTITY {
            for spelled in spellings(name) {
                for values in [&["mallory"][..], &[""], &["mallory", "mallory"], &["", "mallory"]] {
                    let claims = values.iter().map(|value| (spelled.as_str(), *value));
                    let came =
                        front.get(target, &own.iter().copied().chain(claims).collect::<Vec<_>>());
                    // The gate may refuse a field that the proxy would not overwrite.
                    let refused = came.arrived.is_empty() && (400..500).contains(&came.status);
                    assert!(
                        refused || identity(&came) == expected,
                        "{target} {spelled} {values:?}: {came:?}"
                    );
                }
            }
        }
    }
}

/// Checks that no certificate field of a client arrives, and that the gate accepts none.
pub(crate) fn of_certificates_do_not_count(front: &Front) {
    let certificate = agents().field.as_str();
    for name in CERTIFICATES {
        for spelled in spellings(name) {
            let came =
                front.get("/public/page", &[(&spelled, certificate), (&spelled, certificate)]);
            let arrived = came.arrived.iter().flat_map(|request| &request.headers);
            let left: Vec<_> = arrived.filter(|(field, _)| fold(field) == fold(name)).collect();
            assert!(left.iter().all(|(_, value)| value.is_empty()), "{spelled}: {came:?}");
            let refused = came.arrived.is_empty() && (400..500).contains(&came.status);
            assert!(refused || came.status == 200, "{spelled}: {came:?}");
        }
    }
    for spelled in spellings("Client-Cert") {
        for more in [
            None,
            Some(("Connection", "close, Client-Cert")),
            Some(("Client-Cert-Chain", certificate)),
        ] {
            let fields: Vec<_> =
                [(spelled.as_str(), certificate)].into_iter().chain(more).collect();
            let came = front.get("/agents", &fields);
            assert!(came.arrived.is_empty(), "{fields:?}: {came:?}");
            assert_eq!(came.code.as_deref(), Some("credential_missing"), "{fields:?}: {came:?}");
        }
    }
}

/// Returns the spellings that some server or framework takes for the same name.
fn spellings(name: &str) -> Vec<String> {
    vec![
        name.to_owned(),
        name.to_ascii_lowercase(),
        name.to_ascii_uppercase(),
        name.replace('-', "_"),
        name.replace('-', "."),
        name.replacen('-', "_", 1),
        name.replacen('-', "!", 1),
        name.replace('-', "~"),
    ]
}

/// Returns the identity headers at the page, in any spelling. An empty field counts as absent.
fn identity(came: &Came) -> Vec<(String, String)> {
    assert_eq!(came.arrived.len(), 1, "{came:?}");
    let mut identity = Vec::new();
    for (name, value) in came.arrived.iter().flat_map(|request| &request.headers) {
        if fold(name).starts_with("x-auth-") && !value.is_empty() {
            identity.push((fold(name), value.clone()));
        }
    }
    identity.sort();
    identity
}

fn fold(name: &str) -> String {
    name.to_ascii_lowercase().replace(|char: char| !char.is_ascii_alphanumeric(), "-")
}
