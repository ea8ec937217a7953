//! What the recipes' tests share.

use quell_catalog::FixRecipe;

use crate::Settings;
use crate::code::{Place, Wish};
use crate::compose::DIALECT;

fn run(recipe: &str, text: &str) -> Result<String, String> {
    let fix: FixRecipe = toml::from_str(&format!(
        "language = 'compose'\nresource = ['service']\ntitle = 'x'\nsafety = 'safe'\n{recipe}"
    ))
    .unwrap();
    let code = (DIALECT.parse)(vec![("compose.yaml".to_owned(), text.to_owned())]);
    let place = Place { file: "compose.yaml".to_owned(), address: "services.web".to_owned() };
    let settings = Settings::default();
    let wish = Wish { fix: &fix, settings: &settings, keep_elements: true, parts: false };
    code.plan(&place, &wish).map(|change| change.text)
}

/// The recipe makes `after` of `before`, and then has nothing more to do.
#[track_caller]
pub(super) fn check(recipe: &str, before: &str, after: &str) {
    let once = run(recipe, before).unwrap();
    assert_eq!(once, after);
    assert_eq!(run(recipe, &once).unwrap(), after, "the second run must change nothing");
}

/// The recipe leaves the service to a person, and says why.
#[track_caller]
pub(super) fn refuse(recipe: &str, before: &str, reason: &str) {
    let error = run(recipe, before).unwrap_err();
    assert!(error.contains(reason), "{error}");
}
