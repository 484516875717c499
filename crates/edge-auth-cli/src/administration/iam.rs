//! Signs requests to the Function URL of a Lambda function (AWS Signature Version 4), as the AWS
//! command line finds its credentials.

use std::time::SystemTime;

use aws_config::BehaviorVersion;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use edge_auth_native::causes;
use hyper::Request;
use hyper::body::Bytes;

use crate::error::CommandError;

/// The service that checks the signature.
const SERVICE: &str = "lambda";

/// Returns the request with its signature. The signature covers every field and the body.
pub(super) async fn signed(
    mut request: Request<Bytes>,
    region: &str,
) -> Result<Request<Bytes>, CommandError> {
    let config = aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await;
    let Some(provider) = config.credentials_provider() else {
        return Err(without_credentials("none are configured"));
    };
    let credentials = match provider.provide_credentials().await {
        Ok(credentials) => credentials,
        Err(error) => return Err(without_credentials(&causes(&error))),
    };
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .map_err(|error| unsigned(&causes(&error)))?
        .into();
    let (method, uri) = (request.method().as_str().to_owned(), request.uri().to_string());
    let mut fields = Vec::new();
    for (name, value) in request.headers() {
        let Ok(value) = value.to_str() else {
            return Err(unsigned("a header field is not ASCII text"));
        };
        fields.push((name.as_str(), value));
    }
    let body = SignableBody::Bytes(request.body());
    let signable = SignableRequest::new(&*method, &*uri, fields.into_iter(), body)
        .map_err(|error| unsigned(&causes(&error)))?;
    let (instructions, _) =
        sign(signable, &params).map_err(|error| unsigned(&causes(&error)))?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

fn without_credentials(why: &str) -> CommandError {
    CommandError::Host(format!(
        "the Function URL wants a signature, and there are no AWS credentials ({why}): set \
         AWS_PROFILE, or log in as for the AWS command line"
    ))
}

fn unsigned(why: &str) -> CommandError {
    CommandError::Host(format!("the request cannot be signed: {why}"))
}
