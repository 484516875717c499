//! A log that is written, one that fails and recovers, and one whose reader stops.

use std::sync::{Arc, Mutex, mpsc};

use edge_auth::certificate::PlatformCertificate;
use edge_auth::policy::Format;
use edge_auth::{AuthRequest, Gate, Headers, Policy};
use edge_auth_testkit::platform::{MapSecretProvider, MemoryPlatform};
use edge_auth_token::{AwsLcRs, Timestamp};

use super::*;
use crate::native::SystemRandomness;

/// A real event: events are made by gates only.
async fn event(target: &str) -> AuditEvent {
    let policy =
        Policy::parse("[[rule]]\npath = \"/\"\npublic = true", Format::Toml, "policy.toml")
            .unwrap();
    let platform = MemoryPlatform::new(Default::default(), "");
    let secret_provider = MapSecretProvider::default();
    let built = Gate::new(policy, &secret_provider, Box::new(AwsLcRs), platform, &SystemRandomness);
    let request = AuthRequest {
        location: edge_auth::ClientLocation::default(),
        method: "GET",
        host: None,
        authority: None,
        target,
        headers: Headers(&[]),
        client_ip: None,
        certificate: PlatformCertificate::Nothing,
        path_rewritten: true,
        proxy_trusted: false,
    };
    built.unwrap().0.authorize(&request, Timestamp::from_seconds(1)).await.audit.unwrap()
}

/// Takes what the test lets it take, and keeps it.
struct Stream {
    kept: Kept,
    /// What becomes of the next writes: how many bytes are taken before an error; all are if there
    /// is nothing to say.
    next: mpsc::Receiver<Option<usize>>,
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.next.recv() {
            Ok(Some(0)) => Err(io::ErrorKind::StorageFull.into()),
            Ok(Some(taken)) => {
                self.kept.lock().unwrap().extend(&bytes[..taken]);
                Ok(taken)
            }
            Ok(None) | Err(_) => {
                self.kept.lock().unwrap().extend(bytes);
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What arrived.
type Kept = Arc<Mutex<Vec<u8>>>;

fn log() -> (AuditLog, Writer, mpsc::Sender<Option<usize>>, Kept) {
    let kept = Kept::default();
    let (opener, next) = mpsc::channel();
    let stream = Stream { kept: Arc::clone(&kept), next };
    let (log, writer) = AuditLog::start(stream, OperatorLog::start().unwrap()).unwrap();
    (log, writer, opener, kept)
}

#[tokio::test]
async fn every_event_is_one_line_and_all_are_there_at_the_end() {
    let (log, writer, opener, kept) = log();
    drop(opener);
    for number in 0..100 {
        log.write(event(&format!("/{number}")).await).await.unwrap();
    }
    writer.finish().await.unwrap();
    let kept = String::from_utf8(kept.lock().unwrap().clone()).unwrap();
    assert_eq!(kept.lines().count(), 100);
    assert!(kept.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[tokio::test]
async fn after_a_full_disk_the_log_goes_on_with_a_whole_line() {
    let (log, writer, opener, kept) = log();
    log.write(event("/lost").await).await.unwrap();
    // Ten bytes fit, then none: the line is torn.
    opener.send(Some(10)).unwrap();
    opener.send(Some(0)).unwrap();
    while kept.lock().unwrap().len() < 10 {
        tokio::task::yield_now().await;
    }
    log.write(event("/kept").await).await.unwrap();
    drop(opener);
    writer.finish().await.unwrap();
    let kept = String::from_utf8(kept.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = kept.lines().collect();
    assert_eq!((lines.len(), lines[0].len()), (2, 10), "{kept}");
    assert!(
        lines[1].contains("/kept") && serde_json::from_str::<serde_json::Value>(lines[1]).is_ok()
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_whose_reader_stalls_refuses_events_and_does_not_delay_the_shutdown() {
    let (log, writer, opener, _) = log();
    let one = event("/").await;
    // One is being written, and the others wait.
    let mut waiting = 0;
    while log.write(one.clone()).await.is_ok() {
        waiting += 1;
        assert!(waiting < 10 * WAITING, "there is no end to it");
    }
    assert!(waiting >= WAITING);
    assert!(writer.finish().await.is_err());
    drop(opener);
}
