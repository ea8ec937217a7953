//! Another reading of a file that the parser refuses although Terraform takes it.
//!
//! Within parentheses, brackets and `for` objects a line end means nothing. The parser stumbles
//! over some of them (after the `:` of a condition), so they and comments between become spaces.
//! Every byte keeps its place, so spans hold in the text as it is.

/// How deep brackets may lie within each other.
const MAX_DEPTH: usize = 200;
/// How many heredocs a file may have; one that does not end is looked for to the end of the file.
const MAX_HEREDOCS: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// A block or an object, where a line end ends an entry.
    Lines,
    /// Parentheses, brackets and `for` objects.
    Free,
    /// A quoted text.
    Quotes,
}

/// The text with line ends that mean nothing as spaces; none where it cannot be read so.
pub(super) fn joined(text: &str) -> Option<String> {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    if text.matches("<<").count() > MAX_HEREDOCS {
        return None;
    }
    let mut stack = vec![Within::Lines];
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let within = *stack.last()?;
        let taken = if within == Within::Quotes {
            quoted(rest, &mut stack)
        } else {
            plain(rest, &mut stack)
        };
        let (piece, after) = rest.split_at_checked(taken.max(letter.len_utf8()))?;
        let comment = piece.starts_with('#') || piece.starts_with("//") || piece.starts_with("/*");
        if within == Within::Free && (letter == '\n' || comment) {
            out.resize(out.len() + piece.len(), b' ');
        } else {
            out.extend_from_slice(piece.as_bytes());
        }
        if stack.len() > MAX_DEPTH || stack.is_empty() {
            return None;
        }
        rest = after;
    }
    String::from_utf8(out).ok().filter(|out| out != text)
}

/// How many bytes the next piece of a quoted text has.
fn quoted(rest: &str, stack: &mut Vec<Within>) -> usize {
    if rest.starts_with('\\') {
        return 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
    }
    if rest.starts_with("$${") || rest.starts_with("%%{") {
        return 3;
    }
    if rest.starts_with("${") || rest.starts_with("%{") {
        stack.push(Within::Free);
        return 2;
    }
    if rest.starts_with('"') {
        stack.pop();
    }
    1
}

/// How many bytes the next piece outside quotes has.
fn plain(rest: &str, stack: &mut Vec<Within>) -> usize {
    if rest.starts_with('#') || rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    if rest.starts_with("<<") {
        return heredoc(rest).unwrap_or(2);
    }
    if rest.starts_with('"') {
        stack.push(Within::Quotes);
    } else if rest.starts_with(['(', '[']) {
        stack.push(Within::Free);
    } else if let Some(inner) = rest.strip_prefix('{') {
        let loops = inner.trim_start().strip_prefix("for");
        let loops = loops.is_some_and(|next| next.starts_with(char::is_whitespace));
        stack.push(if loops { Within::Free } else { Within::Lines });
    } else if rest.starts_with([')', ']', '}']) {
        stack.pop();
    }
    1
}

/// The length of a heredoc, up to the end of its last line.
fn heredoc(rest: &str) -> Option<usize> {
    let (first, _) = rest.split_once('\n')?;
    let mark = first.strip_prefix("<<")?.trim_start_matches('-').trim();
    let word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    if mark.is_empty() || !mark.chars().all(word) {
        return None;
    }
    let mut end = first.len() + 1;
    for line in rest.get(end..)?.split_inclusive('\n') {
        if line.trim() == mark {
            return Some(end + line.trim_end_matches('\n').len());
        }
        end += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_read_once() {
        let text = format!("x = [\n{}]", "a ".repeat(1 << 20));
        assert_eq!(joined(&text).unwrap().len(), text.len());
    }

    #[test]
    fn lines_are_joined_only_where_they_mean_nothing() {
        let text = "a {\n  x = { for k, v in y : k => v ?\n 1 :\n 2 # c\n }\n  t = \"${f(\n1)}\"\n  h = <<E\n(\nE\n}\n";
        let joined = joined(text).unwrap();
        assert_eq!(joined.len(), text.len());
        assert_eq!(
            joined,
            "a {\n  x = { for k, v in y : k => v ?  1 :  2      }\n  t = \"${f( 1)}\"\n  h = <<E\n(\nE\n}\n"
        );
    }
}
