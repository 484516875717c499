//! Rounds: every instance accepts a token, a key and a certificate; they are revoked; every
//! instance refuses them.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use edge_auth_testkit::scenario::Call;
use edge_auth_testkit::scenario::source::Endpoint;
use edge_auth_testkit::wire::{Response, exchange};
use serde_json::{Value, json};

use super::fixture::{BOOTSTRAP, now, token};
use super::print;
use crate::Result;

/// The pause between two requests to an instance.
const PAUSE: Duration = Duration::from_millis(25);
/// The time after which a missing refusal is a failure.
const GIVE_UP: Duration = Duration::from_secs(60);

/// A header field with a credential.
type Field = (&'static str, String);

/// A credential, its revocation, and the code of its refusal.
struct Credential {
    kind: &'static str,
    field: Field,
    revoke: Value,
    code: &'static str,
}

/// Plays rounds with these instances, in this many lanes. `admin` gets the revocations.
pub(super) fn play(
    folder: &Path,
    admin: SocketAddr,
    instances: &[SocketAddr],
    lanes: usize,
) -> Result<()> {
    let certificates: Vec<Value> =
        serde_json::from_slice(&fs::read(folder.join("certificates.json"))?)?;
    let rounds = Rounds {
        certificates,
        instances,
        admin,
        next: AtomicUsize::new(0),
        worst: Mutex::new(serde_json::Map::new()),
    };
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes)
            .map(|_| scope.spawn(|| rounds.play().map_err(|error| error.to_string())))
            .collect();
        for lane in lanes {
            lane.join().map_err(|_| "a lane panicked".to_owned())??;
        }
        Ok::<(), String>(())
    })?;
    let count = rounds.certificates.len();
    let worst = rounds.worst.into_inner().map_err(|error| error.to_string())?;
    print(&json!({ "rounds": count, "worst": worst }))
}

/// The rounds, which several lanes play.
struct Rounds<'a> {
    /// One for each round.
    certificates: Vec<Value>,
    instances: &'a [SocketAddr],
    admin: SocketAddr,
    /// The number of the next round.
    next: AtomicUsize,
    /// The slowest refusal of each kind of credential, in seconds.
    worst: Mutex<serde_json::Map<String, Value>>,
}

impl Rounds<'_> {
    /// Plays rounds until none is left.
    fn play(&self) -> Result<()> {
        while let Some(certificate) =
            self.certificates.get(self.next.fetch_add(1, Ordering::Relaxed))
        {
            for credential in credentials(certificate, self.admin)? {
                let seconds = round(&credential, self.instances, self.admin)?;
                let mut worst = self.worst.lock().map_err(|error| error.to_string())?;
                let known = worst.get(credential.kind).and_then(Value::as_f64).unwrap_or_default();
                worst.insert(credential.kind.to_owned(), json!(known.max(seconds)));
            }
        }
        Ok(())
    }
}

/// Creates one new credential of each kind.
fn credentials(certificate: &Value, admin: SocketAddr) -> Result<[Credential; 3]> {
    let [fingerprint, field] = ["fingerprint", "field"].map(|member| {
        certificate.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
    });
    let (key, id) = new_key(admin)?;
    let reason = "a measurement";
    Ok([
        Credential {
            kind: "token",
            field: ("Authorization", format!("Bearer {}", token(&fingerprint, now())?)),
            revoke: json!({ "kind": "token", "issuer": "corp", "id": fingerprint, "reason": reason }),
            code: "token_revoked",
        },
        Credential {
            kind: "key",
            field: key,
            revoke: json!({ "kind": "api-key", "id": id, "reason": reason }),
            code: "key_revoked",
        },
        Credential {
            kind: "certificate",
            field: ("Client-Cert", field),
            revoke: json!({ "kind": "certificate", "fingerprint": fingerprint, "reason": reason }),
            code: "certificate_revoked",
        },
    ])
}

/// Returns the seconds from the revocation to the last refusal.
fn round(credential: &Credential, instances: &[SocketAddr], admin: SocketAddr) -> Result<f64> {
    for instance in instances {
        let answer = ask(*instance, &credential.field)?;
        if answer.status != 200 {
            return Err(format!("a good {} is refused: {answer:?}", credential.kind).into());
        }
    }
    let since = Instant::now();
    administer(admin, "/admin/v1/revocations", &credential.revoke)?;
    let mut open = instances.to_vec();
    let mut last = Duration::ZERO;
    while !open.is_empty() {
        let mut still = Vec::new();
        for instance in open {
            // The time before the request counts, since a refusal was in effect by then.
            let asked = since.elapsed();
            let answer = ask(instance, &credential.field)?;
            let has_code = answer.headers.iter().any(|(name, value)| {
                name.eq_ignore_ascii_case("x-auth-code") && value == credential.code
            });
            if answer.status == 200 {
                still.push(instance);
            } else if has_code {
                last = last.max(asked);
            } else {
                return Err(format!("an unexpected refusal: {answer:?}").into());
            }
        }
        open = still;
        if since.elapsed() > GIVE_UP {
            return Err(format!("a revoked {} is still accepted", credential.kind).into());
        }
        thread::sleep(PAUSE);
    }
    Ok(last.as_secs_f64())
}

/// Returns whether the instance accepts a new key.
pub(super) fn is_served(admin: SocketAddr, instance: SocketAddr) -> Result<bool> {
    let (key, _) = new_key(admin)?;
    Ok(ask(instance, &key)?.status == 200)
}

/// Creates a key and returns its header field and its id.
fn new_key(admin: SocketAddr) -> Result<(Field, String)> {
    let key = json!({ "block": "partners", "all_scopes": true, "expires": "1h" });
    let made: Value = serde_json::from_slice(&administer(admin, "/admin/v1/keys", &key)?.body)?;
    let secret = made.pointer("/secret").and_then(Value::as_str);
    let id = made.pointer("/key/id").and_then(Value::as_str);
    match (secret, id) {
        (Some(secret), Some(id)) => Ok((("X-API-Key", secret.to_owned()), id.to_owned())),
        _ => Err(format!("no key was created: {made}").into()),
    }
}

fn ask(instance: SocketAddr, (name, value): &Field) -> Result<Response> {
    let fields = [
        ("X-Forwarded-Method", "GET"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "api.example.com"),
        ("X-Forwarded-Uri", "/orders"),
        // The address that Cloudflare's edge reports for a proxy on this machine. Other hosts see
        // it themselves.
        ("CF-Connecting-IP", "127.0.0.1"),
        (name, value),
    ];
    Ok(exchange(instance, &call("GET", "/authorize", &fields, Vec::new()))?)
}

fn administer(admin: SocketAddr, path: &str, body: &Value) -> Result<Response> {
    let authorization = format!("Bearer {BOOTSTRAP}");
    let fields = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    let answer = exchange(admin, &call("POST", path, &fields, body.to_string().into_bytes()))?;
    if answer.status != 201 {
        let body = String::from_utf8_lossy(&answer.body);
        return Err(format!("{path}: {}: {body}", answer.status).into());
    }
    Ok(answer)
}

fn call(method: &str, target: &str, fields: &[(&str, &str)], body: Vec<u8>) -> Call {
    let headers =
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
    Call {
        endpoint: Endpoint::ForwardAuth,
        method: method.to_owned(),
        target: target.as_bytes().to_vec(),
        host: "api.example.com".to_owned(),
        authority: None,
        headers: headers.collect(),
        body,
        handover: None,
        location: None,
        from: IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}
