//! Programs of other projects that serve on a port.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The time after which a program that does not listen has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Returns the path in this environment variable: a program or a folder that the set-up installed.
///
/// # Panics
/// If the variable is not set.
pub fn program(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) => path.into(),
        None => {
            panic!(
                "{variable} is not set: run `cargo xtask test --only native`, which installs the programs"
            )
        }
    }
}

/// Returns a port of this machine that was free a moment ago, for programs that cannot choose one
/// themselves.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}

/// A program that serves on a port. Dropping it kills the program.
#[derive(Debug)]
pub struct Service {
    child: Child,
    /// The address on which it listens.
    pub address: SocketAddr,
}

impl Service {
    /// Starts the command in this folder and waits until it accepts connections on the port. Its
    /// output goes to the file `output` there.
    ///
    /// # Panics
    /// If the program does not serve, with its output.
    pub fn start(command: &mut Command, folder: &Path, port: u16) -> Self {
        let output = folder.join("output");
        let file = File::create(&output).expect("a writable folder");
        let errors = file.try_clone().expect("a second handle");
        command.current_dir(folder).stdin(Stdio::null()).stdout(file).stderr(errors);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut service = Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)) };
        let started = Instant::now();
        while TcpStream::connect(service.address).is_err() {
            let ended = service.child.try_wait().expect("a child of ours");
            if ended.is_some() || started.elapsed() > PATIENCE {
                let output = std::fs::read_to_string(&output).unwrap_or_default();
                panic!("{command:?} does not serve on port {port} ({ended:?}):\n{output}");
            }
            thread::sleep(Duration::from_millis(20));
        }
        service
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The program may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
