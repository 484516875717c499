//! The document says what the endpoint does, and the endpoint does what the document says.

use std::collections::BTreeSet;

use edge_auth_token::{Secret, Timestamp};
use serde_json::Value;

use super::super::action::{Action, Requested};
use super::super::{KeyResponse, RevocationKind, RevocationRequest};
use super::{KeyBody, OPENAPI, ReasonBody, RotationBody, read};
use edge_auth::api_key::{ApiKeyProfile, Expiry, KeyFormat, NewKey, Pepper, Peppers};
use edge_auth::platform::{Randomness, Unavailable};
use edge_auth::policy::AdminScope;
use edge_auth::scopes::Scopes;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const ID: &str = "4fzXQ";
const ACTIONS: [Action<'_>; 15] = [
    Action::Describe,
    Action::List,
    Action::Create,
    Action::Import,
    Action::Show(ID),
    Action::Rotate(ID),
    Action::Disable(ID),
    Action::Enable(ID),
    Action::Revoke(ID),
    Action::Rewrap(ID),
    Action::ListRevocations,
    Action::CreateRevocation,
    Action::ShowRevocation(ID),
    Action::UndoRevocation(ID),
    Action::CompactRevocations,
];

/// Where the document has an action. A new action is asked for here by the compiler.
fn place(action: &Action<'_>) -> (&'static str, &'static str) {
    match action {
        Action::Describe => ("get", "/admin/v1/openapi.json"),
        Action::List => ("get", "/admin/v1/keys"),
        Action::Create => ("post", "/admin/v1/keys"),
        Action::Import => ("post", "/admin/v1/keys/import"),
        Action::Show(_) => ("get", "/admin/v1/keys/{id}"),
        Action::Rotate(_) => ("post", "/admin/v1/keys/{id}/rotate"),
        Action::Disable(_) => ("post", "/admin/v1/keys/{id}/disable"),
        Action::Enable(_) => ("post", "/admin/v1/keys/{id}/enable"),
        Action::Revoke(_) => ("post", "/admin/v1/keys/{id}/revoke"),
        Action::Rewrap(_) => ("post", "/admin/v1/keys/{id}/wrap"),
        Action::ListRevocations => ("get", "/admin/v1/revocations"),
        Action::CreateRevocation => ("post", "/admin/v1/revocations"),
        Action::ShowRevocation(_) => ("get", "/admin/v1/revocations/{id}"),
        Action::UndoRevocation(_) => ("post", "/admin/v1/revocations/{id}/undo"),
        Action::CompactRevocations => ("post", "/admin/v1/revocations/compact"),
    }
}

fn document() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

/// The names of an object's members.
fn names(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

fn properties(schema: &str) -> BTreeSet<String> {
    names(&document()["components"]["schemas"][schema]["properties"])
}

fn required(schema: &str) -> BTreeSet<String> {
    let document = document();
    let required = document["components"]["schemas"][schema]["required"].as_array().unwrap();
    required.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// A body that has every property of a schema, with one text for all of them.
fn filled(schema: &str, text: &str) -> Vec<u8> {
    let object: serde_json::Map<_, _> =
        properties(schema).into_iter().map(|name| (name, text.into())).collect();
    serde_json::to_vec(&object).unwrap()
}

fn key_view() -> KeyResponse {
    struct Zeros;
    impl Randomness for Zeros {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable> {
            bytes.fill(0);
            Ok(())
        }
    }
    let peppers =
        Peppers::new(Pepper::new(&Secret::new([7; 32])).unwrap(), vec![], vec![]).unwrap();
    let format = KeyFormat::new("acme", "live").unwrap();
    let block = ApiKeyProfile::native("partners", format, peppers).unwrap();
    let new = NewKey {
        label: None,
        owner: None,
        tenant: None,
        scopes: Scopes::All,
        expires: Expiry::Never,
        networks: Vec::new(),
        metadata: Default::default(),
    };
    KeyResponse::new(&block.issue(new, &Zeros, NOW).unwrap().0, NOW)
}

#[test]
fn the_document_is_openapi_3_1() {
    assert_eq!(document()["openapi"], "3.1.0");
}

#[test]
fn every_action_is_described_with_its_scope_for_every_kind_of_credential() {
    let document = document();
    let schemes = names(&document["components"]["securitySchemes"]);
    for action in ACTIONS {
        let (method, path) = place(&action);
        let operation = &document["paths"][path][method];
        let alternatives = operation["security"].as_array().unwrap();
        let offered: BTreeSet<String> = alternatives.iter().flat_map(names).collect();
        assert_eq!(offered, schemes, "{method} {path}");
        for alternative in alternatives {
            for scopes in alternative.as_object().unwrap().values() {
                assert_eq!(*scopes, serde_json::json!([action.scope().name()]), "{method} {path}");
            }
        }
        let description = operation["description"].as_str().unwrap();
        assert!(
            description.ends_with(&format!("Needs the scope `{}`.", action.scope())),
            "{description}"
        );
    }
}

#[test]
fn the_requests_of_a_scope_are_those_of_the_actions_that_need_it() {
    for scope in AdminScope::ALL {
        let listed: BTreeSet<_> = scope.requests().iter().copied().collect();
        let needing = ACTIONS.iter().filter(|action| action.scope() == scope).map(place);
        let needing: Vec<_> =
            needing.map(|(method, path)| (method.to_ascii_uppercase(), path.to_owned())).collect();
        let needing: BTreeSet<_> =
            needing.iter().map(|(method, path)| (&**method, &**path)).collect();
        assert_eq!(listed, needing, "{scope}");
    }
}

#[test]
fn every_described_operation_is_the_action_of_its_path_and_no_other_method_is_one() {
    let document = document();
    let mut count = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let real = path.replace("{id}", ID);
        for method in METHODS {
            // `GET /admin/v1/keys/import` shows the key `import`: it is of the path with the
            // `{id}`.
            let action = match Requested::of(&method.to_ascii_uppercase(), &real) {
                Requested::Action(action) if place(&action).1 == path => Some(place(&action).0),
                Requested::Action(_) | Requested::WrongMethod(_) | Requested::UnknownPath => None,
            };
            // HTTP itself describes `HEAD`: it is answered like `GET`.
            let described_as = if method == "head" { "get" } else { method };
            let described = item.get(described_as).map(|_| described_as);
            assert_eq!(action, described, "{method} {path}");
            count += usize::from(item.get(method).is_some());
        }
    }
    assert_eq!(count, ACTIONS.len());
}

#[test]
fn a_key_is_shown_with_the_properties_that_are_described_and_all_of_them() {
    let shown = names(&serde_json::to_value(key_view()).unwrap());
    assert_eq!(shown, properties("KeyResponse"));
    assert_eq!(shown, required("KeyResponse"));
}

#[test]
fn an_answer_has_the_properties_that_are_described() {
    let shown = serde_json::to_value(KeyBody { key: key_view() }).unwrap();
    assert_eq!(names(&shown), properties("KeyBody"));
    let issued = super::IssuedKeyBody { key: key_view(), secret: "text".into() };
    assert_eq!(names(&serde_json::to_value(issued).unwrap()), properties("IssuedKeyBody"));
}

#[test]
fn the_wishes_for_a_key_are_those_that_are_described() {
    let mut requests =
        names(&serde_json::to_value(super::super::CreateKeyRequest::default()).unwrap());
    assert_eq!(properties("CreateKeyRequest"), requests);
    requests.insert("hash".to_owned());
    assert_eq!(properties("ImportKeyRequest"), requests);
}

#[test]
fn the_wish_for_a_revocation_is_the_one_that_is_described() {
    let request = RevocationRequest::new(RevocationKind::Token, "leaked");
    assert_eq!(properties("RevocationRequest"), names(&serde_json::to_value(request).unwrap()));
}

#[test]
fn the_described_properties_of_a_rotation_and_of_a_revocation_are_all_of_theirs() {
    assert_eq!(read::<RotationBody>(&filled("RotationBody", "24h")).unwrap().overlap, "24h");
    assert_eq!(read::<ReasonBody>(&filled("ReasonBody", "leaked")).unwrap().reason, "leaked");
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    fn check(value: &Value, document: &Value) {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
        let members = value.as_object().into_iter().flat_map(|object| object.values());
        members
            .chain(value.as_array().into_iter().flatten())
            .for_each(|value| check(value, document));
    }
    check(&document(), &document());
}
