//! A key, as it is shown.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use edge_auth::admin::KeyResponse;
use edge_auth::api_key::{ApiKey, PlaintextKey};
use serde::Serialize;

use crate::native::now;
use crate::output::{Report, printable};

/// One key; with its text if it was made just now.
#[derive(Serialize)]
pub(super) struct KeyReport {
    key: KeyResponse,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl KeyReport {
    pub(super) fn of(key: &ApiKey) -> Self {
        Self { key: KeyResponse::new(key, now()), secret: None }
    }

    /// Says what to do if the text of a key did not arrive.
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
            writeln!(out, "This is shown once and kept nowhere: hand it over now.\n")?;
        }
        let mut line = |name: &str, value: &str| writeln!(out, "{name:<18}{value}");
        line("id", &printable(&key.id))?;
        line("block", &printable(&key.block))?;
        let style = state_style(key.state);
        line("state", &format!("{style}{}{style:#}", key.state))?;
        let optional = [
            ("label", &key.label),
            ("owner", &key.owner),
            ("environment", &key.environment),
            ("old secret until", &key.previous_secret_until),
            ("revoked", &key.revoked_at),
            ("because", &key.revoked_because),
        ];
        line("scopes", &scopes(key))?;
        line("created", &key.created_at)?;
        line("expires", key.expires_at.as_deref().unwrap_or("never"))?;
        for (name, value) in optional {
            if let Some(value) = value {
                line(name, &printable(value))?;
            }
        }
        if !key.networks.is_empty() {
            line("networks", &key.networks.join(", "))?;
        }
        for (name, value) in &key.metadata {
            line("metadata", &format!("{} = {}", printable(name), printable(value)))?;
        }
        Ok(())
    }
}

pub(super) fn scopes(key: &KeyResponse) -> String {
    key.scopes.as_ref().map_or_else(|| "all".to_owned(), |scopes| scopes.join(" "))
}

pub(super) fn state_style(state: &str) -> Style {
    match state {
        "active" => AnsiColor::Green.on_default(),
        "revoked" => AnsiColor::Red.on_default(),
        _ => AnsiColor::Yellow.on_default(),
    }
}
