//! Fetches the documents of issuers. Requests that want one at the same time share one fetch.
//!
//! In workerd a promise belongs to the request that made it and ends with it. So requests share the
//! result, not the promise: a request that finds a fetch under way polls for its result.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use edge_auth::platform::{KeySource, Unavailable};
use edge_auth_token::Timestamp;
use js_sys::{Error, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::Delay;

use crate::log_safe::without_urls;

#[wasm_bindgen(module = "/src/http.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetchDocument)]
    async fn fetch_document(url: &str, limit: f64, millis: f64) -> Result<JsValue, JsValue>;
}

/// How long a fetch may take, from connecting to the last byte.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long others wait for a fetch. If the request that made it was cut off, it never ends.
const CUT_OFF: Duration = Duration::from_secs(6);
/// How often a request polls for the result of another one's fetch.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Fetches documents by the runtime's `fetch`. Clones share their results.
#[derive(Debug, Clone, Default)]
pub struct IssuerDocuments(Rc<RefCell<Flights>>);

/// By URL and limit.
type Flights = BTreeMap<(String, usize), Rc<Flight>>;

/// A fetch under way.
#[derive(Debug)]
struct Flight {
    began: Timestamp,
    fetched: RefCell<Option<Result<Vec<u8>, Unavailable>>>,
}

impl KeySource for IssuerDocuments {
    async fn fetch(&self, url: &str, max_bytes: usize) -> Result<Vec<u8>, Unavailable> {
        let key = (url.to_owned(), max_bytes);
        while let Some(flight) = self.under_way(&key) {
            while !flight.is_cut_off() {
                if let Some(fetched) = &*flight.fetched.borrow() {
                    return fetched.clone();
                }
                Delay::from(LOOK_AGAIN).await;
            }
        }
        let flight = Rc::new(Flight { began: crate::now(), fetched: RefCell::default() });
        self.0.borrow_mut().insert(key.clone(), Rc::clone(&flight));
        let fetched = get(url, max_bytes).await;
        *flight.fetched.borrow_mut() = Some(fetched.clone());
        self.0.borrow_mut().remove(&key);
        fetched
    }
}

impl IssuerDocuments {
    fn under_way(&self, key: &(String, usize)) -> Option<Rc<Flight>> {
        self.0.borrow().get(key).filter(|flight| !flight.is_cut_off()).cloned()
    }
}

impl Flight {
    fn is_cut_off(&self) -> bool {
        crate::now().since(self.began) >= CUT_OFF
    }
}

async fn get(url: &str, max_bytes: usize) -> Result<Vec<u8>, Unavailable> {
    // A double is exact for numbers of this size.
    let (limit, millis) = (max_bytes as f64, DEADLINE.as_millis() as f64);
    let fetched = fetch_document(url, limit, millis).await;
    match fetched {
        Ok(bytes) => Ok(Uint8Array::from(bytes).to_vec()),
        Err(error) => {
            let why = match error.dyn_ref::<Error>() {
                Some(error) => without_urls(&String::from(error.message())),
                None => "failed".to_owned(),
            };
            Err(Unavailable::new(format!("{}: {why}", shown(url))))
        }
    }
}

/// Returns a URL for the log, without its query, which may hold a secret.
fn shown(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}
