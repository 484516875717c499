//! The deadlines of a decision and of the calls that it makes.

use std::time::Duration;

/// How long a decision may take. After that it is a refusal.
const DECISION: Duration = Duration::from_secs(2);
/// How long one call to DynamoDB may take, with all its attempts. It is less than [`DECISION`], so
/// that the log can name the call that was too slow.
pub(crate) const STORE_CALL: Duration = Duration::from_millis(1600);
/// How long one call to an issuer may take. Discovery takes two, and a decision must learn that
/// they failed, so that the next decision does not wait again.
pub(crate) const ISSUER_CALL: Duration = Duration::from_millis(950);

/// Runs a decision.
///
/// # Errors
/// The decision takes longer than two seconds. The error is for the operator.
pub async fn in_time<T>(decision: impl Future<Output = T>) -> Result<T, String> {
    match tokio::time::timeout(DECISION, decision).await {
        Ok(decided) => Ok(decided),
        Err(_) => {
            Err(format!("no decision within {DECISION:?}: the store or an issuer is too slow"))
        }
    }
}
