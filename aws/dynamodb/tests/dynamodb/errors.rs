//! Failures between the store and DynamoDB: each operation fails in time, with a message that says
//! what to do and has no secret in it.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use edge_auth::platform::{
    ApiKeyRecord, ApiKeys, RevocationFeed, RevocationRecord, SnapshotRecord,
};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, RevocationLog, WriteOutcome};
use edge_auth_dynamodb::{DEADLINE, DynamoDbStore, TableName};
use edge_auth_testkit::scenario::SeenRequest;
use edge_auth_testkit::wire::{Response, Server};
use edge_auth_token::Timestamp;

use crate::support::{NOW, SECRET, at, config, forwarded, local, open, record, refusal};

/// Returns the errors of three operations. Each must begin with the table and the operation.
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

/// Returns the errors about a server that always answers like this.
async fn complaints_about(response: Response) -> [String; 3] {
    let server = Server::start(move |_| response.clone()).unwrap();
    complaints(&at(&server.url(), "keys")).await
}

/// Starts a server that answers the first requests by `instead` and passes the others on to
/// DynamoDB. The counter counts all of them.
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

/// Starts a server as [`flaky`] does, for transactions alone: it passes everything else on.
fn flaky_transactions(
    first: u64,
    instead: impl Fn(&SeenRequest) -> Response + Send + Sync + 'static,
) -> (Server, Arc<AtomicU64>) {
    let transactions = Arc::<AtomicU64>::default();
    let counted = Arc::clone(&transactions);
    let server = Server::start(move |request| {
        let mut values = request.headers.iter().map(|(_, value)| value);
        if !values.any(|value| value.ends_with(".TransactWriteItems")) {
            return forwarded(&request);
        }
        match counted.fetch_add(1, Ordering::SeqCst) {
            number if number < first => instead(&request),
            _ => forwarded(&request),
        }
    });
    (server.unwrap(), transactions)
}

fn throttled() -> Response {
    refusal(
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput …",
    )
}

#[tokio::test]
async fn a_throttled_read_fails_after_four_attempts() {
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
async fn a_throttled_read_is_tried_again() {
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
async fn a_put_whose_answer_is_lost_is_stored_once_and_reported_as_stored() {
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
    // Another call with the same record is another writer's.
    assert_eq!(
        store.put(&record("k1"), Precondition::Absent, NOW).await.unwrap(),
        WriteOutcome::Conflict
    );
}

#[tokio::test]
async fn an_append_whose_answer_is_lost_is_stored_once_and_reported_as_stored() {
    let direct = open("lost_append").await.unwrap();
    let lose = |request: &SeenRequest| {
        assert_eq!(forwarded(request).status, 200);
        Response { status: 500, ..Response::default() }
    };
    let (server, requests) = flaky_transactions(1, lose);
    let store = at(&server.url(), "lost_append");
    assert_eq!(store.append(&[revocation(1)]).await.unwrap(), WriteOutcome::Stored);
    assert_eq!(requests.load(Ordering::SeqCst), 2);
    assert_eq!(direct.since(0, 10).await.unwrap().records, [revocation(1)]);
    // Another call with the same records is another writer's.
    assert_eq!(store.append(&[revocation(1)]).await.unwrap(), WriteOutcome::Conflict);
}

fn revocation(sequence: u64) -> RevocationRecord {
    RevocationRecord { sequence, mark: "0".repeat(32), document: "{}".to_owned(), expires_at: None }
}

/// A transaction that DynamoDB cancels as the partition is at its limit.
fn throttled_transaction(_: &SeenRequest) -> Response {
    let body = serde_json::json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ThrottlingError]",
        "CancellationReasons": [{ "Code": "None" }, { "Code": "ThrottlingError", "Message": "slow down" }],
    });
    Response { status: 400, body: body.to_string().into_bytes(), ..Response::default() }
}

#[tokio::test]
async fn a_throttled_append_is_tried_again() {
    let direct = open("throttled_append").await.unwrap();
    let (server, requests) = flaky_transactions(2, throttled_transaction);
    let store = at(&server.url(), "throttled_append");
    assert_eq!(store.append(&[revocation(1)]).await.unwrap(), WriteOutcome::Stored);
    assert_eq!(requests.load(Ordering::SeqCst), 3);
    assert_eq!(direct.since(0, 10).await.unwrap().records, [revocation(1)]);
}

#[tokio::test]
async fn an_append_that_stays_throttled_says_so() {
    open("stays_throttled").await.unwrap();
    let (server, _) = flaky_transactions(u64::MAX, throttled_transaction);
    let table = TableName::parse("stays_throttled").unwrap();
    let store = DynamoDbStore::connect(config(&server.url()), table, DEADLINE);
    let complaint = store.append(&[revocation(1)]).await.unwrap_err().to_string();
    assert!(complaint.contains("TransactWriteItems: TransactionCanceledException"), "{complaint}");
    assert!(complaint.ends_with("at its limit of throughput"), "{complaint}");
}

#[tokio::test]
async fn a_transaction_takes_as_many_records_as_dynamodb_allows() {
    let store = open("largest_append").await.unwrap();
    let log: Vec<RevocationRecord> = (1..).take(store.max_appended()).map(revocation).collect();
    assert_eq!(store.append(&log).await.unwrap(), WriteOutcome::Stored);
    assert_eq!(store.since(1, 200).await.unwrap().records, log);
    // One more would be more than the 100 items of a transaction.
    let next = log.len() as u64 + 1;
    let more: Vec<RevocationRecord> = (next..).take(log.len() + 1).map(revocation).collect();
    let complaint = store.append(&more).await.unwrap_err().to_string();
    assert!(complaint.contains("ValidationException"), "{complaint}");
}

#[tokio::test]
async fn a_snapshot_whose_answer_is_lost_is_stored_and_reported_as_stored() {
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
    // Another snapshot with the same sequence is another writer's.
    assert_eq!(store.put_snapshot(&snapshot("c")).await.unwrap(), WriteOutcome::Conflict);
}

/// The log is read from its start, which may take long; no request waits for it.
#[tokio::test]
async fn forget_may_read_many_pages_each_within_the_deadline() {
    let direct = open("slow_pages").await.unwrap();
    let mut log: Vec<RevocationRecord> = (1..8).map(revocation).collect();
    log[5].expires_at = Some(Timestamp::from_seconds(1));
    assert_eq!(direct.append(&log).await.unwrap(), WriteOutcome::Stored);
    let (server, _) = flaky(u64::MAX, |request| {
        std::thread::sleep(DEADLINE / 4);
        forwarded(request)
    });
    let table = TableName::parse("slow_pages").unwrap();
    let store = DynamoDbStore::connect(config(&server.url()), table, DEADLINE);
    // The sixth page, of one record each, has it.
    assert_eq!(store.forget(7, NOW, 1).await.unwrap(), 1);
    log.remove(5);
    assert_eq!(direct.since(1, 10).await.unwrap().records, log);
}

#[tokio::test]
async fn a_refused_connection_is_reported() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    for complaint in complaints(&at(&format!("http://{closed}"), "keys")).await {
        assert!(complaint.contains("cannot be reached: "), "{complaint}");
        assert!(complaint.contains("refused"), "{complaint}");
    }
}

/// The paused clock leaps to the next timer when nothing else is left to do, so the test takes no
/// two seconds.
#[tokio::test(start_paused = true)]
async fn a_silent_dynamodb_fails_the_operation_within_two_seconds() {
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
async fn a_missing_table_is_reported() {
    for complaint in complaints(&at(&local().endpoint(), "keys")).await {
        assert!(complaint.contains("ResourceNotFoundException"), "{complaint}");
        assert!(complaint.contains("`edge-auth store init` makes it"), "{complaint}");
    }
}

#[tokio::test]
async fn wrong_credentials_are_an_error_and_not_a_missing_key() {
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
            assert!(complaint.contains("; check the "), "{complaint}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_not_dynamodbs_is_an_error() {
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
async fn a_record_that_is_too_large_is_refused_and_the_stored_one_stays() {
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
async fn an_id_that_no_record_can_have_costs_no_call() {
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
