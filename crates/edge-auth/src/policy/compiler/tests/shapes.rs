//! Texts that do not have a policy's shape: where, in which block, which field.

use super::*;

/// Line, block and field of the one error, and whether its message says `says`.
#[track_caller]
fn misshaped(
    result: Result<Policy, PolicyErrors>,
    line: usize,
    block: &str,
    field: &str,
    says: &str,
) {
    let errors = result.unwrap_err().0;
    let [error] = &errors[..] else { panic!("{errors:?}") };
    assert_eq!((error.line, &*error.block, &*error.field), (Some(line), block, field), "{error}");
    assert!(error.message.contains(says), "{error}");
}

#[test]
fn text_that_is_not_toml_or_json_is_reported_with_its_line() {
    misshaped(parse("[[rule]]\npath = \n"), 2, "", "", "");
    misshaped(parse("[[rule]\n"), 1, "", "", "");
    misshaped(parse("a = 1\na = 2\n"), 2, "", "", "duplicate");
    misshaped(json("{\n\"rule\": [\n}"), 3, "rule 1", "", "");
    misshaped(json("{}\n{}"), 2, "", "", "trailing");
    misshaped(json(""), 1, "", "", "");
    misshaped(json("[]"), 1, "", "", "");
}

#[test]
fn an_unknown_block_is_refused_with_a_list_of_the_known_ones() {
    misshaped(parse("\n[[rules]]\npath = \"/\"\n"), 2, "", "rules", "expected one of");
    misshaped(parse("[limits]\nx = 1\n"), 1, "", "limits", "unknown field `limits`");
    misshaped(json("{\n\"client_certs\": []}"), 2, "", "client_certs", "unknown field");
}

#[test]
fn an_unknown_field_is_refused_in_every_block() {
    for block in ["revocation", "identity", "credentials", "trust", "forward_auth", "admin"] {
        misshaped(
            parse(&format!("[{block}]\nbund = 1\n")),
            2,
            &format!("[{block}]"),
            "bund",
            "unknown field",
        );
    }
    for (line, block) in [(6, "issuer 1"), (12, "api_key 1"), (17, "rule 1")] {
        let at = GOOD.lines().take(line - 1).map(|line| line.len() + 1).sum();
        let mut text = GOOD.to_owned();
        text.insert_str(at, "audiences = \"x\"\n");
        misshaped(parse(&text), line, block, "audiences", "unknown field");
    }
    misshaped(
        parse(&with("discover = true", "url = \"x\"")),
        5,
        "issuer 1",
        "keys.url",
        "unknown field",
    );
    misshaped(
        parse(&with("any = ", "some = ")),
        15,
        "rule 1",
        "require.some",
        "unknown field `some`",
    );
    let misspelled = GOOD_JSON.replace("\"scopes\"", "\"scope\"");
    misshaped(json(&misspelled), 22, "rule 1", "scope", "unknown field");
}

#[test]
fn a_value_that_a_set_does_not_have_is_refused_with_the_set() {
    let block = "[[client_cert]]\nname = \"a\"\nsource = \"listener\"\nidentity = \"serial\"\n";
    misshaped(
        parse(block),
        3,
        "client_cert 1",
        "source",
        "`listener` is not one of `cloudflare`, `cloudflare-headers`, ",
    );
    misshaped(
        json("{\"forward_auth\": {\n\"proxy\": \"x`, expected `y\"}}"),
        2,
        "[forward_auth]",
        "proxy",
        "`x`, expected `y` is not one of `nginx`, ",
    );
}

#[test]
fn a_rule_that_requires_public_is_shown_the_field_for_it() {
    let errors = parse("[[rule]]\npath = \"/\"\nrequire = \"public\"\n").unwrap_err();
    assert!(errors.to_string().contains("write `public = true`"), "{errors}");
}

#[test]
fn a_field_of_the_wrong_type_is_named() {
    misshaped(
        parse(&with("\"https://login.example/\"", "7")),
        3,
        "issuer 1",
        "issuer",
        "expected a string",
    );
    misshaped(parse(&with("[\"GET\"]", "\"GET\"")), 14, "rule 1", "methods", "expected a sequence");
    misshaped(
        parse(&with("[\"GET\"]", "[\"GET\", 1]")),
        14,
        "rule 1",
        "methods.2",
        "expected a string",
    );
    misshaped(parse("rule = \"/\"\n"), 1, "", "rule", "expected a sequence");
    misshaped(parse(&with("\"PEPPER\"", "1")), 10, "api_key 1", "pepper", "name of a secret");
    misshaped(
        parse(&issuer_with("algorithms = [\"none\"]")),
        6,
        "issuer 1",
        "algorithms.1",
        "RS256, RS384",
    );
    misshaped(
        parse(&issuer_with("preset = \"google2\"")),
        6,
        "issuer 1",
        "preset",
        "github-actions",
    );
    misshaped(parse("[trust]\nnetworks = [\"10.0.0.0/33\"]\n"), 2, "[trust]", "networks.1", "");
    misshaped(
        parse("[forward_auth]\nproxy = \"haproxy\"\n"),
        2,
        "[forward_auth]",
        "proxy",
        "traefik",
    );
    let text = GOOD_JSON.replace("\"/v1/orders/{id}\"", "3");
    misshaped(json(&text), 19, "rule 1", "path", "expected a string");
}

#[test]
fn a_missing_field_is_reported_with_its_block() {
    misshaped(
        parse(&with("name = \"partners\"\n", "")),
        7,
        "api_key 1",
        "",
        "missing field `name`",
    );
    misshaped(
        parse(&with("pepper = \"PEPPER\"\n", "")),
        7,
        "api_key 1",
        "",
        "missing field `pepper`",
    );
    misshaped(parse("[forward_auth]\n"), 1, "", "forward_auth", "missing field `proxy`");
    let text = GOOD_JSON.replace("\"name\": \"partners\",", "");
    // JSON tells where the block ends.
    misshaped(json(&text), 15, "api_key 1", "", "missing field `name`");
}

#[test]
fn a_duration_has_a_unit() {
    for junk in [
        "\"30\"",
        "\"\"",
        "\"-5s\"",
        "\"5 parsecs\"",
        "30",
        "\"1e9999s\"",
        "\"99999999999999999999s\"",
    ] {
        let text = issuer_with(&format!("clock_skew = {junk}"));
        misshaped(parse(&text), 6, "issuer 1", "clock_skew", "");
    }
    misshaped(parse("[revocation]\nbound = \"soon\"\n"), 2, "[revocation]", "bound", "\"30s\"");
}

#[test]
fn a_table_is_read_by_the_names_of_its_fields_and_never_by_their_order() {
    for text in [
        r#"[]"#,
        r#"[{}, {}, {}, {}]"#,
        r#"{"trust": [["10.0.0.0/8"], null, null]}"#,
        r#"{"revocation": ["30s"]}"#,
        r#"{"rule": [["open", null, "/x", null, true]]}"#,
        r#"{"forward_auth": ["nginx"]}"#,
        r#"{"admin": [null]}"#,
        r#"{"issuer": [{"name": "a", "issuer": "b", "audience": "c", "keys": [true]}]}"#,
        r#"{"api_key": [{"name": "a", "pepper": "P", "imported": ["sha256", null]}]}"#,
        r#"{"rule": [{"path": "/x", "public": true, "cors": [["https://a"], [], null]}]}"#,
    ] {
        let told = json(text).expect_err(text).to_string();
        assert!(told.contains("sequence"), "{told}");
    }
    for text in ["trust = [[\"10.0.0.0/8\"]]", "rule = [[\"open\", \"/x\"]]"] {
        let told = parse(text).expect_err(text).to_string();
        assert!(told.contains("sequence"), "{told}");
    }
}
