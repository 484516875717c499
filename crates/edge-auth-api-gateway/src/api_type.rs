//! The kinds of API that call an authorizer.

/// The kind of API that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiType {
    /// A REST API: paths are as the client sent them.
    Rest,
    /// An HTTP API: paths are percent-decoded, and every error becomes a 500.
    Http,
    /// A WebSocket API, which asks about its `$connect` as about `GET /$connect` with an upgrade.
    WebSocket,
}
