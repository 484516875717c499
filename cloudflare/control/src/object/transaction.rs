//! Transactions of a Durable Object.

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::{Error, Result, Storage};

#[wasm_bindgen]
extern "C" {
    /// `DurableObjectStorage`, with a method that the crate `worker` leaves out.
    type TransactionalStorage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &TransactionalStorage,
        work: &mut dyn FnMut() -> Result<JsValue, JsValue>,
    ) -> Result<JsValue, JsValue>;
}

/// Commits what `work` writes if it succeeds, and rolls it back if it fails.
pub(super) fn transaction<T>(storage: &Storage, mut work: impl FnMut() -> Result<T>) -> Result<T> {
    let storage: &TransactionalStorage = storage.as_raw().unchecked_ref();
    let mut outcome = None;
    let committed = storage.transaction_sync(&mut || match work() {
        Ok(done) => {
            outcome = Some(Ok(done));
            Ok(JsValue::UNDEFINED)
        }
        Err(error) => {
            outcome = Some(Err(error));
            // workerd rolls back when an exception leaves the function.
            Err(JsValue::from_str("the work failed"))
        }
    });
    match (outcome, committed) {
        (Some(Err(error)), _) => Err(error),
        (_, Err(error)) => Err(Error::from(error)),
        (Some(Ok(done)), Ok(_)) => Ok(done),
        (None, Ok(_)) => Err(Error::RustError("workerd did not run the transaction".to_owned())),
    }
}
