//! `policy schema`: the JSON Schema of policies.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::CommandError;
use crate::output::{Output, Report};

const SCHEMA: &str = include_str!("../../../../docs/policy.schema.json");

#[derive(Serialize)]
#[serde(transparent)]
struct SchemaReport(&'static RawValue);

/// Prints the schema, which is JSON for people, too.
pub(super) fn run(output: Output) -> Result<(), CommandError> {
    let schema = serde_json::from_str(SCHEMA)
        .map_err(|error| CommandError::host(format!("the schema is not JSON: {error}")))?;
    output.report(&SchemaReport(schema))
}

impl Report for SchemaReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.0)
    }
}
