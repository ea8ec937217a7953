//! Whether all that one pattern matches, another matches too.

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Any text, or none: `*`.
    Any,
    /// Any one letter: `?`.
    One,
    /// A letter.
    Letter(char),
    /// A variable (`${aws:username}`), which is another text for each who asks.
    Variable(String),
}

/// Whether everything that `inner` matches is matched by `outer`, for every text that variables
/// may stand for. A yes is certain; of two patterns that say the same in different ways it may
/// say no.
pub(super) fn includes(outer: &str, inner: &str) -> bool {
    let (outer, inner) = (parts(outer), parts(inner));
    // Where the last `*` stood, and how much it has taken so far.
    let mut back: Option<(usize, usize)> = None;
    let (mut at, mut taken) = (0, 0);
    loop {
        let covers = match (outer.get(at), inner.get(taken)) {
            (None, None) => return true,
            (Some(Part::Any), _) => {
                back = Some((at + 1, taken));
                at += 1;
                continue;
            }
            (Some(Part::One), Some(Part::One | Part::Letter(_))) => true,
            (Some(one), Some(other)) => one == other && *one != Part::One,
            (None, Some(_)) | (Some(_), None) => false,
        };
        if covers {
            (at, taken) = (at + 1, taken + 1);
            continue;
        }
        // The `*` takes one part more, as long as there is one.
        match back {
            Some((behind, from)) if from < inner.len() => {
                back = Some((behind, from + 1));
                (at, taken) = (behind, from + 1);
            }
            Some(_) | None => return false,
        }
    }
}

/// Whether a text without any pattern is matched; none where it has one.
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    let plain = parts(text).iter().all(|part| matches!(part, Part::Letter(_)));
    let known = !parts(pattern).iter().any(|part| matches!(part, Part::Variable(_)));
    (plain && known).then(|| includes(pattern, text))
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let end = rest.find('}').filter(|_| rest.starts_with("${"));
        if let Some((variable, behind)) = end.and_then(|end| rest.split_at_checked(end + 1)) {
            parts.push(Part::Variable(variable.to_owned()));
            rest = behind;
            continue;
        }
        match letter {
            '*' if parts.last() == Some(&Part::Any) => {}
            '*' => parts.push(Part::Any),
            '?' => parts.push(Part::One),
            letter => parts.push(Part::Letter(letter)),
        }
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_include_what_they_match() {
        for (outer, inner) in [
            ("*", ""),
            ("*", "a*b?"),
            ("s3:Get*", "s3:GetObject*"),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/logs/*"),
            ("a?c", "abc"),
            ("a?c", "a?c"),
            ("*c", "abc"),
            ("*ab", "aab"),
            ("**", "*"),
            ("home/${aws:username}/*", "home/${aws:username}/a"),
            ("home/*", "home/${aws:username}"),
        ] {
            assert!(includes(outer, inner), "{outer} {inner}");
        }
        for (outer, inner) in [
            ("a", "*"),
            ("a*", "*"),
            ("a?c", "a*c"),
            ("a?", "a"),
            ("s3:Get*", "s3:*"),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b*"),
            ("home/${aws:username}", "home/${aws:userid}"),
            ("home/$?*", "home/${aws:username}"),
            ("", "a"),
        ] {
            assert!(!includes(outer, inner), "{outer} {inner}");
        }
    }

    proptest! {
        /// What the inner pattern matches, the outer one matches, whatever its wildcards stand for.
        #[test]
        fn what_is_included_is_matched(
            outer in "[ab*?]{0,6}",
            inner in "[ab*?]{0,6}",
            fill in prop::collection::vec("[abc]{0,3}", 7),
        ) {
            if includes(&outer, &inner) {
                let text: String = inner.chars().zip(fill.iter().cycle()).map(|(letter, fill)| match letter {
                    '*' => fill.clone(),
                    '?' => fill.chars().next().unwrap_or('c').to_string(),
                    letter => letter.to_string(),
                }).collect();
                prop_assert!(includes(&outer, &text), "{outer} {inner} {text}");
            }
        }

        #[test]
        fn a_pattern_includes_itself_and_what_ends_it(text in "[ab*?]{0,8}", more in "[ab*?]{0,3}") {
            prop_assert!(includes(&text, &text));
            let (wide, narrow) = (format!("{text}*"), format!("{text}{more}"));
            prop_assert!(includes(&wide, &narrow));
        }

        #[test]
        fn inclusion_goes_on(a in "[ab*?]{0,5}", b in "[ab*?]{0,5}", c in "[ab*?]{0,5}") {
            if includes(&a, &b) && includes(&b, &c) {
                prop_assert!(includes(&a, &c));
            }
        }
    }
}
