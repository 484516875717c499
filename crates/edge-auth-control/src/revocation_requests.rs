//! The request to revoke something, in the words of the API and the CLI.

use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};

use super::AdminError;
use super::requests::{dated, moment};
use edge_auth::audit::rfc3339_text;
use edge_auth::policy::Policy;
use edge_auth::revocation::{Identifier, Target, TargetError};

/// A request to revoke something. The fields depend on the kind: `token`: `issuer`, `id` (`jti`).
/// `subject`: `issuer`, `subject`, `before`. `client`: `issuer`, `client`, `before`. `issuer`:
/// `issuer`, `before`. `session`: `issuer`, `id` (`sid`). `signing-key`: `issuer`, `id` (`kid`).
/// `api-key`: `id`. `certificate`: `fingerprint`, which is not enough where a platform reports
/// fingerprints instead of certificates: enter the serial number, too. `certificate-serial`:
/// `issuer`, `serial`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RevocationRequest {
    /// The kind of what is revoked.
    pub kind: RevocationKind,
    /// For tokens: the issuer, by its name in the policy or by its exact `iss`. For a certificate's
    /// serial number: the issuer's name, as in `CN=Devices CA,O=Example`.
    #[serde(default)]
    pub issuer: Option<String>,
    /// A token's `jti`, a session's `sid`, a signing key's `kid`, an API key's id.
    #[serde(default)]
    pub id: Option<String>,
    /// A `sub`.
    #[serde(default)]
    pub subject: Option<String>,
    /// A client.
    #[serde(default)]
    pub client: Option<String>,
    /// Revokes the tokens that were issued before this time (RFC 3339, or a date). Without it, all
    /// that are good now: since the issuer's clock may be ahead, that is later than now by its
    /// `clock_skew`.
    #[serde(default)]
    pub before: Option<String>,
    /// The SHA-256 of a certificate, hexadecimal.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// The serial number of a certificate, hexadecimal.
    #[serde(default)]
    pub serial: Option<String>,
    /// When the entry ends: a duration from now (`90d`) or a time (RFC 3339). Entries about tokens
    /// may leave it out if the issuer has a `max_lifetime`; the others then never end.
    #[serde(default)]
    pub expires: Option<String>,
    /// Why, for whoever reads the log later; 1 to 256 bytes.
    #[cfg_attr(test, schemars(length(min = 1, max = 256)))]
    pub reason: String,
}

/// What can be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum RevocationKind {
    /// One token, by its `jti`.
    Token,
    /// All tokens of a subject that were issued before a time.
    Subject,
    /// All tokens of a client that were issued before a time.
    Client,
    /// All tokens of an issuer that were issued before a time.
    Issuer,
    /// All tokens of a session.
    Session,
    /// All tokens that were signed with a key.
    SigningKey,
    /// One API key, for good.
    ApiKey,
    /// One certificate, by its fingerprint.
    Certificate,
    /// One certificate, by its issuer and serial number.
    CertificateSerial,
}

/// A complete and valid request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationChange {
    /// What is revoked.
    pub target: Target,
    /// When the entry expires; `None` is never.
    pub until: Option<Timestamp>,
    /// The reason.
    pub reason: String,
    /// A notice for the administrator: which tokens stay good although they may have been meant.
    pub notice: Option<String>,
}

impl RevocationRequest {
    /// Makes a request of this kind, for this reason, without any other field.
    pub fn new(kind: RevocationKind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            issuer: None,
            id: None,
            subject: None,
            client: None,
            before: None,
            fingerprint: None,
            serial: None,
            expires: None,
            reason: reason.into(),
        }
    }

    /// Checks the request against the policy. An entry about tokens lasts as long as the last of
    /// them can be good, by the issuer's `max_lifetime`.
    ///
    /// # Errors
    /// A field is missing, does not belong to the kind, or is unknown to the policy.
    pub fn order(
        mut self,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<RevocationChange, AdminError> {
        let expires = match self.expires.take() {
            Some(text) => Some(moment(&text, now)?),
            None => None,
        };
        let before = self.before.take();
        let target = match self.kind {
            RevocationKind::Token => {
                Target::Token { issuer: self.iss(policy)?, id: take("id", &mut self.id)? }
            }
            RevocationKind::Subject => {
                let issuer = self.iss(policy)?;
                let before = up_to(before.as_deref(), policy, &issuer, now)?;
                Target::Subject { issuer, subject: take("subject", &mut self.subject)?, before }
            }
            RevocationKind::Client => {
                let issuer = self.iss(policy)?;
                let before = up_to(before.as_deref(), policy, &issuer, now)?;
                Target::Client { issuer, client: take("client", &mut self.client)?, before }
            }
            RevocationKind::Issuer => {
                let issuer = self.iss(policy)?;
                let before = up_to(before.as_deref(), policy, &issuer, now)?;
                Target::Issuer { issuer, before }
            }
            RevocationKind::Session => {
                Target::Session { issuer: self.iss(policy)?, id: take("id", &mut self.id)? }
            }
            RevocationKind::SigningKey => {
                Target::SigningKey { issuer: self.iss(policy)?, id: take("id", &mut self.id)? }
            }
            RevocationKind::ApiKey => Target::ApiKey { id: take("id", &mut self.id)? },
            RevocationKind::Certificate => {
                Target::Certificate { fingerprint: take("fingerprint", &mut self.fingerprint)? }
            }
            RevocationKind::CertificateSerial => Target::CertificateSerial {
                issuer: take("issuer", &mut self.issuer)?,
                serial: take("serial", &mut self.serial)?,
                listed: None,
            },
        };
        let timed = matches!(
            target,
            Target::Subject { .. } | Target::Client { .. } | Target::Issuer { .. }
        );
        self.nothing_left(before.filter(|_| !timed).as_ref())?;
        let until = match expires {
            Some(at) if at <= now => {
                return Err(AdminError::Invalid("`expires` is in the past".to_owned()));
            }
            Some(at) => Some(at),
            None => until(&target, policy, now)?,
        };
        let notice = left_good(&target, policy, now);
        Ok(RevocationChange { target, until, reason: self.reason, notice })
    }

    /// Returns the exact `iss`. Rejects one that the policy does not have, since it would revoke
    /// nothing.
    fn iss<T: TryFrom<String, Error = TargetError>>(
        &mut self,
        policy: &Policy,
    ) -> Result<T, AdminError> {
        let named = self.issuer.take().ok_or_else(|| missing("issuer"))?;
        let iss = policy.issuer_named(&named).ok_or_else(|| {
            let named = edge_auth::audit::excerpt(&named, 64);
            AdminError::Invalid(format!(
                "the policy has no issuer `{named}`, by its name or its `iss` (one with tenants has an `iss` for each)"
            ))
        })?;
        parsed("issuer", iss)
    }

    /// Rejects a field that does not belong to the kind: the administrator meant something by it.
    fn nothing_left(&self, before: Option<&String>) -> Result<(), AdminError> {
        let fields = [
            ("issuer", self.issuer.as_ref()),
            ("id", self.id.as_ref()),
            ("subject", self.subject.as_ref()),
            ("client", self.client.as_ref()),
            ("before", before),
            ("fingerprint", self.fingerprint.as_ref()),
            ("serial", self.serial.as_ref()),
        ];
        match fields.into_iter().find(|(_, value)| value.is_some()) {
            Some((field, _)) => {
                Err(AdminError::Invalid(format!("`{field}` does not belong to this kind")))
            }
            None => Ok(()),
        }
    }
}

/// Returns a notice if some of the tokens that are accepted now stay good.
fn left_good(target: &Target, policy: &Policy, now: Timestamp) -> Option<String> {
    let (Target::Subject { issuer, before, .. }
    | Target::Client { issuer, before, .. }
    | Target::Issuer { issuer, before }) = target
    else {
        return None;
    };
    let all = policy.first_future_iat(issuer.as_str(), now);
    (*before < all).then(|| {
        format!(
            "tokens whose `iat` is {} or later stay good. The issuer's clock may be ahead: those that exist now can \
             say an `iat` up to {}. Leave `before` out to revoke all of them",
            rfc3339_text(*before),
            rfc3339_text(all)
        )
    })
}

/// Returns when everything that is revoked has expired anyway; `None` if that is unknown.
fn until(
    target: &Target,
    policy: &Policy,
    now: Timestamp,
) -> Result<Option<Timestamp>, AdminError> {
    let issuer = match target {
        Target::Token { issuer, .. }
        | Target::Subject { issuer, .. }
        | Target::Client { issuer, .. }
        | Target::Issuer { issuer, .. }
        | Target::Session { issuer, .. } => issuer,
        // Their lifetime is not in the policy.
        Target::SigningKey { .. }
        | Target::ApiKey { .. }
        | Target::Certificate { .. }
        | Target::CertificateSerial { .. } => return Ok(None),
    };
    let longest = policy.longest_token(issuer.as_str()).ok_or_else(|| {
        let message = "the policy gives the issuer of these tokens no `max_lifetime`: set `expires` (`--expires` on \
                       the command line) to when the last of them expires";
        AdminError::Invalid(message.to_owned())
    })?;
    Ok(Some(now.plus(longest)))
}

fn take<T: TryFrom<String, Error = TargetError>>(
    field: &str,
    value: &mut Option<String>,
) -> Result<T, AdminError> {
    parsed(field, value.take().ok_or_else(|| missing(field))?)
}

fn parsed<T: TryFrom<String, Error = TargetError>>(
    field: &str,
    value: String,
) -> Result<T, AdminError> {
    T::try_from(value).map_err(|error| AdminError::Invalid(format!("`{field}` {error}")))
}

fn missing(field: &str) -> AdminError {
    AdminError::Invalid(format!("`{field}` is missing"))
}

/// Returns the time before which issued tokens are revoked. Without a text this is late enough that
/// no token that is accepted now stays good, as far ahead as the issuer's clock may be.
fn up_to(
    text: Option<&str>,
    policy: &Policy,
    issuer: &Identifier,
    now: Timestamp,
) -> Result<Timestamp, AdminError> {
    let all = policy.first_future_iat(issuer.as_str(), now);
    let Some(text) = text else { return Ok(all) };
    match dated(text) {
        Some(time) if time <= all => Ok(time),
        Some(_) => Err(AdminError::Invalid("`before` is in the future".to_owned())),
        None => Err(AdminError::Invalid(format!(
            "`before`: `{}` is not a time like 2027-01-31 or 2027-01-31T12:00:00Z",
            text.escape_debug()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge_auth::policy::Format;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    /// Two blocks of one issuer, and one of another.
    fn policy() -> Policy {
        let block = |name: &str, iss: &str, skew: &str| {
            format!(
                "[[issuer]]\nname = \"{name}\"\nissuer = \"{iss}\"\naudience = \"{name}\"\n\
                 keys = {{ discover = true }}\nmax_lifetime = \"1h\"\n{skew}\n"
            )
        };
        let text = [
            block("corp", "https://corp.example/", ""),
            block("corp-wide", "https://corp.example/", "clock_skew = \"2m\""),
            block("exact", "https://exact.example/", "clock_skew = \"0s\""),
        ];
        Policy::parse(&text.concat(), Format::Toml, "policy.toml").unwrap()
    }

    fn request(kind: RevocationKind, issuer: &str) -> RevocationRequest {
        let of = |wanted: RevocationKind| (kind == wanted).then(|| "x".to_owned());
        RevocationRequest {
            issuer: Some(issuer.to_owned()),
            subject: of(RevocationKind::Subject),
            client: of(RevocationKind::Client),
            ..RevocationRequest::new(kind, "a test")
        }
    }

    #[test]
    fn without_a_time_the_largest_skew_of_the_issuers_blocks_is_added() {
        for kind in [RevocationKind::Subject, RevocationKind::Client, RevocationKind::Issuer] {
            for (issuer, seconds) in
                [("corp", 120), ("corp-wide", 120), ("https://corp.example/", 120), ("exact", 0)]
            {
                let order = request(kind, issuer).order(&policy(), NOW).unwrap();
                // The last millisecond in which a token that is accepted now can be issued is
                // before it.
                let after = Timestamp::from_millis(NOW.millis() + seconds * 1000 + 1);
                assert_eq!(order.target.before(), Some(after), "{kind:?} {issuer}");
                assert_eq!(order.notice, None);
            }
        }
    }

    #[test]
    fn a_given_time_is_kept_and_a_notice_says_which_tokens_stay_good() {
        let order = |before: &str| {
            RevocationRequest {
                before: Some(before.to_owned()),
                ..request(RevocationKind::Subject, "corp")
            }
            .order(&policy(), NOW)
        };
        for before in ["2027-01-15", "2027-01-15T08:00:00Z", "2027-01-15T08:01:59Z"] {
            let order = order(before).unwrap();
            assert_eq!(order.target.before(), dated(before));
            let notice = order.notice.unwrap();
            assert!(notice.contains("2027-01-15T08:02:00"), "{notice}");
        }
        assert_eq!(order("2027-01-15T08:02:00.001Z").unwrap().notice, None);
        assert!(order("2027-01-15T08:02:01Z").is_err());
    }

    #[test]
    fn a_target_without_a_time_has_no_notice() {
        for kind in [RevocationKind::Session, RevocationKind::SigningKey, RevocationKind::Token] {
            let request = RevocationRequest { id: Some("x".to_owned()), ..request(kind, "corp") };
            let order = request.order(&policy(), NOW).unwrap();
            assert_eq!((order.target.before(), order.notice), (None, None), "{kind:?}");
        }
    }
}
