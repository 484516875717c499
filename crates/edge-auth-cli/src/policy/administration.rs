//! The administrators in the report of `policy check`.

use std::io::{self, Write};

use anstyle::AnsiColor;
use edge_auth::policy::{Administration, Administrator};
use serde::Serialize;

/// The administrators; `None` if administration is off.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct AdministrationReport(pub Option<Administration>);

impl AdministrationReport {
    pub(super) fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let warn = AnsiColor::Yellow.on_default().bold();
        let Some(administration) = &self.0 else {
            return writeln!(out, "administration over HTTP is off: the policy has no `[admin]`");
        };
        if administration.bootstrap_secret {
            writeln!(out, "administrators: the bootstrap secret, with all permissions")?;
        }
        for Administrator { rule, credential, scopes, .. } in &administration.administrators {
            let scopes: Vec<_> = scopes.iter().map(|scope| scope.name()).collect();
            writeln!(
                out,
                "administrators: {credential} by rule `{rule}`, if granted by name: {}",
                scopes.join(" ")
            )?;
        }
        if !administration.bootstrap_secret && administration.administrators.is_empty() {
            writeln!(
                out,
                "{warn}no administrator{warn:#}: the policy has `[admin]`, but no rule allows its requests"
            )?;
        }
        for rule in &administration.closed_rules {
            writeln!(
                out,
                "{warn}closed{warn:#}: rule `{rule}` cannot allow administration: its `scopes` lack the `edge-auth:…` \
                 scopes that its requests need"
            )?;
        }
        Ok(())
    }
}
