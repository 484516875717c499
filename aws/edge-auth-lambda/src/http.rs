//! Plain HTTP events, as the gate's endpoints take them, and replies.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edge_auth::Reply;
use edge_auth::route::NormalPath;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::event::HttpEvent;

/// An answer in the shape of whoever asked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpReply {
    status_code: u16,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    body: String,
    is_base64_encoded: bool,
}

impl HttpReply {
    /// For whoever asked without saying how.
    pub(crate) fn plain(reply: Reply) -> Self {
        Self::of(reply, false)
    }

    fn of(reply: Reply, repeats: bool) -> Self {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in reply.headers {
            fields.entry(name).or_default().push(value);
        }
        let joined = |(name, values): (String, Vec<String>)| (name, values.join(", "));
        let (headers, multi_value_headers) = match repeats {
            true => (BTreeMap::new(), fields),
            false => (fields.into_iter().map(joined).collect(), BTreeMap::new()),
        };
        Self {
            status_code: reply.status,
            headers,
            multi_value_headers,
            body: String::from_utf8_lossy(&reply.body).into_owned(),
            is_base64_encoded: false,
        }
    }
}

impl HttpEvent {
    /// The method.
    pub(crate) fn method(&self) -> &str {
        let http = self.request_context.http.as_ref().and_then(|http| http.method.as_deref());
        http.or(self.http_method.as_deref()).unwrap_or_default()
    }

    /// The raw target: path and query.
    ///
    /// # Errors
    /// The path may have been another one before the platform decoded it: the path as it came.
    pub(crate) fn target(&self) -> Result<String, &str> {
        let path = match (&self.raw_path, &self.path) {
            (Some(path), _) => self.undecoded(path).ok_or(path.as_str())?,
            // Only an HTTP API says a version beside a `path`.
            (None, Some(path)) if self.version.is_some() => {
                self.undecoded(path).ok_or(path.as_str())?
            }
            (None, Some(path)) => path.clone(),
            (None, None) => return Err(""),
        };
        let query = self.raw_query_string.clone().unwrap_or_else(|| self.query());
        Ok(if query.is_empty() { path } else { format!("{path}?{query}") })
    }

    /// The body as it was sent; `None` if its encoding is broken.
    pub(crate) fn body(&self) -> Option<Vec<u8>> {
        let body = self.body.as_deref().unwrap_or_default();
        if self.is_base64_encoded {
            STANDARD.decode(body).ok()
        } else {
            Some(body.as_bytes().to_vec())
        }
    }

    /// The reply, as this event's sender reads it.
    pub(crate) fn reply(&self, reply: Reply) -> HttpReply {
        HttpReply::of(reply, self.fields.multi_value_headers.is_some())
    }

    /// The path as a client would have sent it, of one that an HTTP API has decoded; a Function URL
    /// does the same.
    fn undecoded(&self, path: &str) -> Option<String> {
        let path = NormalPath::from_decoded(self.without_stage(path)).ok()?;
        Some(path.forwarded().into_owned())
    }

    /// An HTTP API's path begins with the stage, unless that is the one without a name.
    fn without_stage<'a>(&self, path: &'a str) -> &'a str {
        let stage = self.request_context.stage.as_deref().filter(|stage| *stage != "$default");
        let rest = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
        rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
    }

    /// A load balancer hands the query over as it came, API Gateway decoded.
    fn query(&self) -> String {
        let mut query = String::new();
        let mut add = |name: &str, value: &str| {
            let separator = if query.is_empty() { "" } else { "&" };
            // Writing to a string does not fail.
            let _ = if self.request_context.elb.is_some() {
                write!(query, "{separator}{name}={value}")
            } else {
                let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
                write!(query, "{separator}{}={}", encoded(name), encoded(value))
            };
        };
        let single: &HashMap<String, Option<String>> = &self.query_string_parameters;
        if self.multi_value_query_string_parameters.is_empty() {
            single.iter().for_each(|(name, value)| add(name, value.as_deref().unwrap_or_default()));
        }
        for (name, values) in &self.multi_value_query_string_parameters {
            values.iter().flatten().for_each(|value| add(name, value));
        }
        query
    }
}
