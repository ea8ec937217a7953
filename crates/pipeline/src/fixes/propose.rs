//! An answer for each open issue: a fix, or why there is none.

use std::collections::BTreeMap;
use std::path::Path;

use quell_catalog::{Catalog, Control};
use quell_correlate::Member;
use quell_model::{Fix, FixState, Issue, Location, Provider};
use quell_policy::Policies;
use quell_remediate::{Engine, Target, Workspace};
use quell_store::Store;
use rayon::prelude::*;

use super::checkout::Checkout;
use super::impact::graded;
use super::trace::{Placed, Tracer};
use super::written::{Opening, joined};
use super::{FixCase, FixConfig, FixMember, StateFile, Unfixed, look_up, policy};
use crate::PipelineError;
use crate::assess::members;
use crate::report::{Open, stored_issue};

/// Issues that are read before their fixes are made side by side.
const BATCH: usize = 2_048;

/// The repository as the engine sees it, and the engine.
#[derive(Debug)]
pub(crate) struct Workbench<'c> {
    pub(crate) checkout: Checkout,
    pub(crate) workspace: Workspace,
    pub(crate) engine: Engine<'c>,
    pub(super) policies: Policies,
    pub(super) catalog: &'c Catalog,
    /// Whether faults that no recipe closes are looked for in the code.
    pub(crate) is_open: bool,
    tracer: Tracer,
    /// Files that do not parse, with the reason.
    pub(crate) unparsed: Vec<(String, String)>,
}

/// What can be done about one issue.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A fix, proved or withheld, and the fault where nothing is proved.
    Fix(Box<Fix>, Option<Box<Opening>>),
    /// No recipe makes a change of code, and the fault where it stands in some.
    None(Box<Unfixed>, Option<Box<Opening>>),
}

impl Answer {
    /// A withheld fix, and the fault that it did not close.
    fn with(fix: Fix, opening: Option<Box<Opening>>) -> Self {
        let opening = opening.map(|one| Box::new(one.instead_of(&fix)));
        Self::Fix(Box::new(fix), opening)
    }
}

/// What is known of an issue while its fix is made.
pub(super) struct Case {
    issue: Issue,
    members: Vec<Member>,
}

impl Case {
    pub(super) fn of(case: FixCase) -> Self {
        let members = case.findings.into_iter().map(FixMember::member).collect();
        Self { issue: case.issue, members }
    }

    fn location(&self) -> Option<&Location> {
        self.members.iter().find_map(|m| m.finding.location.as_deref())
    }
}

impl<'c> Workbench<'c> {
    /// Reads a repository.
    pub(crate) fn open(
        folder: &Path,
        catalog: &'c Catalog,
        (config, states): (&FixConfig, &[StateFile]),
    ) -> Result<Self, PipelineError> {
        let policies = policy::load(&config.policies)?;
        let mut checkout = Checkout::read(folder, &Workspace::reads)?;
        let tracer = Tracer::open(&mut checkout, states)?;
        let files = checkout.files.iter().map(|(path, text)| (path.clone(), text.clone()));
        let workspace = Workspace::parse(files);
        let controls: Vec<&Control> = catalog.controls().collect();
        let engine = Engine::new(&controls).with_settings(config.settings.clone());
        let faults = workspace.unparsed().into_iter();
        let unparsed = faults.map(|(path, fault)| (path.to_owned(), fault.to_owned())).collect();
        let is_open = false;
        Ok(Self { checkout, workspace, engine, policies, catalog, is_open, tracer, unparsed })
    }

    /// The same of files that are in memory: paths with forward slashes, and texts.
    pub(crate) fn of_files(
        files: BTreeMap<String, String>,
        catalog: &'c Catalog,
    ) -> Result<Self, PipelineError> {
        let workspace = Workspace::parse(files.clone());
        let mut checkout = Checkout { files, ..Checkout::default() };
        let tracer = Tracer::open(&mut checkout, &[])?;
        let controls: Vec<&Control> = catalog.controls().collect();
        let (engine, policies) = (Engine::new(&controls), policy::load(&[])?);
        let (is_open, unparsed) = (false, Vec::new());
        Ok(Self { checkout, workspace, engine, policies, catalog, is_open, tracer, unparsed })
    }

    /// An answer for each issue, in their order.
    pub(crate) fn answers<'o>(
        &self,
        store: &Store,
        open: impl Iterator<Item = &'o Open>,
    ) -> Result<Vec<Answer>, PipelineError> {
        Ok(self.answers_kept(store, open, false)?.answers)
    }

    /// The same, with the cases that wait for what can be looked up, where they are to be kept.
    pub(super) fn answers_kept<'o>(
        &self,
        store: &Store,
        open: impl Iterator<Item = &'o Open>,
        keep: bool,
    ) -> Result<Answered, PipelineError> {
        let mut answered = Answered::default();
        let mut batch = Vec::new();
        for Open { row, .. } in open {
            let Some(issue) = stored_issue(store, *row)? else { continue };
            batch.push(Case { issue, members: members(store, *row)? });
            if batch.len() >= BATCH {
                answered.add(self, std::mem::take(&mut batch), keep);
            }
        }
        answered.add(self, batch, keep);
        Ok(answered)
    }

    /// An answer for each case, in their order.
    pub(crate) fn answers_for(&self, cases: Vec<FixCase>) -> Vec<Answer> {
        let mut answered = Answered::default();
        answered.add(self, cases.into_iter().map(Case::of).collect(), false);
        answered.answers
    }

    /// Answers for cases that had one, with what is known now.
    pub(super) fn answers_again(&self, cases: &[(usize, Case)]) -> Vec<Answer> {
        cases.par_iter().map(|(_, case)| self.answer(case)).collect()
    }

    fn answer(&self, case: &Case) -> Answer {
        let issue = &case.issue;
        let control = issue.control.as_deref().and_then(|id| self.catalog.control(id));
        let none = |reason, opening| {
            let about = (issue, case.members.as_slice());
            Answer::None(Box::new(Unfixed::new(about, (self.catalog, control), reason)), opening)
        };
        let Some(control) = control.filter(|control| self.is_open || !control.fixes.is_empty())
        else {
            return none(None, None);
        };
        let mut target = Target::new(&issue.asset, case.location());
        match self.tracer.place(&issue.asset, &target, (&self.checkout, &self.workspace)) {
            Placed::At(found) => {
                target.file = Some(found.file);
                target.address = Some(found.address);
            }
            // Who made a thing says nothing of a fault that no recipe mends anyway.
            Placed::Refused(_) if control.fixes.is_empty() => return none(None, None),
            Placed::Refused(reason) => return none(Some(reason), None),
            Placed::Unknown => {}
        }
        let opening = |said: &str| self.opening(case, (control, &target), said);
        if control.fixes.is_empty() {
            return none(None, opening(control.decide.as_deref().unwrap_or_default()));
        }
        let fix = self.engine.propose(&self.workspace, &target, control, vec![issue.key]);
        let language = Workspace::language_of(&fix.file);
        let fix = policy::judged(graded(fix, language), &self.policies);
        // An asset that no block here makes is no fix that somebody has to decide on.
        match &fix.state {
            FixState::Withheld(reason) if fix.address.is_empty() => {
                let opening = opening(reason);
                let reason = self.why_not_found(case).unwrap_or_else(|| reason.clone());
                if matches!(issue.asset.id.provider, Provider::Iac | Provider::Code) {
                    let state = FixState::Withheld(reason);
                    let fix = Fix { state, ..fix };
                    return Answer::with(fix, opening);
                }
                none(Some(reason), opening)
            }
            // What a recipe made and the proof refused is refused whoever makes it.
            FixState::Withheld(reason) if fix.diff.is_empty() => {
                let opening = opening(reason);
                Answer::with(fix, opening)
            }
            FixState::Withheld(_) | FixState::Proved => Answer::Fix(Box::new(fix), None),
        }
    }

    /// The fault of a case, where it stands in the code.
    fn opening(&self, case: &Case, at: (&Control, &Target), said: &str) -> Option<Box<Opening>> {
        let about = (&case.issue, case.members.as_slice());
        self.is_open.then(|| Opening::find(self, about, at, said).map(Box::new)).flatten()
    }

    /// Why the file that a scanner names was not looked into.
    fn why_not_found(&self, case: &Case) -> Option<String> {
        let file = case.location()?.file.as_str();
        let unread = self.checkout.why_unread(file);
        let unread = unread.map(|(path, reason)| (path, format!("was not read: {reason}")));
        let unparsed = || {
            let file = file.trim_start_matches("./").trim_start_matches('/');
            let mut faults = self.unparsed.iter();
            let found = faults.find(|(path, _)| path == file || file.ends_with(path.as_str()));
            found.map(|(path, fault)| (path.as_str(), format!("cannot be read: {fault}")))
        };
        let (path, reason) = unread.or_else(unparsed)?;
        Some(format!("`{path}` {reason}"))
    }
}

/// Answers, and the cases of those that wait for what can be looked up, by their place.
#[derive(Default)]
pub(super) struct Answered {
    pub(super) answers: Vec<Answer>,
    pub(super) waiting: Vec<(usize, Case)>,
}

impl Answered {
    /// Answers more cases.
    pub(super) fn add(&mut self, bench: &Workbench<'_>, cases: Vec<Case>, keep: bool) {
        let first = self.answers.len();
        self.answers.par_extend(cases.par_iter().map(|case| bench.answer(case)));
        if keep {
            let own = self.answers.get(first..).unwrap_or_default();
            let pairs = cases.into_iter().zip(own).enumerate();
            let waiting = pairs.filter(|(_, (_, answer))| look_up::waits(answer));
            self.waiting.extend(waiting.map(|(at, (case, _))| (first + at, case)));
        }
    }
}

/// What all answers come to.
#[derive(Debug, Default)]
pub(crate) struct Grouped {
    /// The fixes, each once with all that it closes, in the order of files.
    pub(crate) fixes: Vec<Fix>,
    /// The rest.
    pub(crate) unfixed: Vec<Unfixed>,
    /// The faults in the code that no recipe closes.
    pub(crate) openings: Vec<Opening>,
}

/// The answers, put together.
pub(crate) fn grouped(answers: Vec<Answer>) -> Grouped {
    let mut fixes: BTreeMap<String, Fix> = BTreeMap::new();
    let (mut unfixed, mut openings) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Answer::None(one, opening) => {
                unfixed.push(*one);
                openings.extend(opening.map(|one| *one));
            }
            Answer::Fix(fix, opening) => {
                openings.extend(opening.map(|one| *one));
                match fixes.get_mut(&fix.id) {
                    Some(known) => known.closes.extend(fix.closes),
                    None => {
                        fixes.insert(fix.id.clone(), *fix);
                    }
                }
            }
        }
    }
    let mut fixes: Vec<Fix> = fixes.into_values().collect();
    fixes.sort_by(|a, b| (&a.file, &a.address, &a.id).cmp(&(&b.file, &b.address, &b.id)));
    Grouped { fixes, unfixed, openings: joined(openings) }
}
