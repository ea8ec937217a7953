//! `[llm.NAME]`: providers of language models.

use serde::Deserialize;

use super::{Broken, Instance};
use crate::key::{Key, Kind, Table, Unit};
use crate::money::Money;
use crate::secret::SecretRef;

/// A provider of language models.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Llm {
    /// Whether it may be asked.
    pub enabled: bool,
    /// Which kind of provider it is.
    pub kind: String,
    /// Where its API answers.
    pub url: Option<String>,
    /// The model, or the deployment.
    pub model: String,
    /// The model that makes vectors.
    pub vectors: Option<String>,
    /// The key.
    pub secret: Option<SecretRef>,
    /// The version of the API in the address.
    pub api_version: Option<String>,
    /// Whether the key goes as a bearer token.
    pub bearer: bool,
    /// How the shape of an answer is asked for.
    pub shape: String,
    /// Most tokens of input and answer together.
    pub context_tokens: Option<u32>,
    /// How long an answer may take.
    pub timeout_seconds: u64,
    /// What a million tokens of input cost.
    pub price_input: Option<Money>,
    /// What a million tokens of cached input cost.
    pub price_cached: Option<Money>,
    /// What a million tokens of answer cost.
    pub price_output: Option<Money>,
    /// Hundredths of its prices that a call of a batch costs.
    pub price_batch_percent: Option<u8>,
}

pub(super) const TABLE: Table = Table {
    name: "llm",
    named: Some("claude"),
    doc: "A provider of language models; docs/llm.md says what each kind needs. Nothing is asked \
          unless `[analyst]` names it.",
    keys: &[
        Key::new("enabled", Kind::Truth, "Whether it may be asked.").or("true"),
        Key::new(
            "kind",
            Kind::Choice(&[
                "anthropic",
                "azure-openai",
                "ollama",
                "openai",
                "openai-compatible",
                "openai-responses",
            ]),
            "Which kind of provider it is.",
        )
        .required("anthropic"),
        Key::new("url", Kind::Url, "Where its API answers, where it is not the vendor's own.")
            .sample("https://llm.example.com/v1"),
        Key::new("model", Kind::Text, "The model; at Azure the deployment.")
            .required("claude-haiku-5-5"),
        Key::new("vectors", Kind::Text, "The model that makes vectors.")
            .sample("text-embedding-3-small"),
        Key::new("secret", Kind::Secret, "The key.").sample("env:ANTHROPIC_KEY"),
        Key::new(
            "api_version",
            Kind::Text,
            "Azure: the version of the API; without one the v1 address is asked.",
        )
        .sample("2024-10-21"),
        Key::new(
            "bearer",
            Kind::Truth,
            "Whether the key goes as a bearer token where the vendor has a header of its own.",
        )
        .or("false"),
        Key::new(
            "shape",
            Kind::Choice(&["auto", "native", "words"]),
            "How the shape of an answer is asked for: by the provider's own means, in words, or \
             in words where the means are refused.",
        )
        .or("auto"),
        Key::new(
            "context_tokens",
            Kind::things(1_024, 10_000_000),
            "Most tokens of input and answer together; what is estimated longer is not sent.",
        )
        .sample("200000"),
        Key::new("timeout_seconds", Kind::seconds(1, 1_800), "How long an answer may take.")
            .or("120"),
        Key::new("price_input", Kind::Money, "What a million tokens of input cost.").sample("1"),
        Key::new(
            "price_cached",
            Kind::Money,
            "What a million tokens of input cost that the provider had in its cache; without it \
             as much as any.",
        )
        .sample("0.1"),
        Key::new("price_output", Kind::Money, "What a million tokens of answer cost.").sample("5"),
        Key::new(
            "price_batch_percent",
            Kind::Integer { least: 0, most: 100, unit: Unit::Percent },
            "How much of its prices a call of a batch costs; without it as much as any, and at \
             the vendor's own address half where the price is not said here.",
        )
        .sample("50"),
    ],
    rule,
};

fn rule(table: &Instance<'_>) -> Vec<Broken> {
    let plain = table.text("url").starts_with("http://");
    let plain = plain.then(|| Broken::warning("url", "is plain HTTP", "use `https://`"));
    let prices = ["price_input", "price_output"].map(|key| table.text(key).is_empty());
    let half = match prices {
        [true, false] => Some(("price_input", "is missing beside `price_output`")),
        [false, true] => Some(("price_output", "is missing beside `price_input`")),
        [true, true] if !table.text("price_cached").is_empty() => {
            Some(("price_input", "is missing beside `price_cached`"))
        }
        [true, true] | [false, false] => None,
    };
    let half = half.map(|(key, what)| Broken::error(key, what, "name both, or none"));
    let bare = matches!(table.text("kind"), "azure-openai" | "openai-compatible");
    let lacking = bare && table.text("url").is_empty();
    let lacking = lacking.then(|| Broken::error("url", "is missing", "this kind has no address"));
    plain.into_iter().chain(half).chain(lacking).collect()
}
