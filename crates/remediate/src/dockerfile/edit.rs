//! Changes of a Dockerfile's text at byte places; everything else stays as it is.

use std::ops::Range;

use super::file::{Dockerfile, Stage};
use super::lex::Instruction;

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
    splice(text, vec![(end..end, new)])
}

/// A stage whose last instruction is continued past the end of the file can get no further one.
///
/// # Errors
///
/// It is.
pub(super) fn is_ended(text: &str, file: &Dockerfile, stage: &Stage) -> Result<(), String> {
    let last = file.of(stage).last().filter(|one| one.heredocs.is_empty());
    let written = last.and_then(|one| text.get(one.lines.clone())).unwrap_or_default();
    // Empty and comment lines behind the mark belong to the continuation too.
    let code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let open = written.lines().rfind(code).is_some_and(|line| {
        let line = line.trim_end();
        line.ends_with('\\') && !line.ends_with("\\\\")
    });
    if open {
        return Err("the last instruction is continued past the end of the file: a person must \
                    end it first"
            .into());
    }
    Ok(())
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
