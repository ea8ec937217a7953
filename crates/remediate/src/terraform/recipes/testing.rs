//! What the recipes' tests share.

use quell_catalog::FixRecipe;

use crate::Settings;

use super::{Request, Wish, by_name};
use crate::terraform::Repository;

fn run(fix: &str, text: &str) -> Result<String, String> {
    let fix: FixRecipe =
        toml::from_str(&format!("language = 'terraform'\ntitle = 'x'\nsafety = 'safe'\n{fix}"))
            .unwrap();
    let repository = Repository::parse([("main.tf".to_owned(), text.to_owned())]);
    let resource =
        repository.resources().find(|one| fix.resource.iter().any(|k| k == one.kind())).unwrap();
    let settings = Settings::default();
    let wish = Wish { fix: &fix, settings: &settings, keep_elements: true };
    let request = Request { repository: &repository, resource, wish: &wish };
    (by_name(&fix.recipe).unwrap().plan)(&request).map(|change| change.text)
}

/// The recipe makes `after` of `before`, and then has nothing more to do.
#[track_caller]
pub(super) fn check(fix: &str, before: &str, after: &str) {
    let once = run(fix, before).unwrap();
    assert_eq!(once, after);
    assert_eq!(run(fix, &once).unwrap(), after, "the second run must change nothing");
}

/// The recipe leaves the block to a person, and says why.
#[track_caller]
pub(super) fn refuse(fix: &str, before: &str, reason: &str) {
    let error = run(fix, before).unwrap_err();
    assert!(error.contains(reason), "{error}");
}
