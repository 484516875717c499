//! Hides credentials in texts that are logged, such as a key that a client put into a path.
//!
//! The work is linear in the text, which is cut first: it is read five times at most, and each byte
//! is compared with the leads of the policy's keys.

mod shape;

use std::ops::Range;

use crate::api_key::ApiKeyProfile;
use crate::audit::excerpt;
use crate::bootstrap_secret::BOOTSTRAP_PREFIX;
use shape::Shape;

/// The most bytes that are logged of a method.
pub(crate) const MAX_METHOD: usize = 32;
/// The most bytes of a host: more than any name with a port has.
pub(crate) const MAX_HOST: usize = 300;
/// The most bytes of a path.
pub(crate) const MAX_PATH: usize = 1024;
/// The most bytes of a path that is refused, before escaping.
pub(crate) const MAX_REFUSED_PATH: usize = 256;
/// The most bytes of a principal: more than any has.
pub(crate) const MAX_PRINCIPAL: usize = 1024;
/// The most bytes of a reason or a notice.
pub const MAX_REASON: usize = 1024;

/// A shorter lead counts at the beginning of words only: many words contain it.
const MIN_INNER_LEAD: usize = 4;
/// How many levels of nested escapes are resolved. A text with more is hidden completely.
const LEVELS: usize = 4;
/// From this many bytes on, a token is recognised in any case, as in a host, whose own name is
/// shorter.
const LONG_TOKEN: usize = 64;

const KEY: &str = "(an API key)";
const TOKEN: &str = "(a token)";
const TOO_DEEP: &str = "(escaped too often)";

/// Hides API keys, bootstrap secrets and compact tokens in texts of clients.
///
/// Recognises a key by its lead, the beginning of all keys of its block, in any case; keys without
/// a lead are not recognised. Recognises percent-encoded keys, too: several levels deep, in
/// overlong UTF-8, and with `%u005F`. Recognises our own keys by their shape, whatever stands for
/// `_` (`\\_`, `=5F`, `&lowbar;`). Does not recognise the base64 or hexadecimal of a whole key.
#[derive(Debug)]
pub struct Redactor {
    leads: Vec<Lead>,
    /// For each byte, whether a credential may begin with it.
    initials: [bool; 256],
}

#[derive(Debug)]
struct Lead {
    text: Vec<u8>,
    /// The shape of our own keys. Keys of other systems may be base64, which has slashes.
    shape: Option<Shape>,
}

impl Lead {
    fn of_ours(text: &str) -> Self {
        Self { text: text.into(), shape: Some(Shape::of(text)) }
    }

    fn of_others(text: &str) -> Self {
        Self { text: text.into(), shape: None }
    }
}

impl Redactor {
    /// Makes a redactor for the keys of these blocks.
    pub fn new<'b>(blocks: impl IntoIterator<Item = &'b ApiKeyProfile>) -> Self {
        let mut leads = vec![Lead::of_ours(BOOTSTRAP_PREFIX)];
        for block in blocks {
            if let Some(lead) = block.lead() {
                let is_ours = block.environment().is_some();
                leads.push(if is_ours { Lead::of_ours(lead) } else { Lead::of_others(lead) });
            }
        }
        Self::of(leads)
    }

    fn of(leads: Vec<Lead>) -> Self {
        let mut initials = [false; 256];
        for first in leads.iter().filter_map(|lead| lead.text.first()).chain(b"e") {
            for byte in [first.to_ascii_lowercase(), first.to_ascii_uppercase()] {
                if let Some(initial) = initials.get_mut(usize::from(byte)) {
                    *initial = true;
                }
            }
        }
        Self { leads, initials }
    }

    /// Returns the first `most` bytes of a text, or one to three fewer, without credentials; `…`
    /// stands for the rest. Hides a credential that is cut off like a whole one, and one that ends
    /// with `…` already.
    #[must_use]
    pub fn hide(&self, text: &str, most: usize) -> String {
        self.hide_counting(text, most, &mut 0)
    }

    /// Returns the same on one line, with quotes and control characters escaped.
    #[must_use]
    pub fn excerpt(&self, text: &str, most: usize) -> String {
        excerpt(&self.hide(text, most), usize::MAX)
    }

    /// Does the same as [`hide`](Self::hide), and adds the number of inspected bytes to `steps`,
    /// for tests and fuzz targets that compare how it grows.
    #[must_use]
    pub fn hide_counting(&self, text: &str, most: usize, steps: &mut usize) -> String {
        let (kept, rest) = text.split_at(text.floor_char_boundary(most));
        let cut = !rest.is_empty();
        let mut shown = match self.hidden(kept, cut, steps) {
            Some(hidden) => without(kept, &hidden),
            None => kept.to_owned(),
        };
        if cut {
            shown.push('…');
        }
        shown
    }

    /// Returns for each byte the label that hides it, if it is hidden; `None` if no byte is, as in
    /// nearly every text.
    fn hidden(
        &self,
        text: &str,
        cut: bool,
        steps: &mut usize,
    ) -> Option<Vec<Option<&'static str>>> {
        let mut hidden = Vec::new();
        let mut hide = |range: Range<usize>, label| {
            hidden.resize(text.len(), None);
            for byte in hidden.get_mut(range).into_iter().flatten() {
                *byte = Some(label);
            }
        };
        for (range, label) in self.credentials(text.as_bytes(), |_| false, cut, steps) {
            hide(range, label);
        }
        let mut reading = Reading::decoded(text.as_bytes(), |at| at, steps);
        for _ in 0..LEVELS {
            let Some(read) = reading else { break };
            for (range, label) in
                self.credentials(&read.bytes, |at| read.is_escaped(at), cut, steps)
            {
                hide(read.at(range.start)..read.at(range.end), label);
            }
            reading = Reading::decoded(&read.bytes, |at| read.at(at), steps);
        }
        if reading.is_some() {
            hide(0..text.len(), TOO_DEEP);
        }
        (!hidden.is_empty()).then_some(hidden)
    }

    /// Returns the credentials in one reading of a text, in order. `escaped` says which of its
    /// bytes were escaped: in `%5` and `acme_live_`, the escape may have taken its digits from the
    /// beginning of a credential.
    fn credentials(
        &self,
        text: &[u8],
        escaped: impl Fn(usize) -> bool,
        cut: bool,
        steps: &mut usize,
    ) -> Vec<(Range<usize>, &'static str)> {
        let mut found = Vec::new();
        // A run with too few dots has no token, so the rest of it is not searched again.
        let (mut at, mut no_token_before) = (0, 0);
        while let Some(byte) = text.get(at) {
            *steps += 1;
            let beheaded = at.checked_sub(1).is_some_and(&escaped);
            if !beheaded && !self.initials.get(usize::from(*byte)).is_some_and(|initial| *initial) {
                at += 1;
                continue;
            }
            if let Some((lead, length)) = self.lead_at(text, at, beheaded, steps) {
                let end = run_end(text, at + length, lead.shape.is_none(), steps);
                let end =
                    if lead.shape.is_some() { shape::rest_end(text, end, cut, steps) } else { end };
                found.push((at..end, KEY));
                at = end;
                continue;
            }
            let shapes = self.leads.iter().filter_map(|lead| lead.shape.as_ref());
            if let Some(end) = shapes.filter_map(|shape| shape.end(text, at, cut, steps)).max() {
                found.push((at..end, KEY));
                at = end;
                continue;
            }
            if at >= no_token_before && begins_token(text, at, beheaded) {
                let end = run_end(text, at, false, steps);
                let run = text.get(at..end).unwrap_or_default();
                let parts = run.iter().filter(|byte| **byte == b'.').count() + 1;
                let was_cut = (cut && end == text.len()) || shape::holds_cut(run);
                if parts < 3 && !was_cut {
                    no_token_before = end;
                } else if beheaded || in_its_case(run) || run.len() >= LONG_TOKEN {
                    found.push((at..end, TOKEN));
                    at = end;
                    continue;
                }
            }
            at += 1;
        }
        found
    }

    /// Returns the lead that begins here, perhaps without its first one or two characters, and the
    /// length of what is there.
    fn lead_at(
        &self,
        text: &[u8],
        at: usize,
        beheaded: bool,
        steps: &mut usize,
    ) -> Option<(&Lead, usize)> {
        let rest = text.get(at..)?;
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let begins = beheaded || !before.is_some_and(u8::is_ascii_alphanumeric);
        for lead in self.leads.iter().filter(|lead| begins || lead.text.len() >= MIN_INNER_LEAD) {
            for lost in 0..=if beheaded { 2 } else { 0 } {
                let Some(left) = lead.text.get(lost..).filter(|left| !left.is_empty()) else {
                    continue;
                };
                *steps += left.len();
                if rest.get(..left.len()).is_some_and(|own| own.eq_ignore_ascii_case(left)) {
                    return Some((lead, left.len()));
                }
            }
        }
        None
    }
}

/// Returns the end of a run of characters that keys and compact tokens may have, escapes and
/// characters beyond ASCII included.
fn run_end(text: &[u8], from: usize, slashes: bool, steps: &mut usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let ends = |byte: &u8| {
        let goes_on = byte.is_ascii_alphanumeric() || b"-._~+=%".contains(byte) || !byte.is_ascii();
        !(goes_on || (slashes && *byte == b'/'))
    };
    let end = rest.iter().position(ends).unwrap_or(rest.len());
    *steps += end;
    from + end
}

/// Returns whether the base64url of a JSON object may begin here: of `{"`, or of `{` and white
/// space. Of a beheaded one the `e` is missing.
fn begins_token(text: &[u8], at: usize, beheaded: bool) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    match rest {
        [b'e' | b'E', b'y' | b'Y', b'j' | b'J', ..] => true,
        [b'e', second, third, ..] => is_object(*second, *third),
        [second, third, ..] => beheaded && is_object(*second, *third),
        _ => false,
    }
}

fn is_object(second: u8, third: u8) -> bool {
    match second {
        b'y' => matches!(third, b'A'..=b'D' | b'I'..=b'L'),
        b'w' => matches!(third, b'0'..=b'3' | b'k'..=b'r'),
        _ => false,
    }
}

/// Returns whether the first letters of a token are in their original case.
fn in_its_case(run: &[u8]) -> bool {
    !matches!(run, [b'E', ..] | [_, b'Y', ..] | [_, _, b'j', ..])
}

/// A text with one level of escapes resolved, and the origin of each of its bytes.
struct Reading {
    bytes: Vec<u8>,
    /// Where each byte begins in the original text, and the end of that text.
    origins: Vec<usize>,
}

impl Reading {
    /// Resolves one level of escapes; `None` if there are none.
    fn decoded(text: &[u8], origin: impl Fn(usize) -> usize, steps: &mut usize) -> Option<Self> {
        if !text.contains(&b'%') {
            return None;
        }
        let mut read = Self {
            bytes: Vec::with_capacity(text.len()),
            origins: Vec::with_capacity(text.len() + 1),
        };
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            *steps += 1;
            let (byte, length) = first_of(rest);
            read.bytes.push(byte);
            read.origins.push(origin(at));
            read.fold_overlong();
            at += length;
        }
        read.origins.push(origin(text.len()));
        (read.bytes.len() < text.len()).then_some(read)
    }

    /// Returns where a byte comes from; for the end, the end of the original text.
    fn at(&self, place: usize) -> usize {
        self.origins.get(place).or(self.origins.last()).copied().unwrap_or_default()
    }

    /// Returns whether a byte was written as an escape.
    fn is_escaped(&self, place: usize) -> bool {
        self.at(place + 1) > self.at(place) + 1
    }

    /// Replaces an ASCII character in overlong UTF-8 by the character itself, as lenient decoders
    /// do.
    fn fold_overlong(&mut self) {
        let (length, char) = match *self.bytes.as_slice() {
            [.., lead @ 0xC0..=0xC1, last @ 0x80..=0xBF] => (2, lead << 6 | last & 0x3F),
            [.., 0xE0, lead @ 0x80..=0x81, last @ 0x80..=0xBF] => (3, lead << 6 | last & 0x3F),
            [.., 0xF0, 0x80, lead @ 0x80..=0x81, last @ 0x80..=0xBF] => {
                (4, lead << 6 | last & 0x3F)
            }
            _ => return,
        };
        let start = self.bytes.len() - length;
        self.bytes.truncate(start);
        self.bytes.push(char);
        self.origins.truncate(start + 1);
    }
}

/// Returns the first byte, unescaped, and its length in the text.
fn first_of(text: &[u8]) -> (u8, usize) {
    let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let escaped = match *text {
        // `%u005F`, an ASCII character as IIS once wrote it.
        [b'%', b'u' | b'U', b'0', b'0', high, low, ..] => hex(high)
            .zip(hex(low))
            .filter(|(high, _)| *high < 8)
            .map(|(high, low)| (high << 4 | low, 6)),
        [b'%', high, low, ..] => hex(high).zip(hex(low)).map(|(high, low)| (high << 4 | low, 3)),
        _ => None,
    };
    escaped.unwrap_or((text.first().copied().unwrap_or_default(), 1))
}

/// Returns the text with a label in place of each hidden part.
fn without(text: &str, hidden: &[Option<&'static str>]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut was_hidden = false;
    for (at, char) in text.char_indices() {
        let label = hidden.get(at).copied().flatten();
        match label {
            None => shown.push(char),
            Some(label) if !was_hidden => shown.push_str(label),
            Some(_) => {}
        }
        was_hidden = label.is_some();
    }
    shown
}

#[cfg(test)]
mod tests;
