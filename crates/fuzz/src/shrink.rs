//! Making an input that breaks something as small as it can be while it still does.

use serde_json::Value;

use crate::mutate::documents;

/// Trials at most.
const MOST_TRIALS: usize = 1500;

/// The smallest input found for which `fails` still holds.
pub fn shrink(input: &[u8], fails: &mut dyn FnMut(&[u8]) -> bool) -> Vec<u8> {
    let mut trials = Trials { left: MOST_TRIALS, fails };
    let mut best = input.to_vec();
    if let Some(documents) = documents(input) {
        let tree = trials.smaller_tree(documents);
        let text = text_of(&tree);
        if text.len() < best.len() && trials.hold(&text) {
            best = text;
        }
    }
    trials.smaller_text(best)
}

fn text_of(documents: &[Value]) -> Vec<u8> {
    let lines: Vec<String> = documents.iter().map(Value::to_string).collect();
    lines.join("\n").into_bytes()
}

struct Trials<'f> {
    left: usize,
    fails: &'f mut dyn FnMut(&[u8]) -> bool,
}

impl Trials<'_> {
    fn hold(&mut self, text: &[u8]) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0 && (self.fails)(text)
    }

    /// Takes away one part after the other, until no part can be spared.
    fn smaller_tree(&mut self, documents: Vec<Value>) -> Vec<Value> {
        let mut best = Value::Array(documents);
        while self.round(&mut best) {}
        best.as_array().cloned().unwrap_or_default()
    }

    /// Tries each part once; whether any could be spared.
    fn round(&mut self, best: &mut Value) -> bool {
        let (mut place, mut changed) = (0, false);
        while self.left > 0
            && let Some(without) = without(best, &mut { place })
        {
            let spared = self.hold(&text_of(without.as_array().map_or(&[], Vec::as_slice)));
            if spared {
                *best = without;
            }
            changed |= spared;
            place += usize::from(!spared);
        }
        changed
    }

    /// Takes away pieces, long ones first.
    fn smaller_text(&mut self, mut best: Vec<u8>) -> Vec<u8> {
        let (mut piece, mut at) = (best.len() / 2, 0);
        while piece > 0 && self.left > 0 {
            if at >= best.len() {
                (piece, at) = (piece / 2, 0);
                continue;
            }
            let mut without = best.clone();
            without.drain(at..(at + piece).min(best.len()));
            if self.hold(&without) {
                best = without;
            } else {
                at += piece;
            }
        }
        best
    }
}

/// The value without its part number `place`, counted from the outside in.
fn without(value: &Value, place: &mut usize) -> Option<Value> {
    match value {
        Value::Array(list) => {
            for (at, inner) in list.iter().enumerate() {
                if *place == 0 {
                    let mut rest = list.clone();
                    rest.remove(at);
                    return Some(Value::Array(rest));
                }
                *place -= 1;
                if let Some(smaller) = without(inner, place) {
                    let mut rest = list.clone();
                    *rest.get_mut(at)? = smaller;
                    return Some(Value::Array(rest));
                }
            }
            None
        }
        Value::Object(map) => {
            for (key, inner) in map {
                if *place == 0 {
                    let mut rest = map.clone();
                    rest.remove(key);
                    return Some(Value::Object(rest));
                }
                *place -= 1;
                if let Some(smaller) = without(inner, place) {
                    let mut rest = map.clone();
                    rest.insert(key.clone(), smaller);
                    return Some(Value::Object(rest));
                }
            }
            None
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_breaks_is_left() {
        let input = br#"[{"a": 1, "b": {"c": ["x", "bad"]}}, {"d": 2}]"#;
        let small = shrink(input, &mut |text| {
            documents(text).is_some() && text.windows(3).any(|w| w == b"bad")
        });
        assert!(small.len() <= 20, "{}", String::from_utf8_lossy(&small));
    }
}
