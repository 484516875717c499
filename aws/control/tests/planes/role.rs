//! The roles of the template: which operations each function may do with the table.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

/// An action, and whether it is on an index of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Right {
    pub(crate) action: String,
    pub(crate) index: Option<String>,
}

impl Right {
    pub(crate) fn on_table(action: &str) -> Self {
        Self { action: action.to_owned(), index: None }
    }

    fn on_index(action: &str, index: &str) -> Self {
        Self { action: action.to_owned(), index: Some(index.to_owned()) }
    }
}

/// The statements of a function's policies.
#[derive(Debug, Clone)]
pub(crate) struct Role(Vec<Statement>);

#[derive(Debug, Clone)]
struct Statement {
    actions: Vec<String>,
    table: bool,
    index: Option<String>,
}

impl Role {
    /// Reads the statements of a function in `aws/template.yaml`.
    pub(crate) fn of(function: &str) -> Self {
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
        let template = std::fs::read_to_string(template).unwrap();
        let (_, resource) = template.split_once(&format!("\n  {function}:\n")).unwrap();
        let mut statements = Vec::new();
        for line in resource.lines().take_while(|line| {
            line.is_empty() || line.starts_with("    ") || line.starts_with("  #")
        }) {
            let line = line.trim();
            if line == "Effect: Allow" {
                statements.push(Statement { actions: Vec::new(), table: false, index: None });
            } else if let Some(actions) = line.strip_prefix("Action: ") {
                let actions = actions.trim_matches(['[', ']']).split(", ").map(str::to_owned);
                statements.last_mut().unwrap().actions = actions.collect();
            } else if let Some(resource) = line.strip_prefix("Resource: ") {
                let last = statements.last_mut().unwrap();
                last.table = resource.contains("!GetAtt Table.Arn");
                let index = resource.split_once("${Table.Arn}/index/");
                last.index = index.map(|(_, index)| index.trim_end_matches(['"', ']']).to_owned());
            }
        }
        assert!(!statements.is_empty(), "{function} has no statements");
        for statement in &statements {
            assert!(statement.table && !statement.actions.is_empty(), "{statement:?}");
            assert!(statement.actions.iter().all(|action| action.starts_with("dynamodb:")));
            assert!(!format!("{statement:?}").contains('*'), "{statement:?}");
        }
        Self(statements)
    }

    /// Returns the actions that the role allows.
    pub(crate) fn actions(&self) -> BTreeSet<String> {
        self.0.iter().flat_map(|statement| statement.actions.clone()).collect()
    }

    /// Returns whether a statement allows this.
    pub(crate) fn allows(&self, right: &Right) -> bool {
        self.0.iter().any(|statement| {
            let on = match &right.index {
                None => statement.table,
                index => statement.index == *index,
            };
            on && statement.actions.contains(&right.action)
        })
    }
}

/// Returns the rights that a request to DynamoDB needs.
pub(crate) fn needed(operation: &str, body: &Value) -> Vec<Right> {
    let parts = [
        ("Put", "dynamodb:PutItem"),
        ("Update", "dynamodb:UpdateItem"),
        ("Delete", "dynamodb:DeleteItem"),
        ("ConditionCheck", "dynamodb:ConditionCheckItem"),
    ];
    match operation {
        // IAM asks for the permissions of a transaction's parts, and for no other.
        "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().unwrap();
            let mut needed = Vec::new();
            for item in items {
                for part in item.as_object().unwrap().keys() {
                    let (_, action) = parts.iter().find(|(name, _)| name == part).unwrap();
                    needed.push(Right::on_table(action));
                }
            }
            needed
        }
        operation => {
            let action = format!("dynamodb:{operation}");
            match body["IndexName"].as_str() {
                Some(index) => vec![Right::on_index(&action, index)],
                None => vec![Right::on_table(&action)],
            }
        }
    }
}
