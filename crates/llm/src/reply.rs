//! What came back.

use quell_model::Untrusted;
use serde_json::Value;

use crate::Left;
use crate::request::estimate;

/// An answer. Its words are a model's: escaped at each sink, and no basis of a decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The text as it came.
    pub text: Untrusted,
    /// The text as JSON that fits the schema; none without a schema, or where the answer did not
    /// come to its end.
    pub json: Option<Value>,
    /// Whether the JSON had to be freed from fences, words around it or trailing commas.
    pub repaired: bool,
    /// Tokens.
    pub usage: Usage,
    /// Why it ended.
    pub stopped: Stopped,
    /// The provider's id for it.
    pub provider_id: String,
    /// The model that answered, in the provider's words.
    pub model: String,
    /// What the provider says is left of its limits.
    pub left: Left,
}

/// Tokens of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Of the input, cached ones included.
    pub input: u64,
    /// Of these, read from the provider's cache.
    pub cached: u64,
    /// Of the answer, thinking included.
    pub output: u64,
    /// Of these, thinking.
    pub reasoning: u64,
    /// Whether the provider told them in a way that can be believed; else they are estimated,
    /// rather too high than too low.
    pub told: bool,
}

impl Usage {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// What the provider told, where it can be so: there is input, and an answer has tokens.
    pub(crate) fn believed(told: Option<Self>, input_estimate: u64, text: &str) -> Self {
        let most = 1 << 32;
        let output = estimate(text.len());
        let fits = |usage: &Self| {
            let silent = usage.output == 0 && !text.is_empty();
            // No token is longer than some hundred bytes.
            let few = usage.output.saturating_mul(512) < output;
            usage.input > 0 && !silent && !few && usage.input < most && usage.output < most
        };
        match told.filter(fits) {
            Some(usage) => Self {
                cached: usage.cached.min(usage.input),
                reasoning: usage.reasoning.min(usage.output),
                told: true,
                ..usage
            },
            None => Self { input: input_estimate, output, ..Self::default() },
        }
    }
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// It was said.
    End,
    /// The cap was reached; what is there is cut.
    Length,
    /// The provider's filter ended it.
    Filter,
    /// The model did not want to, with its words, made harmless and capped.
    Refusal(String),
}
