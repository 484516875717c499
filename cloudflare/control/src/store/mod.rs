//! The ledger's client: reads as a gate does, and writes.

mod keys;
pub(crate) mod protocol;
mod revocations;

use edge_auth::platform::Unavailable;
use edge_auth_cloudflare::store::{LedgerAccess, Stores, ask, unexpected};
use edge_auth_control::store::WriteOutcome;
use edge_auth_token::Timestamp;
use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

use crate::kv::PartCopies;
use protocol::{WriteRequest, WriteResponse};

/// The binding of the Durable Object's class, and the name of its one object.
const BINDING: &str = "LEDGER";
const OBJECT: &str = "ledger";
/// What to do if it is missing.
pub(crate) const HELP: &str = "bind the Durable Object LEDGER";
/// How many records one request drops.
const SWEPT: usize = 500;

/// The ledger's object.
#[derive(Debug, Clone)]
pub(crate) struct LedgerObject {
    namespace: Option<JsValue>,
    /// The object's name. Only tests have more than one.
    name: String,
}

impl LedgerObject {
    pub(crate) fn bound(env: &Env) -> Self {
        Self::named(env, OBJECT)
    }

    fn named(env: &Env, name: &str) -> Self {
        let namespace = edge_auth_cloudflare::store::binding(env, BINDING);
        Self { namespace, name: name.to_owned() }
    }

    pub(crate) fn is_bound(&self) -> bool {
        self.namespace.is_some()
    }
}

impl LedgerAccess for LedgerObject {
    /// Returns a stub. It belongs to the request that asks, and is not kept.
    fn fetcher(&self) -> Result<JsValue, Unavailable> {
        let missing = || Unavailable::new(format!("no ledger: {HELP}"));
        let namespace = self.namespace.as_ref().ok_or_else(missing)?;
        let get = Reflect::get(namespace, &JsValue::from_str("getByName")).ok();
        let get: Function = get.and_then(|get| get.dyn_into().ok()).ok_or_else(missing)?;
        get.call1(namespace, &JsValue::from_str(&self.name)).map_err(|_| missing())
    }
}

/// The store that administrators change.
#[derive(Debug, Clone)]
pub struct LedgerStore {
    reads: Stores<LedgerObject>,
    part_copies: PartCopies,
}

impl LedgerStore {
    pub(crate) fn new(object: LedgerObject, env: &Env) -> Self {
        Self { reads: Stores::new(object), part_copies: PartCopies::bound(env) }
    }

    /// Returns another ledger than the deployment's.
    pub fn of_object(env: &Env, name: &str) -> Self {
        Self::new(LedgerObject::named(env, name), env)
    }

    /// Returns what a gate has of these stores.
    pub(crate) fn reads(&self) -> Stores<LedgerObject> {
        self.reads.clone()
    }

    /// Drops records of keys that lapsed long ago, and returns how many.
    pub(crate) async fn sweep(&self, now: Timestamp) -> Result<usize, Unavailable> {
        let mut swept = 0;
        loop {
            let request = WriteRequest::Sweep { now: now.millis(), limit: SWEPT };
            let WriteResponse::Forgotten(count) = self.write(&request).await? else {
                return Err(unexpected());
            };
            swept += count;
            if count < SWEPT {
                return Ok(swept);
            }
        }
    }

    async fn write(&self, request: &WriteRequest) -> Result<WriteResponse, Unavailable> {
        ask(self.reads.ledger(), request).await
    }
}

impl WriteResponse {
    /// Returns whether the ledger wrote the record.
    fn put(self) -> Result<WriteOutcome, Unavailable> {
        let Self::Put { stored } = self else {
            return Err(unexpected());
        };
        Ok(if stored { WriteOutcome::Stored } else { WriteOutcome::Conflict })
    }
}
