//! An act as events for logs: flat JSON, in pieces that any log takes whole.

use quell_deliver::Letter;
use quell_deliver::outbox::Act;
use quell_deliver::text::{plain, plain_line};
use quell_model::shown;
use serde_json::{Map, Value};

use super::flat;
use crate::{SinkError, Wanted};

/// Longest piece of a text in one event, in bytes. JSON may double one.
const MOST_PIECE: usize = 2_000;
/// Pieces of one text.
const MOST_PIECES: usize = 100;
/// Longest short text.
const MOST_SHORT: usize = 500;
const MOST_LABELS: usize = 20;

/// The events of an act: one, or several where its text is long.
pub(crate) fn events(wanted: &Wanted<'_>) -> Result<Vec<Map<String, Value>>, SinkError> {
    let delivery = match wanted.act {
        Act::Open { .. } => wanted.key.mark(),
        Act::Edit { .. } | Act::Note { .. } | Act::Close { .. } | Act::Reopen { .. } => {
            wanted.remote()?.id.clone()
        }
        Act::Review { .. } => return Err(SinkError::NO_REVIEW),
    };
    let (facts, text) = match wanted.act {
        Act::Open { letter } | Act::Edit { letter } => (said(letter), plain(&letter.body)),
        Act::Note { body } | Act::Close { body } | Act::Reopen { body } => {
            (Map::new(), plain(body))
        }
        Act::Review { review } => (Map::new(), plain(&review.summary)),
    };
    let text = flat::cut(&text, MOST_PIECE * MOST_PIECES, char::len_utf8);
    let pieces = pieces(&text);
    let count = pieces.len();
    let made = pieces.iter().enumerate().map(|(at, piece)| {
        let mut event = Map::new();
        let mut put = |name: &str, value: Value| event.insert(name.to_owned(), value);
        put("id", format!("{}-{}", wanted.key, at + 1).into());
        put("delivery", delivery.as_str().into());
        put("act", wanted.act.kind().as_str().into());
        put("part", (at + 1).into());
        put("parts", count.into());
        put("text", (*piece).into());
        if at == 0 {
            event.extend(facts.clone());
        }
        event
    });
    Ok(made.collect())
}

fn said(letter: &Letter) -> Map<String, Value> {
    let short = |text: &str| flat::cut(text, MOST_SHORT, char::len_utf8);
    let labels: Vec<&str> =
        letter.labels.iter().take(MOST_LABELS).map(|label| label.as_str()).collect();
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
    put("title", short(&plain_line(&letter.title)).into());
    put("severity", letter.severity.as_str().into());
    put("labels", labels.into());
    if let Some(due) = letter.due {
        put("due", due.to_string().into());
    }
    if let Some(page) = &letter.page {
        put("page", page.as_str().into());
    }
    if let Some(owner) = &letter.owner {
        put("owner", short(&shown(owner.raw(), false)).into());
    }
    out
}

/// A text in pieces, cut between characters. An empty text is one piece.
fn pieces(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while rest.len() > MOST_PIECE {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(MOST_PIECE));
        out.push(piece);
        rest = after;
    }
    out.push(rest);
    out
}
