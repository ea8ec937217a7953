//! Paths into JSON: `$.Results[].Vulnerabilities[]`, `$['a.b'][]`, `a[0].b`.

use serde_json::Value;

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'p> {
    /// A field; `['…']` holds a name that has dots of its own.
    Key(&'p str),
    /// Each element of a list.
    Each,
    /// One element of a list.
    At(usize),
}

/// The steps of a path, outermost first.
pub(crate) fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    let mut rest = path;
    std::iter::from_fn(move || {
        let (step, after) = first(rest)?;
        rest = after;
        Some(step)
    })
}

/// The first step of a path, and what follows it.
pub(crate) fn first(path: &str) -> Option<(Step<'_>, &str)> {
    // Only a whole path begins with `$`; what follows a step begins with a dot or a bracket.
    let path = path.strip_prefix('$').unwrap_or(path);
    let path = path.strip_prefix('.').unwrap_or(path);
    if let Some(rest) = path.strip_prefix("[]") {
        return Some((Step::Each, rest));
    }
    if let Some((name, rest)) = path.strip_prefix("['").and_then(|p| p.split_once("']")) {
        return Some((Step::Key(name), rest));
    }
    if let Some((index, rest)) = path.strip_prefix('[').and_then(|p| p.split_once(']')) {
        return Some((Step::At(index.parse().ok()?), rest));
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (name, rest) = path.split_at_checked(end)?;
    (!name.is_empty()).then_some((Step::Key(name), rest))
}

/// A field as a step of a path: `.name`, or `['a.b']` where the name needs quotes.
pub(crate) fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let is_plain = !name.is_empty() && name.chars().all(plain);
    if is_plain { format!(".{name}") } else { format!("['{name}']") }
}

/// Whether any value at the path passes the test. A field whose own name holds a dot is found first.
pub(crate) fn any(value: &Value, path: &str, test: &mut dyn FnMut(&Value) -> bool) -> bool {
    if let Some(inner) = value.get(path) {
        return test(inner);
    }
    match first(path) {
        None => matches!(path, "" | "$") && test(value),
        Some((Step::Key(key), rest)) => value.get(key).is_some_and(|v| any(v, rest, test)),
        Some((Step::At(index), rest)) => value.get(index).is_some_and(|v| any(v, rest, test)),
        Some((Step::Each, rest)) => {
            value.as_array().is_some_and(|list| list.iter().any(|v| any(v, rest, test)))
        }
    }
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
