//! What is revoked, as it is written on the command line.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use edge_auth::admin::{RevocationKind, RevocationRequest};
use edge_auth::certificate::CertificateNames;

use super::list::CrlArgs;
use crate::error::CommandError;
use crate::serve::certificates;

#[derive(Debug, Subcommand)]
pub(super) enum TargetArgs {
    /// One token, by its `jti`
    Token {
        /// The issuer: its name in the policy, or its `iss`
        #[arg(long)]
        issuer: String,
        /// The token's `jti` (`edge-auth token inspect` shows it)
        #[arg(long)]
        id: String,
    },
    /// All tokens about a subject that were issued before a time
    Subject {
        /// The issuer: its name in the policy, or its `iss`
        #[arg(long)]
        issuer: String,
        /// The `sub`
        #[arg(long)]
        subject: String,
        /// The time: 2027-01-31, or 2027-01-31T12:00:00Z [default: all that are good now, with an `iat` that is ahead, too]
        #[arg(long, value_name = "WHEN")]
        before: Option<String>,
    },
    /// All tokens of a client that were issued before a time
    Client {
        /// The issuer: its name in the policy, or its `iss`
        #[arg(long)]
        issuer: String,
        /// The client
        #[arg(long)]
        client: String,
        /// The time [default: all that are good now, with an `iat` that is ahead, too]
        #[arg(long, value_name = "WHEN")]
        before: Option<String>,
    },
    /// All tokens of an issuer that were issued before a time
    Issuer {
        /// The issuer: its name in the policy, or its `iss`
        #[arg(long)]
        issuer: String,
        /// The time [default: all that are good now, with an `iat` that is ahead, too]
        #[arg(long, value_name = "WHEN")]
        before: Option<String>,
    },
    /// All tokens of a session
    Session {
        /// The issuer: its name in the policy, or its `iss`
        #[arg(long)]
        issuer: String,
        /// The `sid`
        #[arg(long)]
        id: String,
    },
    /// All tokens that were signed with a key
    SigningKey {
        /// The issuer: its name in the policy, or its `iss`
        #[arg(long)]
        issuer: String,
        /// The `kid`
        #[arg(long)]
        id: String,
    },
    /// One API key, for good; the same as `keys revoke`
    ApiKey {
        /// The key's id
        #[arg(long)]
        id: String,
    },
    /// One certificate, and those that it issued
    Certificate(CertificateArgs),
    /// All certificates in the revocation list of an authority
    Crl(CrlArgs),
}

/// One certificate, by one of three names.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct CertificateArgs {
    /// The certificate itself (PEM): by its SHA-256, and by its issuer and serial number
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fingerprint", "serial"])]
    file: Option<PathBuf>,
    /// Its SHA-256, hexadecimal; alone it does not hold where a platform tells fingerprints only
    #[arg(long, value_name = "HEX", conflicts_with = "serial")]
    fingerprint: Option<String>,
    /// Its serial number, hexadecimal
    #[arg(long, value_name = "HEX", requires = "issuer")]
    serial: Option<String>,
    /// Its issuer's name, as in `CN=Devices CA,O=Example`
    #[arg(long, value_name = "NAME", requires = "serial")]
    issuer: Option<String>,
}

impl TargetArgs {
    /// What is to be entered for this reason: one thing, or a certificate by all of its names.
    pub(super) fn requests(self, reason: &str) -> Result<Vec<RevocationRequest>, CommandError> {
        let request = |kind| RevocationRequest::new(kind, reason);
        let one = match self {
            Self::Token { issuer, id } => {
                RevocationRequest { issuer: Some(issuer), id: Some(id), ..request(RevocationKind::Token) }
            }
            Self::Subject { issuer, subject, before } => RevocationRequest {
                issuer: Some(issuer),
                subject: Some(subject),
                before,
                ..request(RevocationKind::Subject)
            },
            Self::Client { issuer, client, before } => RevocationRequest {
                issuer: Some(issuer),
                client: Some(client),
                before,
                ..request(RevocationKind::Client)
            },
            Self::Issuer { issuer, before } => {
                RevocationRequest { issuer: Some(issuer), before, ..request(RevocationKind::Issuer) }
            }
            Self::Session { issuer, id } => {
                RevocationRequest { issuer: Some(issuer), id: Some(id), ..request(RevocationKind::Session) }
            }
            Self::SigningKey { issuer, id } => RevocationRequest {
                issuer: Some(issuer),
                id: Some(id),
                ..request(RevocationKind::SigningKey)
            },
            Self::ApiKey { id } => RevocationRequest { id: Some(id), ..request(RevocationKind::ApiKey) },
            Self::Certificate(CertificateArgs { file, fingerprint, serial, issuer }) => {
                match (file, serial) {
                    (Some(file), _) => return of_file(&file, reason),
                    (None, Some(serial)) => RevocationRequest {
                        issuer,
                        serial: Some(serial),
                        ..request(RevocationKind::CertificateSerial)
                    },
                    (None, None) => RevocationRequest { fingerprint, ..request(RevocationKind::Certificate) },
                }
            }
            Self::Crl(_) => {
                return Err(CommandError::Usage("a list is imported, and not revoked".to_owned()));
            }
        };
        Ok(vec![one])
    }
}

/// The first certificate of a file, which is the client's own: by its fingerprint, and by what no
/// encoding changes.
fn of_file(file: &Path, reason: &str) -> Result<Vec<RevocationRequest>, CommandError> {
    let read = certificates(file)?;
    let own =
        read.first().ok_or_else(|| CommandError::host(format!("{}: no certificate", file.display())))?;
    let names = CertificateNames::read(own).map_err(|reason| {
        let file = file.display();
        CommandError::host(format!(
            "{file}: {reason}; no host accepts it in these bytes. To revoke the original: --issuer and --serial"
        ))
    })?;
    let CertificateNames { fingerprint, serial, issuer, .. } = names;
    let request = |kind| RevocationRequest::new(kind, reason);
    let mut requests =
        vec![RevocationRequest { fingerprint: Some(fingerprint), ..request(RevocationKind::Certificate) }];
    if issuer.is_some() {
        let serial = Some(serial);
        requests.push(RevocationRequest { issuer, serial, ..request(RevocationKind::CertificateSerial) });
    }
    Ok(requests)
}
