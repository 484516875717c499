//! What a caller may reach, as an IAM policy lists it.

/// Resources from the method on, such as `GET/orders/?*`.
#[derive(Debug, Default)]
pub(super) struct ResourceLists {
    pub allow: Vec<String>,
    pub deny: Vec<String>,
}
