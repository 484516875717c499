//! The simulation: events in the order of their times.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use edge_auth::revocation::RevocationLimits;

use crate::feed::instance::{Act, Instance, Step, timestamp};
use crate::feed::random::Random;
use crate::feed::relay::{Relay, RelayAnswer};
use crate::feed::scenario::{END, FailureKind, Scenario};
use crate::feed::store::{Counts, Partition, Queue};
use crate::feed::{Host, Micros, SECOND};

/// The requests a second of a Durable Object ("a soft limit of 1,000").
const OBJECT_LIMIT: f64 = 1000.0;
/// The read units a second of a partition of DynamoDB.
const PARTITION_LIMIT: f64 = 3000.0;
/// The bytes that one unit reads consistently.
const UNIT_BYTES: f64 = 4096.0;
/// The bytes of a record with its keys, as it is stored.
const RECORD_BYTES: f64 = 450.0;
/// Lambda starts at most so many instances of a function in a second (1,000 in 10 seconds).
const LAMBDA_STARTS: f64 = 100.0;
/// For how long a gate waits for the store.
const OBJECT_DEADLINE: Micros = 3 * SECOND;
const DYNAMODB_DEADLINE: Micros = 2 * SECOND;
/// The attempts of AWS's SDK at a request that was throttled, and the longest pauses between them.
const SDK_PAUSES: [Micros; 2] = [50_000, 100_000];

/// What is simulated.
#[derive(Debug)]
pub(super) struct Setting {
    pub host: Host,
    pub instances: usize,
    pub colos: usize,
    /// In each colo.
    pub relays: usize,
    pub relay_keeps: Micros,
    pub heads: usize,
    /// The records behind the last snapshot.
    pub behind: usize,
    /// Of each instance in a second.
    pub requests: f64,
    pub limits: RevocationLimits,
}

/// What a simulation found.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// Requests to the object, or units of the busiest partition: the mean and the highest second.
    pub mean: f64,
    pub peak: f64,
    /// The requests of all instances to the stores: the mean of a second.
    pub requests: f64,
    pub limit: f64,
    /// The greatest age of what a decision was made by.
    pub worst_age: Micros,
    /// The most instances that refused at one time.
    pub closed: usize,
    /// The longest time for which an instance refused.
    pub longest_closed: Micros,
}

impl Measured {
    /// Returns whether decisions are within the bound and, where nothing fails, the store is under
    /// half of its limit and nothing closes.
    pub(super) fn holds(&self, scenario: &Scenario, setting: &Setting) -> bool {
        let within = self.worst_age <= setting.limits.bound.as_micros() as Micros;
        within && (scenario.failure.is_some() || self.peak <= self.limit / 2.0 && self.closed == 0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A request comes to the instance.
    Request(usize),
    /// The read of the instance comes to its next store or relay, at this attempt.
    Asks(usize, usize),
    /// The instance has the answer to a step, of this age, or a failure.
    Answer(usize, Option<Micros>),
    /// The read of a relay ends.
    RelayReads(usize, bool),
}

/// The state of a simulation.
pub(super) struct Model<'a> {
    setting: &'a Setting,
    scenario: &'a Scenario,
    random: Random,
    events: BinaryHeap<Reverse<(Micros, u64, Event)>>,
    /// The number of events so far: those of one time keep their order.
    numbered: u64,
    now: Micros,
    instances: Vec<Instance>,
    relays: Vec<Relay>,
    object: Queue,
    /// The copies of the log's end; then the log, the snapshot, and the part of it.
    partitions: Vec<Partition>,
    requests: Counts,
    closed: usize,
    measured: Measured,
}

impl<'a> Model<'a> {
    pub(super) fn new(setting: &'a Setting, scenario: &'a Scenario) -> Self {
        let relays = setting.colos * setting.relays;
        let mut model = Self {
            setting,
            scenario,
            random: Random::new(1),
            events: BinaryHeap::new(),
            numbered: 0,
            now: 0,
            instances: Vec::with_capacity(setting.instances),
            relays: Vec::with_capacity(relays),
            object: Queue::new(OBJECT_LIMIT),
            partitions: vec![Partition::new(PARTITION_LIMIT); setting.heads + 3],
            requests: Counts::default(),
            closed: 0,
            measured: Measured::default(),
        };
        for _ in 0..relays {
            model.relays.push(match scenario.is_cold {
                true => Relay::default(),
                false => Relay::reading_at(0),
            });
        }
        for index in 0..setting.instances {
            let first = model.start(index);
            model.at(first, Event::Request(index));
        }
        model
    }

    /// Makes an instance. Returns when its first request comes.
    fn start(&mut self, index: usize) -> Micros {
        let mut instance = Instance::new(self.setting.limits, index as u64);
        let half = self.setting.limits.interval.as_micros() as Micros / 2;
        let starts = match (self.scenario.is_cold, self.setting.host) {
            (false, _) => {
                // It read at some time in the last half of an interval.
                let ago = self.random.between(0, half);
                let read = timestamp(0).minus(Duration::from_micros(ago));
                instance.times.succeed(read, Duration::ZERO, Duration::ZERO);
                instance.step = Step::Tail;
                self.instances.push(instance);
                return half - ago + self.random.until_next(self.setting.requests);
            }
            (true, Host::Workers) => 0,
            (true, Host::Lambda) => (index as f64 / LAMBDA_STARTS * SECOND as f64) as Micros,
        };
        self.instances.push(instance);
        starts + self.random.until_next(self.setting.requests)
    }

    fn at(&mut self, time: Micros, event: Event) {
        self.numbered += 1;
        self.events.push(Reverse((time, self.numbered, event)));
    }

    pub(super) fn run(mut self) -> Measured {
        while let Some(Reverse((time, _, event))) = self.events.pop() {
            if time >= END {
                break;
            }
            self.now = time;
            match event {
                Event::Request(index) => self.request(index),
                Event::Asks(index, attempt) => match self.setting.host {
                    Host::Workers => self.ask_relay(index),
                    Host::Lambda => self.ask_partition(index, attempt),
                },
                Event::Answer(index, age) => self.answer(index, age),
                Event::RelayReads(relay, is_good) => self.relay_has_read(relay, is_good),
            }
        }
        self.measured()
    }

    fn measured(mut self) -> Measured {
        self.measured.requests = self.requests.mean(END);
        match self.setting.host {
            Host::Workers => {
                self.measured.limit = OBJECT_LIMIT;
                self.measured.mean = self.object.counts.mean(END);
                self.measured.peak = self.object.counts.peak();
            }
            Host::Lambda => {
                self.measured.limit = PARTITION_LIMIT;
                for partition in &self.partitions {
                    self.measured.mean = self.measured.mean.max(partition.counts.mean(END));
                    self.measured.peak = self.measured.peak.max(partition.counts.peak());
                }
            }
        }
        self.measured
    }

    fn request(&mut self, index: usize) {
        let Some(instance) = self.instances.get_mut(index) else { return };
        let act = instance.act(self.now);
        match act {
            Act::DecideAndRead | Act::ReadFirst => {
                instance.began = self.now;
                instance.times.begin(timestamp(self.now));
                let first = self.now + self.latency(1_000, 5_000);
                self.at(first, Event::Asks(index, 0));
                if act == Act::DecideAndRead {
                    self.decide(index);
                }
            }
            Act::Decide => {
                self.decide(index);
                self.next_request(index);
            }
            Act::Refuse => {
                self.close(index);
                self.next_request(index);
            }
        }
    }

    /// Notes that an instance decides by what it knows.
    fn decide(&mut self, index: usize) {
        let Some(instance) = self.instances.get(index) else { return };
        let age = instance.age(self.now).unwrap_or_default();
        self.measured.worst_age = self.measured.worst_age.max(age);
    }

    fn close(&mut self, index: usize) {
        let Some(instance) = self.instances.get_mut(index) else { return };
        if instance.closed == 0 {
            self.closed += 1;
            self.measured.closed = self.measured.closed.max(self.closed);
        }
        // It refuses until the pause after the failure ends. Then a request waits for the next read.
        instance.closed += instance.next_change().saturating_sub(self.now).max(1);
        self.measured.longest_closed = self.measured.longest_closed.max(instance.closed);
    }

    /// Plans the next request that does something else than the last.
    fn next_request(&mut self, index: usize) {
        let Some(instance) = self.instances.get(index) else { return };
        let change = instance.next_change().max(self.now);
        let next = change + self.random.until_next(self.setting.requests);
        self.at(next, Event::Request(index));
    }

    fn latency(&mut self, from: Micros, to: Micros) -> Micros {
        self.random.between(from, to)
    }

    /// An instance of a colo asks one of its relays. Parts of a snapshot are in KV.
    fn ask_relay(&mut self, index: usize) {
        let Some(step) = self.instances.get(index).map(|instance| instance.step) else { return };
        if step == Step::Part {
            let answered = self.now + self.latency(10_000, 80_000);
            return self.at(answered, Event::Answer(index, Some(0)));
        }
        let colo = index % self.setting.colos;
        let number = colo * self.setting.relays + self.random.below(self.setting.relays);
        if let Some(FailureKind::RelaysDown(share)) = self.scenario.failure_at(self.now)
            && (number as f64) < share * self.relays.len() as f64
        {
            return self.at(self.now + 1_000, Event::Answer(index, None));
        }
        self.requests.add(self.now, 1.0);
        let Some(relay) = self.relays.get_mut(number) else { return };
        match relay.ask(index, self.now, self.setting.relay_keeps) {
            RelayAnswer::Now(age) => self.at(self.now + 1_000, Event::Answer(index, Some(age))),
            RelayAnswer::Waits => {}
            RelayAnswer::Reads => self.relay_reads(number),
        }
    }

    fn relay_reads(&mut self, relay: usize) {
        // There and back, from the relay's colo to the object's.
        let way = self.latency(10_000, 150_000);
        let slower = match self.scenario.failure_at(self.now) {
            Some(FailureKind::StoreDown) => None,
            Some(FailureKind::StoreThrottled(share)) => Some(1.0 / share),
            Some(FailureKind::RelaysDown(_)) | None => Some(1.0),
        };
        let arrives = self.now + way / 2;
        let done =
            slower.and_then(|slower| self.object.take(arrives, slower, OBJECT_DEADLINE - way));
        match done {
            Some(done) => self.at(done + way / 2, Event::RelayReads(relay, true)),
            None => self.at(self.now + OBJECT_DEADLINE, Event::RelayReads(relay, false)),
        }
    }

    fn relay_has_read(&mut self, relay: usize, is_good: bool) {
        let Some(relay) = self.relays.get_mut(relay) else { return };
        let (waiting, age) = relay.end(self.now, is_good);
        for index in waiting {
            self.at(self.now + 1_000, Event::Answer(index, age));
        }
    }

    /// A function reads the table. A read that was throttled is tried again.
    fn ask_partition(&mut self, index: usize, attempt: usize) {
        let Some(step) = self.instances.get(index).map(|instance| instance.step) else { return };
        let heads = self.setting.heads;
        let (number, units) = match step {
            // Each instance reads one copy of the end.
            Step::Tail => (index % heads, 1.0),
            Step::Behind => {
                let bytes = self.setting.behind as f64 * RECORD_BYTES;
                (heads, (bytes / UNIT_BYTES).ceil().max(1.0))
            }
            Step::Snapshot => (heads + 1, 1.0),
            Step::Part => (heads + 2, 4.0),
        };
        self.requests.add(self.now, 1.0);
        let share = match self.scenario.failure_at(self.now) {
            Some(FailureKind::StoreDown) => {
                return self.at(self.now + DYNAMODB_DEADLINE, Event::Answer(index, None));
            }
            Some(FailureKind::StoreThrottled(share)) => share,
            Some(FailureKind::RelaysDown(_)) | None => 1.0,
        };
        let Some(partition) = self.partitions.get_mut(number) else { return };
        let answered = self.now + self.random.between(2_000, 10_000);
        if partition.take(self.now, units, share) {
            return self.at(answered, Event::Answer(index, Some(0)));
        }
        match SDK_PAUSES.get(attempt) {
            Some(pause) => {
                let again = answered + self.random.between(0, *pause);
                self.at(again, Event::Asks(index, attempt + 1));
            }
            None => self.at(answered, Event::Answer(index, None)),
        }
    }

    /// Takes the answer to a step of an instance's read.
    fn answer(&mut self, index: usize, age: Option<Micros>) {
        let Some(instance) = self.instances.get_mut(index) else { return };
        let began = instance.began;
        let took = Duration::from_micros(self.now - began);
        let Some(age) = age else {
            instance.times.fail(timestamp(began), took);
            return self.read_has_ended(index);
        };
        let next = match (instance.step, self.setting.host) {
            (Step::Snapshot, _) => Some(Step::Part),
            (Step::Part, Host::Lambda) => Some(Step::Behind),
            (Step::Part, Host::Workers) => Some(Step::Tail),
            (Step::Behind | Step::Tail, _) => None,
        };
        match next {
            Some(next) => {
                instance.step = next;
                let asks = self.now + self.latency(1_000, 5_000);
                self.at(asks, Event::Asks(index, 0));
            }
            None => {
                // The answer's time passed on its way, too: the read's time counts from its
                // beginning.
                instance.times.succeed(timestamp(began), took, Duration::from_micros(age));
                instance.step = Step::Tail;
                self.read_has_ended(index);
            }
        }
    }

    /// Lets the request that waited for a read go on.
    fn read_has_ended(&mut self, index: usize) {
        let Some(instance) = self.instances.get_mut(index) else { return };
        match instance.act(self.now) {
            Act::Refuse => self.close(index),
            Act::Decide | Act::DecideAndRead | Act::ReadFirst => {
                if std::mem::take(&mut instance.closed) > 0 {
                    self.closed -= 1;
                }
                self.decide(index);
            }
        }
        self.next_request(index);
    }
}
