//! The part of the vendor's filter language that lists of alerts need.

use quell_model::Timestamp;
use serde_json::Value;

const FIELDS: &[&str] =
    &["updated_timestamp", "created_timestamp", "status", "product", "cid", "severity"];

/// A question for ids.
#[derive(Debug)]
pub(super) struct Query {
    parts: Vec<Part>,
    pub(super) limit: usize,
    pub(super) offset: usize,
    pub(super) descending: bool,
}

#[derive(Debug)]
struct Part {
    field: String,
    operator: String,
    value: String,
}

impl Query {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut query = Self { parts: Vec::new(), limit: 100, offset: 0, descending: true };
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or("invalid query")?;
            let value = decoded(value).ok_or("invalid encoding")?;
            match name {
                "limit" => query.limit = number(&value, 1, 10_000)?,
                "offset" => query.offset = number(&value, 0, 10_000)?,
                "sort" => query.descending = sort(&value)?,
                "filter" => query.parts = parts(&value)?,
                "include_hidden" => {}
                _ => return Err(format!("unknown parameter {name}")),
            }
        }
        Ok(query)
    }

    pub(super) fn fits(&self, row: &Value) -> bool {
        self.parts.iter().all(|part| part.fits(row))
    }
}

impl Part {
    fn fits(&self, row: &Value) -> bool {
        let text = row.get(&self.field).and_then(Value::as_str).unwrap_or_default();
        let times = (text.parse::<Timestamp>(), self.value.parse::<Timestamp>());
        let order = match times {
            (Ok(left), Ok(right)) => left.cmp(&right),
            _ => text.cmp(&self.value),
        };
        match self.operator.as_str() {
            ">=" => order.is_ge(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            "<" => order.is_lt(),
            "!" => order.is_ne(),
            _ => order.is_eq(),
        }
    }
}

fn parts(text: &str) -> Result<Vec<Part>, String> {
    text.split('+').map(part).collect()
}

fn part(text: &str) -> Result<Part, String> {
    let invalid = || format!("invalid FQL: {text}");
    let (field, rest) = text.split_once(':').ok_or_else(invalid)?;
    let at = rest.find('\'').ok_or_else(invalid)?;
    let (operator, value) = rest.split_at_checked(at).ok_or_else(invalid)?;
    let value = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
    let value = value.ok_or_else(invalid)?.to_owned();
    let known = FIELDS.contains(&field) && ["", ">", "<", ">=", "<=", "!"].contains(&operator);
    let part = Part { field: field.to_owned(), operator: operator.to_owned(), value };
    known.then_some(part).ok_or_else(invalid)
}

fn sort(text: &str) -> Result<bool, String> {
    match text {
        "updated_timestamp|asc" => Ok(false),
        "updated_timestamp|desc" => Ok(true),
        _ => Err(format!("invalid sort {text}")),
    }
}

fn number(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("invalid number {text}"))
}

/// Percent-encoding undone. A bare plus would be a blank, and is refused.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut all = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let pair = [bytes.next()?, bytes.next()?];
                all.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
            }
            b'+' => return None,
            other => all.push(other),
        }
    }
    String::from_utf8(all).ok()
}
