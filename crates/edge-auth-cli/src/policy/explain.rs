//! `policy explain`: decides one request with the real gate, and shows each check.

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anstyle::AnsiColor;
use clap::Args;
use edge_auth::certificate::PlatformCertificate;
use edge_auth::{
    AuditEvent, AuthRequest, Check, CheckResult, ClientLocation, Country, Decision, Explanation,
    Gate, Headers, Principal,
};
use edge_auth_token::AwsLcRs;
use serde::Serialize;

use crate::error::CommandError;
use crate::native::{PolicyFile, SystemRandomness, now, read_bounded};
use crate::output::{Output, Report, printable};
use crate::serve::{HttpKeySource, NativePlatform, certificates};
use crate::store;

/// The largest file of header fields, in bytes.
const MAX_FIELDS_BYTES: u64 = 256 * 1024;

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The policy
    #[arg(value_name = "FILE")]
    policy: PathBuf,
    /// The request's method
    method: String,
    /// The request's target: its path, and its query if it has one
    target: String,
    /// A header field as a trusted proxy sends it, or @FILE with one on each line (which keeps
    /// credentials out of the process list)
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The host that the request is for
    #[arg(long)]
    host: Option<String>,
    /// The client's certificates in the TLS handshake (PEM), its own first
    #[arg(long, value_name = "FILE")]
    client_cert: Option<PathBuf>,
    /// The authorities of the TLS listener, as for `serve`
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,
    /// The client's address
    #[arg(long, value_name = "ADDRESS")]
    client_ip: Option<IpAddr>,
    /// The client's country, as the platform reports it: `DE`
    #[arg(long, value_name = "CODE")]
    country: Option<Country>,
    /// The number of the client's autonomous system, as the platform reports it
    #[arg(long, value_name = "NUMBER")]
    asn: Option<u32>,
    /// The store of API keys, as in `sqlite:keys.db`
    #[arg(long, value_name = "STORE", env = "EDGE_AUTH_STORE", hide_env_values = true)]
    store: Option<String>,
}

#[derive(Serialize)]
struct ExplainReport {
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    audit: AuditEvent,
    checks: Vec<Check>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Principal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<Upstream>,
    notices: Vec<String>,
}

/// The request that would go upstream.
#[derive(Serialize)]
struct Upstream {
    target: String,
    removed: Vec<String>,
    set: Vec<(String, String)>,
}

pub(super) async fn run(args: ExplainArgs, output: Output) -> Result<(), CommandError> {
    let file = PolicyFile::at(&args.policy);
    let policy = file.read()?;
    let secret_provider = file.secret_provider().with_client_ca(args.client_ca.as_deref());
    let store = match &args.store {
        Some(store) => Some(store::open_reader_named(store).await?),
        None => None,
    };
    let source = HttpKeySource::new();
    let platform = NativePlatform::new(store, source).dry_run();
    let (gate, mut notices) =
        Gate::new(policy, &secret_provider, Box::new(AwsLcRs), platform, &SystemRandomness)?;

    let certificates = args.client_cert.as_deref().map(certificates).transpose()?;
    let fields = fields(&args.headers)?;
    let headers: Vec<(&str, &[u8])> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let request = AuthRequest {
        location: ClientLocation { country: args.country, asn: args.asn },
        method: &args.method,
        host: args.host.as_deref(),
        authority: None,
        target: &args.target,
        headers: Headers(&headers),
        client_ip: args.client_ip,
        certificate: certificates
            .as_deref()
            .map_or(PlatformCertificate::Nothing, PlatformCertificate::Tls),
        path_rewritten: gate.policy().forward_auth().is_none(),
        proxy_trusted: true,
    };
    let Explanation { decision, audit, checks, notices: more, .. } =
        gate.explain(&request, now()).await;
    notices.extend(more);
    notices.extend(method_in_another_case(&args.method));
    let allowed = audit.allowed;
    let (status, grant) = match decision {
        Decision::Allow(grant) => (None, Some(grant)),
        Decision::Deny(denial) => (Some(denial.code.status()), None),
    };
    let (principal, upstream) = grant
        .map(|grant| {
            let set = grant.fields_to_set();
            let set = set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let forward = grant.upstream;
            let upstream = Upstream { target: forward.target, removed: forward.remove, set };
            (grant.principal.map(Arc::unwrap_or_clone), upstream)
        })
        .unzip();
    output.report(&ExplainReport {
        allowed,
        status,
        audit,
        checks,
        principal: principal.flatten(),
        upstream,
        notices,
    })?;
    if allowed { Ok(()) } else { Err(CommandError::Reported) }
}

/// Warns of a method in lower case: methods are case-sensitive (RFC 9110, section 9.1).
fn method_in_another_case(method: &str) -> Option<String> {
    let upper = method.to_ascii_uppercase();
    if upper == method {
        return None;
    }
    Some(format!(
        "methods are case-sensitive: `{method}` is not the method `{upper}` that clients send"
    ))
}

fn fields(given: &[String]) -> Result<Vec<(String, String)>, CommandError> {
    let mut fields = Vec::new();
    for text in given {
        match text.strip_prefix('@') {
            Some(path) => {
                let bytes =
                    read_bounded(path.as_ref(), MAX_FIELDS_BYTES).map_err(CommandError::Host)?;
                let text = String::from_utf8_lossy(&bytes);
                for line in text.lines().filter(|line| !line.trim().is_empty()) {
                    fields.push(field(line)?);
                }
            }
            None => fields.push(field(text)?),
        }
    }
    Ok(fields)
}

fn field(text: &str) -> Result<(String, String), CommandError> {
    let (name, value) = text.split_once(':').ok_or_else(|| {
        CommandError::Usage("--header: write a header field as `Name: value`".to_owned())
    })?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

impl Report for ExplainReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let green = AnsiColor::Green.on_default();
        let red = AnsiColor::Red.on_default();
        let audit = &self.audit;
        writeln!(out, "{} {}", audit.method, audit.path)?;
        writeln!(out, "rule       {}", audit.rule.as_deref().unwrap_or("none matches"))?;
        for check in &self.checks {
            let (style, mark) = match check.result {
                CheckResult::Passed => (green, "passed"),
                CheckResult::Failed => (red, "failed"),
                CheckResult::Absent => (anstyle::Style::new().dimmed(), "absent"),
            };
            writeln!(
                out,
                "  {style}{mark}{style:#}   {:<14} {}",
                check.what,
                printable(&check.detail)
            )?;
        }
        match (&audit.code, &audit.reason) {
            (Some(code), reason) => {
                let status = self.status.unwrap_or_default();
                writeln!(out, "{red}denied{red:#}     {status} {}", code.name())?;
                writeln!(out, "           {}", printable(reason.as_deref().unwrap_or_default()))?;
            }
            (None, _) => writeln!(out, "{green}allowed{green:#}")?,
        }
        if let Some(principal) = &self.principal {
            writeln!(out, "principal  {}", printable(&principal.id))?;
        }
        if let Some(upstream) = &self.upstream {
            writeln!(out, "upstream   {}", upstream.target)?;
            upstream.removed.iter().try_for_each(|name| writeln!(out, "  - {name}"))?;
            upstream
                .set
                .iter()
                .try_for_each(|(name, value)| writeln!(out, "  + {name}: {value}"))?;
        }
        self.notices.iter().try_for_each(|notice| writeln!(out, "note       {}", printable(notice)))
    }
}
