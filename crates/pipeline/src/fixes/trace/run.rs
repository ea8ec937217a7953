//! One search, from what a person names to a report.

use std::path::PathBuf;

use quell_model::{Asset, AssetId, Clock, Hints, Provider, Untrusted};
use quell_remediate::{Place, Workspace};
use quell_report::{
    CandidateReport, ChangedReport, CodeOwnersReport, SCHEMA_VERSION, TagsReport, TraceReason,
    TraceReport, TraceSource,
};
use quell_store::Store;
use quell_trace::{Candidate, Tagged, Trace, Verdict, Wanted};

use super::{StateFile, Tracer};
use crate::assess::{Judgement, read_issue};
use crate::fixes::checkout::Checkout;
use crate::inspect::find_issue;
use crate::priority::Estate;
use crate::report::{open_issues, stored_issue};
use crate::{PipelineError, Setup, intel, owners};

/// What is asked of a search.
#[derive(Debug, Clone, Default)]
pub struct TraceRequest {
    /// An issue's id or its first characters, or an asset's id in the words of its cloud.
    pub name: String,
    /// The repository.
    pub repository: PathBuf,
    /// State files and plans, beside the state files that stand in the repository.
    pub states: Vec<StateFile>,
}

/// Finds the block that made the asset of an issue, or an asset that is named itself.
///
/// # Errors
/// When the name means nothing, a file cannot be read, or the store refuses.
pub fn trace_thing(
    store: &Store,
    setup: &Setup,
    request: &TraceRequest,
    clock: &dyn Clock,
) -> Result<TraceReport, PipelineError> {
    trace_asset(&asset_of(store, setup, &request.name, clock)?, request)
}

/// Finds the block that made an asset, whatever the request names.
///
/// # Errors
/// When a file cannot be read.
pub fn trace_asset(asset: &Asset, request: &TraceRequest) -> Result<TraceReport, PipelineError> {
    let is_code = |path: &str| Workspace::reads(path);
    let mut checkout = Checkout::read(&request.repository, &is_code)?;
    let tracer = Tracer::open(&mut checkout, &request.states)?;
    let files = checkout.files.iter().map(|(path, text)| (path.clone(), text.clone()));
    let workspace = Workspace::parse(files);
    let wanted = Wanted::new(asset);
    let trace = tracer.trace(&wanted, (&checkout, &workspace));
    let told = Told { tracer: &tracer, checkout: &checkout, workspace: &workspace };
    Ok(told.report(asset, (&wanted, trace)))
}

/// What the id of an asset alone says, in the words of its cloud.
///
/// # Errors
/// When it is the id of nothing that is known.
pub fn named_asset(name: &str) -> Result<Asset, PipelineError> {
    let id = AssetId::parse(name, &Hints::default());
    if id.provider == Provider::Other {
        return Err(PipelineError::Refused(format!(
            "`{name}` is no id of an issue and no asset that is known; name it as its cloud does \
             (an ARN, a resource id, a full resource name)"
        )));
    }
    Ok(Asset { id, native_id: name.to_owned(), ..Asset::default() })
}

/// The asset of an issue; else the stored one of that id; else what the id alone says.
fn asset_of(
    store: &Store,
    setup: &Setup,
    name: &str,
    clock: &dyn Clock,
) -> Result<Asset, PipelineError> {
    let name = name.trim();
    let is_issue = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric());
    if is_issue {
        let row = find_issue(store, name)?;
        let body = row.body.as_ref().map(read_issue).transpose()?;
        let missing = || PipelineError::NotFound { kind: "issue", id: name.to_owned() };
        return body.map(|issue| issue.asset).ok_or_else(missing);
    }
    let id = AssetId::parse(name, &Hints::default());
    let catalog = setup.catalog();
    let intel = intel::load(store, catalog.intel())?;
    let mut estate = Estate::new(store, Judgement { catalog, intel: &intel, now: clock.now() })?;
    let open = open_issues(store, &mut estate, None)?;
    let known = open
        .iter()
        .filter(|one| one.candidate.asset() == id.key() || one.candidate.asset() == name)
        .find_map(|one| stored_issue(store, one.row).transpose())
        .transpose()?;
    if let Some(issue) = known {
        return Ok(issue.asset);
    }
    named_asset(name)
}

struct Told<'t> {
    tracer: &'t Tracer,
    checkout: &'t Checkout,
    workspace: &'t Workspace,
}

impl Told<'_> {
    fn report(&self, asset: &Asset, (wanted, trace): (&Wanted, Trace)) -> TraceReport {
        let (verdict, confidence) = match trace.verdict {
            Verdict::Found(confidence) => ("found", Some(confidence.as_str())),
            Verdict::Ambiguous(confidence, _) => ("ambiguous", Some(confidence.as_str())),
            Verdict::Nothing => ("nothing", None),
        };
        let owned = owners::owned_files(&self.checkout.root);
        let candidates = trace.candidates.into_iter().map(|one| {
            let owners = owned.get(&one.file).map(|line| CodeOwnersReport {
                owners: Untrusted::from(line.owners.as_str()),
                line: line.line,
            });
            CandidateReport { owners, changed: self.changed(&one), ..candidate(one) }
        });
        let unread = self.checkout.unread.iter();
        let unread = unread.filter(|(path, _)| self.checkout.states.contains_key(*path));
        let unread = unread.map(|(path, reason)| format!("`{path}` was not read: {reason}"));
        TraceReport {
            schema_version: SCHEMA_VERSION,
            quell_version: env!("CARGO_PKG_VERSION"),
            repository: Untrusted::from(self.checkout.root.display().to_string()),
            asset: Untrusted::from(asset.id.key()),
            verdict,
            confidence,
            candidates: candidates.collect(),
            tags: tags(wanted.tagged()),
            sources: self.sources(),
            notes: trace.notes.into_iter().chain(unread).map(Untrusted::from).collect(),
        }
    }

    fn sources(&self) -> Vec<TraceSource> {
        let source = |read: &super::Read| TraceSource {
            file: Untrusted::from(read.name.as_str()),
            what: read.what,
            folder: read.folder.as_deref().map(Untrusted::from),
            things: read.things,
        };
        self.tracer.read.iter().map(source).collect()
    }

    /// Who changed a block last.
    fn changed(&self, one: &Candidate) -> Option<ChangedReport> {
        let here = self.tracer.here(self.checkout)?;
        let place = Place { file: one.file.clone(), address: one.address.clone() };
        let text = self.checkout.files.get(&one.file)?;
        let lines = self.workspace.span(&place).map_or((one.line, one.line), |span| {
            let line = |at: usize| {
                let above = text.as_bytes().get(..at).unwrap_or_default();
                let above = above.iter().filter(|byte| **byte == b'\n').count();
                u32::try_from(above).unwrap_or(u32::MAX).saturating_add(1)
            };
            (line(span.start), line(span.end.saturating_sub(1)))
        });
        let changed = here.changed(&one.file, lines)?;
        Some(ChangedReport {
            commit: Untrusted::from(changed.commit),
            author: Untrusted::from(changed.author),
            at: Untrusted::from(changed.at),
        })
    }
}

fn candidate(one: Candidate) -> CandidateReport {
    let reasons = one.reasons.into_iter().map(|reason| TraceReason {
        why: reason.why.as_str(),
        detail: Untrusted::from(reason.detail),
    });
    CandidateReport {
        file: Untrusted::from(one.file),
        line: one.line,
        address: Untrusted::from(one.address),
        kind: Untrusted::from(one.kind),
        module: one.module.map(Untrusted::from),
        instances: one.instances.into_iter().map(Untrusted::from).collect(),
        confidence: one.confidence.as_str(),
        reasons: reasons.collect(),
        owners: None,
        changed: None,
    }
}

fn tags(tagged: &Tagged) -> TagsReport {
    let text = |text: &Option<String>| text.as_deref().map(Untrusted::from);
    let repository = tagged.origin().map(|origin| Untrusted::from(origin.whole()));
    TagsReport {
        repository,
        file: text(&tagged.file),
        commit: text(&tagged.commit),
        author: text(&tagged.author),
        stack: text(&tagged.stack),
    }
}
