//! The steps of a test run, as a table.

use std::process::Command;

use clap::ValueEnum;

use crate::command::output_of;
use crate::end_to_end;
use crate::invocation::Invocation;
use crate::lambda;
use crate::outcome::{Missing, Outcome};
use crate::tool::{Tool, Tools};
use crate::workers;
use crate::workspace::Workspace;

/// A part of the product that can be tested alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The crates and the native host, with format, lints, docs, wasm32 and dependencies
    Native,
    /// The conformance suites of the stores
    Stores,
    /// The Lambda functions: every event, every scenario, behind a local API Gateway, with the
    /// rights of their roles, and as they are deployed
    Lambda,
    /// The Worker: its build and weight, and everything in real workerd
    Workers,
}

pub(crate) struct Step {
    pub(crate) name: &'static str,
    parts: &'static [Part],
    /// The step of a full run that repeats this one's work: a full run leaves this one out.
    repeats: Option<&'static str>,
    work: Work,
}

enum Work {
    Plain(fn(&Workspace) -> Outcome),
    /// Needs these tools, and is skipped if one is missing.
    With(&'static [Tool], fn(&Workspace, &Tools) -> Result<Outcome, Missing>),
}

/// Tests of one crate are selected from the whole workspace, since `-p` would compile its
/// dependencies again with other features.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        parts: &[Part::Native],
        repeats: None,
        work: Work::Plain(|at| Invocation::cargo(at, "fmt --all --check").run()),
    },
    Step {
        name: "clippy",
        parts: &[Part::Native],
        repeats: None,
        work: Work::Plain(|at| {
            Invocation::cargo(at, "clippy --workspace --all-targets --all-features -- -D warnings")
                .run()
        }),
    },
    Step {
        name: "fuzz targets",
        parts: &[Part::Native],
        repeats: None,
        work: Work::Plain(fuzz_targets),
    },
    Step {
        name: "test",
        parts: &[Part::Native],
        repeats: None,
        work: Work::Plain(|at| {
            Invocation::cargo(at, "test --workspace --no-fail-fast").run_tests()
        }),
    },
    Step {
        name: "store memory",
        parts: &[Part::Stores],
        repeats: Some("test"),
        work: Work::Plain(|at| Invocation::cargo(at, "test --workspace --test memory").run_tests()),
    },
    Step {
        name: "store sqlite",
        parts: &[Part::Stores],
        repeats: Some("test"),
        work: Work::Plain(|at| {
            Invocation::cargo(at, "test --workspace --lib store::tests::conformance").run_tests()
        }),
    },
    Step {
        name: "store dynamodb",
        parts: &[Part::Stores],
        repeats: None,
        work: Work::With(&[Tool::DynamoDbLocal, Tool::Java], store_dynamodb),
    },
    Step {
        name: "docs",
        parts: &[Part::Native],
        repeats: None,
        work: Work::Plain(|at| {
            Invocation::cargo(at, "doc --workspace --no-deps")
                .env("RUSTDOCFLAGS", "-D warnings")
                .run()
        }),
    },
    Step {
        name: "proxies",
        parts: &[Part::Native],
        repeats: None,
        work: Work::With(
            &[
                Tool::Nginx,
                Tool::Caddy,
                Tool::Traefik,
                Tool::Envoy,
                Tool::OldestCaddy,
                Tool::OldestTraefik,
                Tool::OldestEnvoy,
            ],
            end_to_end::proxies,
        ),
    },
    Step {
        name: "issuers",
        parts: &[Part::Native],
        repeats: None,
        work: Work::With(&[Tool::NodeIssuers, Tool::PythonIssuers], end_to_end::issuers),
    },
    Step {
        name: "template",
        parts: &[Part::Native, Part::Lambda],
        repeats: None,
        work: Work::With(&[Tool::CfnLint], lambda::lint_template),
    },
    Step {
        name: "terraform",
        parts: &[Part::Lambda],
        repeats: None,
        work: Work::With(&[Tool::NodeTerraform], lambda::check_terraform),
    },
    Step {
        name: "terraform fmt",
        parts: &[Part::Lambda],
        repeats: None,
        work: Work::Plain(lambda::format_terraform),
    },
    Step {
        name: "lambda events",
        parts: &[Part::Lambda],
        repeats: Some("test"),
        work: Work::Plain(|at| {
            Invocation::cargo(
                at,
                "test --workspace --bin edge-auth-authorizer --test aws --test lambda_events \
                 --test lambda_control",
            )
            .run_tests()
        }),
    },
    Step {
        name: "lambda",
        parts: &[Part::Lambda],
        repeats: None,
        work: Work::With(&[Tool::DynamoDbLocal, Tool::Java, Tool::MiniStack], lambda_tests),
    },
    Step {
        name: "lambda build",
        parts: &[Part::Lambda],
        repeats: None,
        work: Work::With(&[Tool::CargoLambda], |at, tools| {
            Ok(lambda::build(at, tools.path(Tool::CargoLambda)?))
        }),
    },
    Step {
        name: "worker checks",
        parts: &[Part::Workers],
        repeats: None,
        work: Work::With(&[Tool::WasmRustc], workers::check),
    },
    Step {
        name: "worker build",
        parts: &[Part::Workers],
        repeats: None,
        work: Work::With(&workers::TOOLS, workers::build),
    },
    Step {
        name: "workers",
        parts: &[Part::Workers],
        repeats: None,
        work: Work::With(&workers::TOOLS, workers::test),
    },
    Step {
        name: "wasm",
        parts: &[Part::Native],
        repeats: None,
        work: Work::With(&[Tool::WasmRustc], wasm),
    },
    Step {
        name: "deny",
        parts: &[Part::Native],
        repeats: None,
        work: Work::With(&[Tool::CargoDeny], deny),
    },
    Step {
        name: "advisories",
        parts: &[Part::Native],
        repeats: None,
        work: Work::With(&[Tool::CargoDeny], advisories),
    },
];

impl Step {
    /// Returns whether the step belongs to a run of one part, or of everything.
    pub(crate) fn is_due(&self, only: Option<Part>) -> bool {
        match only {
            Some(part) => self.parts.contains(&part),
            None => self.repeats.is_none(),
        }
    }

    pub(crate) fn needs(&self) -> &'static [Tool] {
        match self.work {
            Work::Plain(_) => &[],
            Work::With(tools, _) => tools,
        }
    }

    /// Runs the step, or skips it if a tool is missing.
    pub(crate) fn outcome(&self, workspace: &Workspace, tools: &Tools) -> Outcome {
        match self.work {
            Work::Plain(work) => work(workspace),
            Work::With(_, work) => work(workspace, tools).unwrap_or_else(Outcome::Skipped),
        }
    }
}

/// A separate target directory, since another compiler would discard the native builds.
fn wasm(at: &Workspace, tools: &Tools) -> Result<Outcome, Missing> {
    let rustc = tools.path(Tool::WasmRustc)?;
    let build = "build --target wasm32-unknown-unknown -p edge-auth-token -p edge-auth --no-default-features";
    let build = Invocation::cargo(at, build).arg("--target-dir").arg(at.target.join("wasm"));
    Ok(build.env("RUSTC", rustc).run())
}

/// Checks the fuzz targets, which are separate workspaces that no other step compiles.
fn fuzz_targets(at: &Workspace) -> Outcome {
    for package in ["edge-auth-token", "edge-auth"] {
        let check = format!("check --manifest-path crates/{package}/fuzz/Cargo.toml --target-dir");
        let checked = Invocation::cargo(at, &check).arg(at.target.join("fuzz")).run();
        if let Outcome::Failed(_) = checked {
            return checked;
        }
    }
    Outcome::Passed(String::new())
}

fn store_dynamodb(at: &Workspace, tools: &Tools) -> Result<Outcome, Missing> {
    let test = "test --workspace --features edge-auth-dynamodb/local-tests,edge-auth-cli/dynamodb --test dynamodb";
    let test = Invocation::cargo(at, test)
        .env("EDGE_AUTH_DYNAMODB_LOCAL", tools.path(Tool::DynamoDbLocal)?);
    Ok(test.env("EDGE_AUTH_JAVA", tools.path(Tool::Java)?).run_tests())
}

/// Runs all scenarios, both functions with their roles' rights, and an API behind a local API
/// Gateway.
fn lambda_tests(at: &Workspace, tools: &Tools) -> Result<Outcome, Missing> {
    let tests = "test --workspace \
                 --features edge-auth-authorizer/local-tests,edge-auth-control-lambda/local-tests \
                 --test lambda_scenarios --test lambda_store --test parity --test api_gateway \
                 --test lambda_planes";
    let binaries =
        "build --workspace --bin edge-auth --bin edge-auth-authorizer --bin edge-auth-control";
    let built = Invocation::cargo(at, binaries).run();
    if let Outcome::Failed(_) = built {
        return Ok(built);
    }
    let tests = Invocation::cargo(at, tests)
        .env("EDGE_AUTH_DYNAMODB_LOCAL", tools.path(Tool::DynamoDbLocal)?);
    let tests = tests.env("EDGE_AUTH_JAVA", tools.path(Tool::Java)?);
    let tests = tests.env("EDGE_AUTH_BINARY", at.target.join("debug/edge-auth"));
    let authorizer = at.target.join("debug/edge-auth-authorizer");
    let tests = tests.env("EDGE_AUTH_AUTHORIZER_FUNCTION", authorizer);
    let tests = tests.env("EDGE_AUTH_CONTROL_FUNCTION", at.target.join("debug/edge-auth-control"));
    Ok(tests.env("EDGE_AUTH_MINISTACK", tools.path(Tool::MiniStack)?).run_tests())
}

/// Checks the dependencies of the workspace and of the Worker's workspace.
fn deny(at: &Workspace, tools: &Tools) -> Result<Outcome, Missing> {
    let deny = tools.path(Tool::CargoDeny)?;
    let check = "check --hide-inclusion-graph bans licenses sources";
    let worker = format!("--manifest-path cloudflare/Cargo.toml --config deny.toml {check}");
    for arguments in [check, &worker] {
        let checked = Invocation::of(deny, "cargo deny", at, arguments).run();
        if let Outcome::Failed(_) = checked {
            return Ok(checked);
        }
    }
    Ok(Outcome::Passed(String::new()))
}

/// Checks for advisories. The database comes from one place on the internet, and a failure to reach
/// it says nothing about the code, so `--require-all` excuses only this skip.
fn advisories(at: &Workspace, tools: &Tools) -> Result<Outcome, Missing> {
    let deny = tools.path(Tool::CargoDeny)?;
    if let Err(error) = output_of(Command::new(deny).args(["fetch", "db"]).current_dir(&at.root)) {
        return Ok(Outcome::Excused(Missing {
            why: format!("the advisory database cannot be fetched: {error}"),
            help: "cargo deny check advisories".into(),
        }));
    }
    Ok(Invocation::of(deny, "cargo deny", at, "check advisories").run())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: Option<Part>) -> Vec<&'static str> {
        STEPS.iter().filter(|step| step.is_due(only)).map(|step| step.name).collect()
    }

    #[test]
    fn a_full_run_does_nothing_twice() {
        assert_eq!(
            names(None),
            [
                "fmt",
                "clippy",
                "fuzz targets",
                "test",
                "store dynamodb",
                "docs",
                "proxies",
                "issuers",
                "template",
                "terraform",
                "terraform fmt",
                "lambda",
                "lambda build",
                "worker checks",
                "worker build",
                "workers",
                "wasm",
                "deny",
                "advisories"
            ]
        );
    }

    #[test]
    fn every_store_passes_its_suites() {
        assert_eq!(names(Some(Part::Stores)), ["store memory", "store sqlite", "store dynamodb"]);
    }

    #[test]
    fn a_full_run_covers_every_step_that_it_leaves_out() {
        for repeated in STEPS.iter().filter_map(|step| step.repeats) {
            assert!(names(None).contains(&repeated), "{repeated}");
        }
    }
}
