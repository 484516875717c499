//! What can go wrong, in words that say what to do. None of them repeats the request, which
//! carries credentials.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// How much of a message of AWS's is repeated, in characters.
const LONGEST_MESSAGE: usize = 300;

/// Why an operation has no answer.
#[derive(Debug)]
pub(crate) struct Trouble(pub(crate) String);

/// Why a call has none.
pub(crate) fn cause<E: ProvideErrorMetadata, R>(error: SdkError<E, R>) -> Trouble {
    Trouble(match &error {
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(failure) => {
            let cause = failure.as_connector_error().map(|error| innermost(error)).unwrap_or_default();
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
        "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded" => {
            "; the table or the account is at its limit of throughput"
        }
        _ => "",
    };
    format!("{code}: {message}{advice}")
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
