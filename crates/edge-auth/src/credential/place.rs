//! Tokens in cookies, in `Sec-WebSocket-Protocol` and in the query: finds them, and removes them
//! from the upstream request.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::syntax::{is_compact, malformed, token68};
use crate::denial::Denial;
use crate::request::Headers;

const COOKIE: &str = "cookie";
const PROTOCOL: &str = "sec-websocket-protocol";

/// Finds the token in the cookie of this name (RFC 6265, section 4.2.1).
pub(super) fn cookie<'a>(headers: Headers<'a>, name: &str) -> Result<Option<&'a str>, Denial> {
    let mut found = None;
    for (own, value) in cookies(headers).filter_map(pair) {
        if own == name.as_bytes() && found.replace(value).is_some() {
            return Err(malformed(format!("several cookies `{name}`")));
        }
    }
    let Some(value) = found else { return Ok(None) };
    match token68(value) {
        Some(token) => Ok(Some(token)),
        None => Err(malformed(format!("the cookie `{name}` is unreadable"))),
    }
}

/// Returns the cookies without those of these names, as one field's value, or `None` if no cookie
/// has one of these names. Drops cookies that are not ASCII, which RFC 6265, section 4.1.1,
/// forbids.
pub(crate) fn cookies_without(headers: Headers<'_>, names: &[&str]) -> Option<String> {
    without(cookies(headers), "; ", |cookie| {
        pair(cookie).is_some_and(|(own, _)| names.iter().any(|name| name.as_bytes() == own))
    })
}

/// Joins the items that need not be removed, or returns `None` if no item needs to.
fn without<'a>(
    items: impl Iterator<Item = &'a [u8]>,
    separator: &str,
    is_removed: impl Fn(&[u8]) -> bool,
) -> Option<String> {
    let mut kept = Vec::new();
    let mut removed = false;
    for item in items {
        if is_removed(item) {
            removed = true;
        } else if !item.is_empty()
            && item.is_ascii()
            && let Ok(text) = std::str::from_utf8(item)
        {
            kept.push(text);
        }
    }
    if removed { Some(kept.join(separator)) } else { None }
}

fn cookies<'a>(headers: Headers<'a>) -> impl Iterator<Item = &'a [u8]> {
    list_items(headers, COOKIE, b';')
}

/// Splits all fields of a name at the separator.
fn list_items<'a>(
    headers: Headers<'a>,
    name: &'static str,
    separator: u8,
) -> impl Iterator<Item = &'a [u8]> {
    let fields = headers.all(name);
    fields
        .flat_map(move |field| field.split(move |byte| *byte == separator).map(<[u8]>::trim_ascii))
}

fn pair(cookie: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = cookie.iter().position(|byte| *byte == b'=')?;
    let (name, value) = cookie.split_at(at);
    Some((name.trim_ascii(), value.get(1..)?.trim_ascii()))
}

/// Finds the token among the protocols that a WebSocket client offers: the protocol with three
/// parts.
pub(super) fn protocol<'a>(headers: Headers<'a>) -> Result<Option<&'a str>, Denial> {
    let mut found = protocols(headers).filter(|protocol| is_token(protocol));
    let first = found.next();
    if found.next().is_some() {
        return Err(malformed("several tokens in `Sec-WebSocket-Protocol`"));
    }
    Ok(first.and_then(token68))
}

/// Returns the protocols without tokens, as one field's value, or `None` if no protocol is a token.
pub(crate) fn protocols_without(headers: Headers<'_>) -> Option<String> {
    without(protocols(headers), ", ", is_token)
}

fn protocols<'a>(headers: Headers<'a>) -> impl Iterator<Item = &'a [u8]> {
    list_items(headers, PROTOCOL, b',')
}

fn is_token(protocol: &[u8]) -> bool {
    protocol.starts_with(b"ey") && token68(protocol).is_some_and(is_compact)
}

/// Finds the token in the parameter of this name.
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Result<Option<&'a str>, Denial> {
    let mut found = None;
    for parameter in query.split('&') {
        let (own, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if decoded(own) == name && found.replace(value).is_some() {
            return Err(malformed(format!("several parameters `{name}`")));
        }
    }
    let Some(value) = found else { return Ok(None) };
    match token68(value.as_bytes()) {
        Some(token) => Ok(Some(token)),
        None => Err(malformed(format!("the parameter `{name}` is unreadable"))),
    }
}

/// Returns the query without the parameters of these names.
pub(crate) fn query_without(query: &str, names: &[&str]) -> String {
    let mut kept = Vec::new();
    for parameter in query.split('&') {
        let own = decoded(parameter.split('=').next().unwrap_or_default());
        if !names.contains(&own.as_ref()) {
            kept.push(parameter);
        }
    }
    kept.join("&")
}

/// Decodes a parameter's name as servers do: percent-decoded, with `+` as a space.
fn decoded(name: &str) -> Cow<'_, str> {
    if name.contains(['%', '+']) {
        let name = name.replace('+', " ");
        Cow::Owned(percent_decode_str(&name).decode_utf8_lossy().into_owned())
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_once_and_taken_out() {
        let fields: [(&str, &[u8]); 2] = [
            ("Cookie", b"theme=dark; session=eyJh.eyJz.c2ln;lang=en"),
            ("cookie", b"Session=x; session2=y"),
        ];
        let headers = Headers(&fields);
        assert_eq!(cookie(headers, "session").unwrap(), Some("eyJh.eyJz.c2ln"));
        assert_eq!(cookie(headers, "other").unwrap(), None);
        let rest = cookies_without(headers, &["session"]);
        assert_eq!(rest.as_deref(), Some("theme=dark; lang=en; Session=x; session2=y"));
        assert_eq!(cookies_without(headers, &["other"]), None);
        for twice in [&b"session=a; session=a"[..], b"session=a;x=y; session=b"] {
            assert!(cookie(Headers(&[("cookie", twice)]), "session").is_err());
        }
        assert!(
            cookie(Headers(&[("cookie", b"session=a"), ("cookie", b"session=b")]), "session")
                .is_err()
        );
        for unreadable in [&b"session="[..], b"session=a b", b"session=\xff"] {
            assert!(cookie(Headers(&[("cookie", unreadable)]), "session").is_err());
        }
    }

    #[test]
    fn a_token_is_found_among_protocols_and_taken_out() {
        let fields: [(&str, &[u8]); 1] =
            [("Sec-WebSocket-Protocol", b"bearer, eyJh.eyJz.c2ln, chat")];
        assert_eq!(protocol(Headers(&fields)).unwrap(), Some("eyJh.eyJz.c2ln"));
        assert_eq!(protocols_without(Headers(&fields)).as_deref(), Some("bearer, chat"));
        let without: [(&str, &[u8]); 1] = [("Sec-WebSocket-Protocol", b"chat.v1.x, eyJh.json")];
        assert_eq!(protocol(Headers(&without)).unwrap(), None);
        assert_eq!(protocols_without(Headers(&without)), None);
        let twice: [(&str, &[u8]); 2] = [
            ("Sec-WebSocket-Protocol", b"eyJh.eyJz.c2ln"),
            ("sec-websocket-protocol", b"eyJh.eyJz.c2ln"),
        ];
        assert!(protocol(Headers(&twice)).is_err());
    }

    #[test]
    fn a_parameter_is_found_under_its_name_in_every_spelling_and_taken_out() {
        let query = "a=1&access_token=eyJh.eyJz.c2ln&token=x";
        assert_eq!(parameter(query, "access_token").unwrap(), Some("eyJh.eyJz.c2ln"));
        assert_eq!(query_without(query, &["access_token"]), "a=1&token=x");
        assert_eq!(parameter("access%5Ftoken=a.b.c", "access_token").unwrap(), Some("a.b.c"));
        assert_eq!(query_without("access%5ftoken=a.b.c", &["access_token"]), "");
        assert_eq!(parameter("Access_Token=a.b.c&x", "access_token").unwrap(), None);
        for bad in
            ["access_token=a&access_token=a", "access_token", "access_token=", "access_token=a%20b"]
        {
            assert!(parameter(bad, "access_token").is_err(), "{bad}");
        }
    }
}
