//! The programs that `cargo xtask bench` runs: a maker of tokens, a client and an upstream for
//! servers, and measurements of Lambda functions and of revocation.

mod functions;
mod load;
mod pool;
mod revocation;
mod upstream;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use edge_auth_token::Algorithm;

/// Any failure ends the program: only the task runner calls it.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
enum Program {
    /// Fill a folder with keys, distinct tokens, API keys and a policy
    Mint { folder: PathBuf },
    /// Print what calls of Lambda functions cost, as a list of {who, case, metric, value}
    Functions(functions::Functions),
    /// How fast a revocation reaches every instance
    #[command(subcommand)]
    Revocation(revocation::Measurement),
    /// Answer every request with 200, until standard input ends
    Upstream,
    /// Send requests over keep-alive connections; print requests a second, their number, and the
    /// 50th and 99th percentile of their times in microseconds
    Load {
        folder: PathBuf,
        address: SocketAddr,
        #[arg(long)]
        path: String,
        /// How the tokens are signed
        #[arg(long, default_value = "RS256")]
        algorithm: Algorithm,
        /// Another header field of every request
        #[arg(long)]
        field: Vec<String>,
        /// How many tokens take turns
        #[arg(long)]
        tokens: usize,
        /// Which of them begins
        #[arg(long)]
        first: usize,
        #[arg(long)]
        connections: usize,
        #[arg(long, value_parser = seconds)]
        seconds: Duration,
    },
}

fn main() -> Result<()> {
    match Program::parse() {
        Program::Mint { folder } => pool::mint(&folder),
        Program::Functions(functions) => functions::measure(&functions),
        Program::Revocation(measurement) => revocation::run(measurement),
        Program::Upstream => upstream::run(),
        Program::Load {
            folder,
            address,
            path,
            algorithm,
            field: fields,
            tokens,
            first,
            connections,
            seconds,
        } => {
            let load = load::Load {
                address,
                path,
                algorithm,
                fields,
                tokens,
                first,
                connections,
                seconds,
            };
            load::run(&folder, &load)
        }
    }
}

fn seconds(text: &str) -> std::result::Result<Duration, std::num::ParseFloatError> {
    text.parse().map(Duration::from_secs_f64)
}
