//! Measures a large index: its memory, its start, its lookups.

use std::path::Path;
use std::time::Instant;

use edge_auth::certificate::PlatformCertificate;
use edge_auth::platform::Platform;
use edge_auth::{AuthRequest, Gate, Headers};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::{AwsLcRs, Timestamp};
use futures::executor::block_on;
use serde_json::json;

use super::file_store::FilePlatform;
use super::{fixture, print};
use crate::{Result, cpu, memory};

/// The number of tokens that take turns, all of them cached.
const TOKENS: usize = 1000;
const CALLS: usize = 200_000;
/// The number of rounds in which the two gates take turns. The median counts.
const ROUNDS: usize = 7;
/// `jti`, `sub`, client, `sid`, `kid` and `iss` of a token.
const LOOKUPS: f64 = 6.0;

pub(super) fn measure(folder: &Path) -> Result<()> {
    let now = fixture::now();
    let mut fields = Vec::new();
    for number in 0..TOKENS {
        fields.push(format!("Bearer {}", fixture::token(&format!("good-{number}"), now)?));
    }
    let without = gate(folder, false)?;
    for field in &fields {
        ask(&without, field, now)?;
    }
    let with = gate(folder, true)?;
    let (before, since) = (memory::resident()?, Instant::now());
    // The first answer waits for the snapshot.
    ask(&with, &fields[0], now)?;
    let start = since.elapsed();
    let grown = memory::resident()?.saturating_sub(before);
    for field in &fields {
        ask(&with, field, now)?;
    }
    let mut differences = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        differences.push(microseconds(&with, &fields, now) - microseconds(&without, &fields, now));
    }
    differences.sort_by(f64::total_cmp);
    let difference = differences.get(ROUNDS / 2).copied().unwrap_or_default();
    print(&json!({
        "memory_bytes": grown,
        "start_seconds": start.as_secs_f64(),
        "lookup_microseconds": difference / LOOKUPS,
    }))
}

/// Returns the CPU time of a warm call.
fn microseconds(gate: &Gate<FilePlatform>, fields: &[String], now: Timestamp) -> f64 {
    cpu::microseconds(CALLS, || {
        for field in fields.iter().cycle().take(CALLS) {
            let _ = ask(gate, field, now);
        }
    })
}

fn gate(folder: &Path, feed: bool) -> Result<Gate<FilePlatform>> {
    let (policy, secret_provider) = (fixture::policy(feed)?, fixture::secret_provider()?);
    let host = FilePlatform::new(folder);
    Ok(Gate::new(policy, &secret_provider, Box::new(AwsLcRs), host, &SeededRandomness::new(1))?.0)
}

fn ask<P: Platform>(gate: &Gate<P>, field: &str, now: Timestamp) -> Result<()> {
    let fields = [("authorization", field.as_bytes())];
    let request = AuthRequest {
        location: edge_auth::ClientLocation::default(),
        method: "GET",
        host: None,
        authority: None,
        target: "/orders",
        headers: Headers(&fields),
        client_ip: None,
        certificate: PlatformCertificate::Nothing,
        proxy_trusted: false,
        path_rewritten: false,
    };
    let outcome = block_on(gate.authorize(&request, now));
    match outcome.audit.and_then(|audit| audit.reason) {
        Some(reason) => Err(reason.into()),
        None => Ok(()),
    }
}
