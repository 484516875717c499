//! Measures the memory of cached principals.

use std::fs;

use edge_auth_token::Algorithm;

use crate::Result;
use crate::pool::tokens;
use crate::target::{Target, platform};

/// The number of tokens that one gate remembers. Ten such gates hold 100 000.
const REMEMBERED: usize = 10_000;
const GATES: usize = 10;

/// Measures ten gates with 10 000 verified tokens each.
pub(crate) fn run() -> Result<()> {
    let (platform, mut gates) = (platform(), Vec::new());
    let tokens = tokens(Algorithm::EdDsa, "ed25519", REMEMBERED);
    let fields: Vec<String> = tokens.iter().map(|token| format!("Bearer {token}")).collect();
    for _ in 0..GATES {
        gates.push(Target::new(&platform)?);
    }
    // The first gate, which does not count, makes the one-time allocations.
    ask_all(&Target::new(&platform)?, &fields);
    let before = resident()?;
    for gate in &gates {
        ask_all(gate, &fields);
    }
    let grown = resident()?.saturating_sub(before);
    Ok(std::io::Write::write_all(&mut std::io::stdout(), format!("{grown}\n").as_bytes())?)
}

fn ask_all(gate: &Target, fields: &[String]) {
    for field in fields {
        drop(gate.ask("authorization", field));
    }
}

/// Returns resident memory in bytes, where the kernel reports it.
pub(crate) fn resident() -> Result<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: usize = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024)
}
