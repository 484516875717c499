//! The parts of a deployment beside the code: bundled files, variables and secrets.

use std::path::Path;

use edge_auth::policy::Format;
use edge_auth::{Policy, PolicyErrors, SecretProvider};
use edge_auth_token::Secret;
use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use worker::{Env, Url};

/// The variable with the origin's URL.
const UPSTREAM: &str = "UPSTREAM";
/// The service binding through which the origin may be fetched.
const ORIGIN: &str = "ORIGIN";

/// The Worker's bindings, and the files that `policy/index.js` names.
pub(crate) struct Deployment {
    pub(crate) env: Env,
    pub(crate) files: JsValue,
}

impl Deployment {
    /// Reads the bundled policy.
    pub(crate) fn policy(&self) -> Result<Policy, String> {
        for (file, format) in [("policy.toml", Format::Toml), ("policy.json", Format::Json)] {
            if let Some(text) = text(&self.files, file) {
                return Policy::parse(&text, format, file)
                    .map_err(|errors: PolicyErrors| errors.to_string());
            }
        }
        Err("no policy is bundled: `policy/index.js` names neither policy.toml nor policy.json"
            .to_owned())
    }

    /// Returns whether granted requests go on to an origin.
    ///
    /// # Errors
    /// `UPSTREAM` is not an origin, or is missing where `ORIGIN` is bound.
    pub(crate) fn has_upstream(&self) -> Result<bool, String> {
        let Some(upstream) = text(&self.env, UPSTREAM).filter(|url| !url.is_empty()) else {
            if member(&self.env, ORIGIN).is_some() {
                return Err(format!(
                    "{ORIGIN} is bound, but {UPSTREAM} is not set: set it to the origin's URL"
                ));
            }
            return Ok(false);
        };
        if is_origin(&upstream) {
            Ok(true)
        } else {
            Err(format!(
                "{UPSTREAM} is not an origin like https://api.example.com: leave out path and query, \
                 as requests keep their own"
            ))
        }
    }
}

impl SecretProvider for Deployment {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        match text(&self.env, name).filter(|secret| !secret.is_empty()) {
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

/// Returns whether a URL is a scheme, a host and perhaps a port, with at most a slash behind.
fn is_origin(url: &str) -> bool {
    match Url::parse(url) {
        Ok(parsed) => {
            let given = url.strip_suffix('/').unwrap_or(url);
            matches!(parsed.scheme(), "http" | "https")
                && parsed.origin().ascii_serialization() == given
        }
        Err(_) => false,
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
