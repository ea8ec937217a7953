//! Reading files into the store: one reader, several parsers, one writer, in order.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::ControlFlow;

use crossbeam_channel::{Receiver, Sender, bounded};
use quell_model::{Accounting, Funnel, Outcome, Reject, Teller, Timestamp, Untrusted};
use quell_report::{Changes, FileReport, InventoryReport};
use quell_sources::intake::{
    self, Batch, BrokeOff, Detected, Input, Item, Limits, Normalized, Unreadable,
};
use quell_store::{
    Block, BlockBuilder, FinishedInput, Folding, Held, IdSet, Import, KEV, MostClosed, Seen, Store,
    Touched,
};

use crate::contents::{self, Summary};
use crate::intel::{self, Taking};
use crate::prepare::{Knowledge, Row, add_rows};
use crate::run::Progress;
use crate::{PipelineError, Setup};

/// Reasons that are counted of one file: each may quote its own record.
const MOST_REASONS: usize = 1000;
/// Rejects named in the report of a run that does not ask for a file of them.
pub(crate) const MOST_REJECTS: usize = 1000;

/// How files are taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportOptions<'a> {
    /// Whether every reject is kept.
    pub keep_rejects: bool,
    /// How much a file may close by being silent; `None` for any number.
    pub most_closed: Option<MostClosed>,
    /// Whether the files are parts of something larger, so that what they are silent about says
    /// nothing: a webhook brings one finding, not all that there are.
    pub partial: bool,
    /// The format that files have to have; `None` for any.
    pub format: Option<&'a str>,
    /// Whether the files were read before, by a program that may have understood less.
    pub replay: bool,
}

/// What all files came to.
#[derive(Debug)]
pub struct Imported {
    /// Each file.
    pub files: Vec<FileReport>,
    /// Their records, by what became of them.
    pub funnel: Funnel,
    /// What they opened and closed.
    pub changes: Changes,
    /// Records that were not taken, as many as were asked for.
    pub rejects: Vec<Reject>,
    /// Whether every file was read to its proper end.
    pub complete: bool,
    /// What the system said where it would not let something be read: the same may be read whole
    /// another time.
    pub by_system: Option<String>,
    /// What they would have closed by being silent, where that is too much to believe.
    pub held: Option<Held>,
    /// The same of relations of assets.
    pub relations_held: Option<Held>,
    /// What the files touched.
    pub touched: Touched,
    /// What became of the rows of inventories that were given.
    pub inventories: Vec<InventoryReport>,
    /// The log of the last file, which is folded while the run goes on.
    pub(crate) folding: Option<Folding>,
}

impl Imported {
    /// The log of the last file, where it is being folded. Dropped, it waits for that.
    pub fn take_folding(&mut self) -> Option<Folding> {
        self.folding.take().filter(Folding::is_begun)
    }

    /// Keeps what was begun until the run is told, or another is begun.
    pub(crate) fn keep_folding(&mut self, folding: Folding) {
        if folding.is_begun() {
            self.folding = Some(folding);
        }
    }

    /// What comes of no file.
    pub(crate) fn nothing() -> Self {
        Self {
            files: Vec::new(),
            funnel: Funnel::default(),
            changes: Changes::default(),
            rejects: Vec::new(),
            complete: true,
            by_system: None,
            held: None,
            relations_held: None,
            touched: Touched::default(),
            inventories: Vec::new(),
            folding: None,
        }
    }
}

/// Imports every input.
pub(crate) fn import_all(
    store: &mut Store,
    (setup, knowledge): (&Setup, Knowledge<'_>),
    found: Vec<Result<Input, Unreadable>>,
    options: ImportOptions<'_>,
    progress: &Progress<'_>,
) -> Result<Imported, PipelineError> {
    let mut run = Run::new((setup, knowledge), options, progress);
    let mut total_bytes = 0;
    let mut inputs = Vec::new();
    for found in found {
        match found {
            Ok(input) => {
                total_bytes += input.size_bytes();
                inputs.push(input);
            }
            Err(unreadable) => run.unread(&unreadable.path.clone(), None, unreadable.into()),
        }
    }
    let mut done = 0;
    for mut input in inputs {
        progress.check()?;
        (progress.doing)(&input.name());
        run.file(store, &mut input)?;
        // The log of one file is folded while the next one is read.
        run.imported.keep_folding(store.fold_beside());
        done += input.size_bytes();
        (progress.bytes)(done, total_bytes);
    }
    Ok(run.imported)
}

pub(crate) struct Run<'a> {
    pub(crate) setup: &'a Setup,
    pub(crate) knowledge: Knowledge<'a>,
    pub(crate) progress: &'a Progress<'a>,
    pub(crate) options: ImportOptions<'a>,
    pub(crate) now: Timestamp,
    /// The list of exploited weaknesses that is being read, where the file is one.
    taking: Option<Taking>,
    /// Rows of findings seen in this run.
    seen: IdSet,
    pub(crate) imported: Imported,
}

/// One record's rows, or why there are none.
pub(crate) struct Parsed {
    pub(crate) offset_bytes: u64,
    pub(crate) rows: Result<Vec<Row>, String>,
    /// What it tells all of.
    pub(crate) tellers: Vec<Teller>,
}

/// A batch on its way to the writer.
struct ParsedBatch {
    records: Vec<Parsed>,
    /// The bodies behind the last full block.
    block: Option<Block>,
}

/// How batches come to the writer and go back.
struct Ways<'w> {
    parsed: &'w Receiver<(u64, ParsedBatch)>,
    /// One for each batch that was begun, taken when it is written.
    ended: &'w Receiver<()>,
    spent: Sender<ParsedBatch>,
}

/// What one file came to, while it is read.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) accounting: Accounting,
    pub(crate) funnel: Funnel,
    pub(crate) reasons: BTreeMap<String, u64>,
    /// Rows of its findings.
    pub(crate) findings: IdSet,
    /// Rows of its relations.
    pub(crate) relations: IdSet,
    /// Whether a file before it in this run held one of its findings.
    pub(crate) shares: bool,
}

/// A file that is to be read.
struct NewFile {
    name: String,
    /// The hash of its bytes; none where it is found while they are read.
    hash: Option<[u8; 32]>,
    /// The file once more, to be hashed.
    twin: Option<Input>,
    /// A hash of what reads it.
    reader: Option<[u8; 32]>,
    /// When its content was imported before, where it was.
    known: Option<Timestamp>,
}

/// How reading a file ended.
pub(crate) struct Ended {
    /// Why it broke off, where it did.
    pub(crate) why: Option<String>,
    /// Whether its content had been imported before.
    pub(crate) known: bool,
    /// What the format has to say of the whole file.
    pub(crate) remark: Option<String>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        (setup, knowledge): (&'a Setup, Knowledge<'a>),
        options: ImportOptions<'a>,
        progress: &'a Progress<'a>,
    ) -> Self {
        Self {
            setup,
            knowledge,
            progress,
            options,
            now: knowledge.now,
            taking: None,
            seen: IdSet::default(),
            imported: Imported::nothing(),
        }
    }

    pub(crate) fn into_imported(self) -> Imported {
        self.imported
    }
}

impl Run<'_> {
    /// Notes an input of which nothing could be taken: one record, rejected.
    pub(crate) fn unread(&mut self, path: &str, format: Option<&str>, reason: BrokeOff) {
        let reason = self.blame(reason);
        let mut accounting = Accounting::default();
        accounting.count(Outcome::Rejected);
        self.imported.complete = false;
        self.imported.funnel.records += 1;
        self.imported.funnel.rejected += 1;
        self.reject(path, 0, reason.clone());
        self.imported.files.push(FileReport {
            path: Untrusted::from(path),
            format: format.map(str::to_owned),
            accounting,
            complete: false,
            message: Some(Untrusted::from(reason)),
        });
    }

    /// Why reading broke off. Where that says nothing of what was read, it is kept.
    pub(crate) fn blame(&mut self, BrokeOff { why, by_system }: BrokeOff) -> String {
        if by_system {
            self.imported.by_system.get_or_insert_with(|| why.clone());
        }
        why
    }

    fn reject(&mut self, path: &str, offset_bytes: u64, reason: String) {
        if self.options.keep_rejects || self.imported.rejects.len() < MOST_REJECTS {
            self.imported.rejects.push(Reject { path: path.to_owned(), offset_bytes, reason });
        }
    }

    fn file(&mut self, store: &mut Store, input: &mut Input) -> Result<(), PipelineError> {
        let name = input.name();
        let detected = match intake::detect(input, self.setup.formats(), &Limits::default()) {
            Ok(Detected::Fits(detected)) => detected,
            Ok(Detected::Empty) => {
                self.imported.files.push(FileReport {
                    path: Untrusted::from(name),
                    format: None,
                    accounting: Accounting::default(),
                    complete: true,
                    message: Some(Untrusted::from("it holds no record")),
                });
                return Ok(());
            }
            Ok(Detected::NoFit(reason)) => {
                self.unread(&name, None, reason.into());
                return Ok(());
            }
            Err(error) => {
                self.unread(&name, None, error.into());
                return Ok(());
            }
        };
        let found = detected.format.id();
        if let Some(wanted) = self.options.format.filter(|wanted| *wanted != found) {
            let reason = format!("is `{found}`, and `{wanted}` was said to come from there");
            self.unread(&name, Some(found), reason.into());
            return Ok(());
        }
        let reader = self.setup.reader(&name);
        let twin = input.plain_twin();
        let plain_bytes = twin.as_ref().map(Input::size_bytes);
        // A file of a size that no known file has is new, and hashed while it is read.
        let may_be_known = match plain_bytes {
            Some(bytes) => store.may_know_size(bytes)?,
            None => true,
        };
        let hash = match may_be_known.then(|| input.content_hash(&Limits::default())).transpose() {
            Ok(hash) => hash,
            Err(error) => {
                self.unread(&name, Some(detected.format.id()), error.into());
                return Ok(());
            }
        };
        if let (Some(hash), Some(reader)) = (&hash, &reader)
            && let Some((summary, known)) = contents::known(store, (hash, reader), &self.seen)?
        {
            (self.progress.doing)(&format!("{name} is known"));
            store.touch(&known.findings, &mut self.imported.touched)?;
            self.imported.touched.relations.add_all(&known.relations);
            self.seen.add_all(&known.findings);
            self.tell_again(name, detected.format.id(), summary);
            return Ok(());
        }
        let known = match &hash {
            Some(hash) => store.first_imported(hash, self.now)?,
            None => None,
        };
        let detected = detected.at(known.unwrap_or(self.now));
        self.taking = Taking::begin(store, &detected)?;
        // Taken out while the import adds to it; an error ends the run.
        let mut touched = std::mem::take(&mut self.imported.touched);
        let mut import = store.import(&name, &mut touched)?;
        if self.options.replay {
            import.replay();
        }
        let file = NewFile { name, twin: twin.filter(|_| hash.is_none()), hash, reader, known };
        self.new_file(file, (input, plain_bytes), &detected, import)?;
        self.imported.touched = touched;
        Ok(())
    }

    /// Imports a file that is to be read.
    fn new_file(
        &mut self,
        mut file: NewFile,
        (input, plain_bytes): (&mut Input, Option<u64>),
        detected: &intake::Detection,
        mut import: Import<'_>,
    ) -> Result<(), PipelineError> {
        let rejects_before = self.imported.rejects.len();
        let imported_at = file.known.unwrap_or(self.now);
        let mut tally = Tally::default();
        let (twin, limits) = (file.twin.take(), Limits::default());
        let (mut end, hash) = std::thread::scope(|threads| {
            let hash = |mut twin: Input| {
                let hash = move || twin.content_hash(&limits);
                std::thread::Builder::new().spawn_scoped(threads, hash)
            };
            let hashing = twin.map(hash).transpose().map_err(PipelineError::Threads)?;
            let end = self.pump(input, detected, &mut import, &mut tally)?;
            Ok::<_, PipelineError>((end, hashing.and_then(|hashing| hashing.join().ok())))
        })?;
        if let Some(hash) = hash {
            match hash {
                Ok(hash) => file.hash = Some(hash),
                Err(error) => end = end.or_else(|| Some(error.into())),
            }
        }
        let end = end.map(|end| self.blame(end));
        for scope in detected.coverage() {
            import.cover(&scope, imported_at);
        }
        let finished = FinishedInput {
            hash: file.hash.as_ref(),
            path: &file.name,
            plain_bytes,
            format: detected.format.id(),
            imported_at,
            complete: end.is_none() && !self.options.partial,
            most_closed: self.options.most_closed,
        };
        if let Some(taking) = self.taking.take()
            && let Some(row) = taking.finish(&file.name, end.is_none())?
        {
            import.intelligence(KEV, &row, self.now)?;
        }
        let remark = intel::note(detected, tally.accounting.records);
        if let (Some(reader), Some(hash), None) = (&file.reader, &file.hash, &end) {
            let rejects = self.imported.rejects.get(rejects_before..).unwrap_or_default();
            let content = contents::content(finished.format, &tally, rejects, remark.as_ref())?;
            content.iter().try_for_each(|content| import.content((hash, reader), content))?;
        }
        let seen = import.finish(&finished)?;
        self.count(&seen);
        self.imported.complete &= end.is_none();
        let ended = Ended { why: end, known: file.known.is_some(), remark };
        self.note(file.name, detected.format.id(), &tally, ended);
        Ok(())
    }

    /// Adds what a file did to what was known.
    pub(crate) fn count(&mut self, seen: &Seen) {
        let imported = &mut self.imported;
        imported.changes.closed += seen.closed;
        imported.changes.reopened += seen.reopened;
        imported.changes.relations_ended += seen.relations_ended;
        for (all, held) in
            [(&mut imported.held, seen.held), (&mut imported.relations_held, seen.relations_held)]
        {
            let Some(held) = held else { continue };
            let all = all.get_or_insert(Held { closes: 0, open: 0 });
            all.closes += held.closes;
            all.open += held.open;
        }
    }

    /// Notes a file that was read before as reading it again would.
    fn tell_again(&mut self, name: String, format: &str, summary: Summary) {
        let tally = Tally {
            accounting: summary.accounting(),
            funnel: summary.funnel,
            reasons: summary.reasons,
            ..Tally::default()
        };
        for Reject { path, offset_bytes, reason } in summary.rejects {
            self.reject(&path, offset_bytes, reason);
        }
        self.note(name, format, &tally, Ended { why: None, known: true, remark: summary.remark });
    }

    pub(crate) fn note(&mut self, name: String, format: &str, tally: &Tally, end: Ended) {
        let complete = end.why.is_none();
        let sums = tally.accounting;
        let message = end.why.or_else(|| match tally.reasons.iter().max_by_key(|(_, n)| **n) {
            Some((reason, count)) => Some(format!("{count} rejected: {reason}")),
            None if end.known && sums.unchanged == sums.records => {
                Some("imported before; it changes nothing".to_owned())
            }
            None => None,
        });
        let message = match (end.remark, message) {
            (Some(remark), Some(message)) => Some(format!("{message}; {remark}")),
            (remark, message) => remark.or(message),
        };
        add_funnel(&mut self.imported.funnel, &tally.funnel);
        self.imported.files.push(FileReport {
            path: Untrusted::from(name),
            format: Some(format.to_owned()),
            accounting: sums,
            complete,
            message: message.map(Untrusted::from),
        });
    }

    /// Reads, parses and writes one input. Says why it broke off, where it did.
    fn pump(
        &mut self,
        input: &mut Input,
        detected: &intake::Detection,
        import: &mut Import<'_>,
        tally: &mut Tally,
    ) -> Result<Option<BrokeOff>, PipelineError> {
        let parsers = std::thread::available_parallelism().map_or(2, NonZero::get).clamp(1, 8);
        let knowledge = self.knowledge;
        let progress = self.progress;
        let name = input.name();
        std::thread::scope(|threads| {
            let (to_parsers, batches) = bounded::<(u64, Item)>(parsers * 2);
            // One that is parsed slowly holds up those behind it, which wait in memory.
            let (begun, ended) = bounded::<()>(parsers * 4);
            let (to_writer, parsed) = bounded::<(u64, ParsedBatch)>(parsers * 2);
            // What is written goes back: freeing it takes time that the writer has not.
            let (written, spent) = bounded::<ParsedBatch>(parsers);
            let to_parsers = (to_parsers, begun);
            let new = std::thread::Builder::new;
            let reader = move || read(input, detected, &to_parsers, progress);
            let reader = new().spawn_scoped(threads, reader).map_err(PipelineError::Threads)?;
            for _ in 0..parsers {
                let (batches, spent) = (batches.clone(), spent.clone());
                let to_writer = to_writer.clone();
                let parser = move || parse((&batches, &spent), &to_writer, detected, knowledge);
                new().spawn_scoped(threads, parser).map_err(PipelineError::Threads)?;
            }
            drop((batches, spent, to_writer));
            let ways = Ways { parsed: &parsed, ended: &ended, spent: written };
            let written = self.write(&name, &ways, import, tally);
            drop(ways);
            drop(ended);
            // The reader stops by itself once nobody listens.
            drop(parsed);
            let end = reader.join().unwrap_or_else(|_| Some("the reader failed".to_owned().into()));
            written?;
            progress.check()?;
            Ok(end)
        })
    }

    /// Writes parsed batches in the order they were read.
    fn write(
        &mut self,
        name: &str,
        ways: &Ways<'_>,
        import: &mut Import<'_>,
        tally: &mut Tally,
    ) -> Result<(), PipelineError> {
        let mut waiting: BTreeMap<u64, ParsedBatch> = BTreeMap::new();
        let mut next = 0;
        for (number, batch) in ways.parsed {
            waiting.insert(number, batch);
            while let Some(batch) = waiting.remove(&next) {
                next += 1;
                self.batch(name, &batch, import, tally)?;
                // Where nobody takes it, it is freed here.
                drop(ways.spent.try_send(batch));
                let begun = ways.ended.try_recv();
                debug_assert!(begun.is_ok(), "what ends was begun");
            }
            self.progress.check()?;
        }
        Ok(())
    }

    fn batch(
        &mut self,
        name: &str,
        batch: &ParsedBatch,
        import: &mut Import<'_>,
        tally: &mut Tally,
    ) -> Result<(), PipelineError> {
        for record in &batch.records {
            self.record(name, record, import, tally)?;
            record.tellers.iter().for_each(|teller| import.tell(*teller));
        }
        Ok(batch.block.iter().try_for_each(|block| import.block(block))?)
    }

    pub(crate) fn record(
        &mut self,
        name: &str,
        record: &Parsed,
        import: &mut Import<'_>,
        tally: &mut Tally,
    ) -> Result<(), PipelineError> {
        tally.funnel.records += 1;
        let rows = match &record.rows {
            Ok(rows) => rows,
            Err(reason) => {
                tally.accounting.count(Outcome::Rejected);
                tally.funnel.rejected += 1;
                if tally.reasons.len() < MOST_REASONS || tally.reasons.contains_key(reason) {
                    *tally.reasons.entry(reason.clone()).or_default() += 1;
                }
                self.reject(name, record.offset_bytes, reason.clone());
                return Ok(());
            }
        };
        let mut outcome = Outcome::Unchanged;
        let mut new_findings = 0u64;
        let mut old_findings = 0u64;
        let mut first_other = None;
        for row in rows {
            let this = match row {
                Row::Finding(row) => {
                    let (outcome, id) = import.finding(&row.prepared(record.offset_bytes))?;
                    let new = self.seen.insert(id);
                    let new_here = tally.findings.insert(id);
                    tally.shares |= new_here && !new;
                    new_findings += u64::from(new);
                    old_findings += u64::from(!new);
                    row.closes.iter().try_for_each(|block| import.block(block))?;
                    outcome
                }
                Row::Evidence(row) => {
                    first_other.get_or_insert("evidence");
                    import.evidence(&row.prepared())?
                }
                Row::Other(row) => {
                    first_other.get_or_insert(row.kind);
                    import.other(&row.prepared())?
                }
                Row::Relation(row) => {
                    // A record of nothing else is one of an inventory.
                    first_other.get_or_insert("asset");
                    let (outcome, id) = import.relation(&row.prepared())?;
                    tally.relations.insert(id);
                    outcome
                }
                Row::Statement(row) => {
                    first_other.get_or_insert("statement");
                    import.statement(&row.prepared())?
                }
                Row::Exploited(entry) => {
                    first_other.get_or_insert("exploited");
                    self.taking.as_mut().map_or(Outcome::Unchanged, |list| list.entry(entry))
                }
            };
            outcome = weightier(outcome, this);
        }
        tally.accounting.count(outcome);
        let funnel = &mut tally.funnel;
        funnel.findings += new_findings;
        match (new_findings, old_findings, first_other) {
            (1.., _, _) => funnel.expanded += new_findings - 1,
            (0, 1.., _) => funnel.repeated += 1,
            (0, 0, Some("asset")) => funnel.assets += 1,
            (0, 0, Some("activity")) => funnel.activities += 1,
            (0, 0, Some("statement")) => funnel.statements += 1,
            (0, 0, Some("exploited")) => funnel.intelligence += 1,
            (0, 0, _) => funnel.evidence += 1,
        }
        Ok(())
    }
}

/// Of the outcomes of one record's parts, the one that the record counts as.
const fn weightier(a: Outcome, b: Outcome) -> Outcome {
    match (a, b) {
        (Outcome::Created, _) | (_, Outcome::Created) => Outcome::Created,
        (Outcome::Updated, _) | (_, Outcome::Updated) => Outcome::Updated,
        (Outcome::Merged, _) | (_, Outcome::Merged) => Outcome::Merged,
        (Outcome::Unchanged | Outcome::Rejected, Outcome::Unchanged | Outcome::Rejected) => {
            Outcome::Unchanged
        }
    }
}

fn add_funnel(to: &mut Funnel, from: &Funnel) {
    to.records += from.records;
    to.rejected += from.rejected;
    to.evidence += from.evidence;
    to.assets += from.assets;
    to.activities += from.activities;
    to.statements += from.statements;
    to.intelligence += from.intelligence;
    to.repeated += from.repeated;
    to.expanded += from.expanded;
    to.findings += from.findings;
}

/// The reader: splits the input into batches. Says why it broke off, where it did.
fn read(
    input: &mut Input,
    detected: &intake::Detection,
    (to_parsers, begun): &(Sender<(u64, Item)>, Sender<()>),
    progress: &Progress<'_>,
) -> Option<BrokeOff> {
    let mut number = 0;
    let summary = intake::read(input, detected, &Limits::default(), &mut |item| {
        let sent = begun.send(()).is_ok() && to_parsers.send((number, item)).is_ok();
        number += 1;
        if sent && progress.check().is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    summary.broke_off
}

/// A parser: normalizes batches until there are no more, and frees those that are written.
fn parse(
    (batches, spent): (&Receiver<(u64, Item)>, &Receiver<ParsedBatch>),
    to_writer: &Sender<(u64, ParsedBatch)>,
    detected: &intake::Detection,
    knowledge: Knowledge<'_>,
) {
    for (number, item) in batches {
        let parsed = match item {
            Item::Batch(batch) => parse_batch(&batch, detected, knowledge),
            Item::Reject { offset_bytes, reason } => ParsedBatch {
                records: vec![Parsed { offset_bytes, rows: Err(reason), tellers: Vec::new() }],
                block: None,
            },
        };
        if to_writer.send((number, parsed)).is_err() {
            return;
        }
        drop(spent.try_recv());
    }
}

fn parse_batch(
    batch: &Batch,
    detected: &intake::Detection,
    knowledge: Knowledge<'_>,
) -> ParsedBatch {
    let mut builder = BlockBuilder::default();
    let records = rows_of(batch, detected, knowledge, &mut builder);
    ParsedBatch { records, block: builder.pack() }
}

/// The rows of a batch; their bodies go into the block that is being built.
pub(crate) fn rows_of(
    batch: &Batch,
    detected: &intake::Detection,
    knowledge: Knowledge<'_>,
    builder: &mut BlockBuilder,
) -> Vec<Parsed> {
    let mut records = Vec::new();
    let (at, tool) = (detected.imported_at(), detected.format.id());
    for normalized in intake::normalize_batch(batch, detected) {
        let Normalized { offset_bytes, result, mut tellers } = normalized;
        let rows: Result<Vec<Row>, String> = result.and_then(|records| {
            let mut rows = Vec::with_capacity(records.len());
            let taken = records.into_iter().try_for_each(|record| {
                add_rows(&mut rows, record, knowledge, (tool, at), (&mut *builder, &mut tellers))
            });
            taken.map_err(|e| format!("cannot be kept: {e}"))?;
            Ok(rows)
        });
        let tellers = if rows.is_ok() { tellers } else { Vec::new() };
        records.push(Parsed { offset_bytes, rows, tellers });
    }
    records
}
