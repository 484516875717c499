//! API-key records and revocations in one DynamoDB table, for AWS Lambda and for the `edge-auth`
//! command.
//!
//! A gate has a [`DynamoDbReader`]. The feature `control` adds `DynamoDbStore`, which writes: without
//! it a program cannot name a write operation.
//!
//! | file | contents |
//! |---|---|
//! | `reader.rs` | the reader: a client, a table, and one deadline for every operation |
//! | `api_keys.rs`, `revocations.rs` | reads of API-key records and of the revocation feed |
//! | `head.rs` | copies of the log's head, over which instances spread |
//! | `table_layout.rs`, `item.rs` | the keys and the attributes of items |
//! | `connect.rs` | the client: region, credentials, retries |
//! | `error.rs` | errors, in words that say what to do |
//! | `control/` | the writes, lists of API keys, and `edge-auth store init` |

mod api_keys;
mod connect;
#[cfg(feature = "control")]
mod control;
mod error;
mod head;
mod item;
mod reader;
mod revocations;
mod table_layout;
mod table_name;

#[cfg(feature = "profiles")]
pub use connect::Profile;
#[cfg(feature = "control")]
pub use control::{DynamoDbStore, TableSetup};
pub use head::HEADS;
pub use reader::{DEADLINE, DynamoDbReader};
pub use table_name::{TableName, TableNameError};
