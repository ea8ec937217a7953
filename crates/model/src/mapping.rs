//! Owner, environment, application and data class, read from tags, labels and names.

use std::collections::HashMap;

use serde::Deserialize;

use crate::{Asset, Context, Origin, Sourced, Untrusted};

/// Bytes that are kept of a value.
const MOST_BYTES: usize = 128;
/// Words of a name that are looked at.
const MOST_WORDS: usize = 32;
/// The place of the owner among the fields.
const OWNER: usize = 0;
/// The place of the environment among the fields.
const ENVIRONMENT: usize = 1;
/// The place of the class of data.
const DATA_CLASS: usize = 3;
/// What a prefix before a tag key costs in rank: more than any list is long.
const PREFIXED: usize = 1 << 20;

/// The mapping file, as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMapping {
    /// Who owns it.
    pub owner: RawField,
    /// What it is for: `production`, `staging`, `development`, `test`, `sandbox`.
    pub environment: RawField,
    /// Which application it belongs to.
    pub application: RawField,
    /// What class its data has: `public`, `internal`, `confidential`, `restricted`.
    pub data_class: RawField,
}

/// How one field is read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawField {
    /// Tag keys, the one that counts most first. Case and `-_:./ ` do not matter.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Value → the ways it is written.
    #[serde(default)]
    pub values: HashMap<String, Vec<String>>,
    /// Whether a word in the asset's name that is one of `values` counts where no tag says more.
    #[serde(default)]
    pub from_name: bool,
}

/// A mapping, ready to be applied.
#[derive(Debug, Clone)]
pub struct ContextMapping {
    /// Plain tag key → field and rank.
    keys: HashMap<String, (usize, usize)>,
    /// For each field: plain spelling → value.
    values: [HashMap<String, String>; 4],
    from_name: [bool; 4],
}

/// A mapping that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// A tag key stands in two fields.
    #[error("the tag `{0}` stands in two fields; keep one")]
    TwoFields(String),
    /// A spelling stands for two values.
    #[error("`{0}` stands for two values of one field; keep one")]
    TwoValues(String),
}

impl ContextMapping {
    /// Checks a mapping and makes it ready.
    ///
    /// # Errors
    /// When a tag key or a spelling stands twice.
    pub fn new(raw: RawMapping) -> Result<Self, MappingError> {
        let mut keys = HashMap::new();
        let mut values: [HashMap<String, String>; 4] = Default::default();
        let mut from_name = [false; 4];
        let fields = [raw.owner, raw.environment, raw.application, raw.data_class];
        let places = values.iter_mut().zip(from_name.iter_mut());
        for (number, (field, (of_field, flag))) in fields.into_iter().zip(places).enumerate() {
            add_keys(&mut keys, number, &field.tags)?;
            *of_field = spellings(field.values)?;
            *flag = field.from_name;
        }
        Ok(Self { keys, values, from_name })
    }

    /// Fills the gaps of an asset's context. What its source said stays.
    pub fn apply(&self, asset: &mut Asset) {
        let mut best: [Option<(usize, Sourced)>; 4] = Default::default();
        for (key, value) in &asset.tags {
            let Some((field, rank)) = self.field_of(key) else { continue };
            let Some(slot) = best.get_mut(field) else { continue };
            if says_nothing(value.raw()) || slot.as_ref().is_some_and(|(known, _)| *known <= rank) {
                continue;
            }
            let value = self.value(field, value);
            *slot = Some((rank, Sourced { value, origin: Origin::Tag(capped(key)) }));
        }
        for (field, slot) in best.iter_mut().enumerate() {
            if slot.is_none() && self.from_name.get(field) == Some(&true) {
                *slot = self.of_names(field, asset).map(|sourced| (usize::MAX, sourced));
            }
        }
        let [owner, environment, application, data_class] =
            best.map(|slot| slot.map(|(_, sourced)| sourced));
        let read = Context { owner, environment, application, data_class, ..Context::default() };
        asset.context.fill_from(&read);
    }

    /// The same mapping, with the owner read from these tags only.
    #[must_use]
    pub fn with_owner_tags(mut self, tags: &[String]) -> Self {
        self.keys.retain(|_, (field, _)| *field != OWNER);
        for (rank, tag) in tags.iter().enumerate() {
            self.keys.entry(plain(tag)).or_insert((OWNER, rank));
        }
        self
    }

    /// Every owner that the tags name, the one that counts most first.
    #[must_use]
    pub fn owners(&self, asset: &Asset) -> Vec<Sourced> {
        let named = asset.tags.iter().filter_map(|(key, value)| {
            let (field, rank) = self.field_of(key)?;
            let counts = field == OWNER && !says_nothing(value.raw());
            let origin = Origin::Tag(capped(key));
            counts.then(|| (rank, Sourced { value: self.value(OWNER, value), origin }))
        });
        let mut named: Vec<(usize, Sourced)> = named.collect();
        named.sort_by_key(|(rank, _)| *rank);
        named.into_iter().map(|(_, owner)| owner).collect()
    }

    /// How much a tag counts as the owner's, less being more; nothing where it is another's.
    #[must_use]
    pub fn owner_rank(&self, key: &str) -> Option<usize> {
        self.field_of(key).filter(|(field, _)| *field == OWNER).map(|(_, rank)| rank)
    }

    /// The mapping's word for an environment.
    #[must_use]
    pub fn environment(&self, value: &str) -> Untrusted {
        self.value(ENVIRONMENT, &Untrusted::from(value))
    }

    /// The mapping's word for a class of data.
    #[must_use]
    pub fn data_class(&self, value: &str) -> Untrusted {
        self.value(DATA_CLASS, &Untrusted::from(value))
    }

    /// The field a tag key fills and its rank. A prefix (`acme.com/owner`, `acme:env`) is passed
    /// over, but a key without one counts more.
    fn field_of(&self, key: &str) -> Option<(usize, usize)> {
        if let Some((field, rank)) = self.keys.get(&plain(key)) {
            return Some((*field, *rank));
        }
        let (_, last) = key.rsplit_once(['/', ':'])?;
        self.keys.get(&plain(last)).map(|(field, rank)| (*field, rank.saturating_add(PREFIXED)))
    }

    fn value(&self, field: usize, value: &Untrusted) -> Untrusted {
        match self.values.get(field).and_then(|known| known.get(&plain(value.raw()))) {
            Some(known) => Untrusted::from(known.as_str()),
            None => Untrusted::from(value.raw().trim()).capped(MOST_BYTES),
        }
    }

    /// What the asset's name says, else its account's.
    fn of_names(&self, field: usize, asset: &Asset) -> Option<Sourced> {
        let known = self.values.get(field)?;
        let name = if asset.name.is_empty() { asset.id.name.as_str() } else { asset.name.raw() };
        [name, &asset.id.account].into_iter().find_map(|name| {
            let value = in_name(known, name)?;
            let origin = Origin::Name(capped(name));
            Some(Sourced { value: Untrusted::from(value), origin })
        })
    }
}

fn add_keys(
    keys: &mut HashMap<String, (usize, usize)>,
    field: usize,
    tags: &[String],
) -> Result<(), MappingError> {
    for (rank, tag) in tags.iter().enumerate() {
        // A key that stands twice in its field keeps its first place.
        let (known, _) = *keys.entry(plain(tag)).or_insert((field, rank));
        if known != field {
            return Err(MappingError::TwoFields(tag.clone()));
        }
    }
    Ok(())
}

/// Plain spelling → value.
fn spellings(
    values: HashMap<String, Vec<String>>,
) -> Result<HashMap<String, String>, MappingError> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_unstable();
    let mut known = HashMap::new();
    for (value, words) in values {
        for word in words.iter().chain(std::iter::once(&value)) {
            let first = known.entry(plain(word)).or_insert_with(|| value.clone());
            if *first != value {
                return Err(MappingError::TwoValues(word.clone()));
            }
        }
    }
    Ok(known)
}

/// A whole word of a name that is a known spelling: `acme-prod-db` is production, `acme-non-prod`
/// what two words say together. A name that says two things says nothing: `prod-test-runner`
/// must not lower a risk.
fn in_name<'a>(known: &'a HashMap<String, String>, name: &str) -> Option<&'a str> {
    let words: Vec<String> = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(MOST_WORDS)
        .map(|word| plain(word.trim_end_matches(|c: char| c.is_ascii_digit())))
        .collect();
    let mut found: Option<&str> = None;
    let mut rest = words.as_slice();
    while let [first, after @ ..] = rest {
        let pair = after.first().and_then(|second| known.get(&format!("{first}{second}")));
        let taken = if pair.is_some() { after.get(1..).unwrap_or_default() } else { after };
        if let Some(value) = pair.or_else(|| known.get(first)) {
            if found.is_some_and(|other| other != value) {
                return None;
            }
            found = Some(value);
        }
        rest = taken;
    }
    found
}

/// Whether a value is there only because a tag must have one.
fn says_nothing(value: &str) -> bool {
    let word = plain(value);
    ["", "na", "none", "null", "nil", "tbd", "todo", "undefined", "unknown"]
        .contains(&word.as_str())
}

fn capped(text: &str) -> String {
    Untrusted::from(text).capped(MOST_BYTES).raw().to_owned()
}

/// Letters and digits in lower case.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len().min(MOST_BYTES));
    for letter in text.chars().filter(|c| c.is_alphanumeric()).take(MOST_BYTES) {
        match letter.is_ascii() {
            true => plain.push(letter.to_ascii_lowercase()),
            false => plain.extend(letter.to_lowercase()),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping() -> ContextMapping {
        let field = |tags: &[&str], from_name| RawField {
            tags: tags.iter().map(|t| (*t).to_owned()).collect(),
            values: HashMap::new(),
            from_name,
        };
        let mut environment = field(&["environment", "env"], true);
        environment
            .values
            .insert("production".to_owned(), vec!["prod".to_owned(), "live".to_owned()]);
        ContextMapping::new(RawMapping {
            owner: field(&["owner", "team"], false),
            environment,
            application: field(&["app"], false),
            data_class: field(&["data-class"], false),
        })
        .unwrap()
    }

    fn asset(tags: &[(&str, &str)], name: &str) -> Asset {
        Asset {
            tags: tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).into())).collect(),
            name: name.into(),
            ..Asset::default()
        }
    }

    #[test]
    fn the_first_tag_of_the_list_wins_whatever_its_spelling() {
        let mut it = asset(&[("Team", "payments"), ("O-W_N.ER", "ana"), ("ENV", "Live")], "x");
        mapping().apply(&mut it);
        assert_eq!(it.context.owner.as_ref().unwrap().value.raw(), "ana");
        let environment = it.context.environment.unwrap();
        assert_eq!(environment.value.raw(), "production");
        assert_eq!(environment.origin, Origin::Tag("ENV".to_owned()));
    }

    #[test]
    fn a_name_speaks_only_in_whole_words_and_only_without_a_tag() {
        let mut it = asset(&[], "acme-prod-db");
        mapping().apply(&mut it);
        assert_eq!(it.context.environment.unwrap().value.raw(), "production");
        let mut it = asset(&[], "products");
        mapping().apply(&mut it);
        assert!(it.context.environment.is_none());
    }

    fn environment(tags: &[(&str, &str)], name: &str) -> Option<String> {
        let raw = [
            ("production", ["prod", "prd"]),
            ("test", ["test", "qa"]),
            ("staging", ["stg", "preprod"]),
        ];
        let values = raw.map(|(v, words)| (v.to_owned(), words.map(str::to_owned).to_vec()));
        let tags_of = |keys: &[&str]| keys.iter().map(|k| (*k).to_owned()).collect();
        let mapping = ContextMapping::new(RawMapping {
            owner: RawField::default(),
            environment: RawField {
                tags: tags_of(&["env", "stage", "e-n-v"]),
                values: values.into_iter().collect(),
                from_name: true,
            },
            application: RawField::default(),
            data_class: RawField::default(),
        })
        .unwrap();
        let mut it = asset(tags, name);
        mapping.apply(&mut it);
        it.context.environment.map(|e| e.value.raw().to_owned())
    }

    #[test]
    fn a_name_that_says_two_things_says_nothing() {
        for (name, expected) in [
            ("prod-test-runner", None),
            ("acme-prod-db", Some("production")),
            ("prod01.acme", Some("production")),
            ("acme-pre-prod-db", Some("staging")),
            ("product", None),
            ("", None),
        ] {
            assert_eq!(environment(&[], name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_tag_counts_more_without_a_prefix_and_in_its_first_place() {
        for (tags, expected) in [
            (vec![("acme.com/env", "qa")], "test"),
            (vec![("acme:env", "qa"), ("stage", "prd")], "production"),
            (vec![("env", "qa"), ("stage", "prd")], "test"),
            (vec![("env", "n/a"), ("stage", "prd")], "production"),
            (vec![("env", "  blue ")], "blue"),
        ] {
            assert_eq!(environment(&tags, "x").as_deref(), Some(expected), "{tags:?}");
        }
    }

    #[test]
    fn an_account_name_speaks_where_the_asset_does_not() {
        let mut it = asset(&[], "orders");
        it.id.account = "acme-prod".to_owned();
        mapping().apply(&mut it);
        assert_eq!(it.context.environment.unwrap().value.raw(), "production");
    }

    #[test]
    fn long_text_of_a_tag_is_cut() {
        let long = "é".repeat(5000);
        let mut it = asset(&[("owner", &long), (&format!("{long}/app"), "x")], &long);
        mapping().apply(&mut it);
        assert!(it.context.owner.unwrap().value.raw().len() <= MOST_BYTES + 3);
        let Origin::Tag(key) = it.context.application.unwrap().origin else { panic!("a tag") };
        assert!(key.len() <= MOST_BYTES + 3);
    }

    #[test]
    fn a_key_in_two_fields_and_a_word_for_two_values_are_refused() {
        let field = |tag: &str| RawField { tags: vec![tag.to_owned()], ..RawField::default() };
        let mut raw = RawMapping {
            owner: field("team"),
            environment: field("T.E.A.M"),
            application: RawField::default(),
            data_class: RawField::default(),
        };
        assert!(matches!(ContextMapping::new(raw.clone()), Err(MappingError::TwoFields(_))));
        raw.environment = field("env");
        for value in ["a", "b"] {
            raw.environment.values.insert(value.to_owned(), vec!["x".to_owned()]);
        }
        assert!(matches!(ContextMapping::new(raw), Err(MappingError::TwoValues(_))));
    }
}
