//! A change that somebody wrote, as a part of a block and what is to stand there instead.

use crate::code::{Change, Code, Place};

/// A part of a block, and what is to stand there instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Patch {
    /// The part, as it stands in the block once.
    pub(crate) before: String,
    /// What is to stand there.
    pub(crate) after: String,
}

/// The file with the part replaced.
pub(super) fn change(patch: &Patch, code: &dyn Code, place: &Place) -> Result<Change, String> {
    let gone = || format!("there is no block `{}` in `{}`", place.address, place.file);
    let text = code.text(&place.file).ok_or_else(gone)?;
    let span = code.span(place).ok_or_else(gone)?;
    let block = text.get(span.clone()).ok_or_else(gone)?;
    let lines = |part: &str| match block.contains("\r\n") && !part.contains('\r') {
        true => part.replace('\n', "\r\n"),
        false => part.to_owned(),
    };
    let (before, after) = (lines(&patch.before), lines(&patch.after));
    if before.trim().is_empty() {
        return Err("what is to be replaced is empty".into());
    }
    let mut found = block.match_indices(before.as_str());
    let at = match (found.next(), found.next()) {
        (Some((at, _)), None) => span.start + at,
        (None, _) => return Err("what is to be replaced does not stand in the block".into()),
        (Some(_), Some(_)) => {
            return Err("what is to be replaced stands in the block more than once".into());
        }
    };
    let (head, tail) = (text.get(..at), text.get(at + before.len()..));
    let (Some(head), Some(tail)) = (head, tail) else { return Err(gone()) };
    Ok(Change {
        file: place.file.clone(),
        text: format!("{head}{after}{tail}"),
        address: place.address.clone(),
        added: None,
        ..Change::default()
    })
}
