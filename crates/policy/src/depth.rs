//! How deep brackets are nested in a text of Rego, without parsing it.

/// The deepest nesting of brackets outside strings and comments.
pub(crate) fn of(text: &str) -> usize {
    let (mut now, mut most) = (0_usize, 0_usize);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '#' => skip(&mut chars, '\n', false),
            '"' => skip(&mut chars, '"', true),
            '`' => skip(&mut chars, '`', false),
            '(' | '[' | '{' => {
                now += 1;
                most = most.max(now);
            }
            ')' | ']' | '}' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// Goes on until behind the next `end`. A string ends with its line at the latest, so that a
/// stray quote hides nothing but the rest of its line.
fn skip(chars: &mut std::str::Chars<'_>, end: char, escapes: bool) {
    while let Some(c) = chars.next() {
        if c == end || (escapes && c == '\n') {
            return;
        }
        if escapes && c == '\\' {
            chars.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        for (text, expected) in [
            ("", 0),
            ("a := [{\"b\": (1)}]", 3),
            ("# [[[[\nx := {}", 1),
            ("x := \"[[[\\\"[\" + `[[[`", 0),
            ("x := \"[\n[[", 2),
            ("]]][[", 2),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
