//! How long a decision may take, all calls that it needs together.

use std::time::Duration;

/// What a decision gets: whoever asks is closed to after that.
const DECISION: Duration = Duration::from_secs(2);
/// What one call to DynamoDB gets, attempts included: less, so that the log can say which it was.
pub(crate) const STORE_CALL: Duration = Duration::from_millis(1600);
/// What one call to an issuer gets: keys by discovery take two, and whether they failed must be
/// known within a decision, so that the next one does not wait again.
pub(crate) const ISSUER_CALL: Duration = Duration::from_millis(950);

/// Runs a decision.
///
/// # Errors
/// It takes longer than two seconds: what to tell the operator.
pub(crate) async fn in_time<T>(decision: impl Future<Output = T>) -> Result<T, String> {
    let decided = tokio::time::timeout(DECISION, decision).await;
    decided
        .map_err(|_| format!("no decision within {DECISION:?}: the store or an issuer is too slow"))
}
