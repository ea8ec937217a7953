//! Many small inputs in one transaction: deliveries of webhooks, a finding or two each.
//!
//! A transaction writes whole pages of issues and findings anew, so one for each delivery would
//! write thousands of times what came. They are read and parsed on all cores, and written in the
//! order in which they came, each accounted for by itself.

use std::ops::ControlFlow;

use quell_model::{Accounting, Timestamp, Untrusted};
use quell_report::FileReport;
use quell_sources::intake::{self, BrokeOff, Detected, Detection, Input, Item, Limits};
use quell_store::{Block, BlockBuilder, FinishedInput, KEV, Store};
use rayon::prelude::*;

use crate::import::{Ended, ImportOptions, Imported, Parsed, Run, Tally, rows_of};
use crate::prepare::Knowledge;
use crate::run::Progress;
use crate::{PipelineError, Setup, assess, intel, owners};

/// Inputs that are read by one thread, whose findings are packed together.
const CHUNK: usize = 32;

/// An input that holds a part of something larger, and when it came.
#[derive(Debug)]
pub struct Part {
    /// What came.
    pub input: Input,
    /// When: the time of findings whose source names none.
    pub received: Timestamp,
}

/// An input that was read and parsed.
struct Ready {
    name: String,
    format: Option<String>,
    content: Content,
    /// The bodies of those before it that stand in no block yet, and its own.
    block: Option<Block>,
}

enum Content {
    /// It cannot be taken, and why.
    Nothing(BrokeOff),
    /// It holds no record.
    Empty,
    /// Its records, and why reading it broke off, where it did.
    Records(Vec<Parsed>, Option<BrokeOff>),
}

/// Starts the threads that parse, so that a machine that has no room for them says so at the start.
pub fn start_threads() {
    rayon::join(|| (), || ());
}

/// Takes inputs in that are parts of something larger, as [`crate::import`] takes files with
/// `partial`, but all in one transaction. None of them may be large. Each has one report of its
/// own, in their order.
///
/// # Errors
/// When the store refuses or the user interrupts; then nothing of any of them was taken.
pub fn import_together(
    store: &mut Store,
    setup: &Setup,
    parts: Vec<Part>,
    options: ImportOptions<'_>,
    (now, progress): (Timestamp, &Progress<'_>),
) -> Result<Imported, PipelineError> {
    let known = intel::load(store, setup.catalog().intel())?;
    let begun = store.page_version()?;
    let owners = setup.owners(store)?;
    owners::begin(store, &known)?;
    let knowledge = setup.knowledge(&known, &owners, now);
    let mut run = Run::new((setup, knowledge), options, progress);
    run.together(store, parts)?;
    let by = assess::Judgement { catalog: setup.catalog(), intel: &known, now };
    let mut imported = run.into_imported();
    owners::settle(store, setup, by, (&imported.touched.issues, Some(begun)))?;
    imported.keep_folding(store.fold_beside());
    Ok(imported)
}

impl Run<'_> {
    fn together(&mut self, store: &mut Store, parts: Vec<Part>) -> Result<(), PipelineError> {
        let Some(first) = parts.first().map(|part| part.input.name()) else { return Ok(()) };
        let reading =
            Reading { setup: self.setup, knowledge: self.knowledge, wanted: self.options.format };
        let mut parts = parts;
        let ready: Vec<Vec<Ready>> =
            parts.par_chunks_mut(CHUNK).map(|chunk| reading.chunk(chunk)).collect();
        self.progress.check()?;
        // Taken out while the import adds to it; an error ends the run.
        let mut touched = std::mem::take(&mut self.imported.touched);
        let mut import = store.import(&first, &mut touched)?;
        if self.options.replay {
            import.replay();
        }
        for Ready { name, format, content, block } in ready.into_iter().flatten() {
            match content {
                Content::Nothing(reason) => self.unread(&name, format.as_deref(), reason),
                Content::Empty => self.imported.files.push(FileReport {
                    path: Untrusted::from(name),
                    format,
                    accounting: Accounting::default(),
                    complete: true,
                    message: Some(Untrusted::from("it holds no record")),
                }),
                Content::Records(records, why) => {
                    import.next_file(&name)?;
                    let mut tally = Tally::default();
                    let take = |record| self.record(&name, record, &mut import, &mut tally);
                    records.iter().try_for_each(take)?;
                    self.imported.complete &= why.is_none();
                    let why = why.map(|why| self.blame(why));
                    let ended = Ended { why, known: false, remark: None };
                    self.note(name, format.as_deref().unwrap_or_default(), &tally, ended);
                }
            }
            block.iter().try_for_each(|block| import.block(block))?;
        }
        let finished = FinishedInput {
            hash: None,
            path: &first,
            plain_bytes: None,
            format: "",
            imported_at: self.now,
            complete: false,
            most_closed: None,
        };
        let seen = import.finish(&finished)?;
        self.count(&seen);
        self.imported.touched = touched;
        Ok(())
    }
}

/// What reading an input needs.
#[derive(Clone, Copy)]
struct Reading<'a> {
    setup: &'a Setup,
    knowledge: Knowledge<'a>,
    /// The format that they have to have.
    wanted: Option<&'a str>,
}

impl Reading<'_> {
    /// Reads some inputs, whose bodies are packed together.
    fn chunk(self, parts: &mut [Part]) -> Vec<Ready> {
        let mut builder = BlockBuilder::default();
        let mut ready: Vec<Ready> =
            parts.iter_mut().map(|part| self.one(part, &mut builder)).collect();
        if let Some(last) = ready.last_mut() {
            last.block = builder.pack();
        }
        ready
    }

    fn one(self, part: &mut Part, builder: &mut BlockBuilder) -> Ready {
        let (name, limits) = (part.input.name(), Limits::default());
        let ready = |format: Option<&str>, content| Ready {
            name: name.clone(),
            format: format.map(str::to_owned),
            content,
            block: None,
        };
        let fit = match intake::detect(&mut part.input, self.setup.formats(), &limits) {
            Ok(Detected::Fits(fit)) => fit,
            Ok(Detected::Empty) => return ready(None, Content::Empty),
            Ok(Detected::NoFit(reason)) => return ready(None, Content::Nothing(reason.into())),
            Err(error) => return ready(None, Content::Nothing(error.into())),
        };
        let found = fit.format.id().to_owned();
        if let Some(wanted) = self.wanted.filter(|wanted| *wanted != found) {
            let reason = format!("is `{found}`, and `{wanted}` was said to come from there");
            return ready(Some(&found), Content::Nothing(reason.into()));
        }
        if found == KEV {
            let reason = "a list of exploited weaknesses is imported as a file".to_owned();
            return ready(Some(&found), Content::Nothing(reason.into()));
        }
        let content = self.records(&mut part.input, &fit.at(part.received), builder);
        ready(Some(&found), content)
    }

    fn records(
        self,
        input: &mut Input,
        detected: &Detection,
        builder: &mut BlockBuilder,
    ) -> Content {
        let mut records = Vec::new();
        let summary = intake::read(input, detected, &Limits::default(), &mut |item| {
            match item {
                Item::Batch(batch) => {
                    records.extend(rows_of(&batch, detected, self.knowledge, builder));
                }
                Item::Reject { offset_bytes, reason } => {
                    records.push(Parsed { offset_bytes, rows: Err(reason), tellers: Vec::new() });
                }
            }
            ControlFlow::Continue(())
        });
        Content::Records(records, summary.broke_off)
    }
}
