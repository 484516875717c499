//! What one principal was answered is for no cache that others use (RFC 9111, section 5.2.2.7).

/// The `Cache-Control` of an answer to a principal, from the values that the upstream gave it.
pub fn private_cache_control<'a>(given: impl IntoIterator<Item = &'a str>) -> String {
    let shared = |directive: &&str| {
        let name = directive.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        matches!(name.as_str(), "public" | "s-maxage" | "private" | "")
    };
    let given = given.into_iter().flat_map(|value| value.split(',')).map(str::trim);
    let directives: Vec<&str> =
        ["private"].into_iter().chain(given.filter(|one| !shared(one))).collect();
    directives.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authorized_answer_is_kept_by_no_shared_cache() {
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
