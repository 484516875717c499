use serde_json::{Value, json};

use crate::fixture::Fixture;

/// The pages of a list, each as the ids of its keys.
fn pages(fixture: &Fixture, query: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut after = String::new();
    loop {
        let page = fixture.get(&format!("/admin/v1/keys?{query}{after}"));
        assert_eq!((page.status, page.logged().1), (200, Some("keys.list")), "{}", page.body);
        let keys = page.body["keys"].as_array().unwrap().iter();
        pages.push(keys.map(|key| key["id"].as_str().unwrap().to_owned()).collect());
        match page.body["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return pages,
        }
    }
}

fn made(fixture: &Fixture, block: &str, count: usize) -> Vec<String> {
    let mut ids: Vec<_> = (0..count).map(|_| fixture.key(block, "a").0).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn five_keys_are_three_pages_of_two_in_the_order_of_their_ids() {
    let fixture = Fixture::open();
    let ids = made(&fixture, "partners", 5);
    let found = pages(&fixture, "limit=2");
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(found.concat(), ids);
}

#[test]
fn the_keys_of_one_block_are_all_found_though_others_lie_between_them() {
    let fixture = Fixture::open();
    let (partners, staff) = (made(&fixture, "partners", 3), made(&fixture, "staff", 3));
    for (block, ids) in [("partners", partners), ("staff", staff), ("legacy", Vec::new())] {
        for limit in [1, 2, 200] {
            assert_eq!(
                pages(&fixture, &format!("block={block}&limit={limit}")).concat(),
                ids,
                "{block} {limit}"
            );
        }
    }
}

#[test]
fn without_a_limit_a_page_is_of_fifty_and_no_page_is_of_more_than_two_hundred_or_of_none() {
    let fixture = Fixture::open();
    made(&fixture, "partners", 201);
    for (query, keys) in
        [("", 50), ("?limit=0", 1), ("?limit=200", 200), ("?limit=4000000000", 200)]
    {
        let page = fixture.get(&format!("/admin/v1/keys{query}"));
        assert_eq!(page.body["keys"].as_array().unwrap().len(), keys, "{query}");
    }
}

#[test]
fn an_empty_store_is_one_empty_page() {
    let page = Fixture::open().get("/admin/v1/keys");
    assert_eq!(page.body, json!({"keys": [], "next": Value::Null}));
}

#[test]
fn a_wrong_parameter_is_refused_by_its_name() {
    let fixture = Fixture::open();
    for (query, named) in [
        ("limit=many", "`limit`"),
        ("limit=-1", "`limit`"),
        ("limit=", "`limit`"),
        ("page=2", "`page`"),
        ("block=nobody", "`nobody`"),
        ("block", "block"),
    ] {
        let answer = fixture.get(&format!("/admin/v1/keys?{query}"));
        assert_eq!((answer.status, answer.code()), (400, "request_invalid"), "{query}");
        assert!(answer.detail().contains(named), "{query}: {}", answer.detail());
    }
}
