//! The JSON Schema of a policy, for editors, in `docs/policy.schema.json`.
//!
//! Only tests make it: no host has it in its binary. What reads several forms says here which.

use std::borrow::Cow;

use edge_auth_token::Algorithm;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::claims::{ScopeClaimForm, TestForm, WrittenTest, WrittenValue};
use super::credentials::IdentityForm;
use super::forms::SecretNamesForm;
use super::issuer::AlgorithmName;
use super::rule::{RequireForm, ScopesForm};
use super::{
    CertificateIdentity, DurationText, OneOrMany, PolicyTables, Require, ScopeClaimSources,
    ScopesTable, SecretNames,
};

/// The names of all signature algorithms.
const ALGORITHMS: [&str; 13] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "HS256", "HS384", "HS512",
];

/// Implements `JsonSchema` for types that are read in several forms.
macro_rules! forms {
    ($($type:ident: |$generator:pat_param| $schema:tt;)*) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

forms! {
    AlgorithmName: |_| { "type": "string", "enum": ALGORITHMS };
    DurationText: |_| { "type": "string", "description": "A duration: \"30s\", \"10m\", \"1h 30m\"." };
    OneOrMany: |_| { "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] };
    SecretNames: |generator| { "anyOf": [{ "type": "string" }, generator.subschema_for::<SecretNamesForm>()] };
    CertificateIdentity: |generator| {
        "anyOf": [{ "enum": ["serial", "fingerprint"] }, generator.subschema_for::<IdentityForm>()]
    };
    Require: |generator| { "anyOf": [{ "type": "string" }, generator.subschema_for::<RequireForm>()] };
    ScopesTable: |generator| {
        "anyOf": [
            { "type": "array", "items": { "type": "string" } },
            generator.subschema_for::<ScopesForm>(),
        ]
    };
    WrittenValue: |_| { "type": ["string", "boolean", "integer"] };
    WrittenTest: |generator| {
        "anyOf": [
            generator.subschema_for::<WrittenValue>(),
            { "type": "array", "items": generator.subschema_for::<WrittenValue>() },
            generator.subschema_for::<TestForm>(),
        ]
    };
    ScopeClaimSources: |generator| {
        "anyOf": [
            { "type": "string" },
            generator.subschema_for::<ScopeClaimForm>(),
            {
                "type": "array",
                "items": { "anyOf": [{ "type": "string" }, generator.subschema_for::<ScopeClaimForm>()] },
            },
        ]
    };
}

/// Returns the schema as the file has it. Editors for TOML know draft 7.
fn schema_text() -> String {
    let settings = SchemaSettings::draft07().with_transform(RecursiveTransform(simplify));
    let schema = settings.into_generator().into_root_schema_for::<PolicyTables>();
    format!("{}\n", serde_json::to_string_pretty(&schema).unwrap())
}

/// Takes `null` out, since a policy leaves out what it does not say; and puts a reference that
/// stands beside a description into `allOf`, since draft 7 ignores what stands beside one.
fn simplify(schema: &mut Schema) {
    let Some(members) = schema.as_object_mut() else { return };
    if let Some(Value::Array(types)) = members.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            members.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(forms)) = members.get_mut("anyOf") {
        forms.retain(|form| *form != json!({ "type": "null" }));
        if forms.len() == 1 {
            let only = members.remove("anyOf").unwrap();
            members.insert("allOf".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = members.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if members.get("default").is_some_and(Value::is_null) {
        members.remove("default");
    }
    if members.len() > 1
        && let Some(reference) = members.remove("$ref")
    {
        members.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
    }
    if let Some(Value::String(description)) = members.get_mut("description") {
        *description = description.replace('\n', " ");
    }
}

const FILE: &str = include_str!("../../../../../../docs/policy.schema.json");

/// Checks a policy in TOML against the file.
struct Validator {
    schemas: boon::Schemas,
    policy: boon::SchemaIndex,
}

impl Validator {
    fn new() -> Self {
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("policy.schema.json", serde_json::from_str(FILE).unwrap()).unwrap();
        let mut schemas = boon::Schemas::new();
        let policy = compiler.compile("policy.schema.json", &mut schemas).unwrap();
        Self { schemas, policy }
    }

    fn check(&self, policy: &str) -> Result<(), String> {
        let policy: Value = toml::from_str(policy).map_err(|error| error.to_string())?;
        self.schemas.validate(&policy, self.policy).map_err(|error| error.to_string())
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test can write the file again")]
fn the_file_is_the_schema_of_these_types() {
    let schema = schema_text();
    if std::env::var_os("WRITE_POLICY_SCHEMA").is_some() {
        std::fs::write(
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy.schema.json"),
            &schema,
        )
        .unwrap();
        return;
    }
    assert!(
        schema == FILE,
        "docs/policy.schema.json is not the schema of the policy's types. Write it again: \
         WRITE_POLICY_SCHEMA=1 cargo test -p edge-auth --lib the_file_is_the_schema_of_these_types"
    );
}

#[test]
fn every_algorithm_is_named() {
    for name in ALGORITHMS {
        let algorithm: Algorithm = serde_json::from_value(json!(name)).unwrap();
        assert_eq!(algorithm.name(), name);
    }
    // An algorithm that is added here needs its name above.
    match Algorithm::Rs256 {
        Algorithm::Rs256
        | Algorithm::Rs384
        | Algorithm::Rs512
        | Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512
        | Algorithm::Es256
        | Algorithm::Es384
        | Algorithm::Es512
        | Algorithm::EdDsa
        | Algorithm::Hs256
        | Algorithm::Hs384
        | Algorithm::Hs512 => {}
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the scenarios are files of the repository")]
fn it_accepts_every_policy_of_the_repository() {
    let validator = Validator::new();
    for (name, policy) in [
        ("cloudflare", include_str!("../../../../../../cloudflare/policy/policy.toml")),
        ("proxies", include_str!("../../../../../../tests/proxies/policy.toml")),
        ("fuzzing", include_str!("../../../../fuzz/seeds/policy/all.toml")),
        ("more fuzzing", include_str!("../../../../fuzz/seeds/policy/policy.toml")),
    ] {
        let policy = policy.replace("\"PROXY\"", "\"nginx\"");
        assert_eq!(validator.check(&policy), Ok(()), "{name}");
    }
    let mut checked = 0;
    let scenarios = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/scenarios");
    for entry in std::fs::read_dir(scenarios).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let scenario: toml::Table = toml::from_str(&text).unwrap();
        let proxy =
            scenario.get("proxies").and_then(|proxies| proxies[0].as_str()).unwrap_or("nginx");
        let policy = scenario["policy"].as_str().unwrap().replace("{proxy}", proxy);
        // A key set stands in the policy as `{inline:NAME}`.
        let mut parts = policy.split("{inline:");
        let mut policy = parts.next().unwrap().to_owned();
        for part in parts {
            policy.push_str("{ keys = [] }");
            policy.push_str(part.split_once('}').unwrap().1);
        }
        assert_eq!(validator.check(&policy), Ok(()), "{}", path.display());
        checked += 1;
    }
    assert!(checked > 50, "{checked} scenarios");
}

#[test]
fn it_refuses_what_is_not_in_the_policy() {
    let validator = Validator::new();
    let issuer = "[[issuer]]\nname = \"a\"\nissuer = \"https://a.example\"\naudience = \"b\"\n";
    let rule = "[[rule]]\npath = \"/\"\n";
    let key = "[[api_key]]\nname = \"a\"\nprefix = \"b\"\npepper = \"P\"\n";
    let cert = "[[client_cert]]\nname = \"a\"\nsource = \"tls\"\nidentity = \"serial\"\n";
    for text in [issuer, rule, key, cert] {
        assert_eq!(validator.check(text), Ok(()), "{text}");
        assert!(validator.check(&format!("{text}unknown = 1\n")).is_err(), "{text}");
    }
    for text in [
        "unknown = 1\n".to_owned(),
        "[unknown]\n".to_owned(),
        "[revocation]\nunknown = 1\n".to_owned(),
        "[identity]\nunknown = 1\n".to_owned(),
        "[credentials]\nunknown = 1\n".to_owned(),
        "[trust]\nunknown = 1\n".to_owned(),
        "[forward_auth]\nproxy = \"nginx\"\nunknown = 1\n".to_owned(),
        "[forward_auth]\nproxy = \"apache\"\n".to_owned(),
        "[admin]\nunknown = 1\n".to_owned(),
        "[audit]\nunknown = 1\n".to_owned(),
        "[aws]\nunknown = 1\n".to_owned(),
        "[[rule]]\nmethods = [\"GET\"]\n".to_owned(),
        format!("{rule}public = \"yes\"\n"),
        format!("{rule}when = {{ city = [\"Berlin\"] }}\n"),
        format!("{rule}when = {{ asn = [\"64500\"] }}\n"),
        format!("{rule}cors = {{ origins = [], unknown = 1 }}\n"),
        format!("{rule}require = {{ one = [\"jwt:a\"] }}\n"),
        format!("{rule}scopes = {{ none_of = [\"a\"] }}\n"),
        format!("{rule}claims = {{ a = {{ begins = \"b\" }} }}\n"),
        format!("{issuer}keys = {{ url = \"https://a.example\" }}\n"),
        format!("{issuer}algorithms = [\"none\"]\n"),
        format!("{issuer}preset = \"unknown\"\n"),
        format!("{issuer}scope_claim = {{ claim = \"a\", unknown = 1 }}\n"),
        format!("{key}imported = {{ hash = \"md5\" }}\n"),
        key.replace("\"P\"", "{ current = \"P\", next = \"Q\" }"),
        cert.replace("\"serial\"", "{ issuer = \"CN\" }"),
        cert.replace("\"tls\"", "\"carrier-pigeon\""),
    ] {
        assert!(validator.check(&text).is_err(), "{text}");
    }
}
