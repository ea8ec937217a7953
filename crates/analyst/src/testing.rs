//! A task for tests: sentences and a word.

/// Its settings.
pub(crate) const TASK: &str = r#"
version = 1
title = "A task of the tests"
subject = "incident"
tier = "small"
most_output_tokens = 100
most_input_bytes = 4000
most_records = 4
scorers = ["complete", "fields", "grounded", "quiet", "short"]
fields = { issue = ["title", "asset"] }
parts = [
  { name = "risk", title = "Risk", least = 1, most = 2 },
  { name = "sure", title = "How sure" },
]
"#;
/// The shape of its answer.
pub(crate) const SCHEMA: &str = r#"{"properties": {"risk": {"type": "string"}, "sure": {"type": "string", "enum": ["low", "high"]}}}"#;
