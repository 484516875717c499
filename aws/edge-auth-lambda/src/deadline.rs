//! How long a decision may take, all calls that it needs together.

use std::time::Duration;

use edge_auth::faces::Incoming;
use edge_auth::{Code, Denial, Gate, Outcome, Reply};
use edge_auth_host::now;

use crate::platform::LambdaPlatform;

/// What a decision gets: whoever asks is closed to after that.
const DECISION: Duration = Duration::from_secs(2);
/// What one call to DynamoDB gets, attempts included: less, so that the log can say which it was.
pub(crate) const STORE_CALL: Duration = Duration::from_millis(1600);
/// What one call to an issuer gets: keys by discovery take two, and whether they failed must be known
/// within a decision, so that the next one does not wait again.
pub(crate) const ISSUER_CALL: Duration = Duration::from_millis(950);

/// The decision about `call`, or the refusal of one that takes too long.
pub(crate) async fn in_time<T>(
    gate: &Gate<LambdaPlatform>,
    incoming: &Incoming<'_>,
    call: &str,
    decision: impl Future<Output = T>,
) -> Result<T, (Reply, Outcome)> {
    tokio::time::timeout(DECISION, decision).await.map_err(|_| {
        let reason =
            format!("no decision about {call} within {DECISION:?}: the store or an issuer is too slow");
        gate.refuse(incoming, Denial::new(Code::StoreUnavailable, reason), now())
    })
}
