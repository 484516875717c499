//! From a written `[[client_cert]]` to one that certificates are checked with.

use super::mistakes::{Compiler, Field};
use super::reserved_headers::CustomHeaders;
use super::schema;
use crate::certificate::{
    CertificateSource, CrlPolicy, DistinguishedName, Identity, Pins, from_hex,
};
use crate::policy::client_cert::ClientCertPolicy;
use crate::scopes::{self, Scopes};

pub(super) fn client_cert(
    compiler: &mut Compiler<'_>,
    headers: &mut CustomHeaders,
    index: usize,
    source: schema::ClientCertTable,
) -> Option<ClientCertPolicy> {
    let at = |field: &'static str| Field::of("client_cert", index, field);
    let before = compiler.mistakes();
    compiler.name(at("name"), &source.name);
    let identity = compiler.accept(at("identity"), identity(&source.identity));
    let header =
        source.header.as_deref().map(|name| header(compiler, headers, index, &source, name));
    let pins = pins(compiler, index, &source);
    let pinned =
        source.source.brings_chain() && source.ca_file.is_none() && !pins.fingerprints.is_empty();
    if pinned && source.require_crl {
        compiler.error(
            at("require_crl"),
            "needs a `ca_file`: a pinned certificate is on no authority's list",
        );
    }
    if pinned && identity == Some(Identity::Serial) {
        compiler.error(
            at("identity"),
            "cannot be a serial number without a `ca_file`: use `fingerprint`",
        );
    }
    for scope in &source.scopes {
        if let Err(reason) = scopes::valid(scope) {
            compiler.error(at("scopes"), &reason);
        }
    }
    let issuers = [pins.issuer_key_ids.len(), pins.issuer_dns.len()];
    if identity == Some(Identity::Serial)
        && !source.source.brings_chain()
        && compiler.mistakes() == before
        && (issuers == [0, 0] || issuers.iter().any(|pinned| *pinned > 1))
    {
        let message =
            "a serial number is unique for one issuer: pin exactly one, by key identifier or name";
        compiler.error(at("identity"), message);
    }
    let block = ClientCertPolicy {
        name: source.name,
        source: source.source,
        header,
        ca_file: source.ca_file,
        line: compiler.line(&at("ca_file")),
        pins,
        identity: identity?,
        scopes: Scopes::list(source.scopes),
        lists: CrlPolicy {
            required: source.require_crl,
            overdue_allowed: source.insecure_overdue_crl,
        },
    };
    (compiler.mistakes() == before).then_some(block)
}

fn identity(source: &schema::CertificateIdentity) -> Result<Identity, String> {
    use schema::CertificateIdentity as Written;
    match source {
        Written::SanUri(patterns) => Identity::uris(&patterns.0),
        Written::SanDns(patterns) => Identity::hosts(&patterns.0),
        Written::SanEmail(patterns) => Identity::emails(&patterns.0),
        Written::Subject { field, one_of } => Identity::subject(field, one_of.as_deref()),
        Written::Serial => Ok(Identity::Serial),
        Written::Fingerprint => Ok(Identity::Fingerprint),
    }
    .map_err(|error| error.to_string())
}

/// Compiles `header`: the field that the proxy's configuration chose.
fn header(
    compiler: &mut Compiler<'_>,
    headers: &mut CustomHeaders,
    index: usize,
    source: &schema::ClientCertTable,
    name: &str,
) -> String {
    let at = Field::of("client_cert", index, "header");
    if !source.source.has_any_header() {
        let message = format!("is fixed for source `{}`: leave it out", source.source);
        compiler.error(at, &message);
        return name.to_ascii_lowercase();
    }
    headers.name(compiler, at, name, "certificates")
}

/// Compiles the pins. Each must be one that the source has, and a source that the platform verifies
/// needs one: else certificates of every authority that the platform trusts would pass.
fn pins(compiler: &mut Compiler<'_>, index: usize, source: &schema::ClientCertTable) -> Pins {
    let at = |field: &'static str| Field::of("client_cert", index, field);
    let from = source.source;
    let can = match (from.brings_chain(), from.pins_fingerprint()) {
        (true, _) => "`ca_file` and `fingerprint`",
        (false, true) => "`issuer_key_id`, `issuer_dn` and `fingerprint`",
        (false, false) => "`issuer_key_id` and `issuer_dn`",
    };
    for (field, is_given, is_allowed) in [
        ("ca_file", source.ca_file.is_some(), from.brings_chain()),
        ("issuer_key_id", source.issuer_key_id.is_some(), !from.brings_chain()),
        ("issuer_dn", source.issuer_dn.is_some(), !from.brings_chain()),
        ("fingerprint", source.fingerprint.is_some(), from.pins_fingerprint()),
    ] {
        if is_given && !is_allowed {
            let message = format!("cannot be had from source `{from}`: it can pin {can}");
            compiler.error(at(field), &message);
        }
    }

    let pins = Pins {
        issuer_key_ids: list(
            compiler,
            at("issuer_key_id"),
            &source.issuer_key_id,
            "a key identifier",
            |text| from_hex(text).filter(|id| id.len() <= 64),
        ),
        issuer_dns: list(compiler, at("issuer_dn"), &source.issuer_dn, NAME, |text| {
            DistinguishedName::parse(text).filter(|_| !text.is_empty())
        }),
        fingerprints: list(compiler, at("fingerprint"), &source.fingerprint, "a SHA-256", |text| {
            from_hex(text)?.try_into().ok()
        }),
    };
    let pinned = [&source.issuer_key_id, &source.issuer_dn, &source.fingerprint]
        .iter()
        .any(|pin| pin.is_some());
    if !from.brings_chain() && !pinned {
        let message = "is missing: certificates of every CA that the platform trusts would pass. Pin \
                       `issuer_key_id` or `issuer_dn`";
        compiler.error(at("issuer_key_id"), message);
    }
    let unverified = source.ca_file.is_none() && source.fingerprint.is_none();
    if from.brings_chain() && from != CertificateSource::Tls && unverified {
        let message = "is missing: only the gate verifies these certificates, and needs an authority. Self-signed \
                       ones can be pinned by `fingerprint` instead";
        compiler.error(at("ca_file"), message);
    }
    pins
}

const NAME: &str = "a name like \"CN=Devices CA,O=Example\" (RFC 4514)";

/// Parses the values of a field, and reports those that are not what is wanted.
fn list<T>(
    compiler: &mut Compiler<'_>,
    at: Field,
    given: &Option<schema::OneOrMany>,
    wanted: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Vec<T> {
    let Some(schema::OneOrMany(given)) = given else { return Vec::new() };
    if given.is_empty() {
        compiler.error(at.clone(), "is empty: name one, or leave it out");
    }
    let mut values = Vec::with_capacity(given.len());
    for text in given {
        match parse(text) {
            Some(value) => values.push(value),
            None => compiler.error(at.clone(), &format!("`{text}` is not {wanted}")),
        }
    }
    values
}
