//! API-key records: written in one place, a Durable Object, and read from its copies in KV.
//!
//! KV alone has no compare-and-set, so it is never written but by the ledger. Where no KV is bound
//! the ledger is read, too: from farther away, but at once as it was written.

mod ledger;
mod record;
mod replica;

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use edge_auth::platform::{ApiKeyAdmin, ApiKeyRecord, ApiKeys, Expected, Put, Unavailable};
use edge_auth_token::Timestamp;
use futures_util::future::{Either, select};
use worker::{Delay, Env, Method, ObjectNamespace, Request, RequestInit};

pub use ledger::Ledger;
use ledger::{Answer, OBJECT, Question};
use record::StoredRecord;
use replica::Replica;

/// How long a store may take to answer.
const DEADLINE: Duration = Duration::from_secs(3);

/// The stores that are bound, which may be none.
#[derive(Clone)]
pub struct Keys {
    ledger: Option<ObjectNamespace>,
    replica: Option<Replica>,
    /// The ledger's object: one, outside of tests.
    object: String,
}

impl Keys {
    /// Those of the deployment.
    pub fn bound(env: &Env) -> Self {
        let replica = env.kv(replica::BINDING).ok().map(Replica);
        Self { ledger: env.durable_object(ledger::BINDING).ok(), replica, object: OBJECT.to_owned() }
    }

    /// Those of another ledger than the one of the deployment, read as it is.
    pub fn of_ledger(env: &Env, name: &str) -> Self {
        Self { object: name.to_owned(), replica: None, ..Self::bound(env) }
    }

    /// Whether records can be read at all.
    pub(crate) fn can_be_read(&self) -> bool {
        self.replica.is_some() || self.ledger.is_some()
    }

    /// Whether records can be written.
    pub(crate) fn can_be_written(&self) -> bool {
        self.ledger.is_some()
    }

    /// Whether what is read may be late.
    pub(crate) fn lags(&self) -> bool {
        self.replica.is_some()
    }

    async fn ask(&self, question: &Question) -> Result<Answer, Unavailable> {
        let missing = || Unavailable::new(format!("no Durable Object is bound as `{}`", ledger::BINDING));
        let ledger = self.ledger.as_ref().ok_or_else(missing)?;
        let body = serde_json::to_string(question).map_err(|error| Unavailable::new(error.to_string()))?;
        within("the ledger", async {
            let mut init = RequestInit::new();
            init.with_method(Method::Post).with_body(Some(body.into()));
            // Only the object itself reads the URL, and it does not care.
            let request = Request::new_with_init("https://ledger/", &init)?;
            ledger.get_by_name(&self.object)?.fetch_with_request(request).await?.json().await
        })
        .await
    }

    async fn found(&self, question: &Question) -> Result<Vec<ApiKeyRecord>, Unavailable> {
        match self.ask(question).await? {
            Answer::Found(records) => Ok(records.into_iter().map(ApiKeyRecord::from).collect()),
            Answer::Put { .. } => Err(Unavailable::new("the ledger answered another question")),
        }
    }
}

impl ApiKeys for Keys {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        let Some(replica) = &self.replica else {
            return self.current(id, now).await;
        };
        let found = within("KV", replica.find(id)).await?;
        // Under another id it is another key's.
        Ok(found.filter(|record| record.id == id && record.lives(now)).map(ApiKeyRecord::from))
    }
}

impl ApiKeyAdmin for Keys {
    async fn current(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        let question = Question::Find { id: id.to_owned(), now: now.millis() };
        Ok(self.found(&question).await?.pop())
    }

    async fn put(
        &self,
        record: &ApiKeyRecord,
        expected: Expected,
        now: Timestamp,
    ) -> Result<Put, Unavailable> {
        let expected = match expected {
            Expected::Absent => None,
            Expected::Version(version) => Some(version),
        };
        let question = Question::Put { record: StoredRecord::from(record), expected, now: now.millis() };
        match self.ask(&question).await? {
            Answer::Put { stored: true } => Ok(Put::Stored),
            Answer::Put { stored: false } => Ok(Put::Conflict),
            Answer::Found(_) => Err(Unavailable::new("the ledger answered another question")),
        }
    }

    async fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ApiKeyRecord>, Unavailable> {
        self.found(&Question::List { after: after.map(str::to_owned), limit, now: now.millis() }).await
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
