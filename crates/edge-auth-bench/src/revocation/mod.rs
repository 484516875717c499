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
        /// The addresses of all instances; the first one gets the revocations, unless `--control`
        /// names another
        #[arg(long, required_unless_present = "functions")]
        instance: Vec<SocketAddr>,
        /// The address of the control plane, where it is apart from the instances
        #[arg(long)]
        control: Option<SocketAddr>,
        /// Start Lambda functions: two of the first program, the authorizer, and one of the second,
        /// the control function
        #[arg(long, num_args = 2, value_names = ["AUTHORIZER", "CONTROL"])]
        functions: Vec<PathBuf>,
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
        Measurement::Rounds { folder, instance, control, functions, lanes } => {
            let [authorizer, control_program] = functions.as_slice() else {
                let control = control.or(instance.first().copied()).ok_or("no instance")?;
                return rounds::play(&folder, control, &instance, lanes);
            };
            let functions = functions::Functions::start((authorizer, 2), control_program, &folder)?;
            rounds::play(&folder, functions.control(), &functions.instances(), lanes)
        }
    }
}

fn print(figures: &Value) -> Result<()> {
    Ok(std::io::Write::write_all(&mut std::io::stdout(), format!("{figures}\n").as_bytes())?)
}
