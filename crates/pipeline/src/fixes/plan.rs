//! The plan of a run of `quell fix`: which fixes are made, upon each other, and what that changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use quell_model::{Clock, Fix, FixState, IssueKey, Safety, ToolVerdict};
use quell_remediate::{Applied, Splice, Step};
use quell_store::{IdSet, Store};

use super::ask::{Ask, asks};
use super::look_up::{LookUp, look_up};
use super::propose::{Answer, Answered, Case, Grouped, Workbench, grouped};
use super::select::{Chosen, Names};
use super::verify::verify;
use super::written::{Writer, write_all};
use super::{Commit, FileChange, FixCase, FixConfig, FixSaid, FixStory, StateFile, Tool, Unfixed};
use crate::assess::Judgement;
use crate::priority::Estate;
use crate::report::{incidents, open_issues};
use crate::{PipelineError, Progress, Setup, intel};

/// Rounds after which everything that is left is withheld.
const MOST_ROUNDS: usize = 4;

/// What is asked of a run.
#[derive(Debug, Clone, Default)]
pub struct FixRequest {
    /// Incidents, issues, fixes, controls or rules; empty means all.
    pub names: Vec<String>,
    /// The repository.
    pub repository: PathBuf,
    /// Whether fixes that need a person's approval are left out.
    pub only_safe: bool,
    /// The user's settings; where none are named, `quell.toml` of the repository.
    pub config: Option<PathBuf>,
    /// Folders of policies, beside those of the settings.
    pub policies: Vec<PathBuf>,
    /// What the environment says, over the settings of the file.
    pub said: FixSaid,
    /// Other tools to ask before and after.
    pub verify: Vec<Tool>,
    /// State files and plans, beside the state files that stand in the repository.
    pub states: Vec<StateFile>,
    /// Only issues of these rows, where who asks does not see all.
    pub among: Option<IdSet>,
}

/// Who is asked beside the code, where somebody is.
#[derive(Debug, Clone, Copy, Default)]
pub struct FixHelp<'a> {
    /// A model that writes where no recipe does.
    pub writer: Option<&'a Writer<'a>>,
    /// Who looks up what only a registry or a git host knows.
    pub look_up: Option<&'a LookUp<'a>>,
}

/// What becomes of a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It changes files.
    Made,
    /// Others of this run have made it already.
    Covered,
    /// It needs approval, and only safe ones were asked for.
    LeftOut,
    /// It is not offered; its state says why.
    Withheld,
}

/// A fix, and what becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The fix with its proof.
    pub fix: Fix,
    /// What becomes of it.
    pub taken: Taken,
}

/// What a run would change. Nothing is written yet.
#[derive(Debug, Clone, Default)]
pub struct FixPlan {
    /// The repository, without links.
    pub root: PathBuf,
    /// The files that were read, as text by path.
    pub read: BTreeMap<String, String>,
    /// Files that were not read, with the reason.
    pub unread: BTreeMap<String, String>,
    /// Files that do not parse, with the reason.
    pub unparsed: Vec<(String, String)>,
    /// The chosen fixes, in the order of files.
    pub offers: Vec<Offer>,
    /// The chosen issues that no change of code closes.
    pub unfixed: Vec<Unfixed>,
    /// The settings that withheld fixes ask for.
    pub asks: Vec<Ask>,
    /// Faults in the code that no recipe closes, and that a model could be asked about.
    pub open: usize,
    /// All files that change, in path order.
    pub files: Vec<FileChange>,
    /// What each fix changes, upon those before it.
    pub steps: Vec<Step>,
}

impl FixPlan {
    /// The fixes that change files.
    pub fn made(&self) -> impl Iterator<Item = &Fix> {
        self.offers.iter().filter(|o| o.taken == Taken::Made).map(|o| &o.fix)
    }

    /// The present text of the files that change.
    #[must_use]
    pub fn touched(&self) -> BTreeMap<String, String> {
        self.files.iter().map(|file| (file.path.clone(), file.before.clone())).collect()
    }

    /// A commit for each fix, with the words that a caller has for it.
    pub fn commits(&self, message: impl Fn(&Fix) -> String) -> Vec<Commit> {
        let made: BTreeMap<&str, &Fix> = self.made().map(|fix| (fix.id.as_str(), fix)).collect();
        let steps = self.steps.iter().filter_map(|Step { fix, parts }| {
            let fix = made.get(fix.as_str())?;
            Some(Commit { message: message(fix), parts: parts.clone() })
        });
        steps.collect()
    }
}

/// Proposes fixes for the open issues of a database, and makes the chosen ones upon each other.
///
/// # Errors
/// When a name means nothing, the repository cannot be read, or the store refuses.
pub fn plan_fixes(
    store: &Store,
    (setup, request): (&Setup, &FixRequest),
    help: FixHelp<'_>,
    clock: &dyn Clock,
    progress: &Progress<'_>,
) -> Result<FixPlan, PipelineError> {
    let catalog = setup.catalog();
    let intel = intel::load(store, catalog.intel())?;
    let mut estate = Estate::new(store, Judgement { catalog, intel: &intel, now: clock.now() })?;
    (progress.doing)("reading");
    let mut open = open_issues(store, &mut estate, request.among.as_ref())?;
    progress.check()?;
    let config = config(request, setup)?;
    let mut bench = Workbench::open(&request.repository, catalog, (&config, &request.states))?;
    bench.is_open = true;
    progress.check()?;
    (progress.doing)("proving");
    let answered = bench.answers_kept(store, open.iter(), help.look_up.is_some())?;
    progress.check()?;
    let grouped = grouped(completed(&mut bench, answered, help, progress)?);
    let stories = match request.names.is_empty() {
        true => Vec::new(),
        false => incidents(store, &mut open, &grouped.fixes, None)?,
    };
    let stories: Vec<FixStory> = stories.into_iter().map(FixStory::of).collect();
    chosen(&bench, grouped, (request, &stories, help.writer), progress)
}

/// All answers, those again that wait for what can be looked up.
fn completed(
    bench: &mut Workbench<'_>,
    Answered { mut answers, waiting }: Answered,
    help: FixHelp<'_>,
    progress: &Progress<'_>,
) -> Result<Vec<Answer>, PipelineError> {
    if let Some(known) = help.look_up.filter(|_| !waiting.is_empty()) {
        (progress.doing)("looking up");
        look_up(bench, waiting, known, &mut answers);
        progress.check()?;
    }
    Ok(answers)
}

/// The same for issues that come from elsewhere, some at a time; none are left when none come.
///
/// # Errors
/// When a name means nothing, the repository cannot be read, or the issues do not come.
pub fn plan_fixes_from<E: From<PipelineError>>(
    (setup, request): (&Setup, &FixRequest),
    (stories, help): (&[FixStory], FixHelp<'_>),
    mut next: impl FnMut() -> Result<Vec<FixCase>, E>,
    progress: &Progress<'_>,
) -> Result<FixPlan, E> {
    let (config, states) = (config(request, setup)?, &request.states);
    let mut bench = Workbench::open(&request.repository, setup.catalog(), (&config, states))?;
    bench.is_open = true;
    (progress.doing)("proving");
    let mut answered = Answered::default();
    loop {
        progress.check()?;
        let cases = next()?;
        if cases.is_empty() {
            break;
        }
        let cases = cases.into_iter().map(Case::of).collect();
        answered.add(&bench, cases, help.look_up.is_some());
    }
    let answers = completed(&mut bench, answered, help, progress)?;
    Ok(chosen(&bench, grouped(answers), (request, stories, help.writer), progress)?)
}

/// The user's settings.
fn config(request: &FixRequest, setup: &Setup) -> Result<FixConfig, PipelineError> {
    let named = request.config.as_deref();
    let config = FixConfig::load(&request.repository, named, setup.catalog())?;
    let mut config = config.over(&request.said, setup.catalog())?;
    config.policies.extend(request.policies.iter().cloned());
    Ok(config)
}

/// Makes those that are asked for.
fn chosen(
    bench: &Workbench<'_>,
    Grouped { fixes, unfixed, mut openings }: Grouped,
    (request, stories, writer): (&FixRequest, &[FixStory], Option<&Writer<'_>>),
    progress: &Progress<'_>,
) -> Result<FixPlan, PipelineError> {
    let catalog = bench.catalog;
    let names = Names { catalog, incidents: stories, fixes: &fixes, unfixed: &unfixed };
    let chosen = Chosen::find(&request.names, names)?;
    let mut fixes: Vec<Fix> = fixes.into_iter().filter(|fix| chosen.has_fix(fix)).collect();
    let mut unfixed: Vec<Unfixed> =
        unfixed.into_iter().filter(|one| chosen.has_unfixed(one)).collect();
    let asked: BTreeSet<IssueKey> = fixes
        .iter()
        .flat_map(|fix| &fix.closes)
        .chain(unfixed.iter().map(|left| &left.issue))
        .copied()
        .collect();
    openings.retain(|one| one.closes(|issue| asked.contains(issue)));
    let open = openings.len();
    if let Some(writer) = writer.filter(|_| open > 0) {
        (progress.doing)("asking a model");
        write_all(bench, &openings, writer, (&mut fixes, &mut unfixed));
        progress.check()?;
    }
    let plan = verified(bench, fixes, request, progress)?;
    let asks = asks(catalog, &plan.offers, &unfixed);
    Ok(FixPlan { unfixed, asks, open, ..plan })
}

/// Makes the fixes upon each other and asks other tools of the result. What one of them finds
/// something new in is taken out, and the rest is made and asked of again.
fn verified(
    bench: &Workbench<'_>,
    mut fixes: Vec<Fix>,
    request: &FixRequest,
    progress: &Progress<'_>,
) -> Result<FixPlan, PipelineError> {
    for round in 0..=MOST_ROUNDS {
        let mut plan = composed(bench, fixes, request.only_safe);
        if request.verify.is_empty() || plan.files.is_empty() {
            return Ok(plan);
        }
        progress.check()?;
        (progress.doing)("verifying");
        let said = verify(&request.verify, &plan.read, &plan.files)?;
        let steps: BTreeMap<&str, &[Splice]> =
            plan.steps.iter().map(|step| (step.fix.as_str(), step.parts.as_slice())).collect();
        for Offer { fix, .. } in plan.offers.iter_mut().filter(|o| o.taken == Taken::Made) {
            let own = steps.get(fix.id.as_str()).copied().unwrap_or_default();
            let files: BTreeSet<&str> = own.iter().map(|part| part.path.as_str()).collect();
            fix.impact.verified = said.iter().map(|said| said.of(&files)).collect();
        }
        if plan.made().all(|fix| refused_by(fix).is_none()) {
            return Ok(plan);
        }
        let late = (round + 1 >= MOST_ROUNDS)
            .then(|| "other tools keep finding something new with it and others".to_owned());
        fixes = plan.offers.into_iter().map(|offer| without(offer, late.as_ref())).collect();
    }
    Ok(composed(bench, fixes, request.only_safe))
}

/// What a tool finds new in a fix.
fn refused_by(fix: &Fix) -> Option<String> {
    let failed = fix.impact.verified.iter().find(|one| one.verdict == ToolVerdict::Failed)?;
    Some(format!("{} does not accept it: {}", failed.tool, failed.detail))
}

/// The fix, withheld where a tool refuses it, or where there was time enough for all.
fn without(Offer { mut fix, taken }: Offer, late: Option<&String>) -> Fix {
    let reason = refused_by(&fix).or_else(|| late.cloned());
    if let (Taken::Made, Some(reason)) = (taken, reason) {
        fix.state = FixState::Withheld(reason);
        fix.safety = fix.grade();
    }
    fix
}

/// Makes the fixes upon each other, in the order of files.
pub(crate) fn composed(bench: &Workbench<'_>, fixes: Vec<Fix>, only_safe: bool) -> FixPlan {
    let (taken, rest): (Vec<Fix>, Vec<Fix>) = fixes.into_iter().partition(|fix| {
        fix.state == FixState::Proved && (!only_safe || fix.safety == Safety::Safe)
    });
    let (taken, applied) = ordered(bench, taken);
    let skipped = applied.skipped.iter().map(|(id, why)| (id.as_str(), why.as_str())).collect();
    let covered = applied.covered.iter().map(String::as_str).collect();
    let mut offers: Vec<Offer> =
        taken.into_iter().map(|fix| settled(fix, (&skipped, &covered))).collect();
    offers.extend(rest.into_iter().map(|fix| {
        let taken = match fix.state {
            FixState::Proved => Taken::LeftOut,
            FixState::Withheld(_) => Taken::Withheld,
        };
        Offer { fix, taken }
    }));
    let checkout = &bench.checkout;
    let files = applied.files.into_iter().filter_map(|(path, after)| {
        let before = checkout.files.get(&path)?.clone();
        Some(FileChange { path, before, after })
    });
    FixPlan {
        root: checkout.root.clone(),
        files: files.collect(),
        offers,
        steps: applied.steps,
        read: checkout.files.clone(),
        unread: checkout.unread.clone(),
        unparsed: bench.unparsed.clone(),
        unfixed: Vec::new(),
        asks: Vec::new(),
        open: 0,
    }
}

/// The fixes in the order in which the most of them can be made. That is the order of files,
/// unless some cannot be made upon those before them: then these come first.
fn ordered(bench: &Workbench<'_>, taken: Vec<Fix>) -> (Vec<Fix>, Applied) {
    let applied = bench.engine.apply_all(&bench.workspace, &taken);
    if applied.skipped.is_empty() {
        return (taken, applied);
    }
    let skipped: BTreeSet<&str> = applied.skipped.iter().map(|(id, _)| id.as_str()).collect();
    let is_skipped = |fix: &Fix| skipped.contains(fix.id.as_str());
    let (mut first, rest): (Vec<Fix>, Vec<Fix>) = taken.iter().cloned().partition(is_skipped);
    first.extend(rest);
    let again = bench.engine.apply_all(&bench.workspace, &first);
    if again.skipped.len() < applied.skipped.len() { (first, again) } else { (taken, applied) }
}

/// What became of a fix when all were made upon each other.
fn settled(fix: Fix, (skipped, covered): (&BTreeMap<&str, &str>, &BTreeSet<&str>)) -> Offer {
    if let Some(reason) = skipped.get(fix.id.as_str()) {
        let reason = format!("together with the other fixes it cannot be proved: {reason}");
        let fix = Fix { state: FixState::Withheld(reason), safety: Safety::DisplayOnly, ..fix };
        return Offer { fix, taken: Taken::Withheld };
    }
    let covered = covered.contains(fix.id.as_str());
    Offer { fix, taken: if covered { Taken::Covered } else { Taken::Made } }
}
