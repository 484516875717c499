//! Several hosts as one: each gets the same calls and must decide the same.

use edge_auth::route::has_dot_segments;
use edge_auth_token::Timestamp;
use serde_json::Value;

use super::call::asked_through;
use super::host::{Call, Capability, HostEvent, ObservedResponse, ScenarioHost, Started};
use super::setup::Setup;
use super::source::Endpoint;

/// Hosts side by side. The first host's answer counts, and the others must have made the same
/// decision.
pub struct Parity {
    hosts: Vec<(&'static str, Box<dyn ScenarioHost>)>,
    compared: usize,
    /// Whether the first host's store was changed by administration, which the others' stores were
    /// not.
    administered: bool,
}

impl Parity {
    /// Creates the comparison of these named hosts.
    pub fn of(hosts: Vec<(&'static str, Box<dyn ScenarioHost>)>) -> Self {
        Self { hosts, compared: 0, administered: false }
    }

    /// Returns the number of calls that more than one host decided.
    pub fn compared(&self) -> usize {
        self.compared
    }

    fn first(&self) -> &dyn ScenarioHost {
        self.hosts.first().map(|(_, host)| &**host).expect("there are hosts to compare")
    }
}

impl ScenarioHost for Parity {
    fn issuers_url(&self) -> String {
        self.first().issuers_url()
    }

    fn now(&self) -> Timestamp {
        self.first().now()
    }

    fn offers(&self, need: Capability) -> bool {
        self.hosts.iter().all(|(_, host)| host.offers(need))
    }

    fn start(&mut self, setup: &Setup<'_>) -> Result<Started, String> {
        self.administered = false;
        let started: Vec<_> =
            self.hosts.iter_mut().map(|(name, host)| (*name, host.start(setup))).collect();
        let mut all = started.into_iter();
        let (first, answer) = all.next().ok_or("there are no hosts")?;
        for (name, other) in all {
            if other.is_ok() != answer.is_ok() {
                return Err(format!(
                    "{first}: {:?}, {name}: {:?}",
                    answer.as_ref().map(|_| "started"),
                    other.as_ref().map(|_| "started")
                ));
            }
        }
        answer
    }

    fn happen(&mut self, event: HostEvent) -> Result<(), String> {
        // The first host has the issuers. No other event reaches more than one host.
        match self.hosts.first_mut() {
            Some((_, host)) => host.happen(event),
            None => Ok(()),
        }
    }

    fn call(&mut self, call: &Call) -> Result<ObservedResponse, String> {
        let mut answers = Vec::new();
        self.administered |= call.endpoint == Endpoint::Admin;
        let asked = if self.administered { 1 } else { self.hosts.len() };
        for (name, host) in self.hosts.iter_mut().take(asked) {
            let endpoint = host.gateway_substitute().filter(|_| call.endpoint == Endpoint::Gateway);
            let own = match endpoint {
                Some(endpoint) => asked_through(endpoint, call).filter(|_| is_asked_alike(call)),
                None => Some(call.clone()),
            };
            if let Some(own) = own {
                answers.push((*name, host.call(&own)?));
            }
        }
        self.compared += usize::from(answers.len() > 1);
        let mut all = answers.into_iter();
        let (first, answer) = all.next().ok_or("no host can be asked this")?;
        for (name, other) in all {
            let (own, theirs) = (decision(&answer), decision(&other));
            if own != theirs {
                return Err(format!("{first} decides {own:?}, {name} decides {theirs:?}"));
            }
        }
        Ok(answer)
    }
}

/// Returns whether the other hosts decide about the same request as a gateway: a gateway rewrites
/// some paths, and answers preflights itself.
fn is_asked_alike(call: &Call) -> bool {
    let target = String::from_utf8_lossy(&call.target);
    let rewritten = has_dot_segments(&target) || call.target.windows(3).any(is_needless_escape);
    call.method != "OPTIONS" && !rewritten
}

/// Returns whether these bytes escape a letter or a digit.
fn is_needless_escape(bytes: &[u8]) -> bool {
    let [b'%', digits @ ..] = bytes else { return false };
    let Ok(digits) = std::str::from_utf8(digits) else { return false };
    u8::from_str_radix(digits, 16).is_ok_and(|byte| byte.is_ascii_alphanumeric())
}

/// Returns whether the request was allowed, its principal, and its code.
fn decision(answer: &ObservedResponse) -> [Option<Value>; 3] {
    let audit = answer.audit.as_ref();
    ["allowed", "code", "principal"].map(|name| audit.and_then(|audit| audit.get(name)).cloned())
}
