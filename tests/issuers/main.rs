//! Real issuers: their tokens, and their keys while they change; and what other libraries think of
//! what is accepted.

mod differential;
mod issuers;
mod minters;
mod outage;
mod provider;
mod rotation;
