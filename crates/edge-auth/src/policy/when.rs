//! `when`: from where a rule lets requests pass.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use serde::{Deserialize, Serialize};

use crate::client_location::{ClientLocation, Country};

/// A rule's `when`, compiled. Every part that it names must hold; what the host does not know
/// does not hold.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct When {
    pub(super) parts: Vec<Part>,
}

/// One part of a `when`.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) enum Part {
    /// The client is in one of these countries.
    Country(Vec<Country>),
    /// The client's country is known, and none of these.
    NotCountry(Vec<Country>),
    /// The client's autonomous system is one of these.
    Asn(Vec<u32>),
    /// The client's address is in one of these networks.
    Networks(Vec<IpNet>),
}

impl When {
    /// Returns what does not hold for this client, if anything does not.
    pub(crate) fn refusal(
        &self,
        client_ip: Option<IpAddr>,
        location: ClientLocation,
    ) -> Option<String> {
        let failed = self.parts.iter().find(|part| !part.holds(client_ip, location))?;
        let (what, known) = match failed {
            Part::Country(_) | Part::NotCountry(_) => {
                ("country", location.country.map(|country| country.to_string()))
            }
            Part::Asn(_) => ("autonomous system", location.asn.map(|asn| asn.to_string())),
            Part::Networks(_) => {
                ("address", client_ip.map(|address| address.to_canonical().to_string()))
            }
        };
        Some(match known {
            Some(known) => format!("the client's {what} is {known}, and must be {failed}"),
            None => format!("the client's {what} is not known, and must be {failed}"),
        })
    }

    /// Whether the country or the autonomous system counts, which not every host knows.
    pub(super) fn needs_location(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Country(_) | Part::NotCountry(_) | Part::Asn(_) => true,
            Part::Networks(_) => false,
        })
    }
}

impl Part {
    fn holds(&self, client_ip: Option<IpAddr>, location: ClientLocation) -> bool {
        match self {
            Self::Country(countries) => {
                location.country.is_some_and(|country| countries.contains(&country))
            }
            Self::NotCountry(countries) => {
                location.country.is_some_and(|country| !countries.contains(&country))
            }
            Self::Asn(numbers) => location.asn.is_some_and(|asn| numbers.contains(&asn)),
            Self::Networks(networks) => client_ip.is_some_and(|address| {
                let address = address.to_canonical();
                networks.iter().any(|network| network.contains(&address))
            }),
        }
    }
}

/// Says what is wanted: `in DE, FR (country)`.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Country(countries) => write!(f, "one of `country`: {}", listed(countries)),
            Self::NotCountry(countries) => {
                write!(f, "none of `not_country`: {}", listed(countries))
            }
            Self::Asn(numbers) => write!(f, "one of `asn`: {}", listed(numbers)),
            Self::Networks(networks) => write!(f, "in one of `networks`: {}", listed(networks)),
        }
    }
}

/// Says the whole: what `policy explain` shows of a `when` that holds.
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

fn listed<T: fmt::Display>(list: &[T]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
