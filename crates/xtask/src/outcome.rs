//! What became of a step.

/// Something that a step needs and this machine has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Why it is not there.
    pub(crate) why: String,
    /// The command that would bring it.
    pub(crate) help: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With what is worth knowing, or nothing.
    Passed(String),
    /// With the reason.
    Failed(String),
    Skipped(Missing),
    /// Skipped for a reason that nobody who runs the tests can remove: `--require-all` lets it
    /// pass.
    Excused(Missing),
}

impl Outcome {
    /// Whether the run is good in spite of, or because of, this.
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
    fn a_skip_fails_the_run_only_where_all_is_required() {
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
