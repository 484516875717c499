//! Rules: who is named, what shadows what, what contradicts itself.

use super::*;

#[track_caller]
fn says(text: &str, told: &str) {
    let mistake = mistake(text);
    assert!(mistake.starts_with(told), "{mistake}\n{told}");
}

const RULE: &str = "rule 1 (`/v1/orders/{id}`): ";

#[test]
fn a_rule_can_name_only_blocks_of_the_policy() {
    for (require, told) in [
        ("\"jwt:corps\"", "`jwt:corps`: the policy has no block of that name"),
        ("\"key:corp\"", "`key:corp`: the policy has no block of that name"),
        ("\"corp\"", "`corp`: write \"jwt:NAME\", \"key:NAME\" or \"cert:NAME\""),
        ("\"cert:devices\"", "`cert:devices`: the policy has no block of that name"),
        ("\"cnf:devices\"", "`cnf:devices`: write"),
        ("\"JWT:corp\"", "`JWT:corp`: write"),
        ("\"\"", "``: write"),
        ("{ any = [] }", "names no credential, so that nobody could pass"),
        ("{ all = [] }", "names no credential, so that nobody could pass"),
        ("{ any = [\"jwt:corp\", \"jwt:corp\"] }", "`jwt:corp` is named twice"),
    ] {
        let text = with("{ any = [\"jwt:corp\", \"key:partners\"] }", require);
        says(&text, &format!("policy.toml:15: {RULE}`require`: {told}"));
    }
}

#[test]
fn a_rule_needs_either_credentials_or_public() {
    let line = "require = { any = [\"jwt:corp\", \"key:partners\"] }\n";
    says(
        &with(line, ""),
        &format!("policy.toml:12: {RULE}`require`: is missing: name a credential, or say"),
    );
    let both =
        with(line, &format!("{line}public = true\n")).replace("scopes = [\"orders:read\"]\n", "");
    says(&both, &format!("policy.toml:15: {RULE}`require`: contradicts `public = true`"));
    says(
        &with(line, "public = true\n"),
        &format!("policy.toml:16: {RULE}`scopes`: a public rule asks for no credential"),
    );
    policy(&with(line, "public = true\n").replace("scopes = [\"orders:read\"]\n", ""));
}

#[test]
fn any_and_all_are_not_both_given() {
    for require in ["{}", "{ any = [\"jwt:corp\"], all = [\"jwt:corp\"] }"] {
        let text = with("{ any = [\"jwt:corp\", \"key:partners\"] }", require);
        let told = mistake(&text);
        assert!(told.contains("rule 1: `require`: give exactly one of `any` and `all`"), "{told}");
    }
}

#[test]
fn scopes_that_are_listed_empty_are_refused_instead_of_letting_everyone_in() {
    for scopes in [
        "[]",
        "{}",
        "{ any_of = [] }",
        "{ all_of = [\"a\"], any_of = [] }",
        "{ all_of = [], any_of = [\"a\"] }",
    ] {
        says(&with("[\"orders:read\"]", scopes), &format!("policy.toml:16: {RULE}`scopes`: "));
    }
}

#[test]
fn a_scope_is_text_without_control_characters() {
    for scope in ["", "*", " a", "a ", "a\\tb", "a\\u0000"] {
        let text = with("\"orders:read\"", &format!("\"{scope}\""));
        says(&text, &format!("policy.toml:16: {RULE}`scopes`: `"));
    }
    policy(&with("\"orders:read\"", "\"Night Shift\""));
}

#[test]
fn all_of_two_of_a_kind_is_refused_because_nobody_could_meet_it() {
    let issuers = format!(
        "{GOOD}[[issuer]]\nname = \"b\"\nissuer = \"b\"\naudience = \"a\"\nkeys = {{ secret = \"S\" }}\n"
    );
    let all = issuers.replace(
        "{ any = [\"jwt:corp\", \"key:partners\"] }",
        "{ all = [\"jwt:corp\", \"jwt:b\"] }",
    );
    says(
        &all,
        &format!("policy.toml:15: {RULE}`require`: `all` of two of a kind can never be met"),
    );
    policy(&all.replace("all =", "any ="));
}

#[test]
fn two_blocks_of_one_iss_may_stand_in_one_rule() {
    let two = format!(
        "{GOOD}[[issuer]]\nname = \"b\"\nissuer = \"https://login.example/\"\naudience = \"other\"\nkeys = {{ discover = true }}\n"
    );
    policy(&two);
    let both = two.replace("\"key:partners\"", "\"jwt:b\"");
    policy(&both);
}

/// The good policy, whose rule asks for tokens only and has another field, on line 17.
fn rule_with(field: &str) -> String {
    with("{ any = [\"jwt:corp\", \"key:partners\"] }", "\"jwt:corp\"") + field + "\n"
}

#[test]
fn a_rule_may_say_who_passes_it_and_what_tokens_say() {
    let rule = |field: &str| policy(&rule_with(field)).rules[0].clone();
    let subjects = rule("subjects = [\"jwt:corp:alice\", \"jwt:corp:cron-*\"]").subjects.unwrap();
    let is_in = |id: &str| subjects.iter().any(|subject| subject.matches(id));
    for id in ["jwt:corp:alice", "jwt:corp:cron-", "jwt:corp:cron-7"] {
        assert!(is_in(id), "{id}");
    }
    for id in
        ["jwt:corp:alice2", "jwt:corp:Alice", "jwt:corp:cron", "jwt:corp2:alice", "key:corp:alice"]
    {
        assert!(!is_in(id), "{id}");
    }
    assert_eq!(rule("claims = { groups = { contains = \"a\" } }").claims.len(), 1);
}

#[test]
fn a_condition_that_no_caller_of_the_rule_can_meet_is_a_mistake() {
    for (field, told) in [
        ("subjects = []", "`subjects`: is empty"),
        ("subjects = [\"jwt:corp\"]", "write whom the rule's `require` can let in"),
        ("subjects = [\"jwt:corp:\"]", "write whom the rule's `require` can let in"),
        ("subjects = [\"alice\"]", "write whom the rule's `require` can let in"),
        ("subjects = [\"key:partners:x\"]", "write whom the rule's `require` can let in"),
        ("subjects = [\"*\"]", "write whom the rule's `require` can let in"),
        ("subjects = [\"jwt:corp:a*b\"]", "a `*` stands at the end only"),
        ("tenants = []", "`tenants`: is empty"),
        ("tenants = [\"acme\", \"a b\"]", "`tenants`: `a b` names no tenant"),
        ("tenants = [\"..\"]", "`tenants`: `..` names no tenant"),
        ("tenants = [\"acme\", \"acme\"]", "`tenants`: `acme` is named twice"),
        ("claims = { a = [] }", "`a` lists no value"),
        ("claims = { \"/a~\" = \"x\" }", "is not a JSON Pointer"),
    ] {
        let found = mistake(&rule_with(field));
        assert!(found.contains(told), "{found}\n{told}");
    }
    let with_keys = format!("{GOOD}claims = {{ a = \"x\" }}\n");
    assert!(mistake(&with_keys).contains("`claims`: are about tokens"));
    let public = "[[rule]]\npath = \"/a\"\npublic = true\n";
    assert!(
        mistake(&format!("{public}claims = {{ a = \"x\" }}\n"))
            .contains("`claims`: are about tokens")
    );
    assert!(
        mistake(&format!("{public}subjects = [\"jwt:a:b\"]\n"))
            .contains("a public rule asks for no credential")
    );
    assert!(
        mistake(&format!("{public}tenants = [\"acme\"]\n"))
            .contains("`tenants`: are about callers, and a public rule asks for no credential")
    );
}

#[test]
fn a_name_is_plain_and_given_once_in_its_kind_of_block() {
    for name in ["", "Corp", "a b", "a:b", "a/b", "ä", &"a".repeat(65)] {
        let text = with("name = \"corp\"", &format!("name = \"{name}\""))
            .replace("jwt:corp", "key:partners");
        let text = text.replace("[\"key:partners\", \"key:partners\"]", "[\"key:partners\"]");
        let told = mistake(&text);
        assert!(told.starts_with("policy.toml:2: issuer 1 ("), "{told}");
        assert!(told.ends_with("`name`: must be 1 to 64 of a-z, 0-9, `-` and `_`"), "{told}");
    }
    let twice =
        format!("{GOOD}[[api_key]]\nname = \"partners\"\nprefix = \"other\"\npepper = \"P\"\n");
    says(
        &twice,
        "policy.toml:18: api_key 2 (`partners`): `name`: `partners` names an earlier block already",
    );
    let rule = "name = \"r\"\npublic = true\n";
    let rules = format!("[[rule]]\npath = \"/a\"\n{rule}[[rule]]\npath = \"/b\"\n{rule}");
    says(&rules, "policy.toml:7: rule 2 (`r`): `name`: `r` names an earlier block already");
    policy(&with("partners\"\nprefix", "corp\"\nprefix").replace("key:partners", "key:corp"));
}

#[test]
fn keys_of_two_blocks_do_not_look_the_same() {
    let second = |rest: &str| format!("{GOOD}[[api_key]]\nname = \"b\"\npepper = \"B\"\n{rest}\n");
    says(
        &second("prefix = \"acme\""),
        "policy.toml:20: api_key 2 (`b`): `prefix`: its keys would look like those of api_key 1 (`partners`)",
    );
    policy(&second("prefix = \"acme\"\nenvironment = \"test\""));
    says(
        &second("imported = { hash = \"sha256\", prefix = \"acme_live_\" }"),
        "policy.toml:20: api_key 2 (`b`): `imported`: its keys would look like those of api_key 1 (`partners`)",
    );
    policy(&second("imported = { hash = \"sha256\", prefix = \"acme_old_\" }"));
    policy(&second("imported = { hash = \"sha256\" }"));
}

#[test]
fn a_block_of_keys_has_a_prefix_or_is_imported() {
    let place = "api_key 1 (`partners`): ";
    says(&with("prefix = \"acme\"\n", ""), &format!("policy.toml:7: {place}`prefix`: is missing"));
    says(
        &with("prefix = \"acme\"", "prefix = \"a_b\""),
        &format!("policy.toml:9: {place}`prefix`: prefix `a_b`"),
    );
    says(
        &with("prefix = \"acme\"", "prefix = \"acme\"\nenvironment = \"LIVE\""),
        &format!("policy.toml:10: {place}`environment`: environment `LIVE`"),
    );
    says(
        &with("prefix = \"acme\"", "prefix = \"acme\"\nimported = { hash = \"sha256\" }"),
        &format!("policy.toml:10: {place}`imported`: keys of another system have no `prefix`"),
    );
    says(
        &with("prefix = \"acme\"", "imported = { hash = \"sha256\", prefix = \"\" }"),
        &format!("policy.toml:9: {place}`imported`: "),
    );
}

#[test]
fn a_rule_that_an_earlier_one_always_shadows_is_refused() {
    let rule =
        |path: &str, rest: &str| format!("[[rule]]\npath = \"{path}\"\npublic = true\n{rest}\n");
    let text = rule("/{*rest}", "") + &rule("/a", "name = \"late\"");
    says(
        &text,
        "policy.toml:6: rule 2 (`late`): `path`: can never match: rule 1 (`/{*rest}`) always matches first",
    );
    let text = rule("/a", "methods = [\"GET\"]")
        + &rule("/a", "methods = [\"POST\"]")
        + &rule("/a", "methods = [\"HEAD\", \"POST\"]");
    says(
        &text,
        "policy.toml:10: rule 3 (`/a`): `path`: can never match: rule 1 (`/a`) or rule 2 (`/a`) always",
    );
    policy(&(rule("/a", "host = \"a.example\"") + &rule("/a", "")));
    policy(&(rule("/a", "methods = [\"GET\"]") + &rule("/a", "")));
}

#[test]
fn a_pattern_that_does_not_parse_is_reported_with_its_field() {
    for path in ["", "v1", "/a/{*rest}/b", "/a/{}", "/a//b", "/a/../b", "/a?b", "/{id}{x}"] {
        let told = mistake(&with("/v1/orders/{id}", path));
        assert!(
            told.starts_with("policy.toml:13: rule 1 (") && told.contains("`path`: "),
            "{path}: {told}"
        );
    }
    for (methods, line) in [("[]", 14), ("[\"GET\", \"\"]", 14), ("[\"G T\"]", 14)] {
        says(&with("[\"GET\"]", methods), &format!("policy.toml:{line}: {RULE}`methods`: "));
    }
    for host in ["", "*", "a.example:80", "a b", "https://a.example"] {
        let text = with("path = ", &format!("host = \"{host}\"\npath = "));
        says(&text, &format!("policy.toml:13: {RULE}`host`: "));
    }
}

#[test]
fn origins_are_written_as_browsers_send_them() {
    let cors = |cors: &str| with("scopes =", &format!("cors = {cors}\nscopes ="));
    policy(&cors("{ origins = [\"https://app.example\", \"http://localhost:3000\"] }"));
    for origin in [
        "*",
        "null",
        "https://app.example/",
        "app.example",
        "https://APP.example",
        "https://app.example:443",
        "https://*.example",
    ] {
        says(
            &cors(&format!("{{ origins = [\"{origin}\"] }}")),
            &format!("policy.toml:16: {RULE}`cors`: `origins` lists"),
        );
    }
    says(&cors("{ origins = [] }"), &format!("policy.toml:16: {RULE}`cors`: `origins` lists"));
    let text = cors("{ origins = [\"https://app.example\"], headers = [\"a b\"] }");
    says(&text, &format!("policy.toml:16: {RULE}`cors`: `headers` lists header names"));
}

#[test]
fn an_answer_may_be_as_old_as_a_rule_says_within_a_day() {
    let aged =
        |age: &str| with("scopes = [\"orders:read\"]\n", &format!("max_response_age = {age}\n"));
    for age in ["\"0s\"", "\"999ms\"", "\"25h\"", "\"1y\""] {
        says(
            &aged(age),
            &format!("policy.toml:16: {RULE}`max_response_age`: is between 1s and 24h"),
        );
    }
    for age in ["\"1s\"", "\"5m\"", "\"24h\""] {
        let policy = Policy::parse(&aged(age), Format::Toml, "policy.toml").unwrap();
        assert_eq!(policy.rules_that_end_answers().collect::<Vec<_>>(), ["1 /v1/orders/{id}"]);
        assert_eq!(policy.answers_not_ended().len(), 1);
    }
}

#[test]
fn a_subject_of_an_issuer_with_tenants_names_its_tenant() {
    let policy = |subject: &str| {
        format!(
            "[[issuer]]\nname = \"saas\"\nissuer = \"https://login.example/{{tenant}}\"\ntenants = [\"red\", \"blue\"]\n\
             audience = \"api\"\nkeys = {{ jwks_url = \"https://login.example/keys\" }}\n\
             [[rule]]\npath = \"/\"\nrequire = \"jwt:saas\"\nsubjects = [\"{subject}\"]\n"
        )
    };
    for good in ["jwt:saas:red:alice", "jwt:saas:red:*", "jwt:saas:*"] {
        assert!(Policy::parse(&policy(good), Format::Toml, "policy.toml").is_ok(), "{good}");
    }
    for bad in ["jwt:saas:alice", "jwt:saas:re*"] {
        assert!(mistake(&policy(bad)).contains("say of which tenant"), "{bad}");
    }
}

#[test]
fn a_rule_with_tenants_whose_callers_can_have_none_is_advised_about() {
    let blocks = "[[issuer]]\nname = \"corp\"\nissuer = \"https://corp.example/\"\naudience = \"api\"\n\
                  keys = { jwks_url = \"https://corp.example/keys\" }\n\
                  [[issuer]]\nname = \"saas\"\nissuer = \"https://login.example/{tenant}\"\ntenants = [\"red\"]\n\
                  audience = \"api\"\nkeys = { jwks_url = \"https://login.example/keys\" }\n\
                  [[api_key]]\nname = \"partners\"\nprefix = \"acme\"\npepper = \"PEPPER\"\n\
                  [[client_cert]]\nname = \"devices\"\nsource = \"tls\"\nidentity = { subject = \"CN\" }\n";
    let advice = |require: &str| {
        let rule = format!(
            "[[rule]]\nname = \"reds\"\npath = \"/\"\nrequire = {require}\ntenants = [\"red\"]\n"
        );
        policy(&format!("{blocks}{rule}")).advice()
    };
    for good in [
        "\"key:partners\"",
        "\"jwt:saas\"",
        "{ any = [\"cert:devices\", \"jwt:saas\"] }",
        "{ all = [\"key:partners\", \"cert:devices\"] }",
    ] {
        assert_eq!(advice(good), Vec::<String>::new(), "{good}");
    }
    for bad in [
        "\"jwt:corp\"",
        "\"cert:devices\"",
        "{ any = [\"jwt:corp\", \"cert:devices\"] }",
        "{ all = [\"cert:devices\", \"key:partners\"] }",
    ] {
        let advice = advice(bad);
        assert!(advice.len() == 1 && advice[0].starts_with("rule `reds`: `tenants`"), "{advice:?}");
    }
}
