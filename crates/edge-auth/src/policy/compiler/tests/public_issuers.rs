//! Issuers whose tokens everybody can have: the policy says whose it accepts.

use super::*;

#[test]
fn an_issuer_of_everybodys_tokens_needs_a_claim_that_no_stranger_can_have() {
    for (preset, claims) in [
        (
            "github-actions",
            &["repository", "repository_id", "repository_owner", "workflow_ref"][..],
        ),
        ("google", &["hd", "email", "sub"]),
    ] {
        let preset = format!("preset = \"{preset}\"");
        for other in [
            "",
            "claims = { ref = \"refs/heads/main\", job_workflow_ref = \"o/r/w@x\", actor = \"a\" }",
        ] {
            let told = mistake(&issuer_with(&format!("{preset}\n{other}")));
            assert!(told.contains("`claims`: everybody can have this issuer's tokens"), "{told}");
        }
        for claim in claims {
            let text = issuer_with(&format!("{preset}\nclaims = {{ {claim} = \"ours\" }}"));
            assert_eq!(policy(&text).weaknesses(), [""; 0], "{text}");
            let both = mistake(&text.replace("claims =", "insecure_any_subject = true\nclaims ="));
            assert!(both.contains("`insecure_any_subject`: says nothing here"), "{both}");
        }
        let knowing = policy(&issuer_with(&format!("{preset}\ninsecure_any_subject = true")));
        let told = "issuer `corp`: insecure_any_subject: everybody who gets a token of this issuer is accepted";
        assert_eq!(knowing.weaknesses(), [told]);
    }
    let told = mistake(&issuer_with("insecure_any_subject = true"));
    assert!(told.contains("`insecure_any_subject`: says nothing here"), "{told}");
}

#[test]
fn a_public_iss_needs_a_pin_with_or_without_a_preset() {
    for (iss, pin) in [
        ("https://token.actions.githubusercontent.com", "repository_owner = \"octo\""),
        ("https://token.actions.githubusercontent.com/octo-enterprise", "enterprise = \"octo\""),
        ("https://accounts.google.com", "hd = \"example.com\""),
        ("https://gitlab.com", "project_id = \"7\""),
        ("https://agent.buildkite.com", "organization_id = \"7\""),
        ("https://app.terraform.io", "terraform_organization_id = \"org-7\""),
        ("https://login.microsoftonline.com/common/v2.0", "tid = \"7\""),
        ("https://appleid.apple.com", "sub = \"7\""),
    ] {
        for preset in
            ["", "preset = \"auth0\"\n", "preset = \"google\"\n", "preset = \"github-actions\"\n"]
        {
            let block = |more: &str| {
                issuer_with(&format!("{preset}{more}")).replace("https://login.example/", iss)
            };
            let told = mistake(&block(""));
            assert!(
                told.contains("`claims`: everybody can have this issuer's tokens"),
                "{iss} {told}"
            );
            let told = mistake(&block(
                "claims = { ref = \"refs/heads/main\", azp = \"x\", workflow = \"w\" }",
            ));
            assert!(
                told.contains("`claims`: everybody can have this issuer's tokens"),
                "{iss} {told}"
            );
            assert_eq!(
                policy(&block(&format!("claims = {{ {pin} }}"))).weaknesses(),
                [""; 0],
                "{iss}"
            );
            let weaknesses = policy(&block("insecure_any_subject = true")).weaknesses();
            assert!(weaknesses[0].contains("insecure_any_subject"), "{iss} {weaknesses:?}");
        }
    }
}

#[test]
fn an_email_of_google_counts_only_if_google_has_verified_it() {
    for preset in ["", "preset = \"google\""] {
        let text = issuer_with(&format!("{preset}\nclaims = {{ email = \"a@example.com\" }}"));
        let policy = policy(&text.replace("https://login.example/", "https://accounts.google.com"));
        assert!(
            policy.issuers[0]
                .claims
                .contains(&crate::policy::claim_rule::ClaimRule::is_true("email_verified")),
            "{preset}"
        );
    }
}

#[test]
fn a_github_subject_pins_only_if_it_begins_with_the_repository_or_its_owner() {
    let block = |sub: &str| {
        issuer_with(&format!("preset = \"github-actions\"\nclaims = {{ sub = \"{sub}\" }}"))
            .replace("https://login.example/", "https://token.actions.githubusercontent.com")
    };
    policy(&block("repo:octo/app:ref:refs/heads/main"));
    for anybodys in
        ["environment:production", "job_workflow_ref:octo/app/w.yml@main", "ref:refs/heads/main"]
    {
        let told = mistake(&block(anybodys));
        assert!(told.contains("a `sub` must begin with the repository or its owner"), "{told}");
    }
}

#[test]
fn a_pin_of_an_old_subject_of_github_is_warned_about() {
    let advice = |pin: &str| {
        let text = issuer_with(&format!("preset = \"github-actions\"\nclaims = {{ sub = {pin} }}"));
        policy(
            &text.replace("https://login.example/", "https://token.actions.githubusercontent.com"),
        )
        .advice()
    };
    let old = "\"repo:octo/app:ref:refs/heads/main\"";
    assert!(advice(old)[0].contains("immutable ids"), "{:?}", advice(old));
    assert_eq!(advice(&format!("[{old}, \"repo:octo@1/app@2:ref:refs/heads/main\"]")).len(), 1);
    assert_eq!(advice("\"repo:octo@1/app@2:ref:refs/heads/main\""), [""; 0]);
    assert_eq!(advice("\"repository_owner:octo:ref:x\""), [""; 0]);
}
