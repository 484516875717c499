//! `policy check`.

use std::io::{self, Write};
use std::path::PathBuf;

use anstyle::AnsiColor;
use clap::Args;
use edge_auth::certificate::CertificateSource;
use edge_auth::policy::{FetchFiles, KeyOrigin, PolicyDigest, SecretEncoding};
use edge_auth::{Gate, Policy, SecretProvider};
use edge_auth_token::AwsLcRs;
use serde::Serialize;

use super::administration::AdministrationReport;
use super::revocation::RevocationReport;
use crate::error::CommandError;
use crate::native::{PolicyFile, SystemRandomness};
use crate::output::{Output, Report, count};
use crate::serve::{HttpKeySource, NativePlatform};

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The policy
    #[arg(value_name = "FILE", env = "EDGE_AUTH_POLICY")]
    policy: PathBuf,
    /// The authorities of the listener that will serve it, as `serve` gets them
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,
}

#[derive(Serialize)]
struct CheckReport {
    file: String,
    /// The first digits of its digest, as audit events have it.
    digest: PolicyDigest,
    rules: usize,
    issuers: Vec<IssuerLine>,
    api_keys: Vec<String>,
    client_certs: Vec<ClientCertLine>,
    /// Blocks that no rule names, in the form of a rule: `jwt:corp`.
    unused: Vec<String>,
    /// Certificates that rules name, but that no request to the rule's path can present.
    unreachable_credentials: Vec<UnreachableCredential>,
    /// Rules that end responses, which has no effect behind the proxy of `[forward_auth]`.
    not_ended: Vec<String>,
    /// Settings that weaken the gate, and keys that cannot be used.
    weaknesses: Vec<String>,
    /// Recommended changes.
    advice: Vec<String>,
    /// The secrets and key files that a host must have, and whether this one has them.
    needs: Vec<Need>,
    administration: AdministrationReport,
    revocation: RevocationReport,
}

#[derive(Serialize)]
struct IssuerLine {
    name: String,
    issuer: String,
    algorithms: Vec<&'static str>,
    keys: String,
}

#[derive(Serialize)]
struct UnreachableCredential {
    rule: String,
    credential: String,
}

#[derive(Serialize)]
struct ClientCertLine {
    name: String,
    source: CertificateSource,
    /// Whether it pins fingerprints, without an authority.
    pinned: bool,
}

#[derive(Serialize)]
struct Need {
    what: String,
    found: bool,
    detail: Option<String>,
}

pub(super) fn run(args: CheckArgs, output: Output) -> Result<(), CommandError> {
    let file = PolicyFile::at(&args.policy);
    let policy = file.read()?;
    let secret_provider = file.secret_provider().with_client_ca(args.client_ca.as_deref());
    let needs = needs(&policy, &secret_provider);
    let mut notices = policy.weaknesses();
    if needs.iter().all(|need| need.found) {
        // Building a gate checks the content of secrets and files.
        let platform = NativePlatform::new(None, HttpKeySource::new()).dry_run();
        let built = Gate::new(
            policy.clone(),
            &secret_provider,
            Box::new(AwsLcRs),
            platform,
            &SystemRandomness,
        )?;
        notices.extend(built.1);
    }
    output.report(&CheckReport {
        file: args.policy.display().to_string(),
        digest: policy.digest(),
        rules: policy.rule_count(),
        issuers: policy
            .issuers()
            .zip(policy.issuer_fetch_files())
            .map(|(block, (_, files))| issuer(block, files))
            .collect(),
        api_keys: policy.api_key_blocks().map(str::to_owned).collect(),
        client_certs: policy
            .client_cert_blocks()
            .map(|(name, source, _)| ClientCertLine {
                name: name.to_owned(),
                source,
                pinned: policy.is_pinned(name),
            })
            .collect(),
        unused: policy.unused(),
        unreachable_credentials: policy
            .unreachable_credentials()
            .into_iter()
            .map(|(rule, credential)| UnreachableCredential { rule: rule.to_owned(), credential })
            .collect(),
        not_ended: match policy.forward_auth() {
            Some(_) => policy.answers_not_ended(),
            None => Vec::new(),
        },
        weaknesses: notices,
        advice: policy.advice(),
        needs,
        administration: AdministrationReport(policy.administration()),
        revocation: RevocationReport::of(&policy),
    })
}

fn issuer(
    (name, issuer, algorithms, keys): (&str, &str, &[edge_auth_token::Algorithm], &KeyOrigin),
    files: &FetchFiles,
) -> IssuerLine {
    let mut keys = match keys {
        KeyOrigin::Discovery(url) => format!("discovered at {url}"),
        KeyOrigin::Url(url) => format!("fetched from {url}"),
        KeyOrigin::File(path) => format!("in the file {}", path.display()),
        KeyOrigin::Inline(_) => "in the policy".to_owned(),
        KeyOrigin::Secret { name, encoding: SecretEncoding::Text } => {
            format!("shared secret {name}")
        }
        KeyOrigin::Secret { name, encoding: SecretEncoding::Base64 } => {
            format!("shared secret {name}, in base64")
        }
        KeyOrigin::Secret { name, encoding: SecretEncoding::Base64url } => {
            format!("shared secret {name}, in base64url")
        }
        KeyOrigin::Secret { name, encoding: SecretEncoding::Hex } => {
            format!("shared secret {name}, in hexadecimal")
        }
    };
    if let Some(path) = &files.ca_file {
        keys.push_str(&format!(", by the authorities of {}", path.display()));
    }
    if let Some(path) = &files.bearer_file {
        keys.push_str(&format!(", with the token of {}", path.display()));
    }
    let algorithms = algorithms.iter().map(|algorithm| algorithm.name()).collect();
    IssuerLine { name: name.to_owned(), issuer: issuer.to_owned(), algorithms, keys }
}

fn needs(policy: &Policy, secret_provider: &dyn SecretProvider) -> Vec<Need> {
    let secrets = policy.secret_names().into_iter().map(|name| {
        let detail = secret_provider.secret(name).err();
        Need { what: format!("secret {name}"), found: detail.is_none(), detail }
    });
    let files = policy.file_names().into_iter().map(|path| {
        let detail = secret_provider.file(path).err();
        Need { what: format!("file {}", path.display()), found: detail.is_none(), detail }
    });
    let listener = policy.wants_listener_authorities().then(|| {
        let detail = match secret_provider.client_ca() {
            Some(read) => read.err(),
            None => Some("name them with --client-ca, as for `serve`".to_owned()),
        };
        Need { what: "the listener's authorities".to_owned(), found: detail.is_none(), detail }
    });
    secrets.chain(files).chain(listener).collect()
}

impl Report for CheckReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let good = AnsiColor::Green.on_default().bold();
        let warn = AnsiColor::Yellow.on_default().bold();
        writeln!(
            out,
            "{}: {good}valid{good:#}, {}, default deny, digest {}",
            self.file,
            count(self.rules, "rule"),
            self.digest
        )?;
        for issuer in &self.issuers {
            let algorithms = issuer.algorithms.join(" ");
            writeln!(
                out,
                "  issuer {}: {}\n    keys {}; {algorithms}",
                issuer.name, issuer.issuer, issuer.keys
            )?;
        }
        for name in &self.api_keys {
            writeln!(out, "  api_key {name}")?;
        }
        for block in &self.client_certs {
            let pinned =
                if block.pinned { ", pinned by fingerprint, without an authority" } else { "" };
            writeln!(out, "  client_cert {}: by {}{pinned}", block.name, block.source)?;
        }
        if self.rules == 0 {
            writeln!(out, "{warn}no rule{warn:#}: every request is refused")?;
        }
        for name in &self.unused {
            writeln!(out, "{warn}unused{warn:#}: {name}: no rule requires it")?;
        }
        for UnreachableCredential { rule, credential } in &self.unreachable_credentials {
            writeln!(
                out,
                "{warn}unreachable{warn:#}: rule `{rule}` names {credential}, but a load balancer presents certificates only for \
                 /admin/v1"
            )?;
        }
        for notice in &self.not_ended {
            writeln!(out, "{warn}not ended{warn:#}: {notice}")?;
        }
        for weakness in &self.weaknesses {
            writeln!(out, "{warn}weakened{warn:#}: {weakness}")?;
        }
        for advice in &self.advice {
            writeln!(out, "{warn}warning{warn:#}: {advice}")?;
        }
        for need in self.needs.iter().filter(|need| !need.found) {
            let detail = need.detail.as_deref().unwrap_or_default();
            writeln!(out, "{warn}not here{warn:#}: {}: {detail}", need.what)?;
        }
        self.administration.human(out)?;
        self.revocation.human(out)
    }
}
