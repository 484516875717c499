//! Measurements of `cargo xtask bench revocation`. Each prints its figures as one JSON object.

mod file_store;
mod fixture;
mod functions;
mod operations;
mod rounds;
mod scale;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::Value;

use crate::Result;

/// A measurement.
#[derive(Subcommand)]
pub(crate) enum Measurement {
    /// Fill a folder with a policy for hosts, and with certificates for this many rounds
    Mint { folder: PathBuf, rounds: usize },
    /// Fill a folder with a log whose snapshot holds this many revoked tokens
    Snapshot { folder: PathBuf, count: usize },
    /// Start with such a folder, and print the time of the start, the memory of the index, and the
    /// time of a lookup
    Scale { folder: PathBuf },
    /// Count the reads of the feed in a minute under load, and by one request after an idle time
    Operations,
    /// Have every instance accept a token, a key and a certificate, revoke them, and wait until
    /// every instance refuses them; print the time of the slowest round, in seconds
    Rounds {
        folder: PathBuf,
        /// The addresses of all instances; the first one gets the revocations
        #[arg(long, required_unless_present = "bootstrap")]
        instance: Vec<SocketAddr>,
        /// Start two Lambda functions of this program, and ask them
        #[arg(long)]
        bootstrap: Option<PathBuf>,
        /// The number of concurrent rounds
        #[arg(long, default_value_t = 10)]
        lanes: usize,
    },
}

/// Runs a measurement.
pub(crate) fn run(measurement: Measurement) -> Result<()> {
    match measurement {
        Measurement::Mint { folder, rounds } => fixture::mint(&folder, rounds),
        Measurement::Snapshot { folder, count } => file_store::fill(&folder, count),
        Measurement::Scale { folder } => scale::measure(&folder),
        Measurement::Operations => operations::count(),
        Measurement::Rounds { folder, instance, bootstrap: None, lanes } => {
            rounds::play(&folder, &instance, lanes)
        }
        Measurement::Rounds { folder, bootstrap: Some(bootstrap), lanes, .. } => {
            let functions = functions::Functions::start(&bootstrap, &folder, 2)?;
            rounds::play(&folder, &functions.addresses(), lanes)
        }
    }
}

fn print(figures: &Value) -> Result<()> {
    Ok(std::io::Write::write_all(&mut std::io::stdout(), format!("{figures}\n").as_bytes())?)
}
