//! A letter as a mail: text and HTML, its files, and headers that make it the same mail again.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body as MailBody, Mailbox, Message, MultiPart, SinglePart};
use quell_deliver::Letter;
use quell_deliver::outbox::Act;
use quell_deliver::text::{Body, SafeLink};
use sha2::{Digest as _, Sha256};

use super::html;
use crate::common::beside::beside;
use crate::common::runs::{Part, Run, Style, cut, left_out, one_line, parts};
use crate::{SinkError, Wanted};

/// Longest subject, and longest text beside it.
const MOST_TITLE: usize = 200;
const MOST_BESIDE: usize = 300;
/// Room for a body.
const MOST_BODY: usize = 200_000;
/// Largest file, and all of them together.
const MOST_FILE: usize = 1 << 20;
const MOST_FILES: usize = 4 << 20;

/// Who writes to whom.
#[derive(Debug, Clone)]
pub(super) struct Ends {
    pub(super) from: Mailbox,
    pub(super) to: Vec<Mailbox>,
}

/// A mail as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mail {
    /// With its brackets.
    pub(super) id: String,
    pub(super) subject: String,
    pub(super) bytes: Vec<u8>,
}

impl Mail {
    /// What answers to it need: its id, and its subject in letters that are harmless anywhere.
    pub(super) fn remote_id(&self) -> String {
        let id = self.id.trim_matches(['<', '>']);
        format!("{id} {}", URL_SAFE_NO_PAD.encode(&self.subject))
    }
}

/// The first mail of a thread, read from the id that it has.
fn first(remote: &str) -> Result<(String, String), SinkError> {
    let wrong = || SinkError::Refused("its id is none of a mail of Quell's".to_owned());
    let (id, subject) = remote.split_once(' ').ok_or_else(wrong)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'@');
    if id.is_empty() || id.len() > 300 || !id.bytes().all(plain) {
        return Err(wrong());
    }
    let subject = URL_SAFE_NO_PAD.decode(subject).map_err(|_| wrong())?;
    let subject = String::from_utf8(subject).map_err(|_| wrong())?;
    Ok((format!("<{id}>"), cut(&shown_once(&subject), MOST_TITLE)))
}

/// A text that was shown once already: only what would break a header is taken away.
fn shown_once(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// What a mail says.
struct Content<'a> {
    title: String,
    beside: Vec<String>,
    body: &'a Body,
    page: Option<&'a SafeLink>,
    files: &'a [quell_deliver::Attachment],
}

/// The mail for an act.
pub(super) fn made(ends: &Ends, wanted: &Wanted<'_>, now: Timestamp) -> Result<Mail, SinkError> {
    let follow = |word: &str, body| Content {
        title: word.to_owned(),
        beside: Vec::new(),
        body,
        page: None,
        files: &[],
    };
    let content = match wanted.act {
        Act::Open { letter } => opening(letter),
        Act::Note { body } => follow("A note", body),
        Act::Close { body } => follow("Closed", body),
        Act::Reopen { body } => follow("It counts again", body),
        Act::Review { .. } => return Err(SinkError::NO_REVIEW),
        Act::Edit { .. } => return Err(SinkError::Unsupported("a mail cannot be changed")),
    };
    let domain = ends.from.email.domain();
    let mark = wanted.key.mark();
    let (id, subject, before) = if let Act::Open { .. } = wanted.act {
        (format!("<{mark}@{domain}>"), content.title.clone(), None)
    } else {
        let (before, subject) = first(&wanted.remote()?.id)?;
        let act = serde_json::to_vec(wanted.act).unwrap_or_default();
        let hash = hex(&Sha256::digest(&act));
        let hash: String = hash.chars().take(16).collect();
        let kind = wanted.act.kind().as_str();
        (format!("<{mark}.{kind}.{hash}@{domain}>"), format!("Re: {subject}"), Some(before))
    };
    let mut mail = Message::builder().from(ends.from.clone()).subject(&subject);
    for to in &ends.to {
        mail = mail.to(to.clone());
    }
    mail = mail.message_id(Some(id.clone())).date(now.into());
    if let Some(before) = before {
        mail = mail.in_reply_to(before.clone()).references(before);
    }
    for (name, value) in [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")]
    {
        let name = HeaderName::new_from_ascii(name.to_owned());
        let name = name.map_err(|error| SinkError::Refused(error.to_string()))?;
        mail = mail.raw_header(HeaderValue::new(name, value.to_owned()));
    }
    let mail = mail.multipart(content.parts(&mark)?);
    let mail = mail.map_err(|error| SinkError::Refused(format!("no mail can be made: {error}")))?;
    Ok(Mail { id, subject, bytes: mail.formatted() })
}

fn opening(letter: &Letter) -> Content<'_> {
    let title = one_line(&letter.title, MOST_TITLE);
    Content {
        title: if title.is_empty() { "Quell".to_owned() } else { title },
        beside: beside(letter, MOST_BESIDE),
        body: &letter.body,
        page: letter.page.as_ref(),
        files: &letter.files,
    }
}

impl Content<'_> {
    /// Text and HTML, and the files that are not too large.
    fn parts(&self, mark: &str) -> Result<MultiPart, SinkError> {
        let (parts, left) = parts(self.body, MOST_BODY);
        let mut below: Vec<String> = (left > 0).then(|| left_out(left)).into_iter().collect();
        let mut files = Vec::new();
        let mut room = MOST_FILES;
        for file in self.files {
            let text = file.text.raw();
            if text.len() > MOST_FILE || text.len() > room {
                below.push(format!("{} is too large for a mail; it stands in Quell.", file.name));
                continue;
            }
            room -= text.len();
            files.push((neutral(&file.name), text));
        }
        below.push(mark.to_owned());
        let html = ended(&html::page(&self.title, &self.beside, &parts, (self.page, &below)));
        let text = ended(&self.text(&parts, &below));
        // No text can hold a boundary that is made of its own hash.
        let mut hash = Sha256::new();
        for part in [&text, &html] {
            hash.update(part);
        }
        for (_, text) in &files {
            hash.update(text);
        }
        let hash = hex(&hash.finalize());
        let both = MultiPart::alternative().boundary(format!("quell-a-{hash}"));
        let both = both.singlepart(SinglePart::plain(text)).singlepart(SinglePart::html(html));
        if files.is_empty() {
            return Ok(both);
        }
        let kind = ContentType::parse("text/plain; charset=utf-8");
        let kind = kind.map_err(|error| SinkError::Refused(error.to_string()))?;
        let mut all = MultiPart::mixed().boundary(format!("quell-m-{hash}")).multipart(both);
        for (name, text) in files {
            let coding = ContentTransferEncoding::Base64;
            let body = MailBody::new_with_encoding(text.as_bytes().to_vec(), coding);
            let body =
                body.map_err(|_| SinkError::Refused("a file cannot be written".to_owned()))?;
            let file = Attachment::new(name).body(body, kind.clone());
            all = all.singlepart(file);
        }
        Ok(all)
    }

    fn text(&self, parts: &[Part], below: &[String]) -> String {
        let mut all = vec![harmless(&self.title)];
        all.extend((!self.beside.is_empty()).then(|| harmless(&self.beside.join("\n"))));
        all.extend(parts.iter().map(text_part));
        all.extend(self.page.map(|page| format!("Open it in Quell: {}", page.as_str())));
        all.extend(below.iter().cloned());
        format!("{}\n", all.join("\n\n"))
    }
}

/// Lines that end as mail wants them.
fn ended(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// A name of letters, digits and dots, whatever it was.
fn neutral(name: &str) -> String {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = name.chars().filter(|c| letter(*c)).take(60).collect();
    if name.is_empty() { "file.txt".to_owned() } else { name }
}

fn text_part(part: &Part) -> String {
    let lines = |lines: Vec<String>| lines.join("\n");
    match part {
        Part::Heading(line) => text_line(line).to_uppercase(),
        Part::Paragraph(line) => text_line(line),
        Part::List(list) => lines(list.iter().map(|l| format!("- {}", text_line(l))).collect()),
        Part::Steps(list) => {
            let numbered = list.iter().enumerate();
            lines(numbered.map(|(at, l)| format!("{}. {}", at + 1, text_line(l))).collect())
        }
        Part::Facts(facts) => lines(
            facts.iter().map(|(name, l)| format!("{}: {}", harmless(name), text_line(l))).collect(),
        ),
        Part::Code(text) => {
            lines(text.lines().map(|line| format!("    {}", harmless(line))).collect())
        }
    }
}

fn text_line(line: &[Run]) -> String {
    let run = |run: &Run| match &run.style {
        Style::Plain | Style::Strong | Style::Code => harmless(&run.text),
        Style::Link(to) => format!("{}: {}", run.text, to.as_str()),
    };
    line.iter().map(run).collect()
}

/// Text in which no mail program finds an address to link to.
fn harmless(text: &str) -> String {
    text.replace("://", "[://]").replace("www.", "www[.]").replace("WWW.", "WWW[.]")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
