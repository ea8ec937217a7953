//! Rows of the outbox, and what they say, for people.

use std::io::{self, Write};

use quell_model::{Timestamp, is_deceiving, shown};
use serde::Deserialize;

use super::desk::cell;

#[derive(Debug, Deserialize)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) sink: String,
    pub(super) subject: String,
    pub(super) act: String,
    pub(super) state: String,
    #[serde(default)]
    pub(super) why: Option<String>,
    #[serde(default)]
    pub(super) until: Option<String>,
    #[serde(default)]
    pub(super) said: Option<String>,
    #[serde(default)]
    pub(super) remote: Option<RemoteName>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RemoteName {
    pub(super) name: String,
    #[serde(default)]
    pub(super) url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Letter {
    #[serde(flatten)]
    pub(super) row: Row,
    #[serde(default)]
    pub(super) title: Option<String>,
    pub(super) text: String,
    pub(super) requests: Vec<Request>,
    #[serde(default)]
    pub(super) refused: Option<String>,
    #[serde(default)]
    tries: Vec<Try>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) body: String,
}

#[derive(Debug, Deserialize)]
struct Try {
    at: String,
    came: String,
    #[serde(default)]
    said: Option<String>,
}

pub(super) fn write_row(row: &Row, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{:>6} {:<9} {:<6} {:<16} {}",
        row.id,
        cell(&row.state, 9),
        cell(&row.act, 6),
        cell(&row.sink, 16),
        cell(&row.subject, 38),
    )?;
    let until = row.until.as_ref().map(|until| format!("from {}", to_second(until)));
    let told = row.remote.as_ref().map(|remote| match &remote.url {
        Some(url) => format!("{} {url}", remote.name),
        None => remote.name.clone(),
    });
    let more = row.why.clone().or(row.said.clone()).or(told).or(until);
    match more {
        Some(more) => writeln!(out, "{:7}{}", "", cell(&more, 72)),
        None => Ok(()),
    }
}

/// A moment to the second; what is none as it stands.
fn to_second(moment: &str) -> String {
    moment.parse::<Timestamp>().map_or_else(|_| moment.to_owned(), |at| format!("{at:.0}"))
}

pub(super) fn write_letter(letter: &Letter, out: &mut dyn Write) -> io::Result<()> {
    write_row(&letter.row, out)?;
    for one in &letter.tries {
        let said = one.said.as_deref().unwrap_or_default();
        let line = format!("{} {} {said}", to_second(&one.at), one.came);
        writeln!(out, "{:7}{}", "", cell(&line, 72))?;
    }
    if let Some(title) = &letter.title {
        writeln!(out, "\n{}", shown(title, false))?;
    }
    writeln!(out)?;
    letter.text.lines().try_for_each(|line| write_line(line, out))?;
    for request in &letter.requests {
        let target = shown(&request.target, false);
        writeln!(
            out,
            "\n--- {} {target}\n{}",
            shown(&request.method, false),
            visible(&request.body)
        )?;
    }
    match &letter.refused {
        Some(why) => {
            let said = format!("the sink would not take it: {}", shown(why, false));
            writeln!(out)?;
            quell_report::wrapped(&said, "", out)
        }
        None => Ok(()),
    }
}

/// A line of a letter; code stays as wide as it is.
fn write_line(line: &str, out: &mut dyn Write) -> io::Result<()> {
    if line.starts_with("    ") {
        writeln!(out, "{line}")
    } else {
        quell_report::wrapped(line, "", out)
    }
}

/// A body as it is sent, with what nobody could see written as JSON writes it.
fn visible(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    for c in body.chars() {
        let stays = matches!(c, '\n' | '\t') || !(c.is_control() || is_deceiving(c));
        match stays {
            true => out.push(c),
            false => {
                let mut units = [0; 2];
                c.encode_utf16(&mut units)
                    .iter()
                    .for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
        }
    }
    out
}
