//! Makes the table. Changes nothing that is right already.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, LocalSecondaryIndex, Projection,
    ProjectionType, ScalarAttributeType, TableDescription, TableStatus, TimeToLiveSpecification,
    TimeToLiveStatus,
};
use edge_auth::platform::Unavailable;

use super::DynamoDbStore;
use crate::error::{DynamoDbError, built, cause};
use crate::item::TTL;
use crate::table_layout::{MARK_INDEX, PARTITION, SORT};
use crate::table_name::TableName;

/// The sort key of [`MARK_INDEX`].
const MARK: &str = "mark";

/// How often a new table is looked at until it is active.
const LOOKS: u32 = 120;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What [`DynamoDbStore::init`] changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableSetup {
    /// It made the table, billed by request.
    pub created: bool,
    /// It switched on the table's TTL.
    pub ttl_enabled: bool,
}

impl DynamoDbStore {
    /// Makes the table if it does not exist, waits until it is active, switches on its TTL, by which
    /// DynamoDB deletes expired records, and makes the copies of the revocation log's head.
    ///
    /// # Errors
    /// The table of this name is another program's, or AWS refuses.
    pub async fn init(&self) -> Result<TableSetup, Unavailable> {
        let (client, table) = (&self.reader.client, self.table());
        let made = async {
            let created = create(client, table).await?;
            until_active(client, table).await?;
            let ttl_enabled = enable_ttl(client, table).await?;
            self.head().await?;
            Ok(TableSetup { created, ttl_enabled })
        };
        made.await.map_err(|DynamoDbError(why)| {
            Unavailable::new(format!("DynamoDB table {table}: {why}"))
        })
    }
}

/// Returns whether it made the table.
async fn create(client: &Client, table: &TableName) -> Result<bool, DynamoDbError> {
    // The index holds keys only, as it counts towards the 10 GB of one partition with an index.
    let projected = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let marks = LocalSecondaryIndex::builder()
        .index_name(MARK_INDEX)
        .set_key_schema(Some(schema(PARTITION, MARK)?))
        .projection(projected);
    let create = client
        .create_table()
        .table_name(table.as_str())
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(texts([PARTITION, SORT, MARK])?))
        .set_key_schema(Some(schema(PARTITION, SORT)?))
        .local_secondary_indexes(marks.build().map_err(built)?);
    match create.send().await {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(CreateTableError::ResourceInUseException(_)) => Ok(false),
            _ => Err(cause(error)),
        },
    }
}

async fn until_active(client: &Client, table: &TableName) -> Result<(), DynamoDbError> {
    for _ in 0..LOOKS {
        let described =
            client.describe_table().table_name(table.as_str()).send().await.map_err(cause)?.table;
        let described =
            described.ok_or_else(|| DynamoDbError("is described by an empty answer".to_owned()))?;
        if !is_ours(&described)? {
            return Err(DynamoDbError(
                "is another program's, or of another version: it lacks the key `pk`, `sk` or the \
                 local index `mark`; name another table"
                    .to_owned(),
            ));
        }
        if described.table_status == Some(TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(DynamoDbError("is not active yet; run this again later".to_owned()))
}

/// Returns whether it switched TTL on.
async fn enable_ttl(client: &Client, table: &TableName) -> Result<bool, DynamoDbError> {
    let described =
        client.describe_time_to_live().table_name(table.as_str()).send().await.map_err(cause)?;
    let described = described.time_to_live_description;
    let status = described.as_ref().and_then(|ttl| ttl.time_to_live_status());
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return match described.and_then(|ttl| ttl.attribute_name) {
            Some(attribute) if attribute == TTL => Ok(false),
            _ => Err(DynamoDbError(format!(
                "has a TTL attribute other than `{TTL}`; switch that off first"
            ))),
        };
    }
    let wanted = TimeToLiveSpecification::builder()
        .enabled(true)
        .attribute_name(TTL)
        .build()
        .map_err(built)?;
    let update =
        client.update_time_to_live().table_name(table.as_str()).time_to_live_specification(wanted);
    update.send().await.map_err(cause)?;
    Ok(true)
}

/// Returns whether the key and the index are as [`create`] makes them.
fn is_ours(table: &TableDescription) -> Result<bool, DynamoDbError> {
    let defined = texts([PARTITION, SORT, MARK])?;
    let marks = schema(PARTITION, MARK)?;
    let has_marks = table.local_secondary_indexes().iter().any(|index| {
        index.index_name() == Some(MARK_INDEX) && index.key_schema() == marks.as_slice()
    });
    Ok(table.key_schema() == schema(PARTITION, SORT)?.as_slice()
        && defined.iter().all(|attribute| table.attribute_definitions().contains(attribute))
        && has_marks)
}

/// Returns the schema of a key of two attributes.
fn schema(partition: &str, sort: &str) -> Result<Vec<KeySchemaElement>, DynamoDbError> {
    let mut elements = Vec::new();
    for (attribute, role) in [(partition, KeyType::Hash), (sort, KeyType::Range)] {
        let element = KeySchemaElement::builder().attribute_name(attribute).key_type(role);
        elements.push(element.build().map_err(built)?);
    }
    Ok(elements)
}

/// Returns the definitions of text attributes.
fn texts<const N: usize>(attributes: [&str; N]) -> Result<Vec<AttributeDefinition>, DynamoDbError> {
    let mut definitions = Vec::new();
    for attribute in attributes {
        let definition = AttributeDefinition::builder().attribute_name(attribute);
        let definition = definition.attribute_type(ScalarAttributeType::S);
        definitions.push(definition.build().map_err(built)?);
    }
    Ok(definitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_makes_the_same_table() {
        let template =
            include_str!("../../../template.yaml").split_whitespace().collect::<Vec<_>>().join(" ");
        let wanted = format!(
            "BillingMode: PAY_PER_REQUEST \
             AttributeDefinitions: \
             - {{ AttributeName: {PARTITION}, AttributeType: S }} \
             - {{ AttributeName: {SORT}, AttributeType: S }} \
             - {{ AttributeName: {MARK}, AttributeType: S }} \
             KeySchema: \
             - {{ AttributeName: {PARTITION}, KeyType: HASH }} \
             - {{ AttributeName: {SORT}, KeyType: RANGE }} \
             LocalSecondaryIndexes: \
             - IndexName: {MARK_INDEX} \
             KeySchema: \
             - {{ AttributeName: {PARTITION}, KeyType: HASH }} \
             - {{ AttributeName: {MARK}, KeyType: RANGE }} \
             Projection: {{ ProjectionType: KEYS_ONLY }} \
             TimeToLiveSpecification: {{ AttributeName: {TTL}, Enabled: true }}"
        );
        assert!(template.contains(&wanted), "{wanted}");
    }
}
