//! A double of Slack: one workspace with channels, their messages and threads, and buttons.

mod press;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::{Contract, held};
use crate::double::Platform;
use crate::net::{Answer, Asked};

pub use press::{Press, Pressed};

/// The bot's token that the double takes.
pub const SLACK_TOKEN: &str = "slack-test-token";
/// What the double takes.
const CONTRACT: &str = include_str!("contract.json");
/// The bot that the token belongs to.
const BOT: &str = "B0QUELL";

/// A message as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct SlackMessage {
    /// The channel.
    pub channel: String,
    /// Its time, which is its id.
    pub ts: String,
    /// The message that it answers.
    pub thread: Option<String>,
    /// What was sent, without what says where.
    pub body: Value,
    /// Whose it is.
    pub bot: String,
    /// How often it was changed.
    pub edits: usize,
}

#[derive(Debug, Default)]
struct State {
    messages: Vec<SlackMessage>,
    channels: BTreeSet<String>,
    archived: BTreeSet<String>,
    uninvited: BTreeSet<String>,
    scopes: Vec<String>,
    token: String,
    count: u64,
    page: Option<usize>,
    /// Files that were announced, by id: the name, and what was sent.
    files: BTreeMap<String, (String, Option<Vec<u8>>)>,
}

/// Slack. Everything that a person does there is a method.
#[derive(Debug)]
pub struct SlackDouble {
    state: Mutex<State>,
    contract: Contract,
}

impl SlackDouble {
    /// A workspace with one channel, and a bot with all rights.
    #[must_use]
    pub fn new(channel: &str) -> Self {
        let document = serde_json::from_str(CONTRACT).unwrap_or_default();
        let scopes = ["chat:write", "channels:history"].map(str::to_owned).to_vec();
        let channels = BTreeSet::from([channel.to_owned()]);
        let state = State { channels, scopes, token: SLACK_TOKEN.to_owned(), ..State::default() };
        Self { state: Mutex::new(state), contract: Contract::new(&document) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All messages, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<SlackMessage> {
        self.state().messages.clone()
    }

    /// Somebody deletes a message.
    pub fn delete(&self, ts: &str) {
        self.state().messages.retain(|message| message.ts != ts);
    }

    /// Somebody archives a channel.
    pub fn archive(&self, channel: &str) {
        self.state().archived.insert(channel.to_owned());
    }

    /// Somebody throws the bot out of a channel.
    pub fn kick(&self, channel: &str) {
        self.state().uninvited.insert(channel.to_owned());
    }

    /// The token is revoked and another one given out.
    pub fn new_token(&self, token: &str) {
        token.clone_into(&mut self.state().token);
    }

    /// The bot has these rights from now on.
    pub fn set_scopes(&self, scopes: &[&str]) {
        self.state().scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    }

    /// Lists come in pages of at most so many.
    pub fn set_page(&self, size: usize) {
        self.state().page = Some(size);
    }

    /// What a file of a message holds, by its id.
    #[must_use]
    pub fn file(&self, id: &str) -> Option<Vec<u8>> {
        self.state().files.get(id).and_then(|(_, sent)| sent.clone())
    }

    /// Somebody else's app posts a message.
    pub fn post_by(&self, bot: &str, channel: &str, body: Value) -> String {
        self.state().post(bot, channel, body)
    }
}

impl State {
    fn post(&mut self, bot: &str, channel: &str, mut body: Value) -> String {
        self.count += 1;
        // Times rise, and are all after any clock that a test may have.
        let ts = format!("{}.{:06}", 1_900_000_000 + self.count, self.count * 7 % 1_000_000);
        let thread = body.get("thread_ts").and_then(Value::as_str).map(str::to_owned);
        if let Some(body) = body.as_object_mut() {
            body.remove("channel");
            body.remove("thread_ts");
        }
        let (channel, bot) = (channel.to_owned(), bot.to_owned());
        self.messages.push(SlackMessage { channel, ts: ts.clone(), thread, body, bot, edits: 0 });
        ts
    }

    fn may(&self, scope: &str) -> Result<(), Value> {
        if self.scopes.iter().any(|held| held == scope) {
            return Ok(());
        }
        let provided = self.scopes.join(",");
        Err(json!({"ok": false, "error": "missing_scope", "needed": scope, "provided": provided}))
    }

    fn channel(&self, channel: &str, writes: bool) -> Result<(), Value> {
        if !self.channels.contains(channel) {
            return Err(no("channel_not_found"));
        }
        if self.uninvited.contains(channel) {
            return Err(no("not_in_channel"));
        }
        if writes && self.archived.contains(channel) {
            return Err(no("is_archived"));
        }
        Ok(())
    }

    fn write(&mut self, method: &str, body: &Value) -> Result<Value, Value> {
        self.may("chat:write")?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let channel = text("channel");
        self.channel(channel, true)?;
        check_size(body)?;
        if method == "chat.update" {
            let ts = text("ts");
            let found = self.messages.iter_mut().find(|m| m.channel == channel && m.ts == ts);
            let message = found.ok_or_else(|| no("message_not_found"))?;
            if message.bot != BOT {
                return Err(no("cant_update_message"));
            }
            message.body = body.clone();
            message.edits += 1;
            return Ok(json!({"ok": true, "channel": channel, "ts": ts, "text": text("text")}));
        }
        let thread = text("thread_ts");
        if !thread.is_empty() && !self.messages.iter().any(|m| m.ts == thread) {
            return Err(no("thread_not_found"));
        }
        let ts = self.post(BOT, channel, body.clone());
        Ok(json!({"ok": true, "channel": channel, "ts": ts, "message": {"bot_id": BOT, "ts": ts}}))
    }

    /// Says where a file is sent to.
    fn announce(&mut self, host: &str, fields: &BTreeMap<String, String>) -> Result<Value, Value> {
        self.may("files:write")?;
        let name = fields.get("filename").filter(|name| !name.is_empty());
        let length = fields.get("length").and_then(|length| length.parse::<usize>().ok());
        let (Some(name), Some(1..)) = (name, length) else { return Err(no("invalid_arguments")) };
        let id = format!("F{:09}", self.files.len());
        self.files.insert(id.clone(), (name.clone(), None));
        let place = format!("http://{host}/upload/v1/{id}");
        Ok(json!({"ok": true, "upload_url": place, "file_id": id}))
    }

    /// Shows files that were sent in a thread.
    fn show(&mut self, body: &Value) -> Result<Value, Value> {
        self.may("files:write")?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        self.channel(text("channel_id"), true)?;
        let mut shown = Vec::new();
        for file in body.get("files").and_then(Value::as_array).into_iter().flatten() {
            let id = file.get("id").and_then(Value::as_str).unwrap_or_default();
            let Some((name, Some(_))) = self.files.get(id) else {
                return Err(no("file_not_found"));
            };
            shown.push(json!({"id": id, "name": name, "title": file.get("title")}));
        }
        let message = json!({"text": "", "files": shown, "thread_ts": text("thread_ts")});
        self.post(BOT, text("channel_id"), message);
        Ok(json!({"ok": true, "files": shown}))
    }

    fn list(&self, method: &str, fields: &BTreeMap<String, String>) -> Result<Value, Value> {
        self.may("channels:history")?;
        let text = |name: &str| fields.get(name).map_or("", String::as_str);
        let channel = text("channel");
        self.channel(channel, false)?;
        let in_channel = self.messages.iter().filter(|message| message.channel == channel);
        let mut found: Vec<&SlackMessage> = if method == "conversations.replies" {
            let ts = text("ts");
            let thread =
                in_channel.filter(|m| m.ts == ts || m.thread.as_deref() == Some(ts)).collect();
            if !self.messages.iter().any(|message| message.ts == ts) {
                return Err(no("thread_not_found"));
            }
            thread
        } else {
            let broadcast =
                |m: &SlackMessage| m.body.get("reply_broadcast") == Some(&Value::Bool(true));
            let top = in_channel.filter(|m| m.thread.is_none() || broadcast(m));
            let (oldest, latest) = (text("oldest"), text("latest"));
            let inclusive = text("inclusive") == "true";
            let after = |m: &&SlackMessage| {
                oldest.is_empty() || *m.ts > *oldest || (inclusive && m.ts == oldest)
            };
            let before = |m: &&SlackMessage| {
                latest.is_empty() || *m.ts < *latest || (inclusive && m.ts == latest)
            };
            let mut found: Vec<_> = top.filter(after).filter(before).collect();
            found.reverse();
            found
        };
        let from: usize = text("cursor").trim_start_matches("at-").parse().unwrap_or_default();
        let limit: usize = text("limit").parse().unwrap_or(100).clamp(1, 999);
        let limit = self.page.map_or(limit, |page| limit.min(page));
        let more = found.len() > from + limit;
        found = found.into_iter().skip(from).take(limit).collect();
        let shown: Vec<Value> =
            found.iter().map(|m| view(m, text("include_all_metadata") == "true")).collect();
        let next = if more { format!("at-{}", from + limit) } else { String::new() };
        let metadata = json!({"next_cursor": next});
        Ok(json!({"ok": true, "messages": shown, "has_more": more, "response_metadata": metadata}))
    }
}

fn no(error: &str) -> Value {
    json!({"ok": false, "error": error})
}

/// What Slack says of what is too large or has no text.
fn check_size(body: &Value) -> Result<(), Value> {
    let blocks = body.get("blocks").map(Value::to_string).unwrap_or_default();
    let letters: usize = letters(body.get("blocks").unwrap_or(&Value::Null));
    if blocks.len() > 200_000 || letters > 13_000 {
        return Err(no("msg_blocks_too_long"));
    }
    if body.get("metadata").is_some_and(|metadata| metadata.to_string().len() > 8_000) {
        return Err(no("metadata_too_large"));
    }
    Ok(())
}

fn letters(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.iter().map(letters).sum(),
        Value::Object(fields) => {
            let own = fields.get("text").and_then(Value::as_str).map_or(0, |t| t.chars().count());
            own + fields.values().map(letters).sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn view(message: &SlackMessage, metadata: bool) -> Value {
    let mut view = message.body.clone();
    if let Some(fields) = view.as_object_mut() {
        fields.retain(|name, _| {
            matches!(name.as_str(), "text" | "blocks" | "files") || (metadata && name == "metadata")
        });
        let (ts, bot) = (&message.ts, &message.bot);
        let user = format!("U{bot}");
        let own = json!({"type": "message", "ts": ts, "bot_id": bot, "user": user});
        fields.extend(own.as_object().into_iter().flatten().map(|(n, v)| (n.clone(), v.clone())));
        let thread = message.thread.as_ref();
        fields.extend(thread.map(|thread| ("thread_ts".to_owned(), json!(thread))));
    }
    view
}

impl Platform for SlackDouble {
    fn undescribed(&self, asked: &Asked) -> Option<String> {
        held::undescribed("slack", &["* /upload/v1/*"], asked)
    }

    fn answer(&self, asked: &Asked) -> Answer {
        if let Some(why) = self.contract.refused(asked) {
            return Answer::new(400, why);
        }
        let mut state = self.state();
        if let Some(id) = asked.path.strip_prefix("/upload/v1/") {
            let Some((_, sent)) = state.files.get_mut(id) else { return Answer::new(404, "") };
            *sent = Some(asked.body.clone());
            return Answer::new(200, format!("OK - {}", asked.body.len()));
        }
        let answer = if asked.header("authorization") == Some(&format!("Bearer {}", state.token)) {
            let method = asked.path.trim_start_matches("/api/");
            match method {
                "auth.test" => Ok(json!({
                    "ok": true, "url": "https://example.slack.com/", "team": "Example",
                    "team_id": "T0EXAMPLE", "user": "quell", "user_id": format!("U{BOT}"), "bot_id": BOT,
                })),
                "chat.postMessage" | "chat.update" => {
                    let body = serde_json::from_slice(&asked.body).unwrap_or_default();
                    state.write(method, &body)
                }
                "files.getUploadURLExternal" => {
                    let host = asked.header("host").unwrap_or_default();
                    state.announce(host, &fields(&asked.body))
                }
                "files.completeUploadExternal" => {
                    state.show(&serde_json::from_slice(&asked.body).unwrap_or_default())
                }
                _ => state.list(method, &fields(&asked.body)),
            }
        } else {
            Err(no("invalid_auth"))
        };
        let scopes = state.scopes.join(",");
        let body = answer.unwrap_or_else(|refused| refused).to_string();
        let answer = Answer::new(200, body).header("content-type", "application/json");
        answer.header("x-oauth-scopes", &scopes)
    }
}

/// The fields of a form, without escapes beyond those that Quell's fields have.
fn fields(body: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(body);
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
