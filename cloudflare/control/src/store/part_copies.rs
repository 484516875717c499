//! Copies of parts of snapshots in KV. A part never changes, so a copy is never late.

use edge_auth_cloudflare::store::{KV_BINDING, part_name, within};
use worker::Env;
use worker::kv::{KvError, KvStore};

/// How long KV keeps a part, in seconds. `Reader` copies a part again that is still asked for.
const KEPT: u64 = 30 * 86_400;

/// The KV namespace, if one is bound.
#[derive(Debug, Clone)]
pub(crate) struct PartCopies(Option<KvStore>);

impl PartCopies {
    pub(crate) fn bound(env: &Env) -> Self {
        Self(env.kv(KV_BINDING).ok())
    }

    /// Copies a part, and logs a failure: the ledger has the part.
    pub(crate) async fn write(&self, id: &str, index: u32, bytes: &[u8]) {
        let Some(kv) = &self.0 else { return };
        if let Err(error) = within("KV", put(kv, &part_name(id, index), bytes)).await {
            worker::console_error!(
                "edge-auth: the copy of part {index} of snapshot {id} failed: {error}"
            );
        }
    }
}

async fn put(kv: &KvStore, name: &str, bytes: &[u8]) -> Result<(), KvError> {
    kv.put_bytes(name, bytes)?.expiration_ttl(KEPT).execute().await
}
