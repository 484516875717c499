//! Makes messages of the runtime safe for a log.

/// Replaces every word that may be part of a URL: a path or a query may hold a secret.
pub fn without_urls(message: &str) -> String {
    let mut words: Vec<&str> = message.split_whitespace().collect();
    for word in &mut words {
        if word.contains(['/', '?', '#', '=']) {
            *word = "[…]";
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_without_a_url_stays_as_it_is() {
        let message = "Network connection lost.";
        assert_eq!(without_urls(message), message);
    }

    #[test]
    fn no_part_of_a_url_gets_into_a_log() {
        for url in [
            "https://api.example.com/v1?access_token=secret",
            "/v1/secret",
            "(https://secret)",
            "?secret",
            "#secret",
            "access_token=secret",
        ] {
            let message = without_urls(&format!("Fetch API cannot load: {url} now"));
            assert_eq!(message, "Fetch API cannot load: […] now");
        }
    }
}
