//! The copies of the log's head: what reads of the feed cost, and tables of earlier versions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use edge_auth::platform::{RevocationFeed, RevocationRecord};
use edge_auth_control::store::{RevocationLog, WriteOutcome};
use edge_auth_dynamodb::{DynamoDbStore, HEADS};
use edge_auth_testkit::wire::Server;

use crate::support::{at, config, forwarded, local, open};

type Item = HashMap<String, AttributeValue>;

fn client() -> Client {
    Client::from_conf(config(&local().endpoint()).build())
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn key(partition: &str, sort: &str) -> Item {
    Item::from([("pk".to_owned(), text(partition)), ("sk".to_owned(), text(sort))])
}

fn revocation(sequence: u64) -> RevocationRecord {
    RevocationRecord {
        sequence,
        mark: format!("{sequence:032x}"),
        document: "x".repeat(600),
        expires_at: None,
    }
}

/// The transaction by which the version before appended.
async fn append_as_before(table: &str, known: u64) -> bool {
    let record = revocation(known + 1);
    let mut item = key("revocation", &format!("{:020}", record.sequence));
    item.extend([
        ("mark".to_owned(), text(&record.mark)),
        ("document".to_owned(), text(&record.document)),
    ]);
    let head = Update::builder()
        .table_name(table)
        .set_key(Some(key("revocation-head", "-")))
        .update_expression("SET #sequence = :last")
        .expression_attribute_names("#sequence", "sequence")
        .expression_attribute_values(":last", number(known + 1));
    let head = match known {
        0 => head.condition_expression("attribute_not_exists(pk)"),
        known => head
            .condition_expression("#sequence = :known")
            .expression_attribute_values(":known", number(known)),
    };
    let put = Put::builder().table_name(table).set_item(Some(item)).build().unwrap();
    let write = client()
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().update(head.build().unwrap()).build())
        .transact_items(TransactWriteItem::builder().put(put).build());
    write.send().await.is_ok()
}

/// Returns a store whose operations are noted.
fn noted(table: &str) -> (DynamoDbStore, Arc<Mutex<Vec<String>>>, Server) {
    let operations = Arc::<Mutex<Vec<String>>>::default();
    let noted = Arc::clone(&operations);
    let server = Server::start(move |request| {
        let target =
            request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-amz-target"));
        let (_, operation) = target.and_then(|(_, target)| target.rsplit_once('.')).unwrap();
        noted.lock().unwrap().push(operation.to_owned());
        forwarded(&request)
    })
    .unwrap();
    (at(&server.url(), table), operations, server)
}

fn sequences(records: &[RevocationRecord]) -> Vec<u64> {
    records.iter().map(|record| record.sequence).collect()
}

#[tokio::test]
async fn an_instance_that_is_up_to_date_reads_one_copy_and_not_the_log() {
    let direct = open("copies").await.unwrap();
    let (store, operations, _server) = noted("copies");
    let took = || std::mem::take(&mut *operations.lock().unwrap());
    let since = async |first: u64| {
        let tail = store.reader().since(first, 500).await.unwrap();
        sequences(&tail.records)
    };
    assert_eq!(since(1).await, [0; 0]);
    assert_eq!(took(), ["GetItem"]);
    for sequence in 1..=20 {
        assert_eq!(direct.append(&[revocation(sequence)]).await.unwrap(), WriteOutcome::Stored);
        // The instance reads the last record that it knows again.
        let known = (sequence - 1).max(1);
        assert_eq!(since(known).await, (known..=sequence).collect::<Vec<_>>());
        assert_eq!(took(), ["GetItem"]);
    }
    assert_eq!(since(20).await, [20]);
    assert_eq!(took(), ["GetItem"]);
    // One that starts, or has slept, reads the log.
    assert_eq!(since(2).await, (2..=20).collect::<Vec<_>>());
    assert_eq!(took(), ["GetItem", "Query"]);
}

#[tokio::test]
async fn every_copy_has_the_newest_records() {
    let store = open("every_copy").await.unwrap();
    assert_eq!(store.append(&[revocation(1), revocation(2)]).await.unwrap(), WriteOutcome::Stored);
    let mut copies = Vec::new();
    for copy in 0..HEADS {
        let get = client().get_item().table_name("every_copy");
        let got = get.set_key(Some(key(&format!("revocation-head#{copy:x}"), "-"))).send().await;
        let mut item = got.unwrap().item.unwrap();
        item.remove("pk");
        copies.push(item);
    }
    assert_eq!(copies[0]["sequence"], number(2));
    assert!(copies.iter().all(|copy| *copy == copies[0]), "{copies:?}");
}

#[tokio::test]
async fn a_table_of_the_version_before_gets_its_copies_and_that_version_appends_no_more() {
    let made = open("before").await.unwrap();
    for copy in 0..HEADS {
        let delete = client().delete_item().table_name("before");
        let copy = key(&format!("revocation-head#{copy:x}"), "-");
        delete.set_key(Some(copy)).send().await.unwrap();
    }
    let delete = client().delete_item().table_name("before");
    delete.set_key(Some(key("revocation-head", "-"))).send().await.unwrap();
    for known in 0..9 {
        assert!(append_as_before("before", known).await);
    }
    // Nothing is lost to instances before the copies are made.
    let all = made.reader().since(1, 100).await.unwrap().records;
    assert_eq!(sequences(&all), (1..=9).collect::<Vec<_>>());
    // A writer who does not know the last record is in conflict, as ever.
    assert_eq!(made.append(&[revocation(9)]).await.unwrap(), WriteOutcome::Conflict);
    assert_eq!(made.append(&[revocation(10)]).await.unwrap(), WriteOutcome::Stored);
    let all = made.reader().since(1, 100).await.unwrap().records;
    assert_eq!(sequences(&all), (1..=10).collect::<Vec<_>>());
    // The version before would leave the copies behind.
    for known in [0, 9, 10] {
        assert!(!append_as_before("before", known).await, "{known}");
    }
    assert_eq!(made.newest(None, 1).await.unwrap(), [revocation(10)]);
}

#[tokio::test]
async fn of_two_writers_at_one_head_one_is_in_conflict() {
    let store = open("contended").await.unwrap();
    let (one, other) = (revocation(1), RevocationRecord { document: "y".into(), ..revocation(1) });
    let (first, second) = (store.clone(), store.clone());
    let (first, second) =
        futures::join!(async { first.append(std::slice::from_ref(&one)).await.unwrap() }, async {
            second.append(std::slice::from_ref(&other)).await.unwrap()
        },);
    let stored =
        [&first, &second].iter().filter(|outcome| ***outcome == WriteOutcome::Stored).count();
    assert_eq!(stored, 1);
    let expected = if first == WriteOutcome::Stored { one } else { other };
    assert_eq!(store.reader().since(1, 10).await.unwrap().records, [expected]);
}
