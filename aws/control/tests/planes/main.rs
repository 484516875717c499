//! Both functions on one table, each with the rights of its role in the template.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

#[path = "../../../authorizer/tests/common/mod.rs"]
mod common;
mod deployment;
mod guarded;
mod role;

use std::collections::BTreeSet;

use edge_auth::platform::{
    ApiKeyRecord, ApiKeys, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable,
};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, RevocationLog};
use edge_auth_testkit::mint::{Signer, compact};
use edge_auth_token::{Algorithm, Timestamp};
use serde_json::{Value, json};

use deployment::{Deployment, block_on};
use role::{Right, Role};

fn bearer(subject: &str) -> String {
    let header = json!({ "alg": "HS256", "typ": "at+jwt" });
    let claims = json!({
        "iss": "https://corp.example/", "aud": "api", "sub": subject, "exp": 4_000_000_000_u64,
    });
    let signer = Signer::Secret(deployment::HMAC.as_bytes(), Algorithm::Hs256);
    let token = compact(header.to_string().as_bytes(), claims.to_string().as_bytes(), &signer);
    format!("Bearer {token}")
}

fn revocation_of(subject: &str, expires: &str) -> Value {
    json!({
        "kind": "subject", "issuer": "corp", "subject": subject, "reason": "lost the laptop",
        "expires": expires,
    })
}

#[test]
fn a_key_that_control_makes_is_good_at_the_authorizer_at_once() {
    let planes = Deployment::start();
    let (_, never) = planes.create_key();
    let altered = never.replacen(|c: char| c.is_ascii_digit(), "x", 1);
    assert!(!planes.is_allowed(&format!("ApiKey {altered}")));
    let (id, key) = planes.create_key();
    let key = format!("ApiKey {key}");
    assert!(planes.is_allowed(&key));
    let revoke = json!({ "reason": "left in a repository" });
    let (status, answer) =
        planes.administer("POST", &format!("/admin/v1/keys/{id}/revoke"), &revoke);
    assert_eq!(status, 200, "{answer}");
    planes.wait_until_refused(&key);
}

#[test]
fn what_control_revokes_the_authorizer_refuses() {
    let planes = Deployment::start();
    let (alice, bob) = (bearer("alice"), bearer("bob"));
    assert!(planes.is_allowed(&alice) && planes.is_allowed(&bob));
    let (status, answer) =
        planes.administer("POST", "/admin/v1/revocations", &revocation_of("alice", "1h"));
    assert_eq!(status, 201, "{answer}");
    planes.wait_until_refused(&alice);
    assert!(planes.is_allowed(&bob));
}

#[test]
fn the_authorizer_says_where_administration_is() {
    let planes = Deployment::start();
    let event = json!({
        "version": "2.0", "rawPath": "/admin/v1/keys", "headers": {},
        "requestContext": { "http": { "method": "GET", "path": "/admin/v1/keys", "sourceIp": "192.0.2.1" } },
    });
    let answer = planes.authorizer.invoke(event.to_string().into_bytes()).unwrap().unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["statusCode"], 404, "{answer}");
    assert!(answer["body"].as_str().unwrap().contains("control plane"), "{answer}");
}

#[test]
fn the_schedule_compacts_the_log_and_deletes_what_has_expired() {
    let planes = Deployment::start();
    let revoke = |subject: &str, expires: &str| {
        let asked = revocation_of(subject, expires);
        let (status, answer) = planes.administer("POST", "/admin/v1/revocations", &asked);
        assert_eq!(status, 201, "{answer}");
    };
    planes.enter_expired_revocation();
    for subject in ["alice", "bob"] {
        revoke(subject, "1h");
    }
    assert_eq!(planes.records(), 3);
    assert_eq!(planes.run_schedule(), Ok(json!({ "revocations": 2 })));
    assert_eq!(planes.records(), 2);
    // A second run has nothing to do.
    assert_eq!(planes.run_schedule(), Ok(json!({ "revocations": 2 })));
    planes.for_control.fail();
    let error = planes.run_schedule().unwrap_err();
    assert_eq!(error["errorType"], "MaintenanceFailed", "{error}");
}

/// Neither role has a right that its function does not need.
#[test]
fn each_function_uses_every_right_of_its_role_and_needs_no_other() {
    let planes = Deployment::start();
    let (id, key) = planes.create_key();
    assert!(planes.is_allowed(&format!("ApiKey {key}")) && planes.is_allowed(&bearer("alice")));
    for path in ["/admin/v1/keys", &format!("/admin/v1/keys/{id}"), "/admin/v1/revocations"] {
        assert_eq!(planes.administer("GET", path, &Value::Null).0, 200, "{path}");
    }
    // More than a copy of the log's head has room for: the authorizer reads the log.
    for number in 0..12 {
        let asked = revocation_of(&format!("somebody-{number}"), "1h");
        assert_eq!(planes.administer("POST", "/admin/v1/revocations", &asked).0, 201);
    }
    let mut entries = Vec::new();
    for subject in ["alice", "bob"] {
        let asked = revocation_of(subject, "1h");
        let (status, entry) = planes.administer("POST", "/admin/v1/revocations", &asked);
        assert_eq!(status, 201, "{entry}");
        entries.push(entry["id"].as_u64().unwrap());
        // The second snapshot replaces the first one, whose parts go.
        planes.run_schedule().unwrap();
    }
    // Undoing a revocation finds all of the same target by the index.
    let undo = json!({ "reason": "found it" });
    let path = format!("/admin/v1/revocations/{}/undo", entries[0]);
    let (status, answer) = planes.administer("POST", &path, &undo);
    assert_eq!(status, 201, "{answer}");
    planes.wait_until_refused(&bearer("bob"));

    let used = |rights: BTreeSet<Right>| -> BTreeSet<String> {
        rights.into_iter().map(|right| right.action).collect()
    };
    assert_eq!(used(planes.for_control.used()), Role::of("Control").actions());
    assert_eq!(used(planes.for_authorizer.used()), Role::of("Authorizer").actions());
    assert_eq!(planes.for_control.refused(), BTreeSet::new());
    assert_eq!(planes.for_authorizer.refused(), BTreeSet::new());
    let reads = ["dynamodb:GetItem".to_owned(), "dynamodb:Query".to_owned()];
    assert_eq!(Role::of("Authorizer").actions(), BTreeSet::from(reads));
}

/// An attacker whose code runs in the authorizer's process, with its role: everything that could
/// make a key, revoke, or take a revocation back.
#[test]
fn code_in_the_authorizer_can_neither_make_a_key_nor_touch_a_revocation() {
    let planes = Deployment::start();
    let (id, key) = planes.create_key();
    let asked = revocation_of("alice", "1h");
    assert_eq!(planes.administer("POST", "/admin/v1/revocations", &asked).0, 201);
    planes.run_schedule().unwrap();
    let before = planes.records();

    let store = planes.store_through(&planes.for_authorizer);
    let now = Timestamp::from_seconds(4_000_000_000);
    let refused = |done: Result<(), Unavailable>| {
        let why = done.unwrap_err().to_string();
        assert!(why.contains("AccessDeniedException"), "{why}");
    };
    block_on(async {
        let record = store.find(&id, Timestamp::from_seconds(0)).await.unwrap().unwrap();
        let next = ApiKeyRecord { version: record.version + 1, ..record.clone() };
        let made =
            ApiKeyRecord { id: "0123456789abcdefgh".to_owned(), version: 1, ..record.clone() };
        let version = Precondition::Version(record.version);
        refused(store.put(&made, Precondition::Absent, now).await.map(drop));
        refused(store.put(&next, version, Timestamp::from_seconds(0)).await.map(drop));
        let entries = store.since(1, 10).await.unwrap();
        let last = entries.records.last().unwrap();
        let appended = RevocationRecord { sequence: last.sequence + 1, ..last.clone() };
        refused(store.append(&[appended]).await.map(drop));
        refused(store.forget(u64::MAX, now, 10).await.map(drop));
        let snapshot = store.snapshot().await.unwrap().unwrap();
        let replaced = SnapshotRecord { sequence: snapshot.sequence + 1, ..snapshot.clone() };
        refused(store.put_snapshot(&replaced).await.map(drop));
        refused(store.put_snapshot_part(&snapshot.id, 0, b"other").await);
        // Reads stay possible.
        assert_eq!(store.snapshot().await.unwrap(), Some(snapshot));
    });
    let writes = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"];
    assert_eq!(planes.for_authorizer.refused(), writes.map(str::to_owned).into());
    assert_eq!(planes.records(), before);
    assert!(planes.is_allowed(&format!("ApiKey {key}")));
    planes.wait_until_refused(&bearer("alice"));
}
