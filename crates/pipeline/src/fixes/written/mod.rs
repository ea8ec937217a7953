//! Fixes that a language model writes where no recipe makes one. What it wrote is a text like any
//! other: it is proved by the same checks as every fix and held against more, or it is withheld.

mod answer;
mod brief;
#[cfg(test)]
mod cases;
mod score;

pub use brief::{FixAdvice, FixFault, FixNeighbour, FixQuestion};
pub use score::score_fix;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use quell_analyst::Task;
use quell_correlate::Member;
use quell_model::{Answered, Fix, FixState, Issue, IssueKey};
use quell_remediate::{Place, Target, Workspace};

use super::Unfixed;
use super::impact::graded;
use super::propose::Workbench;
use quell_catalog::Control;

/// The task that is asked for.
pub const FIX_TASK: &str = "fix";
/// Most findings whose advice is told.
const MOST_ADVICE: usize = 3;
/// Most faults that a model is asked about in one run, unless the caller says otherwise.
pub const MOST_WRITTEN: usize = 20;

/// Who writes where no recipe does.
pub struct Writer<'a> {
    /// The task `fix`.
    pub task: &'a Task,
    /// Asks a model; where none answers, the rules do, and nothing is written.
    pub ask: &'a dyn Fn(&FixQuestion<'_>) -> Answered,
    /// Most faults that it is asked about.
    pub most: usize,
}

impl fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Writer({}, {} at most)", self.task.id, self.most)
    }
}

/// A fault that stands in the code and that no recipe closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    control: String,
    place: Place,
    issues: Vec<IssueKey>,
    advice: Vec<FixAdvice>,
    /// Why no recipe made a fix.
    said: String,
    /// The withheld fix that it would stand in for.
    instead_of: Option<String>,
}

impl Opening {
    /// The fault of an issue, where it stands in one block that could be changed.
    pub(super) fn find(
        bench: &Workbench<'_>,
        (issue, members): (&Issue, &[Member]),
        (control, target): (&Control, &Target),
        said: &str,
    ) -> Option<Self> {
        let place = bench.engine.fault(&bench.workspace, target, control)?;
        if !bench.engine.is_in_block(&bench.workspace, control, &place) || calls(&place) {
            return None;
        }
        let advice = members.iter().filter(|one| !one.finding.remediation.is_empty());
        let advice = advice.take(MOST_ADVICE).map(|Member { key, finding, .. }| FixAdvice {
            id: format!("finding:{key}"),
            tool: finding.tool.product.clone(),
            title: finding.title.raw().to_owned(),
            text: finding.remediation.raw().to_owned(),
        });
        Some(Self {
            control: control.id.clone(),
            place,
            issues: vec![issue.key],
            advice: advice.collect(),
            said: said.to_owned(),
            instead_of: None,
        })
    }

    pub(super) fn instead_of(self, fix: &Fix) -> Self {
        let instead_of = Some(fix.id.clone()).filter(|_| !fix.address.is_empty());
        Self { instead_of, ..self }
    }

    /// Whether it is about an issue.
    pub(super) fn closes(&self, is: impl Fn(&IssueKey) -> bool) -> bool {
        self.issues.iter().any(is)
    }
}

/// Blocks that take code or rights from elsewhere stay as people wrote them, and so does what is
/// Terraform in JSON.
fn calls(place: &Place) -> bool {
    let address = place.address.as_str();
    address.starts_with("module.")
        || address.starts_with("provider.")
        || place.file.ends_with(".tf.json")
}

/// Each fault once, with all issues that it is.
pub(super) fn joined(openings: Vec<Opening>) -> Vec<Opening> {
    let mut all: BTreeMap<(Place, String), Opening> = BTreeMap::new();
    for one in openings {
        match all.entry((one.place.clone(), one.control.clone())) {
            Entry::Occupied(mut known) => known.get_mut().issues.extend(one.issues),
            Entry::Vacant(new) => _ = new.insert(one),
        }
    }
    all.into_values().collect()
}

/// Has fixes written for the openings. What is proved stands with the fixes; for the rest, what
/// was said of it before stays, with why nothing came of it.
pub(crate) fn write_all(
    bench: &Workbench<'_>,
    openings: &[Opening],
    writer: &Writer<'_>,
    (fixes, unfixed): (&mut Vec<Fix>, &mut Vec<Unfixed>),
) {
    for (at, opening) in openings.iter().enumerate() {
        let result = match at < writer.most {
            true => write(bench, opening, writer),
            false => Err(format!("no model was asked: it is one of more than {}", writer.most)),
        };
        match result {
            Ok(fix) => {
                unfixed.retain(|one| !opening.issues.contains(&one.issue));
                fixes.retain(|known| Some(&known.id) != opening.instead_of.as_ref());
                fixes.push(fix);
            }
            Err(why) => {
                let own = unfixed.iter_mut().filter(|one| opening.issues.contains(&one.issue));
                own.for_each(|one| one.reason = format!("{}; {why}", one.reason));
                let own =
                    fixes.iter_mut().filter(|fix| Some(&fix.id) == opening.instead_of.as_ref());
                own.for_each(|fix| also(fix, &why));
            }
        }
    }
    fixes.sort_by(|a, b| (&a.file, &a.address, &a.id).cmp(&(&b.file, &b.address, &b.id)));
}

fn also(fix: &mut Fix, why: &str) {
    if let FixState::Withheld(reason) = &mut fix.state {
        *reason = format!("{reason}; {why}");
    }
}

/// Has one fix written: proved, or one sentence that says why there is none.
fn write(bench: &Workbench<'_>, opening: &Opening, writer: &Writer<'_>) -> Result<Fix, String> {
    let control = bench.catalog.control(&opening.control);
    let control = control.ok_or("its control is not in the catalogue")?;
    let seen = bench.engine.seen(&bench.workspace, control, &opening.place);
    let seen = seen.ok_or("its block is gone")?;
    if seen.code.len() > writer.task.most_field_bytes {
        return Err("no model was asked: the block is too long to be told whole".to_owned());
    }
    let fault = FixFault::new(seen, opening);
    let question = FixQuestion { fault, control, issues: &opening.issues };
    let written = answer::of((writer.ask)(&question), &opening.place)?;
    let at = (control, &opening.place);
    let fix = bench.engine.written(&bench.workspace, at, written, opening.issues.clone());
    let language = Workspace::language_of(&fix.file);
    let fix = super::policy::judged(graded(fix, language), &bench.policies);
    match &fix.state {
        FixState::Proved => Ok(fix),
        FixState::Withheld(why) => Err(format!("what a model wrote is withheld: {why}")),
    }
}
