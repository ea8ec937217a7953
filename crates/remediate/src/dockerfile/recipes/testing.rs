//! What the recipes' tests share.

use quell_catalog::FixRecipe;

use crate::Settings;
use crate::code::{Place, Wish};
use crate::dockerfile::DIALECT;

fn run(recipe: &str, text: &str, settings: &[(&str, &str)]) -> Result<String, String> {
    run_at(recipe, ("Dockerfile", text), &[], settings)
}

/// What the recipe makes of a file at a path, with other files beside it.
pub(super) fn run_beside(
    recipe: &str,
    path: &str,
    text: &str,
    beside: &[(&str, &str)],
) -> Result<String, String> {
    run_at(recipe, (path, text), beside, &[])
}

fn run_at(
    recipe: &str,
    own: (&str, &str),
    beside: &[(&str, &str)],
    settings: &[(&str, &str)],
) -> Result<String, String> {
    let fix: FixRecipe = toml::from_str(&format!(
        "language = 'dockerfile'\nresource = ['Dockerfile']\ntitle = 'x'\nsafety = 'safe'\n{recipe}"
    ))
    .unwrap();
    let pairs = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings: Settings = pairs.collect();
    let files = beside.iter().chain([&own]);
    let files = files.map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let code = (DIALECT.parse)(files.collect());
    let place = Place { file: own.0.to_owned(), address: "Dockerfile".to_owned() };
    let wish = Wish { fix: &fix, settings: &settings, keep_elements: true, parts: false };
    code.plan(&place, &wish).map(|change| change.text)
}

/// The recipe makes `after` of `before`, and then has nothing more to do.
#[track_caller]
pub(super) fn check(recipe: &str, before: &str, after: &str) {
    check_with(recipe, &[], before, after);
}

/// The same with parameters.
#[track_caller]
pub(super) fn check_with(recipe: &str, settings: &[(&str, &str)], before: &str, after: &str) {
    let once = run(recipe, before, settings).unwrap();
    assert_eq!(once, after);
    assert_eq!(run(recipe, &once, settings).unwrap(), after, "the second run must change nothing");
}

/// The recipe leaves the file to a person, and says why.
#[track_caller]
pub(super) fn refuse(recipe: &str, before: &str, reason: &str) {
    let error = run(recipe, before, &[]).unwrap_err();
    assert!(error.contains(reason), "{error}");
}
