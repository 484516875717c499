//! Futures that mostly are ready at once: polled here and now, and made a promise only if they
//! wait.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::future_to_promise;

/// The string itself, or a promise of it.
pub(crate) fn now_or_later(future: impl Future<Output = String> + 'static) -> JsValue {
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

/// Wakes whoever waits now: at the first poll, nobody knows yet who that will be.
struct Relay(AtomicWaker);

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.0.wake();
    }
}
