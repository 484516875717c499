//! The fields of an `[[issuer]]` that say where its tokens are.

use super::mistakes::{Compiler, Field};
use super::reserved_headers::CustomHeaders;
use super::schema;
use crate::policy::token_place::TokenPlace;
use crate::request::is_token;

impl TokenPlace {
    /// Compiles what a block says, and reports mistakes to `compiler`.
    pub(super) fn compile(
        compiler: &mut Compiler<'_>,
        headers: &mut CustomHeaders,
        index: usize,
        source: &schema::IssuerTable,
        default_header: Option<&str>,
    ) -> Self {
        let at = |field: &'static str| Field::of("issuer", index, field);
        let mut places = Vec::new();
        if let Some(name) = &source.token_header {
            let name = headers.name(compiler, at("token_header"), name, "tokens");
            places.push(("token_header", Self::Header(name)));
        }
        match source.token_scheme.as_deref() {
            None => {}
            Some("none") => places.push(("token_scheme", Self::Raw)),
            Some(scheme) if scheme.eq_ignore_ascii_case("bearer") => {
                places.push(("token_scheme", Self::Bearer));
            }
            Some(_) => {
                compiler.error(at("token_scheme"), "must be \"none\", or left out for `Bearer`")
            }
        }
        if let Some(name) = &source.token_cookie {
            if !is_token(name) {
                compiler.error(at("token_cookie"), "must be the name of a cookie");
            }
            places.push(("token_cookie", Self::Cookie(name.clone())));
        }
        if source.token_websocket_protocol {
            places.push(("token_websocket_protocol", Self::WebSocketProtocol));
        }
        if let Some(name) = &source.insecure_token_query {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            if name.is_empty() || name.len() > 64 || !name.bytes().all(allowed) {
                let message = "must be the name of a parameter: 1 to 64 letters, digits, `-`, `.`, `_` and `~`";
                compiler.error(at("insecure_token_query"), message);
            }
            places.push(("insecure_token_query", Self::Query(name.clone())));
        }
        let mut places = places.into_iter();
        let first = places.next().map(|(_, place)| place);
        if let Some((field, _)) = places.next() {
            let message = "is a second place for this block's tokens: make another block for it (a rule may name \
                           two blocks of one `iss`)";
            compiler.error(at(field), message);
        }
        match (first, default_header) {
            (Some(place), _) => place,
            (None, Some(name)) => {
                Self::Header(headers.name(compiler, at("token_header"), name, "tokens"))
            }
            (None, None) => Self::Bearer,
        }
    }
}
