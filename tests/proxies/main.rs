//! Real proxies in front of a page, each asking the real gate.
//!
//! What counts is what arrives at the page, not only what the client is told. Each behaviour is one
//! function, and a test of its own behind each proxy.

mod caller;
mod certificates;
mod claims;
mod decisions;
mod documentation;
mod front;
mod identity;
mod paths;
mod upgrades;

use front::{Front, Proxy};

macro_rules! behind_each {
    ($($module:ident $proxy:expr;)*) => {$(
        mod $module {
            use super::*;

            #[test]
            fn who_may_pass_passes_and_everybody_else_is_told_why_not() {
                decisions::are_the_gates(&Front::of($proxy));
            }

            #[test]
            fn nobody_passes_without_the_gate() {
                decisions::fail_closed(Front::of($proxy));
            }

            #[test]
            fn the_page_learns_who_calls_from_the_gate_alone() {
                identity::is_the_gates(&Front::of($proxy));
            }

            #[test]
            fn what_a_client_says_of_its_identity_does_not_arrive() {
                claims::of_identity_do_not_arrive(&Front::of($proxy));
            }

            #[test]
            fn what_a_client_says_of_its_certificate_neither_arrives_nor_counts() {
                claims::of_certificates_do_not_count(&Front::of($proxy));
            }

            #[test]
            fn an_upgrade_passes_only_where_a_rule_says_so() {
                upgrades::are_the_rules(&Front::of($proxy));
            }

            #[test]
            fn no_spelling_of_a_path_reaches_a_page_that_the_caller_may_not_see() {
                paths::are_read_alike(&Front::of($proxy));
            }
        }
    )*};
}

behind_each! {
    nginx Proxy::Nginx;
    caddy Proxy::Caddy;
    traefik Proxy::Traefik;
    envoy Proxy::Envoy;
    oldest_caddy Proxy::OldestCaddy;
    oldest_traefik Proxy::OldestTraefik;
    oldest_envoy Proxy::OldestEnvoy;
}
