//! A policy tried with issuers, authorities and secrets made for the trial: for `policy test` and `demo`.

mod authority;
mod secrets;
mod signer;

pub(crate) use authority::{TrialAuthority, TrialCertificate};
pub(crate) use secrets::TrialSecrets;
pub(crate) use signer::Signer;
