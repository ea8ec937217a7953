//! What tokens cost.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::Usage;

/// Millionths of a unit of money for a million tokens, which is the same number as the price of
/// one token in millionths of a millionth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Price {
    /// Of the input.
    pub input: u64,
    /// Of input that the provider had in its cache.
    pub cached: u64,
    /// Of the answer, thinking included.
    pub output: u64,
}

impl Price {
    /// What a call costs, in millionths of a unit of money, rounded up.
    #[must_use]
    pub fn of(&self, usage: &Usage) -> u64 {
        let cached = usage.cached.min(usage.input);
        let fresh = usage.input - cached;
        let parts = [(fresh, self.input), (cached, self.cached), (usage.output, self.output)];
        let sum: u128 =
            parts.iter().map(|(tokens, price)| u128::from(*tokens) * u128::from(*price)).sum();
        u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }

    /// The most that a call may cost which has so much input and at most so much output.
    #[must_use]
    pub fn most(&self, input: u64, most_output: u64) -> u64 {
        let dear = Self { input: self.input.max(self.cached), ..*self };
        dear.of(&Usage { input, output: most_output, ..Usage::default() })
    }
}

/// The price of a model in a small dated table, in US dollars: for the vendors' own endpoints.
/// What is not listed has to be configured.
#[must_use]
pub fn known_price(kind: &str, model: &str) -> Option<Price> {
    let row = TABLE.iter().find(|row| row.kind == kind && row.names(model))?;
    Some(Price { input: row.input, cached: row.cached, output: row.output })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: String,
    model: String,
    input: u64,
    cached: u64,
    output: u64,
}

impl Row {
    /// The model, or a dated form of it.
    fn names(&self, model: &str) -> bool {
        let dated =
            |rest: &str| rest.len() > 8 && rest.chars().all(|c| c.is_ascii_digit() || c == '-');
        model.strip_prefix(self.model.as_str()).is_some_and(|rest| rest.is_empty() || dated(rest))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "as_of")]
    _as_of: String,
    prices: Vec<Row>,
}

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let read = toml::from_str::<File>(include_str!("prices.toml"));
    read.map(|file| file.prices).unwrap_or_default()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_costs_what_its_tokens_cost_rounded_up() {
        let price = Price { input: 4_000_000, cached: 400_000, output: 20_000_000 };
        let usage = Usage { input: 1_000, cached: 400, output: 100, ..Usage::default() };
        assert_eq!(price.of(&usage), 600 * 4 + 160 + 2_000);
        let one = Usage { input: 1, ..Usage::default() };
        assert_eq!(Price { input: 1, ..Price::default() }.of(&one), 1);
        assert_eq!(price.most(u64::MAX, u64::MAX), u64::MAX);
        assert!(price.most(1_000, 100) >= price.of(&usage));
    }

    #[test]
    fn dated_names_are_the_same_model_and_others_are_not() {
        assert!(known_price("anthropic", "claude-opus-5-5").is_some());
        assert_eq!(
            known_price("anthropic", "claude-opus-5-5-20261001"),
            known_price("anthropic", "claude-opus-5-5")
        );
        assert_ne!(
            known_price("anthropic", "claude-opus-5"),
            known_price("anthropic", "claude-opus-5-5")
        );
        assert_eq!(known_price("openai", "gpt-5.6-lunatic"), None);
        assert_eq!(known_price("compatible", "gpt-5.6-luna"), None);
        assert_eq!(known_price("ollama", "anything"), None);
    }
}
