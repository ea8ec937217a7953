//! JSON in one way of writing, so that its hash says what it says (RFC 8785, for whole numbers).

use serde::Serialize;
use serde_json::Value;

/// Why a value has no canonical form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// A number with a fraction, or beyond what every reader keeps exactly.
    #[error("only whole numbers up to 2^53 can be agreed to")]
    Number,
    /// It is nested too deep.
    #[error("it is nested too deep")]
    Deep,
    /// It is no JSON.
    #[error("it cannot be written as JSON")]
    Json,
}

/// How deep a value may nest.
const MOST_DEEP: usize = 64;
/// The largest whole number that every reader of JSON keeps exactly.
const MOST_NUMBER: u64 = 1 << 53;

/// A value in its one way of writing: keys in the order of their UTF-16 units, no blanks.
///
/// # Errors
/// When it holds a fraction, a number that readers may change, or nests too deep.
pub fn canonical(value: &impl Serialize) -> Result<String, NotCanonical> {
    let value = serde_json::to_value(value).map_err(|_| NotCanonical::Json)?;
    let mut out = String::new();
    write(&value, MOST_DEEP, &mut out)?;
    Ok(out)
}

fn write(value: &Value, deep: usize, out: &mut String) -> Result<(), NotCanonical> {
    let deep = deep.checked_sub(1).ok_or(NotCanonical::Deep)?;
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => {
            let size = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            if size.is_none_or(|size| size > MOST_NUMBER) {
                return Err(NotCanonical::Number);
            }
            out.push_str(&number.to_string());
        }
        Value::String(text) => quoted(text, out)?,
        Value::Array(items) => {
            out.push('[');
            for (number, item) in items.iter().enumerate() {
                out.push_str(if number > 0 { "," } else { "" });
                write(item, deep, out)?;
            }
            out.push(']');
        }
        Value::Object(entries) => {
            let mut entries: Vec<(&String, &Value)> = entries.iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (number, (key, value)) in entries.into_iter().enumerate() {
                out.push_str(if number > 0 { "," } else { "" });
                quoted(key, out)?;
                out.push(':');
                write(value, deep, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// `serde_json` escapes as RFC 8785 wants it: short forms where there are, else `\u00xx`.
fn quoted(text: &str, out: &mut String) -> Result<(), NotCanonical> {
    out.push_str(&serde_json::to_string(text).map_err(|_| NotCanonical::Json)?);
    Ok(())
}
