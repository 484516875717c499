//! `edge-auth token …`: shows a token without verifying it.

use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anstyle::AnsiColor;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;
use edge_auth::audit::rfc3339_text;
use edge_auth_token::{Timestamp, UnverifiedToken};
use serde::Serialize;
use serde_json::Value;

use crate::error::CommandError;
use crate::native::{now, read_bounded};
use crate::output::{Output, Report, printable, printable_lines};

/// The longest token that is shown, in bytes.
const MAX_BYTES: usize = 64 * 1024;

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Show a token's header and claims without verifying them
    Inspect {
        /// The token; without it, or with `-`, it is read from the standard input (which keeps it
        /// out of the process list)
        token: Option<String>,
        /// A file with the token
        #[arg(long, value_name = "FILE", conflicts_with = "token")]
        file: Option<PathBuf>,
    },
}

#[derive(Serialize)]
struct InspectReport {
    /// Always false: verification needs a policy and the issuer's keys. See `policy explain`.
    verified: bool,
    header: Value,
    claims: Value,
    /// The claims that are times, by name, as text for people.
    times: Vec<(String, String)>,
    expired: Option<bool>,
    bytes: usize,
    /// The reason for which every policy would refuse the token, if there is one.
    refused: Option<String>,
}

pub(crate) fn run(command: TokenCommand, output: Output) -> Result<(), CommandError> {
    let TokenCommand::Inspect { token, file } = command;
    let text = match (token.filter(|token| token != "-"), file) {
        (Some(token), _) => token,
        (None, file) => read(file.as_deref())?,
    };
    output.report(&inspect(text.trim())?)
}

/// Reads a token from a file; from the standard input if no file is given, or `-`.
pub(crate) fn read(file: Option<&Path>) -> Result<String, CommandError> {
    match file.filter(|file| *file != Path::new("-")) {
        None => from_input(),
        Some(file) => {
            let bytes = read_bounded(file, MAX_BYTES as u64).map_err(CommandError::Host)?;
            String::from_utf8(bytes)
                .map_err(|_| malformed("the file has no token: it is not UTF-8"))
        }
    }
}

fn from_input() -> Result<String, CommandError> {
    if io::stdin().is_terminal() {
        // Only a person needs the prompt.
        let _ = writeln!(anstream::stderr().lock(), "Paste the token, then press Ctrl-D:");
    }
    let mut text = String::new();
    let read = io::stdin().lock().take(MAX_BYTES as u64 + 1).read_to_string(&mut text);
    read.map_err(|error| {
        CommandError::host(format!("the standard input cannot be read: {error}"))
    })?;
    Ok(text)
}

fn inspect(text: &str) -> Result<InspectReport, CommandError> {
    if text.len() > MAX_BYTES {
        return Err(malformed("the token is longer than 64 KiB"));
    }
    let text = text.strip_prefix("Bearer ").unwrap_or(text);
    let mut parts = text.split('.');
    let (Some(header), Some(claims), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed(
            "the token does not have three parts separated by dots, as a signed token has",
        ));
    };
    let decode = |part: &str, what: &str| -> Result<Value, CommandError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|_| malformed(&format!("the {what} is not base64url")))?;
        serde_json::from_slice(&bytes)
            .map_err(|error| malformed(&format!("the {what} is not JSON: {error}")))
    };
    let (header, claims) = (decode(header, "header")?, decode(claims, "payload")?);
    let time =
        |name: &str| claims.get(name).and_then(Value::as_f64).filter(|seconds| *seconds >= 0.0);
    // The cast saturates, which is good enough for a time that far away.
    let at = |seconds: f64| Timestamp::from_seconds(seconds as u64);
    let times = ["iat", "nbf", "exp", "auth_time"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), rfc3339_text(at(time(name)?)))))
        .collect();
    let expired = time("exp").map(|seconds| at(seconds) <= now());
    let refused = UnverifiedToken::parse(text, MAX_BYTES).err().map(|error| error.to_string());
    Ok(InspectReport {
        verified: false,
        header,
        claims,
        times,
        expired,
        bytes: text.len(),
        refused,
    })
}

fn malformed(message: &str) -> CommandError {
    CommandError::Refused { code: "token_malformed".into(), message: message.to_owned() }
}

impl Report for InspectReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let warn = AnsiColor::Yellow.on_default().bold();
        writeln!(
            out,
            "{warn}NOT VERIFIED{warn:#}: anyone could have written this. {} bytes.",
            self.bytes
        )?;
        writeln!(out, "header  {}", pretty(&self.header))?;
        writeln!(out, "claims  {}", pretty(&self.claims))?;
        for (name, time) in &self.times {
            let note = if name == "exp" && self.expired == Some(true) { "  (expired)" } else { "" };
            writeln!(out, "{name:<10}{time}{note}")?;
        }
        match &self.refused {
            Some(reason) => writeln!(out, "{warn}would be refused{warn:#}: {}", printable(reason)),
            None => Ok(()),
        }
    }
}

/// Formats JSON for a terminal, without the control characters that JSON does not escape.
fn pretty(value: &Value) -> String {
    printable_lines(&serde_json::to_string_pretty(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_is_shown_without_its_signature() {
        let report = inspect(&token(r#"{"alg":"RS256"}"#, r#"{"iss":"a","exp":1}"#)).unwrap();
        assert_eq!(report.claims["iss"], "a");
        assert_eq!(report.expired, Some(true));
        assert_eq!(report.times, [("exp".to_owned(), "1970-01-01T00:00:01.000Z".to_owned())]);
        assert!(!serde_json::to_string(&report).unwrap().contains("c2ln"));
    }

    #[test]
    fn a_token_that_no_signature_could_save_says_why() {
        let report = inspect(&token(r#"{"alg":"none"}"#, r#"{"iss":"a"}"#)).unwrap();
        assert!(report.refused.unwrap().contains("none"));
    }

    #[test]
    fn a_text_that_is_not_a_token_is_refused() {
        for text in ["", "a.b", "a.b.c.d", "!.e30.x", "e30.e30", &"a".repeat(MAX_BYTES + 1)] {
            assert!(inspect(text).is_err(), "{text:.20}");
        }
    }
}
