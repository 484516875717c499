//! The control plane: administration of API keys and revocations.
//!
//! [`KeyService`] and [`Revocations`] do the work, for the command line as for [`AdminApi`], which
//! answers `/admin/v1/…`; a host mounts it by [`ControlDispatcher`]. The API is off unless the
//! policy has `[admin]`; every call is audited. What is written goes to a [`ControlStore`], which a
//! gate never holds.

mod access;
mod action;
mod api;
mod crl_import;
mod dispatch;
mod error;
mod key_service;
mod ledger;
mod operations;
mod query;
mod requests;
mod responses;
mod revocation_requests;
mod revocation_responses;
mod revocations;
pub mod store;
mod tenant_limit;

pub use api::{AdminApi, AuthorizedOperation};
pub use crl_import::CrlImport;
pub use dispatch::ControlDispatcher;
pub use error::AdminError;
pub use key_service::{KeyService, ListedKey, Page};
pub use ledger::{ChangeMeta, LedgerError, Listing, Progress, RevocationLedger};
pub use operations::{OPENAPI, bodies};
pub use requests::{CreateKeyRequest, ImportKeyRequest};
pub use responses::KeyResponse;
pub use revocation_requests::{RevocationChange, RevocationKind, RevocationRequest};
pub use revocation_responses::RevocationResponse;
pub use revocations::{RevocationPage, Revocations};
pub use store::ControlStore;
