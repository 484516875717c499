//! Compares an answer with the expected outcome.

use serde_json::Value;

use super::expectation::{is_part_of, values};
use super::host::{Call, ObservedResponse};
use super::source::{Expect, Upstream};
use super::text::Texts;
use super::token::expanded;

/// The kinds of text that are credentials.
const CREDENTIALS: [&str; 4] = ["token", "key", "previous", "altered"];
/// Shorter texts occur by chance.
const LEAST_CREDENTIAL: usize = 16;

/// Compares an answer with a case. Adds one sentence for each difference.
pub(super) fn assert_response(
    expect: &Expect,
    call: &Call,
    answer: &ObservedResponse,
    texts: &Texts,
) -> Result<Vec<String>, String> {
    let mut mismatches = Mismatches(Vec::new());
    let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
    mismatches.unless(answer.status == expect.status, || {
        format!("status: {}, wanted {}", answer.status, expect.status)
    });
    code(expect, answer, json.as_ref(), &mut mismatches);
    for (name, want) in &expect.headers {
        mismatches.field(
            "header",
            name,
            &all(&answer.headers, name),
            want.expanded(|text| texts.expand(text))?.refusal(&all(&answer.headers, name)),
        );
    }
    if !expect.json.is_empty() {
        let wanted = expanded(&Value::Object(expect.json.clone()), texts)?;
        let found = json.clone().unwrap_or(Value::Null);
        mismatches.unless(is_part_of(&wanted, &found), || {
            format!("body: {found}, wanted {wanted} in it")
        });
    }
    for fragment in &expect.body {
        let (fragment, body) = (texts.expand(fragment)?, String::from_utf8_lossy(&answer.body));
        mismatches.unless(body.contains(&fragment), || {
            format!("body: {body:?}, wanted {fragment:?} in it")
        });
    }
    for fragment in &expect.lacks {
        let (fragment, body) = (texts.expand(fragment)?, String::from_utf8_lossy(&answer.body));
        mismatches.unless(!body.contains(&fragment), || {
            format!("body: {body:?}, wanted no {fragment:?} in it")
        });
    }
    upstream(expect, answer, texts, &mut mismatches)?;
    if let Some(audit) = &answer.audit {
        for (name, want) in &expect.audit {
            let found = values(audit.get(name));
            let want = want.expanded(|text| texts.expand(text))?;
            mismatches.field("audit", name, &found, want.refusal(&found));
        }
    }
    count("reads of the store", expect.reads, answer.reads, &mut mismatches);
    count("fetches of issuers' documents", expect.fetches, answer.fetches, &mut mismatches);
    leaks(call, answer, texts, &mut mismatches);
    Ok(mismatches.0)
}

struct Mismatches(Vec<String>);

impl Mismatches {
    fn unless(&mut self, right: bool, message: impl FnOnce() -> String) {
        if !right {
            self.0.push(message());
        }
    }

    fn field(&mut self, place: &str, name: &str, found: &[String], wanted: Option<String>) {
        if let Some(wanted) = wanted {
            self.0.push(format!("{place} {name}: {found:?}, wanted {wanted}"));
        }
    }
}

/// Checks that the audit event has the same code as the answer.
fn code(
    expect: &Expect,
    answer: &ObservedResponse,
    json: Option<&Value>,
    mismatches: &mut Mismatches,
) {
    let wanted: Vec<String> = expect.code.iter().cloned().collect();
    if let Some(audit) = &answer.audit {
        let found = values(audit.get("code"));
        mismatches.unless(found == wanted, || {
            format!("code in the audit event: {found:?}, wanted {wanted:?}")
        });
        let allowed = audit.get("allowed") == Some(&Value::Bool(expect.code.is_none()));
        mismatches
            .unless(allowed, || "`allowed` in the audit event contradicts the code".to_owned());
    }
    if let (Some(code), Some(json)) = (&expect.code, json) {
        let found = values(json.get("code"));
        mismatches.unless(found == [code.clone()], || {
            format!("code in the body: {found:?}, wanted {code:?}")
        });
    }
}

fn upstream(
    expect: &Expect,
    answer: &ObservedResponse,
    texts: &Texts,
    mismatches: &mut Mismatches,
) -> Result<(), String> {
    let wanted = match &expect.upstream {
        Some(Upstream::Arrives(arrives)) => Some(*arrives),
        Some(Upstream::Like(_)) => Some(true),
        None if expect.code.is_some() => Some(false),
        None => None,
    };
    match (wanted, &answer.upstream) {
        (Some(true), None) => mismatches.0.push("the request did not arrive upstream".to_owned()),
        (Some(false), Some(seen)) => {
            mismatches.0.push(format!("it arrived upstream: {} {}", seen.method, seen.target));
        }
        _ => {}
    }
    let like = expect.upstream.as_ref().and_then(Upstream::like);
    let (Some(like), Some(seen)) = (like, &answer.upstream) else { return Ok(()) };
    if let Some(target) = &like.target {
        let target = texts.expand(target)?;
        mismatches.unless(seen.target == target, || {
            format!("target upstream: {}, wanted {target}", seen.target)
        });
    }
    for (name, want) in &like.headers {
        let found = all(&seen.headers, name);
        let want = want.expanded(|text| texts.expand(text))?;
        mismatches.field("header upstream", name, &found, want.refusal(&found));
    }
    if let Some(body) = &like.body {
        let (body, found) = (texts.expand(body)?, String::from_utf8_lossy(&seen.body));
        mismatches.unless(found == body, || format!("body upstream: {found:?}, wanted {body:?}"));
    }
    Ok(())
}

fn count(what: &str, wanted: Option<u64>, found: Option<u64>, mismatches: &mut Mismatches) {
    if let (Some(wanted), Some(found)) = (wanted, found) {
        mismatches.unless(wanted == found, || format!("{what}: {found}, wanted {wanted}"));
    }
}

/// Checks that neither the answer nor the audit event has a credential of the call.
fn leaks(call: &Call, answer: &ObservedResponse, texts: &Texts, mismatches: &mut Mismatches) {
    let sent = sent(call);
    let fields = answer.headers.iter().map(|(_, value)| value.clone());
    let mut places: Vec<(&str, String)> = fields.map(|value| ("a header", value)).collect();
    places.push(("the body", String::from_utf8_lossy(&answer.body).into_owned()));
    places
        .push(("the audit event", answer.audit.as_ref().map(Value::to_string).unwrap_or_default()));
    for ((kind, name), text) in &texts.named {
        let is_credential = CREDENTIALS.contains(kind) && text.len() >= LEAST_CREDENTIAL;
        if !is_credential || !sent.contains(text) {
            continue;
        }
        if let Some((place, _)) = places.iter().find(|(_, place)| place.contains(text)) {
            mismatches.0.push(format!("the {kind} `{name}` is in {place}"));
        }
    }
}

fn sent(call: &Call) -> String {
    let values = call.headers.iter().map(|(_, value)| value.as_slice());
    let parts = [call.target.as_slice(), &call.body].into_iter().chain(values);
    parts.map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n")
}

fn all(headers: &[(String, String)], name: &str) -> Vec<String> {
    let named = headers.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.clone()).collect()
}
