//! Administration of API keys and revocations: [`KeyService`] and
//! [`RevocationLedger`](crate::revocation::RevocationLedger) do the work, and `/admin/v1/…` is
//! their endpoint over HTTP. Off unless the policy has `[admin]`; every call is audited.

mod access;
mod action;
mod crl_import;
mod error;
mod http;
mod key_service;
mod requests;
mod responses;
mod revocation_requests;
mod revocation_responses;
mod revocations;
mod scope;

pub(crate) use access::parse_bootstrap_hash;

pub use access::{BOOTSTRAP_PREFIX, bootstrap_hash, bootstrap_secret};
pub use crl_import::CrlImport;
pub use error::AdminError;
pub(crate) use http::MAX_ADMIN_BYTES;
pub use http::{AuthorizedOperation, OPENAPI};
pub use key_service::{KeyService, ListedKey, Page};
pub use requests::{CreateKeyRequest, ImportKeyRequest};
pub use responses::KeyResponse;
pub use revocation_requests::{RevocationChange, RevocationKind, RevocationRequest};
pub use revocation_responses::RevocationResponse;
pub use revocations::{RevocationPage, Revocations};
pub use scope::AdminScope;
