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
use super::{fixture, tell};
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
    let fields: Vec<String> = (0..TOKENS)
        .map(|number| Ok(format!("Bearer {}", fixture::token(&format!("good-{number}"), now)?)))
        .collect::<Result<_>>()?;
    let without = gate(folder, false)?;
    fields.iter().try_for_each(|field| ask(&without, field, now))?;
    let with = gate(folder, true)?;
    let (before, since) = (memory::resident()?, Instant::now());
    // The first answer waits for the snapshot.
    fields.first().map_or(Ok(()), |field| ask(&with, field, now))?;
    let start = since.elapsed();
    let grown = memory::resident()?.saturating_sub(before);
    fields.iter().try_for_each(|field| ask(&with, field, now))?;
    let mut differences = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let time = |gate: &Gate<FilePlatform>| {
            let calls =
                || fields.iter().cycle().take(CALLS).for_each(|field| drop(ask(gate, field, now)));
            cpu::microseconds(CALLS, calls)
        };
        differences.push(time(&with) - time(&without));
    }
    differences.sort_by(f64::total_cmp);
    let difference = differences.get(ROUNDS / 2).copied().unwrap_or_default();
    tell(&json!({
        "memory_bytes": grown,
        "start_seconds": start.as_secs_f64(),
        "lookup_microseconds": difference / LOOKUPS,
    }))
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
    outcome.audit.reason.map_or(Ok(()), |reason| Err(reason.into()))
}
