//! An issuer's keys: fetched, cached, refreshed, and dropped when the issuer drops them.
//!
//! A set younger than `refresh` is used without a fetch. An older set is used while a fetch runs in
//! the background. A set older than twice `refresh`, which happens without traffic, is fetched
//! before it is used. During a failed or running fetch, the last set is used, up to `max_stale`. An
//! unknown `kid` causes one fetch every [`COOL_DOWN`]; a token without `kid` never causes one.

mod cached_jwks;
mod fetch;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edge_auth_token::{
    Algorithm, JwkSet, KeySelectionError, KeyUse, Secret, SignatureBackend, Timestamp, VerifyingKey,
};

use crate::denial::{Code, Denial};
use crate::platform::{FetchOptions, KeySource, Unavailable};
use crate::policy::{Issuer, KeyOrigin, TENANT};
use cached_jwks::CachedJwks;

/// The least time between two fetches that an unknown `kid` causes.
const COOL_DOWN: Duration = Duration::from_secs(30);
/// The least time between two fetches after one that failed.
const RETRY: Duration = Duration::from_secs(10);
/// The time after which a fetch without a result counts as abandoned by its host.
const ABANDONED: Duration = Duration::from_secs(15);

/// The keys of one issuer.
#[derive(Debug)]
pub(crate) struct IssuerKeys {
    name: String,
    /// `None` for keys that the gate is built with and that do not change.
    remote: Option<Remote>,
    wanted: KeySettings,
    state: Mutex<KeySetState>,
}

/// The criteria for using a key of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KeySettings {
    algorithms: Vec<Algorithm>,
    key_use: KeyUse,
}

impl KeySettings {
    fn of(issuer: &Issuer) -> Self {
        let key_use = if issuer.spiffe { KeyUse::JwtSvid } else { KeyUse::Signatures };
        Self { algorithms: issuer.algorithms.clone(), key_use }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Remote {
    origin: KeyOrigin,
    issuer: String,
    insecure_http: bool,
    options: FetchOptions,
    refresh: Duration,
    max_stale: Duration,
}

#[derive(Debug, Default)]
struct KeySetState {
    set: Option<Arc<CachedJwks>>,
    fetched_at: Timestamp,
    /// The start of the latest fetch, with any result.
    attempted_at: Option<Timestamp>,
    in_flight: bool,
    /// The time and reason of the latest failure; `None` after a success.
    failure: Option<(Timestamp, String)>,
}

impl KeySetState {
    fn is_fetching(&self, now: Timestamp) -> bool {
        match self.attempted_at {
            Some(began) => self.in_flight && !elapsed(now, began, ABANDONED),
            None => false,
        }
    }
}

/// The age of a set, which decides whether it is used and fetched.
#[derive(Debug, PartialEq, Eq)]
enum KeySetFreshness {
    /// Use it.
    Fresh,
    /// Use it, and fetch it in the background.
    Due,
    /// Fetch it before using it.
    Idle,
    /// Do not use it.
    Gone,
}

/// A key, with a flag if its set is due for a fetch in the background.
pub(crate) struct Selected {
    pub key: Arc<VerifyingKey>,
    pub refresh_due: bool,
}

impl IssuerKeys {
    /// Makes keys that do not change: from a file, the policy, or a shared secret.
    pub(crate) fn fixed(
        issuer: &Issuer,
        keys: FixedKeys<'_>,
        backend: &dyn SignatureBackend,
    ) -> Result<(Self, Vec<String>), String> {
        let mut notices = Vec::new();
        let wanted = KeySettings::of(issuer);
        let set = match keys {
            FixedKeys::Secret(secret) => CachedJwks::secret(secret, &issuer.algorithms)?,
            FixedKeys::Jwks(bytes) => {
                let set =
                    JwkSet::parse_for(bytes, wanted.key_use).map_err(|error| error.to_string())?;
                CachedJwks::new(set, None, &wanted.algorithms, backend, &mut notices)
            }
        };
        if set.is_empty() {
            return Err(format!("has no usable key: {}", notices.join("; ")));
        }
        let state = KeySetState { set: Some(Arc::new(set)), ..KeySetState::default() };
        let keys =
            Self { name: issuer.name.clone(), remote: None, wanted, state: Mutex::new(state) };
        Ok((keys, notices))
    }

    /// Keys that are fetched when they are needed.
    pub(crate) fn remote(issuer: &Issuer, options: FetchOptions) -> Self {
        Self::fetched(issuer, issuer.keys.clone(), issuer.validation.issuer.clone(), options)
    }

    /// Keys of one of the issuer's tenants, that are fetched when they are needed.
    pub(crate) fn of_tenant(issuer: &Issuer, tenant: &str, options: FetchOptions) -> Self {
        let iss = issuer.validation.issuer.replace(TENANT, tenant);
        Self::fetched(issuer, issuer.keys.of_tenant(tenant), iss, options)
    }

    fn fetched(issuer: &Issuer, origin: KeyOrigin, iss: String, options: FetchOptions) -> Self {
        let remote = Remote {
            origin,
            issuer: iss,
            insecure_http: issuer.insecure_http,
            options,
            refresh: issuer.refresh,
            max_stale: issuer.max_stale,
        };
        Self {
            name: issuer.name.clone(),
            remote: Some(remote),
            wanted: KeySettings::of(issuer),
            state: Mutex::default(),
        }
    }

    /// Takes over the set that `known` fetched, if its issuer and settings are the same.
    pub(crate) fn take_over(&self, known: &Self) {
        let same =
            self.name == known.name && self.remote == known.remote && self.wanted == known.wanted;
        if self.remote.is_some() && same {
            let (set, fetched_at) = {
                let known = known.lock();
                (known.set.clone(), known.fetched_at)
            };
            *self.lock() = KeySetState { set, fetched_at, ..KeySetState::default() };
        }
    }

    /// Selects the key for a token, and fetches the set if necessary. `notices` is for the
    /// operator's log.
    pub(crate) async fn select(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
        source: &impl KeySource,
        backend: &dyn SignatureBackend,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<Selected, Denial> {
        let (mut set, freshness) = self.current(now);
        let needs_fetch = match freshness {
            KeySetFreshness::Fresh | KeySetFreshness::Due => false,
            KeySetFreshness::Idle => !self.serves_meanwhile(now),
            KeySetFreshness::Gone => true,
        };
        if needs_fetch
            && self.may_retry(now)
            && self.refresh(source, backend, now, notices).await.is_ok()
        {
            set = self.current(now).0;
        }
        let Some(mut set) = set else {
            return Err(self.unavailable());
        };
        let mut found = set.select(algorithm, kid);
        if matches!(found, Err(KeySelectionError::UnknownKeyId { .. }))
            && self.may_look_again(now)
            && self.refresh(source, backend, now, notices).await.is_ok()
            && let (Some(newer), _) = self.current(now)
        {
            found = newer.select(algorithm, kid);
            set = newer;
        }
        match found {
            Ok(key) => Ok(Selected { key, refresh_due: self.refresh_due(now) }),
            Err(error) => {
                let reason = set.explain(&error, kid);
                Err(Denial::new(
                    Code::SigningKeyUnknown,
                    format!("issuer `{}`: {reason}", self.name),
                ))
            }
        }
    }

    /// Returns `key` if it is still in the issuer's set. Returns `None` if it is not, or if the set
    /// must be fetched first; [`Self::select`] decides then.
    pub(crate) fn holds(&self, key: &Arc<VerifyingKey>, now: Timestamp) -> Option<Selected> {
        let (set, freshness) = self.current(now);
        let usable = match freshness {
            KeySetFreshness::Fresh | KeySetFreshness::Due => true,
            KeySetFreshness::Idle => self.serves_meanwhile(now),
            KeySetFreshness::Gone => false,
        };
        if !usable || !set?.holds(key) {
            return None;
        }
        Some(Selected { key: Arc::clone(key), refresh_due: self.refresh_due(now) })
    }

    /// Fetches the set again. After a failure, the old set remains.
    pub(crate) async fn refresh(
        &self,
        source: &impl KeySource,
        backend: &dyn SignatureBackend,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<(), Unavailable> {
        let Some(remote) = &self.remote else {
            return Ok(());
        };
        {
            let mut state = self.lock();
            state.attempted_at = Some(now);
            state.in_flight = true;
        }
        let fetched = fetch::key_set(remote, self.wanted.key_use, source).await;
        let mut state = self.lock();
        state.in_flight = false;
        match fetched {
            Ok(set) => {
                let known = state.set.as_deref();
                let set = CachedJwks::new(set, known, &self.wanted.algorithms, backend, notices);
                if set.is_empty() {
                    notices.push(format!("issuer `{}`: the key set has no usable key", self.name));
                }
                state.set = Some(Arc::new(set));
                state.fetched_at = now;
                state.failure = None;
                Ok(())
            }
            Err(error) => {
                notices.push(format!(
                    "issuer `{}`: the key set could not be fetched: {error}",
                    self.name
                ));
                state.failure = Some((now, error.0.clone()));
                Err(error)
            }
        }
    }

    fn current(&self, now: Timestamp) -> (Option<Arc<CachedJwks>>, KeySetFreshness) {
        let state = self.lock();
        let freshness = match (&self.remote, &state.set) {
            (None, _) => KeySetFreshness::Fresh,
            (Some(_), None) => KeySetFreshness::Gone,
            (Some(remote), Some(_)) => remote.freshness(now, state.fetched_at),
        };
        let set = state.set.clone().filter(|_| freshness != KeySetFreshness::Gone);
        (set, freshness)
    }

    /// Returns whether an idle set is used without a fetch: during an outage, and while another
    /// request fetches it. Otherwise every request would wait for an issuer that does not respond.
    fn serves_meanwhile(&self, now: Timestamp) -> bool {
        let state = self.lock();
        state.failure.is_some() || state.is_fetching(now)
    }

    /// Returns whether the latest failure, if any, was long enough ago for another fetch.
    fn may_retry(&self, now: Timestamp) -> bool {
        match &self.lock().failure {
            Some((failed_at, _)) => elapsed(now, *failed_at, RETRY),
            None => true,
        }
    }

    fn may_look_again(&self, now: Timestamp) -> bool {
        let state = self.lock();
        self.remote.is_some()
            && (state.attempted_at.is_none_or(|attempted_at| elapsed(now, attempted_at, COOL_DOWN))
                || state.is_fetching(now))
    }

    fn refresh_due(&self, now: Timestamp) -> bool {
        let state = self.lock();
        let Some(remote) = &self.remote else {
            return false;
        };
        let quiet = state.attempted_at.is_none_or(|attempted_at| elapsed(now, attempted_at, RETRY));
        quiet && remote.freshness(now, state.fetched_at) != KeySetFreshness::Fresh
    }

    fn unavailable(&self) -> Denial {
        let state = self.lock();
        let why = state.failure.as_ref().map_or("not fetched yet", |(_, why)| why.as_str());
        Denial::new(Code::IssuerKeysUnavailable, format!("issuer `{}`: no keys: {why}", self.name))
    }

    /// Ignores poisoning: a panic under the lock cannot leave the state half changed.
    fn lock(&self) -> MutexGuard<'_, KeySetState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keys that the gate is built with.
pub(crate) enum FixedKeys<'a> {
    Secret(&'a Secret),
    Jwks(&'a [u8]),
}

impl Remote {
    fn freshness(&self, now: Timestamp, fetched_at: Timestamp) -> KeySetFreshness {
        if !elapsed(now, fetched_at, self.refresh) {
            KeySetFreshness::Fresh
        } else if elapsed(now, fetched_at, self.max_stale) {
            KeySetFreshness::Gone
        } else if elapsed(now, fetched_at, self.refresh.saturating_mul(2)) {
            KeySetFreshness::Idle
        } else {
            KeySetFreshness::Due
        }
    }
}

/// Returns whether `limit` has passed since `then`. A clock that was set back counts as passed.
fn elapsed(now: Timestamp, then: Timestamp, limit: Duration) -> bool {
    now < then || now.since(then) >= limit
}
