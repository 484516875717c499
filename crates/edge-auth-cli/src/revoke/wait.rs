//! Waits until every host refuses a revoked credential.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use edge_auth_native::TlsSettings;
use serde::Serialize;
use tokio::time::{Instant, sleep, sleep_until};

use super::probe::{Probe, Verdict};
use super::seconds;
use crate::error::CommandError;
use crate::output::printable;
use crate::serve::{certificates, private_key};

/// The longest bound of a policy.
const MAX_BOUND_SECONDS: u64 = 3600;
/// The pause between two requests to a host.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(crate) struct WaitArgs {
    /// Return when the bound has passed, or when all probed hosts refuse
    #[arg(long, global = true)]
    wait: bool,
    /// Ask this URL with the credential until it refuses it as revoked; repeat it for more hosts
    #[arg(long = "probe", value_name = "URL", global = true, requires = "wait")]
    probes: Vec<String>,
    /// A header field of the probes, as in `Authorization: Bearer …`; repeat it
    #[arg(long = "header", value_name = "FIELD", global = true, requires = "probes")]
    headers: Vec<String>,
    /// The only authorities that the probes trust (PEM), in place of this machine's
    #[arg(long, value_name = "FILE", global = true, requires = "probes")]
    probe_ca: Option<PathBuf>,
    /// The certificates that the probes present (PEM), their own first
    #[arg(long, value_name = "FILE", global = true, requires = "probe_key")]
    probe_cert: Option<PathBuf>,
    /// The private key of --probe-cert (PEM)
    #[arg(long, value_name = "FILE", global = true, requires_all = ["probe_cert", "probes"])]
    probe_key: Option<PathBuf>,
}

/// The result of the wait.
#[derive(Serialize)]
pub(crate) struct Waited {
    /// The duration of the wait.
    seconds: f64,
    /// The bound of the policy.
    bound_seconds: f64,
    probes: Vec<Probed>,
}

#[derive(Serialize)]
struct Probed {
    url: String,
    /// When the host first refused; `null` if it did not within the bound.
    refused_after_seconds: Option<f64>,
    /// Whether it answered at the end; if not, it may or may not refuse.
    asked: bool,
    /// Its last answer, or why it did not answer, if it did not refuse.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<String>,
}

impl WaitArgs {
    /// Returns the hosts to ask; `None` without `--wait`.
    pub(crate) fn probes(self) -> Result<Option<Vec<Probe>>, CommandError> {
        if !self.wait {
            return Ok(None);
        }
        let mut probes = Vec::with_capacity(self.probes.len());
        for url in &self.probes {
            probes.push(Probe::new(url, &self.headers, self.tls()?)?);
        }
        Ok(Some(probes))
    }

    fn tls(&self) -> Result<TlsSettings, CommandError> {
        let authorities = match &self.probe_ca {
            Some(path) => certificates(path)?,
            None => Vec::new(),
        };
        let certificate = match (&self.probe_cert, &self.probe_key) {
            (Some(chain), Some(key)) => Some((certificates(chain)?, private_key(key)?)),
            _ => None,
        };
        Ok(TlsSettings { authorities, certificate })
    }
}

/// Returns the bound that an answer about a revocation names.
///
/// # Errors
/// No policy can have it. The revocation was made.
pub(crate) fn bound(seconds: u64) -> Result<Duration, CommandError> {
    if seconds > MAX_BOUND_SECONDS {
        return Err(CommandError::host(format!(
            "the revocation is entered, but the host names a bound of {seconds} seconds, which no \
             policy has: there is no time to wait for"
        )));
    }
    Ok(Duration::from_secs(seconds))
}

/// Waits until every host refuses, and for the bound at most. Without hosts, waits for the bound.
pub(crate) async fn until_refused(probes: Vec<Probe>, bound: Duration, entered: Instant) -> Waited {
    let deadline = entered + bound;
    let mut running = Vec::new();
    for probe in probes {
        running.push(tokio::spawn(async move { refused_by(probe, entered, deadline).await }));
    }
    if running.is_empty() {
        sleep_until(deadline).await;
    }
    let mut probed = Vec::new();
    for probe in running {
        if let Ok(one) = probe.await {
            probed.push(one);
        }
    }
    Waited {
        seconds: seconds(entered.elapsed()),
        bound_seconds: bound.as_secs_f64(),
        probes: probed,
    }
}

async fn refused_by(probe: Probe, entered: Instant, deadline: Instant) -> Probed {
    loop {
        let asked = Instant::now();
        match probe.ask().await {
            Verdict::Revoked => {
                let after = Some(seconds(asked.duration_since(entered)));
                return Probed {
                    url: probe.url(),
                    refused_after_seconds: after,
                    asked: true,
                    last: None,
                };
            }
            Verdict::Other(last) if asked >= deadline => return probe.not_refused(true, last),
            Verdict::Unreachable(why) if asked >= deadline => {
                return probe.not_refused(false, why);
            }
            // The last request is at the bound itself.
            Verdict::Other(_) | Verdict::Unreachable(_) => {
                sleep(PAUSE.min(deadline.duration_since(asked))).await
            }
        }
    }
}

impl Probe {
    fn not_refused(&self, asked: bool, last: String) -> Probed {
        Probed { url: self.url(), refused_after_seconds: None, asked, last: Some(last) }
    }
}

impl Waited {
    /// Returns whether a host did not refuse within the bound.
    pub(crate) fn failed(&self) -> bool {
        self.probes.iter().any(|probe| probe.refused_after_seconds.is_none())
    }

    pub(crate) fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { seconds, bound_seconds, probes } = self;
        for Probed { url, refused_after_seconds, asked, last } in probes {
            match refused_after_seconds {
                Some(after) => writeln!(out, "{} refuses after {after} s", printable(url))?,
                None => {
                    let last = printable(last.as_deref().unwrap_or_default());
                    let found = if *asked { "DOES NOT REFUSE" } else { "COULD NOT BE ASKED" };
                    writeln!(out, "{} {found}: {last}", printable(url))?;
                }
            }
        }
        writeln!(out, "waited {seconds} s; the bound is {bound_seconds} s")
    }
}
