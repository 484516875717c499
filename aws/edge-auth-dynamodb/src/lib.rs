//! API-key records in one DynamoDB table, for AWS Lambda and for the `edge-auth` command.
//!
//! | file | what it is |
//! |---|---|
//! | `store.rs` | the store: find, put, list, each within one deadline |
//! | `key.rs` | where each record is in the table |
//! | `item.rs` | a record as an item, and back |
//! | `shard.rs` | reading one shard's records in the order of their ids |
//! | `connect.rs` | the client: region, credentials, retries |
//! | `init.rs` | making the table |
//! | `trouble.rs` | what can go wrong, in words that say what to do |

mod connect;
mod init;
mod item;
mod key;
mod shard;
mod store;
mod table_name;
mod trouble;

pub use connect::from_environment;
#[cfg(feature = "profiles")]
pub use connect::from_profile;
pub use init::{Init, init};
pub use store::DynamoDbStore;
pub use table_name::{TableName, TableNameError};
