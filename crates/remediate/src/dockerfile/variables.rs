//! `$NAME` and `${NAME:-default}` of a Dockerfile, resolved from ARG and ENV.

use std::collections::BTreeMap;

/// What is known of each name: a value, or only that it is declared.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables(BTreeMap<String, Option<String>>);

impl Variables {
    /// Declares a name.
    pub(super) fn set(&mut self, name: &str, value: Option<String>) {
        self.0.insert(name.to_owned(), value);
    }

    /// What a name is, where it is known.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_deref()
    }

    /// Takes in the `NAME=value` pairs of an ARG or ENV; an old `ENV NAME value` is one pair.
    pub(super) fn declare(&mut self, args: &str, old_form: bool) {
        for (name, value) in pairs(args, old_form) {
            let value = value.map(|value| self.resolve(&value));
            self.set(&name, value.flatten());
        }
    }

    /// The text with its variables put in; none where one is not known.
    pub(super) fn resolve(&self, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['$', '\\']) {
            out.push_str(rest.get(..at)?);
            rest = rest.get(at..)?;
            let (value, used) = match rest.strip_prefix('\\') {
                Some(escaped) => after_backslash(escaped),
                None => self.variable(rest)?,
            };
            out.push_str(&value);
            rest = rest.get(used..)?;
        }
        out.push_str(rest);
        Some(out)
    }

    /// The variable that the text begins with, and how long its mention is.
    fn variable(&self, text: &str) -> Option<(String, usize)> {
        let name_end = |text: &str| {
            text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                .unwrap_or(text.len())
        };
        let Some(inner) = text.strip_prefix("${") else {
            let name = text.strip_prefix('$')?;
            let name = name.get(..name_end(name))?;
            if name.is_empty() {
                return Some(("$".to_owned(), 1));
            }
            return Some((self.get(name)?.to_owned(), 1 + name.len()));
        };
        let inner = inner.get(..inner.find('}')?)?;
        let used = inner.len() + 3;
        let (name, operator) = inner.split_at_checked(name_end(inner))?;
        let value = self.get(name);
        let value = match operator.split_at_checked(2) {
            _ if operator.is_empty() => value?.to_owned(),
            Some((":-", default)) => match value.filter(|value| !value.is_empty()) {
                Some(value) => value.to_owned(),
                None if self.0.contains_key(name) && value.is_none() => return None,
                None => default.to_owned(),
            },
            Some((":+", other)) => match value {
                Some(value) if !value.is_empty() => other.to_owned(),
                Some(_) => String::new(),
                None => return None,
            },
            Some(_) | None => return None,
        };
        (!value.contains('$')).then_some((value, used))
    }
}

/// A backslash keeps a dollar sign from beginning a variable; before others it stays.
fn after_backslash(rest: &str) -> (String, usize) {
    match rest.chars().next() {
        Some('$') => ("$".to_owned(), 2),
        Some(next) => (format!("\\{next}"), 1 + next.len_utf8()),
        None => ("\\".to_owned(), 1),
    }
}

/// `NAME=value` pairs with their quotes taken off; a name alone has no value.
pub(super) fn pairs(args: &str, old_form: bool) -> Vec<(String, Option<String>)> {
    let first = args.split_whitespace().next().unwrap_or_default();
    if old_form && !first.contains('=') {
        let value = args.get(first.len()..).unwrap_or_default().trim();
        return vec![(first.to_owned(), Some(value.to_owned()))];
    }
    let mut found = Vec::new();
    for word in words(args) {
        match word.split_once('=') {
            Some((name, value)) => found.push((name.to_owned(), Some(value.to_owned()))),
            None => found.push((word, None)),
        }
    }
    found
}

/// Words with their quotes taken off.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in text.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            None if letter == '"' || letter == '\'' => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            None if letter.is_whitespace() => found.extend(word.take()),
            Some(_) | None => word.get_or_insert_default().push(letter),
        }
    }
    found.extend(word);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let mut variables = Variables::default();
        variables.declare("A=1 B=\"two words\" NONE", false);
        variables.declare("OLD some thing", true);
        assert_eq!(variables.resolve(text).as_deref(), expected, "{text}");
    }

    #[test]
    fn variables_are_put_in_where_they_are_known() {
        check("x$A-${B}", Some("x1-two words"));
        check("$OLD", Some("some thing"));
        check("${MISSING:-3}", Some("3"));
        check("${A:+b}", Some("b"));
        check("\\$A", Some("$A"));
    }

    #[test]
    fn what_is_only_declared_is_unknown() {
        check("$NONE", None);
        check("${NONE:-x}", None);
        check("$MISSING", None);
        check("${A", None);
        check("${A#x}", None);
    }
}
