//! Changes of a Dockerfile's text at byte places; everything else stays as it is.

use std::ops::Range;

use super::file::{Dockerfile, Stage};
use super::lex::{Instruction, escape};

/// Replaces parts of the text. The ranges must not overlap.
pub(super) fn splice(text: &str, mut parts: Vec<(Range<usize>, String)>) -> Option<String> {
    parts.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for (range, new) in parts {
        out.push_str(text.get(at..range.start)?);
        out.push_str(&new);
        at = range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// Puts instructions on lines of their own: before `below`, over the comments that belong to it,
/// or at the end of the stage. The lines come in the case and with the line ends of the file.
pub(super) fn insert(
    text: &str,
    file: &Dockerfile,
    stage: &Stage,
    below: Option<usize>,
    lines: &[(&str, String)],
) -> Option<String> {
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let first = file.instructions.first()?;
    let lower = text.get(first.keyword_span.clone())?.starts_with(char::is_lowercase);
    let written: Vec<String> = lines
        .iter()
        .map(|(keyword, rest)| {
            let keyword = if lower { keyword.to_ascii_lowercase() } else { (*keyword).to_owned() };
            format!("{keyword} {rest}")
        })
        .collect();
    let written = written.join(newline);
    if let Some(below) = below {
        let above = below.checked_sub(1).and_then(|at| file.instructions.get(at));
        let at = over_comments(text, file.instructions.get(below)?, above);
        return splice(text, vec![(at..at, format!("{written}{newline}"))]);
    }
    let end = file.of(stage).last()?.lines.end;
    let ended = text.get(..end)?.ends_with('\n');
    let new = if ended { format!("{written}{newline}") } else { format!("{newline}{written}") };
    let mut parts = vec![(end..end, new)];
    parts.extend(open_mark(text, file, stage).map(|mark| (mark, String::new())));
    splice(text, parts)
}

/// The mark with which the last instruction is continued past the end of the file, and the blanks
/// before it. What is put below it would belong to it.
fn open_mark(text: &str, file: &Dockerfile, stage: &Stage) -> Option<Range<usize>> {
    let last = file.of(stage).last().filter(|one| one.heredocs.is_empty())?;
    let mut rest = text.get(last.lines.clone())?.trim_end();
    // Empty and comment lines behind the mark belong to the continuation too.
    while let Some((above, line)) = rest.rsplit_once('\n') {
        if !line.trim_start().starts_with('#') {
            break;
        }
        rest = above.trim_end();
    }
    let mark = escape(text);
    let bare = rest.strip_suffix(mark).filter(|bare| !bare.ends_with(mark))?;
    let start = last.lines.start;
    Some(start + bare.trim_end_matches([' ', '\t']).len()..start + rest.len())
}

/// Where the comment lines right above an instruction begin.
fn over_comments(text: &str, one: &Instruction, above: Option<&Instruction>) -> usize {
    let floor = above.map_or(0, |above| above.lines.end);
    let mut at = one.lines.start;
    while let Some(head) = text.get(floor..at).filter(|head| !head.is_empty()) {
        let line = head.trim_end_matches(['\n', '\r']);
        let start = line.rfind('\n').map_or(0, |found| found + 1);
        if !line.get(start..).unwrap_or_default().trim_start().starts_with('#') {
            break;
        }
        at = floor + start;
    }
    at
}
