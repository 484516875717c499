//! Turns the SDK's errors into messages that say what to do. They never repeat the request, which
//! carries credentials.

use std::error::Error;

#[cfg(feature = "control")]
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// The most characters of AWS's message that ours repeats.
const LONGEST_MESSAGE: usize = 300;

const THROTTLED: &str = "; the table or the account is at its limit of throughput";

/// Why an operation failed.
#[derive(Debug)]
pub(crate) struct DynamoDbError(pub(crate) String);

/// Returns why a call failed.
pub(crate) fn cause<E: ProvideErrorMetadata, R>(error: SdkError<E, R>) -> DynamoDbError {
    DynamoDbError(match &error {
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(failure) => {
            let cause = failure.as_connector_error().map(|error| causes(error)).unwrap_or_default();
            format!("cannot be reached: {cause}")
        }
        SdkError::ServiceError(refused) => refusal(refused.err()),
        SdkError::ResponseError(_) => {
            "the answer is not DynamoDB's; check `AWS_ENDPOINT_URL`".to_owned()
        }
        SdkError::ConstructionFailure(_) | _ => {
            "the request cannot be made; check the region and the credentials".to_owned()
        }
    })
}

#[cfg(feature = "control")]
/// Adds to the cause of a cancelled transaction that it was throttled.
pub(crate) fn throttled(DynamoDbError(cancelled): DynamoDbError) -> DynamoDbError {
    DynamoDbError(format!("{cancelled}{THROTTLED}"))
}

#[cfg(feature = "control")]
/// Turns the error of a request that lacks a member, which is a bug here.
pub(crate) fn built(error: BuildError) -> DynamoDbError {
    DynamoDbError(error.to_string())
}

fn refusal(error: &impl ProvideErrorMetadata) -> String {
    let code = error.code().unwrap_or("an error without a code");
    // A message about a signature has the session token after its first line.
    let message = error.message().and_then(|message| message.lines().next()).unwrap_or_default();
    let message: String = message.chars().take(LONGEST_MESSAGE).collect();
    let advice = match code {
        "ResourceNotFoundException" => {
            "; this region and account have no such table: `edge-auth store init` makes it"
        }
        "AccessDeniedException" => "; check the policy of the role",
        "ExpiredTokenException" | "UnrecognizedClientException" | "InvalidSignatureException" => {
            "; check the credentials and the region"
        }
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "RequestLimitExceeded" => THROTTLED,
        _ => "",
    };
    format!("{code}: {message}{advice}")
}

/// Returns the causes of an error, on one line.
fn causes(error: &(dyn Error + 'static)) -> String {
    let (mut causes, mut cause) = (Vec::new(), error.source());
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    causes.join(": ").lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
