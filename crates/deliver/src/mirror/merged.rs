//! What follows a merge: whether the fault is gone, and whether it stays so.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::meet::{Conflict, Stands};

/// A change of code that was merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = MergedChange)]
pub struct Merged {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The commit that brought it to the base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What Quell's own checks say of the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<Checked>,
    /// Since when no tool sees the fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub gone: Option<Timestamp>,
    /// What was last said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Word>,
}

/// What Quell's own checks said of code, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CheckedCode)]
pub struct Checked {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What they said.
    pub code: CodeNow,
}

/// How code stands by Quell's own checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CodeNow {
    /// The fix is there.
    Holds,
    /// It is not.
    Fails,
    /// The code cannot be read, or not judged.
    Unknown,
}

/// How it stands with a merged change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AfterMerge)]
pub enum Word {
    /// No tool has looked since.
    Waits,
    /// The checks fail on the merged code.
    Fails,
    /// A tool saw the fault after the merge.
    StillThere,
    /// No tool sees the fault any more.
    Gone,
    /// It was gone and is there again, though the code still has the fix.
    Drift,
    /// It was gone and is there again, since the code has not the fix any more.
    Undone,
    /// It was gone and is there again, and the code cannot be judged.
    Back,
}

impl Word {
    /// What is not in step.
    pub(super) const fn conflict(self) -> Option<Conflict> {
        match self {
            Self::Waits | Self::Gone => None,
            Self::Fails => Some(Conflict::MergedAndFails),
            Self::StillThere => Some(Conflict::MergedAndStillThere),
            Self::Drift => Some(Conflict::Drift),
            Self::Undone => Some(Conflict::Undone),
            Self::Back => Some(Conflict::Back),
        }
    }
}

impl Merged {
    /// Whether the code has to be looked at before it can be said how it stands.
    #[must_use]
    pub fn needs_check(&self, stands: Stands) -> bool {
        match (stands, self.told) {
            // It was gone, and is back: the code may be another by now.
            (Stands::Open(_), Some(Word::Gone)) => true,
            (Stands::Open(_) | Stands::Gone(_) | Stands::Accepted, _) => self.checked.is_none(),
        }
    }

    fn code(&self) -> CodeNow {
        self.checked.map_or(CodeNow::Unknown, |checked| checked.code)
    }

    /// The word for how it stands; none where an exception hides it.
    fn word(&self, stands: Stands) -> Option<Word> {
        Some(match stands {
            Stands::Accepted => return None,
            Stands::Gone(_) => Word::Gone,
            Stands::Open(_) if self.gone.is_some() => match self.code() {
                CodeNow::Holds => Word::Drift,
                CodeNow::Fails => Word::Undone,
                CodeNow::Unknown => Word::Back,
            },
            Stands::Open(seen) if seen.is_some_and(|seen| seen > self.at) => Word::StillThere,
            Stands::Open(_) if self.code() == CodeNow::Fails => Word::Fails,
            Stands::Open(_) => Word::Waits,
        })
    }

    /// Keeps how it stands now. Tells the word, and whether it has not been said yet.
    pub(super) fn moved(&mut self, stands: Stands) -> Option<(Word, bool)> {
        let word = self.word(stands)?;
        let is_new = self.told != Some(word);
        if let (Stands::Gone(since), true) = (stands, is_new) {
            self.gone = Some(since);
        }
        self.told = Some(word);
        Some((word, is_new))
    }
}
