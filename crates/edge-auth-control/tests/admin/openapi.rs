//! Compares responses with the OpenAPI document.

use serde_json::Value;

/// Panics unless the document has this status for the operation, and the body fits its schema.
pub(crate) fn check(method: &str, path: &str, status: u16, body: &Value) {
    let document: Value = serde_json::from_str(edge_auth_control::OPENAPI).unwrap();
    let Some(operation) = operation(&document, method, path) else {
        return;
    };
    let response = resolved(&document, &operation["responses"][status.to_string()]);
    let content = response["content"].as_object();
    let content = content.unwrap_or_else(|| panic!("{method} {path}: {status} is not described"));
    let schema = &content.values().next().unwrap()["schema"];
    fits(&document, schema, body)
        .unwrap_or_else(|why| panic!("{method} {path}, {status}: {why}: {body}"));
}

/// Finds the operation of a path in the document. A literal path takes precedence over `{id}`.
fn operation<'d>(document: &'d Value, method: &str, path: &str) -> Option<&'d Value> {
    if !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let paths = document["paths"].as_object().unwrap();
    let item = match paths.get(path) {
        Some(item) => item,
        None => paths.iter().find(|(template, _)| matches(template, path))?.1,
    };
    item.get(method.to_ascii_lowercase())
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(path).all(|(one, two)| *one == "{id}" || *one == two)
}

fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// Implements the part of JSON Schema that the document uses for its responses. Refuses properties
/// that the schema does not name.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let schema = resolved(document, schema);
    if let Some(alternatives) = schema["anyOf"].as_array() {
        return match alternatives.iter().any(|one| fits(document, one, value).is_ok()) {
            true => Ok(()),
            false => Err(format!("no alternative fits {value}")),
        };
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds = &schema["type"];
    if kinds != kind && !kinds.as_array().is_some_and(|kinds| kinds.contains(&kind.into())) {
        return Err(format!("{value} is not {kinds}"));
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return Err(format!("{value} is not one of {allowed:?}"));
    }
    match value {
        Value::Array(items) => {
            items.iter().try_for_each(|item| fits(document, &schema["items"], item))
        }
        Value::Object(members) => {
            for name in schema["required"].as_array().into_iter().flatten() {
                if !members.contains_key(name.as_str().unwrap()) {
                    return Err(format!("{name} is missing"));
                }
            }
            // A schema without `properties` accepts any object: the document itself.
            let Some(properties) = schema["properties"].as_object() else {
                return Ok(());
            };
            for (name, member) in members {
                let Some(property) = properties.get(name) else {
                    return Err(format!("`{name}` is not described"));
                };
                fits(document, property, member)?;
            }
            Ok(())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}
