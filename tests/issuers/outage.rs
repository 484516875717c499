//! An issuer that is down: the gate uses its last keys up to the limit, then refuses, and recovers
//! when the issuer does.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::issuers::{API, Provider, decided, gate};

/// The time after which an awaited decision counts as failed.
const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn cached_keys_bridge_an_outage_up_to_the_limit_and_the_gate_recovers() {
    let mut provider = Provider::start();
    // The shortest durations that a policy may have.
    let gate =
        gate(&provider.issuer, "{ discover = true }", "refresh = \"10s\"\nmax_stale = \"15s\"");
    let token = provider.tokens().get(Some(API), "orders:read");
    assert!(decided(gate.address, &token).is_ok());

    provider.set_down(true);
    let down = Instant::now();
    let mut stale = 0;
    let refusal = until(gate.address, &token, |decision| {
        // Counts calls that were accepted after a failed fetch.
        stale += u64::from(decision.is_ok() && provider.asked().in_vain > 0);
        decision.as_ref().err().cloned()
    });
    let (closed, in_vain) = (down.elapsed(), provider.asked().in_vain);
    assert_eq!(refusal, "503 issuer_keys_unavailable");
    assert!(stale > 0, "no call was accepted with keys that could not be fetched again");
    // The gate refuses every token, including those that it verified before.
    for _ in 0..20 {
        assert_eq!(decided(gate.address, &token), Err("503 issuer_keys_unavailable".to_owned()));
    }

    provider.set_down(false);
    let back = Instant::now();
    until(gate.address, &token, |decision| decision.as_ref().ok().cloned());
    println!("{stale} calls accepted on stale keys, while {in_vain} fetches failed");
    println!("closed {:.1} s after the issuer went down", closed.as_secs_f64());
    println!("open again {:.1} s after it came back", back.elapsed().as_secs_f64());
}

/// Repeats the call until `wanted` returns a value for the decision.
fn until<T>(
    gate: SocketAddr,
    token: &str,
    mut wanted: impl FnMut(&Result<String, String>) -> Option<T>,
) -> T {
    let started = Instant::now();
    loop {
        let decision = decided(gate, token);
        if let Some(found) = wanted(&decision) {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "still {decision:?}");
        thread::sleep(Duration::from_millis(50));
    }
}
