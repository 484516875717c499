//! The measurements of the gate.

use std::hint::black_box;
use std::path::Path;

use edge_auth::Decision;
use edge_auth_token::Algorithm;

use crate::pool::{self, ALGORITHMS, MEASURED, WARM_UP};
use crate::target::{Target, api_keys, platform};
use crate::worker::{Measurement, Offer};
use crate::{Result, cpu};

/// The number of cached credentials that take turns, and of their rounds.
const KNOWN: usize = 500;
const TURNS: usize = 40;
/// The end of a case's name where the policy has allowed decisions not logged.
const NOT_LOGGING: &str = ", not logging";

/// Credentials with their header field, and a host with a record of each.
struct Credentials {
    field: &'static str,
    texts: Vec<String>,
    platform: edge_auth_testkit::platform::MemoryPlatform,
}

impl Credentials {
    fn tokens(folder: &Path, algorithm: Algorithm) -> Result<Self> {
        let tokens = pool::read(folder, algorithm)?;
        let texts =
            tokens.into_iter().take(WARM_UP + MEASURED).map(|token| format!("Bearer {token}"));
        Ok(Self { field: "authorization", texts: texts.collect(), platform: platform() })
    }

    fn api_keys() -> Result<Self> {
        let platform = platform();
        let texts = api_keys(&platform, WARM_UP + MEASURED)?;
        Ok(Self { field: "x-api-key", texts, platform })
    }

    fn ask(&self, target: &Target, texts: &[String]) {
        for text in texts {
            let outcome = black_box(target.ask(self.field, text));
            assert!(matches!(outcome.decision, Decision::Allow(_)), "{:?}", outcome.decision);
        }
    }

    /// Measures decisions about credentials that the gate has never seen.
    fn cold(&self) -> Result<f64> {
        let target = Target::new(&self.platform)?;
        let (first, rest) = self.texts.split_at(WARM_UP);
        self.ask(&target, first);
        Ok(cpu::microseconds(rest.len(), || self.ask(&target, rest)))
    }

    /// Measures decisions about cached credentials.
    fn warm(&self) -> Result<f64> {
        self.warm_at(Target::new(&self.platform)?)
    }

    /// Measures decisions about cached credentials that are not logged.
    fn warm_not_logging(&self) -> Result<f64> {
        self.warm_at(Target::not_logging(&self.platform)?)
    }

    fn warm_at(&self, target: Target) -> Result<f64> {
        let known = self.known_to(&target);
        Ok(cpu::microseconds(TURNS * known.len(), || {
            for _ in 0..TURNS {
                self.ask(&target, known);
            }
        }))
    }

    /// Counts reads of the store and fetches of keys while every credential is cached.
    fn operations(&self) -> Result<f64> {
        let target = Target::new(&self.platform)?;
        let known = self.known_to(&target);
        let before = target.operations();
        self.ask(&target, known);
        Ok((target.operations() - before) as f64)
    }

    /// Returns the credentials that a gate knows after this.
    fn known_to(&self, target: &Target) -> &[String] {
        let (known, _) = self.texts.split_at(KNOWN);
        self.ask(target, known);
        known
    }
}

/// Measures credentials once.
type Measure = fn(&Credentials) -> Result<f64>;

/// Returns every available measurement.
pub(crate) fn offers(folder: &Path) -> Result<Vec<Offer>> {
    let mut offers = Vec::new();
    for (name, credentials) in all(folder)? {
        let credentials = std::rc::Rc::new(credentials);
        let measurements: [(&str, &str, &str, Measure); 4] = [
            ("cold", "", "cpu", Credentials::cold),
            ("warm", "", "cpu", Credentials::warm),
            ("warm", NOT_LOGGING, "cpu", Credentials::warm_not_logging),
            ("warm", "", "operations", Credentials::operations),
        ];
        for (temperature, rest, metric, measure) in measurements {
            let credentials = std::rc::Rc::clone(&credentials);
            let measurement: Measurement = Box::new(move || measure(&credentials));
            let case = format!("{temperature} {name}{rest}");
            offers.push(Offer::new("edge-auth", &case, metric, measurement));
        }
    }
    Ok(offers)
}

/// Decides `times` times about cached credentials, after the one-time work.
pub(crate) fn repeat(folder: &Path, case: &str, times: usize) -> Result<()> {
    let logged = case.strip_suffix(NOT_LOGGING);
    let (_, credentials) = (all(folder)?.into_iter())
        .find(|(name, _)| logged.unwrap_or(case) == format!("warm {name}"))
        .ok_or_else(|| format!("no case {case}"))?;
    let target = match logged {
        Some(_) => Target::not_logging(&credentials.platform)?,
        None => Target::new(&credentials.platform)?,
    };
    let known = credentials.known_to(&target);
    for _ in 0..times {
        credentials.ask(&target, known);
    }
    Ok(())
}

fn all(folder: &Path) -> Result<Vec<(String, Credentials)>> {
    let mut all = Vec::new();
    for (algorithm, _) in ALGORITHMS {
        all.push((algorithm.to_string(), Credentials::tokens(folder, algorithm)?));
    }
    all.push(("API key".to_owned(), Credentials::api_keys()?));
    Ok(all)
}
