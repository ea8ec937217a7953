//! What tokens cost.

use std::collections::BTreeMap;
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

    /// So many hundredths of it, rounded up: what calls of a batch cost.
    #[must_use]
    pub fn percent(&self, percent: u8) -> Self {
        let part = |price: u64| {
            let part = (u128::from(price) * u128::from(percent)).div_ceil(100);
            u64::try_from(part).unwrap_or(u64::MAX)
        };
        Self { input: part(self.input), cached: part(self.cached), output: part(self.output) }
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
    let row = TABLE.prices.iter().find(|row| row.kind == kind && row.names(model))?;
    Some(Price { input: row.input, cached: row.cached, output: row.output })
}

/// Hundredths of the prices of that table that a call of a batch costs.
#[must_use]
pub fn known_batch_percent(kind: &str) -> Option<u8> {
    TABLE.batch_percent.get(kind).copied()
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

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "as_of")]
    _as_of: String,
    batch_percent: BTreeMap<String, u8>,
    prices: Vec<Row>,
}

static TABLE: LazyLock<File> =
    LazyLock::new(|| toml::from_str(include_str!("prices.toml")).unwrap_or_default());

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
    fn a_part_of_a_price_is_rounded_up_and_never_more_than_the_whole() {
        let price = Price { input: 4_000_001, cached: 0, output: u64::MAX };
        let half = Price { input: 2_000_001, cached: 0, output: u64::MAX / 2 + 1 };
        assert_eq!(price.percent(50), half);
        assert_eq!((price.percent(100), price.percent(0)), (price, Price::default()));
        assert_eq!(known_batch_percent("anthropic"), Some(50));
        assert_eq!(known_batch_percent("compatible"), None);
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
