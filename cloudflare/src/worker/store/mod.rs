//! Stores API-key records and revocations. One Durable Object, the ledger, writes them all.
//!
//! KV has no compare-and-set, so only the ledger writes it. If KV is bound, records are read from
//! the ledger's copies there; if not, from the ledger itself: farther away, but never late.

mod durable_object;
mod keys;
mod kv_cache;
mod protocol;
mod read_lock;
mod revocation_tables;
mod revocations;
mod schema;
mod transaction;

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use edge_auth::platform::Unavailable;
use edge_auth_control::store::WriteOutcome;
use futures_util::future::{Either, select};
use worker::{Delay, Env, Method, ObjectNamespace, Request, RequestInit};

pub use durable_object::Ledger;
use kv_cache::KvCache;
use protocol::{OBJECT, StoreRequest, StoreResponse};
use read_lock::ReadLock;

/// How long a store may take to answer.
const DEADLINE: Duration = Duration::from_secs(3);

/// The stores that are bound. Neither need be.
#[derive(Clone)]
pub struct Stores {
    ledger: Option<ObjectNamespace>,
    kv_cache: Option<KvCache>,
    /// The name of the ledger's object. Only tests have more than one.
    object: String,
    read_lock: ReadLock,
}

impl Stores {
    /// Returns the stores of the deployment.
    pub fn bound(env: &Env) -> Self {
        let kv_cache = env.kv(kv_cache::BINDING).ok().map(KvCache);
        Self {
            ledger: env.durable_object(protocol::BINDING).ok(),
            kv_cache,
            object: OBJECT.to_owned(),
            read_lock: ReadLock::default(),
        }
    }

    /// Returns another ledger than the deployment's, without KV.
    pub fn of_durable_object(env: &Env, name: &str) -> Self {
        Self { object: name.to_owned(), kv_cache: None, ..Self::bound(env) }
    }

    /// Returns the same stores without KV.
    pub(crate) fn without_cache(self) -> Self {
        Self { kv_cache: None, ..self }
    }

    pub(crate) fn has_durable_object(&self) -> bool {
        self.ledger.is_some()
    }

    /// Returns whether records are read from copies in KV, which may be late.
    pub(crate) fn has_cache(&self) -> bool {
        self.kv_cache.is_some()
    }

    async fn ask(&self, request: &StoreRequest) -> Result<StoreResponse, Unavailable> {
        let Some(ledger) = &self.ledger else {
            let binding = protocol::BINDING;
            return Err(Unavailable::new(format!("no Durable Object is bound as `{binding}`")));
        };
        let body =
            serde_json::to_string(request).map_err(|error| Unavailable::new(error.to_string()))?;
        within("the ledger", async {
            let mut init = RequestInit::new();
            init.with_method(Method::Post).with_body(Some(body.into()));
            // The object ignores the URL.
            let request = Request::new_with_init("https://ledger/", &init)?;
            let mut response =
                ledger.get_by_name(&self.object)?.fetch_with_request(request).await?;
            serde_json::from_str(&response.text().await?).map_err(worker::Error::from)
        })
        .await
    }
}

impl StoreResponse {
    /// Returns whether the ledger wrote the record.
    fn put(self) -> Result<WriteOutcome, Unavailable> {
        let Self::Put { stored } = self else {
            return Err(unexpected());
        };
        Ok(if stored { WriteOutcome::Stored } else { WriteOutcome::Conflict })
    }
}

fn unexpected() -> Unavailable {
    Unavailable::new("the ledger's answer does not fit the request: is it of another version?")
}

/// Waits for a store's answer. Fails if the store fails, or is silent for [`DEADLINE`].
async fn within<T, E: std::fmt::Display>(
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
