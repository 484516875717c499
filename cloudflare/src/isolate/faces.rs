//! From a request to a face of the gate, and back.

use std::rc::Rc;

use edge_auth::admin::MAX_ADMIN_BYTES;
use edge_auth::certificate::Handover;
use edge_auth::faces::{AUTHORIZE, Client, Face, Incoming, MAX_VERIFY_BYTES, Mode, Way};
use edge_auth::{Decision, Outcome, Reply};
use edge_auth_token::Timestamp;

use crate::head::{Caller, Head};
use crate::isolate::answer::Answer;
use crate::isolate::certificate::ClientCertificate;
use crate::isolate::event::Event;
use crate::isolate::platform::RuntimeRandomness;
use crate::isolate::serving::Serving;

/// One request under way.
struct Asked<'a> {
    serving: &'a Rc<Serving>,
    event: &'a Event,
    head: &'a Head<'a>,
    incoming: Incoming<'a>,
    now: Timestamp,
}

/// Answers a request with this head.
pub(crate) async fn answer(serving: Rc<Serving>, event: Event, caller: Caller, head: String) -> Answer {
    let Some(head) = Head::parse(&head) else {
        return Answer::reply(Reply::trouble(400, "The request cannot be read."));
    };
    let certificate = (serving.takes_certificates && caller == Caller::Internet)
        .then(|| ClientCertificate::of(&event.request()));
    let handover = certificate.as_ref().map_or(Handover::Nothing, ClientCertificate::handover);
    let incoming = head.incoming(caller, handover);
    let mode = Mode {
        // A Worker that is bound asks about its own requests: it has no origin here.
        gateway: serving.has_upstream && caller == Caller::Internet,
        administers: serving.gate.policy().administers(),
    };
    let asked = Asked { serving: &serving, event: &event, head: &head, incoming, now: crate::isolate::now() };
    let mut answer = match Face::of(head.target, mode) {
        Some(Face::Health) => Answer::reply(Reply::health(head.method)),
        Some(Face::Admin) => asked.admin().await,
        Some(Face::Gateway) => asked.gateway().await,
        Some(Face::ForwardAuth) => {
            let asked_for = serving.gate.forward_auth(&asked.incoming, AUTHORIZE, asked.now).await;
            asked.settled(asked_for)
        }
        Some(Face::Verify) => asked.verify().await,
        None => Answer::reply(Reply::trouble(
            404,
            "Here are /authorize, /v1/verify, /admin/v1 and /healthz; with UPSTREAM, every path is proxied.",
        )),
    };
    answer.notices.splice(0..0, serving.take_notices());
    answer
}

impl Asked<'_> {
    async fn gateway(&self) -> Answer {
        let gate = &self.serving.gate;
        let (reply, outcome) = gate.gateway(&self.incoming, self.now).await;
        let reply = match (reply, &outcome.decision) {
            (Some(reply), _) => Answer::reply(reply),
            (None, Decision::Deny(denial)) => Answer::reply(Reply::denied(denial)),
            (None, Decision::Allow(grant)) => {
                let client = Client {
                    peer: self.incoming.peer,
                    secure: self.head.is_secure(),
                    host: self.incoming.host,
                    trusted_proxy: gate.trusts_proxy(&self.incoming),
                };
                Answer::forward((**grant).clone(), Way::of(self.incoming.headers, client))
            }
        };
        self.logged(reply, outcome)
    }

    async fn verify(&self) -> Answer {
        if self.incoming.method != "POST" {
            return Answer::reply(Reply::method_not_allowed("POST"));
        }
        let gate = &self.serving.gate;
        // Of strangers no body is read: it would be held in memory.
        if let Some(refused) = gate.refuse_verify(&self.incoming, self.now) {
            return self.settled(refused);
        }
        match self.event.body(MAX_VERIFY_BYTES).await {
            Ok(body) => self.settled(gate.verify_json(&self.incoming, &body, self.now).await),
            Err(reply) => Answer::reply(reply),
        }
    }

    async fn admin(&self) -> Answer {
        let gate = &self.serving.gate;
        let admission = match gate.admit_admin(&self.incoming, self.now).await {
            Ok(admission) => admission,
            Err(refused) => return self.settled(refused),
        };
        match self.event.body(MAX_ADMIN_BYTES).await {
            Ok(body) => {
                let done = gate.administer(admission, &self.incoming, &body, &RuntimeRandomness, self.now);
                self.settled(done.await)
            }
            Err(reply) => self.logged(Answer::reply(reply), admission.abandon("body_unreadable")),
        }
    }

    fn settled(&self, (reply, outcome): (Reply, Outcome)) -> Answer {
        self.logged(Answer::reply(reply), outcome)
    }

    /// Starts what an outcome left for later, and has it written down.
    fn logged(&self, answer: Answer, outcome: Outcome) -> Answer {
        let Outcome { audit, notices, follow_up, .. } = outcome;
        for work in follow_up {
            let serving = Rc::clone(self.serving);
            self.event.after_the_answer(async move {
                let told = serving.gate.follow_up(work, crate::isolate::now()).await;
                told.iter().for_each(|text| worker::console_warn!("edge-auth: {text}"));
            });
        }
        let mut answer = answer.audited(audit);
        answer.notices = notices;
        answer
    }
}
