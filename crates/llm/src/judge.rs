//! An answer as JSON: read, freed once from what stands around it, held against its schema.

use serde_json::Value;

use crate::error::tame;
use crate::{LlmError, Schema};

/// The JSON of an answer, and whether it had to be repaired.
///
/// # Errors
/// There is none, or it does not fit.
pub(crate) fn judge(text: &str, schema: &Schema) -> Result<(Value, bool), LlmError> {
    let fault = |why: String| LlmError::NotFitting { schema: schema.name.clone(), why };
    let (value, repaired) = match serde_json::from_str::<Value>(text) {
        Ok(value) => (value, false),
        Err(first) => {
            let again = repaired(text).and_then(|text| serde_json::from_str(&text).ok());
            let at = format!("no JSON at line {} column {}", first.line(), first.column());
            (again.ok_or_else(|| fault(at))?, true)
        }
    };
    let validator = jsonschema::validator_for(&schema.json)
        .map_err(|error| fault(format!("the schema is none: {}", tame(&error.to_string()))))?;
    if let Some(error) = validator.iter_errors(&value).next() {
        let place = tame(&error.instance_path().to_string());
        return Err(fault(format!("`{place}`: {}", tame(&error.to_string()))));
    }
    Ok((value, repaired))
}

/// The one object in a text, without trailing commas. Nothing is added to it: where there are two
/// objects, or one has no end, there is none.
fn repaired(text: &str) -> Option<String> {
    let start = text.find('{')?;
    let rest = text.get(start..)?;
    let mut object = Object::default();
    for (at, c) in rest.char_indices() {
        if object.take(c) {
            let after = rest.get(at + c.len_utf8()..)?;
            return (!after.contains('{')).then_some(object.out);
        }
    }
    None
}

/// One object while it is read.
#[derive(Debug, Default)]
struct Object {
    out: String,
    open: Vec<char>,
    in_string: bool,
    escaped: bool,
    /// A comma, and the white space after it, of which is not known yet whether they stay.
    held: String,
}

impl Object {
    /// Takes a character; whether it was the last.
    fn take(&mut self, c: char) -> bool {
        if self.in_string {
            self.string(c);
            return false;
        }
        if c == ',' && self.held.is_empty() || c.is_whitespace() && !self.held.is_empty() {
            self.held.push(c);
            return false;
        }
        let closes = matches!(c, '}' | ']');
        let held = std::mem::take(&mut self.held);
        if !closes {
            self.out.push_str(&held);
        }
        self.out.push(c);
        match c {
            '"' => self.in_string = true,
            '{' => self.open.push('}'),
            '[' => self.open.push(']'),
            _ if closes => {
                // A bracket that closes another one is no JSON; the parser tells it.
                self.open.truncate(self.open.len().saturating_sub(1));
                return self.open.is_empty();
            }
            _ => {}
        }
        false
    }

    fn string(&mut self, c: char) {
        self.out.push(c);
        if self.escaped {
            self.escaped = false;
        } else if c == '\\' {
            self.escaped = true;
        } else if c == '"' {
            self.in_string = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(text: &str) -> Result<(Value, bool), String> {
        judge(text, &Schema::for_a_try()).map_err(|error| error.to_string())
    }

    #[test]
    fn fences_words_and_trailing_commas_go() {
        let yes = json!({"answer": "yes"});
        assert_eq!(check(r#"{"answer":"yes"}"#), Ok((yes.clone(), false)));
        for text in [
            "```json\n{\"answer\": \"yes\"}\n```",
            "Here you are:\n{\"answer\": \"yes\",\n}\nHope it helps.",
            "\u{feff}{\"answer\":\"yes\" , }",
        ] {
            assert_eq!(check(text), Ok((yes.clone(), true)), "{text}");
        }
    }

    #[test]
    fn nothing_is_invented() {
        for text in [
            "",
            "yes",
            "{",
            r#"{"answer": "yes"#,
            r#"{"answer": }"#,
            "null",
            "[]",
            "{}",
            r#"{"answer":"maybe"}"#,
            r#"{"answer":"yes","more":1}"#,
            r#"{"answer":"yes"]"#,
            r#"{"answer":"yes"} or {"answer":"no"}"#,
            r#"{"answer":,"yes"}"#,
            r"{'answer':'yes'}",
            r#"{"answer":"yes",,}"#,
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        let text = format!("x{{\"answer\":{}", "[".repeat(200_000));
        assert!(check(&text).is_err());
        let text = format!("x{}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        assert!(check(&text).is_err());
    }

    proptest! {
        #[test]
        fn json_in_any_words_is_the_same_json(
            before in "[^{]{0,40}", after in "[^{]{0,40}", key in ".{0,10}", value in ".{0,20}"
        ) {
            let inner = json!({key: [value, 1, null, {"a": "},]"}]});
            let text = format!("{before}{inner}{after}");
            let read = repaired(&text).map(|text| serde_json::from_str::<Value>(&text).unwrap());
            prop_assert_eq!(read, Some(inner));
        }

        #[test]
        fn no_text_is_too_odd(text in ".{0,200}") {
            prop_assert!(check(&text).is_err() || text.contains("answer"));
        }
    }
}
