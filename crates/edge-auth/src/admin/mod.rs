//! Administration of API keys and revocations: [`Registry`] and [`RevocationLedger`](crate::revocation::RevocationLedger)
//! do the work, and `/admin/v1/…` is their endpoint over HTTP. Off unless the policy has `[admin]`; every
//! call is audited.

mod access;
mod action;
mod error;
mod face;
mod list_import;
mod registry;
mod revocation_view;
mod revocation_wish;
mod revocations;
mod scope;
mod view;
mod wish;

pub(crate) use access::parse_bootstrap_hash;

pub use access::{BOOTSTRAP_PREFIX, bootstrap_hash, bootstrap_secret};
pub use error::AdminError;
pub(crate) use face::MAX_ADMIN_BYTES;
pub use face::{Admission, OPENAPI};
pub use list_import::ListImport;
pub use registry::{Listed, Page, Registry};
pub use revocation_view::RevocationView;
pub use revocation_wish::{RevocationKind, RevocationOrder, RevocationWish};
pub use revocations::{RevocationPage, Revocations};
pub use scope::AdminScope;
pub use view::KeyView;
pub use wish::{ImportWish, KeyWish};
