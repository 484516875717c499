//! An issuer that is down: its last keys serve up to the ceiling, then the gate closes, and opens
//! when it is back.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::issuers::{API, Provider, decided, gate};

/// What takes longer than this does not happen.
const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn an_issuer_that_is_down_is_trusted_up_to_the_ceiling_and_again_when_it_is_back() {
    let mut provider = Provider::start();
    // The shortest there are.
    let gate =
        gate(&provider.issuer, "{ discover = true }", "refresh = \"10s\"\nmax_stale = \"15s\"");
    let token = provider.tokens().get(Some(API), "orders:read");
    assert!(decided(gate.address, &token).is_ok());

    provider.set_down(true);
    let down = Instant::now();
    let mut stale = 0;
    let refusal = until(gate.address, &token, |decision| {
        // Asked in vain, and accepted all the same.
        stale += u64::from(decision.is_ok() && provider.asked().in_vain > 0);
        decision.as_ref().err().cloned()
    });
    let (closed, in_vain) = (down.elapsed(), provider.asked().in_vain);
    assert_eq!(refusal, "503 issuer_keys_unavailable");
    assert!(stale > 0, "no call was accepted with keys that could not be fetched again");
    // It stays closed for all: a token that was verified before, and one that is new.
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

/// Calls until the decision is what is waited for.
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
