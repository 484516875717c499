//! Copies in KV, near every reader: records of keys, which may be late by a minute or more, and parts
//! of snapshots, which never change. The gate has no binding to KV, since a binding could write.

use std::cell::RefCell;
use std::collections::BTreeSet;

use edge_auth_cloudflare::protocol::StoredKey;
use edge_auth_cloudflare::store::{binding, message, within};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;
use worker::kv::{KvError, KvStore};

/// The binding of the KV namespace.
pub(crate) const BINDING: &str = "KEYS";
/// How long KV keeps a part, in seconds. `Reader` copies a part again that is still asked for.
const KEPT: u64 = 30 * 86_400;

#[wasm_bindgen(module = "/src/kv.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = readText)]
    async fn read_text(kv: &JsValue, name: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = readBytes)]
    async fn read_bytes(kv: &JsValue, name: &str) -> Result<JsValue, JsValue>;
}

thread_local! {
    /// The names that this isolate had copied again: each of them once.
    static COPIED: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// The most names that an isolate remembers. Beyond that it has nothing copied again.
const REMEMBERED: usize = 10_000;

/// Returns whether a copy is to be made again: for each name once in an isolate.
pub(crate) fn is_due(name: &str) -> bool {
    COPIED.with_borrow_mut(|copied| copied.len() < REMEMBERED && copied.insert(name.to_owned()))
}

/// The KV namespace, if one is bound. What it does not have, or fails to give, is in the ledger.
#[derive(Debug, Clone)]
pub(crate) struct Kv(Option<JsValue>);

impl Kv {
    pub(crate) fn bound(env: &Env) -> Self {
        Self(binding(env, BINDING))
    }

    pub(crate) fn is_bound(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) async fn key(&self, id: &str) -> Option<StoredKey> {
        let name = key_name(id);
        let read = async { read_text(self.0.as_ref()?, &name).await.map_err(message).ok() };
        let copy = within("KV", async { Ok::<_, String>(read.await) }).await.ok()??;
        let record: StoredKey = serde_json::from_str(&copy.as_string()?).ok()?;
        if record.id == id { Some(record) } else { None }
    }

    pub(crate) async fn part(&self, id: &str, index: u32) -> Option<Vec<u8>> {
        let name = part_name(id, index);
        let read = async { read_bytes(self.0.as_ref()?, &name).await.map_err(message).ok() };
        let copy = within("KV", async { Ok::<_, String>(read.await) }).await.ok()??;
        copy.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec)
    }
}

/// Copies parts of snapshots.
#[derive(Debug, Clone)]
pub(crate) struct PartCopies(Option<KvStore>);

impl PartCopies {
    pub(crate) fn bound(env: &Env) -> Self {
        Self(env.kv(BINDING).ok())
    }

    /// Copies a part, and logs a failure: the ledger has the part.
    pub(crate) async fn write(&self, id: &str, index: u32, bytes: &[u8]) {
        let Some(kv) = &self.0 else { return };
        if let Err(error) = within("KV", put(kv, &part_name(id, index), bytes)).await {
            worker::console_error!(
                "edge-auth: the copy of part {index} of snapshot {id} failed: {error}"
            );
        }
    }
}

async fn put(kv: &KvStore, name: &str, bytes: &[u8]) -> Result<(), KvError> {
    kv.put_bytes(name, bytes)?.expiration_ttl(KEPT).execute().await
}

/// Returns the name of a record's copy in KV. The prefix keeps it apart from other uses of the
/// namespace.
pub(crate) fn key_name(id: &str) -> String {
    format!("api_key:{id}")
}

/// Returns the name of a part of a snapshot in KV.
pub(crate) fn part_name(id: &str, index: u32) -> String {
    format!("snapshot:{id}:{index}")
}
