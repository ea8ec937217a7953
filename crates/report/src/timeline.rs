//! What happened, for a terminal: events in order, and the processes as a tree.

use std::io::{self, Write};

use quell_model::{Timeline, TimelineEvent, TimelineProcess, Untrusted};

use crate::escape::{plain, terminal};
use crate::terminal::wrapped;
use crate::words::count;

const INDENT: &str = "  ";
/// Events and processes that a terminal shows.
const MOST_SHOWN: usize = 40;

/// Writes the timeline, and the process tree where there is one.
pub(crate) fn write(timeline: &Timeline, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nWhat happened")?;
    let many = has_many_assets(timeline);
    for event in timeline.events.iter().take(MOST_SHOWN) {
        wrapped(&format!("{}  {}", when(event), plain(event.title.raw())), INDENT, out)?;
        let details = details(event, many);
        if !details.is_empty() {
            wrapped(&plain(&details), "      ", out)?;
        }
    }
    let hidden = timeline.events.len().saturating_sub(MOST_SHOWN) as u64 + timeline.left_out;
    if hidden > 0 {
        writeln!(out, "{INDENT}and {} more", count(hidden, "event"))?;
    }
    if timeline.processes.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nProcesses")?;
    let mut place = "";
    for (at, process) in timeline.processes.iter().enumerate().take(MOST_SHOWN) {
        if many && process.depth == 0 && process.asset != place {
            place = &process.asset;
            wrapped(&plain(place), INDENT, out)?;
        }
        let branch = if process.depth == 0 { "" } else { "└ " };
        let indent = format!("{INDENT}{}{branch}", "  ".repeat(process.depth.min(12)));
        wrapped(&format!("{indent}{}", plain(&label(at, process, timeline))), "", out)?;
    }
    Ok(())
}

/// When an event was seen.
pub(crate) fn when(event: &TimelineEvent) -> String {
    event.time.map_or_else(
        || "at an unknown time".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// Whether the events happened on more than one asset.
pub(crate) fn has_many_assets(timeline: &Timeline) -> bool {
    let mut assets = timeline.events.iter().map(|event| &event.asset);
    let first = assets.next();
    assets.any(|asset| Some(asset) != first)
}

/// Who did what, in one line without escaping.
pub(crate) fn details(event: &TimelineEvent, with_asset: bool) -> String {
    let mut parts = Vec::new();
    let text = |text: &Untrusted| text.raw().to_owned();
    match (event.command_line.is_empty(), event.name.is_empty()) {
        (false, _) => parts.push(text(&event.command_line)),
        (true, false) => parts.push(text(&event.name)),
        (true, true) => {}
    }
    if !event.parent.is_empty() {
        parts.push(format!("started by {}", event.parent.raw()));
    }
    if !event.user.is_empty() {
        parts.push(format!("as {}", event.user.raw()));
    }
    if !event.remote_addresses.is_empty() {
        let all: Vec<&str> = event.remote_addresses.iter().take(4).map(Untrusted::raw).collect();
        parts.push(format!("with {}", all.join(", ")));
    }
    if with_asset {
        parts.push(format!("on {}", event.asset));
    }
    parts.join(" · ")
}

/// A process with the numbers of the events in which it acted, without escaping.
pub(crate) fn label(at: usize, process: &TimelineProcess, timeline: &Timeline) -> String {
    let mut label = terminal(&process.name);
    if let Some(pid) = process.pid {
        label.push_str(&format!(" ({pid})"));
    }
    if !process.command_line.is_empty() && process.command_line != process.name {
        label.push_str(&format!("  {}", process.command_line.raw()));
    }
    let acted = (1..).zip(&timeline.events).filter(|(_, event)| event.process == Some(at));
    let numbers: Vec<String> =
        acted.take(6).map(|(number, _): (usize, _)| number.to_string()).collect();
    if !numbers.is_empty() {
        label.push_str(&format!("  [{}]", numbers.join(", ")));
    }
    label
}
