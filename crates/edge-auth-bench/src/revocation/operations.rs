//! Counts reads of the feed in a minute, on a host in memory with a simulated clock.

use std::time::Duration;

use edge_auth::certificate::PlatformCertificate;
use edge_auth::{AuthRequest, Gate, Headers};
use edge_auth_testkit::documents::Documents;
use edge_auth_testkit::platform::MemoryPlatform;
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_testkit::revocations::MemoryRevocations;
use edge_auth_token::{AwsLcRs, Timestamp};
use futures::executor::block_on;
use serde_json::json;

use super::{fixture, print};
use crate::Result;

pub(super) fn count() -> Result<()> {
    let platform = MemoryPlatform::new(Documents::default(), "http://127.0.0.1:1");
    let (policy, secret_provider) = (fixture::policy(true)?, fixture::secret_provider()?);
    let gate = Gate::new(
        policy,
        &secret_provider,
        Box::new(AwsLcRs),
        platform.clone(),
        &SeededRandomness::new(1),
    )?
    .0;
    let start = fixture::now();
    let field = format!("Bearer {}", fixture::token("one", start)?);
    let feed = &platform.revocations;
    reads(feed, &gate, &field, start, Duration::ZERO, 1);
    let between = reads(feed, &gate, &field, start, Duration::from_millis(1), 1000);
    let minute = reads(feed, &gate, &field, start, Duration::from_millis(5), 12_000);
    let ten_idle_minutes_later = start.plus(Duration::from_secs(660));
    let after = reads(feed, &gate, &field, ten_idle_minutes_later, Duration::ZERO, 1);
    print(&json!({ "between": between, "minute": minute, "after": after }))
}

/// Counts the reads of the feed while the gate is asked this often.
fn reads(
    feed: &MemoryRevocations,
    gate: &Gate<MemoryPlatform>,
    field: &str,
    from: Timestamp,
    every: Duration,
    times: u32,
) -> u64 {
    let before = feed.reads();
    for time in 1..=times {
        ask(gate, field, from.plus(every * time));
    }
    feed.reads() - before
}

fn ask(gate: &Gate<MemoryPlatform>, field: &str, now: Timestamp) {
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
    for work in block_on(gate.authorize(&request, now)).deferred_tasks {
        block_on(gate.run_deferred(work, now));
    }
}
