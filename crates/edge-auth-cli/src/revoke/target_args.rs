//! The target of a revocation, as command-line arguments.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use edge_auth::audit::rfc3339_text;
use edge_auth::certificate::CertificateNames;
use edge_auth_control::{RevocationKind, RevocationRequest};
use edge_auth_token::UnverifiedToken;

use super::crl::CrlArgs;
use crate::error::CommandError;
use crate::native::now;
use crate::serve::certificates;

/// The longest token that a policy can allow, in bytes.
const MAX_TOKEN_BYTES: usize = 64 * 1024;
/// The largest `clock_skew` that a policy can allow.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(300);

#[derive(Debug, Subcommand)]
pub(super) enum TargetArgs {
    /// One token, from a file or by its `jti`
    Token {
        /// A file with the token, which has the issuer, the `jti` and the expiry; `-` is the
        /// standard input
        #[arg(long, value_name = "FILE", conflicts_with_all = ["issuer", "id"], required_unless_present = "id")]
        file: Option<PathBuf>,
        /// The issuer: its name in the policy, or its `iss`
        #[arg(long, requires = "id")]
        issuer: Option<String>,
        /// The token's `jti` (`edge-auth token inspect` shows it)
        #[arg(long, requires = "issuer")]
        id: Option<String>,
    },
    /// All tokens about a subject that were issued before a time
    Subject {
        /// The issuer: its name in the policy, or its `iss`
        #[arg(long)]
        issuer: String,
        /// The `sub`
        #[arg(long)]
        subject: String,
        /// The time: 2027-01-31, or 2027-01-31T12:00:00Z [default: all that are good now, also
        /// with an `iat` in the future]
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
        /// The time [default: all that are good now, also with an `iat` in the future]
        #[arg(long, value_name = "WHEN")]
        before: Option<String>,
    },
    /// All tokens of an issuer that were issued before a time
    Issuer {
        /// The issuer: its name in the policy, or its `iss`
        #[arg(long)]
        issuer: String,
        /// The time [default: all that are good now, also with an `iat` in the future]
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
    /// All tokens that a key signed
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

/// One certificate, by one of three identifiers.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct CertificateArgs {
    /// The certificate itself (PEM): by its SHA-256, and by its issuer and serial number
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fingerprint", "serial"])]
    file: Option<PathBuf>,
    /// Its SHA-256, hexadecimal; not enough where the platform reports only fingerprints
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
    /// Makes the requests for this target: one, or one for each identifier of a certificate.
    pub(super) fn requests(self, reason: &str) -> Result<Vec<RevocationRequest>, CommandError> {
        let request = |kind| RevocationRequest::new(kind, reason);
        let one = match self {
            Self::Token { file: Some(file), .. } => {
                let token = TokenToRevoke::read(&file)?;
                RevocationRequest {
                    issuer: Some(token.issuer),
                    id: Some(token.id),
                    expires: token.expires,
                    ..request(RevocationKind::Token)
                }
            }
            Self::Token { file: None, issuer, id } => {
                RevocationRequest { issuer, id, ..request(RevocationKind::Token) }
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
            Self::Issuer { issuer, before } => RevocationRequest {
                issuer: Some(issuer),
                before,
                ..request(RevocationKind::Issuer)
            },
            Self::Session { issuer, id } => RevocationRequest {
                issuer: Some(issuer),
                id: Some(id),
                ..request(RevocationKind::Session)
            },
            Self::SigningKey { issuer, id } => RevocationRequest {
                issuer: Some(issuer),
                id: Some(id),
                ..request(RevocationKind::SigningKey)
            },
            Self::ApiKey { id } => {
                RevocationRequest { id: Some(id), ..request(RevocationKind::ApiKey) }
            }
            Self::Certificate(CertificateArgs { file, fingerprint, serial, issuer }) => {
                match (file, serial) {
                    (Some(file), _) => return of_file(&file, reason),
                    (None, Some(serial)) => RevocationRequest {
                        issuer,
                        serial: Some(serial),
                        ..request(RevocationKind::CertificateSerial)
                    },
                    (None, None) => {
                        RevocationRequest { fingerprint, ..request(RevocationKind::Certificate) }
                    }
                }
            }
            Self::Crl(_) => {
                return Err(CommandError::Usage(
                    "a revocation list is imported, not revoked".to_owned(),
                ));
            }
        };
        Ok(vec![one])
    }
}

/// The claims of an unverified token: an administrator may revoke any token.
struct TokenToRevoke {
    issuer: String,
    id: String,
    /// The expiry, plus the largest `clock_skew` of any policy.
    expires: Option<String>,
}

impl TokenToRevoke {
    fn read(file: &Path) -> Result<Self, CommandError> {
        let refused =
            |message: String| CommandError::Refused { code: "token_malformed".into(), message };
        let text = crate::token::read(Some(file))?;
        let text = text.trim();
        let text = text.strip_prefix("Bearer ").unwrap_or(text).trim();
        let token = UnverifiedToken::parse(text, MAX_TOKEN_BYTES)
            .map_err(|error| refused(error.to_string()))?;
        let claims = token.unverified_claims();
        let issuer = claims.issuer().ok_or_else(|| {
            refused("the token has no `iss`: revoke it by --issuer and --id".to_owned())
        })?;
        let id = claims.token_id().filter(|id| !id.is_empty()).ok_or_else(|| {
            let other =
                "revoke its subject or its session instead (`revoke subject`, `revoke session`)";
            refused(format!("the token has no `jti`, which would identify it: {other}"))
        })?;
        let good_until = claims.expires_at().map(|at| at.plus(MAX_CLOCK_SKEW));
        if good_until.is_some_and(|until| until <= now()) {
            return Err(refused("the token has expired, so it need not be revoked".to_owned()));
        }
        let expires = good_until.map(rfc3339_text);
        Ok(Self { issuer: issuer.to_owned(), id: id.to_owned(), expires })
    }
}

/// Makes the requests for the first certificate of a file, the client's own: by its fingerprint,
/// and by its issuer and serial number, which are the same in every encoding.
fn of_file(file: &Path, reason: &str) -> Result<Vec<RevocationRequest>, CommandError> {
    let read = certificates(file)?;
    let own = read
        .first()
        .ok_or_else(|| CommandError::host(format!("{}: has no certificate", file.display())))?;
    let names = CertificateNames::read(own).map_err(|reason| {
        let file = file.display();
        CommandError::host(format!(
            "{file}: {reason}; no host accepts the certificate in this form. Revoke the original by --issuer and --serial"
        ))
    })?;
    let CertificateNames { fingerprint, serial, issuer, .. } = names;
    let request = |kind| RevocationRequest::new(kind, reason);
    let mut requests = vec![RevocationRequest {
        fingerprint: Some(fingerprint),
        ..request(RevocationKind::Certificate)
    }];
    if issuer.is_some() {
        let serial = Some(serial);
        requests.push(RevocationRequest {
            issuer,
            serial,
            ..request(RevocationKind::CertificateSerial)
        });
    }
    Ok(requests)
}
