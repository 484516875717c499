//! A disk that does not answer.

use std::sync::mpsc;

use edge_auth::platform::{ApiKeys, RevocationFeed};
use edge_auth_token::Timestamp;

use crate::store::SqliteStore;
use crate::store::pool::{CONNECTIONS, DEADLINE};

#[tokio::test(start_paused = true)]
async fn a_read_fails_in_time_if_the_disk_hangs() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("keys.db")).unwrap();
    let (disk, hangs) = mpsc::channel::<()>();
    let hangs = std::sync::Arc::new(std::sync::Mutex::new(hangs));
    let hung: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (store, hangs) = (store.clone(), hangs.clone());
            tokio::spawn(async move {
                store
                    .run(move |_| {
                        let _ = hangs.lock().unwrap().recv();
                        Ok(())
                    })
                    .await
            })
        })
        .collect();
    let reads = tokio::spawn({
        let store = store.clone();
        async move {
            let now = Timestamp::from_seconds(0);
            (
                store.since(1, 1).await.map(drop),
                store.marked("mark").await.map(drop),
                store.snapshot().await.map(drop),
                store.snapshot_part("part", 0).await.map(drop),
                store.find("id", now).await.map(drop),
            )
        }
    });
    for _ in 0..5 {
        tokio::task::yield_now().await;
        tokio::time::advance(DEADLINE).await;
    }
    let (since, marked, snapshot, part, find) = reads.await.unwrap();
    for answer in [since, marked, snapshot, part, find] {
        let error = answer.unwrap_err().to_string();
        assert!(error.contains("keys.db: does not answer"), "{error}");
    }

    drop(disk);
    for one in hung {
        one.await.unwrap().unwrap();
    }
    assert!(store.since(1, 1).await.unwrap().records.is_empty(), "it answers again");
}
