//! Splitting against serde_json's view, and hostile input.
