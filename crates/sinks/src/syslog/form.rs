//! A message of RFC 5424. Its text is one line of JSON in plain ASCII, so nothing in it can end a
//! message or begin another.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;

/// Longest host, and longest kind of message.
const MOST_HOST: usize = 255;
const MOST_KIND: usize = 32;

/// A message.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// Facility and severity: `facility * 8 + severity`.
    pub priority: u8,
    /// When it was.
    pub time: Timestamp,
    /// Who says it; `-` where that is no name.
    pub host: &'a str,
    /// What kind of message it is.
    pub kind: &'a str,
    /// What it says.
    pub body: &'a Value,
}

impl Message<'_> {
    /// It as it is sent, without its length.
    #[must_use]
    pub fn text(&self) -> String {
        let time = self.time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ");
        let (host, kind) = (name(self.host, MOST_HOST), name(self.kind, MOST_KIND));
        let body = ascii(&self.body.to_string());
        format!("<{}>1 {time} {host} quell - {kind} - {body}", self.priority)
    }
}

/// A field of the header: visible ASCII without blanks, else `-`.
fn name(text: &str, most: usize) -> String {
    let letter = |c: char| if c.is_ascii_graphic() { c } else { '_' };
    let name: String = text.chars().take(most).map(letter).collect();
    if name.is_empty() { "-".to_owned() } else { name }
}

/// JSON with all that is no visible ASCII as `\u` escapes. Outside of its texts JSON has none.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c == ' ' || c.is_ascii_graphic() {
            out.push(c);
            continue;
        }
        let mut units = [0; 2];
        for unit in c.encode_utf16(&mut units) {
            // A string takes all that is written to it.
            let _whole = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// A message with its length before it (RFC 6587, octet counting), so that no line end counts.
#[must_use]
pub fn framed(message: &str) -> Vec<u8> {
    let mut bytes = format!("{} ", message.len()).into_bytes();
    bytes.extend_from_slice(message.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_has_the_parts_of_the_standard() {
        let body = json!({"index": 7, "text": "größe\n<14>1 x\u{202e}😀\u{7f}"});
        let time = "2026-11-21T12:00:00.000001Z".parse().unwrap();
        let message =
            Message { priority: 110, time, host: "quell.example", kind: "issue.mark", body: &body };
        let text = message.text();
        let begin = "<110>1 2026-11-21T12:00:00.000001Z quell.example quell - issue.mark - {";
        assert!(text.starts_with(begin), "{text}");
        assert!(text.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{text}");
        let json = text.split_once(" - issue.mark - ").unwrap().1;
        assert_eq!(serde_json::from_str::<Value>(json).unwrap(), body);
        assert!(framed(&text).starts_with(format!("{} <110>1 ", text.len()).as_bytes()));
    }

    #[test]
    fn no_field_of_the_header_has_a_blank() {
        let (body, time) = (json!({}), Timestamp::UNIX_EPOCH);
        for (host, expected) in [("", "-"), ("a b\n<1>", "a_b_<1>"), ("größe", "gr__e")] {
            let kind = "k".repeat(40);
            let text = Message { priority: 1, time, host, kind: &kind, body: &body }.text();
            let fields: Vec<&str> = text.split(' ').collect();
            assert_eq!((fields[2], fields[5].len(), fields.len()), (expected, 32, 8), "{text}");
        }
    }
}
