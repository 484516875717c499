//! The runtime's objects of one request. Each is read only when it is needed.

use std::future::Future;

use edge_auth::endpoints::{BodyError, RequestBody};
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::future_to_promise;
use worker::Env;

#[wasm_bindgen]
extern "C" {
    /// An object of `index.js`: `{ request, env, ctx, files }`.
    pub type Event;

    /// The `Request`.
    #[wasm_bindgen(method, getter)]
    pub fn request(this: &Event) -> JsValue;

    /// The bindings.
    #[wasm_bindgen(method, getter)]
    pub fn env(this: &Event) -> Env;

    /// The bundled files, by name.
    #[wasm_bindgen(method, getter)]
    pub fn files(this: &Event) -> JsValue;

    #[wasm_bindgen(method, getter)]
    fn ctx(this: &Event) -> Context;

    /// The request's `ExecutionContext`.
    type Context;

    #[wasm_bindgen(method, js_name = waitUntil)]
    fn wait_until(this: &Context, promise: &Promise);
}

#[wasm_bindgen(module = "/src/http.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = readBody)]
    async fn read_body(request: &JsValue, limit: f64) -> Result<JsValue, JsValue>;
}

impl Event {
    /// Reads the whole body, `limit` bytes at most.
    async fn body(&self, limit: usize) -> Result<Vec<u8>, BodyError> {
        match read_body(&self.request(), limit as f64).await {
            Ok(bytes) if bytes.is_undefined() => Err(BodyError::TooLarge),
            Ok(bytes) => Ok(Uint8Array::from(bytes).to_vec()),
            Err(_) => Err(BodyError::Unreadable),
        }
    }

    /// Runs work that need not delay the answer.
    pub fn after_the_answer(&self, work: impl Future<Output = ()> + 'static) {
        let work = future_to_promise(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        });
        self.ctx().wait_until(&work);
    }
}

/// The body of a request, which JavaScript reads.
pub struct EventBody<'a>(pub &'a Event);

impl RequestBody for EventBody<'_> {
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        self.0.body(limit).await
    }
}
