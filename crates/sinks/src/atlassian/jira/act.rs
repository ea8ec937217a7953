//! Issues made, brought up to date and commented on.

use quell_deliver::outbox::{Act, Remote};
use quell_deliver::{Attachment, Body, Key, Letter, Line};
use serde_json::{Map, Value};

use super::super::client::{Call, Failed, segment};
use super::fields::{self, Left};
use super::{ATTACH, BROWSE, COMMENT, CREATE, EDIT, Jira, LINK, look};
use crate::common::multipart;
use crate::{SinkError, Wanted};

/// Stands for an id that only Jira could tell.
pub(in super::super) const ISSUE: &str = "{issue}";

/// All calls of an act that change something.
pub(in super::super) fn calls(jira: &Jira, wanted: &Wanted<'_>) -> Result<Vec<Call>, SinkError> {
    let settings = &jira.settings;
    let id = match wanted.remote {
        Some(remote) => segment(&remote.id)?,
        None => ISSUE,
    };
    Ok(match wanted.act {
        Act::Open { letter } => {
            let mut calls = vec![fields::create(settings, letter, &[])];
            calls.extend(beside(jira, ISSUE, letter));
            calls
        }
        Act::Edit { letter } => {
            let mut calls = vec![fields::edit(settings, id, letter, &[])];
            calls.extend(beside(jira, id, letter));
            calls
        }
        Act::Note { body } => vec![fields::comment(settings, id, wanted.key, body)],
        Act::Close { body } | Act::Reopen { body } => vec![
            fields::comment(settings, id, wanted.key, body),
            fields::transition(settings, id, to_word(wanted.act), Map::new()),
        ],
        Act::Review { .. } => return Err(SinkError::NO_REVIEW),
    })
}

/// What stands in a dry run for a transition that only Jira can tell.
pub(in super::super) const fn to_word(act: &Act) -> &'static str {
    match act {
        Act::Close { .. } => "{transition to done}",
        Act::Open { .. }
        | Act::Edit { .. }
        | Act::Note { .. }
        | Act::Reopen { .. }
        | Act::Review { .. } => "{transition to not done}",
    }
}

/// The calls for what stands beside an issue: the link and the files.
pub(in super::super) fn beside(jira: &Jira, id: &str, letter: &Letter) -> Vec<Call> {
    let link = fields::remote_link(&jira.settings, id, letter);
    let files = letter.files.iter().flat_map(|file| fields::attachment(&jira.settings, id, file));
    link.into_iter().chain(files).collect()
}

/// Makes an issue. What Jira does not let be set is left out once, and the issue says so.
pub(super) async fn open(jira: &Jira, letter: &Letter) -> Result<Remote, SinkError> {
    let made = match made(jira, letter, &[]).await {
        Err(Failed { error, fields }) => {
            let left = fields::can_do_without(&fields).ok_or(error)?;
            made(jira, letter, &left).await.map_err(|failed| failed.error)?
        }
        Ok(made) => made,
    };
    let remote = remote(jira, &made)?;
    complete(jira, &remote, (letter, Vec::new())).await;
    Ok(remote)
}

async fn made(jira: &Jira, letter: &Letter, left: &[Left]) -> Result<Value, Failed> {
    let call = fields::create(&jira.settings, letter, left);
    jira.site.try_to_tell(&call, CREATE).await.map_err(|failed| {
        // Nothing was there before, so nothing can be gone.
        let Failed { error, fields } = failed;
        let error =
            if let SinkError::Gone(said) = error { SinkError::Refused(said) } else { error };
        Failed { error, fields }
    })
}

/// Adds what stands beside a new issue. The issue is there already, so what fails is told there
/// and is no reason to make it again; the next edit brings it.
pub(in super::super) async fn complete(
    jira: &Jira,
    remote: &Remote,
    (letter, mut failed): (&Letter, Vec<Line>),
) {
    let Ok(id) = segment(&remote.id) else { return };
    if let Some(call) = fields::remote_link(&jira.settings, id, letter)
        && let Err(error) = jira.site.tell(&call, LINK).await
    {
        failed.push(Line::own("The link to Quell's page: ").and_data(error.to_string()));
    }
    for file in &letter.files {
        if let Err(error) = attach(jira, id, file).await {
            let line = Line::own("").and_code(file.name.as_str()).and_own(": ");
            failed.push(line.and_data(error.to_string()));
        }
    }
    if failed.is_empty() {
        return;
    }
    let said = Body::paragraph(Line::own("Could not be added here:"));
    let said = said.and(quell_deliver::Block::List(failed));
    let call = fields::comment(&jira.settings, id, &letter.key, &said);
    // There is nobody left to tell if this fails too.
    let _told = jira.site.tell(&call, COMMENT).await;
}

/// Attaches a file.
async fn attach(jira: &Jira, id: &str, file: &Attachment) -> Result<(), SinkError> {
    let mut made = Value::Null;
    for call in fields::attachment(&jira.settings, id, file) {
        let name = made.pointer("/temporaryAttachments/0/temporaryAttachmentId");
        let call = name.and_then(Value::as_str).map_or(call, |name| fields::shown_file(id, name));
        made = jira.site.tell(&call, ATTACH).await?;
    }
    Ok(())
}

/// Brings an issue up to date, with what stands beside it.
pub(in super::super) async fn edit(
    jira: &Jira,
    remote: &Remote,
    letter: &Letter,
) -> Result<(), SinkError> {
    let id = segment(&remote.id)?;
    let call = fields::edit(&jira.settings, id, letter, &[]);
    if let Err(Failed { error, fields }) = jira.site.try_to_tell(&call, EDIT).await {
        let left = fields::can_do_without(&fields).ok_or(error)?;
        let call = fields::edit(&jira.settings, id, letter, &left);
        jira.site.tell(&call, EDIT).await?;
    }
    if let Some(call) = fields::remote_link(&jira.settings, id, letter) {
        jira.site.tell(&call, LINK).await?;
    }
    for file in missing(jira, id, &letter.files).await? {
        attach(jira, id, file).await?;
    }
    Ok(())
}

/// Files that are not there yet: by their versions, and where they have none by name and size.
async fn missing<'a>(
    jira: &Jira,
    id: &str,
    files: &'a [Attachment],
) -> Result<Vec<&'a Attachment>, SinkError> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let call = Call::get(jira.path(&format!("issue/{id}?fields=attachment")));
    let answer = jira.site.ask(&call, BROWSE).await?;
    let there = answer.pointer("/fields/attachment").and_then(Value::as_array);
    let there: Vec<(&str, u64)> = there
        .into_iter()
        .flatten()
        .filter_map(|one| Some((one.get("filename")?.as_str()?, one.get("size")?.as_u64()?)))
        .collect();
    let is_missing = |file: &&Attachment| {
        let name = multipart::file_name(&file.versioned());
        let size = u64::try_from(multipart::size(file)).unwrap_or(u64::MAX);
        let is_it = |(known, bytes): &(&str, u64)| {
            *known == name && (*bytes == size || !file.version.is_empty())
        };
        !there.iter().any(is_it)
    };
    Ok(files.iter().filter(is_missing).collect())
}

/// Comments on an issue.
pub(in super::super) async fn note(
    jira: &Jira,
    wanted: &Wanted<'_>,
    body: &Body,
) -> Result<(), SinkError> {
    let id = segment(&wanted.remote()?.id)?;
    jira.site.tell(&fields::comment(&jira.settings, id, wanted.key, body), COMMENT).await?;
    Ok(())
}

/// Comments on an issue, unless that comment is there.
pub(in super::super) async fn note_once(
    jira: &Jira,
    (id, key): (&str, &Key),
    body: &Body,
) -> Result<(), SinkError> {
    if look::has_note(jira, id, key).await? {
        return Ok(());
    }
    jira.site.tell(&fields::comment(&jira.settings, id, key, body), COMMENT).await?;
    Ok(())
}

/// What stands at Jira after it was made.
pub(in super::super) fn remote(jira: &Jira, made: &Value) -> Result<Remote, SinkError> {
    let text = |name: &str| {
        let text = made.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.ok_or_else(|| SinkError::shape(format!("$.{name}"), "is missing"))
    };
    let (id, key) = (text("id")?, text("key")?);
    Ok(Remote { id: segment(id)?.to_owned(), name: key.to_owned(), url: jira.settings.page(key) })
}
