//! Small steps over the bytes of a YAML text.

use std::ops::Range;

/// Cuts a text at its `---` lines. A `---` at the start of a line always begins a document, even
/// inside a quoted or a block text.
pub(super) fn chunks(text: &str) -> Vec<Range<usize>> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start_matches('\u{feff}');
        let rest = bare.strip_prefix("---");
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n'])) {
            starts.push(at);
        }
        at += line.len();
    }
    // What stands above the first `---` belongs to it where it is only comments and directives.
    let head = text.get(..starts.first().copied().unwrap_or(at)).unwrap_or_default();
    let idle = head.trim_start_matches('\u{feff}').lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with(['#', '%'])
    });
    match starts.first_mut() {
        Some(first) if idle => *first = 0,
        Some(_) | None => starts.insert(0, 0),
    }
    let ends = starts.iter().copied().skip(1).chain([text.len()]).collect::<Vec<_>>();
    starts.into_iter().zip(ends).map(|(start, end)| start..end).collect()
}

/// The byte at a place.
pub(super) fn byte(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

/// Where the line of a byte begins.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|head| head.rfind('\n')).map_or(0, |newline| newline + 1)
}

/// Where the line of a byte ends, before its line end.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    let tail = text.get(at..).unwrap_or_default();
    let length = tail.find('\n').unwrap_or(tail.len());
    let line = tail.get(..length).unwrap_or_default();
    at + line.strip_suffix('\r').unwrap_or(line).len()
}

/// Where the next line begins; the end of the text where there is none.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    let tail = text.get(at..).unwrap_or_default();
    tail.find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// How many characters stand before a byte on its line.
pub(super) fn column(text: &str, at: usize) -> usize {
    text.get(line_start(text, at)..at)
        .unwrap_or_default()
        .trim_start_matches('\u{feff}')
        .chars()
        .count()
}

/// The line end that the text uses.
pub(super) fn line_ending(text: &str) -> &'static str {
    let first = text.find('\n').and_then(|newline| text.get(..newline)).unwrap_or_default();
    if first.ends_with('\r') { "\r\n" } else { "\n" }
}

/// The first byte from here on that is neither white space nor comment.
pub(super) fn skip_blank(text: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        match byte(text, at) {
            Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
            Some(b'#')
                if at == 0 || byte(text, at - 1).is_some_and(|b| b.is_ascii_whitespace()) =>
            {
                at = next_line(text, at);
            }
            Some(_) | None => return at,
        }
    }
}

/// Behind the anchor and the tag that stand here, and the blanks behind them.
pub(super) fn skip_properties(text: &str, from: usize) -> usize {
    let mut at = skip_blank(text, from);
    while matches!(byte(text, at), Some(b'&' | b'!')) {
        while byte(text, at).is_some_and(|b| !b.is_ascii_whitespace()) {
            at += 1;
        }
        at = skip_blank(text, at);
    }
    at
}

/// Behind the quoted text that begins here.
pub(super) fn quoted_end(text: &str, start: usize) -> Option<usize> {
    let quote = byte(text, start)?;
    let mut at = start + 1;
    loop {
        let here = byte(text, at)?;
        if quote == b'"' && here == b'\\' {
            at += 2;
        } else if here != quote {
            at += 1;
        } else if quote == b'\'' && byte(text, at + 1) == Some(b'\'') {
            at += 2;
        } else {
            return Some(at + 1);
        }
    }
}

/// Whether only white space or a comment stands between here and the line's end.
pub(super) fn rest_is_idle(text: &str, at: usize) -> bool {
    let rest = text.get(at..line_end(text, at)).unwrap_or_default();
    let bare = rest.trim_start();
    bare.is_empty() || (bare.starts_with('#') && rest.len() > bare.len())
}
