//! A button that was pressed, as the server takes it.

use secrecy::SecretString;

use super::back::{Decision, read_action, verify};
use crate::{Hook, NotTaken, Pressed};

/// Reads which button somebody pressed, where Slack signed that within 300 s.
pub(super) fn read(hook: &Hook<'_>) -> Result<Pressed, NotTaken> {
    let headers: Vec<(&str, &[u8])> =
        hook.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let secret = SecretString::from(hook.secret);
    verify(&secret, &headers, hook.body, hook.now).map_err(|_| NotTaken::Signature)?;
    let action = read_action(hook.body).map_err(|error| NotTaken::Body(error.to_string()))?;
    let Some(decision) = action.decision() else {
        return Err(NotTaken::Body("it is no button of an approval".to_owned()));
    };
    let remote = match (&action.channel_id, &action.message_ts) {
        (Some(channel), Some(ts)) => Some(format!("{channel}/{ts}")),
        (None, _) | (_, None) => None,
    };
    Ok(Pressed {
        agrees: decision == Decision::Approve,
        value: action.value,
        person: action.user_id,
        team: action.team_id,
        app: action.api_app_id,
        remote,
    })
}
