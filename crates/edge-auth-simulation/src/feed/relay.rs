//! A relay: an isolate of the control Worker, which answers from its memory.

use crate::feed::Micros;

/// What a relay knows, and who waits for it.
#[derive(Debug, Default)]
pub(super) struct Relay {
    /// When the read began that its answers are from.
    read_at: Option<Micros>,
    /// When a read began that has not ended yet.
    reading_since: Option<Micros>,
    /// The instances that wait for it.
    waiting: Vec<usize>,
}

/// What a relay does with a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RelayAnswer {
    /// It answers now, from a read of this age.
    Now(Micros),
    /// It reads the store, and answers then.
    Reads,
    /// It answers when the read ends that is under way.
    Waits,
}

impl Relay {
    /// Makes a relay that read the store at this time.
    pub(super) fn reading_at(now: Micros) -> Self {
        Self { read_at: Some(now), ..Self::default() }
    }

    /// Takes the question of an instance. While one question reads the store, the others are answered
    /// from what is known, with its age.
    pub(super) fn ask(&mut self, instance: usize, now: Micros, keeps: Micros) -> RelayAnswer {
        match (self.read_at, self.reading_since) {
            (Some(read_at), _) if now - read_at < keeps => RelayAnswer::Now(now - read_at),
            (Some(read_at), Some(_)) => RelayAnswer::Now(now - read_at),
            (None, Some(_)) => {
                self.waiting.push(instance);
                RelayAnswer::Waits
            }
            (_, None) => {
                self.reading_since = Some(now);
                self.waiting.push(instance);
                RelayAnswer::Reads
            }
        }
    }

    /// Ends the read that is under way. Returns the instances that waited for it, and the age of its
    /// answer; `None` if it failed.
    pub(super) fn end(&mut self, now: Micros, is_good: bool) -> (Vec<usize>, Option<Micros>) {
        let began = self.reading_since.take();
        if is_good {
            self.read_at = self.read_at.max(began);
        }
        let age = began.filter(|_| is_good).map(|began| now - began);
        (std::mem::take(&mut self.waiting), age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_question_reads_the_store_for_all() {
        let mut relay = Relay::default();
        assert_eq!(relay.ask(1, 0, 1000), RelayAnswer::Reads);
        assert_eq!(relay.ask(2, 10, 1000), RelayAnswer::Waits);
        assert_eq!(relay.end(100, true), (vec![1, 2], Some(100)));
        assert_eq!(relay.ask(3, 999, 1000), RelayAnswer::Now(999));
        assert_eq!(relay.ask(4, 1000, 1000), RelayAnswer::Reads);
        assert_eq!(relay.ask(5, 1050, 1000), RelayAnswer::Now(1050));
        assert_eq!(relay.end(2000, false), (vec![4], None));
        assert_eq!(relay.ask(6, 2001, 1000), RelayAnswer::Reads);
    }
}
