//! Changes to tokens and keys, as an attacker would make them.

use super::source::Tampering;
use super::text::Texts;

pub(super) fn alter(altered: &Tampering, texts: &Texts) -> Result<String, String> {
    let mut text = texts.expand(&altered.of)?;
    for (from, to) in &altered.replace {
        let (from, to) = (texts.expand(from)?, texts.expand(to)?);
        if !text.contains(&from) {
            return Err(format!("`{}` has no {from:?} to replace", altered.of));
        }
        text = text.replacen(&from, &to, 1);
    }
    for position in &altered.change {
        text = changed(&text, *position)
            .ok_or_else(|| format!("`{}` has no digit at {position} to change", altered.of))?;
    }
    text.truncate(text.len().saturating_sub(altered.cut));
    text.push_str(&texts.expand(&altered.append)?);
    if altered.checksum {
        let (before, _) =
            text.split_at_checked(text.len().saturating_sub(6)).ok_or("no checksum")?;
        text = format!("{before}{}", checksum(before));
    }
    Ok(text)
}

/// Changes the base62 or base64url digit at a position into another one.
fn changed(text: &str, position: i64) -> Option<String> {
    let index = match usize::try_from(position) {
        Ok(index) => index,
        Err(_) => text.len().checked_sub(usize::try_from(position.unsigned_abs()).ok()?)?,
    };
    let mut bytes = text.as_bytes().to_vec();
    let byte = bytes.get_mut(index)?;
    *byte = match *byte {
        b'z' => b'a',
        b'Z' => b'A',
        b'9' => b'0',
        b'-' => b'_',
        b'_' => b'-',
        other if other.is_ascii_alphanumeric() => other + 1,
        _ => return None,
    };
    String::from_utf8(bytes).ok()
}

/// Returns the CRC-32 of a text in six base62 digits, the end of an API key. Anyone can compute it.
pub fn checksum(before: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32fast::hash(before.as_bytes());
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits.map(char::from).iter().collect()
}

#[cfg(test)]
mod tests {
    use edge_auth_token::Timestamp;

    use super::*;

    fn altered(toml: &str) -> Result<String, String> {
        let mut texts = Texts::new("", Timestamp::default());
        texts.set("key", "k", "ac_live_09azAZ_tail00");
        alter(&toml::from_str(toml).unwrap(), &texts)
    }

    #[test]
    fn changes_apply_at_the_given_places() {
        let key = r#"of = "{key:k}""#;
        assert_eq!(altered(&format!("{key}\ncut = 6")).as_deref(), Ok("ac_live_09azAZ_"));
        assert_eq!(
            altered(&format!("{key}\nchange = [8, -1]")).as_deref(),
            Ok("ac_live_19azAZ_tail01")
        );
        let replaced = altered(&format!("{key}\nreplace = [[\"live\", \"test\"]]"));
        assert_eq!(replaced.as_deref(), Ok("ac_test_09azAZ_tail00"));
        assert!(altered(&format!("{key}\nreplace = [[\"none\", \"test\"]]")).is_err());
        let dot = r#"of = "a.b""#;
        assert!(altered(&format!("{dot}\nchange = [1]")).is_err());
        assert!(altered(&format!("{key}\nchange = [-99]")).is_err());
    }

    #[test]
    fn a_checksum_covers_the_text_before_it() {
        // CRC-32 of "123456789" is 0xcbf43926 (the check value of CRC-32/ISO-HDLC).
        assert_eq!(checksum("123456789"), "3jZRME");
    }
}
