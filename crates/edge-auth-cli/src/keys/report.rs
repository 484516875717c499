//! The report of a key.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use edge_auth_control::KeyResponse;
use edge_auth_control::bodies::IssuedKeyBody;
use serde::Serialize;

use crate::error::CommandError;
use crate::output::{Output, Report, printable};
use crate::revoke::wait::Waited;

/// One key, with its text if it was made just now.
#[derive(Serialize)]
pub(super) struct KeyReport {
    key: KeyResponse,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waited: Option<Waited>,
}

impl KeyReport {
    pub(super) fn of(key: KeyResponse) -> Self {
        Self { key, secret: None, waited: None }
    }

    /// Reports a revoked key, and how the wait for its refusal ended.
    pub(super) fn waited(key: KeyResponse, waited: Option<Waited>) -> Self {
        Self { waited, ..Self::of(key) }
    }

    /// Shows a key with its text, which is stored nowhere.
    pub(super) fn deliver(issued: IssuedKeyBody<'_>, output: Output) -> Result<(), CommandError> {
        let IssuedKeyBody { key, secret } = issued;
        let lost = format!(
            "the key {} has a new secret that could not be shown: rotate or revoke it",
            printable(&key.id)
        );
        output.deliver(&Self { secret: Some(secret.into_owned()), ..Self::of(key) }, &lost)
    }
}

impl Report for KeyReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let key = &self.key;
        let bold = Style::new().bold();
        if let Some(secret) = &self.secret {
            writeln!(out, "{bold}{}{bold:#}", printable(secret))?;
            writeln!(out, "This is shown once and not stored: copy it now.\n")?;
        }
        line(out, "id", &printable(&key.id))?;
        line(out, "block", &printable(&key.block))?;
        let style = state_style(&key.state);
        line(out, "state", &format!("{style}{}{style:#}", printable(&key.state)))?;
        let optional = [
            ("label", &key.label),
            ("owner", &key.owner),
            ("tenant", &key.tenant),
            ("environment", &key.environment),
            ("old secret until", &key.previous_secret_until),
            ("revoked", &key.revoked_at),
            ("because", &key.revoked_because),
        ];
        line(out, "scopes", &scopes(key))?;
        line(out, "created", &printable(&key.created_at))?;
        line(out, "expires", &printable(key.expires_at.as_deref().unwrap_or("never")))?;
        for (name, value) in optional {
            if let Some(value) = value {
                line(out, name, &printable(value))?;
            }
        }
        if !key.networks.is_empty() {
            line(out, "networks", &printable(&key.networks.join(", ")))?;
        }
        for (name, value) in &key.metadata {
            line(out, "metadata", &format!("{} = {}", printable(name), printable(value)))?;
        }
        match &self.waited {
            Some(waited) => waited.human(out),
            None => Ok(()),
        }
    }
}

fn line(out: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "{name:<18}{value}")
}

/// Returns the scopes of a key, or `all`.
pub(super) fn scopes(key: &KeyResponse) -> String {
    match &key.scopes {
        Some(scopes) => printable(&scopes.join(" ")),
        None => "all".to_owned(),
    }
}

pub(super) fn state_style(state: &str) -> Style {
    match state {
        "active" => AnsiColor::Green.on_default(),
        "revoked" => AnsiColor::Red.on_default(),
        _ => AnsiColor::Yellow.on_default(),
    }
}
