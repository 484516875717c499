//! `keys` and `algorithms` of an `[[issuer]]`.

use edge_auth_token::Algorithm;

use super::mistakes::{Compiler, Field};
use super::schema;
use crate::policy::issuer::{KeyOrigin, fetchable};

/// Compiles `keys`.
pub(super) fn keys(
    compiler: &mut Compiler<'_>,
    index: usize,
    source: &schema::IssuerTable,
) -> Option<KeyOrigin> {
    let at = Field::of("issuer", index, "keys");
    let Some(keys) = &source.keys else {
        compiler.error(
            at,
            "is missing: say { discover = true }, { jwks_url = … }, { jwks_file = … }, { jwks = … } \
             or { secret = NAME }",
        );
        return None;
    };
    if keys.discover == Some(false) {
        compiler.error(at, "`discover` can only be true: leave it out otherwise");
        return None;
    }
    if keys.discover.is_some() && source.issuer.is_none() {
        let message = "cannot be discovered without an `issuer`: name the key set, as in { jwks_url = \"…\" }";
        compiler.error(at, message);
        return None;
    }
    if keys.encoding.is_some() && keys.secret.is_none() {
        compiler.error(at, "`encoding` is how a `secret` is written, and there is none");
        return None;
    }
    let mut given = Vec::new();
    if keys.discover.is_some() {
        let issuer = source.issuer.as_deref().unwrap_or_default().trim_end_matches('/');
        given.push(KeyOrigin::Discovery(format!("{issuer}/.well-known/openid-configuration")));
    }
    if let Some(url) = &keys.jwks_url {
        given.push(KeyOrigin::Url(url.clone()));
    }
    if let Some(path) = &keys.jwks_file {
        given.push(KeyOrigin::File(path.clone()));
    }
    if let Some(set) = &keys.jwks {
        given.push(KeyOrigin::Inline(set.to_string()));
    }
    if let Some(name) = &keys.secret {
        let encoding = keys.encoding.unwrap_or_default();
        given.push(KeyOrigin::Secret { name: name.clone(), encoding });
    }
    let [origin] = given.as_slice() else {
        compiler.error(
            at,
            "must say exactly one of `discover`, `jwks_url`, `jwks_file`, `jwks`, `secret`",
        );
        return None;
    };
    if let KeyOrigin::Discovery(url) | KeyOrigin::Url(url) = origin
        && let Err(reason) = fetchable(url, source.insecure_http_jwks)
    {
        compiler.error(at, &reason);
        return None;
    }
    Some(origin.clone())
}

/// Compiles `algorithms`: all asymmetric ones by default, HS256 with a shared secret.
pub(super) fn algorithms(
    compiler: &mut Compiler<'_>,
    index: usize,
    given: Option<Vec<Algorithm>>,
    keys: Option<&KeyOrigin>,
) -> Vec<Algorithm> {
    let at = Field::of("issuer", index, "algorithms");
    let secret = matches!(keys, Some(KeyOrigin::Secret { .. }));
    let algorithms = given.unwrap_or_else(|| match secret {
        true => vec![Algorithm::Hs256],
        false => Algorithm::ASYMMETRIC.to_vec(),
    });
    if algorithms.is_empty() {
        compiler.error(at, "must name at least one algorithm");
    } else if secret && !algorithms.iter().all(|algorithm| algorithm.is_symmetric()) {
        compiler.error(at, "a shared secret goes with HS256, HS384 and HS512 only");
    } else if !secret && algorithms.iter().any(|algorithm| algorithm.is_symmetric()) {
        compiler.error(
            at,
            "HS256, HS384 and HS512 need `keys = { secret = NAME }`: a published key must never be \
             taken for a shared secret",
        );
    }
    algorithms
}
