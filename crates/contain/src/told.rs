//! What a platform means by an error.

use quell_http::{HttpError, Remote};
use serde::Deserialize;
use serde_json::Value;

use crate::error::ContainError;
use crate::xml;

/// Codes that mean that the login is no good.
const LOGIN: [&str; 14] = [
    "AuthFailure",
    "AuthenticationFailed",
    "ExpiredAuthenticationToken",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidAuthenticationToken",
    "InvalidClientTokenId",
    "InvalidToken",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Codes that mean that the login may not.
const FORBIDDEN: [&str; 4] =
    ["AccessDenied", "AccessDeniedException", "AllAccessDisabled", "AuthorizationFailed"];

/// Codes that ask to come later, whatever the status. AWS throttles with 400, too.
const BUSY: [&str; 11] = [
    "ConcurrentModification",
    "EntityTemporarilyUnmodifiable",
    "OperationAborted",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "ServiceFailure",
    "SlowDown",
    "StorageAccountOperationInProgress",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
];

/// Codes that mean that the thing is not there, and no more than that.
const MISSING: [&str; 2] = ["NoSuchEntity", "NoSuchPublicAccessBlockConfiguration"];

#[derive(Deserialize)]
struct Fault {
    /// Kubernetes.
    reason: Option<String>,
    /// Azure and Google.
    error: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    /// A word of Azure's, or a number of Google's.
    code: Option<Value>,
}

fn code(body: &[u8]) -> String {
    if let Some(code) = xml::code(body) {
        return code;
    }
    let fault = serde_json::from_slice::<Fault>(body).ok();
    let found = fault.and_then(|fault| {
        let inner = fault.error.and_then(|inner| inner.code);
        fault.reason.or_else(|| inner?.as_str().map(str::to_owned))
    });
    found.unwrap_or_default()
}

/// What the platform said for people. It is taken from what the client shows, which holds no secret.
fn words(remote: &Remote, code: &str) -> Option<String> {
    let said = remote.said();
    let text = match said.split_once("<Message>") {
        Some((_, rest)) => rest.split("</Message>").next().map(str::to_owned),
        None => said.split_once("\"message\"").and_then(|(_, rest)| string(rest)),
    };
    let text = text.filter(|text| !text.is_empty())?;
    let id = remote.request_id().map(|id| format!(", request {id}")).unwrap_or_default();
    Some(format!("{} {code}: {text}{id}", remote.status()))
}

/// The text that follows the name of a field. What was cut off ends where it was cut.
fn string(rest: &str) -> Option<String> {
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let mut texts = serde_json::Deserializer::from_str(rest).into_iter::<String>();
    let whole = texts.next().and_then(Result::ok);
    whole.or_else(|| rest.strip_prefix('"').map(str::to_owned))
}

/// What an error is, for a request that takes this right.
pub(crate) fn told(error: HttpError, right: &str) -> ContainError {
    let Some(remote) = error.remote() else { return ContainError::Http(error) };
    let (status, code) = (remote.status(), code(remote.body()));
    let (code, said) = (code.as_str(), words(remote, &code).unwrap_or_else(|| error.to_string()));
    let wait = remote.retry_after();
    if LOGIN.contains(&code) || status == 401 {
        let step = "see that the login that makes it is good, then try again by hand";
        return ContainError::Login { said, step };
    }
    if FORBIDDEN.contains(&code) {
        return ContainError::Forbidden { right: right.to_owned(), said };
    }
    if BUSY.contains(&code) {
        return ContainError::Busy { wait, said };
    }
    if error.may_have_arrived() {
        return ContainError::Lost(said);
    }
    match (status, code) {
        (429, _) => ContainError::Busy { wait, said },
        // Admission, quotas and policies of a cluster deny with the same status and code as rights
        // that are missing, and only the words tell them apart.
        (403, "Forbidden") if !said.contains(" cannot ") => ContainError::Refused(said),
        (403, _) => ContainError::Forbidden { right: right.to_owned(), said },
        (404, _) | (_, "NoSuchEntity" | "NoSuchBucket") => ContainError::Gone(said),
        (412, _) | (409, "Conflict" | "AlreadyExists") => ContainError::Conflict(said),
        _ if error.status().is_some_and(|status| status < 500) => ContainError::Refused(said),
        _ => ContainError::Http(error),
    }
}

/// Whether an error says only that the thing is not there.
pub(crate) fn is_missing(error: &HttpError) -> bool {
    let Some(remote) = error.remote().filter(|remote| remote.status() == 404) else {
        return false;
    };
    MISSING.contains(&code(remote.body()).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_all_platforms_are_found() {
        let cases: [(&[u8], &str); 6] = [
            (b"<Error><Code>NoSuchBucket</Code></Error>", "NoSuchBucket"),
            (
                b"<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>",
                "Throttling",
            ),
            (br#"{"kind":"Status","reason":"AlreadyExists","code":409}"#, "AlreadyExists"),
            (br#"{"error":{"code":"AuthorizationFailed","message":"m"}}"#, "AuthorizationFailed"),
            (br#"{"error":{"code":412,"message":"m"}}"#, ""),
            (b"no", ""),
        ];
        for (body, expected) in cases {
            assert_eq!(code(body), expected);
        }
    }
}
