//! One comparison.

use serde_json::{Value, json};

/// A figure of edge-auth, alone or beside a peer's.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) suite: &'static str,
    pub(super) case: String,
    pub(super) metric: &'static str,
    pub(super) unit: &'static str,
    pub(super) ours: f64,
    pub(super) peer: Option<(String, f64)>,
}

impl Row {
    /// Returns the figure of edge-auth divided by the peer's.
    pub(super) fn ratio(&self) -> Option<f64> {
        self.peer.as_ref().map(|(_, value)| self.ours / value)
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "suite": self.suite,
            "case": self.case,
            "metric": self.metric,
            "unit": self.unit,
            "ours": self.ours,
            "peer": self.peer.as_ref().map(|(name, _)| name),
            "peer_value": self.peer.as_ref().map(|(_, value)| value),
            "ratio": self.ratio(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_same_members_with_a_peer_and_without() {
        let mut row = Row {
            suite: "native",
            case: "cold RS256".to_owned(),
            metric: "cpu",
            unit: "µs",
            ours: 12.5,
            peer: Some(("jose".to_owned(), 50.0)),
        };
        let expected = json!({
            "suite": "native", "case": "cold RS256", "metric": "cpu", "unit": "µs",
            "ours": 12.5, "peer": "jose", "peer_value": 50.0, "ratio": 0.25,
        });
        assert_eq!(row.json(), expected);
        row.peer = None;
        let alone = row.json();
        assert_eq!(
            (&alone["peer"], &alone["peer_value"], &alone["ratio"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
    }
}
