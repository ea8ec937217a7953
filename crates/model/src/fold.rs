//! Comparing text as expressions do: ASCII letters in any case, and `*` and `?`.

/// Whether a text fits a pattern in which `*` is any text and `?` any one character. Letters of
/// ASCII fit in any case. The time is at most the product of both lengths.
#[must_use]
pub fn fits(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut seen) = (0, 0);
    // Where the last `*` stands, and where its text began to end.
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        let one = (pattern.get(at), text.get(seen));
        match one {
            (Some('*'), _) => {
                star = Some((at, seen));
                at += 1;
            }
            (Some(wanted), Some(found)) if *wanted == '?' || wanted.eq_ignore_ascii_case(found) => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((before, begun)) = star else { return false };
                star = Some((before, begun + 1));
                (at, seen) = (before + 1, begun + 1);
            }
        }
    }
    pattern.get(at..).is_none_or(|rest| rest.iter().all(|one| *one == '*'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
            ("a*c", "abbbc", true),
            ("a*c", "abbbd", false),
            ("A?c", "aBC", true),
            ("*-test-*", "shop-test-1", true),
            ("*a*b*c*", "xxaxxbxxcxx", true),
            ("*a*b*c*", "xxaxxcxxbxx", false),
            ("é*", "éa", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_ends_soon() {
        let (pattern, text) = ("*a".repeat(200), "a".repeat(4000) + "b");
        assert!(!fits(&pattern, &text));
    }

    /// The same by trying everything.
    fn plain(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some(('*', rest)), _) => {
                plain(rest, text)
                    || text.split_first().is_some_and(|(_, text)| plain(pattern, text))
            }
            (Some(_), None) => false,
            (Some((p, rest)), Some((t, text))) => {
                (*p == '?' || p.eq_ignore_ascii_case(t)) && plain(rest, text)
            }
        }
    }

    proptest! {
        #[test]
        fn it_says_what_trying_everything_says(pattern in "[ab*?]{0,6}", text in "[abB]{0,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(fits(&pattern, &text), plain(&chars(&pattern), &chars(&text)));
        }
    }
}
