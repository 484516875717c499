//! Downloads the crates of all lock files, for every platform, before the first step. Otherwise a
//! step could depend on what an earlier one happened to download.

use crate::invocation::Invocation;
use crate::outcome::Outcome;
use crate::workspace::Workspace;

/// The workspaces of the repository, each with a lock file.
const MANIFESTS: [&str; 4] = [
    "Cargo.toml",
    "cloudflare/Cargo.toml",
    "crates/edge-auth-token/fuzz/Cargo.toml",
    "crates/edge-auth/fuzz/Cargo.toml",
];

/// Downloads missing crates. Returns whether all crates are available.
pub(crate) fn bring(at: &Workspace) -> bool {
    for manifest in MANIFESTS {
        let fetch =
            Invocation::cargo(at, "fetch --locked --manifest-path").arg(at.root.join(manifest));
        if let Outcome::Failed(why) = fetch.run() {
            anstream::println!("crates of {manifest}: missing, cargo fetch: {why}");
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lock_file_belongs_to_a_workspace_that_is_fetched() {
        let at = Workspace::locate().unwrap();
        let listed = std::process::Command::new("git")
            .args(["ls-files", "*Cargo.lock"])
            .current_dir(&at.root)
            .output()
            .unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let mut locks: Vec<String> =
            listed.lines().map(|lock| lock.replace("Cargo.lock", "Cargo.toml")).collect();
        locks.sort_by_key(|lock| MANIFESTS.iter().position(|manifest| manifest == lock));
        assert_eq!(locks, MANIFESTS);
    }
}
