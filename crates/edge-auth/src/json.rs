//! Bodies in JSON: one object with named fields.

use serde::de::DeserializeOwned;

/// Parses a body. The error names the wrong field.
pub fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    // Serde would accept a list as a structure, with its fields by position.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err("it is not a JSON object".to_owned());
    }
    let mut document = serde_json::Deserializer::from_slice(body);
    let value =
        serde_path_to_error::deserialize(&mut document).map_err(|error| error.to_string())?;
    document.end().map_err(|error| error.to_string())?;
    Ok(value)
}
