//! What a search comes to.

/// How sure it is that a block made the thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// A name fits, and nothing else is known.
    Weak,
    /// Several facts that do not depend on each other fit.
    Strong,
    /// It is written down which block made it.
    Exact,
}

impl Confidence {
    /// The word in the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Strong => "strong",
            Self::Exact => "exact",
        }
    }
}

/// What kind of thing speaks for a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A state file has the id.
    StateId,
    /// A plan has the id.
    PlanId,
    /// The tag of Yor is the block's own.
    Yor,
    /// An output of the state has the id, and the block is what it gives.
    Output,
    /// Tags name the file, and the name fits.
    GitFile,
    /// Tags name this repository, and the name fits.
    GitRepository,
    /// The tags of CloudFormation name the resource in the template.
    Stack,
    /// Kind, namespace and name of the object are the manifest's.
    Object,
    /// A state file has the name.
    StateName,
    /// The name is the block's.
    Name,
    /// The name begins as the block says, and ends as Terraform ends it.
    Prefix,
    /// Tags name the file, in which only this block makes such a thing.
    OnlyInFile,
}

impl Why {
    /// The word in the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StateId => "state_id",
            Self::PlanId => "plan_id",
            Self::Yor => "yor_trace",
            Self::Output => "output",
            Self::GitFile => "git_file",
            Self::GitRepository => "git_repository",
            Self::Stack => "stack",
            Self::Object => "object",
            Self::StateName => "state_name",
            Self::Name => "name",
            Self::Prefix => "name_prefix",
            Self::OnlyInFile => "only_in_file",
        }
    }

    /// How sure it makes.
    #[must_use]
    pub const fn confidence(self) -> Confidence {
        match self {
            Self::StateId | Self::PlanId | Self::Yor => Confidence::Exact,
            Self::Output | Self::GitFile | Self::GitRepository | Self::Stack | Self::Object => {
                Confidence::Strong
            }
            Self::StateName | Self::Name | Self::Prefix | Self::OnlyInFile => Confidence::Weak,
        }
    }
}

/// One thing that speaks for a block.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// What kind of thing.
    pub why: Why,
    /// Where it stands and what it says: a file and an address, a tag, a name. From outside.
    pub detail: String,
}

/// A block that may have made the thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Path below the repository.
    pub file: String,
    /// Its first line, from 1; 0 where that is not known.
    pub line: u32,
    /// Its address in the file.
    pub address: String,
    /// What it makes.
    pub kind: String,
    /// The whole addresses of what it made, with calls and indexes, as state files and plans have
    /// them.
    pub instances: Vec<String>,
    /// Where its module comes from, where the block itself is in another repository: the place
    /// is that of the call.
    pub module: Option<String>,
    /// How sure it is.
    pub confidence: Confidence,
    /// What speaks for it, the strongest first.
    pub reasons: Vec<Reason>,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// One block, the first candidate.
    Found(Confidence),
    /// So many for which equally much speaks, those first: a person must say which.
    Ambiguous(Confidence, usize),
    /// None.
    Nothing,
}

/// What was found, and what else is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// What was found.
    pub verdict: Verdict,
    /// All that may be it, the surest first.
    pub candidates: Vec<Candidate>,
    /// What speaks against it or could not be followed, as sentences with names from outside.
    pub notes: Vec<String>,
    /// Whether tags name a repository that is called otherwise than this one.
    pub elsewhere: bool,
}

impl Trace {
    /// The block, where one was found for which more than a name speaks.
    #[must_use]
    pub fn sure(&self) -> Option<&Candidate> {
        match self.verdict {
            Verdict::Found(Confidence::Exact | Confidence::Strong) => self.candidates.first(),
            Verdict::Found(Confidence::Weak) | Verdict::Ambiguous(_, _) | Verdict::Nothing => None,
        }
    }
}
