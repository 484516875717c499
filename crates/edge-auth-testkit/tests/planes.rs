//! The planes, as cargo's graph of crates has them: what reads strangers' bytes has no code that
//! administers.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// For each crate of the workspace, the crates of the workspace that its build needs.
fn workspace_graph() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--no-deps"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let ours: BTreeSet<String> = packages.iter().map(name).collect();
    let mut graph = BTreeMap::new();
    for package in packages {
        // Dependencies of tests have the kind "dev".
        let needed = package["dependencies"].as_array().unwrap().iter().filter(|dependency| {
            dependency["kind"].is_null() && !dependency["optional"].as_bool().unwrap()
        });
        graph.insert(name(package), needed.map(name).filter(|name| ours.contains(name)).collect());
    }
    graph
}

fn everything_below(graph: &BTreeMap<String, BTreeSet<String>>, root: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left = vec![root.to_owned()];
    while let Some(next) = left.pop() {
        for needed in &graph[&next] {
            if found.insert(needed.clone()) {
                left.push(needed.clone());
            }
        }
    }
    found
}

#[test]
fn a_gate_is_built_without_the_control_plane() {
    let graph = workspace_graph();
    let gate = everything_below(&graph, "edge-auth");
    assert_eq!(gate, BTreeSet::from(["edge-auth-token".to_owned()]));
    for part in ["edge-auth-api-gateway", "edge-auth-native"] {
        let needed = everything_below(&graph, part);
        assert!(needed.contains("edge-auth"), "{part} needs {needed:?}");
        assert!(!needed.contains("edge-auth-control"), "{part} needs {needed:?}");
    }
}

#[test]
fn the_control_plane_is_built_on_the_gate() {
    let graph = workspace_graph();
    assert!(everything_below(&graph, "edge-auth-control").contains("edge-auth"));
}
