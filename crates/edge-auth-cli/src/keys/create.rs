//! `keys create`.

use clap::Args;
use edge_auth_control::CreateKeyRequest;

use super::report::KeyReport;
use crate::administration::Administration;
use crate::error::CommandError;
use crate::output::Output;

/// The arguments of `keys create`.
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    #[command(flatten)]
    terms: TermsArgs,
}

/// The terms of a new or imported key.
#[derive(Debug, Args)]
pub(super) struct TermsArgs {
    /// The `[[api_key]]` block that the key belongs to [default: the only one]
    #[arg(long, value_name = "NAME")]
    block: Option<String>,
    /// A scope of the key; repeat it, or separate several with commas
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    scopes: Vec<String>,
    /// Give the key every scope, except those of administration
    #[arg(long, conflicts_with = "scopes")]
    all_scopes: bool,
    /// When the key expires: 90d, 2027-01-31, or 2027-01-31T12:00:00Z
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// The key never expires
    #[arg(long, conflicts_with = "expires")]
    never_expires: bool,
    /// A network that the key may be used from (CIDR); repeat it, or separate several with commas
    #[arg(long = "network", value_name = "CIDR", value_delimiter = ',')]
    networks: Vec<String>,
    /// A name for the key
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// The owner of the key
    #[arg(long, value_name = "WHO")]
    owner: Option<String>,
    /// The tenant that the key belongs to, for rules with `tenants`
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// Other information about the key; repeat it
    #[arg(long = "metadata", value_name = "NAME=VALUE", value_parser = name_and_value)]
    metadata: Vec<(String, String)>,
}

impl CreateArgs {
    /// Returns the required arguments that are missing.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        self.terms.missing()
    }
}

impl TermsArgs {
    /// Returns the required arguments that are missing.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if self.expires.is_none() && !self.never_expires {
            missing.push("--expires WHEN, or --never-expires");
        }
        if self.scopes.is_empty() && !self.all_scopes {
            missing.push("--scope SCOPE, or --all-scopes");
        }
        missing
    }

    pub(super) fn request(self) -> CreateKeyRequest {
        CreateKeyRequest {
            block: self.block.unwrap_or_default(),
            label: self.label,
            owner: self.owner,
            tenant: self.tenant,
            scopes: self.scopes,
            all_scopes: self.all_scopes,
            expires: self.expires,
            never_expires: self.never_expires,
            networks: self.networks,
            metadata: self.metadata.into_iter().collect(),
        }
    }
}

pub(super) async fn run(
    args: CreateArgs,
    admin: &Administration,
    output: Output,
) -> Result<(), CommandError> {
    KeyReport::deliver(admin.create_key(args.terms.request()).await?, output)
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
