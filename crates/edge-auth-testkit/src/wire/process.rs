//! A product as a process: where it listens, and what it logs.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A process that has not said where it listens by then never will.
const START: Duration = Duration::from_secs(30);
/// How long after an answer its audit event may come.
const AUDIT: Duration = Duration::from_secs(2);

/// A process, until it is dropped: then it is killed.
///
/// It says on standard error that it is `listening` on an address, in one line (`listening on
/// 127.0.0.1:8080`), and writes one JSON object a line for each decision (with a member `allowed`)
/// on standard output.
#[derive(Debug)]
pub struct Process {
    child: Child,
    said: Receiver<String>,
    audit: Receiver<Value>,
    so_far: Vec<String>,
}

impl Process {
    /// Starts the command, with nothing on its standard input.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (say, said) = channel();
        let (log, audit) = channel();
        if let Some(stderr) = child.stderr.take() {
            thread::spawn(move || each_line(stderr, &say, Some));
        }
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || each_line(stdout, &log, |line| audit_event(&line)));
        }
        Ok(Self { child, said, audit, so_far: Vec::new() })
    }

    /// Where it listens, once it says so.
    ///
    /// # Errors
    /// All that it said, if it ended before, or kept silent.
    pub fn address(&mut self) -> Result<SocketAddr, String> {
        let deadline = Instant::now() + START;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.said.recv_timeout(left) else {
                return Err(self.so_far.join("\n"));
            };
            let address = listening(&line);
            self.so_far.push(line);
            if let Some(address) = address {
                return Ok(address);
            }
        }
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// The lines that it has said on standard error, up to now.
    pub fn said(&mut self) -> &[String] {
        self.so_far.extend(self.said.try_iter());
        &self.so_far
    }

    /// Forgets the audit events up to now.
    pub fn forget_audit(&mut self) {
        self.audit.try_iter().for_each(drop);
    }

    /// The next audit event; `None` if there is none soon.
    pub fn audit(&mut self) -> Option<Value> {
        self.audit.recv_timeout(AUDIT).ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn each_line<T>(from: impl io::Read, to: &Sender<T>, read: impl Fn(String) -> Option<T>) {
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        if let Some(value) = read(String::from_utf8_lossy(&line).into_owned())
            && to.send(value).is_err()
        {
            return;
        }
    }
}

fn audit_event(line: &str) -> Option<Value> {
    serde_json::from_str::<Value>(line).ok().filter(|event| event.get("allowed").is_some())
}

/// The address in a line that says `listening`: a line about an upstream has one, too.
fn listening(line: &str) -> Option<SocketAddr> {
    let (_, after) = line.split_once("listening")?;
    let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '[' | ']');
    after.split(|c| !is_part(c)).find_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_where_it_says_that_it_listens() {
        let wanted: SocketAddr = "127.0.0.1:4711".parse().unwrap();
        for line in [
            "listening on 127.0.0.1:4711",
            r#"{"level":"info","message":"listening","address":"127.0.0.1:4711"}"#,
            "edge-auth 0.1.0 listening on http://127.0.0.1:4711/, upstream http://127.0.0.1:1",
        ] {
            assert_eq!(listening(line), Some(wanted), "{line}");
        }
        assert_eq!(listening("upstream is http://127.0.0.1:4711"), None);
        assert_eq!(listening("listening"), None);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_process_says_and_logs_is_found_and_its_end_is_noticed() {
        let shell = |script: &str| Process::start(Command::new("sh").args(["-c", script])).unwrap();
        let mut process = shell(
            "echo upstream 127.0.0.1:9 >&2; echo listening on 127.0.0.1:4711 >&2; \
             echo starting; echo '{\"allowed\":false}'; exec sleep 600",
        );
        assert_eq!(process.address().unwrap().port(), 4711);
        assert_eq!(process.audit(), Some(serde_json::json!({ "allowed": false })));
        assert_eq!(process.said(), ["upstream 127.0.0.1:9", "listening on 127.0.0.1:4711"]);
        drop(process);

        let mut refused = shell("echo policy.toml:3: no such field >&2; exit 2");
        assert_eq!(refused.address().unwrap_err(), "policy.toml:3: no such field");
    }
}
