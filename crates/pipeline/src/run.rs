//! One run, from paths to a report.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use quell_model::{
    Accounting, Clock, Fix, FixState, Funnel, IssueKey, Reject, Severity, Timestamp,
};
use quell_report::{AccountingReport, Changes, Report, SCHEMA_VERSION};
use quell_sources::intake::{self, Input, Unreadable};
use quell_store::{Store, Touched};

use crate::answer::{Answer, Question};
use crate::assess::Judgement;
use crate::exceptions::{Said, exceptions, hidden};
use crate::fixes::StateFile;
use crate::import::{ImportOptions, Imported, import_all};
use crate::owners::{OwnersAsked, take_owners};
use crate::priority::Estate;
use crate::report::{
    Described, Detail, InScope, Open, decision_counts, describe, fix_report, in_scope, incidents,
    shown_count,
};
use crate::{PipelineError, Setup, fixes, intel, owners, query, rekey};

/// What is asked of a run.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Files and folders; `-` is stdin. Empty: report on what is stored.
    pub paths: Vec<PathBuf>,
    /// Files that replace the bundled lists of exploited and likely exploited weaknesses.
    pub intel: Vec<PathBuf>,
    /// A Terraform repository to make fixes in.
    pub repository: Option<PathBuf>,
    /// State files and plans, beside the state files that stand in the repository.
    pub states: Vec<StateFile>,
    /// Inventories, and what counts of owners.
    pub owners: OwnersAsked,
    /// Most incidents in the report.
    pub limit: Option<usize>,
    /// Whether the report leaves out issues and assets: there may be many, and a format that
    /// shows incidents only has no use for them.
    pub only_incidents: bool,
    /// Whether the data is a labelled sample world.
    pub sample_data: bool,
    /// Whether every reject is kept, for a file of them.
    pub keep_rejects: bool,
    /// Only these issues and findings, where who asks does not see all.
    pub among: Option<Touched>,
}

/// How a run tells what it does, and is told to stop.
pub struct Progress<'a> {
    /// Set to stop after the present batch.
    pub cancelled: &'a AtomicBool,
    /// Hears bytes read, of how many.
    pub bytes: &'a (dyn Fn(u64, u64) + Sync),
    /// Hears what is being done.
    pub doing: &'a (dyn Fn(&str) + Sync),
}

impl std::fmt::Debug for Progress<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").finish_non_exhaustive()
    }
}

impl Progress<'_> {
    /// Fails when the user wants to stop.
    pub(crate) fn check(&self) -> Result<(), PipelineError> {
        if self.cancelled.load(Ordering::SeqCst) { Err(PipelineError::Interrupted) } else { Ok(()) }
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// The report.
    pub report: Report,
    /// Every reject, where they were asked for.
    pub rejects: Vec<Reject>,
    /// Whether every input was read to its proper end.
    pub complete: bool,
    /// The worst severity among the open issues.
    pub worst: Option<Severity>,
}

/// Runs the pipeline.
///
/// # Errors
/// When the store refuses or the user interrupts. Input that cannot be read is no error: the
/// report says so, file by file.
pub fn run(
    store: &mut Store,
    setup: &Setup,
    request: &Request,
    clock: &dyn Clock,
    progress: &Progress<'_>,
) -> Result<Outcome, PipelineError> {
    let now = clock.now();
    rekey::bring_up_to_date(store, setup, progress)?;
    intel::take_files(store, &request.intel, now)?;
    let repository = request.repository.as_deref();
    take_owners(store, setup, (&request.owners, repository), now)?;
    let inputs = intake::walk(&request.paths);
    let options = ImportOptions { keep_rejects: request.keep_rejects, ..ImportOptions::default() };
    let mut imported = import(store, setup, inputs, options, (now, progress))?;
    let known = intel::load(store, setup.catalog().intel())?;
    let by = Judgement { catalog: setup.catalog(), intel: &known, now };
    if let Some(repository) = setup.code(repository)
        && owners::find_blocks(store, setup, by, repository)?
    {
        owners::settle(store, setup, by, (&imported.touched.issues, None))?;
    }
    if request.owners.inventories.is_some() {
        imported.inventories = owners::counts(store, setup)?;
    }
    // It goes on while the report is made.
    let folding = (imported.folding.take(), store.fold_beside());
    // From here on, what is open stands in memory.
    store.release_memory()?;
    let scope = (!request.paths.is_empty()).then_some(&imported.touched);
    let told = tell(store, (setup, by), (request, scope), progress)?;
    if let Some(any) = told.keep.attacks {
        store.attacks_note(any)?;
    }
    if let Some(question) = told.keep.question {
        question.save(store, &told.answer)?;
    }
    if request.repository.is_some() {
        query::keep_fixes(store, &told.fixes)?;
    }
    let (rejects, complete) = (std::mem::take(&mut imported.rejects), imported.complete);
    let worst = told.answer.worst;
    let report = written(store, (request, by), imported, told)?;
    drop(folding);
    Ok(Outcome { report, rejects, complete, worst })
}

/// Reports on what is stored, and changes nothing. Paths and lists of the request are not looked
/// at.
///
/// # Errors
/// When the store refuses or the user interrupts.
pub fn report(
    store: &Store,
    setup: &Setup,
    request: &Request,
    (now, progress): (Timestamp, &Progress<'_>),
) -> Result<Report, PipelineError> {
    let known = intel::load(store, setup.catalog().intel())?;
    let by = Judgement { catalog: setup.catalog(), intel: &known, now };
    let told = tell(store, (setup, by), (request, None), progress)?;
    written(store, (request, by), Imported::nothing(), told)
}

/// The report of what was imported and what is told.
fn written(
    store: &Store,
    (request, by): (&Request, Judgement<'_>),
    imported: Imported,
    told: Told,
) -> Result<Report, PipelineError> {
    let Told { answer, described, fixes, said, keep: _ } = told;
    let scope = (!request.paths.is_empty()).then_some(&imported.touched);
    let only = scope.or(request.among.as_ref());
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let (open_findings, open_elsewhere) = match (scope, &request.among) {
        (None, Some(among)) => (store.finding_count_open(&among.findings)?, 0),
        (Some(touched), _) => (
            store.finding_count_open(&touched.findings)?,
            shown_count(store, by.now)?.saturating_sub(answer.issues),
        ),
        (None, None) => (store.finding_count_all_open()?, 0),
    };
    let funnel = Funnel {
        open_findings,
        issues: answer.issues,
        incidents: answer.incidents,
        fixes: count(fixes.iter().filter(|f| f.state == FixState::Proved).count()),
        ..imported.funnel
    };
    let mut total = Accounting::default();
    imported.files.iter().for_each(|file| total.add(&file.accounting));
    Ok(Report {
        schema_version: SCHEMA_VERSION.into(),
        generated_at: by.now,
        quell_version: env!("CARGO_PKG_VERSION").into(),
        sample_data: request.sample_data,
        changes: Changes { open_elsewhere, ..imported.changes },
        accounting: AccountingReport { total, files: imported.files },
        funnel,
        decisions: answer.decisions,
        incidents: answer.shown,
        issues: described.issues,
        assets: described.assets,
        fixes: fixes.iter().map(fix_report).collect(),
        exceptions: exceptions(store, &said, only.map(|only| &only.findings))?,
        hidden: hidden(store, only.map(|only| &only.issues), by.now)?,
        statements: said.counts(),
        intelligence: intel::listings(by.intel),
        sources: Vec::new(),
        inventories: imported.inventories,
    })
}

/// Takes files in and judges what they touched, without a report. [`crate::bring_up_to_date`] comes
/// before the first.
///
/// # Errors
/// When the store refuses or the user interrupts. Input that cannot be read is no error: what
/// comes back says so, file by file.
pub fn import(
    store: &mut Store,
    setup: &Setup,
    inputs: Vec<Result<Input, Unreadable>>,
    options: ImportOptions<'_>,
    (now, progress): (Timestamp, &Progress<'_>),
) -> Result<Imported, PipelineError> {
    let known = intel::load(store, setup.catalog().intel())?;
    let begun = store.page_version()?;
    let owners = setup.owners(store)?;
    owners::begin(store, &known)?;
    let knowledge = setup.knowledge(&known, &owners, now);
    let imported = import_all(store, (setup, knowledge), inputs, options, progress)?;
    (progress.doing)("judging");
    let known = intel::load(store, setup.catalog().intel())?;
    let by = Judgement { catalog: setup.catalog(), intel: &known, now };
    // What was taken in stays: who calls it off from here on has come too late.
    owners::settle(store, setup, by, (&imported.touched.issues, Some(begun)))?;
    Ok(imported)
}

/// What is open, told.
struct Told {
    answer: Answer,
    /// Issues and assets; the incidents stand in the answer.
    described: Described,
    fixes: Vec<Fix>,
    said: Said,
    keep: Keep,
}

/// What a run may keep of what it told.
#[derive(Default)]
struct Keep {
    /// Under what the answer is known.
    question: Option<Question>,
    /// Whether something was seen to happen in any open issue.
    attacks: Option<bool>,
}

fn tell(
    store: &Store,
    (setup, by): (&Setup, Judgement<'_>),
    (request, scope): (&Request, Option<&Touched>),
    progress: &Progress<'_>,
) -> Result<Told, PipelineError> {
    let question = match &request.among {
        Some(_) => None,
        None => Question::of(store, setup, request, by.now)?,
    };
    if let (Some(question), None) = (question, scope)
        && let Some(answer) = question.known(store)?
    {
        // An answer is kept only where no statement is known.
        let (described, said) = (Described::default(), Said::default());
        return Ok(Told { answer, described, fixes: Vec::new(), said, keep: Keep::default() });
    }
    let mut estate = Estate::new(store, by)?;
    let InScope { mut open, touched, attacks } = match &request.among {
        Some(among) => InScope::only(store, &mut estate, &among.issues)?,
        None => in_scope(store, &mut estate, scope.map(|touched| &touched.issues))?,
    };
    let is_touched = |o: &Open| touched.as_ref().is_none_or(|t| t.contains(&o.candidate.key));
    (progress.doing)("fixing");
    let fixes = match setup.code(request.repository.as_deref()) {
        Some(repository) => fixes::propose(
            store,
            setup.catalog(),
            open.iter().filter(|o| is_touched(o)),
            fixes::Code { states: &request.states, ..repository },
        )?,
        None => Vec::new(),
    };
    progress.check()?;
    (progress.doing)("explaining");
    let stories = incidents(store, &mut open, &fixes, touched.as_ref())?;
    let worst = open.iter().filter(|o| is_touched(o)).map(|o| o.candidate.severity).max();
    if touched.is_some() {
        let told: HashSet<IssueKey> =
            stories.iter().flat_map(|i| i.issues.iter().copied()).collect();
        open.retain(|o| told.contains(&o.candidate.key));
    }
    let shown =
        stories.get(..request.limit.unwrap_or(usize::MAX).min(stories.len())).unwrap_or_default();
    let said = Said::find(store, &open, estate.by.now)?;
    let detail = if request.only_incidents { Detail::Incidents } else { Detail::All };
    let mut described = describe(store, (&estate, &said), &open, (shown, &fixes), detail)?;
    let decisions = decision_counts(store, (&estate, &said), &open, &stories)?;
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let answer = Answer {
        issues: count(open.len()),
        incidents: count(stories.len()),
        decisions,
        worst,
        shown: std::mem::take(&mut described.incidents),
    };
    let whole = shown_count(store, estate.by.now)? == answer.issues;
    let question = question.filter(|_| said.counts().known == 0 && whole);
    Ok(Told { answer, described, fixes, said, keep: Keep { question, attacks } })
}
