//! Which tokens an issuer is recognised by.

use super::*;
use crate::policy::issuer_identifier::is_spiffe_id_of;

fn identifier(iss: &str, tenants: Tenants, entra: bool) -> IssuerIdentifier {
    IssuerIdentifier::Iss { forms: forms(IssForm::parse(iss).unwrap(), entra), tenants }
}

fn canonical(identifier: &IssuerIdentifier, iss: &str) -> Option<String> {
    identifier.of_iss(iss).map(|found| found.iss.into_owned())
}

const TEMPLATE: &str = "https://login.microsoftonline.com/{tenant}/v2.0";

#[test]
fn one_whole_segment_stands_for_a_listed_tenant() {
    let listed =
        identifier(TEMPLATE, Tenants::Listed(vec!["a".to_owned(), "b-1".to_owned()]), false);
    for tenant in ["a", "b-1"] {
        let iss = TEMPLATE.replace(TENANT, tenant);
        assert_eq!(canonical(&listed, &iss), Some(iss.clone()));
        assert_eq!(listed.of_iss(&iss).unwrap().tenant, Some(tenant));
    }
    for other in ["", "c", "A", "a/b", "a%2fb", "common", "{tenant}", "a/v2.0/b"] {
        assert_eq!(canonical(&listed, &TEMPLATE.replace(TENANT, other)), None, "{other}");
    }
    for other in
        ["https://login.microsoftonline.com/v2.0", "https://login.microsoftonline.com/a/v2.0/", "a"]
    {
        assert_eq!(canonical(&listed, other), None, "{other}");
    }
}

#[test]
fn any_tenant_is_one_segment_too() {
    let any = identifier(TEMPLATE, Tenants::Any, false);
    assert!(canonical(&any, "https://login.microsoftonline.com/x.example/v2.0").is_some());
    for other in
        ["", "a/b", "a?b", "a#b", "a%2fb", "..", ".", "common", "organizations", "consumers", "a b"]
    {
        assert_eq!(canonical(&any, &TEMPLATE.replace(TENANT, other)), None, "{other}");
    }
}

#[test]
fn both_forms_of_entra_are_one_issuer() {
    let (v1, v2) = ("https://sts.windows.net/a/", "https://login.microsoftonline.com/a/v2.0");
    for (iss, tenants) in [(v2, Tenants::None), (TEMPLATE, Tenants::Listed(vec!["a".to_owned()]))] {
        let entra = identifier(iss, tenants.clone(), true);
        assert_eq!(canonical(&entra, v1).as_deref(), Some(v2));
        assert_eq!(canonical(&entra, v2).as_deref(), Some(v2));
        assert_eq!(canonical(&entra, "https://sts.windows.net/b/"), None);
        assert_eq!(canonical(&identifier(iss, tenants, false), v1), None);
    }
    assert_eq!(canonical(&identifier(v1, Tenants::None, true), v2).as_deref(), Some(v1));
}

#[test]
fn a_template_has_its_tenant_once_in_the_path() {
    for bad in [
        "https://{tenant}.example.com/",
        "https://{tenant}/",
        "https://login.example/x{tenant}/",
        "https://login.example/{tenant}x",
        "https://login.example/{tenant}/{tenant}",
        "{tenant}",
        "https:///{tenant}",
    ] {
        assert_eq!(IssForm::parse(bad), None, "{bad}");
    }
    assert!(IssForm::parse("https://login.example/{tenant}").is_some());
    assert_eq!(other_placeholder("https://a/{tenantid}/v2.0").as_deref(), Some("{tenantid}"));
    assert_eq!(other_placeholder(TEMPLATE), None);
}

#[test]
fn a_spiffe_id_is_of_the_very_trust_domain_and_names_a_workload() {
    for good in ["spiffe://example.org/billing", "spiffe://example.org/ns/prod/sa/web_1.x"] {
        assert!(is_spiffe_id_of(good, "example.org"), "{good}");
    }
    for bad in [
        "spiffe://example.org",
        "spiffe://example.org/",
        "spiffe://example.org.example.net/billing",
        "spiffe://example.net/billing",
        "spiffe://Example.org/billing",
        "spiffe://example.org//billing",
        "spiffe://example.org/../billing",
        "spiffe://example.org/a%2fb",
        "spiffe://example.org/a?b",
        "spiffe://example.org:8443/a",
        "spiffe://user@example.org/a",
        "https://example.org/billing",
        "billing",
    ] {
        assert!(!is_spiffe_id_of(bad, "example.org"), "{bad}");
    }
}
