//! The place in a request where an issuer's tokens are.

use serde::{Deserialize, Serialize};

/// The one place where the gate looks for an issuer's tokens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub(crate) enum TokenPlace {
    /// `Authorization`, after `Bearer` or `DPoP`.
    Bearer,
    /// `Authorization`, without a scheme.
    Raw,
    /// A separate field, by its name in lower case.
    Header(String),
    /// A cookie of this name.
    Cookie(String),
    /// One of the protocols in `Sec-WebSocket-Protocol`.
    WebSocketProtocol,
    /// A parameter of the query.
    Query(String),
}

impl TokenPlace {
    /// Returns the name of the header field that the tokens come by, in lower case; `None` for the
    /// query.
    pub(crate) fn field(&self) -> Option<&str> {
        match self {
            Self::Bearer | Self::Raw => Some("authorization"),
            Self::Header(name) => Some(name),
            Self::Cookie(_) => Some("cookie"),
            Self::WebSocketProtocol => Some("sec-websocket-protocol"),
            Self::Query(_) => None,
        }
    }

    /// Describes the place, for reasons of refusals.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Bearer => "`Authorization: Bearer …`".to_owned(),
            Self::Raw => "`Authorization` without a scheme".to_owned(),
            Self::Header(name) => format!("the field `{name}`"),
            Self::Cookie(name) => format!("the cookie `{name}`"),
            Self::WebSocketProtocol => "`Sec-WebSocket-Protocol`".to_owned(),
            Self::Query(name) => format!("the query's `{name}`"),
        }
    }
}
