//! The call that an authorizer's event is about, as a request to decide about.

use edge_auth_token::Timestamp;

use super::api_type::ApiType;
use super::arn::MethodArn;
use edge_auth::endpoints::InboundRequest;
use edge_auth::platform::Platform;
use edge_auth::route::NormalPath;
use edge_auth::{AuthRequest, Headers};
use edge_auth::{Code, Denial};
use edge_auth::{Gate, Outcome};

/// The path that stands for the connections of a WebSocket API.
const CONNECT: &str = "/$connect";
/// The path that stands for AppSync's one endpoint.
const GRAPHQL: &str = "/graphql";

/// The call that an event is about.
pub(super) struct Call<'a> {
    inbound: &'a InboundRequest<'a>,
    method: &'a str,
    target: String,
    fields: Vec<(&'a str, &'a [u8])>,
    /// Why nothing can be decided about it.
    refused: Option<Denial>,
}

impl<'a> Call<'a> {
    /// Reads the call of an event of API Gateway. The ARN says the method and the path; what the
    /// event says besides must agree with it.
    pub(super) fn of_method<P: Platform>(
        gate: &Gate<P>,
        api: ApiType,
        arn: Option<MethodArn<'a>>,
        inbound: &'a InboundRequest<'a>,
    ) -> Self {
        let mut fields = inbound.headers.0.to_vec();
        if api == ApiType::WebSocket {
            fields.push(("upgrade", b"websocket"));
        }
        let read = method_and_target(api, arn, inbound)
            .and_then(|call| check_readable(gate, inbound).map(|()| call));
        match read {
            Ok((method, target)) => Self { inbound, method, target, fields, refused: None },
            Err(denial) => Self {
                inbound,
                method: inbound.method,
                target: inbound.target.to_owned(),
                fields,
                refused: Some(denial),
            },
        }
    }

    /// Reads the call of an event of AppSync, as `POST /graphql`.
    pub(super) fn of_graphql<P: Platform>(gate: &Gate<P>, inbound: &'a InboundRequest<'a>) -> Self {
        Self {
            inbound,
            method: "POST",
            target: GRAPHQL.to_owned(),
            fields: inbound.headers.0.to_vec(),
            refused: check_readable(gate, inbound).err(),
        }
    }

    /// Returns the request to decide about.
    pub(super) fn request<P: Platform>(&self, gate: &Gate<P>) -> AuthRequest<'_> {
        let headers = Headers(&self.fields);
        let client = gate.client_address(self.inbound.peer, headers);
        AuthRequest {
            method: self.method,
            target: &self.target,
            headers,
            proxy_trusted: gate.trusts_proxy(self.inbound),
            ..self.inbound.as_request(client)
        }
    }

    /// Decides about the call itself.
    pub(super) async fn decide<P: Platform>(&self, gate: &Gate<P>, now: Timestamp) -> Outcome {
        let request = self.request(gate);
        match &self.refused {
            None => gate.authorize(&request, now).await,
            Some(denial) => gate.refuse(&request, denial.clone(), now),
        }
    }
}

/// Refuses an event that does not name the host although rules do: a later rule would decide. And
/// one whose fields imitate an identity header: a mapping overwrites only the exact names.
fn check_readable<P: Platform>(gate: &Gate<P>, inbound: &InboundRequest<'_>) -> Result<(), Denial> {
    if inbound.host.is_none() && gate.policy().rules_name_hosts() {
        let reason = "the event does not say the host, and rules of the policy name hosts";
        return Err(Denial::new(Code::ForwardedRequestIncomplete, reason));
    }
    gate.refuse_imitations(inbound.headers)
}

/// Returns the method and the raw target that the ARN names. The event's own path may be longer, by
/// a stage or a base path, but must end like the ARN's.
fn method_and_target<'a>(
    api: ApiType,
    arn: Option<MethodArn<'a>>,
    inbound: &InboundRequest<'_>,
) -> Result<(&'a str, String), Denial> {
    let Some(arn) = arn else { return Err(malformed("the event has no ARN of an API's method")) };
    let Some(path) = arn.path else {
        return match (api, arn.method) {
            (ApiType::WebSocket, "$connect") => Ok(("GET", CONNECT.to_owned())),
            _ => Err(malformed("the ARN has no path")),
        };
    };
    if !inbound.method.is_empty() && inbound.method != arn.method {
        return Err(malformed("the event and its ARN are about different methods"));
    }
    let target = match api {
        ApiType::Http => match NormalPath::from_decoded(path) {
            Ok(path) => path.forwarded().into_owned(),
            Err(refused) => return Err(Denial::new(Code::PathAmbiguous, refused.to_string())),
        },
        ApiType::Rest | ApiType::WebSocket => path.to_owned(),
    };
    if !(inbound.target.is_empty() || path == "/" || inbound.target.ends_with(path)) {
        let reason = "the event and its ARN are about different paths";
        return Err(Denial::new(Code::PathAmbiguous, reason));
    }
    let method = match api {
        ApiType::WebSocket => "GET",
        ApiType::Rest | ApiType::Http => arn.method,
    };
    Ok((method, target))
}

fn malformed(reason: &str) -> Denial {
    Denial::new(Code::RequestMalformed, reason)
}
