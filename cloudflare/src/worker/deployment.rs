//! What a deployment consists of beside the code: bundled files, variables and secrets.

use std::path::Path;

use edge_auth::policy::Format;
use edge_auth::{Policy, PolicyErrors, SecretProvider};
use edge_auth_token::Secret;
use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use worker::{Env, Url};

/// The variable with the origin, and the service binding that may stand for it.
const UPSTREAM: &str = "UPSTREAM";
const ORIGIN: &str = "ORIGIN";

/// The bindings, and the files that `policy/index.js` names.
pub(crate) struct Deployment {
    pub(crate) env: Env,
    pub(crate) files: JsValue,
}

impl Deployment {
    /// Reads the bundled policy.
    pub(crate) fn policy(&self) -> Result<Policy, String> {
        let (file, format, text) = [("policy.toml", Format::Toml), ("policy.json", Format::Json)]
            .into_iter()
            .find_map(|(file, format)| Some((file, format, text(&self.files, file)?)))
            .ok_or(
                "no policy is bundled: `policy/index.js` names neither policy.toml nor policy.json",
            )?;
        Policy::parse(&text, format, file).map_err(|errors: PolicyErrors| errors.to_string())
    }

    /// Whether granted requests go to an origin.
    pub(crate) fn has_upstream(&self) -> Result<bool, String> {
        let bound = member(&self.env, ORIGIN).is_some();
        let Some(upstream) = text(&self.env, UPSTREAM).filter(|url| !url.is_empty()) else {
            let help = format!("{ORIGIN} is bound: say with {UPSTREAM} which host it is asked for");
            return if bound { Err(help) } else { Ok(false) };
        };
        let origin =
            Url::parse(&upstream).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let origin = origin.map(|url| url.origin().ascii_serialization());
        let given = upstream.strip_suffix('/').unwrap_or(&upstream);
        if origin.is_some_and(|origin| given == origin) {
            Ok(true)
        } else {
            Err(format!(
                "{UPSTREAM} is no origin like https://api.example.com: requests keep their own path"
            ))
        }
    }
}

impl SecretProvider for Deployment {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        let secret = text(&self.env, name).filter(|secret| !secret.is_empty());
        secret
            .map(Secret::new)
            .ok_or_else(|| format!("there is no secret `{name}`: wrangler secret put {name}"))
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        let name = path.to_string_lossy();
        let text = text(&self.files, &name).ok_or_else(|| {
            format!("{name} is not bundled: import it in `policy/index.js` and name it there")
        })?;
        Ok(text.into_bytes())
    }
}

fn member(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &JsValue::from_str(name))
        .ok()
        .filter(|value| !value.is_undefined() && !value.is_null())
}

fn text(object: &JsValue, name: &str) -> Option<String> {
    // What every object inherits is neither a file nor a variable.
    let own = Object::has_own(object.unchecked_ref::<Object>(), &JsValue::from_str(name));
    member(object, name).filter(|_| own)?.as_string()
}
