//! Name constraints (RFC 5280, section 4.2.1.10) for names in the subject. webpki applies them to
//! alternative names only, but the policy may take the identity from the subject.

use x509_cert::Certificate;
use x509_cert::ext::pkix::NameConstraints;
use x509_cert::ext::pkix::name::GeneralName;

use super::name::attribute_type;
use super::parsed;
use crate::denial::Denial;

/// The name constraints of the authorities of a path.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Constraints {
    /// Names of any kind.
    pub any: bool,
    emails: bool,
}

impl Constraints {
    /// Reads the constraints of one authority.
    pub(crate) fn of(authority: &Certificate) -> Result<Self, Denial> {
        let Some(constraints) = parsed::extension::<NameConstraints>(authority, "nameConstraints")?
        else {
            return Ok(Self::default());
        };
        let subtrees = [constraints.permitted_subtrees, constraints.excluded_subtrees];
        let emails = subtrees.iter().flatten().flatten();
        let emails = emails
            .map(|subtree| &subtree.base)
            .any(|base| matches!(base, GeneralName::Rfc822Name(_)));
        Ok(Self { any: true, emails })
    }

    /// Joins the constraints of two authorities, one below the other.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { any: self.any || other.any, emails: self.emails || other.emails }
    }

    /// Returns whether they forbid the subject of a certificate. Constraints for e-mail addresses are not
    /// evaluated: they forbid every address, in the subject and among the alternative names.
    pub(crate) fn forbid(self, certificate: &Certificate) -> bool {
        let subject = certificate.tbs_certificate().subject();
        let mut types =
            subject.iter_rdn().flat_map(|part| part.iter().map(|attribute| attribute.oid));
        self.emails && types.any(|oid| Some(oid) == attribute_type("EMAILADDRESS"))
    }
}
