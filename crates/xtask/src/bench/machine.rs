//! The machine and the versions of a run.

use std::process::Command;
use std::{fs, io, thread};

use super::ROUNDS;
use crate::command::output_of;
use crate::workspace::Workspace;

/// Returns one paragraph about the machine and the versions.
pub(super) fn described(workspace: &Workspace, versions: &[String]) -> io::Result<String> {
    let cores = thread::available_parallelism()?;
    let rustc = output_of(Command::new("rustc").arg("--version")).unwrap_or_default();
    let rust = rustc.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let lock = fs::read_to_string(workspace.root.join("Cargo.lock"))?;
    let crates =
        ["aws-lc-rs", "jsonwebtoken"].map(|name| format!("{name} {}", locked(&lock, name)));
    let node =
        fs::read_to_string(workspace.root.join("crates/edge-auth-bench/peers/package.json"))?;
    let node: serde_json::Value = serde_json::from_str(&node)?;
    let packages = node.get("dependencies").and_then(|all| all.as_object()).into_iter().flatten();
    let packages =
        packages.map(|(name, version)| format!("{name} {}", version.as_str().unwrap_or_default()));
    let all: Vec<String> = std::iter::once(rust)
        .chain(crates)
        .chain(packages)
        .chain(versions.iter().cloned())
        .collect();
    Ok(format!("{}, {cores} cores; {ROUNDS} rounds\n{}", cpu(), all.join(", ")))
}

/// Returns the processor's name as the kernel reports it.
fn cpu() -> String {
    let told = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = told
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, m)| m));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |model| model.trim().to_owned())
}

/// Returns the version of a package in a `Cargo.lock`.
fn locked(lock: &str, name: &str) -> String {
    let line = format!("name = \"{name}\"");
    let version = lock.lines().skip_while(|found| *found != line).nth(1);
    version
        .map_or("", |version| version.trim_start_matches("version = "))
        .trim_matches('"')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_package_is_on_the_line_after_its_name() {
        let lock = "[[package]]\nname = \"jose\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"jo\"\nversion = \"4\"\n";
        assert_eq!(locked(lock, "jo"), "4");
        assert_eq!(locked(lock, "jose"), "1.2.3");
        assert_eq!(locked(lock, "x"), "");
    }
}
