//! A Lambda function as a process of this machine, with a Runtime API of its own.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::process::Process;
use super::runtime_api::{Invoked, RuntimeApi};

/// A function that has not asked for an event by then never will.
const START: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// The function, until it is dropped.
pub struct Function {
    // Killed before the API ends, so that it sees no broken connection.
    process: Process,
    api: RuntimeApi,
}

impl Function {
    /// Starts the program, and waits until it asks for its first event.
    ///
    /// # Errors
    /// What it said instead.
    pub fn start(command: &mut Command) -> Result<Self, String> {
        let text = |error: std::io::Error| error.to_string();
        let api = RuntimeApi::start().map_err(text)?;
        api.environ(command);
        let mut process = Process::start(command).map_err(text)?;
        let deadline = Instant::now() + START;
        while !api.is_asked() {
            if process.has_ended() || Instant::now() > deadline {
                return Err(process.address().err().unwrap_or_default());
            }
            thread::sleep(BETWEEN_LOOKS);
        }
        Ok(Self { process, api })
    }

    /// Hands over an event, and waits for what comes of it.
    ///
    /// # Errors
    /// The function does not answer.
    pub fn invoke(&self, event: Vec<u8>) -> Result<Invoked, String> {
        self.api.invoke(event)
    }

    /// What it has said on standard error, up to now.
    pub fn said(&mut self) -> &[String] {
        self.process.said()
    }

    /// Forgets the audit events up to now.
    pub fn forget_audit(&mut self) {
        self.process.forget_audit();
    }

    /// The next audit event; `None` if there is none soon.
    pub fn audit(&mut self) -> Option<Value> {
        self.process.audit()
    }
}
