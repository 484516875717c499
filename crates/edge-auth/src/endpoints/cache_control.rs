//! Keeps answers to a principal out of shared caches (RFC 9111, section 5.2.2.7).

/// Returns the `Cache-Control` of an answer to a principal: `private`, and those directives of the
/// upstream that do not contradict it.
pub fn private_cache_control<'a>(given: impl IntoIterator<Item = &'a str>) -> String {
    let mut directives = vec!["private"];
    for directive in given.into_iter().flat_map(|value| value.split(',')) {
        let directive = directive.trim();
        let name = directive.split('=').next().unwrap_or_default().trim();
        let is_replaced = ["public", "s-maxage", "private", ""]
            .iter()
            .any(|replaced| name.eq_ignore_ascii_case(replaced));
        if !is_replaced {
            directives.push(directive);
        }
    }
    directives.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_to_a_principal_is_private() {
        assert_eq!(private_cache_control([]), "private");
        assert_eq!(
            private_cache_control(["public, max-age=60", "s-maxage=600"]),
            "private, max-age=60"
        );
        assert_eq!(private_cache_control(["PUBLIC", "Max-Age=60"]), "private, Max-Age=60");
        assert_eq!(private_cache_control(["no-store"]), "private, no-store");
        assert_eq!(
            private_cache_control(["private=\"set-cookie\", max-age=60"]),
            "private, max-age=60"
        );
    }
}
