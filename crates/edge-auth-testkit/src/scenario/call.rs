//! A case's request in the form of each endpoint, and the outcome expected there.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use edge_auth::route::has_dot_segments;
use pki_types::CertificateDer;
use pki_types::pem::PemObject;
use serde_json::{Map, Value, json};

use super::expectation::Expectation;
use super::host::{Call, Capability, PlatformCredentials};
use super::source::{Case, CertificateSetup, Endpoint, Expect, Upstream};
use super::text::Texts;

/// The paths of the endpoints.
const AUTHORIZE: &str = "/authorize";
const VERIFY: &str = "/v1/verify";
/// The code of an ambiguous path.
const AMBIGUOUS: &str = "path_ambiguous";

const DEFAULT_HOST: &str = "api.example.com";
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Builds the case's own call.
pub(super) fn call(case: &Case, texts: &Texts) -> Result<Call, String> {
    let request = texts.bytes(&case.request)?;
    let space = request.iter().position(|byte| *byte == b' ');
    let (method, target) =
        request.split_at(space.ok_or("`request` is a method, a space and a target")?);
    let authority = match &case.authority {
        Some(authority) => Some(texts.expand(authority)?),
        None => None,
    };
    let handover = match &case.handover {
        Some(handover) => Some(handed(handover, texts)?),
        None => None,
    };
    Ok(Call {
        endpoint: case.endpoint.unwrap_or(Endpoint::Gateway),
        method: String::from_utf8(method.to_vec()).map_err(|_| "a method is text")?,
        target: target[1..].to_vec(),
        host: texts.expand(case.host.as_deref().unwrap_or(DEFAULT_HOST))?,
        authority,
        headers: case.headers.iter().map(|line| field(line, texts)).collect::<Result<_, _>>()?,
        body: texts.bytes(&case.body)?,
        handover,
        from: case.from.unwrap_or(LOOPBACK),
        location: case.location.clone(),
    })
}

/// Parses a header line, `Name: value`.
fn field(line: &str, texts: &Texts) -> Result<(String, Vec<u8>), String> {
    let line = texts.bytes(line)?;
    let colon = line.iter().position(|byte| *byte == b':').ok_or("a header is `Name: value`")?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let name = String::from_utf8(name.to_vec()).map_err(|_| "a header's name is text")?;
    Ok((name, value.strip_prefix(b" ").unwrap_or(value).to_vec()))
}

fn handed(handover: &CertificateSetup, texts: &Texts) -> Result<PlatformCredentials, String> {
    Ok(match handover {
        CertificateSetup::Tls(name) => {
            let pem = texts.expand(&format!("{{cert-pem:{name}}}"))?;
            let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>();
            PlatformCredentials::Tls(chain.map_err(|error| error.to_string())?)
        }
        CertificateSetup::ApiGateway(pem) => PlatformCredentials::ApiGateway(texts.expand(pem)?),
        CertificateSetup::LoadBalancer(true) => PlatformCredentials::LoadBalancer,
        CertificateSetup::LoadBalancer(false) => {
            return Err("`load-balancer` is true or absent".to_owned());
        }
        CertificateSetup::Cloudflare(members) => {
            let members =
                members.iter().map(|(name, text)| Ok((name.clone(), texts.expand(text)?)));
            PlatformCredentials::Cloudflare(members.collect::<Result<_, String>>()?)
        }
    })
}

/// Returns the capabilities that a call needs because of its content.
pub(super) fn needs(call: &Call) -> impl Iterator<Item = Capability> {
    let raw = std::str::from_utf8(&call.target).is_err();
    let bytes = call.headers.iter().any(|(_, value)| std::str::from_utf8(value).is_err());
    let own = [
        (call.from != LOOPBACK, Capability::Peer),
        (call.authority.is_some(), Capability::Authority),
        (call.location.is_some(), Capability::Location),
        (raw, Capability::Wire),
        (bytes, Capability::Bytes),
    ];
    own.into_iter()
        .filter_map(|(needed, need)| needed.then_some(need))
        .chain(call.handover.as_ref().map(PlatformCredentials::need))
}

/// Returns whether a name resembles an identity header, by the prefixes that the scenarios use,
/// without being one.
fn is_imitation(name: &str) -> bool {
    const OURS: [&str; 6] = ["principal", "kind", "subject", "issuer", "client", "scopes"];
    let name = name.to_ascii_lowercase();
    let folded = name.replace(|char: char| !char.is_ascii_alphanumeric(), "-");
    ["x-auth-", "x-caller-"].into_iter().any(|prefix| {
        folded.starts_with(prefix)
            && name.strip_prefix(prefix).is_none_or(|field| !OURS.contains(&field))
    })
}

/// Returns the same request for another endpoint, or `None` if that endpoint cannot express it.
pub(super) fn asked_through(endpoint: Endpoint, call: &Call) -> Option<Call> {
    if call.authority.is_some() {
        return None;
    }
    if call.handover.is_some() && endpoint != Endpoint::Authorizer {
        return None;
    }
    let target = std::str::from_utf8(&call.target).ok()?;
    // A proxy cannot report its client's location.
    if call.location.is_some() && endpoint == Endpoint::ForwardAuth {
        return None;
    }
    match endpoint {
        Endpoint::Authorizer => {
            // An ARN has a path but no query.
            let query = target.split_once('?').map_or("", |(_, query)| query);
            // An authorizer removes no headers, so it refuses those that resemble identity headers.
            let imitated = call.headers.iter().any(|(name, _)| is_imitation(name));
            if !target.starts_with('/') || query.contains('#') || imitated {
                return None;
            }
            Some(Call { endpoint, ..call.clone() })
        }
        Endpoint::ForwardAuth => {
            let forwarded = [
                ("X-Forwarded-Method", call.method.clone()),
                ("X-Forwarded-Uri", target.to_owned()),
                ("X-Forwarded-Host", call.host.clone()),
                ("X-Forwarded-For", call.from.to_string()),
            ];
            // A proxy overwrites the client's headers with its own of the same names.
            let mut headers = call.headers.clone();
            headers.retain(|(name, _)| {
                !forwarded.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
            });
            headers.extend(forwarded.map(|(name, value)| (name.to_owned(), value.into_bytes())));
            Some(Call { target: AUTHORIZE.into(), headers, ..asked(endpoint, "GET") })
        }
        Endpoint::Verify => {
            let mut headers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            let (mut own, mut above): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
            for (name, value) in &call.headers {
                let value = std::str::from_utf8(value).ok()?;
                match name.to_ascii_lowercase().as_str() {
                    "client-cert" => own.push(value),
                    "client-cert-chain" => above.extend(value.split(',')),
                    _ => headers.entry(name).or_default().push(value),
                }
            }
            let mut question = json!({
                "method": call.method, "target": target, "host": call.host,
                "headers": headers, "client_ip": call.from,
            });
            if let Some(location) = &call.location {
                question["client_country"] = json!(location.country);
                question["client_asn"] = json!(location.asn);
            }
            match own.len() {
                0 if above.is_empty() => {}
                1 => {
                    let chain: Vec<&str> =
                        own.into_iter().chain(above).map(without_colons).collect();
                    question["client_certificate"] = json!({ "rfc9440": chain });
                }
                // JSON cannot express a repeated member or one that begins in the middle.
                _ => return None,
            }
            let headers = vec![("Content-Type".to_owned(), b"application/json".to_vec())];
            let body = question.to_string().into_bytes();
            Some(Call { target: VERIFY.into(), headers, body, ..asked(endpoint, "POST") })
        }
        Endpoint::Gateway | Endpoint::Admin => None,
    }
}

/// Returns the base64 of a byte sequence (RFC 8941, section 3.3.5). Other text stays the same.
fn without_colons(item: &str) -> &str {
    let inner = item.trim_matches(' ').strip_prefix(':').and_then(|rest| rest.strip_suffix(':'));
    inner.unwrap_or(item)
}

fn asked(endpoint: Endpoint, method: &str) -> Call {
    Call {
        endpoint,
        method: method.to_owned(),
        target: Vec::new(),
        host: "auth.example.com".to_owned(),
        authority: None,
        headers: Vec::new(),
        body: Vec::new(),
        handover: None,
        from: LOOPBACK,
        location: None,
    }
}

/// Returns the outcome expected from another endpoint where the gateway must give this one: the
/// same decision and code in that endpoint's form. Reads and fetches are checked at the first
/// endpoint only.
pub(super) fn expected_through(endpoint: Endpoint, own: &Call, expect: &Expect) -> Expect {
    // The gateway forwards the normalised path. The other endpoints' callers forward it unchanged.
    if str::from_utf8(&own.target).is_ok_and(has_dot_segments)
        && expect.code.as_deref() != Some(AMBIGUOUS)
    {
        let refused = Expect { status: 400, code: Some(AMBIGUOUS.to_owned()), ..Expect::default() };
        return expected_through(endpoint, own, &refused);
    }
    let arrived = expect.upstream.as_ref().and_then(Upstream::like);
    let identity: BTreeMap<&String, &Expectation> = arrived
        .iter()
        .flat_map(|arrived| &arrived.headers)
        .filter(|(name, _)| name.to_ascii_lowercase().starts_with("x-auth-"))
        .collect();
    let mut through = Expect {
        status: expect.status,
        code: expect.code.clone(),
        headers: BTreeMap::new(),
        json: Map::new(),
        body: Vec::new(),
        lacks: Vec::new(),
        upstream: None,
        audit: expect.audit.clone(),
        reads: None,
        fetches: None,
    };
    match endpoint {
        Endpoint::ForwardAuth => {
            for (name, want) in &expect.headers {
                if name.eq_ignore_ascii_case("www-authenticate") {
                    through.headers.insert(name.clone(), want.clone());
                }
            }
            if let Some(code) = &expect.code {
                through.headers.insert("X-Auth-Code".to_owned(), Expectation::Is(code.clone()));
            }
            for (name, want) in identity {
                // An empty value overwrites what the client sent.
                let want = if *want == Expectation::Present(false) {
                    Expectation::Is(String::new())
                } else {
                    want.clone()
                };
                through.headers.insert(name.clone(), want);
            }
        }
        Endpoint::Verify => {
            through.status = 200;
            through.json.insert("allowed".to_owned(), json!(expect.code.is_none()));
            if expect.code.is_some() {
                through.json.insert("status".to_owned(), json!(expect.status));
            }
            if let Some(target) = arrived.and_then(|arrived| arrived.target.as_ref()) {
                through.json.insert("target".to_owned(), json!(target));
            }
            let mut headers = Map::new();
            for (name, want) in identity {
                match want {
                    Expectation::Is(text) => headers.insert(name.clone(), json!(text)),
                    Expectation::Present(false) => headers.insert(name.clone(), Value::Null),
                    Expectation::Present(true)
                    | Expectation::Are(_)
                    | Expectation::Has { .. }
                    | Expectation::Lacks { .. } => None,
                };
            }
            // An answer without identity headers has no `headers` at all.
            if headers.values().any(|value| !value.is_null()) {
                through.json.insert("headers".to_owned(), Value::Object(headers));
            }
        }
        Endpoint::Authorizer => {
            through.status = match (expect.status, expect.code.as_deref()) {
                (200 | 401, _) => expect.status,
                (
                    _,
                    Some("credential_malformed" | "credential_too_large" | "request_malformed"),
                ) => 401,
                (503, _) => 500,
                _ => 403,
            };
            // A context does not use the policy's header names, so only the values of known callers
            // are compared.
            let known = identity.iter().any(|(name, want)| {
                **name == "X-Auth-Principal" && matches!(want, Expectation::Is(_))
            });
            for (name, want) in identity {
                if known && matches!(want, Expectation::Is(_)) {
                    through.headers.insert(name.clone(), want.clone());
                }
            }
        }
        Endpoint::Gateway | Endpoint::Admin => {}
    }
    through
}
