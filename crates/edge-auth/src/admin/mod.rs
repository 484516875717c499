//! Administration of API keys: [`Registry`] does the work, and `/admin/v1/keys…` is its face over
//! HTTP. Off unless the policy has `[admin]`; every call is audited.

mod access;
mod error;
mod face;
mod registry;
mod view;
mod wish;

pub(crate) use access::parse_bootstrap_hash;

pub use access::{BOOTSTRAP_PREFIX, bootstrap_hash, bootstrap_secret};
pub use error::AdminError;
pub use face::{Admission, MAX_ADMIN_BYTES, OPENAPI};
pub use registry::{Listed, Page, Registry};
pub use view::KeyView;
pub use wish::{ImportWish, KeyWish};
