//! Reads a token's scopes from its claims.

use std::collections::BTreeSet;

use edge_auth_token::{ClaimPath, Claims};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A claim that carries scopes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct ScopeClaim {
    pub claim: ClaimPath,
    /// Text is a list with spaces between its scopes. Else it is one scope: a role "Report Admin"
    /// is not the role `Admin`.
    pub split: bool,
}

impl ScopeClaim {
    /// Adds the scopes that a token has in this claim. An element of a list is one scope as it
    /// stands; an object gives the names of its members.
    ///
    /// # Errors
    /// What the claim is, if it is none of these.
    pub(crate) fn read(
        &self,
        claims: &Claims,
        scopes: &mut BTreeSet<String>,
    ) -> Result<(), String> {
        let ill_typed =
            || format!("`{}` is neither text, nor a list of text, nor an object", self.claim);
        match claims.find(&self.claim) {
            None => {}
            Some(Value::String(text)) if self.split => {
                scopes.extend(text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned));
            }
            Some(Value::String(text)) => {
                scopes.extend(Some(text).filter(|text| !text.is_empty()).cloned());
            }
            Some(Value::Array(items)) => {
                for item in items.iter().filter(|item| !item.is_null()) {
                    scopes.insert(item.as_str().ok_or_else(ill_typed)?.to_owned());
                }
            }
            Some(Value::Object(members)) => {
                let there = members.iter().filter(|(_, value)| !value.is_null());
                scopes.extend(there.map(|(name, _)| name.clone()));
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_)) => return Err(ill_typed()),
        }
        Ok(())
    }
}
