//! What a tree says, as plain data: aliases followed, merge keys put in, words read as Kubernetes
//! and the common tools read them (YAML 1.1: `yes` and `on` are true).

use std::collections::HashMap;

use serde_json::{Map, Number, Value};

use super::node::{Entry, Kind, Node, Style};

/// More values than this, aliases unfolded, are refused.
const MAX_VALUES: usize = 500_000;

/// Deeper than this, aliases unfolded, is refused.
const MAX_DEPTH: usize = 120;

/// What a tree says.
///
/// # Errors
///
/// Aliases that unfold to too much, or name nothing.
pub(crate) fn data(root: &Node) -> Result<Value, String> {
    let mut anchors = HashMap::new();
    collect(root, &mut anchors);
    Reader { anchors, left: MAX_VALUES }.read(root, 0)
}

fn collect<'n>(node: &'n Node, anchors: &mut HashMap<usize, &'n Node>) {
    if node.anchor != 0 {
        anchors.insert(node.anchor, node);
    }
    for child in node.children() {
        collect(child, anchors);
    }
}

struct Reader<'n> {
    anchors: HashMap<usize, &'n Node>,
    left: usize,
}

impl Reader<'_> {
    fn read(&mut self, node: &Node, depth: usize) -> Result<Value, String> {
        self.left = self.left.checked_sub(1).ok_or("its aliases unfold to too much")?;
        if depth > MAX_DEPTH {
            return Err("its aliases unfold too deeply".to_owned());
        }
        match &node.kind {
            Kind::Scalar { value, style: Style::Plain } if !node.tagged => Ok(plain(value)),
            Kind::Scalar { value, .. } => Ok(Value::String(value.clone())),
            Kind::Sequence { items, .. } => {
                let items = items.iter().map(|item| self.read(&item.value, depth + 1));
                items.collect::<Result<_, _>>().map(Value::Array)
            }
            Kind::Mapping { entries, .. } => self.mapping(entries, depth),
            Kind::Alias(anchor) => {
                let node = *self.anchors.get(anchor).ok_or("an alias names nothing")?;
                self.read(node, depth + 1)
            }
        }
    }

    /// Keys of the mapping's own go before those that it merges.
    fn mapping(&mut self, entries: &[Entry], depth: usize) -> Result<Value, String> {
        let mut own = Map::new();
        let mut merged = Map::new();
        for entry in entries {
            let value = self.read(&entry.value, depth + 1)?;
            if entry.key == "<<" {
                merge(&mut merged, value);
            } else {
                own.insert(entry.key.clone(), value);
            }
        }
        for (key, value) in merged {
            own.entry(key).or_insert(value);
        }
        Ok(Value::Object(own))
    }
}

/// Of several merged mappings the first that has a key gives its value.
fn merge(into: &mut Map<String, Value>, value: Value) {
    if let Value::Array(all) = value {
        all.into_iter().for_each(|one| merge(into, one));
    } else if let Value::Object(fields) = value {
        for (key, value) in fields {
            into.entry(key).or_insert(value);
        }
    }
}

/// What a plain word means.
pub(super) fn plain(word: &str) -> Value {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            return Value::Bool(true);
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    number(word).map_or_else(|| Value::String(word.to_owned()), Value::Number)
}

fn number(word: &str) -> Option<Number> {
    let bare = word.strip_prefix(['-', '+']).unwrap_or(word);
    if !bare.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let digits = bare.replace('_', "");
    let negative = word.starts_with('-');
    let based = |digits: &str, base: u32| {
        let value = i64::from_str_radix(digits, base).ok()?;
        Some(Number::from(if negative { -value } else { value }))
    };
    if let Some(hex) = digits.strip_prefix("0x") {
        return based(hex, 16);
    }
    if let Some(octal) = digits.strip_prefix("0o") {
        return based(octal, 8);
    }
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()) {
        return based(&digits, 8);
    }
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        return based(&digits, 10);
    }
    let floats =
        digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    let value: f64 = floats.then(|| digits.parse().ok()).flatten()?;
    Number::from_f64(if negative { -value } else { value })
}
