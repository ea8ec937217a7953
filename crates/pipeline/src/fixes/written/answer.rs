//! What a model answered, as a change of one block.

use quell_model::{Answered, By, Untrusted, Why, WrittenFix};
use quell_remediate::Place;

/// What an answer comes to that leaves the block as it is.
pub(super) const NOTHING: &str =
    "a model was asked and found nothing that helps in the block alone";
/// Longest text of a change.
const MOST_BYTES: usize = 16 << 10;

/// The change that an answer holds, or one sentence that says why there is none.
pub(super) fn of(answered: Answered, place: &Place) -> Result<WrittenFix, String> {
    let Answered { written, made } = answered;
    if written.by == By::Rules {
        let why = written.instead_of.as_ref().map_or_else(String::new, Why::text);
        return Err(format!("no model wrote a fix: {why}"));
    }
    let text = |name: &str| {
        let found = written.texts.iter().find(|(own, _)| own == name);
        found.map(|(_, text)| Untrusted::raw(text).to_owned())
    };
    let (Some(path), Some(before), Some(after)) = (text("path"), text("before"), text("after"))
    else {
        return Err("what a model wrote is withheld: it is not whole".to_owned());
    };
    if path.trim_start_matches("./") != place.file {
        return Err("what a model wrote is withheld: it is about another file".to_owned());
    }
    if before.len() > MOST_BYTES || after.len() > MOST_BYTES {
        return Err("what a model wrote is withheld: it is too long".to_owned());
    }
    if before == after {
        return Err(NOTHING.to_owned());
    }
    let why = written.part("why").filter(|part| part.by == By::Model);
    Ok(WrittenFix {
        task: written.task.clone(),
        version: written.version,
        made,
        why: why.map(|part| part.sentences.clone()).unwrap_or_default(),
        before,
        after,
    })
}
