//! The far side on the wire: what an upstream sees, byte for byte, and what comes back.

mod request;
mod response;
mod trouble;
mod wire;
