//! What the title of a check says, whichever tool wrote it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Deserialize;

/// Longest phrase, in words.
const MOST_PHRASE: usize = 8;
/// Words of a title that are read.
const MOST_WORDS: usize = 48;
/// Units, after which a number says how much, not what.
const UNITS: &[&str] =
    &["day", "hour", "month", "minute", "week", "year", "percent", "bit", "byte"];
/// Numbers from here on say what it is about: a port, a version of a benchmark.
const TELLING_NUMBER: u64 = 20;

/// The words of `content/words/titles.toml`, ready to be used.
#[derive(Debug, Default)]
pub struct Words {
    noise: HashSet<String>,
    noise_starts: Vec<String>,
    nouns: Phrases<()>,
    nouns_of: HashMap<String, Phrases<()>>,
    concepts: Phrases<Option<String>>,
    names: HashSet<String>,
    broad: HashSet<String>,
    absorbs: BTreeMap<String, BTreeSet<String>>,
}

/// The file as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWords {
    noise: Vec<String>,
    noise_starts: Vec<String>,
    nouns: Vec<String>,
    passed: Vec<String>,
    broad: Vec<String>,
    nouns_of: BTreeMap<String, Vec<String>>,
    concepts: BTreeMap<String, Vec<String>>,
    absorbs: BTreeMap<String, BTreeSet<String>>,
}

/// Phrases by their first word.
#[derive(Debug)]
struct Phrases<T> {
    whole: HashMap<String, Vec<(Vec<Word>, T)>>,
    starts: Vec<(String, Vec<Word>, T)>,
}

impl<T> Default for Phrases<T> {
    fn default() -> Self {
        Self { whole: HashMap::new(), starts: Vec::new() }
    }
}

#[derive(Debug)]
enum Word {
    Whole(String),
    Start(String),
}

impl Word {
    fn of(text: &str) -> Self {
        match text.strip_suffix('*') {
            Some(start) => Self::Start(start.to_owned()),
            None => Self::Whole(text.to_owned()),
        }
    }

    fn is(&self, word: &str, plural: bool) -> bool {
        match self {
            Self::Start(start) => word.starts_with(start.as_str()),
            Self::Whole(whole) => {
                let rest = word.strip_prefix(whole.as_str());
                rest.is_some_and(|rest| rest.is_empty() || (plural && matches!(rest, "s" | "es")))
            }
        }
    }
}

impl<T: Clone> Phrases<T> {
    fn add(&mut self, phrase: &str, value: T) {
        let mut words = phrase.split(' ').map(Word::of);
        let Some(first) = words.next() else { return };
        let rest: Vec<Word> = words.collect();
        match first {
            Word::Whole(first) => self.whole.entry(first).or_default().push((rest, value)),
            Word::Start(first) => self.starts.push((first, rest, value)),
        }
    }

    /// The longest phrase that the words begin with: how many words, and what it stands for.
    fn longest(&self, words: &[String], plural: bool) -> Option<(usize, &T)> {
        let (first, after) = words.split_first()?;
        let fits = |rest: &[Word]| {
            rest.len() <= after.len().min(MOST_PHRASE)
                && rest.iter().zip(after).all(|(word, text)| word.is(text, plural))
        };
        let singular = |suffix: &str| {
            first.strip_suffix(suffix).filter(|_| plural).and_then(|word| self.whole.get(word))
        };
        let listed = [self.whole.get(first.as_str()), singular("s"), singular("es")];
        let whole = listed.into_iter().flatten().flatten().map(|(rest, value)| (rest, value));
        let starts = self.starts.iter().filter(|(start, ..)| first.starts_with(start.as_str()));
        let all = whole.chain(starts.map(|(_, rest, value)| (rest, value)));
        let fitting = all.filter(|(rest, _)| fits(rest));
        fitting.map(|(rest, value)| (rest.len() + 1, value)).max_by_key(|(length, _)| *length)
    }
}

impl Words {
    pub(crate) fn new(raw: RawWords) -> Self {
        let mut words = Self {
            noise: raw.noise.into_iter().collect(),
            noise_starts: raw.noise_starts,
            names: raw.concepts.keys().cloned().collect(),
            broad: raw.broad.into_iter().collect(),
            absorbs: raw.absorbs,
            ..Self::default()
        };
        raw.nouns.iter().for_each(|noun| words.nouns.add(noun, ()));
        for (kind, nouns) in raw.nouns_of {
            let of_kind = words.nouns_of.entry(kind).or_default();
            nouns.iter().for_each(|noun| of_kind.add(noun, ()));
        }
        for (name, phrases) in raw.concepts {
            phrases.iter().for_each(|phrase| words.concepts.add(phrase, Some(name.clone())));
        }
        raw.passed.iter().for_each(|phrase| words.concepts.add(phrase, None));
        words
    }

    /// What a title says of an asset of that kind: words in order, the same for titles that name
    /// the same fault. `None` where too little is left to tell.
    #[must_use]
    pub fn of_title(&self, title: &str, kind: &str) -> Option<String> {
        let words = split(title);
        let own: Vec<&Phrases<()>> =
            kind.split(['.', '_', '-']).filter_map(|part| self.nouns_of.get(part)).collect();
        let mut said = BTreeSet::new();
        let mut at = 0;
        while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
            at += self.read(rest, &own, &mut said);
        }
        for (concept, needless) in &self.absorbs {
            if said.contains(concept) {
                said.retain(|word| !needless.contains(word));
            }
        }
        let stands_alone = |word: &String| self.names.contains(word) && !self.broad.contains(word);
        if said.iter().any(stands_alone) {
            said.retain(stands_alone);
        }
        let said: Vec<String> = said.into_iter().collect();
        (!said.is_empty()).then(|| said.join(" "))
    }

    /// Reads the first word or phrase, and says how many words it took.
    fn read(&self, rest: &[String], own: &[&Phrases<()>], said: &mut BTreeSet<String>) -> usize {
        let concept = self.concepts.longest(rest, false);
        let length =
            |nouns: &Phrases<()>| nouns.longest(rest, true).map_or(0, |(length, ())| length);
        let own = own.iter().map(|nouns| length(nouns)).max().unwrap_or(0);
        let noun = length(&self.nouns).max(own);
        // What a key is made of says nothing of a key; elsewhere `kms key` does.
        let said_more = |length: usize| length >= noun && length > own;
        if let Some((length, concept)) = concept.filter(|(length, _)| said_more(*length)) {
            said.extend(concept.clone());
            return length;
        }
        if noun > 0 {
            return noun;
        }
        let (word, next) = (rest.first().map_or("", String::as_str), rest.get(1));
        if let Some(word) = self.telling(word, next.map_or("", String::as_str)) {
            said.insert(word);
        }
        1
    }

    /// The stem of a word, where it says something.
    fn telling(&self, word: &str, next: &str) -> Option<String> {
        let starts = |list: &[&str], text: &str| list.iter().any(|start| text.starts_with(start));
        if word.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            let number = word.parse::<u64>().ok().filter(|n| *n >= TELLING_NUMBER);
            return number.filter(|_| !starts(UNITS, next)).map(|n| n.to_string());
        }
        let noise = self.noise.contains(word)
            || self.noise_starts.iter().any(|start| word.starts_with(start.as_str()))
            || starts(UNITS, word);
        (!noise).then(|| stem(word))
    }
}

/// The words of a title, in lower case.
fn split(title: &str) -> Vec<String> {
    let title = title.to_lowercase().replace("'s", "").replace("*:*", " star ");
    let title = title.replace("0.0.0.0/0", " internet ").replace("::/0", " internet ");
    let title = title.replace('*', " star ");
    let words = title.split(|c: char| !(c.is_alphanumeric() || c == '.'));
    let words = words.map(|word| word.trim_matches('.')).filter(|word| !word.is_empty());
    words.take(MOST_WORDS).map(str::to_owned).collect()
}

/// A word without its ending, so that forms of it are the same.
fn stem(word: &str) -> String {
    const ENDINGS: &[&str] = &["ations", "ation", "ings", "ing", "ies", "ed", "es", "s"];
    let cut = ENDINGS.iter().find_map(|ending| word.strip_suffix(ending).filter(|w| w.len() >= 4));
    let word = cut.unwrap_or(word);
    let word = word.strip_suffix('e').filter(|w| w.len() >= 4).unwrap_or(word);
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use crate::Catalog;

    /// Titles that name one fault, and titles that name others of the same asset.
    const CASES: &[(&str, &[&str], &[&str])] = &[
        (
            "s3.bucket",
            &[
                "S3 buckets must keep earlier object versions",
                "Bucket versioning is off",
                "Versioning should be enabled for every bucket",
            ],
            &["Bucket has no access logging", "Bucket lacks MFA delete", "Bucket is public"],
        ),
        (
            "rds.db",
            &["Database has deletion protection disabled", "Ensure RDS deletion protection"],
            &["Database is not encrypted at rest", "Database takes no backups"],
        ),
        (
            "ec2.security-group",
            &["Group lets the internet reach SSH", "Security group opens port 22 to 0.0.0.0/0"],
            &["Group lets the internet reach RDP", "Group lets the internet reach port 3306"],
        ),
        (
            "storage.storageaccounts",
            &["Storage account uses customer-managed keys", "Encrypt storage with a CMK"],
            &["Storage account is encrypted at rest", "Storage accepts plain HTTP"],
        ),
    ];

    #[test]
    fn titles_of_one_fault_say_the_same_and_others_do_not() {
        let catalog = Catalog::embedded().unwrap();
        for (kind, same, others) in CASES {
            let said = |title: &&str| catalog.words().of_title(title, kind);
            let first = said(&same[0]);
            assert!(first.is_some(), "{same:?}");
            for title in *same {
                assert_eq!(said(title), first, "{title}");
            }
            for title in *others {
                assert_ne!(said(title), first, "{title}");
            }
        }
    }

    #[test]
    fn a_title_that_says_nothing_has_no_words() {
        let catalog = Catalog::embedded().unwrap();
        for title in ["", "Ensure it is enabled", "12 days", "***", "the a of", "\u{0}"] {
            let said = catalog.words().of_title(title, "s3.bucket");
            assert!(title == "***" || said.is_none(), "{title}: {said:?}");
        }
    }
}
