//! The same world in a database: what a model is told of it has to be what it is told in memory.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;

use quell_analyst::Brief;
use quell_owners::Book;
use quell_pipeline::analyst::incident::brief;
use quell_pipeline::memory::{Stages, keep, stories};
use quell_store::Store;

use crate::worlds::Told;

/// Letters of a difference that are told.
const SHOWN: usize = 200;

/// Where what a database tells differs from what is told in memory.
pub(crate) fn differs(
    stages: Stages<'_>,
    (told, book): (&Told, &Book),
    files: &[(String, String)],
) -> Result<Option<String>, String> {
    let (here, there) = (in_memory(stages, told)?, in_store(stages, (told, book), files)?);
    if here == there {
        return Ok(None);
    }
    let ids: Vec<&String> = here.keys().chain(there.keys()).collect();
    let differing = ids.into_iter().find(|id| here.get(*id) != there.get(*id));
    let of = |all: &BTreeMap<String, String>| {
        differing.and_then(|id| all.get(id)).cloned().unwrap_or_default()
    };
    let (here, there) = (of(&here), of(&there));
    let same = here.chars().zip(there.chars()).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(SHOWN / 4);
    let shown = |text: &str| text.chars().skip(from).take(SHOWN).collect::<String>();
    Ok(Some(format!("{} where memory tells {}", shown(&there), shown(&here))))
}

fn in_memory(stages: Stages<'_>, told: &Told) -> Result<BTreeMap<String, String>, String> {
    let made = stages.run(told.findings.clone(), &told.statements).map_err(said)?;
    let catalog = stages.setup.catalog();
    let stories = made.stories.iter().map(|story| {
        let brief = brief(&story.told, &made.details(story), catalog);
        (story.told.incident.id.clone(), words(&brief))
    });
    Ok(stories.collect())
}

fn in_store(
    stages: Stages<'_>,
    (told, book): (&Told, &Book),
    files: &[(String, String)],
) -> Result<BTreeMap<String, String>, String> {
    let Stages { setup, now, .. } = stages;
    let folder = tempfile::tempdir().map_err(said)?;
    let code = folder.path().join("code");
    for (path, text) in files {
        let path = code.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all).map_err(said)?;
        fs::write(path, text).map_err(said)?;
    }
    let mut store = Store::open(&folder.path().join("data")).map_err(said)?;
    let records = (told.findings.clone(), told.statements.as_slice());
    keep(&mut store, (setup, book), records, now).map_err(said)?;
    let code = stages.code.map(|_| code.as_path());
    let stories = stories(&store, setup, code, now).map_err(said)?;
    let stories = stories.iter().map(|(story, details)| {
        let brief = brief(story, details, setup.catalog());
        (story.incident.id.clone(), words(&brief))
    });
    Ok(stories.collect())
}

/// All that is told of a story.
fn words(brief: &Brief<'_>) -> String {
    let Brief { records, figures, controls, steps, names, known } = brief;
    let controls: Vec<&str> = controls.iter().map(|control| control.id.as_str()).collect();
    format!("{records:?} {figures:?} {controls:?} {steps:?} {names:?} {known:?}")
}

fn said(error: impl Display) -> String {
    error.to_string()
}
