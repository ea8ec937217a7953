//! Messages and progress on stderr; data goes to stdout and nowhere else.

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// Says one line on stderr. A closed stderr stops nothing.
pub(crate) fn say(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}

/// A value as indented JSON and a line's end.
pub(crate) fn write_json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// A progress bar over bytes, drawn on a terminal only.
pub(crate) fn byte_bar(visible: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), target(visible));
    let template = "{spinner} {msg} {bytes}/{total_bytes} {bar:24} {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// A bar that counts records, on stderr and on a terminal only.
pub(crate) fn count_bar(visible: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), target(visible));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {pos}/{len} {bar:24} {eta}") {
        bar.set_style(style);
    }
    bar
}

fn target(visible: bool) -> ProgressDrawTarget {
    if visible { ProgressDrawTarget::stderr_with_hz(8) } else { ProgressDrawTarget::hidden() }
}
