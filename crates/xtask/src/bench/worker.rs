//! A process that makes a measurement on request, and is idle while others make theirs.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

pub(super) struct Worker {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(super) offers: Vec<Offer>,
}

/// A measurement that a worker offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) who: String,
    pub(super) case: String,
    pub(super) metric: String,
}

impl Worker {
    /// Starts the worker and reads its offers.
    pub(super) fn start(mut command: Command) -> io::Result<Worker> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("no pipes"));
        };
        let mut worker =
            Worker { child, questions, answers: BufReader::new(answers), offers: Vec::new() };
        let message: Value = serde_json::from_str(&worker.line()?)?;
        let offers = message.get("offers").and_then(Value::as_array).into_iter().flatten();
        worker.offers = offers
            .map(|offer| Offer {
                who: text(offer, "who"),
                case: text(offer, "case"),
                metric: text(offer, "metric"),
            })
            .collect();
        Ok(worker)
    }

    /// Makes the measurement with this number.
    pub(super) fn measure(&mut self, offer: usize) -> io::Result<f64> {
        writeln!(self.questions, "{offer}")?;
        let answer = self.line()?;
        answer.trim().parse().map_err(|_| io::Error::other(format!("a worker answered {answer:?}")))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err(io::Error::other("a worker ended")),
            _ => Ok(line),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(offer: &Value, name: &str) -> String {
    offer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
