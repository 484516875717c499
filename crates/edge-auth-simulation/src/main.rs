//! Simulates the revocation feed with more instances than a test can run.

mod feed;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask simulate", bin_name = "cargo xtask simulate", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The reads of the revocation feed: store requests a second, the worst age of what instances
    /// know, and what closes
    Feed(feed::Arguments),
}

fn main() -> ExitCode {
    let What::Feed(arguments) = Cli::parse().what;
    if feed::run(&arguments) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
