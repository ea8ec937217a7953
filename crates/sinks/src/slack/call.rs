//! One call of Slack's Web API, and what its answer means. Slack says no with a 200 and `ok: false`.

use std::sync::Arc;
use std::time::Duration;

use quell_deliver::text::Hosts;
use quell_http::{Client, Request, Response, retry_after};
use quell_model::Clock;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;

use crate::{Credentials, SinkError};

/// The longest wait that Slack may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// Most characters kept of what Slack says.
const MOST_SAID: usize = 300;

/// One channel of one workspace, as one bot.
pub(super) struct Slack {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) channel: String,
    /// The address of the workspace, for links to messages.
    pub(super) workspace: Option<String>,
    pub(super) buttons: bool,
    /// Whether it is looked how messages stand.
    pub(super) watch: bool,
    /// Whether files are added to threads.
    pub(super) files: bool,
    pub(super) credentials: Arc<dyn Credentials>,
    pub(super) client: Client,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) hosts: Hosts,
}

/// What Slack answers, as far as it is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    ok: Option<bool>,
    error: Option<String>,
    needed: Option<String>,
    pub(super) response_metadata: Metadata,
    pub(super) channel: Option<String>,
    pub(super) ts: Option<String>,
    pub(super) messages: Vec<Said>,
    pub(super) has_more: bool,
    pub(super) user_id: Option<String>,
    pub(super) bot_id: Option<String>,
    pub(super) upload_url: Option<String>,
    pub(super) file_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    pub(super) next_cursor: String,
    messages: Vec<String>,
}

/// A message that stands in the channel.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    pub(super) ts: String,
    pub(super) user: Option<String>,
    pub(super) bot_id: Option<String>,
    pub(super) metadata: Option<Noted>,
    pub(super) files: Vec<Shared>,
}

/// A file of a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Shared {
    pub(super) name: String,
}

/// The metadata of a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Noted {
    pub(super) event_type: String,
    pub(super) event_payload: Value,
}

impl Slack {
    pub(super) fn address(&self, method: &str) -> String {
        format!("{}/api/{method}", self.url)
    }

    /// Makes or changes something. It is sent once.
    pub(super) async fn write(
        &self,
        method: &str,
        body: &Value,
        right: &'static str,
    ) -> Result<Answer, SinkError> {
        let text = serde_json::to_vec(body).unwrap_or_default();
        let request = Request::post(&self.address(method))?;
        let request = request.body("application/json; charset=utf-8", text)?;
        Ok(self.send(request, right).await?.0)
    }

    /// Asks for something, which may be sent twice.
    pub(super) async fn ask(
        &self,
        (method, right): (&str, &'static str),
        fields: &[(&str, &str)],
    ) -> Result<(Answer, Response), SinkError> {
        let request = Request::post(&self.address(method))?.form(fields)?.idempotent();
        self.send(request, right).await
    }

    async fn send(
        &self,
        request: Request,
        right: &'static str,
    ) -> Result<(Answer, Response), SinkError> {
        let token = self.credentials.read().await?.secret;
        let bearer = format!("Bearer {}", token.expose_secret());
        let request = request.secret_header("authorization", &bearer)?;
        let request = request.hide(token.expose_secret()).account(&self.name).no_redirects();
        let response = self.client.send(&request).await?;
        let answer: Answer = serde_json::from_slice(response.body())
            .map_err(|error| SinkError::shape("$", error.to_string()))?;
        match answer.ok {
            Some(true) => Ok((answer, response)),
            Some(false) => {
                let wait = retry_after(response.headers(), self.clock.now(), LONGEST_WAIT);
                let error = refusal(&answer, right, wait);
                Err(error)
            }
            None => Err(SinkError::shape("$.ok", "is missing")),
        }
    }
}

/// What a no of Slack's means.
fn refusal(answer: &Answer, right: &'static str, wait: Option<Duration>) -> SinkError {
    let code = answer.error.as_deref().unwrap_or("no error is named");
    let mut said: String = code.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect();
    let details = answer.response_metadata.messages.join("; ");
    if !details.is_empty() {
        let details: String = details.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect();
        said = format!("{said} ({details})");
    }
    match code {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => SinkError::Busy { wait, said },
        // Slack says of these that nothing was done.
        "service_unavailable" | "request_timeout" | "team_added_to_org" => {
            SinkError::Busy { wait, said }
        }
        // Slack says of these that some of it may have been done.
        "internal_error" | "fatal_error" => SinkError::Lost(said),
        "invalid_auth"
        | "not_authed"
        | "token_revoked"
        | "token_expired"
        | "account_inactive"
        | "org_login_required"
        | "two_factor_setup_required" => SinkError::Login(said),
        "missing_scope"
        | "no_permission"
        | "not_allowed_token_type"
        | "access_denied"
        | "ekm_access_denied" => {
            let right = answer.needed.as_deref().unwrap_or(right);
            let right = right.chars().filter(|c| c.is_ascii_graphic()).take(80).collect();
            SinkError::Forbidden { right, said }
        }
        "message_not_found" | "thread_not_found" => SinkError::Gone(said),
        code => SinkError::Refused(match hint(code) {
            Some(hint) => format!("{said}: {hint}"),
            None => said,
        }),
    }
}

/// What a person does about it.
fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "channel_not_found" => {
            "`project` is no channel that the bot sees; it takes the channel's id, and a private \
             channel has to invite the bot"
        }
        "not_in_channel" => {
            "invite the bot to the channel, or give it the right `chat:write.public`"
        }
        "is_archived" => "the channel is archived; name another as `project`",
        "restricted_action"
        | "restricted_action_read_only_channel"
        | "restricted_action_thread_only_channel"
        | "restricted_action_non_threadable_channel" => "the channel lets only some people post",
        "edit_window_closed" | "cant_update_message" => {
            "the workspace does not let this message be changed any more"
        }
        "msg_too_long" | "msg_blocks_too_long" | "metadata_too_large" => {
            "the message is larger than Slack takes"
        }
        _ => return None,
    })
}

impl std::fmt::Debug for Slack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Slack({} at {})", self.channel, self.url)
    }
}
