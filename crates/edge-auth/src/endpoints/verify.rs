//! `POST /v1/verify`: an application asks about a request that it describes in JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use edge_auth_token::Timestamp;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::InboundRequest;
use super::described_certificate::ClientCertificate;
use crate::audit::excerpt;
use crate::certificate::PlatformCertificate;
use crate::client_location::ClientLocation;
use crate::denial::{Code, Denial};
use crate::gate::{Decision, Gate, Outcome};
use crate::platform::Platform;
use crate::principal::Principal;
use crate::reply::Reply;
use crate::request::{AuthRequest, Headers, is_token};
use crate::trusted_proxies::parse_client_address;

/// The largest body that is read, in bytes. A host refuses more with 413.
pub(super) const MAX_VERIFY_BYTES: usize = 128 * 1024;
/// The longest name of a header field, in bytes: what is done for each value grows with it.
const MAX_NAME: usize = 256;

/// The request in question.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VerifyRequest {
    method: String,
    /// The raw request target: path and query.
    target: String,
    host: Option<String>,
    #[serde(default)]
    headers: HeaderFields,
    #[serde(default, deserialize_with = "client_ip")]
    client_ip: Option<IpAddr>,
    /// As Cloudflare says it: what is not a country's code is an unknown country.
    client_country: Option<String>,
    client_asn: Option<u32>,
    client_certificate: Option<ClientCertificate>,
}

/// An address, perhaps with the client's port as proxies and platforms hand it over.
fn client_ip<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IpAddr>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    match parse_client_address(&text) {
        Some(address) => Ok(Some(address)),
        None => Err(de::Error::custom("`client_ip` is not an address, alone or with a port")),
    }
}

/// The decision.
#[derive(Serialize)]
struct VerifyResponse<'a> {
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    www_authenticate: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a Principal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    /// The question's header fields that must not go on, by their names in lower case.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    remove: BTreeSet<&'a str>,
    /// What to set afterwards.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'a str, &'a str>,
}

impl<P: Platform> Gate<P> {
    /// The refusal of a caller that is not trusted, by its head alone: a host asks before it reads
    /// a body.
    pub fn refuse_verify(
        &self,
        incoming: &InboundRequest<'_>,
        now: Timestamp,
    ) -> Option<(Reply, Outcome)> {
        let denial = self.distrust(incoming)?;
        Some(self.refuse(incoming, denial, now))
    }

    /// Answers with 200 and the decision, whatever it is; with a refusal of its own only if the
    /// caller is no trusted one, or the body does not describe a request.
    pub async fn verify_json(
        &self,
        incoming: &InboundRequest<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> (Reply, Outcome) {
        let verify_request = match self.verify_request(incoming, body) {
            Ok(verify_request) => verify_request,
            Err(denial) => return self.refuse(incoming, denial, now),
        };
        let headers: Vec<(&str, &[u8])> = verify_request.headers.list().collect();
        let headers = Headers(&headers);
        let named_host = verify_request.host.as_deref();
        let field =
            headers.single("host").ok().flatten().and_then(|host| std::str::from_utf8(host).ok());
        let request = AuthRequest {
            method: &verify_request.method,
            host: named_host,
            // Told twice, it must be the same.
            authority: field.filter(|_| named_host.is_some()),
            target: &verify_request.target,
            headers,
            client_ip: verify_request.client_ip,
            location: ClientLocation {
                country: verify_request
                    .client_country
                    .as_deref()
                    .and_then(|code| code.parse().ok()),
                asn: verify_request.client_asn,
            },
            certificate: verify_request
                .client_certificate
                .as_ref()
                .map_or(PlatformCertificate::Nothing, ClientCertificate::handover),
            path_rewritten: false,
            // They are the client's own, whoever describes them.
            proxy_trusted: false,
        };
        let outcome = self.authorize(&request, now).await;
        let reply = Reply::json(200, &self.verify_response(&outcome));
        (reply, outcome)
    }

    /// Refuses a request about which nothing is decided, for a reason of the host's.
    pub fn refuse(
        &self,
        incoming: &InboundRequest<'_>,
        denial: Denial,
        now: Timestamp,
    ) -> (Reply, Outcome) {
        let reply = Reply::denied(&denial);
        (reply, self.refuse_unread(&incoming.as_request(incoming.peer), denial, now))
    }

    fn distrust(&self, incoming: &InboundRequest<'_>) -> Option<Denial> {
        let trusted = self.trust.admits(incoming);
        (!trusted)
            .then(|| Denial::new(Code::ProxyUntrusted, "the caller is not trusted: see `[trust]`"))
    }

    fn verify_request(
        &self,
        incoming: &InboundRequest<'_>,
        body: &[u8],
    ) -> Result<VerifyRequest, Denial> {
        if let Some(denial) = self.distrust(incoming) {
            return Err(denial);
        }
        let verify_request: VerifyRequest = crate::json::object(body).map_err(|error| {
            Denial::new(Code::RequestMalformed, format!("the body is no question: {error}"))
        })?;
        if let Some((name, _)) =
            verify_request.headers.0.iter().find(|(name, values)| !are_fields(name, values))
        {
            let reason =
                format!("the header `{}` is none that HTTP could carry", excerpt(name, 64));
            return Err(Denial::new(Code::RequestMalformed, reason));
        }
        if verify_request.host.is_none() && self.policy.rules_name_hosts() {
            return Err(Denial::new(
                Code::ForwardedRequestIncomplete,
                "`host` is missing, and rules of the policy name hosts",
            ));
        }
        Ok(verify_request)
    }

    fn verify_response<'a>(&self, outcome: &'a Outcome) -> VerifyResponse<'a> {
        let code = outcome.code();
        let grant = match &outcome.decision {
            Decision::Allow(grant) => Some(&**grant),
            Decision::Deny(_) => None,
        };
        VerifyResponse {
            allowed: code.is_none(),
            code,
            status: code.map(Code::status),
            title: code.map(Code::title),
            www_authenticate: self.challenges(outcome),
            rule: outcome.audit.rule.as_deref(),
            principal: grant.and_then(|grant| grant.principal.as_ref()),
            target: grant.map(|grant| grant.upstream.target.as_str()),
            remove: grant
                .map(|grant| grant.upstream.remove.iter().map(String::as_str).collect())
                .unwrap_or_default(),
            headers: grant
                .map(|grant| {
                    grant
                        .upstream
                        .set
                        .iter()
                        .map(|(name, value)| (name.as_str(), value.as_str()))
                        .collect()
                })
                .unwrap_or_default(),
        }
    }
}

/// Whether fields of one name are such as could stand in a request (RFC 9110, section 5).
fn are_fields(name: &str, values: &[String]) -> bool {
    let readable = |value: &String| !value.contains(['\r', '\n', '\0']);
    is_token(name) && name.len() <= MAX_NAME && values.iter().all(readable)
}

/// `{"name": "value"}`, or `{"name": ["several", "values"]}`; a name written twice counts twice.
#[derive(Default)]
struct HeaderFields(Vec<(String, Vec<String>)>);

impl HeaderFields {
    /// Each value with its name.
    fn list(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().flat_map(|(name, values)| {
            values.iter().map(move |value| (name.as_str(), value.as_bytes()))
        })
    }
}

impl<'de> Deserialize<'de> for HeaderFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Values {
            One(String),
            Many(Vec<String>),
        }
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = HeaderFields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("header names with a value or a list of values")
            }
            // Serde's own error would quote the text, and with it a credential.
            fn visit_str<E: de::Error>(self, _: &str) -> Result<HeaderFields, E> {
                Err(E::invalid_type(de::Unexpected::Other("text"), &self))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<HeaderFields, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, values)) = map.next_entry::<String, Values>()? {
                    match values {
                        Values::One(value) => fields.push((name, vec![value])),
                        Values::Many(values) => fields.push((name, values)),
                    }
                }
                Ok(HeaderFields(fields))
            }
        }
        deserializer.deserialize_any(Map)
    }
}
