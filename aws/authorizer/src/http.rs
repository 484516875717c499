//! Turns HTTP events into requests to the gate's endpoints, and replies into responses.

use std::collections::BTreeMap;
use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edge_auth::Reply;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::event::HttpEvent;

/// A response in the form that the event's sender reads.
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
    /// Makes the response to an event that cannot be read.
    pub(crate) fn plain(reply: Reply) -> Self {
        Self::of(reply, false)
    }

    fn of(reply: Reply, multi_value: bool) -> Self {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in reply.headers {
            fields.entry(name).or_default().push(value);
        }
        let (mut headers, mut multi_value_headers) = (BTreeMap::new(), BTreeMap::new());
        if multi_value {
            multi_value_headers = fields;
        } else {
            for (name, values) in fields {
                headers.insert(name, values.join(", "));
            }
        }
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
    /// Returns the method.
    pub(crate) fn method(&self) -> &str {
        let http = self.request_context.http.as_ref().and_then(|http| http.method.as_deref());
        http.or(self.http_method.as_deref()).unwrap_or_default()
    }

    /// Returns the raw target: path and query.
    ///
    /// # Errors The client may have sent another path before the platform decoded it. The error is
    /// the decoded path.
    pub(crate) fn target(&self) -> Result<String, &str> {
        let stage = self.request_context.stage.as_deref();
        let path = match (&self.raw_path, &self.path) {
            (Some(path), _) => edge_auth_lambda::undecoded(path, stage).ok_or(path.as_str())?,
            // Only HTTP APIs have both a version and a `path`.
            (None, Some(path)) if self.version.is_some() => {
                edge_auth_lambda::undecoded(path, stage).ok_or(path.as_str())?
            }
            (None, Some(path)) => path.clone(),
            (None, None) => return Err(""),
        };
        let query = self.raw_query_string.clone().unwrap_or_else(|| self.query());
        Ok(if query.is_empty() { path } else { format!("{path}?{query}") })
    }

    /// Returns the body as the client sent it, or `None` if its base64 is malformed.
    pub(crate) fn body(&self) -> Option<Vec<u8>> {
        let body = self.body.as_deref().unwrap_or_default();
        if self.is_base64_encoded {
            STANDARD.decode(body).ok()
        } else {
            Some(body.as_bytes().to_vec())
        }
    }

    /// Returns the reply in the form that this event's sender reads.
    pub(crate) fn reply(&self, reply: Reply) -> HttpReply {
        HttpReply::of(reply, self.fields.multi_value_headers.is_some())
    }

    /// Returns the query, made from its parameters.
    fn query(&self) -> String {
        let mut query = String::new();
        if self.multi_value_query_string_parameters.is_empty() {
            for (name, value) in &self.query_string_parameters {
                self.add_parameter(&mut query, name, value.as_deref().unwrap_or_default());
            }
        }
        for (name, values) in &self.multi_value_query_string_parameters {
            for value in values.iter().flatten() {
                self.add_parameter(&mut query, name, value);
            }
        }
        query
    }

    /// Adds a parameter. A load balancer leaves it as the client encoded it, API Gateway decodes
    /// it.
    fn add_parameter(&self, query: &mut String, name: &str, value: &str) {
        let separator = if query.is_empty() { "" } else { "&" };
        // Writing to a string does not fail.
        let _ = if self.request_context.elb.is_some() {
            write!(query, "{separator}{name}={value}")
        } else {
            let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            write!(query, "{separator}{name}={value}")
        };
    }
}
