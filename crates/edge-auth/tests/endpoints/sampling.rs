//! Where only a share of the allowed decisions is logged, everything else still is.

use edge_auth::{Code, Denial, Outcome};

use crate::fixture::{Fixture, Sent, incoming};

const NONE: &str = "[audit]\nallowed = 0.0\n";
const HALF: &str = "[audit]\nallowed = 0.5\n";

fn asked(fixture: &Fixture, target: &str, headers: Sent<'_>) -> Outcome {
    fixture.gateway(&incoming("192.0.2.1", "GET", target, headers)).1
}

#[test]
fn an_allowed_decision_outside_the_share_has_no_event_and_the_same_answer() {
    let (silent, logging) = (Fixture::of(NONE, ""), Fixture::of("", ""));
    let key: Sent<'_> = &[("x-api-key", silent.key.as_bytes())];
    for (target, headers) in [("/open", &[][..]), ("/orders/1", key)] {
        let (unlogged, logged) =
            (asked(&silent, target, headers), asked(&logging, target, headers));
        assert_eq!((unlogged.code(), unlogged.audit), (None, None), "{target}");
        assert!(logged.audit.is_some_and(|audit| audit.weight.is_none()), "{target}");
    }
}

#[test]
fn every_refusal_is_logged() {
    let silent = Fixture::of(NONE, "");
    let outcome = asked(&silent, "/orders/1", &[("x-api-key", b"acme_live_nothing")]);
    let audit = outcome.audit.unwrap();
    assert_eq!((audit.allowed, audit.code, audit.weight), (false, Some(Code::KeyInvalid), None));
}

#[test]
fn a_grant_that_becomes_a_refusal_is_logged_with_all_that_was_known() {
    let silent = Fixture::of(NONE, "");
    let mut outcome = asked(&silent, "/orders/1?token=x", &[("x-api-key", silent.key.as_bytes())]);
    silent.gate().deny(&mut outcome, Denial::new(Code::CrossSiteRequest, "another site"));
    let audit = outcome.audit.unwrap();
    assert_eq!((audit.allowed, audit.code), (false, Some(Code::CrossSiteRequest)));
    assert_eq!((audit.method.as_str(), audit.path.as_str()), ("GET", "/orders/1"));
    assert_eq!(audit.host.as_deref(), Some("gate.example"));
    assert_eq!(audit.client_ip, "192.0.2.1".parse().ok());
    assert_eq!(audit.principal, Some(format!("key:partners:{}", silent.id)));
}

#[test]
fn an_annotated_decision_is_logged_and_stands_for_itself() {
    let half = Fixture::of(HALF, "");
    let mut weights = Vec::new();
    for _ in 0..40 {
        let mut outcome = asked(&half, "/open", &[]);
        weights.push(outcome.audit.as_ref().map(|audit| audit.weight));
        half.gate().annotate(&mut outcome, |audit| audit.action = Some("tested".to_owned()));
        let audit = outcome.audit.unwrap();
        assert_eq!((audit.action.as_deref(), audit.weight), (Some("tested"), None));
    }
    assert!(weights.contains(&None) && weights.contains(&Some(Some(2.0))), "{weights:?}");
    assert!(!weights.contains(&Some(None)), "each logged one has a weight");
}
