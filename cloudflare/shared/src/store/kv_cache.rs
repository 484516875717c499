//! Reads what the ledger has copied to KV: records of keys, which may be late by a minute or more,
//! and parts of snapshots, which never change.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use super::message;
use crate::protocol::StoredKey;

/// The binding of the KV namespace.
pub const KV_BINDING: &str = "KEYS";

#[wasm_bindgen(module = "/src/bindings.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = readText)]
    async fn read_text(kv: &JsValue, name: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = readBytes)]
    async fn read_bytes(kv: &JsValue, name: &str) -> Result<JsValue, JsValue>;
}

/// The KV namespace that has the copies.
#[derive(Debug, Clone)]
pub(super) struct KvCache {
    kv: JsValue,
    /// The parts that were read. Clones share it.
    parts: Rc<RefCell<BTreeSet<(String, u32)>>>,
}

impl KvCache {
    pub(super) fn new(kv: JsValue) -> Self {
        Self { kv, parts: Rc::default() }
    }

    pub(super) async fn find(&self, id: &str) -> Result<Option<StoredKey>, String> {
        let copy = read_text(&self.kv, &key_name(id)).await.map_err(message)?;
        match copy.as_string() {
            Some(text) => serde_json::from_str(&text).map(Some).map_err(|error| error.to_string()),
            None => Ok(None),
        }
    }

    /// Returns a part of a snapshot the first time that it is asked for, if KV has it. Whoever asks
    /// again may not have believed the copy.
    pub(super) async fn part(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, String> {
        if !self.parts.borrow_mut().insert((id.to_owned(), index)) {
            return Ok(None);
        }
        let copy = read_bytes(&self.kv, &part_name(id, index)).await.map_err(message)?;
        Ok(copy.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
    }
}

/// Returns the name of a record's copy in KV. The prefix keeps it apart from other uses of the
/// namespace.
pub fn key_name(id: &str) -> String {
    format!("api_key:{id}")
}

/// Returns the name of a part of a snapshot in KV.
pub fn part_name(id: &str, index: u32) -> String {
    format!("snapshot:{id}:{index}")
}
