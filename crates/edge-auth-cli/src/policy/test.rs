//! `policy test`: runs cases against the real gate. It makes issuers, secrets, keys and
//! certificates for the run, so it needs none of the deployment.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anstyle::AnsiColor;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use edge_auth::certificate::PlatformCertificate;
use edge_auth::policy::{KeyOrigin, SampleField, SecretEncoding};
use edge_auth::{AuthRequest, ClientLocation, Explanation, Gate, Headers, Policy};
use edge_auth_control::KeyService;
use edge_auth_token::{AwsLcRs, Secret};
use pki_types::CertificateDer;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::cases::{Case, Cases, Expectation, Jwt, Key, KeyState};
use crate::error::CommandError;
use crate::native::{PolicyFile, SystemRandomness, now};
use crate::output::{Output, Report};
use crate::sandbox::{SandboxAuthority, SandboxSecrets, Signer};
use crate::serve::{HttpKeySource, NativePlatform};
use crate::store::{AnyReader, SqliteStore};

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// The file of cases; it names its policy
    #[arg(value_name = "FILE")]
    cases: PathBuf,
}

#[derive(Serialize)]
struct TestReport {
    passed: usize,
    failed: usize,
    cases: Vec<CaseReport>,
}

#[derive(Serialize)]
struct CaseReport {
    name: String,
    passed: bool,
    /// The differences from the expected decision.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<String>,
}

/// A gate, and the issuers, authorities and store that were made for the run.
struct Sandbox {
    gate: Gate<NativePlatform>,
    signers: BTreeMap<String, Signer>,
    authority: SandboxAuthority,
    secrets: SandboxSecrets,
    store: SqliteStore,
}

pub(super) async fn run(args: TestArgs, output: Output) -> Result<(), CommandError> {
    let cases = Cases::read(&args.cases)?;
    let beside = args.cases.parent().unwrap_or(Path::new(""));
    let policy = PolicyFile::at(&beside.join(&cases.policy)).read()?;
    let folder = tempfile::tempdir().map_err(|error| {
        CommandError::host(format!("a temporary folder cannot be made: {error}"))
    })?;
    let sandbox = Sandbox::new(policy, folder.path())?;
    let mut reports = Vec::new();
    for case in &cases.cases {
        let differences = sandbox.run(case).await?;
        reports.push(CaseReport {
            name: case.name.clone(),
            passed: differences.is_empty(),
            differences,
        });
    }
    let passed = reports.iter().filter(|report| report.passed).count();
    let failed = reports.len() - passed;
    output.report(&TestReport { passed, failed, cases: reports })?;
    if failed == 0 { Ok(()) } else { Err(CommandError::Reported) }
}

impl Sandbox {
    fn new(mut policy: Policy, folder: &Path) -> Result<Self, CommandError> {
        let mut secrets =
            SandboxSecrets::made_for(policy.secret_names()).map_err(CommandError::Host)?;
        let mut signers = BTreeMap::new();
        let issuers: Vec<_> = policy
            .issuers()
            .map(|(name, _, algorithms, keys)| (name.to_owned(), algorithms.to_vec(), keys.clone()))
            .collect();
        for (name, algorithms, keys) in issuers {
            let signer = Signer::new(&algorithms)?;
            match keys {
                KeyOrigin::Secret { name: secret, .. } => {
                    secrets.set(&secret, Secret::new(signer.secret()));
                    let encoding = SecretEncoding::Text;
                    policy.replace_keys(&name, KeyOrigin::Secret { name: secret, encoding });
                }
                KeyOrigin::Discovery(_)
                | KeyOrigin::Url(_)
                | KeyOrigin::File(_)
                | KeyOrigin::Inline(_) => {
                    policy.replace_keys(&name, KeyOrigin::Inline(signer.jwks()?.to_string()));
                }
            }
            signers.insert(name, signer);
        }
        let authority = SandboxAuthority::new()?;
        policy.replace_certificate_sources();
        secrets.set_client_ca(authority.pem());
        let store = SqliteStore::open(&folder.join("keys.db"))?;
        let source = HttpKeySource::new();
        let platform = NativePlatform::new(Some(AnyReader::Sqlite(store.reader()?)), source);
        let (gate, _) =
            Gate::new(policy, &secrets, Box::new(AwsLcRs), platform, &SystemRandomness)?;
        Ok(Self { gate, signers, authority, secrets, store })
    }

    /// Returns the differences from what the case expects.
    async fn run(&self, case: &Case) -> Result<Vec<String>, CommandError> {
        let plan = case.client_cert.as_ref();
        let certificates: Vec<_> =
            plan.map(|plan| self.authority.issue(plan)).transpose()?.into_iter().collect();
        let mut fields: Vec<(String, String)> =
            case.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let mut target = case.path.clone();
        if let Some(jwt) = &case.jwt {
            let (token, field) = self.token(case, jwt, certificates.first())?;
            match field {
                SampleField::Header(name, value) => fields.push((name, value)),
                SampleField::Query(name) => {
                    target.push(if target.contains('?') { '&' } else { '?' });
                    target.push_str(&format!("{name}={token}"));
                }
            }
        }
        if let Some(key) = &case.key {
            // Two `Authorization` fields would be refused, so the key has its own field.
            fields
                .push((self.gate.policy().api_key_header().to_owned(), self.key(case, key).await?));
        }
        let headers: Vec<(&str, &[u8])> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let request = AuthRequest {
            location: ClientLocation { country: case.country, asn: case.asn },
            method: &case.method,
            host: case.host.as_deref(),
            authority: None,
            target: &target,
            headers: Headers(&headers),
            client_ip: case.client_ip,
            certificate: PlatformCertificate::Tls(&certificates),
            path_rewritten: self.gate.policy().forward_auth().is_none(),
            proxy_trusted: true,
        };
        Ok(differences(case, &self.gate.explain(&request, now()).await))
    }

    fn token(
        &self,
        case: &Case,
        jwt: &Jwt,
        certificate: Option<&CertificateDer<'_>>,
    ) -> Result<(String, SampleField), CommandError> {
        let unknown = || in_case(case, format!("the policy has no issuer `{}`", jwt.issuer));
        let made_at = if jwt.expired { now().minus(Duration::from_secs(86_400)) } else { now() };
        let mut sample =
            self.gate.policy().sample_token(&jwt.issuer, made_at).ok_or_else(unknown)?;
        let signer = self.signers.get(&jwt.issuer).ok_or_else(unknown)?;
        if let Some(subject) = &jwt.subject {
            sample.set_subject(subject);
        }
        if !jwt.scopes.is_empty() && !sample.set_scopes(&jwt.scopes) {
            return Err(in_case(case, format!("issuer `{}` has no scopes", jwt.issuer)));
        }
        let claims = &mut sample.claims;
        if jwt.bound {
            let missing =
                || in_case(case, "a token that is `bound` needs a `client_cert`".to_owned());
            let thumbprint =
                URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.ok_or_else(missing)?));
            claims.insert("cnf".to_owned(), json!({ "x5t#S256": thumbprint }));
        }
        for (claim, value) in &jwt.claims {
            match value {
                Value::Bool(false) => claims.remove(claim),
                value => claims.insert(claim.clone(), value.clone()),
            };
        }
        let token_type = jwt.token_type.as_deref().or(sample.token_type.as_deref());
        let token = signer.sign(token_type, &sample.claims)?;
        let field = sample.field(&token);
        Ok((token, field))
    }

    async fn key(&self, case: &Case, key: &Key) -> Result<String, CommandError> {
        let failed =
            |error: edge_auth_control::AdminError| in_case(case, format!("`key`: {error}"));
        let key_service = KeyService::new(self.gate.policy(), &self.secrets, &self.store)?;
        let made_at = match key.state {
            KeyState::Expired => now().minus(Duration::from_secs(86_400)),
            KeyState::Active | KeyState::Disabled | KeyState::Revoked => now(),
        };
        let (made, text) =
            key_service.create(key.request(), &SystemRandomness, made_at).await.map_err(failed)?;
        match key.state {
            KeyState::Active | KeyState::Expired => {}
            KeyState::Disabled => {
                drop(key_service.disable(made.id(), now()).await.map_err(failed)?)
            }
            KeyState::Revoked => {
                drop(
                    key_service
                        .revoke(made.id(), "revoked by the case", now())
                        .await
                        .map_err(failed)?,
                );
            }
        }
        Ok(text.expose().to_owned())
    }
}

fn in_case(case: &Case, message: String) -> CommandError {
    CommandError::Usage(format!("case \"{}\": {message}", case.name))
}

fn differences(case: &Case, explanation: &Explanation) -> Vec<String> {
    let audit = &explanation.audit;
    let mut differences = Vec::new();
    let expected = match case.expect {
        Expectation::Allow => "allow",
        Expectation::Deny(code) => code.name(),
    };
    let found = explanation.decision.code().map_or("allow", |code| code.name());
    if found != expected {
        let reason =
            audit.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        differences.push(format!("expected {expected}, found {found}{reason}"));
    }
    let mut compare = |what: &str, expected: &Option<String>, found: &Option<String>| {
        if let Some(expected) = expected.as_ref().filter(|_| expected != found) {
            let found = found.as_deref().unwrap_or("none");
            differences.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    compare("rule", &case.rule, &audit.rule);
    compare("principal", &case.principal, &audit.principal);
    differences
}

impl Report for TestReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for case in &self.cases {
            let (style, mark) = match case.passed {
                true => (AnsiColor::Green.on_default(), "ok    "),
                false => (AnsiColor::Red.on_default(), "FAILED"),
            };
            writeln!(out, "{style}{mark}{style:#} {}", case.name)?;
            case.differences
                .iter()
                .try_for_each(|difference| writeln!(out, "         {difference}"))?;
        }
        writeln!(out, "{} passed, {} failed", self.passed, self.failed)
    }
}
