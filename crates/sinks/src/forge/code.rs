//! Files as both hosts tell them: Base64, with line ends in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::SinkError;

/// The text of a file as a host tells it.
pub(crate) fn decoded(there: &Value) -> Result<String, SinkError> {
    let encoding = there.get("encoding").and_then(Value::as_str).unwrap_or_default();
    let content = there.get("content").and_then(Value::as_str);
    let (Some(content), "base64") = (content, encoding) else {
        return Err(SinkError::Refused("it is no file, or too large to be told".to_owned()));
    };
    let packed: String = content.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(packed);
    let bytes = bytes.map_err(|_| SinkError::shape("$.content", "is no Base64"))?;
    String::from_utf8(bytes).map_err(|_| SinkError::Refused("it is no text".to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_decoded_with_its_line_ends() {
        let told = json!({"encoding": "base64", "content": "YWJj\nZGVm\n"});
        assert_eq!(decoded(&told).unwrap(), "abcdef");
        for told in [
            json!({"encoding": "none", "content": ""}),
            json!([]),
            json!({"encoding": "base64", "content": "%"}),
            json!({"encoding": "base64", "content": "/w=="}),
        ] {
            assert!(decoded(&told).is_err(), "{told}");
        }
    }
}
