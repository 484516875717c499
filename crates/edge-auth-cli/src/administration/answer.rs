//! The answers of a host: bodies, and errors that say what to do next.

use std::borrow::Cow;

use edge_auth_native::{BodyError, causes};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use hyper::header::LOCATION;
use hyper::{Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::host_url::HostUrl;
use crate::error::CommandError;
use crate::output::printable;

/// The most bytes of an answer: a page of keys with all that their records can hold.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// A problem (RFC 9457) of a host. All members are optional: it may be another program's.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    r#type: String,
    title: String,
    code: String,
    detail: String,
}

/// Reads an answer to its end.
pub(super) async fn read<T: DeserializeOwned>(
    host: &HostUrl,
    response: Response<impl Body<Data = hyper::body::Bytes, Error: Into<BodyError>>>,
) -> Result<T, CommandError> {
    let (parts, body) = response.into_parts();
    let too_large =
        || CommandError::Host(format!("the answer of {host} is larger than {MAX_BYTES} bytes"));
    if body.size_hint().lower() > MAX_BYTES as u64 {
        return Err(too_large());
    }
    let bytes = match Limited::new(body, MAX_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large()),
        Err(error) => {
            let error = causes(&*error);
            return Err(CommandError::Host(format!("the answer of {host} broke off: {error}")));
        }
    };
    if parts.status.is_success() {
        return serde_json::from_slice(&bytes).map_err(|_| not_ours(host, parts.status));
    }
    if parts.status.is_redirection() {
        let to = parts.headers.get(LOCATION).map(|to| String::from_utf8_lossy(to.as_bytes()));
        let to = printable(&to.unwrap_or(Cow::Borrowed("another URL")));
        return Err(CommandError::Host(format!(
            "{host} answers {}, a redirection to {to}; the credential is sent to no other host: \
             name the one that administers with --store",
            parts.status
        )));
    }
    let problem: Problem = serde_json::from_slice(&bytes).unwrap_or_default();
    Err(error(host, parts.status, problem))
}

fn not_ours(host: &HostUrl, status: StatusCode) -> CommandError {
    CommandError::Host(format!(
        "the answer of {host} ({status}) is not that of edge-auth: check the URL, and what stands \
         before the host"
    ))
}

/// Returns the error for a refusal.
fn error(host: &HostUrl, status: StatusCode, problem: Problem) -> CommandError {
    let Problem { r#type, title, code, detail } = problem;
    if r#type.starts_with("urn:edge-auth:admin:") {
        return match (status.as_u16(), &*code) {
            (400, _) => CommandError::Usage(detail),
            (503, _) => CommandError::Host(detail),
            (404, "not_found") => CommandError::Host(format!(
                "{host} does not know this operation: it runs an older edge-auth than this command"
            )),
            _ => CommandError::Refused { code: code.into(), message: detail },
        };
    }
    if r#type.starts_with("urn:edge-auth:denial:") {
        let next = next_step(status, &code);
        let (title, code) = (printable(&title), printable(&code));
        let message = format!("{host} refuses this credential: {title} ({code}){next}");
        return match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                CommandError::Host(format!("{host} cannot decide: {title} ({code}){next}"))
            }
            _ => CommandError::Denied { code, message },
        };
    }
    let detail = printable(if detail.is_empty() { &title } else { &detail });
    let next = match status {
        StatusCode::NOT_FOUND => {
            ": this host has no administration; name the one of the control plane"
        }
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => {
            ": something before the host refuses the request; a Function URL needs IAM credentials \
             that may call `lambda:InvokeFunctionUrl`"
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => ": try again later",
        _ => "",
    };
    let detail = if detail.is_empty() { detail } else { format!(" ({detail})") };
    CommandError::Host(format!("{host} answers {status}{detail}{next}"))
}

/// Returns what the administrator can do about a refusal.
fn next_step(status: StatusCode, code: &str) -> &'static str {
    match (status.as_u16(), code) {
        (_, "no_rule") => {
            ": administration is off there, or no rule of its policy is for this path; `edge-auth \
             policy check` prints who may administer"
        }
        (_, "scope_insufficient") => {
            ": the credential, or the rule that lets it in, does not name the scope; `edge-auth \
             policy check` prints who may administer"
        }
        (_, "credential_missing") => {
            ": the rule asks for another kind of credential, or for one in another field; see \
             --credential-header and --host-cert"
        }
        (401, _) => ": use another credential; the audit log of the host has the reason",
        (403, _) => ": the audit log of the host has the reason",
        (503, _) => "; its log has the reason: try again later",
        _ => "",
    }
}
