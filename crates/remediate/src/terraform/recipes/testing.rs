//! What the recipes' tests share.

use quell_catalog::FixRecipe;

use crate::Settings;

use super::Wish;
use crate::code::{Code, Place};
use crate::terraform::Repository;

fn run(fix: &str, text: &str) -> Result<String, String> {
    with_settings(fix, text, &Settings::default())
}

/// The recipe's text, with what the user has said once for all.
pub(crate) fn with_settings(fix: &str, text: &str, settings: &Settings) -> Result<String, String> {
    let fix: FixRecipe =
        toml::from_str(&format!("language = 'terraform'\ntitle = 'x'\nsafety = 'safe'\n{fix}"))
            .unwrap();
    let repository = Repository::parse([("main.tf".to_owned(), text.to_owned())]);
    let resource = repository.judged().find(|one| fix.resource.contains(&one.kind())).unwrap();
    let place = Place { file: "main.tf".to_owned(), address: resource.address() };
    let wish = Wish { fix: &fix, settings, keep_elements: true, parts: false };
    repository.plan(&place, &wish).map(|change| change.text)
}

/// What the recipe makes of a text.
#[track_caller]
pub(crate) fn made(fix: &str, before: &str) -> String {
    run(fix, before).unwrap()
}

/// The recipe makes `after` of `before`, and then has nothing more to do.
#[track_caller]
pub(crate) fn check(fix: &str, before: &str, after: &str) {
    let once = run(fix, before).unwrap();
    assert_eq!(once, after);
    assert_eq!(run(fix, &once).unwrap(), after, "the second run must change nothing");
}

/// The recipe leaves the block to a person, and says why.
#[track_caller]
pub(crate) fn refuse(fix: &str, before: &str, reason: &str) {
    let error = run(fix, before).unwrap_err();
    assert!(error.contains(reason), "{error}");
}
