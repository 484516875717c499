//! A relay in front of DynamoDB Local that enforces a role: DynamoDB Local itself checks no rights.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use edge_auth_testkit::dynamodb_local::DynamoDbLocal;
use edge_auth_testkit::wire::{Response, Server};
use serde_json::{Value, json};

use crate::role::{Right, Role, needed};

/// Returns the DynamoDB, which ends with the process.
pub(crate) fn dynamodb() -> &'static DynamoDbLocal {
    static DYNAMODB: OnceLock<DynamoDbLocal> = OnceLock::new();
    DYNAMODB.get_or_init(|| DynamoDbLocal::start().unwrap())
}

/// What a relay has seen.
#[derive(Default)]
struct Seen {
    used: BTreeSet<Right>,
    refused: BTreeSet<Right>,
}

/// DynamoDB for whoever has a role.
pub(crate) struct Guarded {
    server: Server,
    seen: Arc<Mutex<Seen>>,
    is_down: Arc<AtomicBool>,
}

impl Guarded {
    /// Starts a relay for a role, and for one table.
    pub(crate) fn by(role: Role, table: &str) -> Self {
        let table = table.to_owned();
        let (seen, is_down) = (Arc::<Mutex<Seen>>::default(), Arc::<AtomicBool>::default());
        let (noted, down) = (Arc::clone(&seen), Arc::clone(&is_down));
        let server = Server::start(move |request| {
            if down.load(Ordering::Acquire) {
                return refusal(500, "InternalServerError");
            }
            let target =
                request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-amz-target"));
            let (_, operation) = target.and_then(|(_, target)| target.rsplit_once('.')).unwrap();
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            assert!(body.to_string().contains(&table), "another table: {body}");
            let mut seen = noted.lock().unwrap();
            let mut allowed = true;
            for right in needed(operation, &body) {
                match role.allows(&right) {
                    true => seen.used.insert(right),
                    false => {
                        allowed = false;
                        seen.refused.insert(right)
                    }
                };
            }
            drop(seen);
            match allowed {
                true => dynamodb().pass_on(request),
                false => refusal(400, "AccessDeniedException"),
            }
        });
        Self { server: server.unwrap(), seen, is_down }
    }

    pub(crate) fn endpoint(&self) -> String {
        self.server.url()
    }

    /// Returns the rights that were used so far.
    pub(crate) fn used(&self) -> BTreeSet<Right> {
        self.seen.lock().unwrap().used.clone()
    }

    /// Returns the actions that were refused so far.
    pub(crate) fn refused(&self) -> BTreeSet<String> {
        self.seen.lock().unwrap().refused.iter().map(|right| right.action.clone()).collect()
    }

    /// Makes every request fail from now on.
    pub(crate) fn fail(&self) {
        self.is_down.store(true, Ordering::Release);
    }
}

fn refusal(status: u16, code: &str) -> Response {
    let body = json!({
        "__type": format!("com.amazon.coral.service#{code}"),
        "Message": "User: arn:aws:sts::1:assumed-role/r/f is not authorized to perform this",
    });
    Response { status, body: body.to_string().into_bytes(), ..Response::default() }
}
