//! Damaged items, and tables of other programs.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use edge_auth::platform::ApiKeys;
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_dynamodb::TableSetup;

use crate::support::{NOW, at, config, local, open, record};

fn client() -> Client {
    Client::from_conf(config(&local().endpoint()).build())
}

/// Returns the item of a record.
async fn item(table: &str, id: &str) -> HashMap<String, AttributeValue> {
    let scan = client().scan().table_name(table).send().await.unwrap();
    let is_it = |item: &HashMap<_, _>| item.get("sk") == Some(&AttributeValue::S(id.to_owned()));
    scan.items.unwrap().into_iter().find(is_it).unwrap()
}

#[tokio::test]
async fn a_truncated_item_is_named_and_other_items_are_still_found() {
    let store = open("edited").await.unwrap();
    for id in ["k1", "k2"] {
        assert_eq!(
            store.put(&record(id), Precondition::Absent, NOW).await.unwrap(),
            WriteOutcome::Stored
        );
    }
    let mut truncated = item("edited", "k1").await;
    truncated.remove("document");
    client().put_item().table_name("edited").set_item(Some(truncated)).send().await.unwrap();
    let named = "the item \"k1\" is damaged: `document` is missing or of a wrong type";
    for complaint in [store.find("k1", NOW).await.err(), store.list(None, 10, NOW).await.err()] {
        let complaint = complaint.unwrap().to_string();
        assert!(complaint.ends_with(named), "{complaint}");
    }
    assert_eq!(store.find("k2", NOW).await.unwrap(), Some(record("k2")));
}

#[tokio::test]
async fn init_makes_the_table_once_with_its_ttl() {
    let store = at(&local().endpoint(), "made");
    assert_eq!(store.init().await.unwrap(), TableSetup { created: true, ttl_enabled: true });
    assert_eq!(store.init().await.unwrap(), TableSetup { created: false, ttl_enabled: false });
    let ttl = client().describe_time_to_live().table_name("made").send().await.unwrap();
    assert_eq!(ttl.time_to_live_description.unwrap().attribute_name.unwrap(), "expires_at");
}

#[tokio::test]
async fn init_leaves_another_programs_table_alone() {
    let defined =
        AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
    let make = client()
        .create_table()
        .table_name("stamps")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(defined.build().unwrap())
        .key_schema(key.build().unwrap());
    make.send().await.unwrap();
    let complaint = at(&local().endpoint(), "stamps").init().await.unwrap_err().to_string();
    assert!(complaint.starts_with("DynamoDB table stamps: is another program's"), "{complaint}");
    let ttl = client().describe_time_to_live().table_name("stamps").send().await.unwrap();
    assert_eq!(ttl.time_to_live_description.unwrap().attribute_name, None);
}
