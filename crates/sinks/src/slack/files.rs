//! Files beside a message, in its thread. A file of a name is there once: nothing in Slack refuses
//! the second, so the thread is looked at before one is added.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use quell_deliver::{Attachment, Letter};
use quell_http::Request;
use serde_json::{Value, json};
use url::Url;

use super::call::Slack;
use super::find::Us;
use super::{SETTLE, find};
use crate::SinkError;
use crate::common::before::nothing_sent;

/// Says where a file is sent to.
pub(super) const PLACE: &str = "files.getUploadURLExternal";
/// Shows files that were sent.
pub(super) const SHOW: &str = "files.completeUploadExternal";
/// The right for both.
pub(super) const RIGHT: &str = "files:write";

/// The files of a letter that its thread does not show yet.
pub(super) async fn missing<'a>(
    slack: &Slack,
    thread: (&str, &str),
    (letter, us): (&'a Letter, &Us),
) -> Result<Vec<&'a Attachment>, SinkError> {
    if letter.files.is_empty() {
        return Ok(Vec::new());
    }
    let there: BTreeSet<String> = find::files(slack, thread, us).await?;
    let is_missing = |file: &&Attachment| !there.contains(&file.versioned());
    Ok(letter.files.iter().filter(is_missing).collect())
}

/// Sends files, and shows them in a thread: all of them with one call, the last.
pub(super) async fn add(
    slack: &Slack,
    thread: (&str, &str),
    files: &[&Attachment],
) -> Result<(), SinkError> {
    let mut ids = Vec::with_capacity(files.len());
    for file in files {
        ids.push(sent(slack, file).await.map_err(nothing_sent)?);
    }
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<(&str, &Attachment)> =
        ids.iter().map(String::as_str).zip(files.iter().copied()).collect();
    slack.write(SHOW, &shown(thread, &ids), RIGHT).await.map(|_| ())
}

/// Sends a file, which nobody sees yet. Tells its id.
async fn sent(slack: &Slack, file: &Attachment) -> Result<String, SinkError> {
    let (name, length) = (file.versioned(), file.text.raw().len().to_string());
    let fields = [("filename", name.as_str()), ("length", length.as_str())];
    let (answer, _) = slack.ask((PLACE, RIGHT), &fields).await?;
    let missing = |path: &'static str| SinkError::shape(path, "is missing");
    let place = answer.upload_url.ok_or_else(|| missing("$.upload_url"))?;
    let id = answer.file_id.filter(|id| super::is_id(id)).ok_or_else(|| missing("$.file_id"))?;
    if !is_of_slack(&slack.url, &place) {
        return Err(SinkError::shape("$.upload_url", "leads to another host than Slack's"));
    }
    // The address itself lets the file in, so the token stays here.
    let request = Request::post(&place)?.no_redirects().account(&slack.name);
    let request = request.body("application/octet-stream", file.text.raw().as_bytes().to_vec())?;
    slack.client.send(&request).await?;
    Ok(id)
}

/// What shows files in a thread.
pub(super) fn shown((channel, ts): (&str, &str), files: &[(&str, &Attachment)]) -> Value {
    let files: Vec<Value> =
        files.iter().map(|(id, file)| json!({"id": id, "title": file.name})).collect();
    json!({"files": files, "channel_id": channel, "thread_ts": ts})
}

/// Whether an address is of the host that is asked, or one of Slack's own.
fn is_of_slack(asked: &str, place: &str) -> bool {
    let (Ok(asked), Ok(place)) = (Url::parse(asked), Url::parse(place)) else { return false };
    let is_own = place.scheme() == "https"
        && place.host_str().is_some_and(|host| host.ends_with(".slack.com"));
    is_own || asked.origin() == place.origin()
}

/// Whether a file of a message may still come, whose answer was lost.
pub(super) fn may_come(ts: &str, now: Timestamp) -> bool {
    let seconds = ts.split_once('.').and_then(|(seconds, _)| seconds.parse().ok());
    let at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    at.is_some_and(|at| {
        Duration::from_secs(now.duration_since(at).as_secs().unsigned_abs()) < SETTLE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_goes_to_slack_alone() {
        let is = |place: &str| is_of_slack("https://slack.com", place);
        assert!(is("https://files.slack.com/upload/v1/a"));
        assert!(is("https://slack.com/upload/v1/a"));
        for place in [
            "http://files.slack.com/upload",
            "https://files.slack.com.example/upload",
            "https://notslack.com/upload",
            "https://example.com/?.slack.com",
            "https://files.slack.com@example.com/",
            "file:///etc/passwd",
            "",
        ] {
            assert!(!is(place), "{place}");
        }
        assert!(is_of_slack("http://127.0.0.1:1", "http://127.0.0.1:1/upload/v1/a"));
        assert!(!is_of_slack("http://127.0.0.1:1", "http://127.0.0.1:2/upload/v1/a"));
    }

    #[test]
    fn a_file_may_come_for_half_a_minute() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        assert!(may_come("999971.000100", now));
        assert!(!may_come("999970.000100", now));
        assert!(!may_come("x", now));
    }
}
