//! Cuts a Dockerfile into instructions, with the bytes each came from: continued lines, the
//! escape directive, comments between lines, here-documents, a byte order mark, CRLF.

use std::ops::Range;

/// Text put together from pieces of the source, such as a line that was continued.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Joined {
    /// The text without continuation marks and comments between lines.
    pub(super) text: String,
    /// Where each piece begins in `text`, and the bytes of the source it is.
    pieces: Vec<(usize, Range<usize>)>,
}

impl Joined {
    fn push(&mut self, source: &str, range: Range<usize>) {
        let Some(piece) = source.get(range.clone()) else { return };
        self.pieces.push((self.text.len(), range));
        self.text.push_str(piece);
    }

    /// The bytes of the source behind a part of the text; none where a line end cuts it.
    pub(super) fn source(&self, part: &Range<usize>) -> Option<Range<usize>> {
        let last = self.pieces.partition_point(|(at, _)| *at <= part.start);
        let (at, range) = self.pieces.get(last.checked_sub(1)?)?;
        let start = range.start + (part.start - at);
        let end = start + part.len();
        (end <= range.end).then_some(start..end)
    }
}

/// One instruction of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instruction {
    /// The keyword in upper case (`RUN`).
    pub(super) keyword: String,
    /// The bytes of the keyword.
    pub(super) keyword_span: Range<usize>,
    /// From the start of its first line to the end of its last, with the line end.
    pub(super) lines: Range<usize>,
    /// What follows the keyword.
    pub(super) args: Joined,
    /// The bodies of its here-documents, in order.
    pub(super) heredocs: Vec<Heredoc>,
}

/// A here-document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heredoc {
    /// Where `<<NAME` stands in the arguments.
    pub(super) mark: Range<usize>,
    /// The body, without the line that ends it.
    pub(super) body: Joined,
}

/// The mark that continues a line.
pub(super) fn escape(text: &str) -> char {
    directive(text, &mut Lines { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } })
}

/// Cuts the text into instructions.
///
/// # Errors
///
/// One sentence that names the line.
pub(super) fn instructions(text: &str) -> Result<Vec<Instruction>, String> {
    let mut lines = Lines { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } };
    let escape = directive(text, &mut lines);
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let content = body_of(text, &line);
        let trimmed = content.trim_start();
        if trimmed.trim_end().is_empty() || trimmed.starts_with('#') {
            continue;
        }
        found.push(instruction(&mut lines, line, escape)?);
    }
    Ok(found)
}

/// Lines of the text with their line ends.
struct Lines<'t> {
    text: &'t str,
    at: usize,
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let end = rest.find('\n').map_or(self.text.len(), |found| self.at + found + 1);
        let line = self.at..end;
        self.at = end;
        Some(line)
    }
}

/// The line without its end.
fn body_of<'t>(text: &'t str, line: &Range<usize>) -> &'t str {
    text.get(line.clone()).unwrap_or_default().trim_end_matches(['\n', '\r'])
}

/// Reads parser directives at the very top and leaves `lines` behind them.
fn directive(text: &str, lines: &mut Lines<'_>) -> char {
    let mut escape = '\\';
    loop {
        let before = lines.at;
        let named = lines.next().and_then(|line| {
            let comment = body_of(text, &line).trim_start().strip_prefix('#')?;
            let (name, value) = comment.split_once('=')?;
            let name = name.trim().to_ascii_lowercase();
            ["escape", "syntax", "check"]
                .contains(&name.as_str())
                .then(|| (name, value.trim().to_owned()))
        });
        let Some((name, value)) = named else {
            lines.at = before;
            return escape;
        };
        if name == "escape" && value == "`" {
            escape = '`';
        }
    }
}

/// The line up to its continuation mark, and whether it has one. Two marks are a literal one.
fn continued(content: &str, escape: char) -> Option<&str> {
    let head = content.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!head.ends_with(escape)).then_some(head)
}

fn instruction(
    lines: &mut Lines<'_>,
    first: Range<usize>,
    escape: char,
) -> Result<Instruction, String> {
    let text = lines.text;
    let begin = first.start;
    let (whole, mut end) = join(lines, first, escape);
    let keyword = whole.text.trim_start();
    let indent = whole.text.len() - keyword.len();
    let length = keyword.find(char::is_whitespace).unwrap_or(keyword.len());
    let place =
        || format!("line {}", text.get(..begin).unwrap_or_default().matches('\n').count() + 1);
    let keyword_span = whole
        .source(&(indent..indent + length))
        .ok_or_else(|| format!("{}: the keyword goes over two lines", place()))?;
    let keyword = keyword.get(..length).unwrap_or_default().to_ascii_uppercase();
    if !KEYWORDS.contains(&keyword.as_str()) {
        let shown: String = keyword.chars().filter(|c| !c.is_control()).take(40).collect();
        return Err(format!("{}: `{shown}` is no instruction", place()));
    }
    let args = tail(&whole, indent + length);
    let mut heredocs = Vec::new();
    for (mark, name, tabs) in heredoc_marks(&keyword, &args.text) {
        let body = heredoc(lines, &name, tabs)
            .ok_or_else(|| format!("{}: the here-document `{name}` has no end", place()))?;
        heredocs.push(Heredoc { mark, body });
        end = lines.at;
    }
    Ok(Instruction { keyword, keyword_span, lines: begin..end, args, heredocs })
}

const KEYWORDS: [&str; 18] = [
    "FROM",
    "RUN",
    "CMD",
    "LABEL",
    "MAINTAINER",
    "EXPOSE",
    "ENV",
    "ADD",
    "COPY",
    "ENTRYPOINT",
    "VOLUME",
    "USER",
    "WORKDIR",
    "ARG",
    "ONBUILD",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "SHELL",
];

/// The logical line that begins here, and where it ends in the source.
fn join(lines: &mut Lines<'_>, first: Range<usize>, escape: char) -> (Joined, usize) {
    let text = lines.text;
    let mut joined = Joined::default();
    let mut line = first;
    loop {
        let content = body_of(text, &line);
        let Some(head) = continued(content, escape) else {
            joined.push(text, line.start..line.start + content.len());
            return (joined, line.end);
        };
        joined.push(text, line.start..line.start + head.len());
        let end = line.end;
        loop {
            let Some(next) = lines.next() else { return (joined, end) };
            let content = body_of(text, &next).trim();
            if !content.is_empty() && !content.starts_with('#') {
                line = next;
                break;
            }
        }
    }
}

/// What stands after a byte, without white space around it.
fn tail(whole: &Joined, from: usize) -> Joined {
    let rest = whole.text.get(from..).unwrap_or_default();
    let begin = from + (rest.len() - rest.trim_start().len());
    let end = begin + rest.trim().len();
    let mut joined = Joined::default();
    for (at, range) in &whole.pieces {
        let start = begin.max(*at);
        let stop = end.min(at + range.len());
        if start < stop {
            let source = range.start + (start - at)..range.start + (stop - at);
            joined.pieces.push((joined.text.len(), source));
            joined.text.push_str(whole.text.get(start..stop).unwrap_or_default());
        }
    }
    joined
}

/// `<<NAME` and its like at the start of words, outside quotes: where, the name, and whether
/// tabs before the body go away.
fn heredoc_marks(keyword: &str, args: &str) -> Vec<(Range<usize>, String, bool)> {
    let takes = ["RUN", "COPY", "ADD", "ONBUILD"].contains(&keyword);
    if !takes || !args.contains("<<") || args.starts_with('[') {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut quote = None;
    let mut at_word = true;
    let mut skip_to = 0;
    for (at, letter) in args.char_indices() {
        if at < skip_to {
            continue;
        }
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            None if at_word && letter == '<' => {
                if let Some((length, name, tabs)) = heredoc_name(args.get(at..).unwrap_or_default())
                {
                    found.push((at..at + length, name, tabs));
                    skip_to = at + length;
                }
            }
            None => {}
        }
        at_word = letter.is_whitespace() || letter.is_ascii_digit() && at_word;
    }
    found
}

fn heredoc_name(text: &str) -> Option<(usize, String, bool)> {
    let rest = text.strip_prefix("<<")?;
    let (rest, tabs) = rest.strip_prefix('-').map_or((rest, false), |rest| (rest, true));
    let quote = rest.chars().next().filter(|letter| ['"', '\''].contains(letter));
    let inner = quote.map_or(rest, |_| rest.get(1..).unwrap_or_default());
    let length = inner
        .find(|letter: char| !letter.is_alphanumeric() && !['_', '.', '-'].contains(&letter))
        .unwrap_or(inner.len());
    let name = inner.get(..length).filter(|name| !name.is_empty())?;
    let closing = usize::from(quote.is_some());
    if let Some(quote) = quote {
        inner.get(length..)?.strip_prefix(quote)?;
    }
    let used = 2 + usize::from(tabs) + closing + length + closing;
    Some((used, name.to_owned(), tabs))
}

fn heredoc(lines: &mut Lines<'_>, name: &str, tabs: bool) -> Option<Joined> {
    let text = lines.text;
    let mut body = Joined::default();
    loop {
        let line = lines.next()?;
        let content = body_of(text, &line);
        let bare = if tabs { content.trim_start_matches('\t') } else { content };
        if bare == name {
            return Some(body);
        }
        body.push(text, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keywords(text: &str) -> Vec<(String, String)> {
        let found = instructions(text).unwrap();
        found.into_iter().map(|one| (one.keyword, one.args.text)).collect()
    }

    fn pair(keyword: &str, args: &str) -> (String, String) {
        (keyword.to_owned(), args.to_owned())
    }

    #[test]
    fn a_continued_line_is_one_instruction_and_comments_within_it_are_left_out() {
        let text = "FROM a\nrun x && \\  \n  # why\n\n    y\nCMD z";
        let expected = [pair("FROM", "a"), pair("RUN", "x &&     y"), pair("CMD", "z")];
        assert_eq!(keywords(text), expected);
    }

    #[test]
    fn the_bytes_of_a_word_are_found_again() {
        let text = "RUN a \\\r\n  apt install\r\n";
        let one = instructions(text).unwrap().remove(0);
        let at = one.args.text.find("apt").unwrap();
        let source = one.args.source(&(at..at + 3)).unwrap();
        assert_eq!(text.get(source), Some("apt"));
        assert_eq!(one.args.source(&(0..at + 3)), None, "it goes over a line end");
        assert_eq!(one.lines, 0..text.len());
    }

    #[test]
    fn the_escape_directive_and_a_byte_order_mark_count() {
        let text = "\u{feff}# escape=`\nFROM a\nRUN dir C:\\\nRUN b `\n c\n";
        let expected = [pair("FROM", "a"), pair("RUN", "dir C:\\"), pair("RUN", "b  c")];
        assert_eq!(keywords(text), expected);
    }

    #[test]
    fn a_here_document_is_no_instruction() {
        let text =
            "RUN <<EOF bash\nFROM x\nUSER y\nEOF\nCOPY <<-'A' <<B /t\nx\n\tA\ny\nB\nUSER z\n";
        let found = instructions(text).unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].heredocs[0].body.text, "FROM x\nUSER y\n");
        assert_eq!(found[1].heredocs.len(), 2);
        assert_eq!(found[1].heredocs[1].body.text, "y\n");
    }

    #[test]
    fn a_fault_names_the_line() {
        assert_eq!(instructions("FROM a\nRNU x"), Err("line 2: `RNU` is no instruction".into()));
        let open = instructions("FROM a\nRUN <<E\nx\n");
        assert_eq!(open, Err("line 2: the here-document `E` has no end".into()));
    }
}
