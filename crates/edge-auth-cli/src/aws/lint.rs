//! `aws lint`.

use std::io::{self, Write};
use std::path::PathBuf;

use anstyle::AnsiColor;
use clap::Args;
use serde::Serialize;

use super::finding::{Finding, Severity};
use super::inventory::Inventory;
use super::rules::findings;

use super::template::Node;
use crate::error::CommandError;
use crate::native::{PolicyFile, read_bounded};
use crate::output::{Output, Report, count, printable};

/// The largest template that CloudFormation takes, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    /// The policy that the function has
    #[arg(long, value_name = "FILE", env = "EDGE_AUTH_POLICY")]
    policy: PathBuf,
    /// The SAM or CloudFormation template, or the OpenAPI file with `x-amazon-apigateway-authorizer`
    #[arg(value_name = "TEMPLATE")]
    template: PathBuf,
}

#[derive(Serialize)]
struct LintReport {
    template: String,
    /// How many Lambda authorizers were found.
    authorizers: usize,
    findings: Vec<Finding>,
}

pub(super) fn run(args: LintArgs, output: Output) -> Result<(), CommandError> {
    let policy = PolicyFile::at(&args.policy).read()?;
    let template = args.template.display().to_string();
    let bytes = read_bounded(&args.template, MAX_BYTES).map_err(CommandError::Host)?;
    let text =
        String::from_utf8(bytes).map_err(|_| CommandError::Usage(format!("{template}: it is no text")))?;
    let root = Node::parse(&text).map_err(|why| CommandError::Usage(format!("{template}: {why}")))?;
    let inventory = Inventory::in_template(&root);
    if inventory.authorizers.is_empty() {
        return Err(CommandError::Refused {
            code: "no_authorizer",
            message: format!("{template}: there is no Lambda authorizer in it"),
        });
    }
    let findings = findings(&policy, &inventory);
    let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    output.report(&LintReport { template, authorizers: inventory.authorizers.len(), findings })?;
    if refused { Err(CommandError::Reported) } else { Ok(()) }
}

impl Report for LintReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for finding in &self.findings {
            let (word, colour) = match finding.severity {
                Severity::Error => ("error", AnsiColor::Red),
                Severity::Warning => ("warning", AnsiColor::Yellow),
            };
            let style = colour.on_default().bold();
            let at = printable(&finding.at);
            writeln!(out, "{}:{}: {style}{word}{style:#} {}", self.template, finding.line, finding.code)?;
            writeln!(out, "  {at}: {}", finding.message)?;
        }
        let errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        let warnings = self.findings.len() - errors;
        let authorizers = count(self.authorizers, "authorizer");
        writeln!(out, "{authorizers}: {}, {}", count(errors, "error"), count(warnings, "warning"))
    }
}
