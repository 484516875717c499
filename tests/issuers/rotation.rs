//! Key rotation while calls run, and while others send tokens with unknown keys.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use edge_auth_testkit::mint::{Signer, base64url, compact};
use serde_json::json;

use crate::issuers::{API, Provider, Tokens, decided, gate};

/// The shortest `refresh` that a policy may have.
const REFRESH: Duration = Duration::from_secs(10);
/// The shortest time between two fetches for unknown keys.
const COOL_DOWN: Duration = Duration::from_secs(30);
/// A margin, since the gate counts whole seconds and a fetch takes time.
const MARGIN: Duration = Duration::from_secs(2);
const CALLERS: usize = 4;
const FLOODERS: usize = 8;
/// The time after which an awaited decision counts as failed.
const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn key_rotation_refuses_no_good_token_during_a_flood_of_unknown_keys() {
    let mut provider = Provider::start();
    let tokens = provider.tokens();
    let more = format!("refresh = \"{}s\"", REFRESH.as_secs());
    let gate = gate(&provider.issuer, "{ discover = true }", &more);
    let traffic = Traffic::default();
    let started = Instant::now();
    let old = tokens.get(Some(API), "orders:read");

    let (removed_after, asked) = thread::scope(|scope| {
        let stop = Stop(&traffic);
        for _ in 0..CALLERS {
            scope.spawn(|| traffic.call(gate.address, &tokens));
        }
        for number in 0..FLOODERS {
            let (traffic, issuer) = (&traffic, provider.issuer.clone());
            scope.spawn(move || traffic.flood(gate.address, &issuer, number));
        }
        thread::sleep(MARGIN);
        provider.publish(&["a", "b"], "a");
        thread::sleep(REFRESH + MARGIN);
        provider.publish(&["a", "b"], "b");
        thread::sleep(MARGIN);
        assert!(decided(gate.address, &old).is_ok(), "its key is still published");
        let removed = provider.publish(&["b"], "b");
        let removed_at = Instant::now();
        let refusal = loop {
            if let Err(refusal) = decided(gate.address, &old) {
                break refusal;
            }
            let since = provider.asked().fetches - removed.fetches;
            assert!(
                since <= 1,
                "fetched {since} times since the key was removed, which still verifies"
            );
            assert!(removed_at.elapsed() < PATIENCE, "the gate does not fetch the key set again");
            thread::sleep(Duration::from_millis(50));
        };
        assert_eq!(refusal, "401 signing_key_unknown");
        let removed_after = removed_at.elapsed();
        // Calls continue with the new key.
        thread::sleep(MARGIN);
        drop(stop);
        (removed_after, provider.asked())
    });

    let ran = started.elapsed();
    println!(
        "{} calls with good tokens, {} of them refused",
        traffic.calls(),
        traffic.refusals().len()
    );
    println!("{} calls with unknown keys", traffic.floods());
    println!("{} fetches of the key set in {:.0} s", asked.fetches, ran.as_secs_f64());
    println!("a removed key was refused after {:.1} s", removed_after.as_secs_f64());
    assert_eq!(traffic.refusals(), Vec::<String>::new());
    assert!(traffic.calls() > 100 && traffic.floods() > 100, "too few calls");
    // The first fetch, one whenever the set is old, and one whenever an unknown key may cause it.
    let due = 1 + ran.as_secs() / REFRESH.as_secs() + 1 + ran.as_secs() / COOL_DOWN.as_secs() + 1;
    assert!(asked.fetches <= due, "{} fetches, where {due} were due at most", asked.fetches);
}

/// Calls from many threads, and their refusals.
#[derive(Default)]
struct Traffic {
    ended: AtomicBool,
    calls: AtomicU64,
    floods: AtomicU64,
    refusals: Mutex<Vec<String>>,
}

/// Ends the traffic when it is dropped, also by a failed assertion: the scope waits for its
/// threads.
struct Stop<'a>(&'a Traffic);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::Relaxed);
    }
}

impl Traffic {
    /// Calls with one good token after the other, several times with each.
    fn call(&self, gate: SocketAddr, tokens: &Tokens) {
        while !self.ended.load(Ordering::Relaxed) {
            let token = tokens.get(Some(API), "orders:read");
            for _ in 0..5 {
                if let Err(refusal) = decided(gate, &token) {
                    self.refusals.lock().expect("no panic elsewhere").push(refusal);
                }
                self.calls.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Calls with tokens of unknown keys, each with another `kid`.
    fn flood(&self, gate: SocketAddr, issuer: &str, flooder: usize) {
        let mut number = 0;
        while !self.ended.load(Ordering::Relaxed) {
            number += 1;
            let kid = base64url(format!("{flooder}/{number}").as_bytes());
            let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid }).to_string();
            let claims = json!({ "iss": issuer, "aud": API }).to_string();
            let forged = compact(header.as_bytes(), claims.as_bytes(), &Signer::Bytes(&[1; 64]));
            let refused = decided(gate, &forged);
            if refused != Err("401 signing_key_unknown".to_owned()) {
                self.refusals
                    .lock()
                    .expect("no panic elsewhere")
                    .push(format!("an unknown key: {refused:?}"));
            }
            self.floods.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn floods(&self) -> u64 {
        self.floods.load(Ordering::Relaxed)
    }

    fn refusals(&self) -> Vec<String> {
        self.refusals.lock().expect("no panic elsewhere").clone()
    }
}
