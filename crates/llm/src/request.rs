//! What a model is asked.

use crate::Schema;

/// One call: one purpose, no conversation, no tools.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The model, or the deployment; empty for the one that is configured.
    pub model: String,
    /// Our own words: what is to be done.
    pub instructions: String,
    /// The facts, which may hold words of others.
    pub input: String,
    /// The shape of the answer; none for plain text.
    pub schema: Option<Schema>,
    /// Most tokens of the answer, thinking included.
    pub most_output: u32,
    /// How much it thinks, where the model can be told.
    pub effort: Option<Effort>,
    /// How much chance is in it; left out where a model refuses it.
    pub temperature: Option<f32>,
}

impl Request {
    /// A call for plain text.
    #[must_use]
    pub fn new(model: &str, instructions: &str, input: &str) -> Self {
        Self {
            model: model.to_owned(),
            instructions: instructions.to_owned(),
            input: input.to_owned(),
            schema: None,
            most_output: 1_024,
            effort: None,
            temperature: None,
        }
    }

    /// With the shape of the answer.
    #[must_use]
    pub fn shaped(mut self, schema: Schema) -> Self {
        self.schema = Some(schema);
        self
    }

    /// With another cap on the answer.
    #[must_use]
    pub const fn at_most(mut self, tokens: u32) -> Self {
        self.most_output = tokens;
        self
    }

    /// Tokens that the input will hardly pass: two bytes a token, and what frames it. Only the
    /// provider knows the number.
    #[must_use]
    pub fn input_estimate(&self) -> u64 {
        let schema = self.schema.as_ref().map_or(0, |schema| schema.json.to_string().len());
        let bytes = self.instructions.len() + self.input.len() + schema;
        estimate(bytes).saturating_add(64)
    }
}

/// Tokens of so many bytes, rather too many than too few.
pub(crate) fn estimate(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(2)).unwrap_or(u64::MAX)
}

/// How much a model thinks before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// As little as it can.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

impl Effort {
    /// As most providers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// For those that know no `minimal`.
    pub(crate) const fn at_least_low(self) -> &'static str {
        match self {
            Self::Minimal => "low",
            Self::Low | Self::Medium | Self::High => self.as_str(),
        }
    }
}

impl std::str::FromStr for Effort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Minimal, Self::Low, Self::Medium, Self::High];
        let found = all.into_iter().find(|effort| effort.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is none of minimal, low, medium, high"))
    }
}
