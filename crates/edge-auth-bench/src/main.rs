//! The programs of `cargo xtask bench`: one mints tokens, workers measure on request, and a client
//! and an upstream serve servers under test.
//!
//! Workers measure the CPU time of the whole process, so that other work on the machine matters
//! little and no thread is forgotten. Nothing else runs in the process during a measurement.

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

/// Any error ends the program, which only the task runner uses.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
enum Program {
    /// Fill a folder with keys, distinct tokens, API keys and a policy
    Mint { folder: PathBuf },
    /// List the measurements, then make those whose numbers arrive on standard input
    Worker { folder: PathBuf },
    /// Make measurements of Lambda functions in the same way
    Functions(functions::Functions),
    /// Decide about the first warm case this many times, and do nothing else, to count instructions
    Repeat { folder: PathBuf, case: String, times: usize },
    /// Print the growth of the process, in bytes, while gates fill with 100 000 principals
    Memory,
    /// Measure the cost and the speed of revocation
    #[command(subcommand)]
    Revocation(revocation::Measurement),
    /// Answer every request with 200, until standard input ends
    Upstream,
    /// Send requests over keep-alive connections, and print the answers with 200, per second and in
    /// all, and the times of half and of 99 in 100 of them, in microseconds
    Load {
        folder: PathBuf,
        address: SocketAddr,
        #[arg(long)]
        path: String,
        /// The algorithm of the tokens
        #[arg(long, default_value = "RS256")]
        algorithm: Algorithm,
        /// Another header field of every request
        #[arg(long)]
        field: Vec<String>,
        /// The number of tokens that take turns
        #[arg(long)]
        tokens: usize,
        /// The number of the first token
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
