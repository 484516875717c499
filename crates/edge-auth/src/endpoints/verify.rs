//! `POST /v1/verify`: decides about a request that an application describes in JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use edge_auth_token::Timestamp;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::described_certificate::ClientCertificate;
use super::refusal::{challenges, refuse};
use crate::audit::excerpt;
use crate::certificate::PlatformCertificate;
use crate::client_location::ClientLocation;
use crate::denial::{Code, Denial};
use crate::gate::{Decision, Gate, Outcome};
use crate::platform::Platform;
use crate::principal::Principal;
use crate::reply::Reply;
use crate::request::{AuthRequest, Headers, InboundRequest, is_token};
use crate::trusted_proxies::parse_client_address;

/// The largest body that is read, in bytes. A host refuses more with 413.
pub(super) const MAX_VERIFY_BYTES: usize = 128 * 1024;
/// The longest name of a header field, in bytes. The work for each value grows with it.
const MAX_NAME: usize = 256;

/// The described request.
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
    /// The country as Cloudflare writes it. A text that is no country code is an unknown country.
    client_country: Option<String>,
    client_asn: Option<u32>,
    client_certificate: Option<ClientCertificate>,
}

/// Reads an address, which may have the client's port as proxies and platforms write it.
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
    /// The described header fields that must not go upstream, by their names in lower case.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    remove: BTreeSet<&'a str>,
    /// The header fields to set after that.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'a str, &'a str>,
}

/// `/v1/verify`.
pub struct VerifyEndpoint<'g, P: Platform>(&'g Gate<P>);

impl<'g, P: Platform> VerifyEndpoint<'g, P> {
    /// Makes the endpoint of a gate.
    pub fn new(gate: &'g Gate<P>) -> Self {
        Self(gate)
    }

    /// Returns the refusal of an untrusted caller, by the request's head alone: a host asks before it
    /// reads a body.
    pub(super) fn refuse_untrusted(
        &self,
        inbound: &InboundRequest<'_>,
        now: Timestamp,
    ) -> Option<(Reply, Outcome)> {
        let denial = self.check_caller(inbound).err()?;
        Some(refuse(self.0, inbound, denial, now))
    }

    /// Answers with 200 and the decision, whatever it is. Refuses only a caller that is not
    /// trusted, and a body that does not describe a request.
    pub async fn answer(
        &self,
        inbound: &InboundRequest<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> (Reply, Outcome) {
        let verify_request = match self.read(inbound, body) {
            Ok(verify_request) => verify_request,
            Err(denial) => return refuse(self.0, inbound, denial, now),
        };
        let headers: Vec<(&str, &[u8])> = verify_request.headers.list().collect();
        let request = verify_request.described(Headers(&headers));
        let outcome = self.0.authorize(&request, now).await;
        let reply = Reply::json(200, &self.response(&outcome));
        (reply, outcome)
    }

    fn check_caller(&self, inbound: &InboundRequest<'_>) -> Result<(), Denial> {
        if self.0.trusted_proxies().admits(inbound) {
            return Ok(());
        }
        Err(Denial::new(Code::ProxyUntrusted, "the caller is not trusted: see `[trust]`"))
    }

    fn read(&self, inbound: &InboundRequest<'_>, body: &[u8]) -> Result<VerifyRequest, Denial> {
        self.check_caller(inbound)?;
        let verify_request: VerifyRequest = crate::json::object(body).map_err(|error| {
            Denial::new(
                Code::RequestMalformed,
                format!("the body does not describe a request: {error}"),
            )
        })?;
        for (name, values) in &verify_request.headers.0 {
            if !are_fields(name, values) {
                let name = excerpt(name, 64);
                let reason = format!(
                    "HTTP cannot carry the header `{name}`: its name or a value is invalid"
                );
                return Err(Denial::new(Code::RequestMalformed, reason));
            }
        }
        if verify_request.host.is_none() && self.0.policy().rules_name_hosts() {
            return Err(Denial::new(
                Code::ForwardedRequestIncomplete,
                "`host` is missing, and rules of the policy name hosts",
            ));
        }
        Ok(verify_request)
    }

    fn response<'a>(&'a self, outcome: &'a Outcome) -> VerifyResponse<'a> {
        let code = outcome.code();
        let mut response = VerifyResponse {
            allowed: code.is_none(),
            code,
            status: code.map(Code::status),
            title: code.map(Code::title),
            www_authenticate: challenges(self.0, outcome),
            rule: self.0.rule_of(outcome).map(|rule| rule.name.as_str()),
            principal: outcome.principal(),
            target: None,
            remove: BTreeSet::new(),
            headers: BTreeMap::new(),
        };
        if let Decision::Allow(grant) = &outcome.decision {
            let upstream = &grant.upstream;
            response.target = Some(&upstream.target);
            response.remove.extend(upstream.remove.iter().map(String::as_str));
            response.headers.extend(grant.fields_to_set());
        }
        response
    }
}

impl VerifyRequest {
    /// Returns the request that is described, with these fields.
    fn described<'a>(&'a self, headers: Headers<'a>) -> AuthRequest<'a> {
        let host = self.host.as_deref();
        let field = match headers.single("host") {
            Ok(Some(field)) => std::str::from_utf8(field).ok(),
            Ok(None) | Err(_) => None,
        };
        AuthRequest {
            method: &self.method,
            host,
            // If the host is given twice, both must agree.
            authority: field.filter(|_| host.is_some()),
            target: &self.target,
            headers,
            client_ip: self.client_ip,
            location: self.location(),
            certificate: match &self.client_certificate {
                Some(certificate) => certificate.handover(),
                None => PlatformCertificate::Nothing,
            },
            path_rewritten: false,
            // The fields are the client's own, whoever describes them.
            proxy_trusted: false,
        }
    }

    fn location(&self) -> ClientLocation {
        let country = match &self.client_country {
            Some(code) => code.parse().ok(),
            None => None,
        };
        ClientLocation { country, asn: self.client_asn }
    }
}

/// Returns whether a request could have these fields of one name (RFC 9110, section 5).
fn are_fields(name: &str, values: &[String]) -> bool {
    is_token(name)
        && name.len() <= MAX_NAME
        && !values.iter().any(|value| value.contains(['\r', '\n', '\0']))
}

/// `{"name": "value"}`, or `{"name": ["several", "values"]}`; a name written twice counts twice.
#[derive(Default)]
struct HeaderFields(Vec<(String, Vec<String>)>);

impl HeaderFields {
    /// Returns each value with its name.
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
