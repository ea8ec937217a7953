//! Files beside an issue: each is uploaded to the project once, and a note of the issue shows it.
//! A file that says something new has a name of its own.

use quell_deliver::outbox::Remote;
use quell_deliver::{Attachment, Block, Body, Key, Letter, Line};
use serde_json::{Value, json};

use super::Lab;
use super::place::{Project, Thing};
use super::ticket::{REPORTER, notes};
use crate::common::multipart::{file_name, form};
use crate::forge::Repository as _;
use crate::forge::call::{Api as _, Call};
use crate::forge::said::{draft, note, was_said};
use crate::{Draft, SinkError};

/// Characters of what tells an upload from others.
const SECRET: usize = 32;

/// What is sent for the files of an issue; what only an answer tells stands in braces.
pub(super) fn drafts(project: &Project, issue: Option<&Thing>, letter: &Letter) -> Vec<Draft> {
    let at = match issue {
        Some(thing) => notes(thing).path,
        None => format!("{}/issues/{{iid}}/notes", project.api()),
    };
    let of = |file: &Attachment| {
        let sent = form((file, &file.versioned()), &[]);
        let upload = Draft {
            method: "POST".to_owned(),
            target: uploads(project),
            body: String::from_utf8_lossy(&sent.body).into_owned(),
        };
        [upload, draft("POST", at.clone(), &shown(&letter.key, file, "{url}"))]
    };
    letter.files.iter().flat_map(of).collect()
}

/// Attaches the files of an issue that was just made. The issue is there whatever comes of it, so
/// what fails is told there; the next edit brings it.
pub(super) async fn complete(lab: &Lab, remote: &Remote, letter: &Letter) {
    let Ok(thing) = Thing::of(remote) else { return };
    let mut failed = Vec::new();
    for file in &letter.files {
        if let Err(error) = attach(lab, &thing, (&letter.key, file)).await {
            let line = Line::own("").and_code(file.name.as_str()).and_own(": ");
            failed.push(line.and_data(error.to_string()));
        }
    }
    if failed.is_empty() {
        return;
    }
    let said = Body::paragraph(Line::own("Could not be added here:")).and(Block::List(failed));
    // There is nobody left to tell if this fails too.
    note(lab, &thing, (&said, &letter.key)).await.ok();
}

/// Attaches the files that are not there yet.
pub(super) async fn attach_missing(
    lab: &Lab,
    thing: &Thing,
    letter: &Letter,
) -> Result<(), SinkError> {
    for file in &letter.files {
        attach(lab, thing, (&letter.key, file)).await?;
    }
    Ok(())
}

/// Uploads a file and shows it in a note, unless a note shows it already. An upload that no note
/// shows is seen by nobody.
async fn attach(
    lab: &Lab,
    thing: &Thing,
    (key, file): (&Key, &Attachment),
) -> Result<(), SinkError> {
    let mark = mark(key, file);
    if was_said(lab, thing, |said| said.lines().any(|line| line.trim() == mark)).await? {
        return Ok(());
    }
    let (path, sent) = (uploads(&thing.repository), form((file, &file.versioned()), &[]));
    let made = lab.ask(&Call::form(&path, REPORTER, &sent)).await?;
    let url = made.get("url").and_then(Value::as_str).filter(|url| is_upload(url));
    let url = url.ok_or_else(|| SinkError::shape("$.url", "is no upload"))?;
    let notes = notes(thing);
    lab.send(&Call::post(&notes.path, notes.write, &shown(key, file, url))).await.map(|_| ())
}

fn uploads(project: &Project) -> String {
    format!("{}/uploads", project.api())
}

/// What a note about a file bears on a line of its own.
fn mark(key: &Key, file: &Attachment) -> String {
    format!("<!-- {} {} -->", key.mark(), file_name(&file.versioned()))
}

/// The note that shows a file.
fn shown(key: &Key, file: &Attachment, url: &str) -> Value {
    let name = file_name(&file.versioned());
    json!({"body": format!("Attached: [`{name}`]({url})\n\n{}", mark(key, file))})
}

/// Whether an address is that of an upload of the same project, and nothing else: a note of ours
/// links nowhere else.
fn is_upload(url: &str) -> bool {
    let Some((secret, name)) = url.strip_prefix("/uploads/").and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    secret.len() == SECRET
        && secret.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !name.is_empty()
        && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_upload_of_the_project_is_linked() {
        let secret = "0123456789abcdef0123456789abcdef";
        assert!(is_upload(&format!("/uploads/{secret}/evidence-1a2b.json")));
        for other in [
            format!("/uploads/{secret}/"),
            format!("/uploads/{secret}/a/b"),
            format!("/uploads/{secret}/a)[x](https://evil.example"),
            format!("https://evil.example/uploads/{secret}/a"),
            format!("//evil.example/uploads/{secret}/a"),
            "/uploads/../a".to_owned(),
            "/uploads/0123/a".to_owned(),
            format!("/uploads/{secret}x/a"),
        ] {
            assert!(!is_upload(&other), "{other}");
        }
    }
}
