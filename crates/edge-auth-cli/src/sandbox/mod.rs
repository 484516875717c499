//! Issuers, authorities and secrets that are made for one run, for `policy test` and `demo`.

mod authority;
mod secrets;
mod signer;

pub(crate) use authority::{SandboxAuthority, SandboxCertificate};
pub(crate) use secrets::SandboxSecrets;
pub(crate) use signer::Signer;
