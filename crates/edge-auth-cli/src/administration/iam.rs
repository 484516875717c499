//! Signs requests to the Function URL of a Lambda function (AWS Signature Version 4), as the AWS
//! command line finds its credentials.

use std::time::SystemTime;

use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
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

/// Returns the request with its signature, which covers its fields and its body.
pub(super) async fn signed(
    request: Request<Bytes>,
    region: &str,
) -> Result<Request<Bytes>, CommandError> {
    let config = aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await;
    let Some(provider) = config.credentials_provider() else {
        return Err(without_credentials("none are configured"));
    };
    match provider.provide_credentials().await {
        Ok(credentials) => signed_with(credentials, request, region, SystemTime::now()),
        Err(error) => Err(without_credentials(&causes(&error))),
    }
}

fn signed_with(
    credentials: Credentials,
    mut request: Request<Bytes>,
    region: &str,
    time: SystemTime,
) -> Result<Request<Bytes>, CommandError> {
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(time)
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
    let signable = SignableRequest::new(&method, &uri, fields.into_iter(), body)
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_lc_rs::{digest, hmac};

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn hexadecimal(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn sha256(text: &[u8]) -> String {
        hexadecimal(digest::digest(&digest::SHA256, text).as_ref())
    }

    fn mac(key: &[u8], text: &str) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
    }

    /// Computes the signature as the service does, from what arrives there.
    fn expected(request: &Request<Bytes>, path: &str, query: &str, signed: &str) -> String {
        let mut canonical = format!("{}\n{path}\n{query}\n", request.method());
        for name in signed.split(';') {
            let value = match name {
                "host" => request.uri().host().unwrap(),
                name => request.headers().get(name).unwrap().to_str().unwrap(),
            };
            canonical.push_str(&format!("{name}:{value}\n"));
        }
        canonical.push_str(&format!("\n{signed}\n{}", sha256(request.body())));
        let scope = "20270115/eu-central-1/lambda/aws4_request";
        let canonical = sha256(canonical.as_bytes());
        let text = format!("AWS4-HMAC-SHA256\n20270115T080000Z\n{scope}\n{canonical}");
        let mut key = format!("AWS4{SECRET}").into_bytes();
        for part in ["20270115", "eu-central-1", "lambda", "aws4_request"] {
            key = mac(&key, part);
        }
        hexadecimal(&mac(&key, &text))
    }

    #[test]
    fn the_signature_covers_the_body_and_the_administrators_credential() {
        for (method, target, path, query, body) in [
            ("GET", "/admin/v1/keys?limit=100&after=a", "/admin/v1/keys", "after=a&limit=100", ""),
            ("POST", "/admin/v1/keys/a%2Eb/wrap", "/admin/v1/keys/a%252Eb/wrap", "", ""),
            ("POST", "/admin/v1/keys", "/admin/v1/keys", "", "{}"),
        ] {
            let request = Request::builder()
                .method(method)
                .uri(format!("https://abc.lambda-url.eu-central-1.on.aws{target}"))
                .header("accept", "application/json")
                .header("x-edge-auth-authorization", "Bearer acme_live_key")
                .body(Bytes::from(body))
                .unwrap();
            let credentials =
                Credentials::new("AKIDEXAMPLE", SECRET, Some("session".to_owned()), None, "test");
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
            let request = signed_with(credentials, request, "eu-central-1", time).unwrap();
            let field = request.headers()["authorization"].to_str().unwrap();
            let (_, rest) = field.split_once("SignedHeaders=").unwrap();
            let (signed, signature) = rest.split_once(", Signature=").unwrap();
            assert_eq!(
                signed,
                "accept;host;x-amz-content-sha256;x-amz-date;x-amz-security-token;\
                 x-edge-auth-authorization"
            );
            assert_eq!(signature, expected(&request, path, query, signed), "{method} {target}");
            assert!(!format!("{:?}", request.headers()).contains(SECRET));
        }
    }
}
