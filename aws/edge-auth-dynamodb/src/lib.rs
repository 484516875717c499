//! API-key records and revocations in one DynamoDB table, for AWS Lambda and for the `edge-auth`
//! command.
//!
//! | file | contents |
//! |---|---|
//! | `store.rs` | the store: a client, a table, and one deadline for every operation |
//! | `api_keys.rs`, `shard.rs` | API-key records, and lists of them in the order of their ids |
//! | `revocations.rs`, `append.rs` | the revocation feed, and appends to its log |
//! | `table_layout.rs`, `item.rs` | the keys and the attributes of items |
//! | `connect.rs` | the client: region, credentials, retries |
//! | `create_table.rs` | `edge-auth store init` |
//! | `error.rs` | errors, in words that say what to do |

mod api_keys;
mod append;
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
