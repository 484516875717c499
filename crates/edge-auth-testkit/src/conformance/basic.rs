//! One writer: records that were written are found and listed exactly.

use edge_auth::platform::ApiKeyRecord;
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_token::Timestamp;

use super::check::{
    Check, START, create, finds, finds_nothing, lists, puts, record, run_checks, same, successor,
};
use super::{Backend, Grade, Report};

/// The largest document that a store must take: 300 KB.
const LARGE: usize = 300_000;

pub(super) async fn run<B: Backend>(backend: &B, report: &mut Report) {
    run_checks!(backend, report, Grade::Basic;
        an_absent_record_is_none,
        documents_return_byte_for_byte,
        every_field_returns,
        ids_of_128_bytes_stay_distinct,
        ids_that_differ_only_by_case_stay_distinct,
        ids_are_not_patterns,
        an_id_is_not_its_prefix,
        a_write_replaces_the_version_before,
        large_documents_return_and_are_listed,
        the_list_is_ordered_by_bytes,
        pages_join_to_the_whole_list,
        a_page_starts_after_an_id_that_need_not_exist,
    );
}

async fn an_absent_record_is_none<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    finds_nothing(&store, "nobody", START).await?;
    lists(&store, (None, 10), START, &[]).await?;
    create(&store, &record("somebody", "{}")).await?;
    finds_nothing(&store, "nobody", START).await
}

async fn documents_return_byte_for_byte<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    let documents = [
        "{}",
        " leading and trailing white space \n",
        "line\nfeed, carriage\rreturn, both\r\n, tab\t",
        "'single', \"double\", `back`, \\ and ; -- /* */",
        "nul\0inside",
        "\u{feff}byte order mark",
        "Zürich, Ελλάδα, 東京, 🔑",
        "composed é, decomposed e\u{301}",
        "last of the BMP \u{ffff}, last of all \u{10ffff}",
        "12345678901234567890.0",
        "null",
    ];
    for (number, document) in documents.iter().enumerate() {
        create(&store, &record(&format!("k{number}"), document)).await?;
    }
    for (number, document) in documents.iter().enumerate() {
        finds(&store, &record(&format!("k{number}"), document), START).await?;
    }
    Ok(())
}

async fn every_field_returns<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    let far_future = Timestamp::from_millis(253_402_300_799_999);
    let records = [
        record("a", "never expires"),
        ApiKeyRecord {
            expires_at: Some(START.plus(std::time::Duration::from_millis(1))),
            ..record("b", "expires soon")
        },
        ApiKeyRecord {
            expires_at: Some(far_future),
            ..record("c", "expires at the end of the year 9999")
        },
        ApiKeyRecord { version: 5_000_000_000, ..record("d", "more versions than 32 bits count") },
    ];
    for record in &records {
        create(&store, record).await?;
        finds(&store, record, START).await?;
    }
    let listed = store.list(None, records.len(), START).await?;
    same("the listed records", &listed.as_slice(), &records.as_slice())
}

async fn ids_of_128_bytes_stay_distinct<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    let start = "x".repeat(127);
    keeps_apart(
        &store,
        &[&format!("{start}1"), &format!("{start}2"), &"é".repeat(64), &"🔑".repeat(32)],
    )
    .await
}

async fn ids_that_differ_only_by_case_stay_distinct<B: Backend>(
    backend: &B,
    storage: &str,
) -> Check {
    let store = backend.open(storage).await?;
    keeps_apart(&store, &["ABC", "ABc", "abc", "É", "é"]).await
}

async fn ids_are_not_patterns<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    let ids = [
        " ",
        "\"",
        "#",
        "%",
        "%25",
        "%61",
        "'",
        "' OR 1=1 --",
        "*",
        "..",
        "/",
        "0",
        "00",
        "1e3",
        "?",
        "\\",
        "_",
        "a",
        "a%",
        "a'b",
        "a*b",
        "a/b",
        "a:b",
        "aXb",
        "a_b",
        "null",
    ];
    keeps_apart(&store, &ids).await
}

async fn an_id_is_not_its_prefix<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    create(&store, &record("abc", "the longer")).await?;
    finds_nothing(&store, "ab", START).await?;
    finds_nothing(&store, "abcd", START).await?;
    keeps_apart(&store, &["ab", "abcd"]).await?;
    finds(&store, &record("abc", "the longer"), START).await
}

async fn a_write_replaces_the_version_before<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    let first = record("k", "the first, which is the longest");
    let second = successor(&first, "the second");
    let third = successor(&second, "3");
    create(&store, &first).await?;
    for (before, after) in [(&first, &second), (&second, &third)] {
        let expected = Precondition::Version(before.version);
        puts(&store, after, expected, START, WriteOutcome::Stored).await?;
        finds(&store, after, START).await?;
    }
    lists(&store, (None, 10), START, &["k"]).await
}

async fn large_documents_return_and_are_listed<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    let ids = ["a", "b", "c", "d", "e"];
    for id in ids {
        create(&store, &record(id, &id.repeat(LARGE))).await?;
    }
    for id in ids {
        finds(&store, &record(id, &id.repeat(LARGE)), START).await?;
    }
    // More than one page of a backend may hold: DynamoDB's limit is 1 MB.
    lists(&store, (None, 10), START, &ids).await
}

async fn the_list_is_ordered_by_bytes<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    // JavaScript sorts by UTF-16, in which the last two have the opposite order.
    let ordered = ["-", "0", "10", "9", "A", "Z", "_", "a", "aa", "b", "é", "\u{ff5e}", "🔑"];
    for id in ordered.iter().rev() {
        create(&store, &record(id, "{}")).await?;
    }
    lists(&store, (None, usize::MAX), START, &ordered).await
}

async fn pages_join_to_the_whole_list<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    let ids: Vec<String> = (0..60).map(|number| format!("k{number:02}")).collect();
    for id in &ids {
        create(&store, &record(id, "{}")).await?;
    }
    let mut after: Option<String> = None;
    for expected in ids.chunks(7) {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        lists(&store, (after.as_deref(), 7), START, &expected).await?;
        after = expected.last().map(|&id| id.to_owned());
    }
    lists(&store, (after.as_deref(), 7), START, &[]).await?;
    lists(&store, (None, 0), START, &[]).await
}

async fn a_page_starts_after_an_id_that_need_not_exist<B: Backend>(
    backend: &B,
    storage: &str,
) -> Check {
    let store = backend.open(storage).await?;
    for id in ["b", "d", "f"] {
        create(&store, &record(id, "{}")).await?;
    }
    lists(&store, (Some("a"), 10), START, &["b", "d", "f"]).await?;
    lists(&store, (Some("c"), 1), START, &["d"]).await?;
    lists(&store, (Some("d"), 10), START, &["f"]).await?;
    lists(&store, (Some("z"), 10), START, &[]).await
}

/// Writes a record under each id, and finds and lists all of them.
async fn keeps_apart(store: &impl ApiKeyAdmin, ids: &[&str]) -> Check {
    let before = store.list(None, usize::MAX, START).await?.len();
    for id in ids {
        finds_nothing(store, id, START).await?;
        create(store, &record(id, &format!("the document of {id}"))).await?;
    }
    for id in ids {
        finds(store, &record(id, &format!("the document of {id}")), START).await?;
    }
    let listed = store.list(None, usize::MAX, START).await?;
    same("listed records", &listed.len(), &(before + ids.len()))?;
    let unlisted: Vec<_> =
        ids.iter().filter(|id| !listed.iter().any(|record| record.id == **id)).collect();
    same("ids that were not listed", &unlisted, &Vec::new())
}
