//! What a refusal of either side means.

use quell_http::{HttpError, Remote};
use serde::Deserialize;

use crate::live::{LiveError, refuses_login};

/// Most bytes of the vendor's words that are kept.
const SAID_BYTES: usize = 400;

/// What was asked for when it was refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    right: &'static str,
    /// Whether the request said where in a list it goes on.
    cursor: bool,
    login: bool,
}

impl Asked {
    /// A login.
    pub(super) const fn login() -> Self {
        Self { right: "", cursor: false, login: true }
    }

    /// Something that needs a right.
    pub(super) const fn plain(right: &'static str) -> Self {
        Self { right, cursor: false, login: false }
    }

    /// A page of a list, by its token where it has one.
    pub(super) const fn page(right: &'static str, cursor: bool) -> Self {
        Self { right, cursor, login: false }
    }
}

/// What follows from a failed exchange.
pub(super) fn refused(error: HttpError, asked: Asked) -> LiveError {
    let HttpError::Remote(remote) = &error else { return LiveError::Http(error) };
    let said = words(remote);
    match remote.status() {
        status if asked.login && refuses_login(status) => LiveError::Login(said),
        401 => LiveError::Login(said),
        403 => LiveError::Forbidden { right: asked.right.to_owned(), said },
        400 | 404 | 410 if asked.cursor => LiveError::Cursor(said),
        400..=499 => LiveError::Refused(said),
        _ => LiveError::Http(error),
    }
}

/// What the vendor says: in a header of its own, in the body, or by the status alone.
fn words(remote: &Remote) -> String {
    let mut said = format!("{}", remote.status());
    for key in keys(remote) {
        said = format!("{said} {key}");
    }
    if !remote.said().is_empty() {
        said = format!("{said}: {}", remote.said());
    }
    let mut end = SAID_BYTES.min(said.len());
    while !said.is_char_boundary(end) {
        end -= 1;
    }
    said.truncate(end);
    said
}

#[derive(Deserialize)]
struct Status {
    #[serde(default, rename = "i18nKey")]
    key: Option<String>,
}

/// The keys in `x-redlock-status`; words with other signs than keys have are left out.
fn keys(remote: &Remote) -> Vec<String> {
    let header = remote.headers().get("x-redlock-status").and_then(|value| value.to_str().ok());
    let list: Vec<Status> =
        header.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let plain = |key: &String| {
        key.len() <= 80
            && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    list.into_iter().filter_map(|status| status.key).filter(plain).take(4).collect()
}

/// Whether the vendor refused with this key.
pub(super) fn is_about(error: &LiveError, key: &str) -> bool {
    matches!(error, LiveError::Refused(said) if said.contains(key))
}
