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
use super::{FixCase, FixConfig, FixMember, StateFile, Unfixed, policy};
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
    policies: Policies,
    catalog: &'c Catalog,
    tracer: Tracer,
    /// Files that do not parse, with the reason.
    pub(crate) unparsed: Vec<(String, String)>,
}

/// What can be done about one issue.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A fix, proved or withheld.
    Fix(Box<Fix>),
    /// No change of code is possible.
    None(Box<Unfixed>),
}

/// What is known of an issue while its fix is made.
struct Case {
    issue: Issue,
    members: Vec<Member>,
}

impl Case {
    fn of(case: FixCase) -> Self {
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
        Ok(Self { checkout, workspace, engine, policies, catalog, tracer, unparsed })
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
        let unparsed = Vec::new();
        Ok(Self { checkout, workspace, engine, policies, catalog, tracer, unparsed })
    }

    /// An answer for each issue, in their order.
    pub(crate) fn answers<'o>(
        &self,
        store: &Store,
        open: impl Iterator<Item = &'o Open>,
    ) -> Result<Vec<Answer>, PipelineError> {
        let mut answers = Vec::new();
        let mut batch = Vec::new();
        for Open { row, .. } in open {
            let Some(issue) = stored_issue(store, *row)? else { continue };
            batch.push(Case { issue, members: members(store, *row)? });
            if batch.len() >= BATCH {
                answers.par_extend(batch.par_drain(..).map(|case| self.answer(&case)));
            }
        }
        answers.par_extend(batch.par_iter().map(|case| self.answer(case)));
        Ok(answers)
    }

    /// An answer for each case, in their order.
    pub(crate) fn answers_for(&self, cases: Vec<FixCase>) -> Vec<Answer> {
        let cases: Vec<Case> = cases.into_iter().map(Case::of).collect();
        cases.par_iter().map(|case| self.answer(case)).collect()
    }

    fn answer(&self, case: &Case) -> Answer {
        let issue = &case.issue;
        let control = issue.control.as_deref().and_then(|id| self.catalog.control(id));
        let none = |reason| {
            Answer::None(Box::new(Unfixed::new(
                (issue, &case.members),
                (self.catalog, control),
                reason,
            )))
        };
        let Some(control) = control.filter(|control| !control.fixes.is_empty()) else {
            return none(None);
        };
        let mut target = Target::new(&issue.asset, case.location());
        match self.tracer.place(&issue.asset, &target, (&self.checkout, &self.workspace)) {
            Placed::At(found) => {
                target.file = Some(found.file);
                target.address = Some(found.address);
            }
            Placed::Refused(reason) => return none(Some(reason)),
            Placed::Unknown => {}
        }
        let fix = self.engine.propose(&self.workspace, &target, control, vec![issue.key]);
        let language = Workspace::language_of(&fix.file);
        let fix = policy::judged(graded(fix, language), &self.policies);
        // An asset that no block here makes is no fix that somebody has to decide on.
        match &fix.state {
            FixState::Withheld(reason) if fix.address.is_empty() => {
                let reason = self.why_not_found(case).unwrap_or_else(|| reason.clone());
                if matches!(issue.asset.id.provider, Provider::Iac | Provider::Code) {
                    let state = FixState::Withheld(reason);
                    return Answer::Fix(Box::new(Fix { state, ..fix }));
                }
                none(Some(reason))
            }
            FixState::Withheld(_) | FixState::Proved => Answer::Fix(Box::new(fix)),
        }
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

/// The fixes, each once with all that it closes, in the order of files; and the rest.
pub(crate) fn grouped(answers: Vec<Answer>) -> (Vec<Fix>, Vec<Unfixed>) {
    let mut fixes: BTreeMap<String, Fix> = BTreeMap::new();
    let mut rest = Vec::new();
    for answer in answers {
        match answer {
            Answer::None(unfixed) => rest.push(*unfixed),
            Answer::Fix(fix) => match fixes.get_mut(&fix.id) {
                Some(known) => known.closes.extend(fix.closes),
                None => {
                    fixes.insert(fix.id.clone(), *fix);
                }
            },
        }
    }
    let mut fixes: Vec<Fix> = fixes.into_values().collect();
    fixes.sort_by(|a, b| (&a.file, &a.address, &a.id).cmp(&(&b.file, &b.address, &b.id)));
    (fixes, rest)
}
