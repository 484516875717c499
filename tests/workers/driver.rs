//! Runs `driver.mjs` on Node, which runs Workers in workerd.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The longest time that a command may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A driver. Dropping it ends the driver and its Workers.
pub(crate) struct Driver {
    child: Child,
    talk: Mutex<Talk>,
    logs: Mutex<Receiver<Log>>,
}

struct Talk {
    commands: ChildStdin,
    answers: Receiver<Value>,
    asked: u64,
}

/// A line of a Worker's log.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) text: String,
}

impl Log {
    /// Returns the audit event, if the line is one.
    pub(crate) fn audit_event(&self) -> Option<Value> {
        let event: Value = serde_json::from_str(&self.text).ok()?;
        if event.get("allowed").is_some() { Some(event) } else { None }
    }
}

impl Driver {
    pub(crate) fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/workers/driver.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(node_folder())
            .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let commands = child.stdin.take().expect("piped");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let (answer, answers) = channel();
        let (log, logs) = channel();
        thread::spawn(move || sort(lines.map_while(Result::ok), &answer, &log));
        Self {
            child,
            talk: Mutex::new(Talk { commands, answers, asked: 0 }),
            logs: Mutex::new(logs),
        }
    }

    /// Sends a command to the driver and waits for its answer.
    pub(crate) fn ask(&self, what: &str, mut arguments: Value) -> Result<Value, String> {
        let mut talk = lock(&self.talk);
        talk.asked += 1;
        let id = talk.asked;
        arguments["id"] = json!(id);
        arguments["ask"] = json!(what);
        writeln!(talk.commands, "{arguments}").map_err(|error| error.to_string())?;
        let mut answer =
            talk.answers.recv_timeout(PATIENCE).map_err(|error| format!("{what}: {error}"))?;
        assert_eq!(answer["id"], id, "answers come in order");
        match answer.get("failed").and_then(Value::as_str) {
            Some(why) => Err(why.to_owned()),
            None => Ok(answer["done"].take()),
        }
    }

    /// Starts Workers and returns their addresses by name.
    pub(crate) fn start_workers(&self, workers: Value) -> Result<Value, String> {
        self.ask("start", json!({ "workers": workers }))
    }

    /// Returns the lines since the last call.
    pub(crate) fn logs(&self) -> Vec<Log> {
        lock(&self.logs).try_iter().collect()
    }

    /// Returns the lines up to and including the first one that is `wanted`, or all that arrive
    /// within `patience`.
    pub(crate) fn logs_until(&self, wanted: impl Fn(&Log) -> bool, patience: Duration) -> Vec<Log> {
        let deadline = Instant::now() + patience;
        let logs = lock(&self.logs);
        let mut read = Vec::new();
        while let Ok(log) = logs.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            let last = wanted(&log);
            read.push(log);
            if last {
                break;
            }
        }
        read
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The driver stops workerd at the end of its input. Otherwise the signal does.
        let (answer, _) = channel::<Value>();
        drop(answer);
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// Returns the folder whose `node_modules` has the packages of `cloudflare/package-lock.json`.
pub(crate) fn node_folder() -> PathBuf {
    PathBuf::from(std::env::var_os("EDGE_AUTH_WORKERS_NODE").expect("set by `cargo xtask test`"))
}

/// Returns the folder of the Workers.
pub(crate) fn workers_folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../cloudflare"))
}

fn sort(lines: impl Iterator<Item = String>, answers: &Sender<Value>, logs: &Sender<Log>) {
    for line in lines {
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        // The receiver is gone once the test has ended.
        let _ = match message.get("log").and_then(Value::as_str) {
            Some(text) => {
                let level = message["level"].as_str().unwrap_or_default().to_owned();
                logs.send(Log { level, text: text.to_owned() }).is_ok()
            }
            None => answers.send(message).is_ok(),
        };
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
