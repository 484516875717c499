//! `aws lint`.

use std::io::{self, Write};
use std::path::PathBuf;

use anstyle::AnsiColor;
use clap::Args;
use serde::Serialize;

use super::finding::{Finding, Severity};
use super::foreign;
use super::inventory::Inventory;
use super::rules::findings;
use super::{resolve, yaml};
use crate::error::CommandError;
use crate::native::{PolicyFile, read_bounded};
use crate::output::{Output, Report, count, printable};

/// The largest template that CloudFormation accepts, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    /// The policy of the function
    #[arg(long, value_name = "FILE", env = "EDGE_AUTH_POLICY")]
    policy: PathBuf,
    /// The SAM or CloudFormation template, or the OpenAPI file with
    /// `x-amazon-apigateway-authorizer`
    #[arg(value_name = "TEMPLATE")]
    template: PathBuf,
    /// Check only the authorizer of this logical id or name
    #[arg(long, value_name = "NAME")]
    authorizer: Option<String>,
}

#[derive(Serialize)]
struct LintReport {
    template: String,
    /// The number of Lambda authorizers.
    authorizers: usize,
    /// The authorizers whose function is another program; they were not checked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    foreign: Vec<String>,
    findings: Vec<Finding>,
}

pub(super) fn run(args: LintArgs, output: Output) -> Result<(), CommandError> {
    let policy = PolicyFile::at(&args.policy).read()?;
    let template = args.template.display().to_string();
    let bytes = read_bounded(&args.template, MAX_BYTES).map_err(CommandError::Host)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| CommandError::Usage(format!("{template} is not UTF-8 text")))?;
    let read = yaml::parse(&text).map_err(|why| {
        let why = foreign::of_text(&args.template, &text).map_or(why, str::to_owned);
        CommandError::Usage(format!("{template}: {why}"))
    })?;
    let foreign_text =
        foreign::of_text(&args.template, &text).filter(|_| read.members().is_empty());
    if let Some(what) = foreign_text.or_else(|| foreign::of_tree(&args.template, &read)) {
        return Err(CommandError::Usage(format!("{template}: {what}")));
    }
    let mut inventory = Inventory::in_template(&resolve::resolve(&read));
    if inventory.authorizers.is_empty() {
        return Err(CommandError::Refused {
            code: "no_authorizer".into(),
            message: no_authorizer(&template, &inventory),
        });
    }
    let foreign = match &args.authorizer {
        Some(name) => {
            called(&mut inventory, name, &template)?;
            Vec::new()
        }
        None => inventory.take_out_foreign(),
    };
    let findings = findings(&policy, &inventory);
    let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    output.report(&LintReport {
        template,
        authorizers: inventory.authorizers.len(),
        foreign,
        findings,
    })?;
    if refused { Err(CommandError::Reported) } else { Ok(()) }
}

/// Keeps only the authorizers of this name.
fn called(inventory: &mut Inventory, name: &str, template: &str) -> Result<(), CommandError> {
    let there: Vec<String> =
        inventory.authorizers.iter().map(|authorizer| printable(&authorizer.name)).collect();
    inventory.retain_called(name);
    if inventory.authorizers.is_empty() {
        let (name, there) = (printable(name), there.join(", "));
        return Err(CommandError::Usage(format!(
            "{template}: has no Lambda authorizer `{name}`; it has: {there}"
        )));
    }
    Ok(())
}

/// Says that the template has no Lambda authorizer, and where else one may be.
fn no_authorizer(template: &str, inventory: &Inventory) -> String {
    let mut message = format!("{template}: has no Lambda authorizer");
    if !inventory.others.is_empty() {
        let others = printable(&inventory.others.join(", "));
        message.push_str(&format!("; its authorizers call no function: {others}"));
    }
    for external in &inventory.externals {
        let (at, line) = (printable(&external.at), external.line);
        message.push_str(&format!("\n  line {line}, {at}: {}", printable(&external.message())));
    }
    message
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
            writeln!(
                out,
                "{}:{}: {style}{word}{style:#} {}",
                self.template, finding.line, finding.code
            )?;
            writeln!(out, "  {at}: {}", finding.message)?;
        }
        if !self.foreign.is_empty() {
            let foreign = printable(&self.foreign.join(", "));
            writeln!(
                out,
                "not checked, because their functions are other programs: {foreign} (check one with --authorizer NAME)"
            )?;
        }
        let errors =
            self.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        let warnings = self.findings.len() - errors;
        let authorizers = count(self.authorizers, "authorizer");
        writeln!(out, "{authorizers}: {}, {}", count(errors, "error"), count(warnings, "warning"))
    }
}
