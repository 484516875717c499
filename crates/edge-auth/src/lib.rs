//! Under construction.

pub mod api_key;
pub mod platform;
pub mod route;
