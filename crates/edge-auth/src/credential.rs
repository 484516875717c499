//! The credentials that a request presents, by their form only; other code verifies them.
//!
//! Each place holds at most one credential of a kind. Two of a kind are malformed: the gate never
//! picks one of them.

mod extract;
mod place;
mod scheme;
mod syntax;

use crate::policy::TokenPlace;

pub(crate) use extract::Wanted;
pub(crate) use place::{cookies_without, protocols_without, query_without};
pub use scheme::bearer;

/// A field name that a client cannot send (RFC 9110, section 5.1). A host puts a token here that
/// its platform took from the request, from any place, with or without a scheme.
pub const HANDED_TOKEN: &str = ":token";

/// The credentials of one request.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct PresentedCredentials<'a> {
    /// At most one for each place where an issuer's tokens may be.
    pub tokens: Vec<PresentedToken<'a>>,
    pub api_key: Option<&'a str>,
}

/// A token and the way in which it came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct PresentedToken<'a> {
    pub text: &'a str,
    /// The scheme was `DPoP` (RFC 9449), so the token must be bound to a key.
    pub dpop: bool,
    /// Where the token was; `None` if the platform took it from the request.
    pub place: Option<&'a TokenPlace>,
}

impl PresentedToken<'_> {
    /// Returns whether the token may belong to an issuer whose tokens come in `place`.
    pub(crate) fn is_from(&self, place: &TokenPlace) -> bool {
        self.place.is_none_or(|own| own == place)
    }
}

/// Shows how many credentials there are, but none of them.
impl std::fmt::Debug for PresentedCredentials<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tokens = self.tokens.len();
        write!(
            f,
            "PresentedCredentials {{ tokens: {tokens}, api_key: {} }}",
            self.api_key.is_some()
        )
    }
}
