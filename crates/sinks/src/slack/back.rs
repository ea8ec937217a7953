//! The way back from Slack: whether a request is Slack's, and which button was pressed.
//!
//! A button says nothing but an opaque id. Who may decide, whether it is decided already and what
//! it is about is known by the server alone.

use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;
use url::{Url, form_urlencoded};

/// The `action_id` of the button that approves.
pub const APPROVE: &str = "quell.approve";
/// The `action_id` of the button that denies.
pub const DENY: &str = "quell.deny";

/// A request older than this, or from so far ahead, may be one that is played back.
const MOST_SECONDS: i64 = 300;
/// Largest body that is read.
const MOST_BYTES: usize = 1 << 20;
/// Longest id that is read.
const MOST_ID: usize = 255;
/// Where answers to a button are sent.
const HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

/// Why a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// A header is missing, is there twice or is not shaped as Slack's.
    #[error("`{0}` is missing, is there twice or is not well-formed")]
    Header(&'static str),
    /// It was signed too long ago, or ahead of time.
    #[error("it was signed more than 300 s ago or ahead")]
    Time,
    /// The signature is another.
    #[error("the signature does not fit")]
    Signature,
}

/// Whether Slack signed a request: the `v0` signature over the time and the raw body.
///
/// # Errors
/// A header is missing or twice there, the time is too far from now, or the signature does not fit.
pub fn verify(
    secret: &SecretString,
    headers: &[(&str, &[u8])],
    body: &[u8],
    now: Timestamp,
) -> Result<(), Forged> {
    let stamp = only(headers, "x-slack-request-timestamp")?;
    let given = only(headers, "x-slack-signature")?;
    let wrong = Forged::Header("x-slack-request-timestamp");
    let digits = (1..=12).contains(&stamp.len()) && stamp.bytes().all(|b| b.is_ascii_digit());
    let seconds: i64 = stamp.parse().ok().filter(|_| digits).ok_or(wrong)?;
    if seconds.abs_diff(now.as_second()) > MOST_SECONDS.unsigned_abs() {
        return Err(Forged::Time);
    }
    let wrong = Forged::Header("x-slack-signature");
    let given = given.strip_prefix("v0=").and_then(unhex).ok_or(wrong)?;
    if secret.expose_secret().is_empty() {
        return Err(Forged::Signature);
    }
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes());
    let mut mac = mac.map_err(|_| Forged::Signature)?;
    mac.update(b"v0:");
    mac.update(stamp.as_bytes());
    mac.update(b":");
    mac.update(body);
    // This comparison takes the same time wherever they differ.
    mac.verify_slice(&given).map_err(|_| Forged::Signature)
}

/// The one value of a header.
fn only<'a>(headers: &[(&str, &'a [u8])], name: &'static str) -> Result<&'a str, Forged> {
    let mut values = headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    let (Some((_, value)), None) = (values.next(), values.next()) else {
        return Err(Forged::Header(name));
    };
    std::str::from_utf8(value).map_err(|_| Forged::Header(name))
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let bytes: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut out = [0; 32];
    for (to, pair) in out.iter_mut().zip(bytes.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *to = digit(*high)? << 4 | digit(*low)?;
    }
    Some(out)
}

/// What a button decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Approve,
    /// No.
    Deny,
}

/// A button that was pressed. All of it is what the request says; the server compares the team, the
/// app and the user with what it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Which button.
    pub action_id: String,
    /// The opaque id that Quell gave it: a delivery's key.
    pub value: String,
    /// Who pressed it.
    pub user_id: String,
    /// In which workspace.
    pub team_id: String,
    /// For which app.
    pub api_app_id: String,
    /// Opens a dialog within three seconds.
    pub trigger_id: Option<String>,
    /// Where an answer may be sent, for half an hour and five times. It is there only where it
    /// leads to Slack.
    pub response_url: Option<String>,
    /// The channel of the message.
    pub channel_id: Option<String>,
    /// The message.
    pub message_ts: Option<String>,
}

impl Action {
    /// What it decides; none where it is no button of an approval.
    #[must_use]
    pub fn decision(&self) -> Option<Decision> {
        match self.action_id.as_str() {
            APPROVE => Some(Decision::Approve),
            DENY => Some(Decision::Deny),
            _ => None,
        }
    }
}

/// Why a body is not the press of one button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAction {
    /// It is larger than any of Slack's.
    #[error("it is larger than 1 MiB")]
    Large,
    /// It is no form with one `payload` of JSON.
    #[error("it is no form with one `payload`")]
    Form,
    /// It is another interaction than the press of one button.
    #[error("it is not the press of one button")]
    Kind,
    /// A field is missing or too long.
    #[error("`{0}` is missing or too long")]
    Field(&'static str),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    r#type: String,
    actions: Vec<Pressed>,
    user: Id,
    team: Option<Id>,
    api_app_id: String,
    trigger_id: Option<String>,
    response_url: Option<String>,
    channel: Option<Id>,
    container: Option<Container>,
    message: Option<Container>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pressed {
    r#type: String,
    action_id: String,
    value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Id {
    id: String,
    team_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    #[serde(alias = "ts")]
    message_ts: Option<String>,
    channel_id: Option<String>,
}

/// Reads the press of a button from the raw body of a request whose signature was verified.
///
/// # Errors
/// It is not the press of exactly one button, or lacks what says whose it is.
pub fn read_action(body: &[u8]) -> Result<Action, NoAction> {
    if body.len() > MOST_BYTES {
        return Err(NoAction::Large);
    }
    let mut fields = form_urlencoded::parse(body).filter(|(name, _)| name == "payload");
    let (Some((_, text)), None) = (fields.next(), fields.next()) else {
        return Err(NoAction::Form);
    };
    let payload: Value = serde_json::from_str(&text).map_err(|_| NoAction::Form)?;
    let payload: Payload = serde_json::from_value(payload).map_err(|_| NoAction::Kind)?;
    let is_one = payload.r#type == "block_actions" && payload.actions.len() == 1;
    let pressed = payload.actions.into_iter().next().filter(|_| is_one);
    let pressed = pressed.filter(|pressed| pressed.r#type == "button").ok_or(NoAction::Kind)?;
    let team = payload.team.map(|team| team.id).or(payload.user.team_id);
    let placed = payload.container.or(payload.message);
    let (ts, channel) =
        placed.map_or((None, None), |placed| (placed.message_ts, placed.channel_id));
    let channel = channel.or(payload.channel.map(|channel| channel.id));
    Ok(Action {
        action_id: id("actions[0].action_id", pressed.action_id)?,
        value: id("actions[0].value", pressed.value)?,
        user_id: id("user.id", payload.user.id)?,
        team_id: id("team.id", team.unwrap_or_default())?,
        api_app_id: id("api_app_id", payload.api_app_id)?,
        trigger_id: payload.trigger_id.and_then(|text| id("trigger_id", text).ok()),
        response_url: payload.response_url.filter(|url| is_slack(url)),
        channel_id: channel.and_then(|text| id("channel.id", text).ok()),
        message_ts: ts.and_then(|text| id("container.message_ts", text).ok()),
    })
}

/// An id of printable ASCII.
fn id(name: &'static str, text: String) -> Result<String, NoAction> {
    let fits = (1..=MOST_ID).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(text) } else { Err(NoAction::Field(name)) }
}

fn is_slack(url: &str) -> bool {
    let Ok(parsed) = Url::parse(url) else { return false };
    let plain = parsed.username().is_empty() && parsed.password().is_none();
    let host = parsed.host_str().is_some_and(|host| HOSTS.contains(&host));
    parsed.scheme() == "https" && plain && host && parsed.port().is_none() && url.len() <= 2_000
}
