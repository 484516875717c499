//! Two gates in one workerd, and the control Worker whose ledger they read: several isolates, as in
//! two of Cloudflare's locations.

use std::path::Path;
use std::{fs, io};

use super::programs::Programs;
use super::revocation::SECRETS;
use super::workerd::{Workers, laid_out, module, with_the_workers};
use crate::cache::Cache;
use crate::outcome::Missing;
use crate::workspace::Workspace;

/// The configuration. The first socket leads to a Worker that stands for a zone's routes: it passes
/// administration on to the control Worker, and everything else to the first gate.
const CONFIGURATION: &str = r#"
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "routes", worker = .routes),
    (name = "first", worker = .gate),
    (name = "second", worker = .gate),
    (name = "control", worker = .control),
    (name = "objects", disk = (path = "OBJECTS", writable = true)),
  ],
  sockets = [
    (name = "first", address = "127.0.0.1:0", http = (), service = "routes"),
    (name = "second", address = "127.0.0.1:0", http = (), service = "second"),
  ],
);
const routes :Workerd.Worker = (
  modules = [ROUTES],
  compatibilityDate = "2026-04-26",
  bindings = [(name = "GATE", service = "first"), (name = "CONTROL", service = "control")],
);
const gate :Workerd.Worker = (
  modules = [MODULES-OF-GATE],
  compatibilityDate = "2026-04-26",
  compatibilityFlags = ["nodejs_compat"],
  bindings = [(name = "READER", service = (name = "control", entrypoint = "Reader")), SECRETS],
);
const control :Workerd.Worker = (
  modules = [MODULES-OF-CONTROL],
  compatibilityDate = "2026-04-26",
  compatibilityFlags = ["nodejs_compat"],
  bindings = [(name = "LEDGER", durableObjectNamespace = "Ledger"), SECRETS],
  durableObjectNamespaces = [(className = "Ledger", uniqueKey = "ledger", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
);
"#;

/// Builds the Workers, and lays them out with the policy of this folder.
pub(super) fn prepare(
    at: &Workspace,
    programs: &Programs,
    cache: &Cache,
    folder: &Path,
) -> Result<Workers, Missing> {
    let node = with_the_workers(at, cache)?;
    configured((at, programs), folder, &node).map_err(|error| Missing {
        why: error.to_string(),
        help: "cargo xtask test --only workers".into(),
    })
}

fn configured(
    (at, programs): (&Workspace, &Programs),
    folder: &Path,
    node: &Path,
) -> io::Result<Workers> {
    let policy = fs::read_to_string(folder.join("policy.toml"))?;
    let mut files = Vec::new();
    for name in ["jwks.json", "ca.pem"] {
        files.push((name, fs::read_to_string(folder.join(name))?));
    }
    let folder = folder.join("workers");
    let gate = laid_out((at, programs), "gate", &folder, &policy, &files)?;
    let control = laid_out((at, programs), "control", &folder, &policy, &files)?;
    fs::copy(at.root.join("cloudflare/dev/index.js"), folder.join("routes.js"))?;
    let secrets =
        SECRETS.map(|(name, text)| format!("(name = \"{name}\", text = \"{text}\")")).join(", ");
    // An object only in memory has no SQL, so it needs a folder.
    let objects = folder.join("objects");
    fs::create_dir_all(&objects)?;
    let text = CONFIGURATION
        .replace("OBJECTS", &objects.display().to_string())
        .replace("ROUTES", &module("routes.js", "esModule"))
        .replace("MODULES-OF-GATE", &gate)
        .replace("MODULES-OF-CONTROL", &control)
        .replace("SECRETS", &secrets);
    Workers::configured(&folder, node, &text, &["first", "second"])
}
