//! The validity of a certificate.

use std::time::Duration;

use edge_auth_token::Timestamp;

use crate::audit::rfc3339_text;
use crate::denial::{Code, Denial};

/// A period, both ends included (RFC 5280, section 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl Validity {
    /// Makes a period from times since the epoch, which includes the whole last second.
    pub(crate) fn of(not_before: Duration, not_after: Duration) -> Self {
        let not_after =
            Timestamp::from_seconds(not_after.as_secs()).plus(Duration::from_millis(999));
        Self { not_before: Timestamp::from_seconds(not_before.as_secs()), not_after }
    }

    /// Parses dates as OpenSSL prints them.
    pub(crate) fn printed(not_before: &str, not_after: &str) -> Option<Self> {
        Some(Self::of(printed(not_before)?, printed(not_after)?))
    }

    /// Returns the period in which both are good.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            not_before: self.not_before.max(other.not_before),
            not_after: self.not_after.min(other.not_after),
        }
    }

    /// Checks that the certificate is good at `now`.
    pub(crate) fn check(self, now: Timestamp) -> Result<(), Denial> {
        if now < self.not_before {
            let from = rfc3339_text(self.not_before);
            return Err(Denial::new(
                Code::CertificateNotYetValid,
                format!("it is not valid before {from}"),
            ));
        }
        if now > self.not_after {
            let until = rfc3339_text(self.not_after);
            return Err(Denial::new(Code::CertificateExpired, format!("it expired at {until}")));
        }
        Ok(())
    }
}

/// Parses `Aug  5 00:28:21 2120 GMT`: English months, the day padded with a space, always GMT.
fn printed(text: &str) -> Option<Duration> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let bytes = text.as_bytes();
    let separators = [(3, b' '), (6, b' '), (9, b':'), (12, b':'), (15, b' '), (20, b' ')];
    let separated = separators.iter().all(|(at, byte)| bytes.get(*at) == Some(byte));
    if bytes.len() != 24 || !separated || !text.ends_with("GMT") {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<u16> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    };
    let month = MONTHS.iter().position(|month| text.starts_with(month))?;
    let day = match text.get(4..5)? {
        " " => number(5, 6)?,
        "0" => return None,
        _ => number(4, 6)?,
    };
    let small = |number: u16| u8::try_from(number).ok();
    let date = x509_cert::der::DateTime::new(
        number(16, 20)?,
        u8::try_from(month).ok()? + 1,
        small(day)?,
        small(number(7, 9)?)?,
        small(number(10, 12)?)?,
        small(number(13, 15)?)?,
    );
    date.ok().map(|date| date.unix_duration())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_openssl_prints_them() {
        let seconds = |text| printed(text).map(|since| since.as_secs());
        assert_eq!(seconds("May 28 12:30:02 2019 GMT"), Some(1_559_046_602));
        assert_eq!(seconds("Aug  5 00:28:21 2120 GMT"), Some(4_752_260_901));
        assert_eq!(seconds("Feb 29 00:00:00 2024 GMT"), Some(1_709_164_800));
    }

    #[test]
    fn other_forms_of_dates_are_refused() {
        for text in [
            "",
            "Aug 5 00:28:21 2120 GMT",
            "Aug 05 00:28:21 2120 GMT",
            "Aug  5 00:28:21 2120 UTC",
            "aug  5 00:28:21 2120 GMT",
            "Feb 30 00:00:00 2024 GMT",
            "Aug  5 24:00:00 2120 GMT",
            "Aug  5 00:28:21 2120 GMT ",
            "Aug  5 +0:28:21 2120 GMT",
            "2019-05-28T12:30:02Z",
            "Aug  5 00:28:21 1969 GMT",
            "Äug 5 00:28:21 2120 GMT",
        ] {
            assert_eq!(printed(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_second_is_included() {
        let validity = Validity::of(Duration::from_secs(10), Duration::from_secs(20));
        let at =
            |millis| validity.check(Timestamp::from_millis(millis)).map_err(|denial| denial.code);
        assert_eq!(at(9_999), Err(Code::CertificateNotYetValid));
        assert_eq!(at(10_000), Ok(()));
        assert_eq!(at(20_999), Ok(()));
        assert_eq!(at(21_000), Err(Code::CertificateExpired));
    }
}
