//! Where in a record something is not as it should be: a reason that tells a line and a column is
//! made one that tells the path of JSON, and one that tells no place lists what there is.

use crate::path::quoted;

/// Fields listed of a record that is not known.
const MOST_LISTED: usize = 8;
/// Most bytes of a name that is shown.
const MOST_NAME_BYTES: usize = 60;
/// Longest path that is told; a deeper one is told to here.
const MOST_STEPS: usize = 16;

/// The reason, with the place in the record.
pub(crate) fn placed(reason: &str, text: &str) -> String {
    if let Some((line, column)) = position(reason) {
        let path = path_at(text, offset(text, line, column));
        return format!("{} at `{path}`", without_positions(reason));
    }
    if reason.contains(['$', '`']) {
        return reason.to_owned();
    }
    let listed = names(text);
    if listed.is_empty() {
        return format!("{reason}; `$` is no object with fields");
    }
    format!("{reason}; it has {}", listed.join(", "))
}

/// A reason about a part of a record that was read by itself, with the place in the record.
pub(crate) fn placed_below(reason: &str, (text, path): (&str, &str)) -> String {
    let told = placed(reason, text).replace("`$", &format!("`{path}"));
    told.replace(" $.", &format!(" {path}."))
}

/// What an error says, without where: its position is that of a part, and another one follows.
pub(crate) fn without_place(error: &serde_json::Error) -> String {
    without_positions(&error.to_string())
}

/// The last line and column of a reason, where it ends with one.
fn position(reason: &str) -> Option<(usize, usize)> {
    let (_, place) = reason.rsplit_once(" at line ")?;
    let (line, column) = place.split_once(" column ")?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

/// A reason within a reason has a position too, which is of a part of the text.
fn without_positions(reason: &str) -> String {
    let mut parts = reason.split(" at line ");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = |text: &str| text.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
        let rest = digits(part);
        match rest.strip_prefix(" column ") {
            Some(rest) => kept.push_str(&digits(rest)),
            None => {
                kept.push_str(" at line ");
                kept.push_str(part);
            }
        }
    }
    kept
}

/// Bytes before a line and a column, which both count from one.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    before + column
}

/// A step into a value that is open.
enum Open {
    Object { key: Option<String> },
    Array { index: usize, begun: bool },
}

/// The path of what stands before an offset.
fn path_at(text: &str, offset: usize) -> String {
    let bytes = text.as_bytes();
    let end = offset.min(bytes.len());
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at).filter(|_| at < end) {
        let mut next = at + 1;
        match byte {
            b'{' => {
                begin(&mut open);
                open.push(Open::Object { key: None });
            }
            b'[' => {
                begin(&mut open);
                open.push(Open::Array { index: 0, begun: false });
            }
            b'}' | b']' => drop(open.pop()),
            b',' => match open.last_mut() {
                Some(Open::Array { index, .. }) => *index += 1,
                Some(Open::Object { key }) => *key = None,
                None => {}
            },
            b'"' => {
                next = string_end(bytes, at);
                let text = text.get(at..next).unwrap_or_default();
                match open.last_mut() {
                    Some(Open::Object { key: key @ None }) => {
                        *key = serde_json::from_str(text).ok()
                    }
                    Some(Open::Object { key: Some(_) } | Open::Array { .. }) | None => {
                        begin(&mut open);
                    }
                }
            }
            b':' | b' ' | b'\n' | b'\r' | b'\t' => {}
            _ => begin(&mut open),
        }
        at = next;
    }
    written(&open)
}

/// An element of the list that is open begins.
fn begin(open: &mut [Open]) {
    if let Some(Open::Array { begun, .. }) = open.last_mut() {
        *begun = true;
    }
}

/// The byte behind a string that begins here.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn written(open: &[Open]) -> String {
    let mut path = "$".to_owned();
    for step in open.iter().take(MOST_STEPS) {
        match step {
            Open::Object { key: Some(key) } => path.push_str(&quoted(cut(key))),
            Open::Array { index, begun: true } => path.push_str(&format!("[{index}]")),
            Open::Object { key: None } | Open::Array { begun: false, .. } => {}
        }
    }
    path
}

fn cut(name: &str) -> &str {
    name.get(..name.floor_char_boundary(MOST_NAME_BYTES)).unwrap_or_default()
}

/// The first fields of a record, as paths.
fn names(text: &str) -> Vec<String> {
    use serde::de::IgnoredAny;
    let Ok(fields) = serde_json::from_str::<std::collections::BTreeMap<String, IgnoredAny>>(text)
    else {
        return Vec::new();
    };
    let listed = fields.keys().take(MOST_LISTED);
    listed.map(|name| format!("`${}`", quoted(cut(name)))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Record {
        a: Option<Vec<Inner>>,
        b: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Inner {
        #[serde(default, rename = "c.d")]
        c: u8,
    }

    fn path(text: &str) -> String {
        let error = serde_json::from_str::<Record>(text).unwrap_err();
        let told = placed(&format!("odd: {error}"), text);
        told.rsplit_once(" at `").unwrap().1.trim_end_matches('`').to_owned()
    }

    #[test]
    fn a_position_becomes_a_path() {
        assert_eq!(path(r#"{"b":{"c.d":"x"}}"#), "$.b['c.d']");
        assert_eq!(path("{\n \"b\" : \n{ \"c.d\" : {}}}"), "$.b['c.d']");
        assert_eq!(path(r#"{"a":[{"c.d":1},{"c.d":[2]}]}"#), "$.a[1]['c.d']");
        assert_eq!(path(r#"{"a":[{"c.d":1}, 7]}"#), "$.a[1]");
        assert_eq!(path(r#"{"a":"x\"}]"}"#), "$.a");
        assert_eq!(path(r#"{"b":[{}]}"#), "$.b");
        assert_eq!(path("[7]"), "$[0]");
    }

    #[test]
    fn a_reason_without_a_place_lists_what_there_is() {
        assert_eq!(placed("odd", r#"{"x":1,"y z":2}"#), "odd; it has `$.x`, `$['y z']`");
        assert_eq!(placed("odd", "7"), "odd; `$` is no object with fields");
        assert_eq!(placed("no `x`", "7"), "no `x`");
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,80}", line in 0..5_usize, column in 0..120_usize) {
            placed(&format!("odd at line {line} column {column}"), &text);
            placed("odd", &text);
        }
    }
}
