//! What can go wrong, in words that say what to do. None of them repeats the request, which
//! carries credentials.

use std::error::Error;

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};

/// How much of a message of AWS's is repeated, in characters.
const LONGEST_MESSAGE: usize = 300;

/// Why an operation has no answer.
#[derive(Debug)]
pub(crate) struct DynamoDbError(pub(crate) String);

/// Why a call has none.
pub(crate) fn cause<E: ProvideErrorMetadata, R>(error: SdkError<E, R>) -> DynamoDbError {
    DynamoDbError(match &error {
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(failure) => {
            let cause = failure.as_connector_error().map(|error| causes(error)).unwrap_or_default();
            format!("cannot be reached: {cause}")
        }
        SdkError::ServiceError(refused) => refusal(refused.err()),
        SdkError::ResponseError(_) => {
            "the answer is not DynamoDB's; see what `AWS_ENDPOINT_URL` names".to_owned()
        }
        SdkError::ConstructionFailure(_) | _ => {
            "the request cannot be made; see region and credentials".to_owned()
        }
    })
}

/// A request that lacks something: a mistake of ours.
pub(crate) fn built(error: BuildError) -> DynamoDbError {
    DynamoDbError(error.to_string())
}

fn refusal(error: &impl ProvideErrorMetadata) -> String {
    let code = error.code().unwrap_or("an error without a code");
    // What follows the first line of a complaint about a signature has the session's token in it.
    let message = error.message().and_then(|message| message.lines().next()).unwrap_or_default();
    let message: String = message.chars().take(LONGEST_MESSAGE).collect();
    let advice = match code {
        "ResourceNotFoundException" => {
            "; in this region and account there is no such table: `edge-auth store init` makes it"
        }
        "AccessDeniedException" => "; see the policy of the role",
        "ExpiredTokenException" | "UnrecognizedClientException" | "InvalidSignatureException" => {
            "; see the credentials, and the region"
        }
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "RequestLimitExceeded" => "; the table or the account is at its limit of throughput",
        _ => "",
    };
    format!("{code}: {message}{advice}")
}

/// What caused an error, on one line.
fn causes(error: &(dyn Error + 'static)) -> String {
    let (mut causes, mut cause) = (Vec::new(), error.source());
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    causes.join(": ").lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
