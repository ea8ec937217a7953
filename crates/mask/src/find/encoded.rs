//! Texts that a code hides: opened, read, and masked whole where something in them is.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use regex::Regex;

use super::{Found, Pattern, each, within};
use crate::kind::Kind;

/// Longest text that is opened.
const MOST_BYTES: usize = 64 << 10;

static BASE64: Pattern = LazyLock::new(|| {
    Regex::new(r"[A-Za-z0-9+/_-]{10,}(?:\r?\n[ \t]*[A-Za-z0-9+/_-]+)*={0,2}").ok()
});
static HEX: Pattern = LazyLock::new(|| Regex::new(r"(?i)(?:0x)?(?P<v>(?:[0-9a-f]{2}){10,})").ok());
/// Bytes with marks between them.
static BYTES: Pattern =
    LazyLock::new(|| Regex::new(r"(?i)[0-9a-f]{2}(?:[ :,-](?:0x)?[0-9a-f]{2}){9,}").ok());

static LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

pub(super) fn find(text: &str, depth: u8, found: &mut Vec<Found>) {
    for one in each(&BASE64, text).filter_map(|one| one.get(0)) {
        if let Some(opened) = base64(one.as_str()) {
            judge((one.start(), one.end()), &opened, depth, found);
        }
    }
    for pattern in [&HEX, &BYTES] {
        for one in each(pattern, text) {
            let (Some(whole), Some(part)) = (one.get(0), one.name("v").or_else(|| one.get(0)))
            else {
                continue;
            };
            if let Some(opened) = hex(part.as_str()) {
                judge((whole.start(), whole.end()), &opened, depth, found);
            }
        }
    }
}

fn judge(span: (usize, usize), opened: &str, depth: u8, found: &mut Vec<Found>) {
    let inside = within(opened, depth + 1);
    let Some(worst) = inside.iter().map(|one| one.kind).max_by_key(|kind| kind.weight()) else {
        return;
    };
    let kind = if worst == Kind::Secret { Kind::Secret } else { Kind::Encoded };
    found.push(Found::new(span, kind, "encoded"));
}

fn base64(token: &str) -> Option<String> {
    let plain: String = token
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '=')
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .take(MOST_BYTES)
        .collect();
    let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
    // A word before it without a mark shifts it; its four beginnings are tried.
    (0..4).find_map(|skip| {
        let part = plain.get(skip..)?;
        let whole = part.len() - usize::from(part.len() % 4 == 1);
        text_of(engine.decode(part.get(..whole)?).ok()?)
    })
}

fn hex(token: &str) -> Option<String> {
    let digits: Vec<u8> =
        token.replace("0x", "").bytes().filter(u8::is_ascii_hexdigit).take(MOST_BYTES).collect();
    let bytes = digits.chunks_exact(2).map(|pair| {
        std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
    });
    text_of(bytes.collect::<Option<Vec<u8>>>()?)
}

/// Bytes as a text, where they are one. Windows writes two bytes a letter.
fn text_of(bytes: Vec<u8>) -> Option<String> {
    let wide: Vec<u16> =
        bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    let text = String::from_utf8(bytes).ok().filter(|text| is_readable(text)).or_else(|| {
        String::from_utf16(&wide).ok().filter(|text| text.is_ascii() && is_readable(text))
    })?;
    (text.len() >= 6).then_some(text)
}

fn is_readable(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert!([&BASE64, &HEX, &BYTES].iter().all(|pattern| pattern.is_some()));
    }

    #[test]
    fn what_is_encoded_is_opened() {
        let engine = base64::engine::general_purpose::STANDARD;
        let inner = "password=zu7Peng! for ada@example.org";
        let once = engine.encode(inner);
        let twice = engine.encode(&once);
        let wide: Vec<u8> = inner.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let hex: String = inner.bytes().map(|b| format!("{b:02x}")).collect();
        for token in [once, twice, engine.encode(wide), hex] {
            let all = found(&format!("run {token} now"));
            assert!(all.contains(&(token.clone(), "secret")), "{token}: {all:?}");
        }
        let harmless = engine.encode("the quick brown fox jumps");
        assert!(!found(&harmless).iter().any(|one| one.1 == "encoded"));
    }
}
