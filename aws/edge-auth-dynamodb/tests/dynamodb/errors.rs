//! What can go wrong between here and DynamoDB: nothing is answered that is not known, in time, and
//! with a message that says what to do and holds no secret.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use edge_auth::platform::{
    ApiKeyAdmin, ApiKeyRecord, ApiKeys, Precondition, RevocationFeed, RevocationLog,
    RevocationRecord, SnapshotRecord, WriteOutcome,
};
use edge_auth_dynamodb::{DEADLINE, DynamoDbStore, TableName};
use edge_auth_testkit::scenario::SeenRequest;
use edge_auth_testkit::wire::{Response, Server};
use edge_auth_token::Timestamp;

use crate::support::{NOW, SECRET, at, config, forwarded, local, open, record, refusal};

/// What every operation says when the store cannot answer. Each must begin by table and operation.
async fn complaints(store: &DynamoDbStore) -> [String; 3] {
    let found = store.find("k1", NOW).await.unwrap_err().to_string();
    let put = store.put(&record("k1"), Precondition::Absent, NOW).await.unwrap_err().to_string();
    let listed = store.list(None, 10, NOW).await.unwrap_err().to_string();
    let complaints = [found, put, listed];
    for (complaint, operation) in complaints.iter().zip(["GetItem", "PutItem", "Query"]) {
        assert!(
            complaint.starts_with(&format!("DynamoDB table keys: {operation}: ")),
            "{complaint}"
        );
        assert!(!complaint.contains(SECRET), "{complaint}");
    }
    complaints
}

/// The complaints about a server that always answers like this.
async fn complaints_about(response: Response) -> [String; 3] {
    let server = Server::start(move |_| response.clone()).unwrap();
    complaints(&at(&server.url(), "keys")).await
}

/// Answers the first requests by `instead`, the others as DynamoDB does. The counter has all of
/// them.
fn flaky(
    first: u64,
    instead: impl Fn(&SeenRequest) -> Response + Send + Sync + 'static,
) -> (Server, Arc<AtomicU64>) {
    let requests = Arc::<AtomicU64>::default();
    let counted = Arc::clone(&requests);
    let server = Server::start(move |request| match counted.fetch_add(1, Ordering::SeqCst) {
        number if number < first => instead(&request),
        _ => forwarded(&request),
    });
    (server.unwrap(), requests)
}

fn throttled() -> Response {
    refusal(
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput …",
    )
}

#[tokio::test]
async fn a_throttled_table_closes_the_door_after_four_attempts() {
    for complaint in complaints_about(throttled()).await {
        assert!(complaint.contains("ProvisionedThroughputExceededException"), "{complaint}");
        assert!(
            complaint.ends_with("the table or the account is at its limit of throughput"),
            "{complaint}"
        );
    }
    let (server, requests) = flaky(u64::MAX, |_| throttled());
    at(&server.url(), "keys").find("k1", NOW).await.unwrap_err();
    assert_eq!(requests.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_throttle_that_passes_is_not_noticed() {
    let direct = open("throttled").await.unwrap();
    assert_eq!(
        direct.put(&record("k1"), Precondition::Absent, NOW).await.unwrap(),
        WriteOutcome::Stored
    );
    let (server, requests) = flaky(2, |_| throttled());
    assert_eq!(at(&server.url(), "throttled").find("k1", NOW).await.unwrap(), Some(record("k1")));
    assert_eq!(requests.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_stored_once_and_said_to_be() {
    let direct = open("lost").await.unwrap();
    let lose = |request: &SeenRequest| {
        assert_eq!(forwarded(request).status, 200);
        Response { status: 500, ..Response::default() }
    };
    let (server, requests) = flaky(1, lose);
    let store = at(&server.url(), "lost");
    assert_eq!(
        store.put(&record("k1"), Precondition::Absent, NOW).await.unwrap(),
        WriteOutcome::Stored
    );
    assert_eq!(requests.load(Ordering::SeqCst), 2);
    assert_eq!(direct.find("k1", NOW).await.unwrap(), Some(record("k1")));
    // The same content by another call is somebody else's.
    assert_eq!(
        store.put(&record("k1"), Precondition::Absent, NOW).await.unwrap(),
        WriteOutcome::Conflict
    );
}

#[tokio::test]
async fn an_append_whose_answer_was_lost_is_done_once_and_said_to_be() {
    let direct = open("lost_append").await.unwrap();
    let lose = |request: &SeenRequest| {
        assert_eq!(forwarded(request).status, 200);
        Response { status: 500, ..Response::default() }
    };
    let (server, requests) = flaky(1, lose);
    let revocation = RevocationRecord {
        sequence: 1,
        mark: "0".repeat(32),
        document: "{}".to_owned(),
        expires_at: None,
    };
    let store = at(&server.url(), "lost_append");
    assert_eq!(
        store.append(std::slice::from_ref(&revocation)).await.unwrap(),
        WriteOutcome::Stored
    );
    assert_eq!(requests.load(Ordering::SeqCst), 2);
    assert_eq!(direct.since(0, 10).await.unwrap(), std::slice::from_ref(&revocation));
    // By another call it is somebody else's.
    assert_eq!(store.append(&[revocation]).await.unwrap(), WriteOutcome::Conflict);
}

#[tokio::test]
async fn a_snapshot_whose_answer_was_lost_is_stored_and_said_to_be() {
    let direct = open("lost_snapshot").await.unwrap();
    let lose = |request: &SeenRequest| {
        assert_eq!(forwarded(request).status, 200);
        Response { status: 500, ..Response::default() }
    };
    let (server, _) = flaky(1, lose);
    let store = at(&server.url(), "lost_snapshot");
    let snapshot =
        |id: &str| SnapshotRecord { sequence: 7, id: id.to_owned(), document: "{}".to_owned() };
    assert_eq!(store.put_snapshot(&snapshot("b")).await.unwrap(), WriteOutcome::Stored);
    assert_eq!(direct.snapshot().await.unwrap(), Some(snapshot("b")));
    // Another one that goes no further is somebody else's.
    assert_eq!(store.put_snapshot(&snapshot("c")).await.unwrap(), WriteOutcome::Conflict);
}

/// Nobody waits for it, and a long log is read from its start.
#[tokio::test]
async fn what_has_lapsed_may_be_looked_for_in_many_pages_each_with_the_deadline() {
    let direct = open("slow_pages").await.unwrap();
    let revocation = |sequence, expires_at| RevocationRecord {
        sequence,
        mark: "0".repeat(32),
        document: "{}".to_owned(),
        expires_at,
    };
    let mut log: Vec<RevocationRecord> =
        (1..6).map(|sequence| revocation(sequence, None)).collect();
    log.push(revocation(6, Some(Timestamp::from_seconds(1))));
    log.push(revocation(7, None));
    assert_eq!(direct.append(&log).await.unwrap(), WriteOutcome::Stored);
    let (server, _) = flaky(u64::MAX, |request| {
        std::thread::sleep(DEADLINE / 4);
        forwarded(request)
    });
    let table = TableName::parse("slow_pages").unwrap();
    let store = DynamoDbStore::connect(config(&server.url()), table, DEADLINE);
    // Of pages of one record, the sixth has it.
    assert_eq!(store.forget(7, NOW, 1).await.unwrap(), 1);
    log.remove(5);
    assert_eq!(direct.since(1, 10).await.unwrap(), log);
}

#[tokio::test]
async fn a_dynamodb_that_is_down_is_said_to_be_out_of_reach() {
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    for complaint in complaints(&at(&format!("http://{nobody}"), "keys")).await {
        assert!(complaint.contains("cannot be reached: "), "{complaint}");
        assert!(complaint.contains("refused"), "{complaint}");
    }
}

/// The clock stands still while anything is to be done, and then leaps to the next timer: these two
/// seconds take none.
#[tokio::test(start_paused = true)]
async fn a_dynamodb_that_does_not_answer_closes_the_door_within_two_seconds() {
    assert_eq!(DEADLINE, Duration::from_secs(2));
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let store =
        DynamoDbStore::connect(config(&endpoint), TableName::parse("keys").unwrap(), DEADLINE);
    let start = tokio::time::Instant::now();
    store.find("k1", NOW).await.unwrap_err();
    assert!(start.elapsed() <= DEADLINE + Duration::from_millis(5), "{:?}", start.elapsed());
    for complaint in complaints(&store).await {
        assert!(complaint.contains("no answer"), "{complaint}");
    }
    assert!(start.elapsed() <= 4 * (DEADLINE + Duration::from_millis(5)), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_table_that_is_not_there_is_said_not_to_be() {
    for complaint in complaints(&at(&local().endpoint(), "keys")).await {
        assert!(complaint.contains("ResourceNotFoundException"), "{complaint}");
        assert!(complaint.contains("`edge-auth store init` makes it"), "{complaint}");
    }
}

#[tokio::test]
async fn wrong_credentials_and_another_region_are_told_apart_from_a_missing_key() {
    let signature = format!(
        "The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for \
         this request should have been\n'POST\n/\n\nx-amz-security-token:{SECRET}'"
    );
    for (code, message) in [
        ("UnrecognizedClientException", "The security token included in the request is invalid."),
        ("ExpiredTokenException", "The security token included in the request is expired"),
        ("InvalidSignatureException", signature.as_str()),
        (
            "AccessDeniedException",
            "User: arn:aws:sts::1:assumed-role/r is not authorized to perform: dynamodb:GetItem",
        ),
    ] {
        for complaint in complaints_about(refusal(code, message)).await {
            assert!(complaint.contains(code), "{complaint}");
            assert!(complaint.contains("; see the "), "{complaint}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_not_dynamodbs_is_no_answer() {
    let page = |status, body: &str| Response {
        status,
        body: body.as_bytes().to_vec(),
        ..Response::default()
    };
    for response in [
        page(200, "<html>Please log in to the network</html>"),
        page(200, r#"{"Item": {"sk": {"S": "k1"}, "docum"#),
        page(200, "[]"),
        page(404, ""),
        page(500, r#"{"Item": {}}"#),
    ] {
        complaints_about(response).await;
    }
}

#[tokio::test]
async fn a_record_that_is_too_large_is_refused_and_the_one_before_stays() {
    let store = open("large").await.unwrap();
    assert_eq!(
        store.put(&record("k1"), Precondition::Absent, NOW).await.unwrap(),
        WriteOutcome::Stored
    );
    let large = ApiKeyRecord { document: "x".repeat(410_000), version: 2, ..record("k1") };
    let complaint = store.put(&large, Precondition::Version(1), NOW).await.unwrap_err().to_string();
    assert!(complaint.contains("ValidationException"), "{complaint}");
    assert!(complaint.contains("size"), "{complaint}");
    assert_eq!(store.find("k1", NOW).await.unwrap(), Some(record("k1")));
}

#[tokio::test]
async fn ids_that_no_record_can_have_are_not_asked_for() {
    let (server, requests) = flaky(u64::MAX, |_| throttled());
    let store = at(&server.url(), "keys");
    for id in [String::new(), "x".repeat(129), "é".repeat(4000)] {
        assert_eq!(store.find(&id, NOW).await, Ok(None));
        assert!(store.put(&record(&id), Precondition::Absent, NOW).await.is_err());
    }
    assert_eq!(requests.load(Ordering::SeqCst), 0);
    let store = open("bounds").await.unwrap();
    assert_eq!(
        store.put(&record("k1"), Precondition::Absent, NOW).await.unwrap(),
        WriteOutcome::Stored
    );
    assert_eq!(store.list(Some(""), 10, NOW).await.unwrap(), [record("k1")]);
    assert_eq!(store.list(Some(&"é".repeat(4000)), 10, NOW).await.unwrap(), []);
}
