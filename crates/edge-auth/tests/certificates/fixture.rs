//! A gate whose policy requires a certificate, and the ways to send one.

use std::collections::BTreeMap;

use edge_auth::certificate::{PlatformCertificate, TlsClientAuth};
use edge_auth::policy::Format;
use edge_auth::{AuthRequest, Gate, Headers, Outcome, Policy, PolicyErrors};
use edge_auth_testkit::certificates::{Authority, AuthorityPlan, Client};
use edge_auth_testkit::documents::Documents;
use edge_auth_testkit::platform::{MapSecretProvider, MemoryPlatform};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::{AwsLcRs, Timestamp};
use futures::executor::block_on;

pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) const SPIFFE: &str = "identity = { san_uri = \"spiffe://example.com/*\" }";

/// The root that policies find as `ca.pem`.
pub(crate) fn root() -> Authority {
    Authority::root(&AuthorityPlan::named("Devices CA"))
}

/// A policy with one rule for the certificates of one block.
pub(crate) fn policy(block: &str) -> String {
    format!(
        "[[client_cert]]\nname = \"devices\"\n{block}\n\n[[rule]]\npath = \"/\"\nrequire = \"cert:devices\"\n"
    )
}

/// A policy with a block for certificates in `Client-Cert`, from the root in `ca.pem`.
pub(crate) fn rfc9440(identity: &str) -> String {
    policy(&format!("source = \"rfc9440\"\nca_file = \"ca.pem\"\n{identity}"))
}

/// A gate, to ask for `GET /`.
pub(crate) struct Fixture(Gate<MemoryPlatform>);

impl Fixture {
    /// Makes a gate with a policy and the file `ca.pem`.
    pub(crate) fn new(policy: &str, ca: &str) -> Self {
        Self::build(policy, ca).unwrap()
    }

    pub(crate) fn build(policy: &str, ca: &str) -> Result<Self, PolicyErrors> {
        let policy = Policy::parse(policy, Format::Toml, "policy.toml")?;
        let files = BTreeMap::from([("ca.pem".to_owned(), ca.as_bytes().to_vec())]);
        let secrets =
            BTreeMap::from([("HS".to_owned(), "a secret of 32 bytes, or some more".to_owned())]);
        let platform = MemoryPlatform::new(Documents::default(), "http://issuers");
        let secret_provider = MapSecretProvider { secrets, files };
        let randomness = SeededRandomness::new(1);
        let (gate, _) =
            Gate::new(policy, &secret_provider, Box::new(AwsLcRs), platform, &randomness)?;
        Ok(Self(gate))
    }

    /// Asks at a time.
    pub(crate) fn ask(&self, sent: &Sent<'_>, now: u64) -> Outcome {
        let fields: Vec<(&str, &[u8])> =
            sent.fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let request = AuthRequest {
            location: edge_auth::ClientLocation::default(),
            method: "GET",
            host: None,
            authority: None,
            target: "/",
            headers: Headers(&fields),
            client_ip: None,
            certificate: sent.certificate,
            path_rewritten: true,
            proxy_trusted: sent.proxy_trusted,
        };
        block_on(self.0.authorize(&request, Timestamp::from_seconds(now)))
    }

    /// Asks now, and returns the denial's code or the principal.
    pub(crate) fn result(&self, sent: &Sent<'_>) -> String {
        result(&self.ask(sent, NOW))
    }

    /// Asks with a chain in the fields of RFC 9440, from a trusted proxy.
    pub(crate) fn proxied(&self, client: &Client) -> Outcome {
        self.ask(&Sent::proxied(client), NOW)
    }
}

/// The fields and the certificate of a request.
#[derive(Default)]
pub(crate) struct Sent<'a> {
    pub fields: Vec<(String, String)>,
    pub certificate: PlatformCertificate<'a>,
    pub proxy_trusted: bool,
}

impl<'a> Sent<'a> {
    pub(crate) fn proxied(client: &Client) -> Self {
        let mut fields = vec![("Client-Cert".to_owned(), sequence(client.certificate()))];
        let others: Vec<_> = client.chain.iter().skip(1).map(|der| sequence(der)).collect();
        if !others.is_empty() {
            fields.push(("Client-Cert-Chain".to_owned(), others.join(", ")));
        }
        Self { fields, proxy_trusted: true, ..Self::default() }
    }

    pub(crate) fn tls(client: &'a Client) -> Self {
        Self { certificate: PlatformCertificate::Tls(&client.chain), ..Self::default() }
    }

    pub(crate) fn cloudflare(client_auth: TlsClientAuth<'a>) -> Self {
        Self { certificate: PlatformCertificate::Cloudflare(client_auth), ..Self::default() }
    }

    pub(crate) fn load_balancer() -> Self {
        Self { certificate: PlatformCertificate::LoadBalancer, ..Self::default() }
    }

    pub(crate) fn api_gateway(pem: &'a str) -> Self {
        Self { certificate: PlatformCertificate::ApiGateway(pem), ..Self::default() }
    }

    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Encodes bytes as a structured field (RFC 8941): `:base64:`.
pub(crate) fn sequence(der: &[u8]) -> String {
    use base64::Engine;
    format!(":{}:", base64::engine::general_purpose::STANDARD.encode(der))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Returns the denial's code, or the principal.
pub(crate) fn result(outcome: &Outcome) -> String {
    match outcome.code() {
        Some(code) => code.name().to_owned(),
        None => outcome.audit.as_ref().unwrap().principal.clone().unwrap_or_default(),
    }
}

/// Returns the reason in the audit event.
pub(crate) fn reason(outcome: &Outcome) -> String {
    outcome.audit.as_ref().unwrap().reason.clone().unwrap_or_default()
}
