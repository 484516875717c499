//! The programs that `cargo xtask bench` runs: makers of tokens, workers that measure when they are
//! asked, and a client and an upstream for servers.
//!
//! What is measured is CPU time of the whole process, so that other work on the machine matters
//! little and no thread is forgotten; what runs beside the measured code is nothing.

mod cpu;
mod functions;
mod keys_in_dynamodb;
mod load;
mod memory;
mod ours;
mod peers;
mod pool;
mod revocation;
mod target;
mod upstream;
mod worker;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use edge_auth_token::Algorithm;

/// Any failure ends the program: nobody depends on it but the task runner.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
enum Program {
    /// Fill a folder with keys, distinct tokens, API keys and a policy
    Mint { folder: PathBuf },
    /// Say which measurements there are, then make those whose numbers come on standard input
    Worker { folder: PathBuf },
    /// The same, of Lambda functions
    Functions(functions::Functions),
    /// Decide about the first warm case that many times, and do nothing else: for counting
    /// instructions
    Repeat { folder: PathBuf, case: String, times: usize },
    /// Tell by how much the process grows, in bytes, while gates come to hold 100 000 principals
    Memory,
    /// What revocation costs, and how fast it is
    #[command(subcommand)]
    Revocation(revocation::Measurement),
    /// Answer every request with 200, until standard input ends
    Upstream,
    /// Send requests over keep-alive connections, and tell how many were answered with 200, in a
    /// second and in all, and how long half of them and 99 of 100 took at most, in microseconds
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
        Program::Worker { folder } => worker::run(worker::offers(&folder)?),
        Program::Functions(which) => worker::run(functions::offers(&which)?),
        Program::Repeat { folder, case, times } => ours::repeat(&folder, &case, times),
        Program::Memory => memory::run(),
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
