//! A policy tried with issuers and secrets made for the trial: for `policy test` and `demo`.

mod secrets;
mod signer;

pub(crate) use secrets::TrialSecrets;
pub(crate) use signer::Signer;
