//! Open connections and their requests under way: limits their number, and chooses the connection
//! to close when there are too many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::limits::Limits;

/// The time after which a newcomer looks again for an idle connection.
const RETRY: Duration = Duration::from_millis(50);
/// The least time between two searches that requests cause.
const PAUSE: Duration = Duration::from_millis(5);
/// The number of times that the only request of a connection looks for a permit.
const FIRST_WAITS: u32 = 20;
/// A search closes one in this many connections, so that searches stay rare.
const EVICTED_SHARE: usize = 64;
/// The time for which an evicted connection counts as about to make room.
const GOING: Duration = Duration::from_secs(1);
/// The time for which a connection is spared after it opened or changed: it will change again soon.
const GRACE: Duration = Duration::from_millis(250);
/// The time after which a connection without a request under way counts as idle.
const IDLE: Duration = Duration::from_secs(2);
/// The most requests that a connection may abandon beyond those that it lets finish
/// (CVE-2023-44487).
const MAX_ABANDONED: u64 = 128;
/// The abandoned requests for which a refused head counts: reading it was much work.
const REFUSED_HEAD: u64 = 16;

/// All of a listener's connections.
#[derive(Debug)]
pub(super) struct OpenConnections {
    places: Arc<Semaphore>,
    requests: Arc<Semaphore>,
    /// Permits to refuse requests that got none of `requests`.
    spare: Arc<Semaphore>,
    /// With fewer free permits than this, clients that take no responses are evicted.
    scarce: usize,
    open: Mutex<Registry>,
}

#[derive(Debug, Default)]
struct Registry {
    next: u64,
    searched: Option<Instant>,
    connections: HashMap<u64, Weak<OpenConnection>>,
}

/// One connection. It frees its place when its last holder drops it; a WebSocket that it became is
/// a holder, too.
#[derive(Debug)]
pub(super) struct OpenConnection {
    id: u64,
    all: Arc<OpenConnections>,
    state: Mutex<State>,
    evicted: CancellationToken,
    _place: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct State {
    /// Requests under way.
    requests: usize,
    /// Requests that wait for the gate or the upstream, and not for the client.
    busy: usize,
    /// Whether the only request is looking for a permit: closing the connection would free none.
    seeks: bool,
    /// Whether the connection has become a tunnel.
    tunnel: bool,
    opened: Instant,
    /// When the first of the requests under way began, or the last one ended.
    turned: Instant,
    /// When a request last began, changed or ended. Frames that carry no request do not count.
    since: Instant,
    /// The requests that the client abandoned, less those that it let finish.
    abandoned: u64,
    /// When it was evicted.
    evicted: Option<Instant>,
}

/// The reason for which a connection is not busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// Its first request or the response to it, for less than [`GRACE`].
    New,
    /// Its next request, for longer than [`IDLE`].
    Idle,
    /// Its next request, for less than [`IDLE`].
    Fresh,
    /// The rest of a body, a client that takes its response, or a permit.
    InUse,
    /// Any of these, but the connection changed less than [`GRACE`] ago.
    Active,
    /// The bytes of a tunnel.
    Tunnel,
}

/// The admission of a request.
pub(super) enum Admission {
    /// The request may be decided and sent upstream.
    Full(OwnedSemaphorePermit),
    /// The request is answered without the upstream; it has a permit unless it is the only one of
    /// its connection.
    Brief(Option<OwnedSemaphorePermit>),
}

impl OpenConnections {
    /// Makes an empty set of connections with these limits.
    pub(super) fn within(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(limits.connections)),
            requests: Arc::new(Semaphore::new(limits.requests)),
            spare: Arc::new(Semaphore::new(limits.requests.div_ceil(4))),
            scarce: limits.requests.div_ceil(8),
            open: Mutex::default(),
        })
    }

    /// Finds a place for a newcomer, if need be by closing connections that wait for their clients.
    /// Some always do, since there are more places than permits for requests.
    pub(super) async fn admit(self: &Arc<Self>) -> Arc<OpenConnection> {
        loop {
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                return self.open(place);
            }
            self.evict(|_, _| true);
            if let Ok(Ok(place)) = timeout(RETRY, Arc::clone(&self.places).acquire_owned()).await {
                return self.open(place);
            }
        }
    }

    /// Finds a permit for the only request of a connection; it waits a little for one.
    async fn admit_first(&self) -> Admission {
        for _ in 0..FIRST_WAITS {
            self.relieve();
            if let Ok(Ok(permit)) = timeout(RETRY, Arc::clone(&self.requests).acquire_owned()).await
            {
                return Admission::Full(permit);
            }
        }
        Admission::Brief(None)
    }

    /// Finds a permit for another request of a connection; `None` leaves no permit even to refuse
    /// it. The last permits are kept for connections without a request under way.
    fn admit_further(&self) -> Option<Admission> {
        if !self.relieve()
            && let Ok(permit) = Arc::clone(&self.requests).try_acquire_owned()
        {
            return Some(Admission::Full(permit));
        }
        let permit = Arc::clone(&self.spare).try_acquire_owned().ok()?;
        Some(Admission::Brief(Some(permit)))
    }

    /// Returns whether permits are scarce; if so, closes connections whose requests wait for their
    /// clients.
    fn relieve(&self) -> bool {
        let scarce = self.requests.available_permits() < self.scarce;
        if scarce && self.may_search() {
            self.evict(|state, waiting| match waiting {
                Waiting::InUse => !state.seeks,
                Waiting::Tunnel => true,
                Waiting::New | Waiting::Idle | Waiting::Fresh | Waiting::Active => false,
            });
        }
        scarce
    }

    fn open(self: &Arc<Self>, place: OwnedSemaphorePermit) -> Arc<OpenConnection> {
        let mut registry = self.registry();
        let id = registry.next;
        registry.next += 1;
        let connection = Arc::new(OpenConnection {
            id,
            all: Arc::clone(self),
            state: Mutex::new(State::new()),
            evicted: CancellationToken::new(),
            _place: place,
        });
        registry.connections.insert(id, Arc::downgrade(&connection));
        connection
    }

    fn may_search(&self) -> bool {
        let (mut registry, now) = (self.registry(), Instant::now());
        let may = registry.searched.is_none_or(|last| last + PAUSE <= now);
        if may {
            registry.searched = Some(now);
        }
        may
    }

    /// Closes the connections that have waited longest: idle ones first, tunnels last. In between,
    /// it closes those of the larger kind, so that a crowd of one kind cannot keep the other out.
    fn evict(&self, fits: impl Fn(&State, Waiting) -> bool) {
        // The lock is released here: dropping a connection's last holder takes it again.
        let open: Vec<_> = self.registry().connections.values().filter_map(Weak::upgrade).collect();
        let now = Instant::now();
        let (mut waiting, mut going, mut crowd) = (Vec::new(), 0, 0_i64);
        for connection in &open {
            let state = connection.state();
            if let Some(when) = state.evicted {
                going += usize::from(now < when + GOING);
                continue;
            }
            let Some(kind) = state.waiting(now).filter(|kind| fits(&state, *kind)) else {
                continue;
            };
            crowd += kind.of_crowd();
            waiting.push((kind, state.since, connection));
        }
        let mut leaving = Vec::new();
        for (kind, since, connection) in waiting {
            if let Some(rank) = kind.rank(crowd > 0) {
                leaving.push((rank, since, connection));
            }
        }
        leaving.sort_unstable_by_key(|(rank, since, _)| (*rank, *since));
        let wanted = (1 + open.len() / EVICTED_SHARE).saturating_sub(going);
        for (.., connection) in leaving.iter().take(wanted) {
            connection.state().evicted = Some(now);
            connection.evicted.cancel();
        }
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenConnection {
    /// Finds a permit for a request that has begun on this connection.
    pub(super) async fn admit_request(&self, is_first: bool) -> Option<Admission> {
        if !is_first {
            return self.all.admit_further();
        }
        self.state().seeks = true;
        let operation = self.all.admit_first().await;
        self.state().seeks = false;
        Some(operation)
    }

    /// Completes when the connection must be closed.
    pub(super) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }

    /// Completes when no request has been under way for `limit`, whatever else the client sent.
    pub(super) async fn idle_for(&self, limit: Duration) {
        loop {
            let since = self.idle_since();
            sleep_until(since.unwrap_or_else(Instant::now) + limit).await;
            if since.is_some() && since == self.idle_since() {
                return;
            }
            if since.is_none() && limit.is_zero() {
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Notes progress after which the client has the whole time again for its next step.
    pub(super) fn moved(&self) {
        let mut state = self.state();
        state.since = Instant::now();
        state.turned = state.since;
    }

    /// Notes that the connection has become a tunnel.
    pub(super) fn became_tunnel(&self) {
        self.state().tunnel = true;
    }

    /// Notes that a request begins. Returns whether it is the only one under way.
    pub(super) fn began(&self) -> bool {
        let mut state = self.state();
        state.requests += 1;
        state.since = Instant::now();
        let is_first = state.requests == 1;
        if is_first {
            state.turned = state.since;
        }
        is_first
    }

    /// Notes that a request now waits for the other side: the gate, or the client.
    pub(super) fn turned(&self, was_busy: bool, is_busy: bool) {
        let mut state = self.state();
        state.busy = state.busy + usize::from(is_busy) - usize::from(was_busy);
        state.since = Instant::now();
    }

    /// Notes that a request ends.
    pub(super) fn ended(&self, was_busy: bool, abandoned: bool) {
        let mut state = self.state();
        state.requests -= 1;
        state.busy -= usize::from(was_busy);
        state.seeks &= state.requests > 0;
        state.since = Instant::now();
        if state.requests == 0 {
            state.turned = state.since;
        }
        match abandoned {
            true => self.charge(&mut state, 1),
            false => state.abandoned = state.abandoned.saturating_sub(1),
        }
    }

    /// Notes that a head was refused. A client that goes on sending such heads is cut off.
    pub(super) fn refused_head(&self) {
        self.charge(&mut self.state(), REFUSED_HEAD);
    }

    fn charge(&self, state: &mut State, abandoned: u64) {
        state.abandoned += abandoned;
        if state.abandoned > MAX_ABANDONED {
            state.evicted = Some(Instant::now());
            self.evicted.cancel();
        }
    }

    fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.requests == 0).then_some(state.since)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            requests: 0,
            busy: 0,
            seeks: false,
            tunnel: false,
            opened: now,
            turned: now,
            since: now,
            abandoned: 0,
            evicted: None,
        }
    }

    /// Returns what the connection waits for; `None` if it is busy.
    fn waiting(&self, now: Instant) -> Option<Waiting> {
        if self.busy > 0 {
            return None;
        }
        Some(match self.requests {
            _ if self.tunnel => Waiting::Tunnel,
            _ if now < self.opened + GRACE => Waiting::New,
            _ if now < self.turned + GRACE => Waiting::Active,
            0 if now < self.since + IDLE => Waiting::Fresh,
            0 => Waiting::Idle,
            _ => Waiting::InUse,
        })
    }
}

impl Waiting {
    /// Returns +1 for a connection without a request, -1 for one with a request, so that the sum
    /// tells which crowd is larger.
    fn of_crowd(self) -> i64 {
        match self {
            Self::New | Self::Fresh => 1,
            Self::Active | Self::InUse => -1,
            Self::Idle | Self::Tunnel => 0,
        }
    }

    /// Returns the order of eviction, the lowest first; `None` spares the connection. While those
    /// without requests are the larger crowd, only they are evicted.
    fn rank(self, without_requests: bool) -> Option<u8> {
        match (self, without_requests) {
            (Self::Idle, _) => Some(0),
            (Self::Fresh, true) | (Self::InUse, false) => Some(1),
            (Self::Active, false) => Some(2),
            (Self::Fresh, false) => Some(3),
            (Self::Tunnel, false) => Some(4),
            (Self::New, _) | (Self::InUse | Self::Active | Self::Tunnel, true) => None,
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.all.registry().connections.remove(&self.id);
    }
}
