//! Measures Lambda functions, edge-auth's and the peer's, each a process on a local Runtime API.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use edge_auth::Policy;
use edge_auth::policy::Format;
use edge_auth_testkit::wire::RuntimeApi;
use edge_auth_token::Algorithm;
use serde_json::json;

use crate::keys_in_dynamodb::Keys;
use crate::worker::{Measurement, Offer};
use crate::{Result, pool};

const OURS: &str = "edge-auth";
const PEER: &str = "aws-jwt-verify on Node 24";
/// The number of warm calls in one measurement, whose median counts. As many unmeasured calls come
/// first.
const CALLS: usize = 100;

/// The functions to measure.
#[derive(clap::Args)]
pub(crate) struct Functions {
    folder: PathBuf,
    /// The program of edge-auth's authorizer
    #[arg(long)]
    authorizer: PathBuf,
    /// The program of edge-auth's control function
    #[arg(long)]
    control: PathBuf,
    /// Node, and the peer's program in one file
    #[arg(long, num_args = 2)]
    peer: Vec<PathBuf>,
    /// Count the requests to DynamoDB Local
    #[arg(long)]
    dynamodb: bool,
}

/// A running function.
struct Running {
    child: Child,
    api: RuntimeApi,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The process may have ended already.
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

    /// Asks about an order and expects it to be allowed.
    fn ask(&self, token: &str) -> Result<()> {
        let event = json!({
            "type": "TOKEN",
            "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/v1/orders/42",
            "authorizationToken": format!("Bearer {token}"),
        });
        let answer =
            self.api.invoke(event.to_string().into_bytes())?.map_err(|error| error.to_string())?;
        if !String::from_utf8_lossy(&answer).contains("\"Allow\"") {
            return Err("a good token was refused".into());
        }
        Ok(())
    }

    /// Returns the run time of all threads, in nanoseconds.
    fn cpu(&self) -> Result<f64> {
        let mut total = 0.0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread that ends now counts as zero.
            let stat = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            let (ran, _) = stat.split_once(' ').unwrap_or_default();
            total += ran.parse().unwrap_or(0.0);
        }
        Ok(total)
    }

    /// Returns the CPU time of a call with these tokens, in microseconds.
    fn cpu_microseconds<'t>(&self, mut tokens: impl Iterator<Item = &'t String>) -> Result<f64> {
        for token in tokens.by_ref().take(CALLS) {
            self.ask(token)?;
        }
        let before = self.cpu()?;
        for token in tokens.take(CALLS) {
            self.ask(token)?;
        }
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
        let mut measured = times.split_off(CALLS.min(times.len()));
        measured.sort();
        let median = measured.get(measured.len() / 2).copied().ok_or("too few tokens")?;
        Ok(median.as_secs_f64() * 1e6)
    }
}

/// Returns the time from the start of the process to its first answer, in milliseconds.
fn cold(command: Command, token: &str) -> Result<f64> {
    let since = Instant::now();
    let running = Running::start(command)?;
    running.ask(token)?;
    let took: Duration = since.elapsed();
    drop(running);
    Ok(took.as_secs_f64() * 1e3)
}

/// Returns every available measurement.
pub(crate) fn offers(functions: &Functions) -> Result<Vec<Offer>> {
    let Functions { folder, authorizer, control, peer, dynamodb } = functions;
    let folder = folder.clone();
    compile_policy(&folder)?;
    let mut offers = of(OURS, &folder, {
        let (folder, authorizer) = (folder.clone(), authorizer.clone());
        move || ours(&authorizer, &folder)
    })?;
    if let [node, program] = peer.as_slice() {
        let (folder, node, program) = (folder.clone(), node.clone(), program.clone());
        let own = folder.clone();
        offers.extend(of(PEER, &folder, move || {
            let mut command = Command::new(&node);
            command.arg(&program).env_clear().env("FOLDER", &own);
            command
        })?);
    }
    if *dynamodb {
        let keys = Keys::made(authorizer, control)?;
        offers.push(Offer::new(
            OURS,
            "1000 warm calls with an API key",
            "DynamoDB calls",
            Box::new(move || keys.calls(1000)),
        ));
    }
    Ok(offers)
}

fn of(
    who: &'static str,
    folder: &Path,
    command: impl Fn() -> Command + Clone + 'static,
) -> Result<Vec<Offer>> {
    let mut offers = Vec::new();
    for algorithm in [Algorithm::Rs256, Algorithm::Es256] {
        let tokens = Rc::new(pool::read(folder, algorithm)?);
        let (start, some) = (command.clone(), Rc::clone(&tokens));
        offers.push(Offer::new(
            who,
            &format!("cold start to first answer, {algorithm}"),
            "milliseconds",
            Box::new(move || cold(start(), some.first().ok_or("no token")?)),
        ));
        let running = Rc::new(RefCell::new(None::<Running>));
        for (warm, metric) in [(true, "microseconds"), (false, "microseconds"), (true, "cpu")] {
            let (start, some, running) = (command.clone(), Rc::clone(&tokens), Rc::clone(&running));
            // No token is used twice, for as many rounds as there are.
            let used = RefCell::new(0);
            let measure: Measurement = Box::new(move || {
                let mut running = running.borrow_mut();
                let running = match running.as_mut() {
                    Some(running) => running,
                    None => running.insert(Running::start(start())?),
                };
                let first = if warm { 0 } else { 1 + used.replace_with(|used| *used + 2 * CALLS) };
                let next = some.iter().cycle().skip(first);
                match (metric, warm) {
                    ("cpu", _) => running.cpu_microseconds(some.iter().take(1).cycle()),
                    (_, true) => running.microseconds(some.iter().take(1).cycle()),
                    (_, false) => running.microseconds(next),
                }
            });
            let what =
                if warm { "warm call, a token seen before" } else { "warm call, a new token" };
            offers.push(Offer::new(who, &format!("{what}, {algorithm}"), metric, measure));
        }
    }
    Ok(offers)
}

/// The compiled policy, which is what functions are deployed with.
const COMPILED: &str = "policy.bin";

/// Compiles the policy of the folder.
pub(crate) fn compile_policy(folder: &Path) -> Result<()> {
    let text = std::fs::read_to_string(folder.join("policy.toml"))?;
    let policy = Policy::parse(&text, Format::Toml, "policy.toml")?;
    Ok(std::fs::write(folder.join(COMPILED), policy.to_compiled()?)?)
}

/// Returns one of edge-auth's functions, configured for the compiled policy of the folder.
pub(crate) fn ours(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LAMBDA_TASK_ROOT", folder).env("HMAC", pool::SECRET);
    command.env("EDGE_AUTH_POLICY", COMPILED);
    command
        .env("PEPPER", "a pepper of at least thirty-two bytes")
        .env("EDGE_AUTH_STORE", "dynamodb:edge-auth");
    command.env("AWS_REGION", "eu-west-1").env("AWS_ACCESS_KEY_ID", "AKIATEST");
    command.env("AWS_SECRET_ACCESS_KEY", "SECRET0SECRET0SECRET");
    command
}
