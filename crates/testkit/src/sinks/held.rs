//! Requests held against a double's own contract, and taken apart.

use std::collections::BTreeMap;

use quell_model::fits;
use serde_json::Value;

use super::Contract;
use crate::net::Asked;

/// What a double takes, by its own small description.
pub(super) fn contract(text: &str) -> Contract {
    Contract::new(&serde_json::from_str(text).unwrap_or_default())
}

/// Why a request is not one that its vendor describes, where that description stands beside the
/// project. What fits a pattern of `left_out`, the vendor takes and the copy of its description has not.
pub(super) fn undescribed(vendor: &str, left_out: &[&str], asked: &Asked) -> Option<String> {
    let what = format!("{} {}?{}", asked.method, asked.path, asked.query);
    if left_out.iter().any(|known| fits(known, &what)) {
        return None;
    }
    Contract::of_vendor(vendor)?.refused(asked)
}

/// The fields of a query or a form.
pub(super) fn fields(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let pair = digit(bytes.next()).zip(digit(bytes.next()));
                out.extend(pair.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()));
            }
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A body as JSON; nothing where it is none.
pub(super) fn json(asked: &Asked) -> Value {
    serde_json::from_slice(&asked.body).unwrap_or_default()
}
