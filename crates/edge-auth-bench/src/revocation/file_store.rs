//! A revocation log in a folder that is read part by part, so that only the index is in memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use edge_auth::platform::{
    LogTail, MaybeSend, Platform, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable,
};
use edge_auth::revocation::{Identifier, SnapshotContent, Target};
use edge_auth_control::store::RevocationLog;
use edge_auth_control::{ChangeMeta, RevocationLedger};
use edge_auth_testkit::documents::{DocumentSource, Documents};
use edge_auth_testkit::memory::MemoryApiKeys;
use edge_auth_testkit::revocations::MemoryRevocations;
use futures::executor::block_on;
use serde_json::{Value, json};

use super::fixture::{ISSUER, now, secrets};
use crate::Result;

const SNAPSHOT: &str = "0123456789abcdef";

/// Writes one record, and a snapshot of this many tokens.
pub(super) fn fill(folder: &Path, count: usize) -> Result<()> {
    fs::create_dir_all(folder)?;
    let (secrets, log) = (secrets()?, MemoryRevocations::new());
    let order = ChangeMeta { by: "bench", reason: "a measurement", now: now() };
    let last =
        block_on(RevocationLedger::new(secrets.clone(), &log).revoke(target(0)?, None, order))?;
    let mut content = SnapshotContent::default();
    for number in 0..count {
        content.revoke(&secrets, &target(number)?);
    }
    let written = content.written(&secrets, SNAPSHOT, &last).ok_or("too large")?;
    for (index, part) in written.parts().enumerate() {
        fs::write(folder.join(format!("part-{index}")), part)?;
    }
    let record = block_on(log.newest(None, 1))?.into_iter().next().ok_or("no record")?;
    let kept = json!({
        "mark": record.mark,
        "record": record.document,
        "snapshot": written.record().document,
    });
    Ok(fs::write(folder.join("log.json"), kept.to_string())?)
}

fn target(number: usize) -> Result<Target> {
    let issuer = Identifier::try_from(ISSUER.to_owned()).map_err(|error| error.to_string())?;
    let id = Identifier::try_from(format!("t{number}")).map_err(|error| error.to_string())?;
    Ok(Target::Token { issuer, id })
}

/// A host whose feed is such a folder.
pub(super) struct FilePlatform {
    folder: PathBuf,
    keys: MemoryApiKeys,
    source: DocumentSource,
}

impl FilePlatform {
    pub(super) fn new(folder: &Path) -> Self {
        let source = DocumentSource { documents: Documents::default(), base: String::new() };
        Self { folder: folder.to_owned(), keys: MemoryApiKeys::new(), source }
    }

    fn read(&self, name: &str) -> std::result::Result<Vec<u8>, Unavailable> {
        fs::read(self.folder.join(name))
            .map_err(|error| Unavailable::new(format!("{name}: {error}")))
    }

    fn kept(&self, member: &str) -> std::result::Result<String, Unavailable> {
        let kept: Value = serde_json::from_slice(&self.read("log.json")?).unwrap_or_default();
        let found = kept.get(member).and_then(Value::as_str);
        found.map(str::to_owned).ok_or_else(|| Unavailable::new(format!("no {member}")))
    }

    fn record(&self) -> std::result::Result<RevocationRecord, Unavailable> {
        let (mark, document) = (self.kept("mark")?, self.kept("record")?);
        Ok(RevocationRecord { sequence: 1, mark, document, expires_at: None })
    }
}

impl RevocationFeed for FilePlatform {
    async fn since(&self, first: u64, _: usize) -> std::result::Result<LogTail, Unavailable> {
        let records = if first > 1 { Vec::new() } else { vec![self.record()?] };
        Ok(LogTail::current(records))
    }

    async fn marked(&self, mark: &str) -> std::result::Result<Vec<RevocationRecord>, Unavailable> {
        let record = self.record()?;
        Ok(if record.mark == mark { vec![record] } else { Vec::new() })
    }

    async fn snapshot(&self) -> std::result::Result<Option<SnapshotRecord>, Unavailable> {
        let document = self.kept("snapshot")?;
        Ok(Some(SnapshotRecord { sequence: 1, id: SNAPSHOT.to_owned(), document }))
    }

    async fn snapshot_part(
        &self,
        _: &str,
        index: u32,
    ) -> std::result::Result<Option<Vec<u8>>, Unavailable> {
        self.read(&format!("part-{index}")).map(Some)
    }
}

impl Platform for FilePlatform {
    type ApiKeys = MemoryApiKeys;
    type KeySource = DocumentSource;
    type Revocations = Self;

    fn api_keys(&self) -> &MemoryApiKeys {
        &self.keys
    }

    fn key_source(&self) -> &DocumentSource {
        &self.source
    }

    fn revocations(&self) -> &Self {
        self
    }

    async fn timed<W: Future<Output: MaybeSend> + MaybeSend>(
        &self,
        work: W,
    ) -> (W::Output, Duration) {
        let began = Instant::now();
        (work.await, began.elapsed())
    }
}
