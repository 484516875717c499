//! Runs a Lambda function as a local process with its own Runtime API.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::process::Process;
use super::runtime_api::{Invoked, RuntimeApi};

/// The time after which a function that has not asked for an event has failed.
const START: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// A running function. Dropping it ends the process.
pub struct Function {
    // Comes before the API, so that the process ends first and sees no broken connection.
    process: Process,
    api: RuntimeApi,
}

impl Function {
    /// Starts the program and waits until it asks for its first event.
    ///
    /// # Errors
    /// The program's output if it does not ask.
    pub fn start(command: &mut Command) -> Result<Self, String> {
        let api = RuntimeApi::start().map_err(|error| error.to_string())?;
        api.environ(command);
        let mut process = Process::start(command).map_err(|error| error.to_string())?;
        let deadline = Instant::now() + START;
        while !api.is_asked() {
            if process.has_ended() || Instant::now() > deadline {
                return Err(process.address().err().unwrap_or_default());
            }
            thread::sleep(BETWEEN_LOOKS);
        }
        Ok(Self { process, api })
    }

    /// Hands an event to the function and waits for the outcome.
    ///
    /// # Errors
    /// The function does not answer.
    pub fn invoke(&self, event: Vec<u8>) -> Result<Invoked, String> {
        self.api.invoke(event)
    }

    /// Returns the lines on its standard error so far.
    pub fn said(&mut self) -> &[String] {
        self.process.said()
    }

    /// Discards the audit events so far.
    pub fn forget_audit(&mut self) {
        self.process.forget_audit();
    }

    /// Waits for the next audit event. Returns `None` if none arrives soon.
    pub fn audit(&mut self) -> Option<Value> {
        self.process.audit()
    }
}
