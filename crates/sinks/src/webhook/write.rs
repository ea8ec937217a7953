//! What a message says: JSON of version 1, as docs/sinks/webhook.md describes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quell_deliver::outbox::{Act, ActKind};
use quell_deliver::text::{plain, plain_line};
use quell_deliver::{Attachment, Letter};
use quell_model::shown;
use serde_json::{Map, Value, json};

use crate::{SinkError, Wanted, common::flat};

/// The version of what messages say. It grows when a field goes or means something else.
const VERSION: u32 = 1;
/// Longest text, in bytes.
const MOST_TEXT: usize = 256 << 10;
/// Most bytes of files that come along; larger ones are named only.
const MOST_FILES: usize = 512 << 10;

/// The message of an act.
pub(super) fn message(wanted: &Wanted<'_>) -> Result<Value, SinkError> {
    let mut data = Map::new();
    let delivery = match wanted.act {
        Act::Open { .. } => wanted.key.mark(),
        Act::Edit { .. } | Act::Note { .. } | Act::Close { .. } | Act::Reopen { .. } => {
            wanted.remote()?.id.clone()
        }
        Act::Review { .. } => return Err(SinkError::NO_REVIEW),
    };
    data.insert("delivery".to_owned(), delivery.into());
    match wanted.act {
        Act::Open { letter } | Act::Edit { letter } => data.extend(said(letter)),
        Act::Note { body } | Act::Close { body } | Act::Reopen { body } => {
            data.insert("text".to_owned(), text(&plain(body)).into());
        }
        Act::Review { .. } => {}
    }
    Ok(json!({"type": kind(wanted.act.kind()), "version": VERSION, "data": data}))
}

/// A message that says nothing.
pub(super) fn ping() -> Value {
    json!({"type": "quell.ping", "version": VERSION, "data": {}})
}

const fn kind(act: ActKind) -> &'static str {
    match act {
        ActKind::Open => "quell.delivery.opened",
        ActKind::Edit => "quell.delivery.edited",
        ActKind::Note => "quell.delivery.noted",
        ActKind::Close => "quell.delivery.closed",
        ActKind::Reopen => "quell.delivery.reopened",
        ActKind::Review => "quell.delivery.reviewed",
    }
}

fn said(letter: &Letter) -> Map<String, Value> {
    let labels: Vec<&str> = letter.labels.iter().map(|label| label.as_str()).collect();
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
    put("title", text(&plain_line(&letter.title)).into());
    put("text", text(&plain(&letter.body)).into());
    put("severity", letter.severity.as_str().into());
    put("labels", labels.into());
    put("files", files(&letter.files));
    if let Some(due) = letter.due {
        put("due", due.to_string().into());
    }
    if let Some(page) = &letter.page {
        put("page", page.as_str().into());
    }
    if let Some(owner) = &letter.owner {
        put("owner", text(&shown(owner.raw(), false)).into());
    }
    out
}

fn text(text: &str) -> String {
    flat::cut(text, MOST_TEXT, char::len_utf8)
}

/// Files as they are, in Base64, as far as there is room.
fn files(files: &[Attachment]) -> Value {
    let mut room = MOST_FILES;
    let told = files.iter().map(|file| {
        let bytes = file.text.raw().as_bytes();
        let mut told = json!({
            "name": file.name,
            "media_type": file.media_type,
            "bytes": bytes.len(),
        });
        if let (Some(left), Some(told)) = (room.checked_sub(bytes.len()), told.as_object_mut()) {
            room = left;
            told.insert("base64".to_owned(), STANDARD.encode(bytes).into());
        }
        told
    });
    told.collect()
}
