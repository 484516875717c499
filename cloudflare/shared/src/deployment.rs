//! The parts of a deployment beside the code: bundled files, variables and secrets.

use std::path::Path;

use edge_auth::policy::Format;
use edge_auth::{Policy, PolicyErrors, SecretProvider};
use edge_auth_token::Secret;
use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

/// The Worker's bindings, and the files that `policy/index.js` names.
#[derive(Debug)]
pub struct Deployment {
    /// The bindings.
    pub env: Env,
    /// The files, by name.
    pub files: JsValue,
}

impl Deployment {
    /// Reads the bundled policy.
    ///
    /// # Errors
    /// It is missing or has mistakes.
    pub fn policy(&self) -> Result<Policy, String> {
        for (file, format) in [("policy.toml", Format::Toml), ("policy.json", Format::Json)] {
            if let Some(text) = text(&self.files, file) {
                return Policy::parse(&text, format, file)
                    .map_err(|errors: PolicyErrors| errors.to_string());
            }
        }
        Err("no policy is bundled: `policy/index.js` names neither policy.toml nor policy.json"
            .to_owned())
    }

    /// Returns a variable's text, unless it is missing or empty.
    pub fn variable(&self, name: &str) -> Option<String> {
        text(&self.env, name).filter(|value| !value.is_empty())
    }
}

impl SecretProvider for Deployment {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        match self.variable(name) {
            Some(secret) => Ok(Secret::new(secret)),
            None => Err(format!("there is no secret `{name}`: wrangler secret put {name}")),
        }
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        let name = path.to_string_lossy();
        match text(&self.files, &name) {
            Some(text) => Ok(text.into_bytes()),
            None => Err(format!(
                "{name} is not bundled: import it in `policy/index.js` and name it there"
            )),
        }
    }
}

fn member(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &JsValue::from_str(name))
        .ok()
        .filter(|value| !value.is_undefined() && !value.is_null())
}

fn text(object: &JsValue, name: &str) -> Option<String> {
    // Members that every object inherits (`constructor`) are neither files nor variables.
    let own = Object::has_own(object.unchecked_ref::<Object>(), &JsValue::from_str(name));
    member(object, name).filter(|_| own)?.as_string()
}
