//! A policy tried with issuers, authorities and secrets made for the trial: for `policy test` and
//! `demo`.

mod authority;
mod secrets;
mod signer;

pub(crate) use authority::{SandboxAuthority, SandboxCertificate};
pub(crate) use secrets::SandboxSecrets;
pub(crate) use signer::Signer;
