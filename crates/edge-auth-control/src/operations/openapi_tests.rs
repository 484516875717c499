//! The schemas of `openapi.json` are generated from the types that the endpoint reads and writes.
//!
//! To write them again, run the tests of this crate with `UPDATE_OPENAPI=1`. Operations, parameters
//! and responses are written by hand; other tests compare them with the endpoint.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::bodies::{
    CompactionBody, IssuedKeyBody, KeyBody, KeysBody, ProblemBody, ReasonBody, RevokedKeyBody,
    RotationBody, WrappedKeyBody,
};
use crate::{
    CreateKeyRequest, ImportKeyRequest, OPENAPI, RevocationPage, RevocationRequest,
    RevocationResponse,
};

#[test]
#[expect(clippy::disallowed_methods, reason = "the test can write the file again")]
fn the_schemas_of_the_document_are_those_of_the_types() {
    let mut document: Value = serde_json::from_str(OPENAPI).unwrap();
    let generated = schemas();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        document["components"]["schemas"] = generated;
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/openapi.json");
        std::fs::write(file, serde_json::to_string_pretty(&document).unwrap() + "\n").unwrap();
        return;
    }
    let described = document["components"]["schemas"].as_object().unwrap();
    let again = "write it again: UPDATE_OPENAPI=1 cargo test -p edge-auth-control --lib openapi";
    for (name, schema) in generated.as_object().unwrap() {
        assert_eq!(described.get(name), Some(schema), "{name} in openapi.json is old; {again}");
    }
    assert_eq!(described.len(), generated.as_object().unwrap().len(), "{again}");
}

/// Returns the schema of each body, and of what they refer to, by its name.
fn schemas() -> Value {
    let settings = || {
        SchemaSettings::draft2020_12()
            .with(|settings| settings.definitions_path = "/components/schemas".into())
    };
    let mut requests = settings().into_generator();
    requests.subschema_for::<CreateKeyRequest>();
    requests.subschema_for::<ImportKeyRequest>();
    requests.subschema_for::<RotationBody>();
    requests.subschema_for::<ReasonBody>();
    requests.subschema_for::<RevocationRequest>();
    let mut responses = settings().for_serialize().into_generator();
    responses.subschema_for::<KeyBody>();
    responses.subschema_for::<IssuedKeyBody<'_>>();
    responses.subschema_for::<RevokedKeyBody>();
    responses.subschema_for::<WrappedKeyBody>();
    responses.subschema_for::<KeysBody>();
    responses.subschema_for::<RevocationResponse>();
    responses.subschema_for::<RevocationPage>();
    responses.subschema_for::<CompactionBody>();
    responses.subschema_for::<ProblemBody<'_>>();
    let mut schemas: Map<_, _> = requests.take_definitions(true);
    schemas.extend(responses.take_definitions(true));
    let mut schemas = Value::Object(schemas);
    unwrap_descriptions(&mut schemas);
    schemas
}

/// Joins the lines of doc comments.
fn unwrap_descriptions(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "description" => *text = text.replace('\n', " "),
                    other => unwrap_descriptions(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(unwrap_descriptions),
        _ => {}
    }
}
