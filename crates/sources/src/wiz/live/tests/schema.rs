//! Whether the documents fit the schema: the part that is kept here, and the whole where it is at hand.

use std::fs;
use std::path::{Path, PathBuf};

use apollo_compiler::{ExecutableDocument, Schema};
use quell_testkit::platforms::wiz::SCHEMA;

use super::*;
use crate::wiz::live::documents::ALL;

/// What may lie beside the repository.
fn beside(path: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?;
    // A work tree may lie one level deeper than the repository.
    let near = [root.join("shared"), root.parent()?.join("shared")];
    near.into_iter().map(|folder| folder.join(path)).find(|path| path.exists())
}

fn check(schema: &str, name: &str) {
    let schema = Schema::parse_and_validate(schema, name).unwrap();
    for (document, text) in ALL {
        let text = text.text();
        let checked = ExecutableDocument::parse_and_validate(&schema, &text, *document);
        assert!(checked.is_ok(), "{document} against {name}: {}", checked.unwrap_err().errors);
    }
}

#[test]
fn every_document_fits_the_kept_part_of_the_schema() {
    check(SCHEMA, "kept");
}

#[test]
fn every_document_fits_the_whole_schema_where_it_is_at_hand() {
    let Some(path) = beside("reference/specs/wiz/wiz-schema.graphql") else { return };
    // Inputs without members are printed bare, which a schema may not have.
    let text = fs::read_to_string(path).unwrap();
    let line = |line: &str| {
        let bare = line.starts_with("input ") && !line.ends_with('{');
        if bare { format!("{line} {{ nothing: Boolean }}") } else { line.to_owned() }
    };
    let lines: Vec<String> = text.lines().map(line).collect();
    check(&lines.join("\n"), "whole");
}

/// A text, and the same with single words changed or left out.
fn variants(text: &str, step: usize) -> Vec<String> {
    let is_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let letters: Vec<char> = text.chars().collect();
    let pieces = letters.chunk_by(|a, b| is_word(a) == is_word(b));
    let pieces: Vec<String> = pieces.map(|run| run.iter().collect()).collect();
    let words = (0..pieces.len()).filter(|at| pieces[*at].chars().all(|c| is_word(&c)));
    let mut all = vec![text.to_owned()];
    for (number, at) in words.enumerate().skip(step % 3).step_by(3) {
        let mut changed = pieces.clone();
        changed[at] = ["", "colour", "id", "first"][number % 4].to_owned();
        all.push(changed.concat());
    }
    all
}

/// The double checks documents by itself; this is what holds its check against a whole
/// implementation of the language.
#[test]
fn the_double_refuses_what_a_whole_implementation_refuses() {
    let schema = Schema::parse_and_validate(SCHEMA, "kept").unwrap();
    let clock = Arc::new(Hands(Mutex::new(begin())));
    let double = WizDouble::new(World::new(1, 1, begin()), clock).unwrap();
    let (mut fitting, mut refused) = (0, 0);
    for (step, (name, text)) in ALL.iter().enumerate() {
        for text in variants(&text.text(), step) {
            let whole = ExecutableDocument::parse_and_validate(&schema, &text, *name);
            let whole = whole.map(drop).map_err(|error| error.errors.to_string());
            let own = double.fits(&text);
            assert_eq!(own.is_ok(), whole.is_ok(), "{own:?}, {whole:?} for:\n{text}");
            *(if own.is_ok() { &mut fitting } else { &mut refused }) += 1;
        }
    }
    assert!(fitting > 100 && refused > 200, "{fitting} fit, {refused} do not");
}

#[test]
fn every_document_beside_this_code_is_in_the_list() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wiz/live/documents");
    let files = fs::read_dir(folder).unwrap();
    let names: BTreeSet<String> = files
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| !name.ends_with("_fields"))
        .collect();
    let listed: BTreeSet<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names, listed);
}

/// What public connectors ask, the double's schema has.
#[test]
fn held_queries_fit_the_kept_part_of_the_schema() {
    let Some(folder) = beside("reference/specs/wiz/queries") else { return };
    let schema = Schema::parse_and_validate(SCHEMA, "kept").unwrap();
    let entries =
        [folder.join("authored"), folder].into_iter().flat_map(|f| fs::read_dir(f).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    let queries: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "graphql")).collect();
    assert!(queries.len() > 25, "{}", queries.len());
    for path in queries {
        let text = fs::read_to_string(&path).unwrap();
        let checked = ExecutableDocument::parse_and_validate(&schema, &text, "held");
        let faults = checked.err().map(|error| error.errors.to_string()).unwrap_or_default();
        // Some declare a variable that they do not use, which servers pass over.
        let others = faults.lines().filter(|line| line.contains("Error:"));
        let others: Vec<&str> = others.filter(|line| !line.contains("unused variable")).collect();
        assert_eq!(others, Vec::<&str>::new(), "{}", path.display());
    }
}
