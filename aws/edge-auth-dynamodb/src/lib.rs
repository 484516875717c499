//! API-key records and revocations in one DynamoDB table, for AWS Lambda and for the `edge-auth`
//! command.
//!
//! | file | what it is |
//! |---|---|
//! | `store.rs` | the store: a client, a table, and one deadline for every operation |
//! | `api_keys.rs`, `shard.rs` | API-key records; reading them in the order of their ids |
//! | `revocations.rs` | the revocation feed |
//! | `table_layout.rs`, `item.rs` | where each thing is in the table, and what its attributes are |
//! | `connect.rs` | the client: region, credentials, retries |
//! | `create_table.rs` | making the table |
//! | `error.rs` | what can go wrong, in words that say what to do |

mod api_keys;
mod connect;
mod create_table;
mod error;
mod item;
mod revocations;
mod shard;
mod store;
mod table_layout;
mod table_name;

#[cfg(feature = "profiles")]
pub use connect::Profile;
pub use create_table::TableSetup;
pub use store::{DEADLINE, DynamoDbStore};
pub use table_name::{TableName, TableNameError};
