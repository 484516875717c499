//! A host that cannot record a decision, or that runs out of time, answers in the proxy's manner.

use std::future::Future;

use edge_auth::audit::AuditEvent;
use edge_auth::endpoints::{
    BodyError, Dispatched, Dispatcher, HostRuntime, RequestBody, Unrecorded,
};
use edge_auth::platform::Randomness;
use edge_auth::{DeferredTask, Reply};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::Timestamp;
use futures::executor::block_on;

use crate::fixture::{Fixture, PROXY, TRUSTED, code, forward_auth, incoming};
use edge_auth_testkit::gates::NOW;

/// A host in trouble.
struct TroubledHost {
    randomness: SeededRandomness,
    in_time: bool,
    records: bool,
}

impl HostRuntime for TroubledHost {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn randomness(&self) -> &dyn Randomness {
        &self.randomness
    }

    async fn in_time<T: Send>(
        &self,
        decision: impl Future<Output = T> + Send,
    ) -> Result<T, String> {
        if self.in_time { Ok(decision.await) } else { Err("no answer within 5 s".to_owned()) }
    }

    fn warn(&self, _: String) {}

    async fn defer(&self, _: DeferredTask) {}

    async fn record(&self, _: AuditEvent) -> Result<(), Unrecorded> {
        if self.records { Ok(()) } else { Err(Unrecorded) }
    }
}

struct NoBody;

impl RequestBody for NoBody {
    async fn read(&mut self, _: usize) -> Result<Vec<u8>, BodyError> {
        Ok(Vec::new())
    }
}

fn answer(proxy: &str, in_time: bool, records: bool) -> Reply {
    let fixture = Fixture::of(&format!("{TRUSTED}{}", forward_auth(proxy)), "");
    let host = TroubledHost { randomness: SeededRandomness::new(1), in_time, records };
    let fields: [(&str, &[u8]); 4] = [
        ("x-original-method", b"GET"),
        ("x-original-uri", b"/open"),
        ("x-forwarded-method", b"GET"),
        ("x-forwarded-uri", b"/open"),
    ];
    let request = incoming(PROXY, "GET", "/authorize", &fields);
    let gate = fixture.gate();
    let dispatcher = Dispatcher::new(gate, false);
    match block_on(dispatcher.dispatch(&request, &mut NoBody, &host)) {
        Dispatched::Reply(reply) => reply,
        Dispatched::Forward(_) => panic!("there is no upstream"),
    }
}

#[test]
fn nginx_gets_403_and_the_code_when_the_host_cannot_decide() {
    assert_eq!(answer("nginx", true, true).status, 200);
    for (in_time, records) in [(false, true), (true, false)] {
        for (proxy, status) in [("nginx", 403), ("ingress-nginx", 403), ("traefik", 503)] {
            let reply = answer(proxy, in_time, records);
            assert_eq!(reply.status, status, "{proxy}, in time: {in_time}");
            assert_eq!(code(&reply), "store_unavailable");
            let field = ("X-Auth-Code".to_owned(), "store_unavailable".to_owned());
            assert!(reply.headers.contains(&field), "{:?}", reply.headers);
        }
    }
}
