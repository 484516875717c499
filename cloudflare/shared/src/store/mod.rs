//! Reads API-key records and revocations. One Durable Object, the ledger, has them all.

mod keys;
mod read_lock;
mod revocations;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use edge_auth::platform::Unavailable;
use futures_util::future::{Either, select};
use js_sys::{Error, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::{Delay, Env};

pub use read_lock::{ReadLock, ReadLockGuard};

use crate::protocol::{ReadRequest, ReadResponse};

/// How long a store may take to answer.
pub const DEADLINE: Duration = Duration::from_secs(3);

#[wasm_bindgen(module = "/src/bindings.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = ask)]
    async fn post(fetcher: &JsValue, request: &str) -> Result<JsValue, JsValue>;
}

/// The way of a Worker to the ledger.
pub trait LedgerAccess {
    /// Returns the binding that fetches from it.
    ///
    /// # Errors
    /// It is not bound.
    fn fetcher(&self) -> Result<JsValue, Unavailable>;
}

/// The stores that are bound, as a gate reads them.
#[derive(Debug, Clone)]
pub struct Stores<A> {
    ledger: A,
    read_lock: ReadLock,
    /// The parts of snapshots that were read. Clones share it.
    parts: Rc<RefCell<BTreeSet<(String, u32)>>>,
}

impl<A: LedgerAccess> Stores<A> {
    /// Returns the stores that are reached this way.
    pub fn new(ledger: A) -> Self {
        Self { ledger, read_lock: ReadLock::default(), parts: Rc::default() }
    }

    /// Returns the way to the ledger.
    pub fn ledger(&self) -> &A {
        &self.ledger
    }

    async fn read(&self, request: &ReadRequest) -> Result<ReadResponse, Unavailable> {
        ask(&self.ledger, request).await
    }
}

/// Returns a binding of the Worker, if it has one of this name.
pub fn binding(env: &Env, name: &str) -> Option<JsValue> {
    let bound = Reflect::get(env, &JsValue::from_str(name)).ok()?;
    if bound.is_undefined() || bound.is_null() { None } else { Some(bound) }
}

/// Asks the ledger.
///
/// # Errors
/// It is not bound, fails, or does not answer within [`DEADLINE`].
pub async fn ask<T: DeserializeOwned>(
    ledger: &impl LedgerAccess,
    request: &impl Serialize,
) -> Result<T, Unavailable> {
    let fetcher = ledger.fetcher()?;
    let body =
        serde_json::to_string(request).map_err(|error| Unavailable::new(error.to_string()))?;
    let answer = within("the ledger", async { post(&fetcher, &body).await.map_err(message) });
    let answer = answer.await?.as_string().unwrap_or_default();
    serde_json::from_str(&answer).map_err(|_| unexpected())
}

/// Returns an error of JavaScript as a text.
pub fn message(error: JsValue) -> String {
    match error.dyn_ref::<Error>() {
        Some(error) => String::from(error.message()),
        None => "failed".to_owned(),
    }
}

/// Returns the error for an answer that does not fit the request.
pub fn unexpected() -> Unavailable {
    Unavailable::new("the ledger's answer does not fit the request: is it of another version?")
}

/// Waits for a store's answer. Fails if the store fails, or is silent for [`DEADLINE`].
pub async fn within<T, E: std::fmt::Display>(
    store: &str,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, Unavailable> {
    match select(pin!(answer), Delay::from(DEADLINE)).await {
        Either::Left((answered, _)) => {
            answered.map_err(|error| Unavailable::new(format!("{store}: {error}")))
        }
        Either::Right(_) => {
            let seconds = DEADLINE.as_secs();
            Err(Unavailable::new(format!("{store}: no answer within {seconds} seconds")))
        }
    }
}
