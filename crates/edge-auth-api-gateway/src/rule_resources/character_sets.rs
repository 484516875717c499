//! Sets of paths as the characters that may stand in each place: slow and simple, to check the
//! comparison of segments.

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
