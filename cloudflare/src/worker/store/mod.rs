//! API-key records and revocations: written in one place, a Durable Object. Records are read from
//! its copies in KV, where there are any.
//!
//! KV alone has no compare-and-set, so it is never written but by the ledger. Where no KV is bound
//! the ledger is read, too: from farther away, but at once as it was written.

mod durable_object;
mod keys;
mod kv_cache;
mod protocol;
mod read_lock;
mod revocation_tables;
mod revocations;

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use edge_auth::platform::{Unavailable, WriteOutcome};
use futures_util::future::{Either, select};
use worker::{Delay, Env, Method, ObjectNamespace, Request, RequestInit};

pub use durable_object::Ledger;
use kv_cache::KvCache;
use protocol::{OBJECT, StoreRequest, StoreResponse};
use read_lock::ReadLock;

/// How long a store may take to answer.
const DEADLINE: Duration = Duration::from_secs(3);

/// The stores that are bound, which may be none.
#[derive(Clone)]
pub struct Stores {
    ledger: Option<ObjectNamespace>,
    kv_cache: Option<KvCache>,
    /// The ledger's object: one, outside of tests.
    object: String,
    read_lock: ReadLock,
}

impl Stores {
    /// Those of the deployment.
    pub fn bound(env: &Env) -> Self {
        let kv_cache = env.kv(kv_cache::BINDING).ok().map(KvCache);
        Self {
            ledger: env.durable_object(protocol::BINDING).ok(),
            kv_cache,
            object: OBJECT.to_owned(),
            read_lock: ReadLock::default(),
        }
    }

    /// Those of another ledger than the one of the deployment, read as it is.
    pub fn of_durable_object(env: &Env, name: &str) -> Self {
        Self { object: name.to_owned(), kv_cache: None, ..Self::bound(env) }
    }

    /// The same, with records read where they are written.
    pub(crate) fn without_cache(self) -> Self {
        Self { kv_cache: None, ..self }
    }

    pub(crate) fn has_durable_object(&self) -> bool {
        self.ledger.is_some()
    }

    /// Whether records are read from copies, which may be late.
    pub(crate) fn has_cache(&self) -> bool {
        self.kv_cache.is_some()
    }

    async fn ask(&self, request: &StoreRequest) -> Result<StoreResponse, Unavailable> {
        let missing =
            || Unavailable::new(format!("no Durable Object is bound as `{}`", protocol::BINDING));
        let ledger = self.ledger.as_ref().ok_or_else(missing)?;
        let body =
            serde_json::to_string(request).map_err(|error| Unavailable::new(error.to_string()))?;
        within("the ledger", async {
            let mut init = RequestInit::new();
            init.with_method(Method::Post).with_body(Some(body.into()));
            // Only the object itself reads the URL, and it does not care.
            let request = Request::new_with_init("https://ledger/", &init)?;
            let mut response =
                ledger.get_by_name(&self.object)?.fetch_with_request(request).await?;
            serde_json::from_str(&response.text().await?).map_err(worker::Error::from)
        })
        .await
    }
}

impl StoreResponse {
    /// Whether something was written.
    fn put(self) -> Result<WriteOutcome, Unavailable> {
        match self {
            Self::Put { stored: true } => Ok(WriteOutcome::Stored),
            Self::Put { stored: false } => Ok(WriteOutcome::Conflict),
            other => Err(other.unasked()),
        }
    }

    fn unasked(&self) -> Unavailable {
        Unavailable::new("the ledger answered another question")
    }
}

/// What a store answers, unless it fails or takes too long.
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
