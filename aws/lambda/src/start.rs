//! Reads the policy and makes the gate. A policy with mistakes fails the start.

use std::path::PathBuf;
use std::time::Duration;

use edge_auth::{DeferredTask, Gate, PolicyErrors};
use edge_auth_native::{PolicyFile, PolicyFileError, SystemRandomness};
use edge_auth_token::AwsLcRs;

use crate::host::tell;
use crate::platform::LambdaPlatform;

/// The variable with the policy's file. A relative path starts at the deployed files.
const POLICY: &str = "EDGE_AUTH_POLICY";
/// The variable with the folder of the deployed files.
const ROOT: &str = "LAMBDA_TASK_ROOT";
/// How long the start may wait for the store, of the ten seconds that Lambda allows.
const START: Duration = Duration::from_secs(8);

/// Makes the gate of the environment's policy and table.
///
/// # Errors
/// The policy has mistakes, or a secret, file or variable that it needs is missing.
pub async fn start_gate() -> Result<Gate<LambdaPlatform>, String> {
    let root = std::env::var_os(ROOT).map(PathBuf::from).unwrap_or_default();
    let file = PolicyFile::at(
        &root.join(std::env::var_os(POLICY).unwrap_or_else(|| "policy.toml".into())),
    );
    let policy = file.read().map_err(|error: PolicyFileError| error.to_string())?;
    let platform = LambdaPlatform::from_environment()?;
    let (version, digest) = (env!("CARGO_PKG_VERSION"), policy.digest());
    let mut notices = vec![format!("version {version}, policy {digest}")];
    notices.extend(policy.weaknesses());
    notices.extend(policy.check_host(&platform.capabilities())?);
    let secret_provider = file.secret_provider();
    let gate = Gate::new(policy, &secret_provider, Box::new(AwsLcRs), platform, &SystemRandomness);
    let (gate, more) = gate.map_err(|errors: PolicyErrors| errors.to_string())?;
    notices.extend(more);
    if gate.policy().has_revocation_feed() {
        // A large snapshot takes longer to read than an event may take. Events read the rest.
        let read = gate.run_deferred(DeferredTask::RefreshRevocations, edge_auth_native::now());
        notices.extend(tokio::time::timeout(START, read).await.unwrap_or_default());
    }
    tell(notices);
    Ok(gate)
}
