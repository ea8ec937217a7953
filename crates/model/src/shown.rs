//! Text as an approver sees it: what could turn it round or hide in it is written out.

/// Whether a character changes what others look like, or looks like nothing.
#[must_use]
pub const fn is_deceiving(c: char) -> bool {
    matches!(c,
        '\u{00AD}'
        | '\u{061C}'
        | '\u{115F}' | '\u{1160}'
        | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// A text with control characters, marks of direction and what is invisible written as `\u{202e}`;
/// line ends and tabs stay where `lines` says so. A backslash is doubled, so that nothing written
/// out can be mistaken for what stood there.
#[must_use]
pub fn shown(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let stays = lines && matches!(c, '\n' | '\t');
        if c == '\\' {
            out.push_str("\\\\");
        } else if !stays && (c.is_control() || is_deceiving(c)) {
            out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_turns_a_line_round() {
        for (text, expected) in [
            ("logs\u{202e}gnp.exe", "logs\\u{202e}gnp.exe"),
            ("a\u{2066}b\u{2069}", "a\\u{2066}b\\u{2069}"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("one\rtwo\nthree\tfour", "one\\u{d}two\\u{a}three\\u{9}four"),
            ("\\u{202e}", "\\\\u{202e}"),
            ("größe 漢字 😀", "größe 漢字 😀"),
            ("\u{e0041}tag", "\\u{e0041}tag"),
        ] {
            assert_eq!(shown(text, false), expected);
        }
        assert_eq!(shown("-a\n+b\r\n\tc", true), "-a\n+b\\u{d}\n\tc");
    }

    proptest! {
        #[test]
        fn different_texts_are_shown_differently(a in "\\PC{0,4}|[\\\\u{}0-9\u{202e}]{0,9}", b in "\\PC{0,4}|[\\\\u{}0-9\u{202e}]{0,9}") {
            prop_assert_eq!(a == b, shown(&a, false) == shown(&b, false));
        }
    }
}
