//! Runs workerd itself with Workers, the project's or others.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use super::programs::Programs;
use crate::cache::Cache;
use crate::command::output_of;
use crate::outcome::{Missing, Outcome};
use crate::tool::{Tool, Tools};
use crate::workers;
use crate::workspace::Workspace;

/// Workers that are ready to start.
pub(super) struct Workers {
    pub(super) workerd: PathBuf,
    configuration: PathBuf,
    sockets: &'static [&'static str],
}

/// A running workerd. Dropping it kills the process.
pub(super) struct Running {
    child: Child,
    /// The addresses of the sockets, in order.
    pub(super) addresses: Vec<SocketAddr>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Returns the address of the first socket.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.addresses.first().copied().ok_or_else(|| io::Error::other("it has no socket"))
    }
}

impl Workers {
    /// Returns the Workers of this configuration, which names these sockets.
    pub(super) fn configured(
        folder: &Path,
        node: &Path,
        text: &str,
        sockets: &'static [&'static str],
    ) -> io::Result<Self> {
        let configuration = folder.join("config.capnp");
        fs::write(&configuration, text)?;
        Ok(Self { workerd: program(node)?, configuration, sockets })
    }

    /// Starts the Workers and waits until they listen.
    pub(super) fn start(&self) -> io::Result<Running> {
        let mut command = Command::new(&self.workerd);
        command.args(["serve", "--experimental"]).arg(&self.configuration);
        let mut addresses = Vec::new();
        for socket in self.sockets {
            // workerd cannot choose a port and report it. This port was free a moment ago.
            let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
            command.arg(format!("--socket-addr={socket}={address}"));
            addresses.push(address);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut running = Running { child, addresses };
        let since = Instant::now();
        while running.addresses.iter().any(|address| TcpStream::connect(address).is_err()) {
            if running.child.try_wait()?.is_some() || since.elapsed() > Duration::from_secs(60) {
                let configuration = self.configuration.display();
                return Err(io::Error::other(format!("workerd did not start {configuration}")));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(running)
    }
}

/// Builds the Workers. Returns the folder whose `node_modules` has workerd.
pub(super) fn with_the_workers(at: &Workspace, cache: &Cache) -> Result<PathBuf, Missing> {
    let tools = Tools::bring(cache, &workers::TOOLS);
    match workers::build(at, &tools)? {
        Outcome::Failed(why) => {
            Err(Missing { why, help: "cargo xtask test --only workers".into() })
        }
        Outcome::Skipped(missing) | Outcome::Excused(missing) => Err(missing),
        Outcome::Passed(_) => Ok(tools.path(Tool::NodeWorkers)?.to_owned()),
    }
}

/// Copies a built Worker (`gate` or `control`) with a policy, which is compiled, and these files
/// bundled. Returns its modules.
pub(super) fn laid_out(
    (at, programs): (&Workspace, &Programs),
    name: &str,
    folder: &Path,
    policy_text: &str,
    files: &[(&str, String)],
) -> io::Result<String> {
    let policy = folder.join("policy");
    fs::create_dir_all(&policy)?;
    let worker = at.root.join("cloudflare").join(name);
    let mut modules = Vec::new();
    for part in ["src/index.js", "src/age.js", "build/index.js", "build/index_bg.wasm"] {
        let source = worker.join(part);
        if !source.exists() {
            continue;
        }
        let copy = folder.join(name).join(part);
        fs::create_dir_all(copy.parent().unwrap_or(folder))?;
        fs::copy(source, copy)?;
        let kind = if part.ends_with(".wasm") { "wasm" } else { "esModule" };
        modules.push(module(&format!("{name}/{part}"), kind));
    }
    fs::write(policy.join("policy.toml"), policy_text)?;
    output_of(programs.command().args(["policy", "build", "policy.toml"]).current_dir(&policy))?;
    modules.push(module("policy/policy.bin", "data"));
    modules.push(module("policy/index.js", "esModule"));
    let mut imports = "import policy from \"./policy.bin\";\n".to_owned();
    let mut members = "\"policy.bin\": policy, ".to_owned();
    for (number, (name, text)) in files.iter().enumerate() {
        fs::write(policy.join(name), text)?;
        imports += &format!("import file{number} from \"./{name}\";\n");
        members += &format!("{name:?}: file{number}, ");
        modules.push(module(&format!("policy/{name}"), "text"));
    }
    fs::write(policy.join("index.js"), format!("{imports}export default {{ {members}}};\n"))?;
    Ok(modules.join(", "))
}

pub(super) fn module(name: &str, kind: &str) -> String {
    format!("(name = \"{name}\", {kind} = embed \"{name}\")")
}

/// Returns the path of the program itself, since the package `workerd` starts it through Node.
fn program(node: &Path) -> io::Result<PathBuf> {
    let packages = fs::read_dir(node.join("node_modules/@cloudflare"))?;
    let mut packages = packages.filter_map(|package| Some(package.ok()?.path()));
    let found = packages.find(|package| {
        package.file_name().is_some_and(|name| name.to_string_lossy().starts_with("workerd-"))
    });
    found
        .map(|package| package.join("bin/workerd"))
        .ok_or_else(|| io::Error::other("no workerd is installed"))
}
