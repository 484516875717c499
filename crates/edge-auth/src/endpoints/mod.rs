//! The endpoints of a host: a gateway, forward-auth for proxies, and `/v1/verify` for applications.
//!
//! Each endpoint turns an [`InboundRequest`] into an [`AuthRequest`](crate::AuthRequest), and the
//! outcome into a [`Reply`](crate::Reply). [`Dispatcher`] chooses the endpoint; a host only carries
//! bytes.

mod cache_control;
mod described_certificate;
mod dispatch;
mod endpoint;
mod forward_auth;
mod forwarded_headers;
mod gateway;
mod preflight;
mod refusal;
mod relevant_fields;
mod settle;
mod stripped_headers;
mod verify;

pub use crate::request::InboundRequest;
pub use cache_control::private_cache_control;
pub use dispatch::{BodyError, Dispatched, Dispatcher, RequestBody};
pub use endpoint::{asks_for_administration, asks_for_health};
pub use forward_auth::ForwardAuth;
pub use forwarded_headers::{Client, ForwardedHeaders, hop_by_hop};
pub use gateway::GatewayEndpoint;
pub use refusal::refusal;
pub use relevant_fields::RelevantFields;
pub use settle::{HostRuntime, Unrecorded, in_time, settle, settled};
pub use stripped_headers::StrippedHeaders;
pub use verify::VerifyEndpoint;
