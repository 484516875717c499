//! The compiled form: what it keeps, and what is not loaded.

use proptest::prelude::*;

use super::*;

/// A policy with every field.
const EVERYTHING: &str = include_str!("everything.toml");

fn compiled(text: &str) -> Vec<u8> {
    policy(text).to_compiled().unwrap()
}

/// The same form with another body, under the right digest.
fn with_body(form: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let end = form.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut body = form[end..].to_vec();
    change(&mut body);
    let digest = PolicyDigest::of(&body).full();
    let mut form = format!("edge-auth policy 1 sha256:{digest} policy.toml\n").into_bytes();
    form.extend(body);
    form
}

/// Asserts that bytes are answered: by a reason, or by a policy that can be asked.
fn answered(form: &[u8]) {
    match Policy::load(form) {
        Ok(policy) => {
            policy.weaknesses();
            policy.advice();
            policy.administration();
            assert_eq!(policy.rule_summaries().count(), policy.rule_count());
            policy.rules_of_path("/v1/7:cancel/a");
        }
        Err(error) => assert!(error.to_string().contains("edge-auth policy build"), "{error}"),
    }
}

#[test]
fn a_loaded_policy_is_the_compiled_one() {
    for text in [EVERYTHING, GOOD, "", include_str!("../../../../fuzz/seeds/policy/policy.toml")] {
        let compiled = policy(text);
        let loaded = Policy::load(&compiled.to_compiled().unwrap()).unwrap();
        assert_eq!(format!("{loaded:?}"), format!("{compiled:?}"));
        assert_eq!(loaded.to_compiled(), compiled.to_compiled());
    }
}

#[test]
fn the_first_line_says_what_it_is() {
    let form = compiled(GOOD);
    let line = form.split(|byte| *byte == b'\n').next().unwrap();
    let digest = policy(GOOD).digest();
    let expected = format!("edge-auth policy 1 sha256:{} policy.toml", digest.full());
    assert_eq!(std::str::from_utf8(line).unwrap(), expected);
    assert!(digest.full().starts_with(&digest.to_string()));
    assert_eq!(serde_json::to_value(digest).unwrap(), digest.to_string());
    assert_eq!(digest.to_string().len(), 16);
    assert!(Policy::is_compiled(&form) && !Policy::is_compiled(GOOD.as_bytes()));
}

/// When this fails, the form has changed: raise `VERSION` in `compiled.rs` if a release has the
/// version already, and set the digest here.
#[test]
fn the_form_is_that_of_its_version() {
    let digest = policy(EVERYTHING).digest().to_string();
    assert_eq!(("1", digest.as_str()), ("1", "8f59cc73f4e6be3e"));
}

#[test]
fn the_digest_is_that_of_the_policy_wherever_its_file_is() {
    let elsewhere = Policy::parse(GOOD, Format::Toml, "/etc/edge-auth/prod.toml").unwrap();
    assert_eq!(elsewhere.digest(), policy(GOOD).digest());
    assert!(elsewhere.issuers[0].place.starts_with("/etc/edge-auth/prod.toml:"));
    assert_ne!(policy(&with("orders:read", "orders:write")).digest(), policy(GOOD).digest());
}

#[test]
fn a_mistake_of_the_host_is_at_the_line_of_the_source() {
    let loaded = Policy::load(&compiled(GOOD)).unwrap();
    assert_eq!(loaded.issuers[0].place, "policy.toml:2");
    assert_eq!(loaded.file, "policy.toml");
}

#[test]
fn a_name_that_would_end_the_line_is_written_otherwise() {
    let named = Policy::parse(GOOD, Format::Toml, "a/b\nc.toml").unwrap();
    assert_eq!(Policy::load(&named.to_compiled().unwrap()).unwrap().file, "b_c.toml");
}

#[test]
fn a_form_that_is_cut_short_is_refused() {
    let form = compiled(EVERYTHING);
    for end in 0..form.len() {
        let error = Policy::load(&form[..end]).unwrap_err();
        let expected = if end < 17 { LoadError::NotCompiled } else { LoadError::Digest };
        assert_eq!(error, expected, "{end}");
        assert!(error.to_string().contains("edge-auth policy build policy.toml"), "{error}");
    }
    assert!(Policy::load(&[form, vec![0]].concat()).is_err());
}

#[test]
fn another_version_is_refused_by_name() {
    let text = String::from_utf8_lossy(&compiled(GOOD)).replacen("policy 1 ", "policy 27 ", 1);
    let error = Policy::load(text.as_bytes()).unwrap_err();
    assert_eq!(error, LoadError::Version("27".to_owned()));
    let told = "is a compiled policy of version 27, and this edge-auth loads version 1. Build it again: \
                `edge-auth policy build policy.toml` with edge-auth ";
    assert!(error.to_string().starts_with(told), "{error}");
}

#[test]
fn another_digest_is_refused() {
    let mut form = compiled(GOOD);
    let digit = form.get_mut(27).unwrap();
    *digit = if *digit == b'0' { b'1' } else { b'0' };
    assert_eq!(Policy::load(&form).unwrap_err(), LoadError::Digest);
}

#[test]
fn what_no_compiler_writes_is_refused_though_its_digest_is_right() {
    let changed = |change: fn(&mut Policy)| {
        let mut policy = policy(GOOD);
        change(&mut policy);
        Policy::load(&policy.to_compiled().unwrap()).map(|policy| policy.rule_count())
    };
    assert_eq!(changed(|_| {}), Ok(1));
    for change in [
        (|policy| policy.issuers.clear()) as fn(&mut Policy),
        |policy| policy.api_keys.clear(),
        |policy| policy.rules.clear(),
        |policy| policy.router = Router::new(Vec::new()),
        |policy| policy.rules[0].access = Access::All(Vec::new()),
        |policy| policy.revocation.limits.bound = std::time::Duration::MAX,
        |policy| policy.sampling.allowed = Some(f64::NAN),
    ] {
        assert!(matches!(changed(change), Err(LoadError::Malformed(_))));
    }
}

/// A length that the bytes do not have must not be allocated.
#[test]
fn a_length_without_its_content_is_refused() {
    let huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
    for at in 0..200 {
        answered(&with_body(&compiled(GOOD), |body| {
            let at = at.min(body.len());
            body.splice(at..at, huge);
        }));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>) {
        answered(&bytes);
        answered(&with_body(&compiled(""), |body| *body = bytes));
    }

    #[test]
    fn a_changed_byte_is_noticed(at: prop::sample::Index, by in 1..=255u8) {
        let mut form = compiled(EVERYTHING);
        let at = at.index(form.len());
        form[at] ^= by;
        // The source's name is for messages only.
        let line = form.iter().position(|byte| *byte == b'\n').unwrap_or(form.len());
        if !(91..line).contains(&at) {
            prop_assert!(Policy::load(&form).is_err(), "{}", at);
        }
        answered(&form);
    }

    #[test]
    fn a_changed_body_under_its_digest_is_answered(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        answered(&with_body(&compiled(EVERYTHING), |body| {
            for (at, byte) in changes {
                let at = at.index(body.len());
                body[at] = byte;
            }
        }));
    }
}
