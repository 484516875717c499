//! Which certificates of an issuer a revocation list is about, and which lists are about a
//! certificate (RFC 5280, sections 5.2.5 and 6.3.3).

use x509_cert::Certificate;
use x509_cert::ext::pkix::crl::dp::IssuingDistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{BasicConstraints, CrlDistributionPoints};

use crate::revocation::{KeyId, ListAddress, ListId};

/// The certificates that a list is about: all that its issuer's key signed, unless its
/// `issuingDistributionPoint` limits it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ListScope {
    /// Only certificates of end entities.
    users_only: bool,
    /// Only certificates that name this address.
    address: Option<String>,
}

/// The fields of a certificate that decide which lists are about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListCoverage {
    is_authority: bool,
    addresses: CrlAddresses,
}

/// The addresses in a certificate's `cRLDistributionPoints`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum CrlAddresses {
    /// The certificate does not have the extension.
    Absent,
    Named(Vec<String>),
    /// The platform does not report the extension.
    Unknown,
}

impl ListScope {
    /// Reads the scope of a list.
    ///
    /// # Errors
    /// The limit that is not supported, for the operator.
    pub(super) fn of(point: &IssuingDistributionPoint) -> Result<Self, String> {
        let unsupported = [
            (point.only_contains_ca_certs, "it is about authorities only: `onlyContainsCACerts`"),
            (
                point.only_contains_attribute_certs,
                "it is about attribute certificates only: `onlyContainsAttributeCerts`",
            ),
            (point.indirect_crl, "it is about certificates of other issuers, too: `indirectCRL`"),
            (
                point.only_some_reasons.is_some(),
                "it has revocations for some reasons only: `onlySomeReasons`",
            ),
        ];
        for (is_set, cause) in unsupported {
            if is_set {
                return Err(cause.to_owned());
            }
        }
        let address = match &point.distribution_point {
            None => None,
            Some(name) => Some(only_address(name)?),
        };
        Ok(Self { users_only: point.only_contains_user_certs, address })
    }

    /// Returns the list's own name, and the name under which it also counts for certificates that
    /// name no address. Returns `None` if its address cannot be written down.
    pub(super) fn ids(&self, key: &KeyId) -> Option<(ListId, Option<ListId>)> {
        let Some(address) = &self.address else {
            return Some((ListId::new(key, self.users_only, ListAddress::Unlimited)?, None));
        };
        let own = ListId::new(key, self.users_only, ListAddress::At(address))?;
        Some((own, ListId::new(key, self.users_only, ListAddress::Any)))
    }
}

impl ListCoverage {
    /// For a client's certificate of which the platform reports only some fields.
    pub(super) const REPORTED: Self =
        Self { is_authority: false, addresses: CrlAddresses::Unknown };

    pub(super) fn of(certificate: &Certificate) -> Self {
        let constraints = certificate.tbs_certificate().get_extension::<BasicConstraints>();
        // A list for users is not about a certificate that may be an authority's.
        let is_authority = match constraints {
            Ok(Some((_, constraints))) => constraints.ca,
            Ok(None) => false,
            Err(_) => true,
        };
        let points = certificate.tbs_certificate().get_extension::<CrlDistributionPoints>();
        let addresses = match points {
            Ok(Some((_, points))) => CrlAddresses::Named(addresses(&points)),
            Ok(None) => CrlAddresses::Absent,
            Err(_) => CrlAddresses::Named(Vec::new()),
        };
        Self { is_authority, addresses }
    }

    /// Returns the lists of the issuer's key that are about the certificate. Any one that is
    /// current is enough.
    pub(super) fn lists(&self, key: &KeyId) -> Vec<ListId> {
        let mut lists = self.lists_at(key, ListAddress::Unlimited);
        match &self.addresses {
            CrlAddresses::Absent => lists.extend(self.lists_at(key, ListAddress::Any)),
            CrlAddresses::Named(named) => {
                for address in named {
                    lists.extend(self.lists_at(key, ListAddress::At(address)));
                }
            }
            CrlAddresses::Unknown => {}
        }
        lists
    }

    /// Returns the lists that may be about the certificate: those at any address, if its own
    /// addresses are not known.
    pub(super) fn possible_lists(&self, key: &KeyId) -> Vec<ListId> {
        match &self.addresses {
            CrlAddresses::Absent | CrlAddresses::Named(_) => Vec::new(),
            CrlAddresses::Unknown => self.lists_at(key, ListAddress::Any),
        }
    }

    fn lists_at(&self, key: &KeyId, address: ListAddress<'_>) -> Vec<ListId> {
        let mut lists = Vec::new();
        lists.extend(ListId::new(key, false, address));
        if !self.is_authority {
            lists.extend(ListId::new(key, true, address));
        }
        lists
    }
}

fn only_address(name: &DistributionPointName) -> Result<String, String> {
    let DistributionPointName::FullName(names) = name else {
        return Err("its address is a name relative to its issuer's".to_owned());
    };
    match names.as_slice() {
        [GeneralName::UniformResourceIdentifier(uri)] => Ok(uri.as_str().to_owned()),
        [_] => Err("its address is not a URI".to_owned()),
        _ => Err("it names several addresses".to_owned()),
    }
}

/// A point for some reasons only, or with lists of another issuer, leads to lists that are not
/// imported.
fn addresses(points: &CrlDistributionPoints) -> Vec<String> {
    let mut addresses = Vec::new();
    for point in &points.0 {
        let Some(DistributionPointName::FullName(names)) = &point.distribution_point else {
            continue;
        };
        if point.reasons.is_some() || point.crl_issuer.is_some() {
            continue;
        }
        for name in names {
            if let GeneralName::UniformResourceIdentifier(uri) = name {
                addresses.push(uri.as_str().to_owned());
            }
        }
    }
    addresses
}
