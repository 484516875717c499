//! Authentication and authorization in front of APIs: one policy, decided in one place.
//!
//! Start with [`Gate`]: a compiled [`Policy`] together with a host's [`platform`]. The gate turns
//! an [`AuthRequest`] into an [`Outcome`]. The [`endpoints`] turn a host's HTTP request into the one,
//! and the other into a [`Reply`]. This crate never reads
//! a clock, the environment, a socket or a file: `now`, randomness and I/O are arguments.
//!
//! ```text
//! AuthRequest ─► match a rule ─► extract ──────► verify ───────────────────► scopes ─► Outcome
//!                (default deny)  (two of a kind:  token, API key, certificate
//!                                 refused)
//! ```

pub mod api_key;
pub mod audit;
pub mod bootstrap_secret;
mod cache;
pub mod certificate;
mod client_location;
mod cors;
mod credential;
mod denial;
mod derived_key;
pub mod endpoints;
mod gate;
mod hexadecimal;
mod identity_headers;
mod issuer_keys;
pub mod json;
pub mod platform;
pub mod policy;
mod principal;
pub mod redact;
mod reply;
mod request;
pub mod revocation;
pub mod route;
pub mod scopes;
mod sealed_document;
mod tenant;
mod trusted_proxies;

pub use audit::AuditEvent;
pub use client_location::{ClientLocation, Country, NotACountry};
pub use credential::{HANDED_TOKEN, bearer};
pub use denial::{Code, Denial};
pub use gate::{
    Check, CheckResult, Decision, DeferredTask, Explanation, Gate, Grant, Outcome, RuleAccess,
    SecretProvider, UpstreamRequest, build_key_blocks,
};
pub use policy::{Policy, PolicyError, PolicyErrors};
pub use principal::{Principal, PrincipalKind};
pub use reply::Reply;
pub use request::{AuthRequest, Headers, Repeated};
pub use trusted_proxies::parse_client_address;
