//! Text that has to fit: cut between characters of the data, with how much is left out.

use quell_model::shown;

/// Kept free for the words that say how much is left out.
const NOTE: usize = 48;

/// How much may still be written, in the UTF-16 units that Atlassian counts by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    left: usize,
}

impl Room {
    /// Room for so many units.
    pub(super) const fn new(units: usize) -> Self {
        Self { left: units }
    }

    /// Whether hardly anything fits any more.
    pub(super) const fn is_full(&self) -> bool {
        self.left <= NOTE
    }

    /// Counts what was written.
    pub(super) fn took(&mut self, text: &str) {
        self.left = self.left.saturating_sub(units(text));
    }

    /// Writes text, each character by `write`, as far as it fits. What cannot be seen is written
    /// out first; a character and its escape are never parted.
    pub(super) fn write(&mut self, text: &str, lines: bool, write: Writer<'_>) -> String {
        if self.left == 0 {
            return String::new();
        }
        let mut out = String::new();
        let mut before = String::new();
        let mut characters = text.chars();
        while let Some(c) = characters.next() {
            let piece = write(&before, &shown(c.encode_utf8(&mut [0; 4]), lines), c);
            let size = units(&piece);
            if size + NOTE > self.left {
                let rest = characters.count() + 1;
                let note = format!("… {rest} characters left out");
                self.took(&note);
                out.push_str(&note);
                return out;
            }
            self.left -= size;
            out.push_str(&piece);
            before.push(c);
            if before.len() > 16 {
                before.drain(..before.ceil_char_boundary(before.len() - 8));
            }
        }
        out
    }
}

/// Writes one character: what stands before it in the same text, how it is shown, and itself.
pub(super) type Writer<'a> = &'a dyn Fn(&str, &str, char) -> String;

/// A character as it is shown, for texts that have no markup.
pub(super) fn as_shown(_before: &str, shown: &str, _character: char) -> String {
    shown.to_owned()
}

/// How long a text is, as Atlassian counts.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}
