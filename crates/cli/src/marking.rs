//! What `quell issue mark` and `quell incident mark` have in common.

use clap::Args;
use quell_audit::Leaf;
use quell_client::MarkPlan;
use quell_model::{Date, MarkKind};
use quell_pipeline::Marking;

/// What is said.
#[derive(Debug, Args)]
pub(crate) struct MarkArguments {
    /// How: the tools are wrong, somebody answers for leaving it, or somebody works on it
    #[arg(long = "as", value_name = "MARK", value_parser = kind)]
    kind: MarkKind,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The last day on which it holds: 2027-01-31; without one until it is taken back
    #[arg(long, value_name = "DATE", value_parser = day)]
    until: Option<Date>,
}

fn kind(word: &str) -> Result<MarkKind, String> {
    let known = || MarkKind::ALL.map(MarkKind::as_str).join(", ");
    MarkKind::from_word(word).ok_or_else(|| format!("it is one of {}", known()))
}

fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "a day is written like 2027-01-31".to_owned())
}

impl MarkArguments {
    /// The same for the data directory.
    pub(crate) fn marking(&self) -> Marking {
        Marking { kind: self.kind, reason: self.reason.clone(), until: self.until }
    }

    /// The same for a server.
    pub(crate) fn plan(&self) -> MarkPlan {
        MarkPlan { kind: self.kind, reason: self.reason.clone(), until: self.until }
    }

    /// The same for the audit log.
    pub(crate) fn told(&self, leaf: Leaf) -> Leaf {
        let leaf = leaf.decision(self.kind.as_str()).rationale(&self.reason);
        match self.until {
            Some(day) => leaf.word("until", &day.to_string()),
            None => leaf,
        }
    }

    /// How it is marked, for a sentence.
    pub(crate) fn words(&self) -> String {
        words(self.kind, self.until)
    }
}

/// `false positive`, or `accepted until 2027-01-31`.
pub(crate) fn words(kind: MarkKind, until: Option<Date>) -> String {
    let until = until.map(|day| format!(" until {day}")).unwrap_or_default();
    format!("{}{until}", kind.as_str().replace('_', " "))
}
