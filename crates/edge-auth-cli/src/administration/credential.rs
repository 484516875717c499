//! The administrator's credential for a host: from the environment or a file, never from the
//! command line, where other users of the machine see it.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use edge_auth_native::TlsSettings;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};

use crate::error::CommandError;
use crate::serve::{certificates, private_key};

/// The environment variable with the credential.
const VARIABLE: &str = "EDGE_AUTH_ADMIN_CREDENTIAL";
/// The field that stands for `Authorization` beside a signature.
const BESIDE_A_SIGNATURE: HeaderName = HeaderName::from_static("x-edge-auth-authorization");
/// The largest credential, in bytes.
const MAX_BYTES: u64 = 16 * 1024;

/// How a command identifies itself to a host, and the host to it.
#[derive(Debug, Default, Args)]
pub(super) struct CredentialArgs {
    /// For a host: the file with the API key or token of the administrator, `-` for the standard
    /// input [default: the environment variable EDGE_AUTH_ADMIN_CREDENTIAL]
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        env = "EDGE_AUTH_ADMIN_CREDENTIAL_FILE",
        hide_env_values = true
    )]
    credential_file: Option<PathBuf>,
    /// For a host: the header field that the credential is sent in [default: Authorization, after
    /// `Bearer`; X-Edge-Auth-Authorization to the Function URL of a Lambda function, which needs
    /// Authorization for its own signature]
    #[arg(
        long,
        value_name = "NAME",
        global = true,
        env = "EDGE_AUTH_ADMIN_CREDENTIAL_HEADER",
        hide_env_values = true
    )]
    credential_header: Option<String>,
    /// For a host: the only authorities that the command trusts (PEM), in place of this machine's
    #[arg(long, value_name = "FILE", global = true)]
    host_ca: Option<PathBuf>,
    /// For a host: the certificates of the administrator (PEM), its own first
    #[arg(long, value_name = "FILE", global = true, requires = "host_key")]
    host_cert: Option<PathBuf>,
    /// For a host: the private key of --host-cert (PEM)
    #[arg(long, value_name = "FILE", global = true, requires = "host_cert")]
    host_key: Option<PathBuf>,
}

/// A header field with the credential.
pub(super) type Credential = (HeaderName, HeaderValue);

impl CredentialArgs {
    /// Reads the credential; `None` if only a certificate identifies the administrator. `signs`
    /// says whether `Authorization` is needed for a signature.
    pub(super) fn credential(&self, signs: bool) -> Result<Option<Credential>, CommandError> {
        let text = match (&self.credential_file, std::env::var_os(VARIABLE)) {
            (Some(path), _) => read(path)?,
            (None, Some(value)) if !value.is_empty() => value
                .into_string()
                .map_err(|_| CommandError::Usage(format!("{VARIABLE} is not UTF-8 text")))?,
            (None, Some(_) | None) if self.host_cert.is_some() => return Ok(None),
            (None, Some(_) | None) => {
                return Err(CommandError::Usage(format!(
                    "the host asks who you are: put an API key or token that may administer into \
                     {VARIABLE}, or into a file for --credential-file"
                )));
            }
        };
        let text = text.trim();
        let text = text.strip_prefix("Bearer ").unwrap_or(text).trim_start();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CommandError::Usage(
                "the credential is not one line of visible ASCII characters".to_owned(),
            ));
        }
        let name = self.header(signs)?;
        let is_authorization = name == AUTHORIZATION || name == BESIDE_A_SIGNATURE;
        let value = if is_authorization { format!("Bearer {text}") } else { text.to_owned() };
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| CommandError::Usage("the credential cannot be sent".to_owned()))?;
        value.set_sensitive(true);
        Ok(Some((name, value)))
    }

    fn header(&self, signs: bool) -> Result<HeaderName, CommandError> {
        let name = match (&self.credential_header, signs) {
            (Some(name), _) => HeaderName::try_from(name.as_str()).map_err(|_| {
                CommandError::Usage("--credential-header: write the name of a field".to_owned())
            })?,
            (None, true) => BESIDE_A_SIGNATURE,
            (None, false) => AUTHORIZATION,
        };
        if signs && name == AUTHORIZATION {
            return Err(CommandError::Usage(
                "--credential-header: the Function URL needs `Authorization` for its own \
                 signature: leave the option out, or name the field of your API keys"
                    .to_owned(),
            ));
        }
        Ok(name)
    }

    /// Reads whom the command trusts, and its certificate.
    pub(super) fn tls(&self) -> Result<TlsSettings, CommandError> {
        let authorities = match &self.host_ca {
            Some(path) => certificates(path)?,
            None => Vec::new(),
        };
        let certificate = match (&self.host_cert, &self.host_key) {
            (Some(chain), Some(key)) => Some((certificates(chain)?, private_key(key)?)),
            _ => None,
        };
        Ok(TlsSettings { authorities, certificate })
    }

    /// Refuses what is for a host where a store is named: it was meant to go elsewhere. What the
    /// environment has for other commands does not matter.
    pub(super) fn refuse_for_a_store(&self) -> Result<(), CommandError> {
        if self.host_ca.is_some() || self.host_cert.is_some() {
            return Err(CommandError::Usage(
                "--host-ca and --host-cert are for a host: --store https://HOST".to_owned(),
            ));
        }
        Ok(())
    }
}

/// Reads the file, which others must not be able to read.
fn read(path: &Path) -> Result<String, CommandError> {
    let shown = path.display();
    let failed = |error| CommandError::Host(format!("{shown} cannot be read: {error}"));
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(MAX_BYTES).read_to_string(&mut text).map_err(failed)?;
        return Ok(text);
    }
    let file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    // A pipe, as of `<(pass show admin)`, belongs to its process.
    if about.is_file() && about.permissions().mode() & 0o007 != 0 {
        return Err(CommandError::Usage(format!(
            "--credential-file: every user of this machine can use {shown}: chmod 600 it, and \
             replace the credential if others may have read it"
        )));
    }
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn with_file(path: &Path) -> CredentialArgs {
        CredentialArgs { credential_file: Some(path.to_owned()), ..CredentialArgs::default() }
    }

    fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn a_credential_of_a_file_is_a_bearer_token_and_its_debug_does_not_show_it() {
        for text in ["acme_live_key", "acme_live_key\n", "  Bearer acme_live_key \r\n"] {
            let file = file(text, 0o600);
            let (name, value) = with_file(file.path()).credential(false).unwrap().unwrap();
            assert_eq!((name, value.to_str().unwrap()), (AUTHORIZATION, "Bearer acme_live_key"));
            assert!(!format!("{value:?}").contains("acme"));
        }
    }

    #[test]
    fn a_signed_request_has_the_credential_beside_the_signature() {
        let file = file("acme_live_key", 0o400);
        let (name, value) = with_file(file.path()).credential(true).unwrap().unwrap();
        assert_eq!((name, value.to_str().unwrap()), (BESIDE_A_SIGNATURE, "Bearer acme_live_key"));
        for (header, signs, is_good) in [
            ("X-Corp-Key", true, true),
            ("X-Corp-Key", false, true),
            ("authorization", true, false),
            ("authorization", false, true),
            ("not a name", false, false),
        ] {
            let args = CredentialArgs {
                credential_header: Some(header.to_owned()),
                ..with_file(file.path())
            };
            assert_eq!(args.credential(signs).is_ok(), is_good, "{header} {signs}");
        }
    }

    #[test]
    fn a_file_that_others_can_read_or_write_is_refused() {
        for mode in [0o644, 0o606, 0o602, 0o604, 0o666] {
            let file = file("acme_live_key", mode);
            let error = with_file(file.path()).credential(false).unwrap_err().to_string();
            assert!(
                error.contains("chmod 600") && !error.contains("acme_live"),
                "{mode:o}: {error}"
            );
        }
        for mode in [0o600, 0o400, 0o640] {
            assert!(with_file(file("x", mode).path()).credential(false).is_ok(), "{mode:o}");
        }
    }

    #[test]
    fn what_is_not_a_credential_is_refused_and_not_repeated() {
        for text in ["", " \n", "two words", "line\nbreak", "smörgås"] {
            let file = file(text, 0o600);
            let error = with_file(file.path()).credential(false).unwrap_err().to_string();
            assert!(error.contains("visible ASCII"), "{text:?}: {error}");
            assert!(!error.contains("words"), "{error}");
        }
    }
}
