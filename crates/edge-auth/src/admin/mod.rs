//! Administration of API keys and revocations.
//!
//! [`KeyService`] and [`Revocations`] do the work, for the command line as for [`AdminApi`], which
//! answers `/admin/v1/…`. The API is off unless the policy has `[admin]`; every call is audited.

mod access;
mod action;
mod api;
mod crl_import;
mod error;
mod key_service;
mod operations;
mod query;
mod requests;
mod responses;
mod revocation_requests;
mod revocation_responses;
mod revocations;
mod tenant_limit;

pub use crate::bootstrap_secret::{BOOTSTRAP_PREFIX, bootstrap_hash, bootstrap_secret};
pub use crate::policy::AdminScope;
pub use api::{AdminApi, AuthorizedOperation};
pub use crl_import::CrlImport;
pub use error::AdminError;
pub use key_service::{KeyService, ListedKey, Page};
pub use operations::OPENAPI;
pub use requests::{CreateKeyRequest, ImportKeyRequest};
pub use responses::KeyResponse;
pub use revocation_requests::{RevocationChange, RevocationKind, RevocationRequest};
pub use revocation_responses::RevocationResponse;
pub use revocations::{RevocationPage, Revocations};
