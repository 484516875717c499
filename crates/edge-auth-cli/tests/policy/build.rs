//! `policy build`: the compiled policy, and the commands that take it instead of its source.

use std::fs;

use crate::POLICY;
use crate::common::Folder;

fn built() -> Folder {
    let folder = Folder::with_policy(POLICY);
    let report = folder.json(&["policy", "build", "policy.toml"]);
    assert_eq!(report["file"], "policy.bin");
    folder
}

#[test]
fn a_compiled_policy_names_its_digest_and_what_the_host_brings() {
    let folder =
        Folder::with_policy(&POLICY.replace("discover = true", "jwks_file = \"keys.json\""));
    let report = folder.json(&["policy", "build", "policy.toml", "-o", "out.bin"]);
    let bytes = fs::read(folder.path("out.bin")).unwrap();
    let line = String::from_utf8_lossy(&bytes).lines().next().unwrap().to_owned();
    let digest = report["digest"].as_str().unwrap();
    assert_eq!(line, format!("edge-auth policy 1 sha256:{digest} policy.toml"));
    assert_eq!(report["bytes"], bytes.len());
    assert_eq!(report["secrets"], serde_json::json!(["PEPPER"]));
    assert_eq!(report["files"], serde_json::json!(["keys.json"]));
    let output = folder.run(&["policy", "build", "policy.toml"]).stdout();
    for part in ["policy.bin: built, 2 rules", digest, "secrets: PEPPER", "files: keys.json"] {
        assert!(output.contains(part), "{part} is not in: {output}");
    }
}

#[test]
fn a_mistake_fails_the_build_with_its_place_and_writes_nothing() {
    let folder = Folder::with_policy(&POLICY.replace("jwt:corp", "jwt:crop"));
    let (ran, checked) = (
        folder.run(&["policy", "build", "policy.toml"]),
        folder.run(&["policy", "check", "policy.toml"]),
    );
    assert_eq!(ran.code(), 1);
    assert_eq!(ran.stderr(), checked.stderr());
    assert!(
        ran.stderr().contains("policy.toml:23: rule 2 (`orders`): `require`"),
        "{}",
        ran.stderr()
    );
    assert!(!folder.path("policy.bin").exists());
}

#[test]
fn an_unchanged_policy_is_not_written_again() {
    let folder = built();
    let file = fs::File::options().write(true).open(folder.path("policy.bin")).unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    file.set_modified(long_ago).unwrap();
    folder.json(&["policy", "build", "policy.toml"]);
    assert_eq!(fs::metadata(folder.path("policy.bin")).unwrap().modified().unwrap(), long_ago);
    folder.write("policy.toml", &POLICY.replace("orders:read", "orders:list"));
    folder.json(&["policy", "build", "policy.toml"]);
    assert_ne!(fs::metadata(folder.path("policy.bin")).unwrap().modified().unwrap(), long_ago);
}

#[test]
fn check_and_explain_take_the_compiled_form() {
    let folder = built();
    let mut reports = [
        folder.json(&["policy", "check", "policy.toml"]),
        folder.json(&["policy", "check", "policy.bin"]),
    ];
    for report in &mut reports {
        report.as_object_mut().unwrap().remove("file");
    }
    assert_eq!(reports[0], reports[1]);
    assert_eq!(reports[0]["digest"].as_str().unwrap().len(), 16);
    let explained =
        folder.run_without_store(&["policy", "explain", "policy.bin", "GET", "/health"]);
    assert_eq!(explained.code(), 0, "{}", explained.stderr());
    let denied = folder.run_without_store(&["policy", "explain", "policy.bin", "GET", "/orders/7"]);
    assert!(denied.stdout().contains("credential_missing"), "{}", denied.stdout());
}

#[test]
fn cases_run_against_the_compiled_form() {
    let folder = built();
    folder.write(
        "cases.toml",
        "policy = \"policy.bin\"\n[[case]]\nname = \"a reader\"\npath = \"/orders/7\"\n\
         jwt = { issuer = \"corp\", scopes = [\"orders:read\"] }\nexpect = \"allow\"\n",
    );
    assert_eq!(folder.json(&["policy", "test", "cases.toml"])["passed"], 1);
}

#[test]
fn the_source_is_neither_overwritten_nor_built_twice() {
    let folder = built();
    std::os::unix::fs::symlink("policy.toml", folder.path("link")).unwrap();
    for output in ["policy.toml", "./policy.toml", "link"] {
        let ran = folder.run(&["policy", "build", "policy.toml", "-o", output]);
        assert_eq!(ran.code(), 2, "{output}");
        assert_eq!(fs::read_to_string(folder.path("policy.toml")).unwrap(), POLICY, "{output}");
    }
    let ran = folder.run(&["policy", "build", "policy.bin", "-o", "twice.bin"]);
    assert_eq!(ran.code(), 1);
    assert!(ran.stderr().contains("policy.bin: is compiled already"), "{}", ran.stderr());
}

#[test]
fn a_form_that_is_damaged_or_of_another_version_is_refused_with_what_to_run() {
    let folder = built();
    let form = fs::read(folder.path("policy.bin")).unwrap();
    let newer = String::from_utf8_lossy(&form).replacen("policy 1 ", "policy 2 ", 1);
    let cut = form[..form.len() - 1].to_vec();
    for (bytes, why) in [(newer.into_bytes(), "of version 2"), (cut, "is damaged")] {
        fs::write(folder.path("policy.bin"), bytes).unwrap();
        for command in
            [&["policy", "check", "policy.bin"][..], &["serve", "--policy", "policy.bin"]]
        {
            let ran = folder.run(command);
            assert_eq!(ran.code(), 1, "{}", ran.stderr());
            let stderr = ran.stderr();
            assert!(stderr.contains("policy.bin: ") && stderr.contains(why), "{stderr}");
            assert!(stderr.contains("`edge-auth policy build policy.toml`"), "{stderr}");
        }
    }
}
