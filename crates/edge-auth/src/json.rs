//! Bodies in JSON: one object, its fields by name.

use serde::de::DeserializeOwned;

/// Reads a body. The error names the field that is wrong.
pub(crate) fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    // Serde would take a list for a structure, its fields by position.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err("it is no JSON object".to_owned());
    }
    let mut document = serde_json::Deserializer::from_slice(body);
    let value =
        serde_path_to_error::deserialize(&mut document).map_err(|error| error.to_string())?;
    document.end().map_err(|error| error.to_string())?;
    Ok(value)
}
