//! What a caller may reach, as an IAM policy lists it.

/// Resources from the method on, such as `GET/orders/?*`.
#[derive(Debug, Default)]
pub(super) struct ResourceLists {
    pub allow: Vec<String>,
    pub deny: Vec<String>,
}

/// The size of a list of resources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ListSize {
    /// How many there are.
    pub resources: usize,
    /// The bytes of all of them in JSON, from the method on and without quotation marks.
    pub bytes: usize,
}

impl ListSize {
    pub(super) fn add(&mut self, other: Self) {
        self.resources += other.resources;
        self.bytes += other.bytes;
    }
}

/// Returns the bytes of a text of visible ASCII in JSON, without its quotation marks.
pub(super) fn json_bytes(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}
