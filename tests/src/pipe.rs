//! Programs that are spoken to over a pipe.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A program that answers each line of JSON with one, until this is dropped: then it is killed.
#[derive(Debug)]
pub struct Pipe {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Pipe {
    /// Starts the command; what it complains of goes to the tests' own standard error.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(command: &mut Command) -> Self {
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = started.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let questions = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, questions, answers }
    }

    /// Says something that is not answered.
    ///
    /// # Panics
    /// If the program has ended.
    pub fn say(&mut self, message: &Value) {
        writeln!(self.questions, "{message}").expect("a program that listens");
    }

    /// What it says next.
    ///
    /// # Panics
    /// If it ends instead, or says what is no JSON.
    pub fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("a program that answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Its answer.
    ///
    /// # Panics
    /// As [`Self::say`] and [`Self::hear`].
    pub fn ask(&mut self, question: &Value) -> Value {
        self.say(question);
        self.hear()
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
