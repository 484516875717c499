//! Checks whether a host has what a policy needs, in one place for all hosts.

use super::when::When;
use super::{Policy, Proxy, Rule};
use crate::certificate::CertificateSource;

/// The capabilities of a host.
#[derive(Debug, Clone, Copy)]
pub struct HostCapabilities<'a> {
    /// Whether it has a store of API keys and revocations that administration can write.
    pub store: bool,
    /// Whether it can read API keys from copies, without that store.
    pub key_copies: bool,
    /// How an operator gives it a store: "start it with --store sqlite:PATH".
    pub store_help: &'a str,
    /// Whether it fetches issuers' documents with a `ca_file` and a `bearer_file`.
    pub fetch_files: bool,
    /// Whether granted requests go to an upstream.
    pub gateway: bool,
    /// Whether it sees a request's path as the client sent it.
    pub raw_path: bool,
    /// The sources by which its platform hands certificates over. Certificates from proxies reach
    /// every host.
    pub own_certificate_sources: &'a [CertificateSource],
    /// Whether its platform says the country and the autonomous system of its own clients.
    pub knows_location: bool,
    /// Whether its own TLS listener asks clients for certificates.
    pub listener_asks_for_certificates: bool,
}

impl Policy {
    /// Returns what an operator should know of this policy on such a host: which certificate blocks
    /// and rules no request can satisfy there, and which rules' answers it does not end.
    ///
    /// # Errors
    /// Names what the policy needs and the host lacks, and what to do.
    pub fn check_host(&self, host: &HostCapabilities<'_>) -> Result<Vec<String>, String> {
        self.check_store(host)?;
        self.check_fetch_files(host)?;
        if self.forward_auth == Some(Proxy::Envoy) && !host.raw_path {
            return Err(
                "`[forward_auth] proxy = \"envoy\"` is not for this host: it resolves dot \
                        segments before the gate sees them, and Envoy forwards them as they came. \
                        Have Envoy ask the native host"
                    .to_owned(),
            );
        }
        let mut notices = if host.gateway { Vec::new() } else { self.answers_not_ended() };
        notices.extend(self.unknown_locations(host));
        for (name, source, ca_file) in self.client_cert_blocks() {
            let listener = source == CertificateSource::Tls;
            // Without a `ca_file` building the gate reports it.
            if listener && ca_file.is_some() && self.lacks_listener(host) {
                return Err(format!(
                    "client_cert `{name}`: this listener asks for no certificates: start it with \
                     --tls-cert, --tls-key and --client-ca"
                ));
            }
            if let Some(why) = self.unreachable(source, host) {
                notices.push(format!(
                    "client_cert `{name}`, source `{source}`: no client passes by it: {why}"
                ));
            }
        }
        Ok(notices)
    }

    /// Whether a rule has a `when`, so that an answer is good only for requests from the same
    /// place.
    pub(crate) fn asks_where_clients_are(&self) -> bool {
        self.rules.iter().any(|rule| rule.when.is_some())
    }

    /// Whether a rule asks for the client's country or autonomous system.
    pub fn needs_client_location(&self) -> bool {
        self.rules_that_need_location().next().is_some()
    }

    /// Returns the rules that ask for the client's country or autonomous system.
    fn rules_that_need_location(&self) -> impl Iterator<Item = &str> {
        let needing = |rule: &&Rule| rule.when.as_ref().is_some_and(When::needs_location);
        self.rules.iter().filter(needing).map(|rule| &*rule.name)
    }

    /// Returns the rules with a `max_response_age`. Only a gateway, which carries the answers, can
    /// end them.
    pub fn rules_that_end_answers(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().filter(|rule| rule.max_response_age.is_some()).map(|rule| &*rule.name)
    }

    /// Returns a notice for each rule whose answers a host without an upstream does not end.
    pub fn answers_not_ended(&self) -> Vec<String> {
        let mut notices = Vec::new();
        for rule in self.rules_that_end_answers() {
            notices.push(format!(
                "rule `{rule}`: `max_response_age` ends no answer here: a proxy, an API gateway or an application asks this \
                 host, and carries the answer itself. Have it end the answer"
            ));
        }
        notices
    }

    /// Returns the rules whose `when` asks for what this host does not know of its clients.
    fn unknown_locations(&self, host: &HostCapabilities<'_>) -> Vec<String> {
        let why = match (host.gateway, host.knows_location) {
            (true, true) => return Vec::new(),
            (true, false) => {
                "this host does not know its clients' countries and autonomous systems, so the rule refuses every \
                 request"
            }
            (false, _) => {
                "a proxy that asks does not say its client's country and autonomous system, so the rule refuses every \
                 request but those that an application describes to /v1/verify with `client_country` and `client_asn`"
            }
        };
        self.rules_that_need_location()
            .map(|rule| format!("rule `{rule}`: `when`: {why}"))
            .collect()
    }

    fn check_fetch_files(&self, host: &HostCapabilities<'_>) -> Result<(), String> {
        for (name, files) in self.issuer_fetch_files() {
            if let Some(field) = files.first_field()
                && !host.fetch_files
            {
                return Err(format!(
                    "issuer `{name}`: `{field}`: the platform of this host fetches keys without authorities \
                     or a token of the policy. Use the native host or Lambda, or copy the key set into `jwks`"
                ));
            }
        }
        Ok(())
    }

    fn check_store(&self, host: &HostCapabilities<'_>) -> Result<(), String> {
        if host.store {
            return Ok(());
        }
        let has_keys = !self.api_keys.is_empty();
        let need = if self.has_revocation_feed() {
            "a revocation feed"
        } else if has_keys && self.administers() {
            "`[admin]`, which writes API keys"
        } else if has_keys && !host.key_copies {
            "API keys"
        } else {
            return Ok(());
        };
        Err(format!("the policy has {need}, so a store is needed: {}", host.store_help))
    }

    fn lacks_listener(&self, host: &HostCapabilities<'_>) -> bool {
        host.own_certificate_sources.contains(&CertificateSource::Tls)
            && !host.listener_asks_for_certificates
    }

    /// Returns why no certificate comes to this host by this source.
    fn unreachable(
        &self,
        source: CertificateSource,
        host: &HostCapabilities<'_>,
    ) -> Option<&'static str> {
        // An application can describe such a certificate, by `client_certificate` of a question to
        // `/v1/verify`.
        let described = source == CertificateSource::Cloudflare && !host.gateway;
        let comes = source.comes_from_proxy()
            || described
            || host.own_certificate_sources.contains(&source);
        if !comes {
            Some("nothing comes to this host by that source")
        } else if source == CertificateSource::Tls && !host.gateway {
            Some(
                "without an upstream, only proxies and applications connect, and their certificates are not their clients'",
            )
        } else if source.comes_from_proxy() && host.gateway && !self.names_proxies() {
            Some(
                "the gateway believes no proxy: name yours in `[trust]`, by `networks` or `secret`",
            )
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Format;

    const HOST: HostCapabilities<'static> = HostCapabilities {
        fetch_files: true,
        store: true,
        key_copies: false,
        store_help: "name one",
        gateway: true,
        raw_path: true,
        own_certificate_sources: &CertificateSource::ALL,
        knows_location: true,
        listener_asks_for_certificates: true,
    };

    fn policy(text: &str) -> Policy {
        let rule = "[[rule]]\npath = \"/\"\npublic = true\n";
        Policy::parse(&format!("{text}\n{rule}"), Format::Toml, "policy.toml").unwrap()
    }

    const KEYS: &str = "[[api_key]]\nname = \"partners\"\nprefix = \"acme\"\npepper = \"PEPPER\"\n";

    #[test]
    fn keys_and_revocations_need_a_store() {
        let without = HostCapabilities { store: false, ..HOST };
        let copies = HostCapabilities { key_copies: true, ..without };
        let feed = "[revocation]\nsecret = \"SECRET\"\n";
        for (text, needed, needed_beside_copies) in [
            (String::new(), None, None),
            (KEYS.to_owned(), Some("API keys"), None),
            (format!("{KEYS}[admin]\n"), Some("`[admin]`"), Some("`[admin]`")),
            (feed.to_owned(), Some("a revocation feed"), Some("a revocation feed")),
        ] {
            let policy = policy(&text);
            assert_eq!(policy.check_host(&HOST), Ok(vec![]), "{text}");
            for (host, needed) in [(without, needed), (copies, needed_beside_copies)] {
                let found = policy.check_host(&host).err();
                assert_eq!(found.is_some(), needed.is_some(), "{text}: {found:?}");
                if let (Some(found), Some(needed)) = (found, needed) {
                    assert!(found.contains(needed) && found.contains("name one"), "{found}");
                }
            }
        }
    }

    #[test]
    fn a_host_that_cannot_fetch_with_the_files_of_an_issuer_refuses_them_by_name() {
        for field in ["ca_file", "bearer_file"] {
            let policy = policy(&format!(
                "[[issuer]]\nname = \"corp\"\nissuer = \"https://a.example/\"\naudience = \"a\"\n\
                 keys = {{ discover = true }}\n{field} = \"file\"\n"
            ));
            assert_eq!(policy.check_host(&HOST), Ok(vec![]));
            let refused = policy.check_host(&HostCapabilities { fetch_files: false, ..HOST });
            let wanted = format!("issuer `corp`: `{field}`: ");
            assert!(refused.unwrap_err().starts_with(&wanted), "{field}");
        }
    }

    #[test]
    fn a_rule_that_asks_for_a_country_is_reported_where_the_host_does_not_know_it() {
        let rule = "[[rule]]\nname = \"germany\"\npath = \"/de\"\npublic = true\nwhen = { country = [\"DE\"] }\n";
        let germany = policy(rule);
        assert_eq!(germany.check_host(&HOST), Ok(vec![]));
        for host in [
            HostCapabilities { knows_location: false, ..HOST },
            HostCapabilities { gateway: false, ..HOST },
        ] {
            let notices = germany.check_host(&host).unwrap();
            assert!(notices.iter().any(|notice| notice.contains("rule `germany`")), "{notices:?}");
        }
        let office = policy(&rule.replace("country = [\"DE\"]", "networks = [\"192.0.2.0/24\"]"));
        assert_eq!(
            office.check_host(&HostCapabilities { knows_location: false, ..HOST }),
            Ok(vec![])
        );
    }

    #[test]
    fn envoy_needs_a_host_that_sees_paths_as_they_were_sent() {
        let envoy = policy("[forward_auth]\nproxy = \"envoy\"\n");
        assert_eq!(envoy.check_host(&HOST), Ok(vec![]));
        assert!(envoy.check_host(&HostCapabilities { raw_path: false, ..HOST }).is_err());
    }

    #[test]
    fn a_certificate_source_that_cannot_reach_the_host_is_reported() {
        let block = "[[client_cert]]\nname = \"devices\"\nsource = \"api-gateway\"\nidentity = { subject = \"CN\" }\n\
                     issuer_dn = \"CN=Devices CA\"\n";
        let devices = policy(block);
        assert_eq!(devices.check_host(&HOST), Ok(vec![]));
        let notices =
            devices.check_host(&HostCapabilities { own_certificate_sources: &[], ..HOST }).unwrap();
        assert!(notices.iter().any(|notice| notice.contains("devices")), "{notices:?}");
    }
}
