use proptest::prelude::*;

use super::*;
use crate::denial::Code;

type Fields<'a> = &'a [(&'a str, &'a [u8])];

fn wanted(token: bool, api_key: bool) -> Wanted<'static> {
    let places = if token { vec![&TokenPlace::Bearer] } else { Vec::new() };
    Wanted { places, api_key, api_key_header: "x-api-key" }
}

fn is_key(text: &str) -> bool {
    text.starts_with("acme_live_")
}

fn read<'a>(fields: Fields<'a>) -> Result<PresentedCredentials<'a>, Denial> {
    wanted(true, true).extract(Headers(fields), None, is_key)
}

/// Returns the token in an `Authorization` field with this value.
fn token_in(wanted: &Wanted<'_>, value: &str) -> Option<String> {
    let fields = [("authorization", value.as_bytes())];
    let presented = wanted.extract(Headers(&fields), None, is_key).unwrap();
    Some(presented.tokens.first()?.text.to_owned())
}

fn overlooked(wanted: &Wanted<'_>, value: &str) -> Option<&'static str> {
    wanted.overlooked(Headers(&[("authorization", value.as_bytes())]))
}

fn refused(fields: Fields<'_>) -> bool {
    matches!(read(fields), Err(denial) if denial.code == Code::CredentialMalformed)
}

#[test]
fn schemes_are_found_in_any_case_with_any_number_of_spaces() {
    for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c"] {
        let fields = [("Authorization", value.as_bytes())];
        assert_eq!(read(&fields).unwrap().tokens[0].text, "a.b.c");
    }
    let fields: [(&str, &[u8]); 1] = [("authorization", b"DPoP a.b.c")];
    assert!(read(&fields).unwrap().tokens[0].dpop);
}

#[test]
fn other_schemes_are_ignored() {
    for value in [&b"Basic a.b.c"[..], b"Digest x", b"a.b.c", b"", b"Bearera.b.c", b"Bearer\ta.b.c"]
    {
        let fields = [("authorization", value)];
        assert!(read(&fields).is_ok_and(|presented| presented == PresentedCredentials::default()));
    }
}

#[test]
fn an_empty_or_unreadable_value_is_malformed() {
    for value in
        [&b"Bearer"[..], b"Bearer ", b"Bearer a b", b"Bearer \xff", b"Bearer a,b", b"ApiKey ="]
    {
        assert!(refused(&[("authorization", value)]), "{value:?}");
    }
    assert!(refused(&[("x-api-key", b"")]));
    assert!(refused(&[("x-api-key", b"a,b")]));
}

#[test]
fn two_of_a_kind_are_malformed_in_any_place() {
    assert!(refused(&[("authorization", b"Bearer a"), ("Authorization", b"Bearer a")]));
    assert!(refused(&[("authorization", b"Bearer a"), ("Authorization", b"Basic a")]));
    assert!(refused(&[("x-api-key", b"k"), ("X-API-Key", b"k")]));
    assert!(refused(&[("authorization", b"ApiKey k"), ("x-api-key", b"k")]));
    assert!(refused(&[("authorization", b"Bearer acme_live_x"), ("x-api-key", b"k")]));
}

#[test]
fn a_kind_that_the_rule_does_not_name_is_ignored() {
    let fields: Fields<'_> =
        &[("authorization", b"Bearer a.b.c"), ("x-api-key", b"k"), ("x-api-key", b"")];
    let presented = wanted(true, false).extract(Headers(fields), None, is_key).unwrap();
    assert!(!presented.tokens.is_empty() && presented.api_key.is_none());
    let foreign: [Fields<'_>; 6] = [
        &[("authorization", b"Bearer a.b.c")],
        &[("authorization", b"Bearer a b")],
        &[("authorization", b"Bearer")],
        &[("authorization", b"DPoP \xff")],
        &[("authorization", b"Bearer a"), ("authorization", b"Bearer b")],
        &[("authorization", b"Basic a"), ("authorization", b"")],
    ];
    for fields in foreign {
        let with_key = [fields, &[("x-api-key", b"k")]].concat();
        let presented = wanted(false, true).extract(Headers(&with_key), None, is_key).unwrap();
        assert!(
            presented.tokens.is_empty() && presented.api_key == Some("k"),
            "{:?}",
            Headers(fields)
        );
        assert!(fields.iter().all(|(name, value)| !wanted(false, true).is_in(name, value, is_key)));
    }
    let unreadable: [Fields<'_>; 2] = [
        &[("authorization", b"ApiKey a b")],
        &[("authorization", b"ApiKey a"), ("authorization", b"ApiKey a")],
    ];
    for fields in unreadable {
        let presented = wanted(true, false).extract(Headers(fields), None, is_key).unwrap();
        assert_eq!(presented, PresentedCredentials::default());
    }
}

#[test]
fn two_fields_are_malformed_if_one_of_them_is_of_a_kind_that_the_rule_names() {
    let fields: Fields<'_> =
        &[("authorization", b"Basic a"), ("authorization", b"Bearer acme_live_x")];
    assert!(wanted(false, true).extract(Headers(fields), None, is_key).is_err());
    assert!(wanted(true, false).extract(Headers(fields), None, is_key).is_ok());
}

#[test]
fn a_token_header_holds_one_token_without_a_scheme() {
    let fields: Fields<'_> =
        &[("authorization", b"Bearer other"), ("Cf-Access-Jwt-Assertion", b"a.b.c")];
    let header = "cf-access-jwt-assertion";
    let place = TokenPlace::Header(header.to_owned());
    let own = Wanted { places: vec![&place], ..wanted(false, false) };
    let presented = own.extract(Headers(fields), None, is_key).unwrap();
    assert!(
        presented.tokens == [PresentedToken { text: "a.b.c", dpop: false, place: Some(&place) }]
    );
    assert!(own.is_in("CF-Access-JWT-Assertion", b"a.b.c", is_key));
    assert!(!own.is_in("authorization", b"Bearer other", is_key));
    let refused: [Fields<'_>; 3] =
        [&[(header, b"")], &[(header, b"Bearer a.b.c")], &[(header, b"a"), (header, b"b")]];
    for fields in refused {
        assert!(own.extract(Headers(fields), None, is_key).is_err());
    }
}

#[test]
fn a_token_and_a_key_are_both_extracted() {
    let fields: [(&str, &[u8]); 2] = [("authorization", b"Bearer a.b.c"), ("x-api-key", b"k")];
    let presented = read(&fields).unwrap();
    assert!(!presented.tokens.is_empty() && presented.api_key == Some("k"));
}

#[test]
fn a_bearer_value_with_a_keys_prefix_is_a_key() {
    let fields: [(&str, &[u8]); 1] = [("authorization", b"Bearer acme_live_x")];
    let presented = read(&fields).unwrap();
    assert!(presented.tokens.is_empty() && presented.api_key == Some("acme_live_x"));
}

#[test]
fn a_token_without_a_scheme_is_found_if_the_policy_allows_it() {
    let raw = Wanted { places: vec![&TokenPlace::Raw], ..wanted(false, true) };
    assert_eq!(token_in(&raw, "a.b.c").as_deref(), Some("a.b.c"));
    for other in ["Bearer a.b.c", "Basic a.b.c", "a.b", "Bearer", "", "a.b.c d"] {
        assert_eq!(token_in(&raw, other), None, "{other}");
    }
    let both =
        Wanted { places: vec![&TokenPlace::Raw, &TokenPlace::Bearer], ..wanted(false, false) };
    assert!(token_in(&both, "a.b.c").is_some() && token_in(&both, "Bearer a.b.c").is_some());
    let fields: Fields<'_> = &[("authorization", b"a.b.c"), ("authorization", b"a.b.c")];
    assert!(raw.extract(Headers(fields), None, is_key).is_err());
    assert!(raw.is_in("Authorization", b"a.b.c", is_key));
}

#[test]
fn an_overlooked_value_is_described_and_not_shown() {
    let any = wanted(true, true);
    for value in ["a.b.c", "hunter2"] {
        let description = overlooked(&any, value).unwrap();
        assert!(description.contains("without a scheme"), "{description}");
        assert!(!description.contains(value), "{description}");
    }
    assert!(overlooked(&any, "Token hunter2").unwrap().contains("not `Bearer`"));
    assert_eq!(overlooked(&any, ""), None);
    let raw = Wanted { places: vec![&TokenPlace::Raw], ..wanted(false, false) };
    assert!(overlooked(&raw, "Bearer a.b.c").unwrap().contains("has a scheme"));
}

#[test]
fn a_platforms_token_is_accepted_from_any_place_with_or_without_a_scheme() {
    let place = TokenPlace::Cookie("session".to_owned());
    let wanted = Wanted { places: vec![&place], ..wanted(false, true) };
    for value in ["a.b.c", "Bearer a.b.c", "bearer  a.b.c"] {
        let fields = [(HANDED_TOKEN, value.as_bytes())];
        let presented = wanted.extract(Headers(&fields), None, is_key).unwrap();
        assert!(
            presented.tokens == [PresentedToken { text: "a.b.c", dpop: false, place: None }],
            "{value}"
        );
        assert!(
            presented.tokens[0].is_from(&place) && presented.tokens[0].is_from(&TokenPlace::Bearer)
        );
    }
    for value in ["acme_live_x", "Bearer acme_live_x", "ApiKey acme_live_x"] {
        let fields = [(HANDED_TOKEN, value.as_bytes())];
        let presented = wanted.extract(Headers(&fields), None, is_key).unwrap();
        assert!(presented.tokens.is_empty() && presented.api_key == Some("acme_live_x"), "{value}");
    }
    for value in ["Basic a.b.c", ""] {
        let fields = [(HANDED_TOKEN, value.as_bytes())];
        assert!(
            wanted.extract(Headers(&fields), None, is_key).unwrap()
                == PresentedCredentials::default(),
            "{value}"
        );
    }
}

#[test]
fn the_error_of_a_padded_token_names_the_padding() {
    let fields: [(&str, &[u8]); 1] = [("authorization", b"Bearer eyJ0eXAi==.e30=.c2ln")];
    assert!(read(&fields).unwrap_err().reason.contains("padding"));
}

proptest! {
    #[test]
    fn any_bytes_are_extracted_or_refused(value: Vec<u8>, key: Vec<u8>) {
        let fields = [("authorization", &value[..]), ("x-api-key", &key[..])];
        let _ = read(&fields);
    }
}
