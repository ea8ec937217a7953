//! What happened in an incident, drawn: the events on a line, the processes as a tree.

use std::io::{self, Write};

use quell_model::{Timeline, TimelineProcess};

use crate::escape::{html, plain};
use crate::timeline::{details, has_many_assets, label, when};
use crate::words::count;

/// Events and processes that are drawn.
const MOST_SHOWN: usize = 60;
/// Height of one row of a drawing.
const ROW: usize = 26;
/// How far a process stands to the right of its parent.
const STEP: usize = 22;
/// Characters of a label; what is longer stands in its title.
const MOST_CHARS: usize = 96;

/// Writes both.
pub(super) fn write(timeline: &Timeline, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h3>What happened</h3>")?;
    line(timeline, out)?;
    let hidden = timeline.events.len().saturating_sub(MOST_SHOWN) as u64 + timeline.left_out;
    if hidden > 0 {
        let more = count(hidden, "event");
        writeln!(out, "<p class=\"quiet\">{more} more in the JSON report.</p>")?;
    }
    if !timeline.processes.is_empty() {
        writeln!(out, "<h3>Processes</h3>")?;
        tree(timeline, out)?;
    }
    Ok(())
}

/// The events: a dot each, with its time, on one line from top to bottom.
fn line(timeline: &Timeline, out: &mut dyn Write) -> io::Result<()> {
    let shown = timeline.events.len().min(MOST_SHOWN);
    let height = shown * ROW * 2;
    writeln!(
        out,
        "<svg class=\"timeline\" viewBox=\"0 0 960 {height}\" role=\"img\" aria-label=\"Timeline\"><line x1=\"172\" y1=\"{ROW}\" x2=\"172\" y2=\"{}\" stroke=\"var(--line)\" stroke-width=\"2\"/>",
        height.saturating_sub(ROW)
    )?;
    let many = has_many_assets(timeline);
    for (at, event) in timeline.events.iter().enumerate().take(MOST_SHOWN) {
        let y = at * ROW * 2 + ROW;
        let told = details(event, many);
        writeln!(
            out,
            "<g><title>{}</title><circle cx=\"172\" cy=\"{y}\" r=\"5\" fill=\"var(--high)\"/><text class=\"s\" x=\"4\" y=\"{}\">{}</text><text x=\"188\" y=\"{}\">{}. {}</text><text class=\"s m\" x=\"188\" y=\"{}\">{}</text></g>",
            text(&format!("{}: {told}", event.title.raw())),
            y + 4,
            text(&when(event)),
            y + 4,
            at + 1,
            cut(event.title.raw()),
            y + 22,
            cut(&told),
        )?;
    }
    writeln!(out, "</svg>")
}

/// The processes: a row each, joined to the one that started it.
fn tree(timeline: &Timeline, out: &mut dyn Write) -> io::Result<()> {
    let shown = timeline.processes.len().min(MOST_SHOWN);
    writeln!(
        out,
        "<svg class=\"tree\" viewBox=\"0 0 960 {}\" role=\"img\" aria-label=\"Process tree\">",
        shown * ROW + 8
    )?;
    let place = |at: usize, process: &TimelineProcess| {
        (14 + process.depth.min(20) * STEP, at * ROW + ROW / 2)
    };
    for (at, process) in timeline.processes.iter().enumerate().take(MOST_SHOWN) {
        let (x, y) = place(at, process);
        let parent = process.parent.and_then(|at| Some((at, timeline.processes.get(at)?)));
        if let Some((above, parent)) = parent {
            let (px, py) = place(above, parent);
            writeln!(
                out,
                "<path d=\"M{px} {py} V{y} H{x}\" fill=\"none\" stroke=\"var(--line)\" stroke-width=\"2\"/>"
            )?;
        }
    }
    for (at, process) in timeline.processes.iter().enumerate().take(MOST_SHOWN) {
        let (x, y) = place(at, process);
        let acted = timeline.events.iter().any(|event| event.process == Some(at));
        let color = if acted { "var(--high)" } else { "var(--quiet)" };
        let mut told = label(at, process, timeline);
        if !process.user.is_empty() {
            told.push_str(&format!(" as {}", process.user.raw()));
        }
        writeln!(
            out,
            "<g><title>{} on {}</title><circle cx=\"{x}\" cy=\"{y}\" r=\"5\" fill=\"{color}\"/><text class=\"m\" x=\"{}\" y=\"{}\">{}</text></g>",
            text(&told),
            text(&process.asset),
            x + 12,
            y + 4,
            cut(&told),
        )?;
    }
    writeln!(out, "</svg><p class=\"quiet\">Numbers in brackets are events above.</p>")
}

fn text(raw: &str) -> String {
    html(&plain(raw))
}

/// One line, cut to a width that fits.
fn cut(raw: &str) -> String {
    let line = plain(raw);
    if line.chars().count() <= MOST_CHARS {
        return html(&line);
    }
    let start: String = line.chars().take(MOST_CHARS - 1).collect();
    html(&format!("{start}…"))
}
