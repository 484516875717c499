//! Polls a future at once, and makes a promise of it only if it waits. Most are ready at once.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::future_to_promise;

/// Returns the string itself, or a promise of it.
pub fn now_or_later(future: impl Future<Output = String> + 'static) -> JsValue {
    let relay = Arc::new(Relay(AtomicWaker::new()));
    let waker = Waker::from(Arc::clone(&relay));
    let mut future = Box::pin(future);
    match future.as_mut().poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(text) => JsValue::from_str(&text),
        Poll::Pending => future_to_promise(async move {
            let text = poll_fn(|context| {
                relay.0.register(context.waker());
                future.as_mut().poll(&mut Context::from_waker(&waker))
            });
            Ok(JsValue::from_str(&text.await))
        })
        .into(),
    }
}

/// Wakes the task that polls now: at the first poll, the promise's task does not exist yet.
struct Relay(AtomicWaker);

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.0.wake();
    }
}
