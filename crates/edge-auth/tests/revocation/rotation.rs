//! The feed's own secret is replaced without a moment in which something comes back.

use edge_auth::Code;
use edge_auth::admin::{RevocationKind, RevocationWish};
use edge_auth_testkit::randomness::SeededRandomness;
use futures::executor::block_on;

use crate::world::{NOW, World, later, token, wish};

const BOTH: &str = "secret = { current = \"NEXT\", previous = [\"CURRENT\"] }";

#[test]
fn a_secret_is_replaced_in_three_steps() {
    let before = World::new();
    before.revoke("one", NOW);
    before.enter(
        RevocationWish { subject: Some("bob".to_owned()), ..wish(RevocationKind::Subject) },
        later(0.5),
    );
    block_on(before.ledger().compact(&SeededRandomness::new(1), later(0.6))).unwrap();

    let both = before.under(BOTH);
    both.revoke("two", later(1.0));
    let refused = |world: &World| {
        let instance = world.start();
        for (subject, id) in [("alice", "one"), ("alice", "two"), ("bob", "three")] {
            let code = instance.token(&token(subject, id), later(2.0));
            assert_eq!(code, Some(Code::TokenRevoked), "{subject} {id}");
        }
        assert_eq!(instance.token(&token("alice", "good"), later(2.0)), None);
    };
    refused(&both);
    block_on(both.ledger().compact(&SeededRandomness::new(2), later(2.0))).unwrap();
    refused(&both);
    refused(&before.under("secret = \"NEXT\""));
}

#[test]
fn what_was_entered_under_the_older_secret_can_be_taken_back_under_both() {
    let before = World::new();
    before.revoke("one", NOW);
    block_on(before.ledger().compact(&SeededRandomness::new(1), NOW)).unwrap();
    let both = before.under(BOTH);
    block_on(both.revocations().undo(1, "a mistake", later(1.0))).unwrap();
    assert_eq!(both.start().token(&token("alice", "one"), later(1.0)), None);
}

#[test]
fn after_the_older_secret_is_gone_its_log_is_compacted_still() {
    let before = World::new();
    before.revoke("one", NOW);
    let both = before.under(BOTH);
    block_on(both.ledger().compact(&SeededRandomness::new(2), NOW)).unwrap();
    let after = before.under("secret = \"NEXT\"");
    after.revoke("two", later(1.0));
    assert_eq!(block_on(after.ledger().compact(&SeededRandomness::new(3), later(1.0))).unwrap(), 2);
    let instance = after.start();
    for id in ["one", "two"] {
        assert_eq!(instance.token(&token("alice", id), later(2.0)), Some(Code::TokenRevoked), "{id}");
    }
}

#[test]
fn hosts_get_the_new_secret_one_by_one_and_none_of_them_closes() {
    let before = World::new();
    let steps = ["secret = { current = \"CURRENT\", previous = [\"NEXT\"] }", BOTH, "secret = \"NEXT\""];
    let worlds = [vec![before.under("secret = \"CURRENT\"")], steps.map(|step| before.under(step)).into()];
    let worlds: Vec<World> = worlds.into_iter().flatten().collect();
    let mut seconds = 0.0;
    for (step, hosts) in worlds.windows(2).enumerate() {
        let [behind, ahead] = hosts else { panic!("two by two") };
        let instances = [behind.start(), ahead.start()];
        for writer in hosts {
            let id = format!("{step} {seconds}");
            writer.revoke(&id, later(seconds));
            seconds += 20.0;
            for instance in &instances {
                assert_eq!(instance.token(&token("alice", "good"), later(seconds)), None, "step {step}");
                let code = instance.token(&token("alice", &id), later(seconds));
                assert_eq!(code, Some(Code::TokenRevoked), "step {step}");
            }
        }
        if step == 1 {
            block_on(ahead.ledger().compact(&SeededRandomness::new(2), later(seconds))).unwrap();
        }
    }
}
