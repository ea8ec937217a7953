//! The mark that makes a text findable: an HTML comment on a line of its own.

use quell_deliver::Key;

/// The mark of a key.
pub(crate) fn mark(key: &Key) -> String {
    format!("<!-- {} -->", key.mark())
}

/// Whether a text bears the mark of a key. Data cannot make one: where a comment begins in it, a
/// blank is put between.
pub(crate) fn bears(text: &str, key: &Key) -> bool {
    let mark = mark(key);
    text.lines().any(|line| line.trim() == mark)
}

#[cfg(test)]
mod tests {
    use quell_model::TenantId;

    use super::*;

    #[test]
    fn only_a_line_of_its_own_is_a_mark() {
        let key = Key::new(&TenantId::default(), "github", "fix:a", 0);
        assert!(bears(&format!("text\r\n\r\n{}\r\n", mark(&key)), &key));
        assert!(!bears(&format!("text `{}`", mark(&key)), &key));
        assert!(!bears(&key.mark(), &key));
    }
}
