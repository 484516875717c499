//! Recognises keys by their shape, whatever separates their parts: `acme\_live\_…`,
//! `acme=5Flive=5F…`, `acme&lowbar;live…`.

/// The most bytes that stand for one separator: `%E2%80%8B_`.
const SEPARATOR: usize = 10;
/// Letters and digits in a row that are part of a key: its id has 18, its secret more.
const PART: usize = 18;

/// The words of a lead, with a separator after each.
#[derive(Debug)]
pub(super) struct Shape(Vec<Vec<u8>>);

impl Shape {
    /// Makes the shape of keys with this lead.
    pub(super) fn of(lead: &str) -> Self {
        let words =
            lead.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        Self(words.map(|word| word.as_bytes().to_vec()).collect())
    }

    /// Returns the end of a key that begins here, if one does.
    pub(super) fn end(
        &self,
        text: &[u8],
        at: usize,
        cut: bool,
        steps: &mut usize,
    ) -> Option<usize> {
        let (first, others) = self.0.split_first()?;
        *steps += 1;
        let mut end = begins(text, at, first).then_some(at + first.len())?;
        for word in others {
            *steps += SEPARATOR * word.len();
            end =
                after_separator(text, end, |at| begins(text, at, word).then_some(at + word.len()))?;
        }
        let end = after_separator(text, end, |at| part(text, at, cut, steps))?;
        Some(rest_end(text, end, cut, steps))
    }
}

/// Returns the end of a key whose earlier part ends here: behind its secret, if that follows a
/// separator.
pub(super) fn rest_end(text: &[u8], end: usize, cut: bool, steps: &mut usize) -> usize {
    after_separator(text, end, |at| part(text, at, cut, steps)).unwrap_or(end)
}

/// Returns what `found` finds behind a separator, which is one byte or more without a slash.
fn after_separator(
    text: &[u8],
    from: usize,
    mut found: impl FnMut(usize) -> Option<usize>,
) -> Option<usize> {
    let rest = text.get(from..)?.iter().take(SEPARATOR);
    let length = rest.take_while(|byte| **byte != b'/').count();
    (1..=length).find_map(|skipped| found(from + skipped))
}

fn begins(text: &[u8], at: usize, word: &[u8]) -> bool {
    text.get(at..at + word.len()).is_some_and(|own| own.eq_ignore_ascii_case(word))
}

/// The mark of a text that was cut, as [`excerpt`](crate::audit::excerpt) writes it.
const REST: &[u8] = "…".as_bytes();

/// Returns whether a run holds the mark of a cut.
pub(super) fn holds_cut(run: &[u8]) -> bool {
    run.windows(REST.len()).any(|bytes| bytes == REST)
}

/// Returns the end of a part that begins here, or of what a cut left of it.
fn part(text: &[u8], at: usize, cut: bool, steps: &mut usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let long = rest.iter().take(PART).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    *steps += long;
    let after = rest.get(long..).unwrap_or_default();
    let was_cut = (cut && after.is_empty()) || after.starts_with(REST);
    let is_part = long == PART || (long > 0 && was_cut);
    if !is_part {
        return None;
    }
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    *steps += length;
    Some(at + length)
}
