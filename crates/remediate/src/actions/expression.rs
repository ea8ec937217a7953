//! `${{ … }}` in texts.

use std::ops::Range;

/// Every expression of a text: its bytes, and what stands inside without blanks around it.
pub(super) fn expressions(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find("${{")) {
        let start = at + start;
        let inner = text.get(start + 3..).unwrap_or_default();
        let Some(length) = end(inner) else { break };
        let range = start..start + 3 + length + 2;
        found.push((range.clone(), inner.get(..length).unwrap_or_default().trim()));
        at = range.end;
    }
    found
}

/// Where `}}` stands outside single quotes.
fn end(inner: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, letter) in inner.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            '}' if !quoted && inner.get(at..at + 2) == Some("}}") => return Some(at),
            _ => {}
        }
    }
    None
}

/// The text with a letter in place of every byte of an expression, so that it stays one word.
pub(super) fn masked(text: &str) -> String {
    let mut out = text.to_owned();
    for (range, _) in expressions(text) {
        out.replace_range(range.clone(), &"E".repeat(range.len()));
    }
    out
}

/// Whether an expression of the text is the workflow's own token.
pub(super) fn gives_token(text: &str) -> bool {
    expressions(text).iter().any(|(_, inner)| is_token(inner))
}

/// Whether an expression of the text is another secret, and none is the workflow's token.
pub(super) fn gives_other_secret(text: &str) -> bool {
    let found = expressions(text);
    !found.iter().any(|(_, inner)| is_token(inner))
        && found.iter().any(|(_, inner)| {
            let lower = inner.to_ascii_lowercase();
            lower.contains("secrets.") || lower.contains("secrets[") || lower.contains("steps.")
        })
}

fn is_token(inner: &str) -> bool {
    let lower = inner.to_ascii_lowercase();
    lower.contains("github.token")
        || lower.contains("secrets.github_token")
        || lower.contains("secrets['github_token']")
        || lower.contains("tojson(secrets)")
        || lower.contains("tojson(github)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_found_with_their_bytes() {
        let text = "a ${{ x }} b ${{format('}}', y)}} ${{ open";
        let found = expressions(text);
        let inner: Vec<&str> = found.iter().map(|(_, inner)| *inner).collect();
        assert_eq!(inner, ["x", "format('}}', y)"]);
        assert_eq!(masked("a ${{ x }}b"), "a EEEEEEEEb");
    }

    #[test]
    fn the_token_is_known_from_other_secrets() {
        assert!(gives_token("x ${{ secrets.GITHUB_TOKEN }}"));
        assert!(gives_token("${{ secrets.PAT || github.token }}"));
        assert!(!gives_token("secrets.GITHUB_TOKEN"));
        assert!(gives_other_secret("${{ secrets.PAT }}"));
        assert!(!gives_other_secret("${{ secrets.PAT || github.token }}"));
    }
}
