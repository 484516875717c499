//! A worker: it runs for all rounds and makes one measurement at a time, so that all workers take
//! turns.
//!
//! The worker first writes its offers in one line of JSON, and then answers each number of an offer
//! with a result. The Node peers use the same protocol.

use std::io::{BufRead, Write};
use std::path::Path;

use serde_json::json;

use crate::{Result, ours, peers};

/// Makes one measurement.
pub(crate) type Measurement = Box<dyn Fn() -> Result<f64>>;

/// An available measurement.
pub(crate) struct Offer {
    who: &'static str,
    case: String,
    metric: &'static str,
    measure: Measurement,
}

impl Offer {
    pub(crate) fn new(
        who: &'static str,
        case: &str,
        metric: &'static str,
        measure: Measurement,
    ) -> Self {
        Self { who, case: case.to_owned(), metric, measure }
    }
}

/// Returns the measurements of this process.
pub(crate) fn offers(folder: &Path) -> Result<Vec<Offer>> {
    let mut offers = ours::offers(folder)?;
    offers.extend(peers::offers(folder)?);
    Ok(offers)
}

pub(crate) fn run(offers: Vec<Offer>) -> Result<()> {
    let described =
        offers.iter().map(|one| json!({"who": one.who, "case": one.case, "metric": one.metric}));
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", json!({ "offers": described.collect::<Vec<_>>() }))?;
    for line in std::io::stdin().lock().lines() {
        let offer = offers.get(line?.trim().parse::<usize>()?).ok_or("no such offer")?;
        writeln!(output, "{}", (offer.measure)()?)?;
    }
    Ok(())
}
