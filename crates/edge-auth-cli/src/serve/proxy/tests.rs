//! The far side on the wire: what an upstream sees, byte for byte, and what comes back.

mod age;
mod errors;
mod request;
mod response;
mod wire;
