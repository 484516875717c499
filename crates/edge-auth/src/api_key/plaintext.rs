//! The text of a key, on its only way out.

use std::fmt;

use zeroize::Zeroizing;

/// The whole text of a new key: to be shown to its owner once and kept nowhere. Its `Debug` shows
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
