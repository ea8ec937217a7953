//! Paths of descriptors, taken apart: `$.Results[].Vulnerabilities[]`, `$['a.b'][]`.

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'p> {
    /// A field; `['…']` holds a name that has dots of its own.
    Key(&'p str),
    /// Each element of a list.
    Each,
}

/// The steps of a path, outermost first.
pub(super) fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    let mut rest = path;
    std::iter::from_fn(move || {
        let (step, after) = first(rest)?;
        rest = after;
        Some(step)
    })
}

/// The first step of a path, and what follows it.
pub(super) fn first(path: &str) -> Option<(Step<'_>, &str)> {
    // Only a whole path begins with `$`; what follows a step begins with a dot or a bracket.
    let path = path.strip_prefix('$').unwrap_or(path);
    let path = path.strip_prefix('.').unwrap_or(path);
    if let Some(rest) = path.strip_prefix("[]") {
        return Some((Step::Each, rest));
    }
    if let Some((name, rest)) = path.strip_prefix("['").and_then(|p| p.split_once("']")) {
        return Some((Step::Key(name), rest));
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (name, rest) = path.split_at_checked(end)?;
    (!name.is_empty()).then_some((Step::Key(name), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_name_keeps_its_dots() {
        let all = |path| steps(path).collect::<Vec<_>>();
        assert_eq!(all("$"), []);
        assert_eq!(all("$.$schema"), [Step::Key("$schema")]);
        assert_eq!(all("$[]"), [Step::Each]);
        assert_eq!(all("$.a[].b"), [Step::Key("a"), Step::Each, Step::Key("b")]);
        assert_eq!(all("$['a.b.c'][].d"), [Step::Key("a.b.c"), Step::Each, Step::Key("d")]);
    }
}
