//! How platforms are shown on a terminal.

use std::io::{self, Write};

use anyhow::Result;
use quell_client::{Platform, PlatformTest, Stream};
use quell_model::{Clock, Timestamp, Untrusted};
use quell_report::{SourceReport, cell, wrapped, wrapped_below};
use quell_server::known_kinds;

use super::super::status::{heard, span};
use super::StreamRead;
use crate::environment::SystemClock;

/// Characters of a right's name that are shown, and up to how many its purpose stands beside it.
const MOST_NAME: usize = 60;
const BESIDE: usize = 34;

fn plain(text: &str, width: usize) -> String {
    cell(&Untrusted::from(text), width)
}

pub(super) fn list(sources: &[SourceReport], out: &mut dyn Write) -> Result<()> {
    if sources.is_empty() {
        writeln!(
            out,
            "no sources; `quell source add KIND NAME` writes one into the configuration"
        )?;
        return Ok(writeln!(out, "kinds: {}", known_kinds().join(", "))?);
    }
    let now = SystemClock.now();
    for source in sources {
        let state = if source.paused { "paused" } else { source.health.as_str() };
        writeln!(
            out,
            "{:<8} {:<8} {:<32} {}",
            state,
            plain(&source.kind, 8),
            plain(&source.name, 32),
            plain(&heard(source, now), 26),
        )?;
        if let Some(reason) = source.reason.as_ref().filter(|_| source.health.as_str() == "failing")
        {
            wrapped(&format!("         {}", cell(reason, 400)), "         ", out)?;
        }
    }
    Ok(())
}

pub(super) fn test(name: &str, tested: &PlatformTest, out: &mut dyn Write) -> Result<()> {
    if let Some(reason) = &tested.reason {
        wrapped(&format!("{name} does not answer: {}", cell(reason, 600)), "  ", out)?;
        return Ok(());
    }
    let said = if tested.works { "works" } else { "lacks rights" };
    writeln!(out, "{} {said}", plain(name, 40))?;
    let names: Vec<String> =
        tested.rights.iter().map(|right| cell(&right.name, MOST_NAME)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    for (right, name) in tested.rights.iter().zip(names) {
        let state = match right.state.as_str() {
            "held" => "there",
            "missing" => "MISSING",
            "not_needed" => "too much",
            "missing_to_write" => "no write",
            _ => "unknown",
        };
        let purpose = cell(&right.purpose, 200);
        if width <= BESIDE {
            let head = format!("  {state:<9}{name:<width$}  ");
            wrapped_below(&purpose, (&head, &" ".repeat(head.chars().count())), out)?;
        } else {
            writeln!(out, "  {state:<9}{name}")?;
            wrapped(&purpose, &" ".repeat(13), out)?;
        }
    }
    Ok(())
}

pub(super) fn platform(asked: &Platform, out: &mut dyn Write) -> Result<()> {
    let now = SystemClock.now();
    let paused = if asked.paused { ", paused" } else { "" };
    let owner = asked.owner.as_ref().map(|owner| format!(", of {}", cell(owner, 30)));
    writeln!(
        out,
        "{} ({}{}{paused})",
        plain(&asked.name, 30),
        plain(&asked.title, 20),
        owner.unwrap_or_default()
    )?;
    if let Some(stream) = &asked.now.stream {
        let total = asked.now.total.map(|total| format!(" of {total}")).unwrap_or_default();
        writeln!(out, "  reads {}: {}{total} records so far", plain(stream, 30), asked.now.items)?;
    }
    if let Some(left) = asked.now.calls_left {
        writeln!(out, "  {left} calls left, as the vendor says")?;
    }
    for stream in &asked.streams {
        write_stream(stream, now, out)?;
    }
    if let Some(first) = asked.quarantine.first() {
        let count = asked.quarantine.len();
        writeln!(out, "  {count} of the last records could not be taken; the newest:")?;
        wrapped(&format!("    {}", cell(&first.reason, 400)), "    ", out)?;
    }
    Ok(())
}

/// The streams that are to be read now, after they were asked for.
pub(super) fn asked(platform: &Platform, out: &mut dyn Write) -> Result<()> {
    let names = platform.streams.iter().filter(|stream| stream.asked || stream.good_at.is_none());
    let names: Vec<String> = names.map(|stream| plain(&stream.name, 26)).collect();
    let name = plain(&platform.name, 30);
    match names.len() {
        0 => writeln!(out, "{name} is asked now")?,
        _ => wrapped(&format!("{name} is asked now for: {}", names.join(", ")), "  ", out)?,
    }
    Ok(())
}

/// The streams that were read just now.
pub(super) fn read(read: &[StreamRead], out: &mut dyn Write) -> Result<()> {
    let names = |whole: bool| {
        let those = read.iter().filter(|read| read.whole == whole);
        those.map(|read| plain(&read.stream, 26)).collect::<Vec<_>>().join(", ")
    };
    for (what, names) in [("what is new of", names(false)), ("all of", names(true))] {
        if !names.is_empty() {
            wrapped(&format!("read {what}: {names}"), "  ", out)?;
        }
    }
    Ok(())
}

fn write_stream(stream: &Stream, now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
    let ago = |at: Timestamp| span(u64::try_from(now.duration_since(at).as_secs()).unwrap_or(0));
    let good = stream
        .good_at
        .map_or_else(|| "never read to its end".to_owned(), |at| format!("read {} ago", ago(at)));
    let lag = stream.lag_seconds.and_then(|lag| u64::try_from(lag).ok());
    let lag = lag.map_or_else(String::new, |lag| format!(", lag {}", span(lag)));
    writeln!(
        out,
        "  {:<8} {:<26} {:<8} {good}{lag}",
        plain(&stream.state, 8),
        plain(&stream.name, 26),
        plain(&stream.pace, 8),
    )?;
    if let Some(reason) = &stream.reason {
        wrapped(&format!("           {}", cell(reason, 400)), "           ", out)?;
    }
    if stream.held {
        writeln!(out, "           `quell source release` lets them close")?;
    }
    Ok(())
}
