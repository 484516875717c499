//! The files of the listener: at the start, and after a signal.

use edge_auth_testkit::certificates::{Authority, AuthorityPlan};

use crate::fixture::{ARGUMENTS, POLICY, Stage, agent};

#[test]
fn files_are_read_again_on_a_signal_and_bad_ones_change_nothing() {
    let stage = Stage::new();
    let server = stage.serve(&["--upstream", "http://127.0.0.1:9"]);
    let serial = || {
        let mut stream = stage.connect(server.address, None);
        stream.conn.complete_io(&mut stream.sock).unwrap();
        let der = stream.conn.peer_certificates().unwrap()[0].to_vec();
        // The serial number follows the version: a tag, a length of 1, and one letter.
        let version = der.windows(5).position(|window| window == [0xa0, 3, 2, 1, 2]).unwrap();
        char::from(der[version + 7])
    };
    assert_eq!(serial(), 'a');
    let (new_authority, old) =
        (Authority::root(&AuthorityPlan::named("New CA")), stage.clients.issue(&agent()));
    let new = new_authority.issue(&agent());
    assert_eq!(stage.call(server.address, "/orders", Some(&new), "").status, 401);
    stage.write_server("b");
    stage.folder.write("clients.pem", &new_authority.pem());
    server.signal("HUP");
    server.notice("policy read again");
    assert_eq!(serial(), 'b');
    assert_eq!(stage.call(server.address, "/orders", Some(&new), "").status, 502);
    assert_eq!(stage.call(server.address, "/orders", Some(&old), "").status, 401);

    stage.folder.write("server.pem", "junk");
    server.signal("HUP");
    assert!(server.notice("server.pem").contains("no certificate"));
    assert_eq!(serial(), 'b');
    stage.write_server("c");
    stage.folder.write("clients.pem", "");
    server.signal("HUP");
    server.notice("NOT loaded");
    server.notice("--client-ca");
    assert_eq!(serial(), 'b');
    assert_eq!(stage.call(server.address, "/orders", Some(&new), "").status, 502);
}

#[test]
fn the_gate_and_the_listener_take_over_new_files_together_or_not_at_all() {
    let stage = Stage::new();
    let server = stage.serve(&["--upstream", "http://127.0.0.1:9"]);
    let new_authority = Authority::root(&AuthorityPlan::named("New CA"));
    let (old, new) = (stage.clients.issue(&agent()), new_authority.issue(&agent()));
    stage.folder.write("clients.pem", &new_authority.pem());
    stage.folder.write("server.key", "junk");
    server.signal("HUP");
    server.notice("the last good policy and certificates stay in force");
    server.notice("server.key has no private key");
    assert_eq!(stage.call(server.address, "/orders", Some(&old), "").status, 502);
    assert_eq!(stage.call(server.address, "/orders", Some(&new), "").status, 401);
}

#[test]
fn blocks_that_no_client_can_use_are_logged_at_the_start() {
    let stage = Stage::new();
    let message =
        |stage: &Stage, arguments: &[&str]| stage.serve(arguments).startup_lines.join("\n");
    assert!(message(&stage, &[]).contains(
        "client_cert `agents`, source `tls`: no client passes by it: without an upstream"
    ));
    let upstream = ["--upstream", "http://127.0.0.1:9"];
    assert_eq!(message(&stage, &upstream), "");

    let expired = AuthorityPlan {
        valid: (1_000_000_000, 1_500_000_000),
        ..AuthorityPlan::named("Agents CA")
    };
    stage.folder.write(
        "clients.pem",
        &format!("{}{}", stage.clients.pem(), stage.clients.renewed(&expired).pem()),
    );
    assert!(
        message(&stage, &upstream)
            .contains("client_cert `agents`: authority 2 of 2: it expired at 2017")
    );
    stage.folder.write("clients.pem", &stage.clients.pem());
    stage.write_server_good("a", (1_000_000_000, 1_500_000_000));
    assert!(message(&stage, &upstream).contains("server.pem: it expired at 2017"));
    stage.write_server("a");

    let proxied =
        POLICY.replace("source = \"tls\"", "source = \"rfc9440\"\nca_file = \"clients.pem\"");
    stage.folder.write("policy.toml", &proxied);
    assert!(message(&stage, &upstream).contains("the gateway believes no proxy"));
    assert_eq!(message(&stage, &[]), "");
    stage.folder.write("policy.toml", &format!("[trust]\nnetworks = [\"10.0.0.0/8\"]\n{proxied}"));
    assert_eq!(message(&stage, &upstream), "");
}

#[test]
fn a_server_with_unusable_files_does_not_start() {
    let stage = Stage::new();
    let refused = |arguments: &[&str]| {
        let ran = stage.folder.run(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat());
        assert!(ran.code() != 0, "{arguments:?}");
        ran.stderr()
    };
    stage.folder.write("empty.pem", "");
    stage.folder.write(
        "locked.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    stage.folder.write("other.key", &stage.clients.issue(&agent()).key_pem);
    let with = |index: usize, file: &'static str| {
        let mut arguments = ARGUMENTS;
        arguments[index] = file;
        refused(&arguments)
    };
    assert!(with(1, "none.pem").contains("no file none.pem"));
    assert!(with(1, "empty.pem").contains("empty.pem has no certificate in it"));
    assert!(with(3, "server.pem").contains("server.pem has no private key"));
    assert!(with(3, "locked.key").contains("has an encrypted key"));
    assert!(with(3, "other.key").contains("cannot be used together"));
    assert!(with(5, "empty.pem").contains("has no certificate in it"));
    assert!(with(5, "server.pem").contains("not an authority's"));
    // A policy that asks for certificates needs a listener that does.
    assert!(refused(&ARGUMENTS[..4]).contains("--client-ca"));
    assert!(refused(&[]).contains("--client-ca"));
    let own = POLICY.replace("source = \"tls\"", "source = \"tls\"\nca_file = \"clients.pem\"");
    stage.folder.write("policy.toml", &own);
    assert!(
        refused(&ARGUMENTS[..4])
            .contains("client_cert `agents`: this listener asks for no certificates")
    );
    // What the listener names to clients are authorities, whoever the policy's blocks trust.
    assert!(with(5, "server.pem").contains("server.pem certificate 1: it is not an authority's"));
    assert!(refused(&ARGUMENTS[..2]).contains("--tls-key"));
    assert!(refused(&ARGUMENTS[4..]).contains("--tls-cert"));
}
