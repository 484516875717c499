//! `ca_file` and `bearer_file` of an `[[issuer]]`.

use super::mistakes::{Compiler, Field};
use super::schema;
use crate::policy::fetch_files::FetchFiles;
use crate::policy::issuer::{KeyOrigin, fetchable};

impl FetchFiles {
    /// Compiles both fields; every mistake is reported to `compiler`.
    pub(super) fn compile(
        compiler: &mut Compiler<'_>,
        index: usize,
        source: &schema::IssuerTable,
        keys: Option<&KeyOrigin>,
    ) -> Self {
        let at = |field: &'static str| Field::of("issuer", index, field);
        let (ca_file, bearer_file) = (source.ca_file.clone(), source.bearer_file.clone());
        match keys {
            Some(KeyOrigin::Discovery(url) | KeyOrigin::Url(url)) => {
                if ca_file.is_some() && !url.starts_with("https:") {
                    compiler.error(at("ca_file"), "is for keys that are fetched by https");
                }
                if bearer_file.is_some() && fetchable(url, false).is_err() {
                    let message = "would be sent without TLS: use https for the keys";
                    compiler.error(at("bearer_file"), message);
                }
            }
            Some(KeyOrigin::File(_) | KeyOrigin::Inline(_) | KeyOrigin::Secret { .. }) => {
                let message = "is for keys that are fetched: `discover` or `jwks_url`";
                if ca_file.is_some() {
                    compiler.error(at("ca_file"), message);
                }
                if bearer_file.is_some() {
                    compiler.error(at("bearer_file"), message);
                }
            }
            // A mistake in `keys` was reported already.
            None => {}
        }
        Self { ca_file, bearer_file, ca_line: compiler.line(&at("ca_file")) }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::{Format, Policy};

    /// Compiles an issuer with these keys and fields; the error is the one of the policy.
    fn compile(keys: &str, more: &str) -> Result<(), String> {
        let text = format!(
            "[[issuer]]\nname = \"corp\"\nissuer = \"https://a.example/\"\naudience = \"a\"\n\
             keys = {keys}\n{more}\n"
        );
        match Policy::parse(&text, Format::Toml, "policy.toml") {
            Ok(_) => Ok(()),
            Err(errors) => Err(errors.to_string()),
        }
    }

    #[test]
    fn the_files_are_for_keys_that_are_fetched() {
        for field in ["ca_file", "bearer_file"] {
            let more = format!("{field} = \"file\"");
            for keys in ["{ discover = true }", "{ jwks_url = \"https://a.example/keys\" }"] {
                assert_eq!(compile(keys, &more), Ok(()), "{field} {keys}");
            }
            for keys in ["{ jwks_file = \"keys.json\" }", "{ jwks = { keys = [] } }"] {
                let refused = compile(keys, &more).unwrap_err();
                let wanted = format!("policy.toml:6: issuer 1 (`corp`): `{field}`: is for keys");
                assert!(refused.contains(&wanted), "{refused}");
            }
        }
    }

    #[test]
    fn a_token_travels_by_tls_or_within_this_machine() {
        let local = "{ jwks_url = \"http://127.0.0.1:8001/keys\" }";
        assert_eq!(compile(local, "bearer_file = \"token\""), Ok(()));
        let refused = compile(local, "ca_file = \"ca.pem\"").unwrap_err();
        assert!(refused.contains("`ca_file`: is for keys that are fetched by https"), "{refused}");
        let plain = "{ jwks_url = \"http://a.example/keys\" }";
        let more = "insecure_http_jwks = true\nbearer_file = \"token\"";
        let refused = compile(plain, more).unwrap_err();
        assert!(refused.contains("`bearer_file`: would be sent without TLS"), "{refused}");
    }
}
