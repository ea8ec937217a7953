//! From an asset that a finding names by its cloud id to the block that made it.

mod here;
mod run;
mod states;

use std::sync::OnceLock;

use quell_model::{Asset, Provider};
use quell_remediate::{Calling, Giving, Making, Target, Workspace, template_resources};
use quell_trace::{
    Block, Call, Candidate, Code, Confidence, Ledger, Output, Trace, Verdict, Wanted, trace,
};

use super::checkout::Checkout;
use crate::PipelineError;
use here::Here;
pub use run::{TraceRequest, named_asset, trace_asset, trace_thing};
use states::Read;
pub use states::StateFile;

/// Most candidates that a reason names.
const MOST_NAMED: usize = 2;

/// A repository as the trace sees it. What is costly is read when it is first asked for.
#[derive(Debug)]
pub(crate) struct Tracer {
    ledger: Ledger,
    /// The files of the ledger.
    read: Vec<Read>,
    code: OnceLock<Code>,
    here: OnceLock<Option<Here>>,
}

/// What the trace says of an asset whose fix is looked for.
#[derive(Debug)]
pub(crate) enum Placed {
    /// The block.
    At(Box<Candidate>),
    /// It must not be looked for by its name alone: why.
    Refused(String),
    /// Nothing more than names.
    Unknown,
}

impl Tracer {
    /// Reads the state files of a repository, and those that were given.
    ///
    /// # Errors
    /// When one that was given cannot be read. Those of the repository are then not read.
    pub(crate) fn open(
        checkout: &mut Checkout,
        given: &[StateFile],
    ) -> Result<Self, PipelineError> {
        let (mut ledger, mut read) = (Ledger::default(), Vec::new());
        states::given(checkout, given, (&mut ledger, &mut read))?;
        states::own(checkout, (&mut ledger, &mut read));
        Ok(Self { ledger, read, code: OnceLock::new(), here: OnceLock::new() })
    }

    /// Where the fix of an asset belongs, whose place no scanner names.
    pub(crate) fn place(
        &self,
        asset: &Asset,
        target: &Target,
        (checkout, workspace): (&Checkout, &Workspace),
    ) -> Placed {
        if target.file.is_some() || target.address.is_some() {
            return Placed::Unknown;
        }
        let wanted = Wanted::new(asset);
        let worth = self.ledger.files() > 0 || wanted.says_more();
        if !wanted.is_made_by_code() || !worth || asset.id.provider == Provider::Other {
            return Placed::Unknown;
        }
        placed(&self.trace(&wanted, (checkout, workspace)))
    }

    /// All that may have made a thing.
    pub(crate) fn trace(
        &self,
        wanted: &Wanted,
        (checkout, workspace): (&Checkout, &Workspace),
    ) -> Trace {
        let code = self.code.get_or_init(|| code(checkout, workspace));
        let here = self.here(checkout);
        let here = here.map(|here| (here.origins.as_slice(), here.prefix.as_str()));
        trace(wanted, (code, &self.ledger), here)
    }

    /// The repository as git knows it.
    fn here(&self, checkout: &Checkout) -> Option<&Here> {
        self.here.get_or_init(|| Here::of(&checkout.root)).as_ref()
    }
}

/// What a fix needs to know of a trace.
fn placed(trace: &Trace) -> Placed {
    if let Some(found) = trace.sure() {
        if found.kind.contains("::") {
            let (file, address) = (&found.file, &found.address);
            return Placed::Refused(format!(
                "`{address}` of `{file}` makes it; fixes of CloudFormation files are not covered yet"
            ));
        }
        return Placed::At(Box::new(found.clone()));
    }
    match trace.verdict {
        Verdict::Ambiguous(Confidence::Exact | Confidence::Strong, count) => {
            let places: Vec<String> = trace
                .candidates
                .iter()
                .take(MOST_NAMED)
                .map(|one| format!("`{}` of `{}`", one.address, one.file))
                .collect();
            Placed::Refused(format!(
                "as much speaks for each of {count} blocks, among them {}: a person must say which",
                places.join(" and ")
            ))
        }
        _ if trace.elsewhere => {
            let note = trace.notes.iter().find(|note| note.starts_with("its tags name"));
            Placed::Refused(note.cloned().unwrap_or_default())
        }
        Verdict::Found(_) | Verdict::Ambiguous(_, _) | Verdict::Nothing => Placed::Unknown,
    }
}

/// What the files of a repository say they make.
fn code(checkout: &Checkout, workspace: &Workspace) -> Code {
    let all = workspace.inventory();
    let templates = checkout
        .files
        .iter()
        .filter(|(path, _)| is_template(path))
        .flat_map(|(path, text)| template_resources(path, text));
    let blocks = all.made.into_iter().chain(templates).map(block).collect();
    let calls = all.calls.into_iter().map(call).collect();
    Code::new(blocks, calls, all.given.into_iter().map(output).collect())
}

fn is_template(path: &str) -> bool {
    let ends = [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end));
    ends && !path.ends_with(".tf.json") && !path.ends_with(".tfvars.json")
}

fn block(one: Making) -> Block {
    let Making { place, line, kind, names, prefixes, tags, namespace } = one;
    Block { file: place.file, line, address: place.address, kind, names, prefixes, tags, namespace }
}

fn call(one: Calling) -> Call {
    let Calling { place, line, name, source, folder } = one;
    Call { file: place.file, line, name, source, folder }
}

fn output(one: Giving) -> Output {
    let Giving { folder, name, of_folder, of } = one;
    Output { folder, name, of_folder, of }
}
