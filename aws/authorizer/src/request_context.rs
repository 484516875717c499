//! Reads the caller from an event: the fields, the address and the certificate.

use std::collections::HashMap;
use std::net::IpAddr;

use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::InboundRequest;
use edge_auth::{Headers, parse_client_address};

use crate::event::{ClientCert, Fields, RequestContext};

/// The header fields in the core's shape.
pub(crate) type FieldList<'a> = Vec<(&'a str, &'a [u8])>;

impl Fields {
    /// Returns every value of every field, cookies included.
    pub(crate) fn list(&self) -> FieldList<'_> {
        let mut fields: FieldList<'_> = match &self.multi_value_headers {
            Some(fields) => {
                let fields = fields.iter().flat_map(|(name, values)| {
                    values.iter().flatten().map(move |value| (name.as_str(), value.as_bytes()))
                });
                fields.collect()
            }
            None => single(&self.headers),
        };
        // Events that have cookies in both places have the same ones there.
        if Headers(&fields).all("cookie").next().is_none() {
            fields.extend(self.cookies.iter().map(|cookie| ("cookie", cookie.as_bytes())));
        }
        fields
    }
}

/// Returns fields with one value each.
pub(crate) fn single(fields: &HashMap<String, Option<String>>) -> FieldList<'_> {
    let fields =
        fields.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?.as_bytes())));
    fields.collect()
}

/// Returns the first value of the `Host` field, unreadable ones as U+FFFD. The gate refuses a
/// request with two.
pub(crate) fn host_field<'a>(fields: &'a [(&'a str, &'a [u8])]) -> Option<&'a str> {
    let value = Headers(fields).all("host").next()?;
    Some(std::str::from_utf8(value).unwrap_or("\u{FFFD}"))
}

impl RequestContext {
    /// Returns the request without its method and target, which the caller sets.
    pub(crate) fn incoming<'a>(&'a self, fields: &'a FieldList<'a>) -> InboundRequest<'a> {
        InboundRequest {
            location: edge_auth::ClientLocation::default(),
            peer: self.peer(fields),
            platform_authenticated: self.platform_authenticated(),
            method: "",
            // API Gateway sets the domain name; the client sets the field.
            host: self.domain_name.as_deref().or_else(|| host_field(fields)),
            authority: None,
            target: "",
            headers: Headers(fields),
            certificate: self.certificate(),
        }
    }

    /// Returns whether IAM has authenticated the caller, or the caller came through a load
    /// balancer, whose rules chose this function.
    fn platform_authenticated(&self) -> bool {
        let iam = self.authorizer.as_ref().is_some_and(|authorizer| authorizer.iam.is_some());
        let user = self.identity.as_ref().is_some_and(|identity| identity.user_arn.is_some());
        iam || user || self.elb.is_some()
    }

    /// Returns the client's address. A load balancer appends it to a field; API Gateway has it in
    /// the event.
    fn peer(&self, fields: &[(&str, &[u8])]) -> Option<IpAddr> {
        if self.elb.is_some() {
            let last = Headers(fields).all("x-forwarded-for").last()?;
            // With client port preservation, the entry has the port, too.
            return parse_client_address(std::str::from_utf8(last).ok()?.rsplit(',').next()?);
        }
        let of_http = self.http.as_ref().and_then(|http| http.source_ip.as_deref());
        let of_identity = self.identity.as_ref().and_then(|identity| identity.source_ip.as_deref());
        of_http.or(of_identity)?.parse().ok()
    }

    fn certificate(&self) -> PlatformCertificate<'_> {
        let of_identity = self.identity.as_ref().and_then(|identity| identity.client_cert.as_ref());
        let of_http = self.authentication.as_ref().and_then(|of| of.client_cert.as_ref());
        match of_identity.or(of_http) {
            // A certificate without PEM counts as presented, so that the gate refuses it.
            Some(ClientCert { client_cert_pem }) => {
                PlatformCertificate::ApiGateway(client_cert_pem.as_deref().unwrap_or_default())
            }
            None => PlatformCertificate::Nothing,
        }
    }
}
