//! The `edge-auth` command: native host, policy, keys and tokens.

fn main() {}
