//! One escaper for each sink. Text from outside passes one of them, or it is not printed.

use quell_model::Untrusted;

/// For a terminal: no control, bidirectional, zero-width or tag characters; one line.
pub(crate) fn terminal(text: &Untrusted) -> String {
    plain(text.raw())
}

/// Text on one line without anything that a reader cannot see.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else if !is_hidden(c) {
            out.push(c);
        }
    }
    out.trim().to_owned()
}

/// Characters that act on a terminal or page without being seen.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// For HTML text and attribute values in double quotes.
#[must_use]
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if is_hidden(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// For GitHub-flavoured Markdown: nothing in it becomes markup, a link or a mention.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '-' | '!'
            | '|' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            // Breaks up addresses that would become links by themselves.
            ':' => out.push_str("&#58;"),
            c => out.push(c),
        }
    }
    out
}

/// For a CSV cell (RFC 4180), guarded against being read as a formula.
pub(crate) fn csv(text: &str) -> String {
    let guard = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text: String = text.chars().filter(|c| *c == '\n' || !is_hidden(*c)).collect();
    let text = if guard { format!("'{text}") } else { text };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str =
        "=1+1 <script>alert('x')</script> [a](http://e.example) @all \u{1b}[31m \u{202e}x | `b`";

    #[test]
    fn nothing_hidden_reaches_a_terminal() {
        let out = terminal(&HOSTILE.into());
        assert!(!out.chars().any(is_hidden), "{out:?}");
        assert!(out.contains("<script>"));
    }

    #[test]
    fn html_keeps_no_tag_and_no_quote() {
        let out = html(HOSTILE);
        assert!(!out.contains(['<', '>', '"', '\'']), "{out}");
    }

    #[test]
    fn markdown_keeps_no_link_mention_or_table_border() {
        let out = markdown(HOSTILE);
        assert!(!out.contains("](") && !out.contains('@') && !out.contains("http:"), "{out}");
        assert!(out.contains("\\|") && out.contains("\\`b\\`"));
    }

    #[test]
    fn csv_cells_are_no_formulas_and_quote_what_needs_it() {
        assert_eq!(csv("=1+1"), "'=1+1");
        assert_eq!(csv("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv("plain"), "plain");
    }
}
