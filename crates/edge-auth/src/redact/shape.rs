//! Keys that are recognised by their shape, whatever stands in place of what separates their parts:
//! `acme\_live\_…`, `acme=5Flive=5F…`, `acme&lowbar;live…`.

/// The most bytes that stand for one separator: `%E2%80%8B_`.
const SEPARATOR: usize = 10;
/// Letters and digits in a row that are part of a key: its id has 18, its secret more.
const PART: usize = 18;

/// The words of a lead, which separators stand between and after.
#[derive(Debug)]
pub(super) struct Shape(Vec<Vec<u8>>);

impl Shape {
    /// Of the keys with this lead.
    pub(super) fn of(lead: &str) -> Self {
        let words =
            lead.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        Self(words.map(|word| word.as_bytes().to_vec()).collect())
    }

    /// Where a key ends that begins here.
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

/// Where a key ends of which a part ends here: behind its secret, if that follows a separator.
pub(super) fn rest_end(text: &[u8], end: usize, cut: bool, steps: &mut usize) -> usize {
    after_separator(text, end, |at| part(text, at, cut, steps)).unwrap_or(end)
}

/// What is found behind one byte or more that stand for a separator. No separator has a slash in
/// it.
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

/// What stands for the rest of a text that was cut before, as [`excerpt`](crate::audit::excerpt)
/// does.
const REST: &[u8] = "…".as_bytes();

/// Whether a run holds what stands for the rest of a text.
pub(super) fn holds_cut(run: &[u8]) -> bool {
    run.windows(REST.len()).any(|bytes| bytes == REST)
}

/// The end of a part that begins here, or of what the cut left of it.
fn part(text: &[u8], at: usize, cut: bool, steps: &mut usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let long = rest.iter().take(PART).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    *steps += long;
    let after = rest.get(long..).unwrap_or_default();
    let was_cut = (cut && after.is_empty()) || after.starts_with(REST);
    let is_part = long == PART || (long > 0 && was_cut);
    let length = || rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    is_part.then(length).map(|length| {
        *steps += length;
        at + length
    })
}
