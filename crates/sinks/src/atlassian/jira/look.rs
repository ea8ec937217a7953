//! What bears a key, found again.

use quell_deliver::Key;
use quell_deliver::outbox::{Act, Remote};
use serde_json::{Value, json};

use super::super::adf;
use super::super::client::{Call, segment};
use super::fields::PROPERTY;
use super::settings::Edition;
use super::{BROWSE, Jira, account, act, phase};
use crate::{SinkError, Wanted};

/// Issues of one label that are looked at. Only copies made by people share one.
const MOST_ISSUES: usize = 50;
/// Comments asked for at once, and how often.
const COMMENTS: usize = 100;
const MOST_PAGES: usize = 20;

/// Looks for what an act did.
pub(in super::super) async fn find(
    jira: &Jira,
    wanted: &Wanted<'_>,
) -> Result<Option<Remote>, SinkError> {
    let is_done = match wanted.act {
        Act::Open { .. } if jira.settings.desk.is_some() => {
            return request(jira, wanted.key).await;
        }
        Act::Open { .. } => return issue(jira, wanted.key).await,
        Act::Edit { .. } | Act::Review { .. } => false,
        Act::Note { .. } => has_note(jira, segment(&wanted.remote()?.id)?, wanted.key).await?,
        Act::Close { .. } | Act::Reopen { .. } => {
            let id = segment(&wanted.remote()?.id)?;
            let wants_done = matches!(wanted.act, Act::Close { .. });
            phase::is_done(jira, id).await? == wants_done && has_note(jira, id, wanted.key).await?
        }
    };
    Ok(if is_done { wanted.remote.cloned() } else { None })
}

/// The oldest issue that bears a key as label and as property. A person's copy of an issue has the
/// label alone.
pub(in super::super) async fn issue(jira: &Jira, key: &Key) -> Result<Option<Remote>, SinkError> {
    // A mark is letters, digits and `-`, so nothing in the question can be anything else.
    let jql = format!("labels = \"{}\" ORDER BY created ASC", key.mark());
    for issue in &searched(jira, &jql, &["created"]).await? {
        let found = act::remote(jira, issue)?;
        if bears(jira, &found.id, key).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The oldest request of the login's own whose text bears a key.
async fn request(jira: &Jira, key: &Key) -> Result<Option<Remote>, SinkError> {
    let me = jira.me().await?;
    let jql = format!(
        "project = \"{}\" AND description ~ \"{key}\" ORDER BY created ASC",
        jira.settings.project
    );
    let issues = searched(jira, &jql, &["description", "creator"]).await?;
    let is_ours = |issue: &&Value| {
        issue.pointer("/fields/creator").and_then(account) == Some(me.as_str())
            && issue
                .pointer("/fields/description")
                .is_some_and(|t| text_of(t).contains(key.as_str()))
    };
    issues.iter().find(is_ours).map(|issue| act::remote(jira, issue)).transpose()
}

/// Searches, with what is wanted of each issue.
async fn searched(jira: &Jira, jql: &str, fields: &[&str]) -> Result<Vec<Value>, SinkError> {
    let body = json!({"jql": jql, "fields": fields, "maxResults": MOST_ISSUES});
    let below = match jira.settings.edition {
        Edition::Cloud => "search/jql",
        Edition::DataCenter => "search",
    };
    let mut answer = jira.site.ask(&Call::post(jira.path(below), body), BROWSE).await?;
    match answer.get_mut("issues").map(Value::take) {
        Some(Value::Array(mut issues)) => {
            issues.truncate(MOST_ISSUES);
            Ok(issues)
        }
        Some(_) | None => Err(SinkError::shape("$.issues", "is no list")),
    }
}

async fn bears(jira: &Jira, id: &str, key: &Key) -> Result<bool, SinkError> {
    let call = Call::get(jira.path(&format!("issue/{id}/properties/{PROPERTY}")));
    match jira.site.ask(&call, BROWSE).await {
        Ok(answer) => {
            Ok(answer.pointer("/value/key").and_then(Value::as_str) == Some(key.as_str()))
        }
        Err(SinkError::Gone(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a comment of the login's own bears a key.
pub(in super::super) async fn has_note(
    jira: &Jira,
    id: &str,
    key: &Key,
) -> Result<bool, SinkError> {
    let me = jira.me().await?;
    for page in 0..MOST_PAGES {
        let start = page * COMMENTS;
        let query = format!("startAt={start}&maxResults={COMMENTS}&orderBy=-created");
        let call = Call::get(jira.path(&format!("issue/{id}/comment?{query}")));
        let answer = jira.site.ask(&call, BROWSE).await?;
        let comments = answer.get("comments").and_then(Value::as_array);
        let comments = comments.ok_or_else(|| SinkError::shape("$.comments", "is no list"))?;
        let is_ours = |comment: &Value| {
            comment.get("author").and_then(account) == Some(me.as_str())
                && comment.get("body").is_some_and(|body| text_of(body).contains(key.as_str()))
        };
        if comments.iter().any(is_ours) {
            return Ok(true);
        }
        if comments.len() < COMMENTS {
            return Ok(false);
        }
    }
    Ok(false)
}

/// The text of a field, whether it is a document or markup.
pub(super) fn text_of(body: &Value) -> String {
    body.as_str().map_or_else(|| adf::plain(body), str::to_owned)
}
