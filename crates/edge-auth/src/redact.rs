//! Credentials that somebody put into a path, where none is looked for, taken out of the log.

use crate::admin::BOOTSTRAP_PREFIX;

/// A lead that is shorter is looked for where a segment begins only: it is in many words.
const MIN_INNER_LEAD: usize = 4;

/// The path without API keys that begin like one of `leads`, bootstrap secrets and tokens; `None` if it has
/// none, as nearly every path.
pub(crate) fn redacted<'l>(path: &str, leads: impl Iterator<Item = &'l str> + Clone) -> Option<String> {
    let mut shown = String::new();
    let mut rest = path;
    while let Some((at, what)) = first(rest, path.len() == rest.len(), leads.clone()) {
        let (before, found) = rest.split_at(at);
        shown.push_str(before);
        shown.push_str(what);
        rest = found.trim_start_matches(is_credential);
    }
    (rest.len() < path.len()).then(|| shown + rest)
}

/// Where the first credential begins, and what to show instead.
fn first<'l>(text: &str, whole: bool, leads: impl Iterator<Item = &'l str>) -> Option<(usize, &'static str)> {
    let begins = |at: usize| (at == 0 && whole) || text.get(..at).is_some_and(|before| before.ends_with('/'));
    let key = |lead: &'l str| {
        let found = text.match_indices(lead).map(|(at, _)| at);
        found.filter(|at| lead.len() >= MIN_INNER_LEAD || begins(*at)).map(|at| (at, "(an API key)")).next()
    };
    let token = text.match_indices("eyJ").map(|(at, _)| at).find(|at| {
        let run = text.get(*at..).unwrap_or_default();
        let end = run.find(|c| !is_credential(c)).unwrap_or(run.len());
        run.get(..end).is_some_and(|run| run.matches('.').count() >= 2)
    });
    let keys = leads.chain([BOOTSTRAP_PREFIX]).filter_map(key);
    keys.chain(token.map(|at| (at, "(a token)"))).min()
}

/// What keys and compact tokens are made of, and what is left of an escaped one.
fn is_credential(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~+=%".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn log(path: &str) -> String {
        redacted(path, ["acme_live_", "k_"].into_iter()).unwrap_or_else(|| path.to_owned())
    }

    #[test]
    fn a_key_is_not_shown_wherever_it_stands() {
        for (path, shown) in [
            ("/acme_live_abc", "/(an API key)"),
            ("/orders/acme_live_abc/x", "/orders/(an API key)/x"),
            ("/key=acme_live_abc&x", "/key=(an API key)&x"),
            ("/x:acme_live_abc,acme_live_d", "/x:(an API key),(an API key)"),
            ("/%22acme_live_abc%22", "/%22(an API key)"),
            ("/acme_live_abc%2Bd", "/(an API key)"),
            ("/k_abc/k_d", "/(an API key)/(an API key)"),
            ("/book_x", "/book_x"),
            ("/edge-auth-admin_abc", "/(an API key)"),
            ("/acme_test_abc", "/acme_test_abc"),
        ] {
            assert_eq!(log(path), shown, "{path}");
        }
    }

    #[test]
    fn a_token_is_not_shown_wherever_it_stands() {
        for (path, shown) in [
            ("/eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln", "/(a token)"),
            ("/cb/access_token=eyJh.eyJz.c2ln&state=1", "/cb/access_token=(a token)&state=1"),
            ("/eyJh.eyJz.", "/(a token)"),
            ("/eyJh.a.b.c.d/x", "/(a token)/x"),
            ("/eyJustAWord", "/eyJustAWord"),
            ("/eyJh.json", "/eyJh.json"),
        ] {
            assert_eq!(log(path), shown, "{path}");
        }
    }

    proptest! {
        #[test]
        fn nothing_of_a_key_is_left(before in "[/a-z=%.]{0,9}", secret in "[A-Za-z0-9]{1,9}", after in "[/&,a-z]{0,5}") {
            let shown = log(&format!("{before}acme_live_{secret}0Z{after}"));
            prop_assert!(!shown.contains("acme_live_") && !shown.contains("0Z"), "{}", shown);
        }

        #[test]
        fn any_text_is_answered(text in any::<String>()) {
            let _ = log(&text);
        }
    }
}
