//! Opens and makes DynamoDB tables.

use std::time::Duration;

use edge_auth::platform::{ApiKeys, Unavailable};
use edge_auth_dynamodb::{DEADLINE, DynamoDbStore, Profile, TableName, TableSetup};

use crate::native::now;

/// The time of the first call, which may have to fetch credentials.
const FIRST: Duration = Duration::from_secs(10);

/// Connects, and reads from the table once, so that its errors are known before it is needed.
pub(super) async fn open(table: TableName) -> Result<DynamoDbStore, Unavailable> {
    let profile = Profile::load().await;
    let id_of_no_key = "-";
    profile.store(table.clone(), FIRST).find(id_of_no_key, now()).await?;
    Ok(profile.store(table, DEADLINE))
}

/// Makes the table, unless it exists.
pub(super) async fn init(table: TableName) -> Result<TableSetup, Unavailable> {
    Profile::load().await.store(table, FIRST).init().await
}
