//! Under construction.

pub mod platform;
pub mod route;
