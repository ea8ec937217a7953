//! `quell source tell`: a platform hears of one of its findings.

use clap::{Subcommand, ValueEnum};
use quell_client::ToldReport;
use quell_model::Timestamp;
use quell_server::{Tell, Why};

/// What a platform is told.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum What {
    /// Put a note beside it
    Comment {
        /// The note
        note: String,
    },
    /// Say that somebody works on it
    Begin {
        /// Why
        note: String,
    },
    /// Say that it is dealt with
    Close {
        /// Why
        note: String,
    },
    /// Say that it is no fault, or one that is accepted
    Dismiss {
        /// Which of them
        #[arg(long, value_name = "WHY")]
        why: Dismissed,
        /// Why
        note: String,
    },
    /// Leave it alone for a while
    Snooze {
        /// When it comes back, as in 2027-01-31T00:00:00Z
        #[arg(long, value_name = "TIME")]
        until: Timestamp,
        /// Why
        note: String,
    },
    /// Say that it counts again
    Reopen {
        /// Why
        note: String,
    },
    /// Name a ticket that is about it
    Link {
        /// What the ticket is called
        #[arg(long)]
        name: String,
        /// Where it is
        url: String,
    },
}

/// Why a finding is dismissed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Dismissed {
    /// It was never true
    FalsePositive,
    /// It is true, and somebody took the risk
    Accepted,
    /// It is true, and something else holds
    Mitigated,
}

impl What {
    /// As the API takes it.
    pub(super) fn tell(&self) -> Tell {
        match self.clone() {
            Self::Comment { note } => Tell::Comment { note },
            Self::Begin { note } => Tell::Begin { note },
            Self::Close { note } => Tell::Close { note },
            Self::Dismiss { why, note } => Tell::Dismiss {
                why: match why {
                    Dismissed::FalsePositive => Why::FalsePositive,
                    Dismissed::Accepted => Why::Accepted,
                    Dismissed::Mitigated => Why::Mitigated,
                },
                note,
            },
            Self::Snooze { until, note } => Tell::Snooze { until, note },
            Self::Reopen { note } => Tell::Reopen { note },
            Self::Link { name, url } => Tell::Link { name, url },
        }
    }
}

/// What became of it, in a sentence.
pub(super) fn said(report: &ToldReport) -> String {
    let id = quell_report::cell(&report.native_id, 40);
    match report.told.as_str() {
        "already" => format!("{id} was so already at {}", report.source),
        _ => format!("{} took it for {id}", report.source),
    }
}
