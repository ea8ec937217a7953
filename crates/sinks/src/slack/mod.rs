//! Slack: a message in a channel, with its thread; changed when things change; buttons that decide.

mod back;
mod call;
mod files;
mod find;
mod press;
#[cfg(test)]
mod tests;
mod text;

use std::time::Duration;

use quell_deliver::outbox::{Act, ActKind, OnDoubt, Outcome, Remote};
use quell_deliver::{Attachment, Body, Letter, Line};
use quell_http::Rate;
use serde_json::{Map, Value, json};

pub use back::{APPROVE, Action, DENY, Decision, Forged, NoAction, read_action, verify};
pub use text::APPROVAL_LABEL;

use crate::{
    Draft, Future, Gone, Kind, Phase, Plan, Right, RightState, Setting, Sink, SinkError, Standing,
    Wanted,
};
use call::{Answer, Said, Slack};
use find::Us;
use text::{Headline, Message};

/// How messages are made in Slack.
pub(crate) const KIND: Kind = Kind {
    id: "slack",
    title: "Slack",
    settings: SETTINGS,
    // One message a second in a channel, with a small burst.
    rate: Some(Rate::new(1, 1, 3)),
    hear: None,
    press: Some(press::read),
    connect: |plan| Ok(Box::new(connect(plan)?)),
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "url",
        doc: "Where Slack answers, if not at https://slack.com.",
        required: false,
        sample: "https://slack.com",
    },
    Setting { name: "secret", doc: "The bot's token.", required: true, sample: "env:SLACK_TOKEN" },
    Setting { name: "project", doc: "The id of the channel.", required: true, sample: "C024BE91L" },
    Setting {
        name: "buttons",
        doc: "`true`: messages that ask for an approval have buttons to approve and to deny.",
        required: false,
        sample: "true",
    },
    Setting {
        name: "signed_with",
        doc: "The app's signing secret, for buttons.",
        required: false,
        sample: "env:SLACK_SIGNING_SECRET",
    },
    Setting {
        name: "team",
        doc: "The id of the workspace, for buttons: a press elsewhere does not count.",
        required: false,
        sample: "T024BE7LD",
    },
    Setting {
        name: "app",
        doc: "The id of the app, for buttons: a press of another's does not count.",
        required: false,
        sample: "A024BE7LH",
    },
    Setting {
        name: "watch",
        doc: "`true`: it is looked whether each message is still there, with a call for each.",
        required: false,
        sample: "false",
    },
    Setting {
        name: "files",
        doc: "`true`: evidence and fixes are added as files to the message's thread.",
        required: false,
        sample: "false",
    },
    Setting {
        name: "workspace",
        doc: "The address of the workspace, so that Quell can link to its messages.",
        required: false,
        sample: "https://example.slack.com",
    },
];

/// What marks a message's metadata as Quell's.
const EVENT: &str = "quell_delivery";
/// A message is in the channel's history as soon as it is posted; this is for a request that was
/// still on its way.
const SETTLE: Duration = Duration::from_secs(30);
/// Reads the channel.
const HISTORY: (&str, &str) = ("conversations.history", "channels:history");

fn connect(plan: Plan) -> Result<Slack, SinkError> {
    let wrong = |name: &'static str, why: &str| SinkError::Setting { name, why: why.to_owned() };
    let url = plan.url.as_deref().filter(|url| !url.is_empty()).unwrap_or("https://slack.com");
    let url = url.trim_end_matches('/').to_owned();
    let channel = Plan::require("project", plan.project.as_ref())?.to_owned();
    if !is_id(&channel) {
        return Err(wrong("project", "is no id of a channel; it stands below its details: `C…`"));
    }
    let truth = |name: &'static str| match plan.option(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(wrong(name, "is neither `true` nor `false`")),
    };
    let (buttons, watch, files) = (truth("buttons")?, truth("watch")?, truth("files")?);
    for name in ["team", "app"] {
        let is_missing = plan.option(name).is_none_or(|text| !is_id(text));
        if buttons && is_missing {
            return Err(wrong(name, "is missing or no id; buttons need it"));
        }
    }
    let workspace = plan.option("workspace").map(|text| text.trim_end_matches('/').to_owned());
    if workspace.as_deref().is_some_and(|text| !text.starts_with("https://")) {
        return Err(wrong("workspace", "does not begin with `https://`"));
    }
    Ok(Slack {
        name: plan.name,
        url,
        channel,
        workspace,
        buttons,
        watch,
        files,
        credentials: plan.credentials,
        client: plan.client,
        clock: plan.clock,
        hosts: plan.hosts,
    })
}

fn is_id(text: &str) -> bool {
    (2..=30).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_ts(text: &str) -> bool {
    let Some((seconds, rest)) = text.split_once('.') else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.len() <= 32 && digits(seconds) && digits(rest)
}

impl Sink for Slack {
    fn acts(&self) -> &'static [ActKind] {
        &[ActKind::Open, ActKind::Edit, ActKind::Note, ActKind::Close, ActKind::Reopen]
    }

    fn on_doubt(&self, act: ActKind) -> OnDoubt {
        match act {
            ActKind::Open | ActKind::Note | ActKind::Reopen => OnDoubt::Look { settle: SETTLE },
            // A file that was sent may be shown a little later.
            ActKind::Edit if self.files => OnDoubt::Look { settle: SETTLE },
            ActKind::Edit | ActKind::Close | ActKind::Review => OnDoubt::Again,
        }
    }

    fn drafts(&self, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError> {
        let (title, key) = ("{title}".to_owned(), Some("{key}".to_owned()));
        let head = Headline { title, page: None, key };
        let calls = self.calls(wanted, &head)?;
        let draft = |(method, body): (&str, Value)| Draft {
            method: "POST".to_owned(),
            target: self.address(method),
            body: serde_json::to_string_pretty(&body).unwrap_or_default(),
        };
        let files = self.file_drafts(wanted);
        Ok(calls.into_iter().map(draft).chain(files).collect())
    }

    fn act<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(act(self, wanted))
    }

    fn find<'a>(&'a self, wanted: &'a Wanted<'a>) -> Future<'a, Option<Remote>> {
        Box::pin(async move {
            match wanted.act.kind() {
                ActKind::Open => {
                    let us = self.us().await?;
                    self.found(wanted, &us).await
                }
                ActKind::Note | ActKind::Reopen => {
                    let us = self.us().await?;
                    let remote = wanted.remote()?;
                    let found = find::reply(self, wanted, &us).await?;
                    Ok(found.map(|_| remote.clone()))
                }
                ActKind::Edit | ActKind::Close | ActKind::Review => Ok(None),
            }
        })
    }

    fn read<'a>(&'a self, remote: &'a Remote) -> Future<'a, Option<Standing>> {
        Box::pin(async move {
            if !self.watch {
                return Ok(None);
            }
            let standing = |phase, gone| Standing {
                remote: remote.clone(),
                phase,
                phase_at: None,
                phase_by_us: phase == Phase::Done,
                resolution: None,
                fields: std::collections::BTreeMap::new(),
                gone,
            };
            let said = match self.said(remote).await {
                Ok(said) => said,
                Err(SinkError::Gone(_)) => return Ok(Some(standing(Phase::New, Gone::Deleted))),
                Err(error) => return Err(error),
            };
            let closed = said.metadata.is_some_and(|noted| {
                noted.event_payload.get("state").is_some_and(|state| state == "closed")
            });
            let phase = if closed { Phase::Done } else { Phase::New };
            Ok(Some(standing(phase, Gone::No)))
        })
    }

    fn test(&self) -> Future<'_, Vec<Right>> {
        Box::pin(rights(self))
    }
}

/// Does an act: at most one of its calls makes something, and that is the last. Files follow.
async fn act(slack: &Slack, wanted: &Wanted<'_>) -> Result<Option<Remote>, SinkError> {
    let head = match wanted.act {
        Act::Close { .. } | Act::Reopen { .. } => {
            let said = slack.said(wanted.remote()?).await?;
            let payload = said.metadata.map(|noted| noted.event_payload).unwrap_or_default();
            Headline::read(&payload, &slack.hosts)
        }
        Act::Open { .. } | Act::Edit { .. } | Act::Note { .. } | Act::Review { .. } => {
            Headline::default()
        }
    };
    let mut last = Answer::default();
    for (method, body) in slack.calls(wanted, &head)? {
        last = slack.write(method, &body, "chat:write").await?;
    }
    match wanted.act {
        Act::Open { letter } => {
            let ts = last.ts.ok_or_else(|| SinkError::shape("$.ts", "is missing"))?;
            let channel = last.channel.unwrap_or_else(|| slack.channel.clone());
            let remote = slack.remote(&channel, &ts)?;
            if slack.files {
                first_files(slack, (&channel, &ts), letter).await?;
            }
            Ok(Some(remote))
        }
        Act::Edit { letter } if slack.files => {
            let thread = place(wanted.remote()?)?;
            let us = slack.us().await?;
            let missing = files::missing(slack, thread, (letter, &us)).await?;
            files::add(slack, thread, &missing).await.map(|()| None)
        }
        Act::Edit { .. }
        | Act::Note { .. }
        | Act::Close { .. }
        | Act::Reopen { .. }
        | Act::Review { .. } => Ok(None),
    }
}

/// Adds files to a message that was just made. What Slack will never take is said in the thread;
/// otherwise the message is looked for, and its files with it.
async fn first_files(
    slack: &Slack,
    thread: (&str, &str),
    letter: &Letter,
) -> Result<(), SinkError> {
    let files: Vec<&Attachment> = letter.files.iter().collect();
    let Err(error) = files::add(slack, thread, &files).await else { return Ok(()) };
    let said = match error.outcome() {
        Outcome::Refused(said) => said,
        Outcome::Done(_) | Outcome::Later(..) | Outcome::Lost(_) => {
            return Err(SinkError::Lost(format!("the message stands, its files may not: {error}")));
        }
    };
    let line = Line::own("Its files could not be added here: ").and_data(said);
    let act = Act::Note { body: Body::paragraph(line) };
    let remote = slack.remote(thread.0, thread.1)?;
    let note = Wanted { key: &letter.key, act: &act, remote: Some(&remote) };
    for (method, body) in slack.calls(&note, &Headline::default())? {
        // There is nobody left to tell if this fails too.
        let _told = slack.write(method, &body, "chat:write").await;
    }
    Ok(())
}

impl Slack {
    /// The message that bears a key, once its files are there or come no more.
    async fn found(&self, wanted: &Wanted<'_>, us: &Us) -> Result<Option<Remote>, SinkError> {
        let Some(ts) = find::message(self, wanted, us).await? else { return Ok(None) };
        self.files_came(&ts, (wanted, us)).await?;
        self.remote(&self.channel, &ts).map(Some)
    }

    /// Where a lost answer made a message, its files may still come: until then nobody knows.
    async fn files_came(
        &self,
        ts: &str,
        (wanted, us): (&Wanted<'_>, &Us),
    ) -> Result<(), SinkError> {
        let Act::Open { letter } = wanted.act else { return Ok(()) };
        if !self.files || !files::may_come(ts, self.clock.now()) {
            return Ok(());
        }
        let missing = files::missing(self, (&self.channel, ts), (letter, us)).await?;
        if missing.is_empty() {
            return Ok(());
        }
        Err(SinkError::Lost("the message stands, and its files may still come".to_owned()))
    }

    /// What would be sent for the files of a letter.
    fn file_drafts(&self, wanted: &Wanted<'_>) -> Vec<Draft> {
        let (Act::Open { letter } | Act::Edit { letter }) = wanted.act else { return Vec::new() };
        if !self.files || letter.files.is_empty() {
            return Vec::new();
        }
        let draft =
            |target: String, body: String| Draft { method: "POST".to_owned(), target, body };
        let mut all = Vec::new();
        for file in &letter.files {
            let fields = format!("filename={}&length={}", file.versioned(), file.text.raw().len());
            all.push(draft(self.address(files::PLACE), fields));
            all.push(draft("{upload_url}".to_owned(), file.text.raw().to_owned()));
        }
        let (channel, ts) = wanted.remote.and_then(|remote| place(remote).ok()).unwrap_or_default();
        let (channel, ts) =
            if ts.is_empty() { (self.channel.as_str(), "{ts}") } else { (channel, ts) };
        let files: Vec<(&str, &Attachment)> =
            letter.files.iter().map(|file| ("{file_id}", file)).collect();
        let body = serde_json::to_string_pretty(&files::shown((channel, ts), &files));
        all.push(draft(self.address(files::SHOW), body.unwrap_or_default()));
        all
    }

    /// What is sent for an act, in its order.
    fn calls(
        &self,
        wanted: &Wanted<'_>,
        head: &Headline,
    ) -> Result<Vec<(&'static str, Value)>, SinkError> {
        let bears = head.key.as_deref().unwrap_or(wanted.key.as_str());
        Ok(match wanted.act {
            Act::Open { letter } => {
                let message = text::letter(letter, self.buttons);
                vec![("chat.postMessage", post(&self.channel, &message, wanted, None))]
            }
            Act::Edit { letter } => {
                let message = text::letter(letter, self.buttons);
                vec![("chat.update", update(wanted, &message, (letter.key.as_str(), "open"))?)]
            }
            Act::Note { body } => {
                let (channel, ts) = place(wanted.remote()?)?;
                let message = text::note(body, None);
                vec![("chat.postMessage", post(channel, &message, wanted, Some(ts)))]
            }
            Act::Close { body } => {
                let message = text::told(head, "Closed.", body);
                vec![("chat.update", update(wanted, &message, (bears, "closed"))?)]
            }
            Act::Review { .. } => return Err(SinkError::NO_REVIEW),
            Act::Reopen { body } => {
                let (channel, ts) = place(wanted.remote()?)?;
                let message = text::told(head, "It counts again.", body);
                let changed = update(wanted, &message, (bears, "open"))?;
                let message = text::note(body, Some("It counts again."));
                let reply = post(channel, &message, wanted, Some(ts));
                let reply = with(reply, "reply_broadcast", Value::Bool(true));
                vec![("chat.update", changed), ("chat.postMessage", reply)]
            }
        })
    }

    fn remote(&self, channel: &str, ts: &str) -> Result<Remote, SinkError> {
        if !is_id(channel) || !is_ts(ts) {
            return Err(SinkError::shape("$.ts", "is no message"));
        }
        let short = ts.replace('.', "");
        let url = self.workspace.as_ref();
        let url = url.map(|workspace| format!("{workspace}/archives/{channel}/p{short}"));
        Ok(Remote { id: format!("{channel}/{ts}"), name: format!("{channel} {ts}"), url })
    }

    /// A message as it stands now.
    async fn said(&self, remote: &Remote) -> Result<Said, SinkError> {
        let (channel, ts) = place(remote)?;
        let fields = [
            ("channel", channel),
            ("latest", ts),
            ("oldest", ts),
            ("inclusive", "true"),
            ("limit", "1"),
            ("include_all_metadata", "true"),
        ];
        let (answer, _) = self.ask(HISTORY, &fields).await?;
        let found = answer.messages.into_iter().find(|said| said.ts == ts);
        found.ok_or_else(|| SinkError::Gone("the message was deleted".to_owned()))
    }

    async fn us(&self) -> Result<Us, SinkError> {
        let (answer, _) = self.ask(("auth.test", ""), &[]).await?;
        if answer.user_id.is_none() && answer.bot_id.is_none() {
            return Err(SinkError::shape("$.user_id", "is missing"));
        }
        Ok(Us { user: answer.user_id, bot: answer.bot_id })
    }
}

/// Where a message is: `CHANNEL/TS`.
fn place(remote: &Remote) -> Result<(&str, &str), SinkError> {
    let split = remote.id.split_once('/').filter(|(channel, ts)| is_id(channel) && is_ts(ts));
    split.ok_or_else(|| SinkError::Refused("its id is none of a message in Slack".to_owned()))
}

fn post(channel: &str, message: &Message, wanted: &Wanted<'_>, thread: Option<&str>) -> Value {
    let body = json!({
        "channel": channel,
        "text": message.fallback,
        "blocks": message.blocks,
        "metadata": metadata(wanted.key.as_str(), (wanted.act.kind(), "open"), message),
        "mrkdwn": false,
        "parse": "none",
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
    });
    match thread {
        Some(ts) => with(body, "thread_ts", Value::String(ts.to_owned())),
        None => body,
    }
}

/// An object with a field more.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
    object
}

fn update(
    wanted: &Wanted<'_>,
    message: &Message,
    (key, state): (&str, &str),
) -> Result<Value, SinkError> {
    let (channel, ts) = place(wanted.remote()?)?;
    Ok(json!({
        "channel": channel,
        "ts": ts,
        "text": message.fallback,
        "blocks": message.blocks,
        "metadata": metadata(key, (ActKind::Open, state), message),
        "parse": "none",
        "link_names": false,
    }))
}

/// What a message is found by, and what is needed to write over it.
fn metadata(key: &str, (act, state): (ActKind, &str), message: &Message) -> Value {
    let mut payload = Map::new();
    payload.insert("key".to_owned(), json!(key));
    payload.insert("act".to_owned(), json!(act.as_str()));
    if act == ActKind::Open {
        payload.insert("state".to_owned(), json!(state));
        payload.insert("title".to_owned(), json!(message.title));
    }
    if let Some(page) = &message.page {
        payload.insert("page".to_owned(), json!(page));
    }
    json!({"event_type": EVENT, "event_payload": payload})
}

/// Slack lists a token's rights in a header of every answer.
async fn rights(slack: &Slack) -> Result<Vec<Right>, SinkError> {
    let (_, response) = slack.ask(("auth.test", ""), &[]).await?;
    let scopes = response.header("x-oauth-scopes");
    let state = |names: &[&str]| match scopes {
        None => RightState::Unknown,
        Some(held) if held.split(',').any(|scope| names.contains(&scope.trim())) => {
            RightState::Held
        }
        Some(_) => RightState::Missing,
    };
    let right = |name: &str, purpose: &str, state| Right {
        name: name.to_owned(),
        purpose: purpose.to_owned(),
        state,
    };
    let files = slack
        .files
        .then(|| right(files::RIGHT, "adds evidence and fixes to threads", state(&[files::RIGHT])));
    let mut rights = vec![
        right("chat:write", "posts and changes messages", state(&["chat:write"])),
        right(
            "channels:history",
            "finds a message whose answer was lost, and closes messages; groups:history in private channels",
            state(&["channels:history", "groups:history"]),
        ),
    ];
    rights.extend(files);
    Ok(rights)
}
