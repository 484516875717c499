//! Lambda functions, ours and the peer's, each a process on a Runtime API that this program serves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use edge_auth_testkit::wire::RuntimeApi;
use edge_auth_token::Algorithm;
use serde_json::json;

use crate::{Result, pool};

const OURS: &str = "edge-auth";
const PEER: &str = "aws-jwt-verify on Node 24";
/// Measured calls of a round, after as many that are not measured.
const CALLS: usize = 100;

/// The functions to measure.
#[derive(clap::Args)]
pub(crate) struct Functions {
    folder: PathBuf,
    /// Our program
    #[arg(long)]
    bootstrap: PathBuf,
    /// Node, and the peer's program in one file
    #[arg(long, num_args = 2)]
    peer: Vec<PathBuf>,
    /// How often they take turns; the medians count
    #[arg(long)]
    rounds: usize,
}

/// A function that runs.
struct Running {
    child: Child,
    api: RuntimeApi,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(mut command: Command) -> Result<Self> {
        let api = RuntimeApi::start()?;
        api.environ(&mut command);
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { child: command.spawn()?, api })
    }

    /// Calls the function about an order; fails unless it allows it.
    fn ask(&self, token: &str) -> Result<()> {
        let event = json!({
            "type": "TOKEN",
            "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/v1/orders/42",
            "authorizationToken": format!("Bearer {token}"),
        });
        let answer =
            self.api.invoke(event.to_string().into_bytes())?.map_err(|error| error.to_string())?;
        match String::from_utf8_lossy(&answer).contains("\"Allow\"") {
            true => Ok(()),
            false => Err("a good token was not let through".into()),
        }
    }

    /// Returns the CPU time of all threads, in nanoseconds.
    fn cpu(&self) -> Result<f64> {
        let mut total = 0.0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread that ends meanwhile has no file.
            let stat = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            total +=
                stat.split(' ').next().and_then(|ran| ran.parse::<f64>().ok()).unwrap_or_default();
        }
        Ok(total)
    }

    /// Returns the CPU time of a call with these tokens, in microseconds.
    fn cpu_microseconds<'t>(&self, mut tokens: impl Iterator<Item = &'t String>) -> Result<f64> {
        tokens.by_ref().take(CALLS).try_for_each(|token| self.ask(token))?;
        let before = self.cpu()?;
        tokens.take(CALLS).try_for_each(|token| self.ask(token))?;
        Ok((self.cpu()? - before) / CALLS as f64 / 1e3)
    }

    /// Returns the median time of calls with these tokens, in microseconds.
    fn microseconds<'t>(&self, tokens: impl Iterator<Item = &'t String>) -> Result<f64> {
        let mut times = Vec::new();
        for token in tokens.take(2 * CALLS) {
            let since = Instant::now();
            self.ask(token)?;
            times.push(since.elapsed());
        }
        let measured = times.split_off(CALLS.min(times.len()));
        let microseconds = measured.iter().map(|time| time.as_secs_f64() * 1e6).collect();
        median(microseconds).ok_or_else(|| "too few tokens".into())
    }
}

/// Returns the time from the start of the process to its first answer, in milliseconds.
fn cold(command: Command, token: &str) -> Result<f64> {
    let since = Instant::now();
    let running = Running::start(command)?;
    running.ask(token)?;
    Ok(since.elapsed().as_secs_f64() * 1e3)
}

/// The values of each case and metric, of one function.
type Values = BTreeMap<(String, &'static str), Vec<f64>>;

/// A function under measurement.
struct Candidate<C> {
    who: &'static str,
    command: C,
    values: Values,
}

/// Has the functions take turns, and prints the medians.
pub(crate) fn measure(functions: &Functions) -> Result<()> {
    let Functions { folder, bootstrap, peer, rounds } = functions;
    let mut candidates: Vec<Candidate<Box<dyn Fn() -> Command>>> = vec![Candidate {
        who: OURS,
        command: Box::new(|| ours(bootstrap, folder)),
        values: Values::new(),
    }];
    if let [node, program] = peer.as_slice() {
        let start = move || {
            let mut command = Command::new(node);
            command.arg(program).env_clear().env("FOLDER", folder);
            command
        };
        candidates.push(Candidate { who: PEER, command: Box::new(start), values: Values::new() });
    }
    for algorithm in [Algorithm::Rs256, Algorithm::Es256] {
        let tokens = pool::read(folder, algorithm)?;
        let known = tokens.first().ok_or("no token")?;
        let warm = candidates.iter().map(|candidate| Running::start((candidate.command)()));
        let warm = warm.collect::<Result<Vec<_>>>()?;
        for round in 0..*rounds {
            for (candidate, running) in candidates.iter_mut().zip(&warm) {
                let mut add = |case: &str, metric, value| {
                    let case = format!("{case}, {algorithm}");
                    candidate.values.entry((case, metric)).or_default().push(value);
                };
                let seen = || std::iter::repeat(known);
                // No token comes twice.
                let new = tokens.iter().skip(1 + round * 2 * CALLS);
                let start = cold((candidate.command)(), known)?;
                add("cold start to first answer", "milliseconds", start);
                add(
                    "warm call, a token seen before",
                    "microseconds",
                    running.microseconds(seen())?,
                );
                add("warm call, a new token", "microseconds", running.microseconds(new)?);
                add("warm call, a token seen before", "cpu", running.cpu_microseconds(seen())?);
            }
        }
    }
    let mut medians = Vec::new();
    for candidate in candidates {
        for ((case, metric), values) in candidate.values {
            let value = median(values);
            medians.push(
                json!({ "who": candidate.who, "case": case, "metric": metric, "value": value }),
            );
        }
    }
    Ok(std::io::Write::write_all(&mut std::io::stdout(), json!(medians).to_string().as_bytes())?)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Returns our function, configured for the policy of the folder.
pub(crate) fn ours(bootstrap: &Path, folder: &Path) -> Command {
    let mut command = Command::new(bootstrap);
    command.env_clear().env("LAMBDA_TASK_ROOT", folder).env("HMAC", pool::SECRET);
    command
        .env("PEPPER", "a pepper of at least thirty-two bytes")
        .env("EDGE_AUTH_STORE", "dynamodb:edge-auth");
    command.env("AWS_REGION", "eu-west-1").env("AWS_ACCESS_KEY_ID", "AKIATEST");
    command.env("AWS_SECRET_ACCESS_KEY", "SECRET0SECRET0SECRET");
    command
}
