//! Vectors of texts.

use serde_json::{Value, json};

use crate::LlmError;
use crate::connection::Connection;

/// Texts of one request.
const AT_ONCE: usize = 256;
/// Bytes of the texts of one request.
const MOST_BYTES: usize = 256 << 10;
/// Longest vector.
const MOST_NUMBERS: usize = 16_384;

/// How vectors are asked for.
pub(crate) trait Vectors: Send + Sync {
    /// Where.
    fn path(&self, model: &str) -> Result<String, LlmError>;

    /// What is sent.
    fn body(&self, model: &str, texts: &[&str]) -> Value;

    /// The vectors of an answer, in order.
    fn read(&self, answer: &Value) -> Result<Vec<Value>, LlmError>;
}

/// A vector for each text.
pub(crate) async fn embed(
    connection: &Connection,
    vectors: &dyn Vectors,
    model: &str,
    texts: &[&str],
) -> Result<Vec<Vec<f32>>, LlmError> {
    if texts.iter().any(|text| text.trim().is_empty()) {
        return Err(LlmError::Refused { said: "one of the texts is empty".to_owned() });
    }
    let path = vectors.path(model)?;
    let mut out: Vec<Vec<f32>> = Vec::with_capacity(texts.len());
    for some in portions(texts) {
        let (answer, _) = connection.post(&path, &vectors.body(model, some), model).await?;
        let read = vectors.read(&answer)?;
        if read.len() != some.len() {
            let why = format!("{} vectors for {} texts", read.len(), some.len());
            return Err(LlmError::shape("data", why));
        }
        for vector in read {
            let vector = numbers(&vector)?;
            if out.first().is_some_and(|first| first.len() != vector.len()) {
                return Err(LlmError::shape("data", "vectors of different lengths"));
            }
            out.push(vector);
        }
    }
    Ok(out)
}

/// Portions that one request holds.
fn portions<'t>(texts: &'t [&'t str]) -> Vec<&'t [&'t str]> {
    let (mut out, mut rest) = (Vec::new(), texts);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |text: &&&str| {
            bytes += text.len();
            bytes <= MOST_BYTES
        };
        let count = rest.iter().take(AT_ONCE).take_while(fits).count().max(1);
        let (some, next) = rest.split_at(count);
        out.push(some);
        rest = next;
    }
    out
}

fn numbers(value: &Value) -> Result<Vec<f32>, LlmError> {
    let vector: Vec<f32> = serde_json::from_value(value.clone())
        .map_err(|_| LlmError::shape("data", "a vector is no list of numbers"))?;
    let well = (1..=MOST_NUMBERS).contains(&vector.len()) && vector.iter().all(|n| n.is_finite());
    if well { Ok(vector) } else { Err(LlmError::shape("data", "a vector is empty or endless")) }
}

/// What is sent to OpenAI and those that speak like it.
pub(crate) fn openai_body(model: &str, texts: &[&str]) -> Value {
    json!({"model": model, "input": texts, "encoding_format": "float"})
}

/// The vectors of an answer of OpenAI and those that speak like it: each has its number.
pub(crate) fn openai_read(answer: &Value) -> Result<Vec<Value>, LlmError> {
    let data = answer.get("data").and_then(Value::as_array);
    let data = data.ok_or_else(|| LlmError::shape("data", "is no list"))?;
    let mut out = vec![Value::Null; data.len()];
    for (at, entry) in data.iter().enumerate() {
        let index = entry.get("index").and_then(Value::as_u64);
        let index = index.map_or(Some(at), |index| usize::try_from(index).ok());
        let place = index.and_then(|index| out.get_mut(index)).filter(|place| place.is_null());
        let place = place.ok_or_else(|| LlmError::shape("data", "numbers that do not fit"))?;
        *place = entry.get("embedding").cloned().unwrap_or_default();
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_hold_all_texts_in_order() {
        let long = "x".repeat(MOST_BYTES);
        let texts: Vec<&str> = ["a"; 600].into_iter().chain([long.as_str(), &long, "b"]).collect();
        let parts = portions(&texts);
        assert_eq!(parts.concat(), texts);
        assert!(parts.iter().all(|part| part.len() <= AT_ONCE));
        assert_eq!(parts.len(), 6);
    }

    #[test]
    fn vectors_are_put_in_their_order_and_judged() {
        let entry = |index, value: Value| json!({"index": index, "embedding": value});
        let answer = json!({"data": [entry(1, json!([2.0])), entry(0, json!([1.0]))]});
        assert_eq!(openai_read(&answer).unwrap(), [json!([1.0]), json!([2.0])]);
        let twice = json!({"data": [entry(0, json!([2.0])), entry(0, json!([1.0]))]});
        assert!(openai_read(&twice).is_err());
        for odd in [json!([]), json!([1e300]), json!(["a"]), json!("x"), Value::Null] {
            assert!(numbers(&odd).is_err(), "{odd}");
        }
    }
}
