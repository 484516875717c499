//! The outcome of a step.

/// Something that a step needs and this machine does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// The reason for which it is missing.
    pub(crate) why: String,
    /// The command that would install it.
    pub(crate) help: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Passed, with a detail that may be empty.
    Passed(String),
    /// Failed, with the reason.
    Failed(String),
    Skipped(Missing),
    /// Skipped for a reason outside the user's control, which `--require-all` accepts.
    Excused(Missing),
}

impl Outcome {
    /// Returns whether the run is good after this outcome.
    pub(crate) fn is_good(&self, require_all: bool) -> bool {
        match self {
            Outcome::Passed(_) | Outcome::Excused(_) => true,
            Outcome::Skipped(_) => !require_all,
            Outcome::Failed(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing() -> Missing {
        Missing { why: "no compass".into(), help: "buy compass".into() }
    }

    #[test]
    fn a_skip_fails_the_run_only_with_require_all() {
        assert!(Outcome::Skipped(missing()).is_good(false));
        assert!(!Outcome::Skipped(missing()).is_good(true));
    }

    #[test]
    fn an_excused_skip_never_fails_the_run() {
        assert!(Outcome::Excused(missing()).is_good(false));
        assert!(Outcome::Excused(missing()).is_good(true));
    }

    #[test]
    fn a_failure_always_fails_the_run_and_a_pass_never() {
        for require_all in [false, true] {
            assert!(!Outcome::Failed("1 failed".into()).is_good(require_all));
            assert!(Outcome::Passed(String::new()).is_good(require_all));
        }
    }
}
