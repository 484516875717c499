//! The `edge-auth` command: native host, policy, keys and tokens.
//!
//! | folder | contents |
//! |---|---|
//! | `serve/` | the native host: listener, endpoints, proxy to the upstream, fetcher of key sets, audit log |
//! | `store/` | the stores of API-key records and revocations: SQLite, DynamoDB |
//! | `policy/`, `keys/`, `revoke/`, `revocations.rs`, `token.rs`, `admin.rs` | the commands of these names |
//! | `administration/` | a store, or a host over HTTP, for the commands that administer |
//! | `aws/` | the command of this name: checks a template against the policy |
//! | `demo/` | the demonstration |
//! | `sandbox/` | issuers, authorities and secrets for one run, for `demo` and `policy test` |
//! | `native.rs` | what this machine provides to the core: clock, randomness, environment, files |
//! | `output.rs`, `error.rs`, `argument_error.rs` | the output and the errors of all commands |

// The futures of the dispatch, the stores and the AWS SDK are deep.
#![recursion_limit = "256"]

mod admin;
mod administration;
mod argument_error;
mod aws;
mod demo;
mod error;
mod keys;
mod native;
mod output;
mod policy;
mod revocations;
mod revoke;
mod sandbox;
mod serve;
pub mod store;
mod token;

use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use error::CommandError;
use output::Output;

/// Authentication and authorization in front of your APIs, decided by one policy file.
///
/// Without a command, a demonstration starts: an API, an issuer and a gate between you and them.
#[derive(Debug, Parser)]
#[command(name = "edge-auth", version, after_help = error::EXIT_CODES)]
struct Arguments {
    /// Write JSON instead of text
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve: as an authorizer for a proxy, or as a gateway in front of an API
    Serve(serve::ServeArgs),
    /// Start a demonstration with calls to paste
    Demo(demo::DemoArgs),
    /// Check a policy, explain its decisions, run its cases
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Make and manage API keys
    Keys(keys::KeysArgs),
    /// Revoke tokens, keys, certificates, or whole revocation lists of authorities
    Revoke(revoke::RevokeArgs),
    /// List revocations, and undo them
    Revocations(revocations::RevocationsArgs),
    /// Make stores of API keys
    #[command(subcommand)]
    Store(store::init::StoreCommand),
    /// Show tokens without verifying them
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Switch on administration over HTTP
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// Check a deployment on AWS
    #[command(subcommand)]
    Aws(aws::AwsCommand),
}

/// Runs the command that the process's arguments name, and returns its exit code.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return not_understood(&error),
    };
    let output = Output::new(arguments.json);
    match run(arguments.command.unwrap_or_else(|| Command::Demo(demo::DemoArgs::default())), output)
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.print(output.is_json());
            ExitCode::from(error.exit_code())
        }
    }
}

/// Prints help, the version, or the errors of the arguments, without their values; errors in JSON
/// with `--json`.
fn not_understood(error: &clap::Error) -> ExitCode {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if error.use_stderr() && (json || !is_help) {
        let text = match is_help {
            true => error.render().to_string().trim_end().to_owned(),
            false => argument_error::describe(error, &arguments),
        };
        let error = CommandError::Usage(text);
        error.print(json);
        return ExitCode::from(error.exit_code());
    }
    // An error of this stream cannot be reported.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn run(command: Command, output: Output) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| CommandError::host(format!("the runtime cannot start: {error}")))?;
    let result = runtime.block_on(async {
        match command {
            Command::Serve(args) => serve::run(args, output).await,
            Command::Demo(args) => demo::run(args, output).await,
            Command::Policy(command) => policy::run(command, output).await,
            Command::Keys(args) => keys::run(args, output).await,
            Command::Revoke(args) => revoke::run(args, output).await,
            Command::Revocations(args) => revocations::run(args, output).await,
            Command::Store(command) => store::init::run(command, output).await,
            Command::Token(command) => token::run(command, output),
            Command::Admin(command) => admin::run(command, output),
            Command::Aws(command) => aws::run(command, output),
        }
    });
    // Open tunnels and fetches do not keep the process alive.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}
