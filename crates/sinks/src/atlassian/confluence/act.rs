//! Pages made, brought up to date, closed and commented on.

use quell_deliver::outbox::{Act, Remote};
use quell_deliver::{Body, Key, Letter};
use serde_json::{Value, json};

use super::super::client::{Call, segment};
use super::section::{Part, key_in};
use super::{COMMENT, Confluence, EDIT, READ, calls, look};
use crate::{SinkError, Wanted};

/// How often a page is read again that somebody else changed in between.
const MOST_CONFLICTS: usize = 3;

/// All calls of an act that change something.
pub(super) fn drafted(
    confluence: &Confluence,
    wanted: &Wanted<'_>,
) -> Result<Vec<Call>, SinkError> {
    let id = wanted.remote.map_or(Ok("{page}"), |remote| segment(&remote.id))?;
    let people = "{what people wrote}";
    let whole = |inner: String| format!("{people}{inner}{people}");
    let update = |value: &str| calls::update(id, "{title}", value, &json!("{version}"));
    Ok(match wanted.act {
        Act::Open { letter } => {
            let mut all = vec![calls::create("{space}", confluence.parent.as_deref(), letter)];
            all.push(calls::labels(id, letter));
            all.extend(letter.files.iter().map(|file| calls::attachment(id, file)));
            all.push(calls::property(id, &first_said(letter, true)));
            all
        }
        Act::Edit { letter } => {
            let section = Part::Letter.whole(&letter.key, &calls::section(letter));
            let mut all = vec![update(&whole(section)), calls::labels(id, letter)];
            all.extend(letter.files.iter().map(|file| calls::attachment(id, file)));
            all
        }
        Act::Note { body } => vec![calls::comment(id, wanted.key, body)],
        Act::Close { body } | Act::Reopen { body } => {
            let closed = matches!(wanted.act, Act::Close { .. });
            vec![update(&whole(calls::state(closed))), calls::comment(id, wanted.key, body)]
        }
        Act::Review { .. } => return Err(SinkError::NO_REVIEW),
    })
}

/// Makes a page. One of its title that bears its key is that page.
pub(super) async fn open(confluence: &Confluence, letter: &Letter) -> Result<Remote, SinkError> {
    let space = confluence.space().await?;
    let call = calls::create(&space, confluence.parent.as_deref(), letter);
    let remote = match confluence.site.tell(&call, "create pages").await {
        Ok(made) => confluence.remote(&made)?,
        Err(SinkError::Refused(said)) if said.contains("title already exists") => {
            let found = look::page(confluence, letter).await?;
            found.ok_or_else(|| SinkError::Refused(format!("{said}; it is not Quell's page")))?
        }
        Err(SinkError::Gone(said)) => {
            return Err(SinkError::Refused(format!(
                "the space or the page above is not there, or nothing may be made in it: {said}"
            )));
        }
        Err(error) => return Err(error),
    };
    // The page is there. What stands beside it comes with the next edit where it fails now.
    let _labelled = confluence.site.tell(&calls::labels(&remote.id, letter), EDIT).await;
    let is_beside = attach(confluence, &remote.id, letter).await.is_ok();
    let said = first_said(letter, is_beside);
    let _marked = confluence.site.tell(&calls::property(&remote.id, &said), EDIT).await;
    Ok(remote)
}

/// What the property of a new page says.
fn first_said(letter: &Letter, is_beside: bool) -> Value {
    let hash = calls::hash(&calls::section(letter));
    let files = Some(calls::files(letter)).filter(|files| is_beside && !files.is_empty());
    calls::said(&letter.key, (Some(&hash), files.as_deref()), false)
}

async fn attach(confluence: &Confluence, id: &str, letter: &Letter) -> Result<(), SinkError> {
    for file in &letter.files {
        confluence.site.tell(&calls::attachment(id, file), "add attachments").await?;
    }
    Ok(())
}

/// Writes Quell's section anew, unless it says the same already, and the files that are new.
pub(super) async fn edit(
    confluence: &Confluence,
    remote: &Remote,
    letter: &Letter,
) -> Result<(), SinkError> {
    let id = segment(&remote.id)?;
    let section = calls::section(letter);
    let hash = calls::hash(&section);
    let property = look::property(confluence, id).await?;
    let same = property.as_ref().and_then(|one| one.text("hash")) == Some(&hash);
    if !same {
        rewritten(confluence, (id, &letter.key), (Part::Letter, &section)).await?;
    }
    confluence.site.tell(&calls::labels(id, letter), EDIT).await?;
    let files = calls::files(letter);
    if property.as_ref().and_then(|one| one.text("files")).unwrap_or_default() != files {
        attach(confluence, id, letter).await?;
    }
    let closed = property.as_ref().is_some_and(look::Property::is_closed);
    let files = Some(files.as_str()).filter(|files| !files.is_empty());
    let said = calls::said(&letter.key, (Some(&hash), files), closed);
    write_property(confluence, id, (property, &said)).await
}

/// Writes one part of a page. People's text is read anew whenever somebody changed it meanwhile.
async fn rewritten(
    confluence: &Confluence,
    (id, key): (&str, &Key),
    (part, inner): (Part, &str),
) -> Result<(), SinkError> {
    let mut last = None;
    for _ in 0..MOST_CONFLICTS {
        let page = look::read_page(confluence, id).await?;
        let value = part.replaced(key, &page.body, inner).ok_or_else(|| {
            SinkError::Refused(format!(
                "Quell's section of the page `{}` was changed or removed by hand; put it back from \
                 the page's history, or write there yourself",
                quell_model::shown(&page.title, false)
            ))
        })?;
        if value == page.body {
            return Ok(());
        }
        let version = page.version.saturating_add(1);
        let call = calls::update(id, &page.title, &value, &version.into());
        match confluence.site.tell(&call, EDIT).await {
            Err(SinkError::Busy { wait: None, said }) => last = Some(said),
            other => return other.map(|_| ()),
        }
    }
    let said = last.unwrap_or_default();
    Err(SinkError::Busy { wait: None, said: format!("somebody else is writing the page: {said}") })
}

/// Closes a page or opens it again: its state, the reason below it, and the property last.
pub(super) async fn moved(
    confluence: &Confluence,
    (wanted, body): (&Wanted<'_>, &Body),
    closed: bool,
) -> Result<(), SinkError> {
    let id = segment(&wanted.remote()?.id)?;
    let property = look::property(confluence, id).await?;
    let known = property.as_ref().and_then(|one| one.text("key")?.parse::<Key>().ok());
    let key = match known {
        Some(key) => key,
        None => key_in(&look::read_page(confluence, id).await?.body).ok_or_else(|| {
            SinkError::Refused("the page does not say that it is Quell's any more".to_owned())
        })?,
    };
    rewritten(confluence, (id, &key), (Part::State, &calls::state(closed))).await?;
    if !look::has_note(confluence, id, wanted.key).await? {
        note(confluence, (id, wanted.key), body).await?;
    }
    let kept = |name: &str| property.as_ref().and_then(|one| one.text(name)).map(str::to_owned);
    let (hash, files) = (kept("hash"), kept("files"));
    let said = calls::said(&key, (hash.as_deref(), files.as_deref()), closed);
    write_property(confluence, id, (property, &said)).await
}

/// Comments below a page.
pub(super) async fn note(
    confluence: &Confluence,
    (id, key): (&str, &Key),
    body: &Body,
) -> Result<(), SinkError> {
    confluence.site.tell(&calls::comment(id, key, body), COMMENT).await.map(|_| ())
}

async fn write_property(
    confluence: &Confluence,
    id: &str,
    (property, said): (Option<look::Property>, &Value),
) -> Result<(), SinkError> {
    let call = match property {
        Some(property) if property.value == *said => return Ok(()),
        Some(property) => {
            let version = property.version.saturating_add(1);
            calls::property_again(id, segment(&property.id)?, (said, version))
        }
        None => calls::property(id, said),
    };
    confluence.site.tell(&call, EDIT).await.map(|_| ())
}

/// What the login may do.
pub(super) async fn rights(confluence: &Confluence) -> Result<Vec<crate::Right>, SinkError> {
    use crate::{Right, RightState};
    confluence.space().await?;
    let right = |name: &str, purpose: &str, state| Right {
        name: name.to_owned(),
        purpose: purpose.to_owned(),
        state,
    };
    Ok(vec![
        right(READ, "reads the space", RightState::Held),
        // Confluence tells these only of spaces that one administers.
        right("create pages", "makes pages", RightState::Unknown),
        right("add attachments", "adds evidence and fixes", RightState::Unknown),
        right(COMMENT, "says why something was closed", RightState::Unknown),
    ])
}
