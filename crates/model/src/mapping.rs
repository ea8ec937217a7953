//! Owner, environment, application and data class, read from tags, labels and names.

use std::collections::HashMap;

use serde::Deserialize;

use crate::{Asset, Origin, Sourced, Untrusted};

/// Bytes that are kept of a value.
const MOST_BYTES: usize = 128;

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
        for (number, field) in fields.into_iter().enumerate() {
            for (rank, key) in field.tags.iter().enumerate() {
                let known = keys.insert(plain(key), (number, rank));
                if known.is_some_and(|(other, _)| other != number) {
                    return Err(MappingError::TwoFields(key.clone()));
                }
            }
            let mut spellings: Vec<_> = field.values.into_iter().collect();
            spellings.sort_unstable();
            let Some(of_field) = values.get_mut(number) else { continue };
            for (value, words) in spellings {
                for word in words.iter().chain(std::iter::once(&value)) {
                    let known = of_field.insert(plain(word), value.clone());
                    if known.is_some_and(|other| other != value) {
                        return Err(MappingError::TwoValues(word.clone()));
                    }
                }
            }
            if let Some(flag) = from_name.get_mut(number) {
                *flag = field.from_name;
            }
        }
        Ok(Self { keys, values, from_name })
    }

    /// Fills the gaps of an asset's context. What its source said stays.
    pub fn apply(&self, asset: &mut Asset) {
        let mut best: [Option<(usize, Sourced)>; 4] = Default::default();
        for (key, value) in &asset.tags {
            let Some((field, rank)) = self.keys.get(&plain(key)) else { continue };
            let Some(slot) = best.get_mut(*field) else { continue };
            if value.is_empty() || slot.as_ref().is_some_and(|(known, _)| known <= rank) {
                continue;
            }
            let value = self.value(*field, value);
            *slot = Some((*rank, Sourced { value, origin: Origin::Tag(key.clone()) }));
        }
        for (field, slot) in best.iter_mut().enumerate() {
            if slot.is_none() && self.from_name.get(field) == Some(&true) {
                *slot = self.of_name(field, asset).map(|sourced| (usize::MAX, sourced));
            }
        }
        let [owner, environment, application, data_class] =
            best.map(|slot| slot.map(|(_, sourced)| sourced));
        let context = &mut asset.context;
        context.owner = context.owner.take().or(owner);
        context.environment = context.environment.take().or(environment);
        context.application = context.application.take().or(application);
        context.data_class = context.data_class.take().or(data_class);
    }

    fn value(&self, field: usize, value: &Untrusted) -> Untrusted {
        match self.values.get(field).and_then(|known| known.get(&plain(value.raw()))) {
            Some(known) => Untrusted::from(known.as_str()),
            None => value.clone().capped(MOST_BYTES),
        }
    }

    /// A whole word of the name that is a known spelling: `acme-prod-db` is production.
    fn of_name(&self, field: usize, asset: &Asset) -> Option<Sourced> {
        let known = self.values.get(field)?;
        let name = if asset.name.is_empty() { asset.id.name.as_str() } else { asset.name.raw() };
        let mut words = name.split(|c: char| !c.is_alphanumeric()).take(32);
        let value = words.find_map(|word| known.get(&word.to_ascii_lowercase()))?;
        let origin = Origin::Name(Untrusted::from(name).capped(MOST_BYTES).raw().to_owned());
        Some(Sourced { value: Untrusted::from(value.as_str()), origin })
    }
}

/// Letters and digits in lower case.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .take(MOST_BYTES)
        .flat_map(char::to_lowercase)
        .collect()
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
}
