//! Words that are nobody's names, whatever capital they begin with.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::files_below;

/// The lists of `content/vocabulary`.
static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    // A file that cannot be read knows no word, so that more is a name; a test excludes it.
    let files = files_below("vocabulary").into_iter();
    let lists = files.filter_map(|(_, text)| toml::from_str::<Raw>(text).ok());
    lists.flat_map(|raw| raw.list).fold(Vocabulary::default(), |all, list| all.with(&list))
});

#[derive(Debug, Default)]
struct Vocabulary {
    /// In small letters.
    words: HashSet<String>,
    /// As they are written.
    names: HashSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    list: Vec<List>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "says where words are from"))]
struct List {
    name: String,
    source: String,
    date: String,
    licence: String,
    words: String,
    #[serde(default)]
    any_case: bool,
}

impl Vocabulary {
    fn with(mut self, list: &List) -> Self {
        let words = list.words.split_whitespace();
        match list.any_case {
            true => self.words.extend(words.map(str::to_ascii_lowercase)),
            false => self.names.extend(words.map(str::to_owned)),
        }
        self
    }
}

/// Whether a word with a capital is one of prose, of the field, or a platform that everybody knows:
/// it names nobody, nor anything of anybody's.
#[must_use]
pub fn is_common(word: &str) -> bool {
    VOCABULARY.names.contains(word) || VOCABULARY.words.contains(&word.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_read_and_say_where_they_are_from() {
        let files = files_below("vocabulary");
        let lists = files.iter().flat_map(|(_, text)| toml::from_str::<Raw>(text).unwrap().list);
        let lists: Vec<List> = lists.collect();
        assert_eq!(lists.len(), 4);
        for list in lists {
            let List { name, source, date, licence, words, any_case: _ } = list;
            assert!([&name, &source, &date, &licence].iter().all(|text| !text.is_empty()));
            let all: Vec<&str> = words.split_whitespace().collect();
            let once: HashSet<&&str> = all.iter().collect();
            assert_eq!(once.len(), all.len(), "{name}: a word stands twice");
        }
    }

    #[test]
    fn names_are_no_words() {
        for word in ["Kubernetes", "October", "Kerberoasting", "Valid", "Authentication", "Rootkit"]
        {
            assert!(is_common(word), "{word}");
        }
        for name in ["Contoso", "Lazarus", "Falco", "Mirai", "Mallory", "kubernetes", "Okta"] {
            assert!(!is_common(name), "{name}");
        }
    }
}
