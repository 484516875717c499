//! Runs the real binary beside real programs of other projects.

use crate::invocation::Invocation;
use crate::outcome::{Missing, Outcome};
use crate::tool::{Tool, Tools};
use crate::workspace::Workspace;

/// Tests the binary behind real proxies.
pub(crate) fn proxies(at: &Workspace, tools: &Tools) -> Result<Outcome, Missing> {
    let programs = [
        ("EDGE_AUTH_NGINX", Tool::Nginx),
        ("EDGE_AUTH_CADDY", Tool::Caddy),
        ("EDGE_AUTH_TRAEFIK", Tool::Traefik),
        ("EDGE_AUTH_ENVOY", Tool::Envoy),
        ("EDGE_AUTH_OLDEST_CADDY", Tool::OldestCaddy),
        ("EDGE_AUTH_OLDEST_TRAEFIK", Tool::OldestTraefik),
        ("EDGE_AUTH_OLDEST_ENVOY", Tool::OldestEnvoy),
    ];
    run(at, tools, "proxies", &programs)
}

/// Tests the binary with tokens of real issuers.
pub(crate) fn issuers(at: &Workspace, tools: &Tools) -> Result<Outcome, Missing> {
    let packages = [
        ("EDGE_AUTH_NODE_PACKAGES", Tool::NodeIssuers),
        ("EDGE_AUTH_PYTHON_PACKAGES", Tool::PythonIssuers),
    ];
    run(at, tools, "issuers", &packages)
}

/// Runs the tests of this name, with the paths of the binary and the tools in the environment.
fn run(
    at: &Workspace,
    tools: &Tools,
    name: &str,
    needed: &[(&str, Tool)],
) -> Result<Outcome, Missing> {
    let built = Invocation::cargo(at, "build --workspace --bin edge-auth").run();
    if let Outcome::Failed(_) = built {
        return Ok(built);
    }
    // The tests print counts that are worth reading.
    let tests =
        format!("test --workspace --features edge-auth-e2e/{name} --test {name} -- --show-output");
    let mut tests =
        Invocation::cargo(at, &tests).env("EDGE_AUTH_BINARY", at.target.join("debug/edge-auth"));
    for (variable, tool) in needed {
        tests = tests.env(variable, tools.path(*tool)?);
    }
    Ok(tests.run_tests())
}
