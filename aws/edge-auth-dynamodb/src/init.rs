//! Making the table. What is right already is left as it is.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableDescription,
    TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};
use edge_auth::platform::Unavailable;

use crate::item::TTL;
use crate::key::{PARTITION, SORT};
use crate::table_name::TableName;
use crate::trouble::{Trouble, cause};

/// How long a new table may take to become active.
const LOOKS: u32 = 120;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What was done; what was not was right already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Init {
    /// The table was made, billed by request.
    pub created: bool,
    /// Its TTL was switched on.
    pub ttl_enabled: bool,
}

/// Makes the table if there is none, waits until it is active, and has it forget what has lapsed.
///
/// # Errors
/// A table of this name is not ours, or AWS refuses.
pub async fn init(client: &Client, table: &TableName) -> Result<Init, Unavailable> {
    let made = async {
        let created = create(client, table).await?;
        until_active(client, table).await?;
        Ok(Init { created, ttl_enabled: enable_ttl(client, table).await? })
    };
    made.await.map_err(|Trouble(why)| Unavailable::new(format!("DynamoDB table {table}: {why}")))
}

/// Whether the table was made.
async fn create(client: &Client, table: &TableName) -> Result<bool, Trouble> {
    let mut create =
        client.create_table().table_name(table.as_str()).billing_mode(BillingMode::PayPerRequest);
    for (attribute, role) in key() {
        let defined = AttributeDefinition::builder()
            .attribute_name(attribute)
            .attribute_type(ScalarAttributeType::S)
            .build();
        let element = KeySchemaElement::builder().attribute_name(attribute).key_type(role).build();
        create = create.attribute_definitions(defined.map_err(built)?).key_schema(element.map_err(built)?);
    }
    match create.send().await {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(CreateTableError::ResourceInUseException(_)) => Ok(false),
            _ => Err(cause(error)),
        },
    }
}

async fn until_active(client: &Client, table: &TableName) -> Result<(), Trouble> {
    for _ in 0..LOOKS {
        let described = client.describe_table().table_name(table.as_str()).send().await.map_err(cause)?.table;
        let described = described.ok_or_else(|| Trouble("is described by an empty answer".to_owned()))?;
        if !is_ours(&described) {
            let why = "is another program's: its key is not the strings `pk` and `sk`; name another table";
            return Err(Trouble(why.to_owned()));
        }
        if described.table_status == Some(TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(Trouble("is not active yet; run this again later".to_owned()))
}

/// Whether TTL was switched on.
async fn enable_ttl(client: &Client, table: &TableName) -> Result<bool, Trouble> {
    let described = client.describe_time_to_live().table_name(table.as_str()).send().await.map_err(cause)?;
    let described = described.time_to_live_description;
    let status = described.as_ref().and_then(|ttl| ttl.time_to_live_status());
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return match described.and_then(|ttl| ttl.attribute_name) {
            Some(attribute) if attribute == TTL => Ok(false),
            _ => Err(Trouble(format!("has a TTL attribute other than `{TTL}`; switch that off first"))),
        };
    }
    let wanted =
        TimeToLiveSpecification::builder().enabled(true).attribute_name(TTL).build().map_err(built)?;
    let update = client.update_time_to_live().table_name(table.as_str()).time_to_live_specification(wanted);
    update.send().await.map_err(cause)?;
    Ok(true)
}

fn is_ours(table: &TableDescription) -> bool {
    key().into_iter().all(|(attribute, role)| {
        let is_key =
            |element: &KeySchemaElement| element.attribute_name == attribute && element.key_type == role;
        let is_text = |defined: &AttributeDefinition| {
            defined.attribute_name == attribute && defined.attribute_type == ScalarAttributeType::S
        };
        table.key_schema().iter().any(is_key) && table.attribute_definitions().iter().any(is_text)
    })
}

fn key() -> [(&'static str, KeyType); 2] {
    [(PARTITION, KeyType::Hash), (SORT, KeyType::Range)]
}

fn built(error: aws_sdk_dynamodb::error::BuildError) -> Trouble {
    Trouble(error.to_string())
}
