//! The measurements of `cargo xtask bench revocation`.

mod fixture;
mod functions;
mod rounds;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::Value;

use crate::Result;

/// A step of the measurement.
#[derive(Subcommand)]
pub(crate) enum Measurement {
    /// Fill a folder with a policy for hosts, and with certificates for so many rounds
    Mint { folder: PathBuf, rounds: usize },
    /// Have every instance accept a token, a key and a certificate, revoke them, and wait until
    /// every instance refuses them: the worst of all rounds, in seconds
    Rounds {
        folder: PathBuf,
        /// Where the gate is asked, on every instance; the first is told to revoke
        #[arg(long, required_unless_present = "bootstrap")]
        instance: Vec<SocketAddr>,
        /// Start two Lambda functions of this program, and ask them
        #[arg(long)]
        bootstrap: Option<PathBuf>,
        /// How many rounds take place at the same time
        #[arg(long, default_value_t = 10)]
        lanes: usize,
    },
}

/// Runs a step.
pub(crate) fn run(measurement: Measurement) -> Result<()> {
    match measurement {
        Measurement::Mint { folder, rounds } => fixture::mint(&folder, rounds),
        Measurement::Rounds { folder, instance, bootstrap: None, lanes } => {
            rounds::play(&folder, &instance, lanes)
        }
        Measurement::Rounds { folder, bootstrap: Some(bootstrap), lanes, .. } => {
            let functions = functions::Functions::start(&bootstrap, &folder, 2)?;
            rounds::play(&folder, &functions.addresses(), lanes)
        }
    }
}

fn tell(figures: &Value) -> Result<()> {
    Ok(std::io::Write::write_all(&mut std::io::stdout(), format!("{figures}\n").as_bytes())?)
}
