//! Where a client is: its country and its network, as a host's platform says.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The client's country and autonomous system, as the platform says. What the platform does not
/// say is `None`, and never met by a rule that asks for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClientLocation {
    /// The country in which the client's address is.
    pub country: Option<Country>,
    /// The number of the autonomous system (RFC 1930) that announces the client's address.
    pub asn: Option<u32>,
}

/// A country by its code in ISO 3166-1 alpha-2, in upper case: `DE`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

/// A text that is not a country's code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a country: write its code in ISO 3166-1 alpha-2, in upper case, like \"DE\" \
     (\"GB\" for the United Kingdom)"
)]
pub struct NotACountry(String);

/// The codes that ISO 3166-1 assigns, and `XK`, which platforms use for Kosovo.
const CODES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ \
FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT \
JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP \
MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE \
RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV \
TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

impl Country {
    /// The code: `DE`.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Country {
    type Err = NotACountry;

    /// Parses an assigned code. What platforms say where they do not know the country, `XX`, or of
    /// the Tor network, `T1`, is none.
    fn from_str(text: &str) -> Result<Self, NotACountry> {
        match <[u8; 2]>::try_from(text.as_bytes()) {
            Ok(code) if CODES.split(' ').any(|known| known == text) => Ok(Self(code)),
            Ok(_) | Err(_) => Err(NotACountry(text.chars().take(16).collect())),
        }
    }
}

impl TryFrom<String> for Country {
    type Error = NotACountry;

    fn try_from(text: String) -> Result<Self, NotACountry> {
        text.parse()
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.code().to_owned()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assigned_code_is_a_country() {
        for code in ["AD", "DE", "GB", "US", "XK", "ZW"] {
            assert_eq!(code.parse::<Country>().unwrap().code(), code);
        }
        assert_eq!(CODES.split(' ').count(), 250);
        assert!(CODES.split(' ').is_sorted());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "D", "de", "De", "DEU", "UK", "EU", "XX", "ZZ", "T1", "D ", " DE", "D\u{e9}"]
        {
            assert!(text.parse::<Country>().is_err(), "{text}");
        }
    }
}
