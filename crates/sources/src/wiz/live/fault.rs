//! Errors that stand in the body of an answer, and what they mean.

use std::time::Duration;

use serde_json::Value;

use super::call::Question;
use crate::live::LiveError;
use crate::wire::text_of;

/// Characters shown of what the vendor says.
const SHOWN: usize = 300;

/// One error of an answer.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Fault {
    pub(super) message: Value,
    path: Value,
    extensions: Value,
}

impl Fault {
    pub(super) fn said(&self) -> &str {
        self.message.as_str().unwrap_or("an error without words")
    }

    fn code(&self) -> &str {
        self.extensions.get("code").and_then(Value::as_str).unwrap_or_default()
    }

    fn wait(&self) -> Option<Duration> {
        let seconds = self.extensions.get("retryAfter").and_then(text_of)?;
        let seconds = seconds.parse::<f64>().ok().filter(|seconds| *seconds > 0.0)?;
        // A wait is held in the bounds that a header would be held in.
        Duration::try_from_secs_f64(seconds.clamp(1.0, 3_600.0)).ok()
    }

    fn has(&self, words: &[&str]) -> bool {
        let said = self.said().to_ascii_lowercase();
        words.iter().any(|word| said.contains(word))
    }

    fn is_denial(&self) -> bool {
        matches!(self.code(), "FORBIDDEN" | "ACCESS_DENIED") || self.has(&["access denied"])
    }

    fn is_busy(&self) -> bool {
        matches!(self.code(), "RATE_LIMITED" | "TOO_MANY_REQUESTS" | "THROTTLED")
            || self.has(&["rate limit", "too many requests"])
    }

    fn is_broken(&self) -> bool {
        matches!(
            self.code(),
            "INTERNAL_SERVER_ERROR" | "INTERNAL" | "SERVICE_UNAVAILABLE" | "TIMEOUT"
        ) || self.has(&["internal error", "timed out", "try again"])
    }

    fn is_about_the_cursor(&self) -> bool {
        let names_it = self.path.as_array().is_some_and(|path| path.iter().any(|p| p == "after"));
        names_it || self.has(&["cursor", "`after`", "\"after\""])
    }
}

/// What the vendor said of a token that it does not take.
pub(super) fn refuses_token(faults: &[Fault]) -> Option<&str> {
    let fault = faults.iter().find(|fault| fault.code() == "UNAUTHENTICATED");
    fault.map(Fault::said)
}

/// Whether one says to come later: what stands beside it is then not all there is.
pub(super) fn any_busy(faults: &[Fault]) -> bool {
    faults.iter().any(Fault::is_busy)
}

/// What errors without data mean.
pub(super) fn meaning(faults: &[Fault], question: &Question<'_>, secret: &str) -> LiveError {
    let said = |fault: &Fault| shown(fault.said(), secret);
    if let Some(busy) = faults.iter().find(|fault| fault.is_busy()) {
        return LiveError::Busy { wait: busy.wait(), said: said(busy) };
    }
    if let Some(denial) = faults.iter().find(|fault| fault.is_denial()) {
        let right = needed(denial.said()).unwrap_or_else(|| question.right.to_owned());
        // The list of all that the login may do is no news to people.
        let words = denial.said();
        let words = words.split_once(", your permissions").map_or(words, |(front, _)| front);
        let said = shown(words, secret);
        return LiveError::Forbidden { right, said };
    }
    let Some(first) = faults.first() else { return LiveError::shape("$", "is empty") };
    if question.goes_on && first.is_about_the_cursor() {
        return LiveError::Cursor(said(first));
    }
    if first.is_broken() {
        return LiveError::Busy { wait: None, said: said(first) };
    }
    LiveError::Refused(said(first))
}

/// The start of a text as one plain line, without the secret.
pub(super) fn shown(text: &str, secret: &str) -> String {
    let text = if secret.len() < 4 { text.to_owned() } else { text.replace(secret, "[hidden]") };
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let plain = text.chars().map(|c| if is_odd(c) { ' ' } else { c });
    plain.take(SHOWN).collect::<String>().trim().to_owned()
}

/// The right that a denial asks for. Wiz names all that would do; the narrow one comes last.
fn needed(said: &str) -> Option<String> {
    let list = listed(said, "required: [")?;
    list.iter().rev().find(|right| !right.ends_with(":all")).or(list.first()).cloned()
}

/// The rights that the login has, which Wiz lists when it denies one.
pub(super) fn held(faults: &[Fault]) -> Option<Vec<String>> {
    faults.iter().find_map(|fault| listed(fault.said(), "permissions: ["))
}

fn listed(said: &str, before: &str) -> Option<Vec<String>> {
    let (_, rest) = said.split_once(before)?;
    let (list, _) = rest.split_once(']')?;
    let words = list.split([' ', ',']).filter(|word| !word.is_empty());
    Some(words.take(500).map(|word| word.chars().take(80).collect()).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn meant(fault: &Value, goes_on: bool) -> LiveError {
        let fault: Fault = serde_json::from_value(fault.clone()).unwrap();
        let variables = Value::Null;
        let question =
            Question { goes_on, ..Question::reading("query", &variables, "read:issues") };
        meaning(&[fault], &question, "s3cret-token")
    }

    #[test]
    fn each_error_has_its_kind() {
        let limited = json!({"message": "slow down", "extensions": {"code": "RATE_LIMITED", "retryAfter": 7}});
        let error = meant(&limited, false);
        assert!(
            matches!(error, LiveError::Busy { wait: Some(w), .. } if w.as_secs() == 7),
            "{error}"
        );
        let oops = json!({"message": "Oops! an internal error has occurred"});
        assert!(matches!(meant(&oops, false), LiveError::Busy { wait: None, .. }));
        let cursor = json!({"message": "invalid cursor", "extensions": {"code": "BAD_USER_INPUT"}});
        assert!(matches!(meant(&cursor, true), LiveError::Cursor(_)));
        assert!(matches!(meant(&cursor, false), LiveError::Refused(_)));
        let odd = json!({"message": 7, "path": {}, "extensions": []});
        assert!(matches!(meant(&odd, true), LiveError::Refused(_)));
    }

    #[test]
    fn a_denial_names_the_right_and_what_is_held() {
        let said = "access denied, at least one of the following is required: [read:all read:detections], your permissions: [read:issues read:projects]";
        let error = meant(&json!({"message": said}), false);
        let LiveError::Forbidden { right, .. } = error else { panic!("{error}") };
        assert_eq!(right, "read:detections");
        let fault: Fault = serde_json::from_value(json!({"message": said})).unwrap();
        assert_eq!(held(&[fault]).unwrap(), ["read:issues", "read:projects"]);
        let unsaid = meant(&json!({"message": "no", "extensions": {"code": "FORBIDDEN"}}), false);
        assert!(unsaid.to_string().contains("read:issues"), "{unsaid}");
    }

    #[test]
    fn no_error_shows_the_token() {
        let echoed = json!({"message": "bad header Bearer s3cret-token\u{202e}\u{1b}[31m"});
        let text = meant(&echoed, false).to_string();
        assert!(!text.contains("s3cret") && !text.contains('\u{1b}'), "{text}");
    }
}
