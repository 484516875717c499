//! Real proxies in front of a page, each of which asks the real gate.
//!
//! The tests check what arrives at the page as well as the client's answer. Each behaviour is one
//! function, and a separate test behind each proxy.

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
            fn authorized_callers_pass_and_all_others_get_the_reason() {
                decisions::are_the_gates(&Front::of($proxy));
            }

            #[test]
            fn no_request_passes_while_the_gate_is_down() {
                decisions::fail_closed(Front::of($proxy));
            }

            #[test]
            fn the_page_learns_the_callers_identity_only_from_the_gate() {
                identity::is_the_gates(&Front::of($proxy));
            }

            #[test]
            fn identity_headers_of_a_client_do_not_arrive() {
                claims::of_identity_do_not_arrive(&Front::of($proxy));
            }

            #[test]
            fn certificate_headers_of_a_client_neither_arrive_nor_count() {
                claims::of_certificates_do_not_count(&Front::of($proxy));
            }

            #[test]
            fn an_upgrade_passes_only_where_a_rule_allows_it() {
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
