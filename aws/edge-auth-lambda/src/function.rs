//! One event: to the face that it is for, and back. What was decided is written down first.

use std::io::Write;
use std::time::Duration;

use edge_auth::admin::MAX_ADMIN_BYTES;
use edge_auth::aws::{Answered, Api, AuthorizerAnswer, Raised};
use edge_auth::faces::{AUTHORIZE, Face, Incoming, MAX_VERIFY_BYTES, Mode};
use edge_auth::{Code, Denial, Gate, Outcome, Reply};
use edge_auth_host::{SystemRandomness, now};
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::authorizer;
use crate::deadline::in_time;
use crate::event::{Event, HttpEvent, Unread};
use crate::http::HttpReply;
use crate::platform::LambdaPlatform;

/// How long an answer waits for work that is due beside it: after the answer the function is frozen.
const FOLLOW_UP: Duration = Duration::from_secs(1);

/// The function: a gate for every event.
pub(crate) struct Function {
    gate: Gate<LambdaPlatform>,
}

/// What is returned.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    Authorizer(AuthorizerAnswer),
    Http(HttpReply),
}

impl Function {
    pub(crate) fn new(gate: Gate<LambdaPlatform>) -> Self {
        Self { gate }
    }

    /// Answers an event. There are two errors, and each is what API Gateway expects.
    pub(crate) async fn answer(&self, event: Box<RawValue>) -> Result<Answer, Diagnostic> {
        let gate = &self.gate;
        let answered = match Event::read(&event) {
            Ok(Event::Http(event)) => return Ok(Answer::Http(self.http(&event).await)),
            Ok(Event::Token(event)) => authorizer::token(gate, &event).await,
            Ok(Event::Request { event, http_api }) => {
                let api = if http_api { Api::Http } else { Api::Rest };
                authorizer::request(gate, api, &event).await
            }
            Ok(Event::Connect(event)) => authorizer::request(gate, Api::WebSocket, &event).await,
            Ok(Event::Route(event)) => authorizer::route(gate, &event).await,
            Ok(Event::GraphQl(event)) => authorizer::graphql(gate, &event).await,
            Err(unread) => return unanswered(unread),
        };
        self.authorizer(answered).await.map(Answer::Authorizer).map_err(raised)
    }

    async fn authorizer(&self, (answer, outcome): Answered) -> Result<AuthorizerAnswer, Raised> {
        self.settle(outcome).await?;
        answer
    }

    async fn http(&self, event: &HttpEvent) -> HttpReply {
        let Some(target) = event.target() else {
            tell(["an HTTP event's path may have been another one before it was decoded".to_owned()]);
            let denial = Denial::new(Code::PathAmbiguous, String::new());
            return event.reply(Reply::denied(&denial));
        };
        let fields = event.fields.list();
        let incoming =
            Incoming { method: event.method(), target: &target, ..event.request_context.incoming(&fields) };
        let mode = Mode { gateway: false, administers: self.gate.policy().administers() };
        event.reply(match Face::of(&target, mode) {
            Some(Face::Health) => Reply::health(incoming.method),
            Some(Face::ForwardAuth) => {
                let decision = self.gate.forward_auth(&incoming, AUTHORIZE, now());
                let decided = in_time(&self.gate, &incoming, &target, decision).await;
                self.reply(decided.unwrap_or_else(|late| late)).await
            }
            Some(Face::Verify) => self.verify(&incoming, event).await,
            Some(Face::Admin) => self.admin(&incoming, event).await,
            Some(Face::Gateway) | None => {
                Reply::trouble(404, "Here are /authorize, /v1/verify, /admin/v1 and /healthz.")
            }
        })
    }

    async fn verify(&self, incoming: &Incoming<'_>, event: &HttpEvent) -> Reply {
        if incoming.method != "POST" {
            return Reply::trouble(405, "Ask with POST and a JSON body.");
        }
        // Of strangers no body is decoded.
        if let Some(refused) = self.gate.refuse_verify(incoming, now()) {
            return self.reply(refused).await;
        }
        match body(event, MAX_VERIFY_BYTES) {
            Ok(body) => {
                let decision = self.gate.verify_json(incoming, &body, now());
                let decided = in_time(&self.gate, incoming, incoming.target, decision).await;
                self.reply(decided.unwrap_or_else(|late| late)).await
            }
            Err(refused) => refused,
        }
    }

    async fn admin(&self, incoming: &Incoming<'_>, event: &HttpEvent) -> Reply {
        let admission = self.gate.admit_admin(incoming, now());
        let admission = match in_time(&self.gate, incoming, incoming.target, admission).await.flatten() {
            Ok(admission) => admission,
            Err(refused) => return self.reply(refused).await,
        };
        match body(event, MAX_ADMIN_BYTES) {
            Ok(body) => {
                let done = self.gate.administer(admission, incoming, &body, &SystemRandomness, now()).await;
                self.reply(done).await
            }
            Err(refused) => self.reply((refused, admission.abandon("body_unreadable"))).await,
        }
    }

    /// The reply, once its decision is written down.
    async fn reply(&self, (reply, outcome): (Reply, Outcome)) -> Reply {
        match self.settle(outcome).await {
            Ok(()) => reply,
            Err(_) => Reply::trouble(503, "The gate cannot decide at the moment."),
        }
    }

    /// Does what an outcome left to do, and writes it down. What cannot be written down is not let
    /// through.
    async fn settle(&self, outcome: Outcome) -> Result<(), Raised> {
        tell(outcome.notices);
        for work in outcome.follow_up {
            let done = tokio::time::timeout(FOLLOW_UP, self.gate.follow_up(work, now())).await;
            tell(
                done.unwrap_or_else(|_| vec!["work beside an answer took too long, and was left".to_owned()]),
            );
        }
        let written = serde_json::to_string(&outcome.audit).map_err(std::io::Error::from);
        let written = written.and_then(|line| writeln!(std::io::stdout().lock(), "{line}"));
        written.map_err(|error| {
            tell([format!("the audit log takes no events: {error}")]);
            Raised::Unavailable
        })
    }
}

/// Tells the operator, on the standard error stream.
pub(crate) fn tell(notices: impl IntoIterator<Item = String>) {
    for notice in notices {
        // Without a standard error stream there is nobody to tell.
        let _ = writeln!(std::io::stderr().lock(), "edge-auth: {notice}");
    }
}

/// The body, or why it is not read.
fn body(event: &HttpEvent, limit: usize) -> Result<Vec<u8>, Reply> {
    match event.body() {
        Some(body) if body.len() <= limit => Ok(body),
        Some(_) => Err(Reply::trouble(413, "The body is too large.")),
        None => Err(Reply::trouble(400, "The body is not the base64 that the event says it is.")),
    }
}

/// What nobody can answer: never an allow, in anybody's reading.
fn unanswered(unread: Unread) -> Result<Answer, Diagnostic> {
    let what = match &unread {
        Unread::Unknown => "an event of an unknown kind".to_owned(),
        Unread::Http(why) => format!("an HTTP event: {why}"),
        Unread::Authorizer(why) => format!("an authorizer's event: {why}"),
    };
    tell([format!("refused {what}")]);
    match unread {
        Unread::Http(_) => Ok(Answer::Http(HttpReply::plain(Reply::trouble(400, "The event is not whole.")))),
        Unread::Unknown | Unread::Authorizer(_) => Err(raised(Raised::Unauthorized)),
    }
}

fn raised(raised: Raised) -> Diagnostic {
    let error_type = match raised {
        Raised::Unauthorized => "Unauthorized",
        Raised::Unavailable => "Unavailable",
    };
    Diagnostic { error_type: error_type.to_owned(), error_message: raised.to_string() }
}
