//! What models take, of which they refuse the rest: a dated table, and what a refusal taught.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde::Deserialize;

/// Models remembered before all are forgotten.
const MOST_MODELS: usize = 200;

/// What one model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a parameter that a model may refuse")]
pub(crate) struct Rules {
    /// Whether the cap on the answer goes by its newer name, `max_completion_tokens`.
    pub(crate) newer_cap: bool,
    /// Whether chance can be set.
    pub(crate) temperature: bool,
    /// Whether effort can be set.
    pub(crate) effort: bool,
    /// Whether it holds a schema itself.
    pub(crate) schema: bool,
    /// Whether a stream may be asked to tell tokens.
    pub(crate) stream_usage: bool,
    /// Whether it may be told to keep nothing.
    pub(crate) store: bool,
}

impl Rules {
    /// All that a kind of provider has.
    pub(crate) const ALL: Self = Self {
        newer_cap: true,
        temperature: true,
        effort: true,
        schema: true,
        stream_usage: true,
        store: true,
    };

    /// With what the table says of a model.
    pub(crate) fn of(self, kind: &str, model: &str) -> Self {
        let fits = |row: &&Row| row.kind == kind && model.starts_with(row.model.as_str());
        // The longest beginning is the one that is meant.
        match TABLE.iter().filter(fits).max_by_key(|row| row.model.len()) {
            Some(row) => Self {
                temperature: self.temperature && row.temperature,
                effort: self.effort && row.effort,
                ..self
            },
            None => self,
        }
    }

    /// Without a parameter that was refused. `None` where that changes nothing.
    fn without(self, name: &str) -> Option<Self> {
        let changed = match name {
            "max_tokens" => Self { newer_cap: true, ..self },
            "max_completion_tokens" => Self { newer_cap: false, ..self },
            "temperature" => Self { temperature: false, ..self },
            "reasoning_effort" | "reasoning" | "effort" | "think" => Self { effort: false, ..self },
            // Effort stands in it too, and is the more likely one where both are there.
            "output_config" if self.effort => Self { effort: false, ..self },
            "response_format" | "output_config" | "text.format" | "format" => {
                Self { schema: false, ..self }
            }
            "stream_options" => Self { stream_usage: false, ..self },
            "store" => Self { store: false, ..self },
            _ => self,
        };
        (changed != self).then_some(changed)
    }
}

/// What refusals taught, by model.
#[derive(Debug, Default)]
pub(crate) struct Learned(Mutex<BTreeMap<String, Rules>>);

impl Learned {
    pub(crate) fn of(&self, model: &str) -> Option<Rules> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(model).copied()
    }

    /// Learns from a refusal. Tells what to try instead, if there is something.
    pub(crate) fn refused(&self, model: &str, rules: Rules, name: &str) -> Option<Rules> {
        let changed = rules.without(name)?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_MODELS {
            all.clear();
        }
        all.insert(model.to_owned(), changed);
        tracing::debug!(model, parameter = name, "a parameter is left out from now on");
        Some(changed)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: String,
    /// What its name begins with.
    model: String,
    temperature: bool,
    effort: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// When it was looked at.
    #[serde(rename = "as_of")]
    _as_of: String,
    models: Vec<Row>,
}

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let read = toml::from_str::<File>(include_str!("models.toml"));
    read.map(|file| file.models).unwrap_or_default()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_the_longest_name_counts() {
        assert!(!TABLE.is_empty());
        let of = |kind, model| Rules::ALL.of(kind, model);
        assert!(!of("openai", "gpt-5.6-luna").temperature && of("openai", "gpt-5.6-luna").effort);
        assert!(of("openai", "gpt-4.1-mini").temperature && !of("openai", "gpt-4.1").effort);
        assert!(!of("anthropic", "claude-opus-5-5").temperature);
        assert!(of("anthropic", "claude-opus-4-6").temperature);
        assert_eq!(of("compatible", "anything"), Rules::ALL);
    }

    #[test]
    fn a_refusal_teaches_once() {
        let learned = Learned::default();
        let next = learned.refused("m", Rules::ALL, "temperature").unwrap();
        assert!(!next.temperature && learned.of("m") == Some(next));
        assert_eq!(learned.refused("m", next, "temperature"), None);
        assert_eq!(learned.refused("m", next, "messages"), None);
        let next = learned.refused("m", next, "output_config").unwrap();
        let next = learned.refused("m", next, "output_config").unwrap();
        assert!(!next.effort && !next.schema);
    }
}
