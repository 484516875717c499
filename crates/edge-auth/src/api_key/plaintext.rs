//! The text of a new key, which is shown once.

use std::fmt;

use zeroize::Zeroizing;

/// The whole text of a new key. Show it to its owner once and keep it nowhere. Its `Debug` shows
/// nothing, and its memory is wiped when it is dropped.
pub struct PlaintextKey(Zeroizing<String>);

impl PlaintextKey {
    pub(super) fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The text, for the one place that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlaintextKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlaintextKey(…)")
    }
}
