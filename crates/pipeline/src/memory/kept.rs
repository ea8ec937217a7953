//! The same findings in a database, and what is told of them there: what is in memory has to tell
//! the same.

use std::path::Path;

use quell_model::{Finding, Record, Statement, Timestamp};
use quell_owners::Book;
use quell_report::IncidentStory;
use quell_store::{BlockBuilder, FinishedInput, Store, Touched};

use crate::analyst::incident::Details;
use crate::incidents::{World, judgement};
use crate::owners::{begin, save_book, settle};
use crate::prepare::Row;
use crate::{PipelineError, Setup, intel};

/// What findings are called in the database: they come from no file.
const NAME: &str = "memory";

/// Keeps findings and statements as an import keeps them, and judges them.
///
/// # Errors
/// When the store refuses.
pub fn keep(
    store: &mut Store,
    (setup, book): (&Setup, &Book),
    (findings, statements): (Vec<Finding>, &[Statement]),
    now: Timestamp,
) -> Result<(), PipelineError> {
    save_book(store, book, now)?;
    let known = intel::load(store, setup.catalog().intel())?;
    let owners = setup.owners(store)?;
    begin(store, &known)?;
    let knowledge = setup.knowledge(&known, &owners, now);
    let mut touched = Touched::default();
    let mut import = store.import(NAME, &mut touched)?;
    let findings = findings.into_iter().map(|one| Record::Finding(Box::new(one)));
    let statements = statements.iter().map(|one| Record::Statement(Box::new(one.clone())));
    let mut block = BlockBuilder::default();
    for record in findings.chain(statements) {
        match Row::of(record, knowledge, now, &mut block)? {
            Row::Finding(row) => {
                import.finding(&row.prepared(0))?;
                row.closes.iter().try_for_each(|block| import.block(block))?;
            }
            Row::Statement(row) => drop(import.statement(&row.prepared())?),
            Row::Evidence(_) | Row::Other(_) | Row::Relation(_) | Row::Exploited(_) => {}
        }
    }
    block.pack().iter().try_for_each(|block| import.block(block))?;
    import.finish(&FinishedInput {
        hash: None,
        path: NAME,
        plain_bytes: None,
        format: NAME,
        imported_at: now,
        complete: true,
        most_closed: None,
    })?;
    settle(store, setup, judgement(setup, &known, now), (&touched.issues, None))
}

/// The incidents of a database with what it knows of their issues.
///
/// # Errors
/// When the store refuses, or the repository cannot be read.
pub fn stories(
    store: &Store,
    setup: &Setup,
    repository: Option<&Path>,
    now: Timestamp,
) -> Result<Vec<(IncidentStory, Details)>, PipelineError> {
    let intel = intel::load(store, setup.catalog().intel())?;
    let world = World::load(store, judgement(setup, &intel, now), setup.code(repository))?;
    let told = world.stories.iter().map(|story| world.tell(store, story));
    let told = told.filter_map(Result::transpose);
    told.map(|story| {
        let story = story?;
        let details = Details::read(store, &story)?;
        Ok((story, details))
    })
    .collect()
}
