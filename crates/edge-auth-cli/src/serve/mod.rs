//! `edge-auth serve`: the native host.

mod active_request;
mod audit_log;
pub(crate) mod body;
mod connection;
mod frames;
mod h2_streams;
mod limits;
mod listen;
pub(crate) mod listener;
mod open_connections;
mod operator_log;
mod planes;
mod platform;
mod protocol;
mod proxy;
mod request_limits;
mod server;
mod signals;
mod stall_timeout;
mod tls;
mod tracked_body;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use edge_auth::Reply;
use hyper::{Response, StatusCode};
use serde_json::json;

pub(crate) use audit_log::AuditLog;
pub(crate) use edge_auth_native::HttpKeySource;
pub(crate) use limits::Limits;
pub(crate) use operator_log::OperatorLog;
pub(crate) use planes::{Plane, Planes};
pub(crate) use platform::NativePlatform;
pub(crate) use proxy::Upstream;
pub(crate) use server::Server;
pub(crate) use signals::stop;
pub(crate) use tls::{Tls, certificates, private_key};

use crate::error::CommandError;
use crate::native::PolicyFile;
use crate::output::{Output, count};
use body::Body;
use operator_log::tell;
use tls::TlsArgs;

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The policy; read again on SIGHUP
    #[arg(long, value_name = "FILE", env = "EDGE_AUTH_POLICY", hide_env_values = true)]
    policy: PathBuf,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8787", value_parser = listen::address)]
    listen: SocketAddr,
    /// The store of API keys and revocations, as in `sqlite:keys.db`. It is made if it is missing,
    /// unless the policy has a `[revocation] secret`: then `edge-auth store init` makes it
    #[arg(long, value_name = "STORE", env = "EDGE_AUTH_STORE", hide_env_values = true)]
    store: Option<String>,
    /// One plane alone, so that another process has the other one [default: both]
    #[arg(long, value_name = "PLANE")]
    plane: Option<Plane>,
    /// Gateway mode: verify every request, then proxy it to this origin
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    #[command(flatten)]
    tls: TlsArgs,
}

/// Runs `edge-auth serve` until a signal stops it.
pub(crate) async fn run(args: ServeArgs, output: Output) -> Result<(), CommandError> {
    // Read first: a policy with mistakes must leave no store behind.
    let policy = PolicyFile::at(&args.policy);
    let current = policy.read()?;
    let asks_anyone = current.pins_listener_certificates();
    if asks_anyone && args.tls.tls_cert.is_none() {
        return Err(pins_without_tls());
    }
    let upstream = args.upstream.as_deref().map(str::parse::<Upstream>).transpose();
    let upstream = upstream.map_err(|error| CommandError::Usage(format!("--upstream: {error}")))?;
    if args.plane == Some(Plane::Control) && upstream.is_some() {
        let message = "--upstream is for the gate: leave it out with --plane control";
        return Err(CommandError::Usage(message.to_owned()));
    }
    let (planes, reader) = Planes::open(args.plane, args.store.as_deref(), &current).await?;
    let thread = |error| CommandError::host(format!("no thread for the logs: {error}"));
    let notices = OperatorLog::start().map_err(thread)?;
    let (log, writer) = AuditLog::start(std::io::stdout(), notices.clone()).map_err(thread)?;
    let platform = NativePlatform::new(reader, HttpKeySource::new());
    let secret_provider =
        Box::new(policy.secret_provider().with_client_ca(args.tls.client_ca.as_deref()));
    let host = Server::start(
        policy,
        secret_provider,
        (platform, planes),
        upstream,
        (log, notices.clone()),
    )?;
    let tls = Tls::new(&args.tls, asks_anyone, notices.clone())?;

    let listener = listener::bind(args.listen).await?;
    let address = listener.local_addr().map_err(|error| CommandError::host(error.to_string()))?;
    // Before the address is printed: a script that waits for it may send a signal at once.
    let stop = stop()?;
    signals::reload_on_hangup(&host, tls.clone(), notices)?;
    started(address, tls.is_some(), &host, output);
    let answer = move |request, peer| Arc::clone(&host).answer(request, peer);
    listener::serve(Limits::of_process(), listener, tls, answer, stop).await;
    writer.finish().await
}

/// A policy pins certificates, and the listener speaks no TLS.
fn pins_without_tls() -> CommandError {
    let message =
        "the policy pins certificates of this listener: start it with --tls-cert and --tls-key";
    CommandError::Usage(message.to_owned())
}

/// Prints where the server listens: scripts that chose port 0 read it.
fn started(address: SocketAddr, secure: bool, host: &Server, output: Output) {
    let scheme = if secure { "https" } else { "http" };
    let (url, version) = (format!("{scheme}://{address}"), env!("CARGO_PKG_VERSION"));
    let gate = host.gate();
    let (rules, policy) = (gate.policy().rule_count(), gate.policy().digest());
    if output.is_json() {
        let line =
            json!({ "listening": url, "rules": rules, "policy": policy, "version": version });
        tell(&line.to_string());
    } else {
        let rules = count(rules, "rule");
        tell(&format!("edge-auth {version} listening on {url}, {rules}, policy {policy}"));
    }
}

/// Makes a refusal by the host itself.
fn problem(status: StatusCode, detail: &str) -> Response<Body> {
    body::response(Reply::host_error(status.as_u16(), detail))
}
