//! The connections that are open, and the requests under way on them: how many there may be, and
//! which connection is closed first when there are too many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::limits::Limits;

/// How often a newcomer looks for a connection that has fallen idle in the meantime.
const RETRY: Duration = Duration::from_millis(50);
/// How long after a search for the sake of requests there is no other.
const PAUSE: Duration = Duration::from_millis(5);
/// How often the only request of a connection looks for a permit.
const FIRST_WAITS: u32 = 20;
/// One in so many connections is closed at a time, so that finding them stays cheap.
const EVICTED_SHARE: usize = 64;
/// How long a connection that was told to go counts as one that makes room soon.
const GOING: Duration = Duration::from_secs(1);
/// For how long nobody makes room: who has just come, or asked, will be answered at once.
const GRACE: Duration = Duration::from_millis(250);
/// After how long a connection without a request under way is idle.
const IDLE: Duration = Duration::from_secs(2);
/// A connection may abandon so many requests more than it lets be answered (CVE-2023-44487).
const MAX_ABANDONED: u64 = 128;
/// As so many abandoned requests counts one whose head is refused: it was much work to read.
const REFUSED_HEAD: u64 = 16;

/// All of a listener's connections.
#[derive(Debug)]
pub(super) struct OpenConnections {
    places: Arc<Semaphore>,
    requests: Arc<Semaphore>,
    /// For refusals of what has no permit of `requests`.
    spare: Arc<Semaphore>,
    /// Below so many free permits, clients that take no answers have to go.
    scarce: usize,
    open: Mutex<KeyService>,
}

#[derive(Debug, Default)]
struct KeyService {
    next: u64,
    searched: Option<Instant>,
    connections: HashMap<u64, Weak<OpenConnection>>,
}

/// One connection. Its place is free when the last holder is gone: what becomes of a connection
/// once HTTP has left it (a WebSocket) holds it, too.
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
    /// Those among them that wait for the gate or the upstream, and not for the client.
    busy: usize,
    /// Whether the only request looks for a permit: to close the connection would free none.
    seeks: bool,
    /// Whether HTTP has left the connection.
    tunnel: bool,
    opened: Instant,
    /// When the first of the requests under way began, or the last one ended.
    turned: Instant,
    /// When anything that counts last happened. Frames that carry no request do not count.
    since: Instant,
    /// How many more requests were abandoned by the client than answered.
    abandoned: u64,
    /// When it was told to make room.
    evicted: Option<Instant>,
}

/// What a connection waits for that is not busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// Its first request, or the answer to it, and not longer than [`GRACE`].
    New,
    /// Its next request, and longer than [`IDLE`].
    Idle,
    /// Its next request.
    Fresh,
    /// Bodies to come, answers to be taken, or a permit.
    InUse,
    /// One of these, and it was another one of them within [`GRACE`].
    Active,
    /// Bytes of a tunnel.
    Tunnel,
}

/// What may become of a request.
pub(super) enum AuthorizedOperation {
    /// It is decided, and sent upstream.
    Full(OwnedSemaphorePermit),
    /// It is answered at once, with a permit unless it is the only one of its connection.
    Brief(Option<OwnedSemaphorePermit>),
}

impl OpenConnections {
    pub(super) fn within(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(limits.connections)),
            requests: Arc::new(Semaphore::new(limits.requests)),
            spare: Arc::new(Semaphore::new(limits.requests.div_ceil(4))),
            scarce: limits.requests.div_ceil(8),
            open: Mutex::default(),
        })
    }

    /// Finds a place for a newcomer. If there is none, connections that wait for their clients make
    /// room. Some always do, as there are more places than requests under way.
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

    /// Finds a permit for the only request of a connection, which may wait a little for others.
    async fn admit_first(&self) -> AuthorizedOperation {
        for _ in 0..FIRST_WAITS {
            self.relieve();
            if let Ok(Ok(permit)) = timeout(RETRY, Arc::clone(&self.requests).acquire_owned()).await
            {
                return AuthorizedOperation::Full(permit);
            }
        }
        AuthorizedOperation::Brief(None)
    }

    /// Finds a permit for one more request of a connection, or `None`: then it is not even refused.
    /// The last permits are for those who have no request under way.
    fn admit_further(&self) -> Option<AuthorizedOperation> {
        if !self.relieve()
            && let Ok(permit) = Arc::clone(&self.requests).try_acquire_owned()
        {
            return Some(AuthorizedOperation::Full(permit));
        }
        let permit = Arc::clone(&self.spare).try_acquire_owned().ok()?;
        Some(AuthorizedOperation::Brief(Some(permit)))
    }

    /// If permits are scarce, has those go whose requests wait for them. Returns whether they are.
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

    /// Closes those that have waited longest: idle ones first, tunnels last. In between, those pay
    /// of whom there are more, so that a crowd of one kind keeps nobody of the other kind out.
    fn evict(&self, fits: impl Fn(&State, Waiting) -> bool) {
        // Taken out of the lock: the last holder of a connection takes it from the registry.
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

    fn registry(&self) -> MutexGuard<'_, KeyService> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenConnection {
    /// Finds a permit for a request that has begun on this connection.
    pub(super) async fn admit_request(&self, is_first: bool) -> Option<AuthorizedOperation> {
        if !is_first {
            return self.all.admit_further();
        }
        self.state().seeks = true;
        let operation = self.all.admit_first().await;
        self.state().seeks = false;
        Some(operation)
    }

    /// Ready when the connection has to go.
    pub(super) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }

    /// Ready when no request has been under way for so long, whatever else the client sent.
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

    /// Something happened that the client may take as long again to follow up.
    pub(super) fn moved(&self) {
        let mut state = self.state();
        state.since = Instant::now();
        state.turned = state.since;
    }

    /// HTTP has left the connection.
    pub(super) fn became_tunnel(&self) {
        self.state().tunnel = true;
    }

    /// A request is under way, and waits for others. Returns whether it is the only one.
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

    /// A request that waited for the client (or for the gate) waits for the gate (or the client).
    pub(super) fn turned(&self, was_busy: bool, is_busy: bool) {
        let mut state = self.state();
        state.busy = state.busy + usize::from(is_busy) - usize::from(was_busy);
        state.since = Instant::now();
    }

    /// A request is no longer under way.
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

    /// A head was not accepted. Who goes on sending such ones has to go.
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

    /// What the connection waits for; `None` if it is busy.
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
    /// Counts those without a request up, and those with one down.
    fn of_crowd(self) -> i64 {
        match self {
            Self::New | Self::Fresh => 1,
            Self::Active | Self::InUse => -1,
            Self::Idle | Self::Tunnel => 0,
        }
    }

    /// Who makes room first; `None` for who does not. A crowd without requests waits for its own.
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
