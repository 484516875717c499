//! A product as a process: its address and its log.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The time after which a process that does not report its address has failed.
const START: Duration = Duration::from_secs(30);
/// The longest time between an answer and its audit event.
const AUDIT: Duration = Duration::from_secs(2);

/// A process. Dropping it kills the process.
///
/// The process reports its address on standard error in one line (`listening on 127.0.0.1:8080`),
/// and writes a line of JSON with a member `allowed` for each decision on standard output.
#[derive(Debug)]
pub struct Process {
    child: Child,
    said: Receiver<String>,
    audit: Receiver<Value>,
    so_far: Vec<String>,
}

impl Process {
    /// Starts the command without standard input.
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

    /// Waits for the address that the process reports.
    ///
    /// # Errors
    /// The process's output, if it ends first or reports no address.
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

    /// Returns whether the process has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Returns the lines on its standard error so far.
    pub fn said(&mut self) -> &[String] {
        self.so_far.extend(self.said.try_iter());
        &self.so_far
    }

    /// Discards the audit events so far.
    pub fn forget_audit(&mut self) {
        self.audit.try_iter().for_each(drop);
    }

    /// Waits for the next audit event. Returns `None` if none arrives soon.
    pub fn audit(&mut self) -> Option<Value> {
        self.audit.recv_timeout(AUDIT).ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process may have ended already.
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

/// Returns the address in a line that says `listening`. A line about an upstream has an address,
/// too.
fn listening(line: &str) -> Option<SocketAddr> {
    let (_, after) = line.split_once("listening")?;
    let mut words =
        after.split(|c: char| !c.is_ascii_hexdigit() && !matches!(c, '.' | ':' | '[' | ']'));
    words.find_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_comes_from_the_line_that_says_listening() {
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
    fn output_and_audit_events_of_a_process_are_read_and_its_end_is_noticed() {
        fn shell(script: &str) -> Process {
            Process::start(Command::new("sh").args(["-c", script])).unwrap()
        }
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
