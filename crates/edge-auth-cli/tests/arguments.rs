//! Missing arguments, and the author of a change in the log.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is a failed test")]

mod common;

use common::{Folder, Ran};

const POLICY: &str = "[revocation]\nsecret = \"PEPPER\"\n\n\
    [[api_key]]\nname = \"partners\"\nprefix = \"acme\"\npepper = \"PEPPER\"\n\n\
    [[rule]]\npath = \"/orders\"\nrequire = \"key:partners\"\n";

/// Runs the command without a policy and a store in the environment.
fn run(folder: &Folder, arguments: &[&str]) -> Ran {
    let mut command = folder.edge_auth(arguments);
    command.env_remove("EDGE_AUTH_POLICY").env_remove("EDGE_AUTH_STORE");
    Ran::of(command)
}

#[test]
fn all_missing_arguments_are_named_at_once() {
    let folder = Folder::with_policy(POLICY);
    let store = "--store <STORE> (or EDGE_AUTH_STORE)";
    let policy = "--policy <FILE> (or EDGE_AUTH_POLICY)";
    for (arguments, missing) in [
        (
            &["revoke", "subject"][..],
            &["--issuer <ISSUER>", "--subject <SUBJECT>", "--reason <TEXT>", policy, store][..],
        ),
        (&["revoke", "api-key", "--store=s", "--reason", "r"], &["--id <ID>", policy]),
        (&["keys", "revoke"], &["--reason <TEXT>", "<ID>", policy, store]),
        (&["revocations", "undo", "1", "--policy", "p"], &["--reason <TEXT>", store]),
        (&["policy", "check"], &["<FILE>"]),
    ] {
        let ran = run(&folder, arguments);
        assert_eq!(ran.code(), 2, "{arguments:?}");
        let error = ran.stderr();
        let first = error.lines().next().unwrap();
        for name in missing {
            assert!(first.contains(name), "{arguments:?} {name}: {first}");
        }
        assert_eq!(first.matches('<').count(), missing.len(), "{arguments:?}: {first}");
    }
}

#[test]
fn the_author_of_a_change_is_the_argument_or_the_user() {
    let folder = Folder::with_policy(POLICY);
    folder.json(&["store", "init"]);
    let revoke = |more: &[&str], environment: &[(&str, &str)]| {
        let fingerprint = "ab".repeat(32);
        let revoke = ["--json", "revoke", "certificate", "--fingerprint", &fingerprint];
        let revoke = [&revoke[..], &["--reason", "a test"]].concat();
        let mut command = folder.edge_auth(&[&revoke[..], more].concat());
        command.envs(environment.iter().copied());
        let ran = Ran::of(command);
        assert_eq!(ran.code(), 0, "{}", ran.stderr());
        ran.report()["by"].as_str().unwrap().to_owned()
    };
    let ann = [("USER", "ann")];
    assert_eq!(revoke(&["--by", "deploy-42"], &ann), "cli:deploy-42");
    assert_eq!(revoke(&[], &[("EDGE_AUTH_BY", "ci"), ("USER", "ann")]), "cli:ci");
    assert_eq!(revoke(&[], &ann), "cli:ann");
    assert_eq!(revoke(&[], &[("USER", ""), ("LOGNAME", "bob")]), "cli:bob");
    let number = revoke(&[], &[]);
    assert!(number.strip_prefix("cli:uid-").unwrap().parse::<u32>().is_ok(), "{number}");
}
