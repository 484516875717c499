//! The parts of a deployment beside the code: bundled files, variables and secrets.

use std::path::Path;

use edge_auth::{Policy, SecretProvider};
use edge_auth_token::Secret;
use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;

/// The file with the compiled policy.
const POLICY: &str = "policy.bin";

/// The Worker's bindings, and the files that `policy/index.js` names.
#[derive(Debug)]
pub struct Deployment {
    /// The bindings.
    pub env: Env,
    /// The files, by name.
    pub files: JsValue,
}

impl Deployment {
    /// Loads the bundled policy, which the build has compiled.
    ///
    /// # Errors
    /// It is missing, damaged, or of another version.
    pub fn policy(&self) -> Result<Policy, String> {
        let Some(bytes) = own(&self.files, POLICY) else {
            return Err(format!("no policy is bundled: `policy/index.js` does not name {POLICY}"));
        };
        Policy::load(&Uint8Array::new(&bytes).to_vec()).map_err(|error| format!("{POLICY} {error}"))
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
    own(object, name)?.as_string()
}

/// Returns a member, but not one that every object inherits (`constructor`).
fn own(object: &JsValue, name: &str) -> Option<JsValue> {
    let is_own = Object::has_own(object.unchecked_ref::<Object>(), &JsValue::from_str(name));
    member(object, name).filter(|_| is_own)
}
