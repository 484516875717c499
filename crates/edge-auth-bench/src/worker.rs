//! A worker: it stays while rounds go by, and measures one thing at a time, so that all take turns.
//!
//! First it says in one line of JSON what it offers, then it answers each number of an offer with
//! a result. The Node peers speak the same.

use std::io::{BufRead, Write};
use std::path::Path;

use serde_json::json;

use crate::{Result, ours, peers};

/// Makes one measurement.
pub(crate) type Measurement = Box<dyn Fn() -> Result<f64>>;

/// Something that can be measured.
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

/// What is measured in this process.
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
