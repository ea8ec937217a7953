//! What the recipes' tests share.

use quell_catalog::FixRecipe;

use crate::Settings;
use crate::actions::DIALECT;
use crate::code::{Place, Wish};

const PATH: &str = ".github/workflows/a.yml";

/// What stands beside a workflow: files, and parameters.
type Beside<'b> = (&'b [(&'b str, &'b str)], &'b [(&'b str, &'b str)]);

fn run(recipe: &str, text: &str, (others, settings): Beside<'_>) -> Result<String, String> {
    let fix: FixRecipe = toml::from_str(&format!(
        "language = 'github_actions'\nresource = ['workflow']\ntitle = 'x'\nsafety = 'safe'\n{recipe}"
    ))
    .unwrap();
    let mut files = vec![(PATH.to_owned(), text.to_owned())];
    files.extend(others.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    let code = (DIALECT.parse)(files);
    let pairs = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings: Settings = pairs.collect();
    let place = Place { file: PATH.to_owned(), address: "workflow".to_owned() };
    let wish = Wish { fix: &fix, settings: &settings, keep_elements: true, parts: false };
    assert_eq!(code.fault(PATH), None);
    code.plan(&place, &wish).map(|change| change.text)
}

/// The recipe makes `after` of `before`, and then has nothing more to do.
#[track_caller]
pub(super) fn check(recipe: &str, before: &str, after: &str) {
    check_beside(recipe, &[], before, after);
}

/// The same with other files beside it.
#[track_caller]
pub(super) fn check_beside(recipe: &str, others: &[(&str, &str)], before: &str, after: &str) {
    becomes(recipe, (others, &[]), before, after);
}

/// The same with parameters.
#[track_caller]
pub(super) fn check_with(recipe: &str, settings: &[(&str, &str)], before: &str, after: &str) {
    becomes(recipe, (&[], settings), before, after);
}

#[track_caller]
fn becomes(recipe: &str, beside: Beside<'_>, before: &str, after: &str) {
    let once = run(recipe, before, beside).unwrap();
    assert_eq!(once, after);
    assert_eq!(run(recipe, &once, beside).unwrap(), after, "the second run must change nothing");
}

/// The recipe leaves the workflow to a person, and says why.
#[track_caller]
pub(super) fn refuse(recipe: &str, before: &str, reason: &str) {
    let error = run(recipe, before, (&[], &[])).unwrap_err();
    assert!(error.contains(reason), "{error}");
}
