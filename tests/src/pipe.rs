//! Programs that answer over a pipe.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A program that answers each line of JSON with another one. Dropping it kills the program.
#[derive(Debug)]
pub struct Pipe {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Pipe {
    /// Starts the command. Its error output goes to the standard error of the tests.
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

    /// Sends a message that gets no answer.
    ///
    /// # Panics
    /// If the program has ended.
    pub fn say(&mut self, message: &Value) {
        writeln!(self.questions, "{message}").expect("a program that listens");
    }

    /// Waits for the program's next message.
    ///
    /// # Panics
    /// If the program ends instead, or writes something other than JSON.
    pub fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("a program that answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Sends a message and waits for the answer.
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
        // The program may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
