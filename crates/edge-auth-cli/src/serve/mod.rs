//! `edge-auth serve`: the native host.

mod audit_log;
pub(crate) mod body;
mod client;
mod first_bytes;
mod host;
mod key_source;
pub(crate) mod listener;
mod platform;
mod proxy;
mod signals;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use hyper::{Response, StatusCode};
use serde_json::json;

pub(crate) use audit_log::AuditLog;
pub(crate) use host::Host;
pub(crate) use key_source::HttpKeySource;
pub(crate) use platform::NativePlatform;
pub(crate) use proxy::Upstream;
pub(crate) use signals::stop;

use crate::failure::Failure;
use crate::host::PolicyFile;
use crate::output::{Output, count};
use crate::store::{self, StoreSpec};
use body::Body;

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The policy; read again on SIGHUP
    #[arg(long, value_name = "FILE", env = "EDGE_AUTH_POLICY")]
    policy: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    /// Where API-key records are kept, as in `sqlite:keys.db`; made if there is none
    #[arg(long, value_name = "STORE", env = "EDGE_AUTH_STORE", value_parser = StoreSpec::parse)]
    store: Option<StoreSpec>,
    /// Gateway mode: verify every request, then proxy it to this origin
    #[arg(long, value_name = "URL")]
    upstream: Option<Upstream>,
}

/// Runs `edge-auth serve` until it is told to stop.
pub(crate) async fn run(args: ServeArgs, output: Output) -> Result<(), Failure> {
    let store = args.store.as_ref().map(store::open).transpose();
    let store = store.map_err(|error| Failure::trouble(error.to_string()))?;
    let source = HttpKeySource::new();
    let (log, writer) = AuditLog::start(std::io::stdout())
        .map_err(|error| Failure::trouble(format!("no thread for the audit log: {error}")))?;
    let platform = NativePlatform::new(store, source);
    let policy = PolicyFile::at(&args.policy);
    let resources = Box::new(policy.resources());
    let host = Host::start(policy, resources, platform, args.upstream, log)?;

    let listener = listener::bind(args.listen).await?;
    let address = listener.local_addr().map_err(|error| Failure::trouble(error.to_string()))?;
    started(address, &host, output);
    signals::reload_on_hangup(&host)?;
    listener::serve(listener, move |request, peer| Arc::clone(&host).answer(request, peer), stop()?).await;
    writer.finish().await;
    Ok(())
}

/// Tells where the server listens: scripts that chose port 0 read it.
fn started(address: SocketAddr, host: &Host, output: Output) {
    let (url, rules) = (format!("http://{address}"), host.gate().policy().rule_count());
    if output.is_json() {
        tell(&json!({ "listening": url, "rules": rules, "version": env!("CARGO_PKG_VERSION") }).to_string());
    } else {
        let rules = count(rules, "rule");
        tell(&format!("edge-auth {} listening on {url}, {rules}", env!("CARGO_PKG_VERSION")));
    }
}

/// Something that an operator should know, on the standard error stream.
fn notice(text: &str) {
    tell(&format!("edge-auth: {text}"));
}

fn tell(line: &str) {
    // Without a standard error stream there is nobody to tell.
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// A refusal of the host's own, before any face of the gate was asked (RFC 9457).
fn problem(status: StatusCode, detail: &str) -> Response<Body> {
    let title = status.canonical_reason().unwrap_or_default();
    let problem =
        json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
    let mut response = Response::new(body::full(problem.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", hyper::header::HeaderValue::from_static("application/problem+json"));
    headers.insert("cache-control", hyper::header::HeaderValue::from_static("no-store"));
    response
}
