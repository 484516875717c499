//! Sets of paths: those that IAM's wildcards match, and those that a rule's path matches.

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

/// A set of paths, as the characters that may stand in each place.
#[derive(Debug, Clone, Default)]
pub(super) struct PathLanguage(Vec<Element>);

#[derive(Debug, Clone, Copy)]
struct Element {
    chars: CharSet,
    /// Any number of them, or none.
    repeated: bool,
}

#[derive(Debug, Clone, Copy)]
enum CharSet {
    One(char),
    NoSlash,
    Any,
}

impl CharSet {
    fn intersects(self, other: Self) -> bool {
        match (self, other) {
            (Self::One(one), Self::One(other)) => one == other,
            (Self::One(one), Self::NoSlash) | (Self::NoSlash, Self::One(one)) => one != '/',
            (Self::NoSlash, Self::NoSlash) | (Self::Any, _) | (_, Self::Any) => true,
        }
    }
}

impl PathLanguage {
    /// Returns the set that a glob matches.
    pub(super) fn of_glob(glob: &str) -> Self {
        let element = |char| match char {
            '*' => Element { chars: CharSet::Any, repeated: true },
            '?' => Element { chars: CharSet::Any, repeated: false },
            other => Element { chars: CharSet::One(other), repeated: false },
        };
        Self(glob.chars().map(element).collect())
    }

    /// Appends exactly this text.
    pub(super) fn literal(&mut self, text: &str) {
        self.0.extend(
            text.chars().map(|char| Element { chars: CharSet::One(char), repeated: false }),
        );
    }

    /// Appends one segment that is not empty.
    pub(super) fn segment(&mut self) {
        let chars = CharSet::NoSlash;
        self.0.extend([Element { chars, repeated: false }, Element { chars, repeated: true }]);
    }

    /// Appends any text.
    pub(super) fn anything(&mut self) {
        self.0.push(Element { chars: CharSet::Any, repeated: true });
    }

    /// Returns whether a text is in both sets.
    pub(super) fn intersects(&self, other: &Self) -> bool {
        // Most differ within their first characters.
        let fixed =
            self.0.iter().zip(&other.0).take_while(|(one, other)| !one.repeated && !other.repeated);
        if fixed.into_iter().any(|(one, other)| !one.chars.intersects(other.chars)) {
            return false;
        }
        let width = other.0.len() + 1;
        let mut seen = vec![false; (self.0.len() + 1) * width];
        let mut open = vec![(0, 0)];
        while let Some((ours, theirs)) = open.pop() {
            match seen.get_mut(ours * width + theirs) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            match (self.0.get(ours), other.0.get(theirs)) {
                (None, None) => return true,
                (Some(one), None) if one.repeated => open.push((ours + 1, theirs)),
                (None, Some(other)) if other.repeated => open.push((ours, theirs + 1)),
                (Some(one), Some(other)) => {
                    if one.repeated {
                        open.push((ours + 1, theirs));
                    }
                    if other.repeated {
                        open.push((ours, theirs + 1));
                    }
                    if one.chars.intersects(other.chars) {
                        open.push((
                            ours + usize::from(!one.repeated),
                            theirs + usize::from(!other.repeated),
                        ));
                    }
                }
                _ => {}
            }
        }
        false
    }
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

    #[test]
    fn sets_intersect_if_a_text_is_in_both() {
        let mut order = PathLanguage::default();
        order.literal("/orders/");
        order.segment();
        let intersects = |glob| order.intersects(&PathLanguage::of_glob(glob));
        assert!(
            intersects("/orders/?*")
                && intersects("/*/a")
                && intersects("*")
                && intersects("/orders/42")
        );
        assert!(
            !intersects("/orders/")
                && !intersects("/orders/*/*")
                && !intersects("/order?")
                && !intersects("/users/*")
        );
        let mut files = PathLanguage::default();
        files.literal("/files/");
        files.anything();
        assert!(
            files.intersects(&PathLanguage::of_glob("*/"))
                && files.intersects(&PathLanguage::of_glob("/files/*/*"))
        );
        assert!(!files.intersects(&order));
    }
}
