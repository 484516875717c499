//! Two Workers in one workerd with the first one's ledger: two isolates, as in two of Cloudflare's
//! locations.

use std::path::Path;
use std::{fs, io};

use super::revocation::SECRETS;
use super::workerd::{Workers, laid_out, with_the_worker};
use crate::cache::Cache;
use crate::outcome::Missing;
use crate::workspace::Workspace;

/// Builds the Worker, and lays it out with the policy of this folder.
pub(super) fn prepare(at: &Workspace, cache: &Cache, folder: &Path) -> Result<Workers, Missing> {
    let node = with_the_worker(at, cache)?;
    configured(at, folder, &node).map_err(|error| Missing {
        why: error.to_string(),
        help: "cargo xtask test --only workers".into(),
    })
}

fn configured(at: &Workspace, folder: &Path, node: &Path) -> io::Result<Workers> {
    let mut files = Vec::new();
    for name in ["policy.toml", "jwks.json", "ca.pem"] {
        files.push((name, fs::read_to_string(folder.join(name))?));
    }
    let folder = folder.join("workers");
    let modules = laid_out(at, &folder, &files)?;
    let secrets =
        SECRETS.map(|(name, text)| format!("(name = \"{name}\", text = \"{text}\"),")).concat();
    let with_ledger = "
    durableObjectNamespaces = [(className = \"Ledger\", uniqueKey = \"ledger\", enableSql = true)],
    durableObjectStorage = (localDisk = \"objects\"),";
    // An object only in memory has no SQL, so it needs a folder.
    let objects = folder.join("objects");
    fs::create_dir_all(&objects)?;
    let objects = objects.display();
    let first = worker(&modules, &secrets, "\"Ledger\"", with_ledger);
    let second =
        worker(&modules, &secrets, "(className = \"Ledger\", serviceName = \"first\")", "");
    let text = format!(
        "using Workerd = import \"/workerd/workerd.capnp\";
const config :Workerd.Config = (
  services = [
    (name = \"first\", worker = .first),
    (name = \"second\", worker = .second),
    (name = \"objects\", disk = (path = \"{objects}\", writable = true)),
  ],
  sockets = [
    (name = \"first\", address = \"127.0.0.1:0\", http = (), service = \"first\"),
    (name = \"second\", address = \"127.0.0.1:0\", http = (), service = \"second\"),
  ],
);
const first :Workerd.Worker = {first};
const second :Workerd.Worker = {second};
"
    );
    Workers::configured(&folder, node, &text, &["first", "second"])
}

/// Returns the configuration of one Worker.
fn worker(modules: &str, secrets: &str, ledger: &str, rest: &str) -> String {
    format!(
        "(
    modules = [{modules}],
    compatibilityDate = \"2026-04-26\",
    compatibilityFlags = [\"nodejs_compat\"],
    bindings = [
      (name = \"LEDGER\", durableObjectNamespace = {ledger}),
      {secrets}
    ],{rest}
)"
    )
}
