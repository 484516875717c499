//! Envoy with its own filter for tokens, which does the same work as a rule of the gate.

use std::io;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

const HTTP: &str = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/// Returns the command that runs Envoy with this configuration and one thread for each core.
pub(super) fn command(program: &Path, configuration: &Path) -> io::Result<Command> {
    let mut command = Command::new(program);
    let cores = std::thread::available_parallelism()?.to_string();
    command.arg("-c").arg(configuration).args(["--concurrency", &cores]);
    command.args(["--disable-hot-restart", "--log-level", "error"]);
    Ok(command)
}

/// Returns a configuration that allows tokens of the issuer: to the upstream or, below `/direct`,
/// to an answer by Envoy itself. With `cached`, each thread remembers as many verified tokens as a
/// gate.
pub(super) fn configuration(port: u16, upstream: u16, jwks: &str, cached: bool) -> Value {
    let provider = json!({
        "issuer": "https://login.example.com/",
        "audiences": ["https://api.example.com"],
        "local_jwks": { "inline_string": jwks },
        "claim_to_headers": [{ "header_name": "x-auth-subject", "claim_name": "sub" }],
        "jwt_cache_config": cached.then(|| json!({ "jwt_cache_size": 10_000 })),
    });
    let tokens = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        "providers": { "corp": provider },
        "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "corp" } }],
    });
    let router =
        json!({ "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" });
    let connections = json!({
        "@type": HTTP,
        "stat_prefix": "bench",
        "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [
            {
                "match": { "prefix": "/direct" },
                "direct_response": { "status": 200, "body": { "inline_string": "ok\n" } },
            },
            { "match": { "prefix": "/" }, "route": { "cluster": "upstream" } },
        ] }] },
        "http_filters": [
            { "name": "tokens", "typed_config": tokens },
            { "name": "router", "typed_config": router },
        ],
    });
    let at =
        |port: u16| json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } });
    json!({ "static_resources": {
        "listeners": [{ "address": at(port), "filter_chains": [{ "filters": [
            { "name": "connections", "typed_config": connections },
        ] }] }],
        "clusters": [{ "name": "upstream", "type": "STATIC", "load_assignment": {
            "cluster_name": "upstream",
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": at(upstream) } }] }],
        } }],
    } })
}
