//! A text as a reader would take it, with each byte's place in the text as it came: without what
//! cannot be seen, and with escapes undone. What is found there is cut out of the text itself.

use std::iter::Peekable;
use std::str::CharIndices;

use quell_model::is_deceiving;

/// A text and where each of its bytes came from.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) text: String,
    /// Begin and end in the text as it came, a pair a byte.
    from: Vec<(usize, usize)>,
}

impl View {
    /// Without what cannot be seen, and with wide letters as plain ones.
    pub(crate) fn plain(text: &str) -> Self {
        let mut view = Self::default();
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let end = at + c.len_utf8();
            let next = chars.peek().map(|(_, next)| *next);
            // A line that goes on in the next one.
            if matches!((c, next), ('\\' | '=', Some('\n' | '\r'))) {
                skip_blanks(&mut chars);
                continue;
            }
            let hidden = is_deceiving(c) || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
            if !hidden {
                view.push(folded(c), (at, end));
            }
        }
        view
    }

    /// With the escapes of addresses, JSON, programs and markup undone; `None` where there are
    /// none.
    pub(crate) fn unescaped(&self) -> Option<Self> {
        let mut view = Self::default();
        let (mut at, mut any) = (0, false);
        // Mail writes `=` as `=3D`; elsewhere `=41` is a key and its value.
        let is_mail = self.text.contains("=3D");
        while let Some(rest) = self.text.get(at..).filter(|rest| !rest.is_empty()) {
            let first = rest.chars().next().unwrap_or_default();
            let (length, c) = match escape(rest, is_mail) {
                Some(found) => {
                    any = true;
                    found
                }
                None => (first.len_utf8(), first),
            };
            view.push(c, self.span(at, at + length));
            at += length;
        }
        any.then_some(view)
    }

    fn push(&mut self, c: char, from: (usize, usize)) {
        self.text.push(c);
        self.from.extend(std::iter::repeat_n(from, c.len_utf8()));
    }

    /// Where a part came from.
    pub(crate) fn span(&self, start: usize, end: usize) -> (usize, usize) {
        let place = |at: usize| self.from.get(at).copied();
        let begin = place(start).unwrap_or_default().0;
        (begin, end.checked_sub(1).and_then(place).map_or(begin, |(_, end)| end))
    }
}

fn skip_blanks(chars: &mut Peekable<CharIndices<'_>>) {
    while chars.next_if(|(_, c)| c.is_ascii_whitespace()).is_some() {}
}

/// Wide letters, and letters of other scripts that look like Latin ones.
fn folded(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{0430}' => 'a',
        '\u{0435}' => 'e',
        '\u{043E}' => 'o',
        '\u{0440}' => 'p',
        '\u{0441}' => 'c',
        '\u{0443}' => 'y',
        '\u{0445}' => 'x',
        '\u{0456}' => 'i',
        '\u{0410}' => 'A',
        '\u{0415}' => 'E',
        '\u{041A}' => 'K',
        '\u{041E}' => 'O',
        '\u{0421}' => 'C',
        '\u{0425}' => 'X',
        '\u{2024}' | '\u{3002}' => '.',
        '\u{2010}'..='\u{2015}' => '-',
        other => other,
    }
}

/// How long an escape at the beginning of a text is, and what it means.
fn escape(text: &str, is_mail: bool) -> Option<(usize, char)> {
    let bytes = text.as_bytes();
    match (bytes.first()?, bytes.get(1)?) {
        (b'%', _) => percent(text),
        (b'\\', b'u') => unicode(text),
        (b'\\', b'x') => hex(text.get(2..4)?).map(|c| (4, c)),
        (b'\\', b'n') => Some((2, '\n')),
        (b'\\', b't') => Some((2, '\t')),
        (b'\\', c @ (b'"' | b'\'' | b'/' | b'\\')) => Some((2, char::from(*c))),
        (b'&', _) => entity(text),
        (b'=', _) if is_mail => hex(text.get(1..3)?).filter(char::is_ascii_graphic).map(|c| (3, c)),
        _ => None,
    }
}

/// Bytes of a character, each as `%41`.
fn percent(text: &str) -> Option<(usize, char)> {
    let mut bytes = Vec::new();
    for begin in (0..12).step_by(3) {
        let Some(part) = text.get(begin..begin + 3).and_then(|part| part.strip_prefix('%')) else {
            break;
        };
        bytes.push(u8::from_str_radix(part, 16).ok()?);
        if let Ok(Some(c)) = std::str::from_utf8(&bytes).map(|text| text.chars().next()) {
            return Some((begin + 3, c));
        }
    }
    None
}

fn unicode(text: &str) -> Option<(usize, char)> {
    if let Some(rest) = text.strip_prefix("\\u{") {
        let end = rest.find('}').filter(|end| *end <= 6)?;
        return Some((end + 4, hex(rest.get(..end)?)?));
    }
    Some((6, hex(text.get(2..6)?)?))
}

fn hex(digits: &str) -> Option<char> {
    let is_hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten().and_then(char::from_u32)
}

fn entity(text: &str) -> Option<(usize, char)> {
    let end = text.bytes().take(9).position(|b| b == b';')?;
    let name = text.get(1..end)?;
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "period" => '.',
        "commat" => '@',
        "colon" => ':',
        _ => {
            let digits = name.strip_prefix('#')?;
            match digits.strip_prefix(['x', 'X']) {
                Some(digits) => hex(digits)?,
                None => digits.parse().ok().and_then(char::from_u32)?,
            }
        }
    };
    Some((end + 1, c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_reader_sees_is_read() {
        for (text, seen) in [
            ("AK\u{200b}IB\u{ad}1", "AKIB1"),
            ("\u{ff21}\u{ff2b}IB", "AKIB"),
            ("one \\\n  two", "one two"),
            ("a=\r\nb", "ab"),
            ("\u{1b}[1mred", "[1mred"),
        ] {
            assert_eq!(View::plain(text).text, seen);
        }
        for (text, seen) in [
            ("a%40b%2ecom", "a@b.com"),
            ("\\u0041\\u{42}\\x43", "ABC"),
            ("{\\\"k\\\":\\\"v\\/\\\"}", "{\"k\":\"v/\"}"),
            ("a&amp;b&#64;c&#x40;d", "a&b@c@d"),
            ("p=3Dq", "p=q"),
            ("%c3%a9%zz%", "é%zz%"),
        ] {
            assert_eq!(View::plain(text).unescaped().unwrap().text, seen);
        }
        assert!(View::plain("100% sure & so on").unescaped().is_none());
    }

    proptest! {
        #[test]
        fn every_part_has_a_place_in_the_text(text in "[a%\\\\u&;=0-9é\u{200b}\n]{0,40}|\\PC{0,40}") {
            let plain = View::plain(&text);
            let more = plain.unescaped();
            for view in std::iter::once(&plain).chain(&more) {
                prop_assert_eq!(view.text.len(), view.from.len());
                for (at, c) in view.text.char_indices() {
                    let (begin, end) = view.span(at, at + c.len_utf8());
                    prop_assert!(begin < end && text.get(begin..end).is_some());
                }
            }
        }
    }
}
