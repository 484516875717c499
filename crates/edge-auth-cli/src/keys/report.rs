//! The report of a key.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use edge_auth::api_key::{ApiKey, PlaintextKey};
use edge_auth_control::KeyResponse;
use serde::Serialize;

use crate::native::now;
use crate::output::{Report, printable};
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
    pub(super) fn of(key: &ApiKey) -> Self {
        Self { key: KeyResponse::new(key, now()), secret: None, waited: None }
    }

    /// Reports a revoked key, and how the wait for its refusal ended.
    pub(super) fn waited(key: &ApiKey, waited: Option<Waited>) -> Self {
        Self { waited, ..Self::of(key) }
    }

    /// Returns the error for a key whose text could not be shown.
    pub(super) fn lost(key: &ApiKey) -> String {
        format!(
            "the key {} has a new secret that could not be shown: rotate or revoke it",
            key.id()
        )
    }

    pub(super) fn with_text(key: &ApiKey, text: &PlaintextKey) -> Self {
        Self { secret: Some(text.expose().to_owned()), ..Self::of(key) }
    }
}

impl Report for KeyReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let key = &self.key;
        let bold = Style::new().bold();
        if let Some(secret) = &self.secret {
            writeln!(out, "{bold}{secret}{bold:#}")?;
            writeln!(out, "This is shown once and not stored: copy it now.\n")?;
        }
        line(out, "id", &printable(&key.id))?;
        line(out, "block", &printable(&key.block))?;
        let style = state_style(key.state);
        line(out, "state", &format!("{style}{}{style:#}", key.state))?;
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
        line(out, "created", &key.created_at)?;
        line(out, "expires", key.expires_at.as_deref().unwrap_or("never"))?;
        for (name, value) in optional {
            if let Some(value) = value {
                line(out, name, &printable(value))?;
            }
        }
        if !key.networks.is_empty() {
            line(out, "networks", &key.networks.join(", "))?;
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
        Some(scopes) => scopes.join(" "),
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
