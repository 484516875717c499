//! IAM's wildcards.

/// Returns whether IAM's wildcards match a text: `*` is any text, slashes included, and `?` is one
/// character.
pub(super) fn matches(glob: &str, text: &str) -> bool {
    // Compares bytes: our `?` stands before a `*`, which matches the rest of a longer character.
    let (glob, text) = (glob.as_bytes(), text.as_bytes());
    let (mut at, mut read) = (0, 0);
    // The place of the last star, and where the text that it matches ends.
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(read) {
        match glob.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted == byte => (at, read) = (at + 1, read + 1),
            _ => match &mut star {
                Some((place, taken)) => {
                    *taken += 1;
                    (at, read) = (*place + 1, *taken);
                }
                None => return false,
            },
        }
    }
    glob.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_crosses_slashes_and_a_question_mark_is_one_character() {
        for (glob, text) in
            [("a/*", "a/b/c"), ("*", ""), ("a?c", "a/c"), ("*b*", "abc"), ("a*a", "aba a")]
        {
            assert!(matches(glob, text), "{glob} {text}");
        }
        for (glob, text) in [("a/?*", "a/"), ("a", "A"), ("a?", "a"), ("*b", "abc"), ("", "a")] {
            assert!(!matches(glob, text), "{glob} {text}");
        }
    }
}
