//! A scenario's authorities and client certificates, issued for one run.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::source::{Certificate, ScenarioFile};
use super::text::Texts;
use crate::certificates::{
    Authority, AuthorityPlan, Client, ClientKey, ClientPlan, ClientUsage, misencoded,
    other_signature, pem,
};
use crate::mint::base64url;

/// Issues all of them, and sets the texts that refer to them.
pub(super) fn issue(source: &ScenarioFile, texts: &mut Texts) -> Result<(), String> {
    let now = texts.now.seconds();
    let past = (now - 7200, now - 3600);
    let mut authorities: BTreeMap<&str, Authority> = BTreeMap::new();
    for (name, authority) in &source.authority {
        let mut plan = AuthorityPlan::named(authority.common_name.as_deref().unwrap_or(name));
        if authority.expired {
            plan.valid = past;
        }
        let issued = match authority.under.as_deref() {
            None => Authority::root(&plan),
            Some(above) => {
                let above = authorities.get(above).ok_or_else(|| {
                    format!("authority `{name}`: the authority `{above}` must come before it")
                })?;
                above.below(&plan)
            }
        };
        texts.set("ca", name, issued.pem());
        texts.set("ca-sha256", name, hex(&Sha256::digest(issued.certificate())));
        authorities.insert(name, issued);
    }
    for (name, certificate) in &source.certificate {
        let mut plan = plan(certificate);
        if certificate.expired {
            plan.valid = past;
        }
        if certificate.early {
            plan.valid = (now + 3600, now + 7200);
        }
        let client = match certificate.by.as_deref() {
            Some(by) => {
                let authority = authorities
                    .get(by)
                    .ok_or_else(|| format!("certificate `{name}`: there is no authority `{by}`"))?;
                authority.issue(&plan)
            }
            None => Client::self_signed(&plan),
        };
        set(name, &client, texts);
    }
    Ok(())
}

fn plan(certificate: &Certificate) -> ClientPlan {
    let default = ClientPlan::default();
    let subject = match &certificate.common_name {
        Some(name) => vec![("CN".to_owned(), name.clone())],
        None => default.subject,
    };
    ClientPlan {
        subject,
        uris: certificate.san_uri.iter().cloned().collect(),
        hosts: certificate.san_dns.iter().cloned().collect(),
        usage: Some(if certificate.server { ClientUsage::Server } else { ClientUsage::Client }),
        serial: certificate.serial.map_or(default.serial, |serial| vec![serial]),
        key: if certificate.weak { ClientKey::Rsa1024 } else { default.key },
        ..ClientPlan::default()
    }
}

fn set(name: &str, client: &Client, texts: &mut Texts) {
    texts.set("cert", name, sequence(client.certificate()));
    let other = client.with_other_signature();
    texts.set("cert-other", name, sequence(other.certificate()));
    texts.set("cert-other-pem", name, other.pem());
    if let Some((_, ber)) = misencoded(client.certificate()).first() {
        texts.set("cert-ber", name, sequence(ber));
    }
    let others: Vec<_> = client.chain.iter().skip(1).map(|der| sequence(der)).collect();
    texts.set("cert-chain", name, others.join(", "));
    let reencoded = client.chain.iter().skip(1).filter_map(|der| other_signature(der));
    let reencoded: Vec<_> = reencoded.map(|der| sequence(&der)).collect();
    texts.set("cert-chain-other", name, reencoded.join(", "));
    texts.set("cert-pem", name, client.pem());
    // Load balancers leave `+`, `=` and `/` unencoded.
    let encoded: String = client.chain.iter().map(pem).collect();
    texts.set("cert-url", name, encoded.replace(' ', "%20").replace('\n', "%0A"));
    let base64: Vec<_> = client.chain.iter().map(|der| STANDARD.encode(der)).collect();
    texts.set("cert-base64", name, STANDARD.encode(client.certificate()));
    texts.set("cert-base64-list", name, base64.join(","));
    let row: Vec<u8> = client.chain.iter().flat_map(|der| der.to_vec()).collect();
    texts.set("cert-base64-row", name, STANDARD.encode(row));
    texts.set("cert-x5t", name, base64url(&client.thumbprint()));
    texts.set("cert-sha256", name, hex(&client.thumbprint()));
    texts.set("cert-other-sha256", name, hex(&other.thumbprint()));
}

/// Encodes a byte sequence (RFC 8941, section 3.3.5).
fn sequence(der: &[u8]) -> String {
    format!(":{}:", STANDARD.encode(der))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
