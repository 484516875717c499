//! `edge-auth demo`: an API, an issuer, and the gate between you and them, with calls to paste.

mod api;
mod calls;
mod folder;
mod issuer;
mod policy;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use crate::error::CommandError;
use crate::native::PolicyFile;
use crate::output::{Output, Report};
use crate::sandbox::{SandboxSecrets, Signer};
use crate::serve::{
    AuditLog, HttpKeySource, Limits, NativePlatform, OperatorLog, Planes, Server, Upstream,
    listener, stop,
};
use crate::store::{AnyReader, AnyStore, SqliteStore};
use calls::Call;
use folder::Folder;

/// The port of the gate, if it is free.
const PORT: u16 = 8787;

#[derive(Debug, Default, Args)]
pub(crate) struct DemoArgs {
    /// The folder for the demonstration's files [default: `edge-auth-demo` in cargo's target folder,
    /// or `~/.cache/edge-auth/demo`]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

#[derive(Serialize)]
struct DemoReport {
    url: String,
    folder: PathBuf,
    policy: PathBuf,
    store: String,
    issuer: String,
    calls: Vec<Call>,
}

/// Runs the demonstration until a signal stops it.
pub(crate) async fn run(args: DemoArgs, output: Output) -> Result<(), CommandError> {
    let folder = Folder::open(args.folder)?;
    let signer = Signer::new(&[edge_auth_token::Algorithm::Es256])?;
    let issuer = issuer::start(&signer).await?;
    let api = api::start().await?;
    let policy_path = folder.write("policy.toml", &policy::text(issuer))?;

    let store = SqliteStore::open(&folder.path("keys.db"))?;
    let source = HttpKeySource::new();
    let mut secrets = SandboxSecrets::default();
    secrets.set(policy::PEPPER, folder.pepper()?);

    let file = PolicyFile::at(&policy_path);
    let listener = listen().await?;
    let url = format!("http://{}", address(&listener)?);
    let calls = calls::prepare(&folder, &file.read()?, &secrets, &store, &signer, &url).await?;

    let thread = |error| CommandError::host(format!("no thread for the logs: {error}"));
    let notices = OperatorLog::start().map_err(thread)?;
    let (log, writer) = AuditLog::start(io::stdout(), notices.clone()).map_err(thread)?;
    let upstream = format!("http://{api}").parse::<Upstream>();
    let upstream = upstream.map_err(|error| CommandError::host(error.to_string()))?;
    let platform = NativePlatform::new(Some(AnyReader::Sqlite(store.reader()?)), source);
    let host = Server::start(
        file,
        Box::new(secrets),
        (platform, Planes::Both(Some(AnyStore::Sqlite(store)))),
        Some(upstream),
        (log, notices),
    )?;
    output.report(&DemoReport {
        url,
        store: format!("sqlite:{}", folder.path("keys.db").display()),
        policy: policy_path,
        folder: folder.root(),
        issuer: format!("http://{issuer}"),
        calls,
    })?;
    let answer = move |request, peer| Arc::clone(&host).answer(request, peer);
    listener::serve(Limits::of_process(), listener, None, answer, stop()?).await;
    writer.finish().await
}

/// Listens on the usual port, or on a free one if that is taken.
async fn listen() -> Result<tokio::net::TcpListener, CommandError> {
    match listener::bind(SocketAddr::from(([127, 0, 0, 1], PORT))).await {
        Ok(listener) => Ok(listener),
        Err(_) => listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await,
    }
}

fn address(listener: &tokio::net::TcpListener) -> Result<SocketAddr, CommandError> {
    listener.local_addr().map_err(|error| CommandError::host(error.to_string()))
}

impl Report for DemoReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let bold = anstyle::Style::new().bold();
        let dim = anstyle::Style::new().dimmed();
        writeln!(out, "{bold}edge-auth demonstration{bold:#}\n")?;
        writeln!(out, "  gate    {}   in front of a small API", self.url)?;
        writeln!(out, "  issuer  {}   its keys: /jwks.json", self.issuer)?;
        writeln!(out, "  policy  {}", self.policy.display())?;
        writeln!(out, "  store   {}\n", self.store)?;
        writeln!(out, "{bold}Paste into another terminal, in this folder:{bold:#}")?;
        for call in &self.calls {
            writeln!(out, "\n{dim}# {}{dim:#}", call.title)?;
            writeln!(out, "{}", call.command)?;
            writeln!(out, "{dim}# → {}{dim:#}", call.answer())?;
        }
        let (folder, policy) = (self.folder.display(), self.policy.display());
        let (program, pepper, store) = (folder::program(), policy::PEPPER, &self.store);
        writeln!(out, "\n{bold}Ask the policy why, or manage keys while this runs:{bold:#}\n")?;
        writeln!(out, "export {pepper}=\"$(cat '{folder}/pepper')\"")?;
        writeln!(out, "export EDGE_AUTH_POLICY='{policy}' EDGE_AUTH_STORE='{store}'")?;
        writeln!(out, "{program} policy explain '{policy}' GET /orders/42 -H '@{folder}/alice'")?;
        writeln!(out, "{program} keys create --scope orders:read --expires 7d")?;
        writeln!(out, "{program} keys list\n")?;
        writeln!(out, "{bold}The audit log follows; Ctrl-C ends.{bold:#}")
    }
}
