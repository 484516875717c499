//! Real issuers: their tokens, key rotation and outages, and a comparison with other libraries.

mod differential;
mod issuers;
mod minters;
mod outage;
mod provider;
mod rotation;
