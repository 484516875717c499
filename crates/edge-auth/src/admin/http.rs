//! `/admin/v1/…`: the registry over HTTP. The paths are described in `openapi.json`.

use std::time::Duration;

use edge_auth_token::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::{
    AdminError, AdminScope, ImportKeyRequest, KeyResponse, KeyService, ListedKey,
    RevocationResponse, Revocations,
};
use crate::api_key::{ApiKey, PlaintextKey};
use crate::endpoints::InboundRequest;
use crate::gate::{Gate, Outcome};
use crate::platform::{ApiKeyAdmin, Platform, Randomness, RevocationLog};
use crate::redact::MAX_REASON;
use crate::reply::Reply;
use crate::revocation::{Entry, Event, RevocationLedger, Target};
use crate::route::NormalPath;

/// The OpenAPI 3.1 description of this endpoint.
pub const OPENAPI: &str = include_str!("openapi.json");

/// The largest body that is read, in bytes. A host refuses more with 413.
pub(crate) const MAX_ADMIN_BYTES: usize = 64 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RotationBody {
    /// How long the old secret stays good, like `24h`.
    overlap: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasonBody {
    reason: String,
}

/// A key, with its secret if it was made just now.
#[derive(Serialize)]
struct KeyBody<'a> {
    key: KeyResponse,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

/// Leave to do one thing.
#[derive(Debug)]
#[must_use]
pub struct AuthorizedOperation(Outcome);

impl AuthorizedOperation {
    /// For the audit log, if the host cannot go on: why not.
    pub fn abandon(mut self, error: &str) -> Outcome {
        self.0.audit.error = Some(error.to_owned());
        self.0
    }
}

impl<P: Platform<ApiKeys: ApiKeyAdmin, Revocations: RevocationLog>> Gate<P> {
    /// Answers a request for administration, if the caller may make it.
    pub async fn admin(
        &self,
        incoming: &InboundRequest<'_>,
        body: &[u8],
        randomness: &dyn Randomness,
        now: Timestamp,
    ) -> (Reply, Outcome) {
        match self.admit_admin(incoming, now).await {
            Ok(operation) => self.administer(operation, incoming, body, randomness, now).await,
            Err(refused) => refused,
        }
    }

    /// Decides by a request's head alone whether the caller may make it: a host asks before it
    /// reads a body.
    pub async fn admit_admin(
        &self,
        incoming: &InboundRequest<'_>,
        now: Timestamp,
    ) -> Result<AuthorizedOperation, (Reply, Outcome)> {
        let parsed = NormalPath::parse(incoming.target).ok();
        let action =
            parsed.as_ref().and_then(|(path, _)| Action::of(incoming.method, path.decoded()));
        let scope = action.as_ref().map_or(AdminScope::WriteKeys, Action::scope);
        let mut outcome = self.may_administer(incoming, scope, now).await;
        if let Some(reply) = self.refusal(&outcome) {
            return Err((reply, outcome));
        }
        outcome.audit.action = action.map(|action| action.name().to_owned());
        if from_another_site(incoming) {
            outcome.audit.error = Some("cross_site".to_owned());
            let why = "A page of another site sent this, which the caller may know nothing of.";
            return Err((problem(403, "cross_site", why), outcome));
        }
        Ok(AuthorizedOperation(outcome))
    }

    /// Does what an admitted caller asks for.
    pub async fn administer(
        &self,
        AuthorizedOperation(mut outcome): AuthorizedOperation,
        incoming: &InboundRequest<'_>,
        body: &[u8],
        randomness: &dyn Randomness,
        now: Timestamp,
    ) -> (Reply, Outcome) {
        let parsed = NormalPath::parse(incoming.target).ok();
        let action =
            parsed.as_ref().and_then(|(path, _)| Action::of(incoming.method, path.decoded()));
        let Some(action) = action else {
            outcome.audit.error = Some("not_found".to_owned());
            return (problem(404, "not_found", "There is no such resource."), outcome);
        };
        let query = parsed.as_ref().and_then(|(_, query)| *query).unwrap_or_default();
        let by = outcome.audit.principal.clone().unwrap_or_default();
        match self.act(&action, &by, query, body, randomness, now).await {
            Ok(AdminResponse { reply, key, revocation, reason, notice }) => {
                outcome
                    .notices
                    .extend(notice.map(|notice| self.redactor.hide(&notice, MAX_REASON)));
                if let Some(id) = &key {
                    self.forget_key(id);
                }
                if key.is_some() || revocation.is_some() {
                    // What was entered counts here at once. A failure is told when it is read next.
                    let _ = self.read_revocations(now, &mut outcome.notices).await;
                }
                outcome.audit.key = key;
                outcome.audit.revocation = revocation;
                outcome.audit.reason = reason.map(|reason| self.redactor.hide(&reason, MAX_REASON));
                (reply, outcome)
            }
            Err(error) => {
                let (code, status) = error.code();
                outcome.audit.error = Some(code.to_owned());
                let reason = self.redactor.hide(&error.to_string(), MAX_REASON);
                outcome.audit.reason = Some(reason.clone());
                (problem(status, code, &reason), outcome)
            }
        }
    }

    async fn act(
        &self,
        action: &Action<'_>,
        by: &str,
        query: &str,
        body: &[u8],
        randomness: &dyn Randomness,
        now: Timestamp,
    ) -> Result<AdminResponse, AdminError> {
        let (log, secrets) = (
            self.platform.revocations(),
            self.revocations.as_ref().map(|replica| &replica.secrets),
        );
        let keys = KeyService::of_blocks(&self.key_blocks, self.platform.api_keys());
        let revocations = || {
            let keys = KeyService::of_blocks(&self.key_blocks, self.platform.api_keys());
            Revocations::of(&self.policy, secrets.cloned(), keys, log, by)
        };
        let key_service =
            keys.publishing(secrets.map(|secrets| RevocationLedger::new(secrets.clone(), log)), by);
        match action {
            Action::Describe => Ok(AdminResponse::read(describe())),
            Action::List => Ok(AdminResponse::read(list(&key_service, query, now).await?)),
            Action::Show(id) => {
                let key = key_service.show(id, now).await?;
                let answer = KeyBody { key: KeyResponse::new(&key, now), secret: None };
                Ok(AdminResponse::read(Reply::json(200, &answer)))
            }
            Action::Create => {
                let (key, text) = key_service.create(read(body)?, randomness, now).await?;
                Ok(AdminResponse::key(201, &key, Some(&text), now))
            }
            Action::Import => {
                let ImportKeyRequest { hash, request } = read(body)?;
                Ok(AdminResponse::key(
                    201,
                    &key_service.import(request, &hash, now).await?,
                    None,
                    now,
                ))
            }
            Action::Rotate(id) => {
                let RotationBody { overlap } = read(body)?;
                let overlap = duration(&overlap)?;
                let (key, text) = key_service.rotate(id, overlap, randomness, now).await?;
                Ok(AdminResponse::key(200, &key, Some(&text), now))
            }
            Action::Disable(id) => {
                Ok(AdminResponse::key(200, &key_service.disable(id, now).await?, None, now))
            }
            Action::Enable(id) => {
                Ok(AdminResponse::key(200, &key_service.enable(id, now).await?, None, now))
            }
            Action::Revoke(id) => {
                let ReasonBody { reason } = read(body)?;
                let (key, entry) = key_service.revoke_by_entry(id, &reason, now).await?;
                let revocation = entry.map(|entry| entry.sequence);
                Ok(AdminResponse {
                    revocation,
                    reason: audit_reason(&reason),
                    ..AdminResponse::key(200, &key, None, now)
                })
            }
            Action::ListRevocations => {
                let (before, limit) = page(query)?;
                Ok(AdminResponse::read(Reply::json(
                    200,
                    &revocations()?.list(before, limit).await?,
                )))
            }
            Action::ShowRevocation(id) => {
                let entry = revocations()?.show(number(id)?).await?;
                Ok(AdminResponse::read(Reply::json(200, &RevocationResponse::new(&entry))))
            }
            Action::CreateRevocation => {
                let revocations = revocations()?;
                let (entry, view) = revocations.create_with_notice(read(body)?, now).await?;
                // It is made, whatever else goes wrong.
                let untidy = revocations.tidy(randomness, now).await.err();
                let notice =
                    untidy.map(|error| format!("revocations: no snapshot was made: {error}"));
                Ok(AdminResponse {
                    notice,
                    reply: Reply::json(201, &view),
                    ..AdminResponse::entry(201, &entry)
                })
            }
            Action::UndoRevocation(id) => {
                let ReasonBody { reason } = read(body)?;
                let (entry, view) =
                    revocations()?.undo_with_notice(number(id)?, &reason, now).await?;
                Ok(AdminResponse {
                    reply: Reply::json(201, &view),
                    ..AdminResponse::entry(201, &entry)
                })
            }
            Action::CompactRevocations => {
                let held = revocations()?.compact(randomness, now).await?;
                Ok(AdminResponse::read(Reply::json(200, &serde_json::json!({ "held": held }))))
            }
        }
    }
}

/// What was done.
struct AdminResponse {
    reply: Reply,
    /// The id of the key that was written.
    key: Option<String>,
    /// The number of the revocation that was entered.
    revocation: Option<u64>,
    /// Why it was.
    reason: Option<String>,
    /// What an operator should know besides.
    notice: Option<String>,
}

impl AdminResponse {
    fn read(reply: Reply) -> Self {
        Self { reply, key: None, revocation: None, reason: None, notice: None }
    }

    fn key(status: u16, key: &ApiKey, text: Option<&PlaintextKey>, now: Timestamp) -> Self {
        let answer =
            KeyBody { key: KeyResponse::new(key, now), secret: text.map(PlaintextKey::expose) };
        Self { key: Some(key.id().to_owned()), ..Self::read(Reply::json(status, &answer)) }
    }

    fn entry(status: u16, entry: &Entry) -> Self {
        let reply = Reply::json(status, &RevocationResponse::new(entry));
        let key = match &entry.event {
            Event::Revoked(Target::ApiKey { id }) => Some(id.to_string()),
            Event::Revoked(_)
            | Event::Undone(_)
            | Event::KeyChanged(_)
            | Event::KeyWritten { .. }
            | Event::ListImported(_) => None,
        };
        let reason = audit_reason(&entry.reason);
        Self { key, revocation: Some(entry.sequence), reason, ..Self::read(reply) }
    }
}

/// A reason, for the audit log.
fn audit_reason(reason: &str) -> Option<String> {
    Some(crate::audit::excerpt(reason, 256))
}

/// The number of an entry.
fn number(id: &str) -> Result<u64, AdminError> {
    id.parse().map_err(|_| AdminError::Invalid("an entry is called by its number".to_owned()))
}

/// Which page of the log is wanted: before which entry, and how long.
fn page(query: &str) -> Result<(Option<u64>, usize), AdminError> {
    let (mut before, mut limit) = (None, 50);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "before" => before = Some(number(&value)?),
            "limit" => {
                limit = value
                    .parse()
                    .map_err(|_| AdminError::Invalid("`limit` is a number".to_owned()))?
            }
            other => {
                return Err(AdminError::Invalid(format!(
                    "there is no parameter `{}`",
                    other.escape_debug()
                )));
            }
        }
    }
    Ok((before, limit))
}

async fn list<S: ApiKeyAdmin, L: RevocationLog>(
    key_service: &KeyService<'_, S, L>,
    query: &str,
    now: Timestamp,
) -> Result<Reply, AdminError> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Entry {
        Key(Box<KeyResponse>),
        Untrusted { id: String, untrusted: String },
    }
    #[derive(Serialize)]
    struct KeysBody {
        keys: Vec<Entry>,
        next: Option<String>,
    }
    let (mut block, mut after, mut limit) = (None, None, 50);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "block" => block = Some(value),
            "after" => after = Some(value),
            "limit" => {
                limit = value
                    .parse()
                    .map_err(|_| AdminError::Invalid("`limit` is a number".to_owned()))?
            }
            other => {
                return Err(AdminError::Invalid(format!(
                    "there is no parameter `{}`",
                    other.escape_debug()
                )));
            }
        }
    }
    let page = key_service.list(block.as_deref(), after.as_deref(), limit, now).await?;
    let entry = |listed| match listed {
        ListedKey::Key(key) => Entry::Key(Box::new(KeyResponse::new(&key, now))),
        ListedKey::Untrusted { id, reason } => Entry::Untrusted { id, untrusted: reason },
    };
    Ok(Reply::json(
        200,
        &KeysBody { keys: page.keys.into_iter().map(entry).collect(), next: page.next },
    ))
}

fn describe() -> Reply {
    let mut reply = Reply::empty(200);
    reply.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    reply.body = OPENAPI.as_bytes().to_vec();
    reply
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, AdminError> {
    crate::json::object(body)
        .map_err(|error| AdminError::Invalid(format!("the body is not as described: {error}")))
}

fn duration(text: &str) -> Result<Duration, AdminError> {
    humantime::parse_duration(text).map_err(|_| {
        AdminError::Invalid(format!("overlap: `{}` is no duration like 24h", text.escape_debug()))
    })
}

/// Browsers send cookies and client certificates along with what any page asks for, and say whose
/// page it was (Fetch Metadata, section 2.3); whatever is no browser says nothing.
fn from_another_site(incoming: &InboundRequest<'_>) -> bool {
    let mut sites = incoming.headers.all("sec-fetch-site");
    sites.any(|site| !matches!(site, b"same-origin" | b"none"))
}

fn problem(status: u16, code: &str, detail: &str) -> Reply {
    #[derive(Serialize)]
    struct Problem<'a> {
        r#type: String,
        title: &'static str,
        status: u16,
        code: &'a str,
        detail: &'a str,
    }
    let title = "The request for administration failed.";
    let r#type = format!("urn:edge-auth:admin:{code}");
    let mut reply = Reply::json(status, &Problem { r#type, title, status, code, detail });
    for (name, value) in &mut reply.headers {
        if name == "Content-Type" {
            *value = "application/problem+json".to_owned();
        }
    }
    reply
}

#[cfg(test)]
mod tests;
