//! What an attacker may write: texts of many kinds, from a file that a person can read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// The texts as they stand in the file.
const FILE: &str = include_str!("payloads.toml");

/// A text with its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// What it tries.
    pub kind: String,
    /// The text.
    pub text: String,
    /// Whether it names things of the made-up world, which evidence may do.
    pub names_world: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    kind: Vec<RawKind>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKind {
    name: String,
    #[serde(default)]
    names_world: bool,
    texts: Vec<String>,
}

/// All of them.
///
/// # Errors
/// When the file cannot be read, which a test excludes.
pub fn payloads() -> Result<Vec<Payload>, String> {
    let raw: Raw = toml::from_str(FILE).map_err(|error| error.to_string())?;
    let of_kind = |kind: RawKind| {
        let RawKind { name, names_world, texts } = kind;
        texts.into_iter().map(move |text| Payload {
            kind: name.clone(),
            text: made(&text),
            names_world,
        })
    };
    Ok(raw.kind.into_iter().flat_map(of_kind).collect())
}

/// A text with what code makes of its parts.
fn made(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("<<") {
        let Some((inside, after)) = behind.split_once(">>") else { break };
        out.push_str(before);
        let (word, said) = inside.split_once(' ').unwrap_or((inside, ""));
        match changed(word, said) {
            Some(changed) => out.push_str(&changed),
            None => out.push_str(&format!("<<{inside}>>")),
        }
        rest = after;
    }
    out + rest
}

fn changed(word: &str, said: &str) -> Option<String> {
    let each = |by: fn(char) -> String| said.chars().map(by).collect::<String>();
    let of = |code: u32| char::from_u32(code).map(String::from).unwrap_or_default();
    Some(match word {
        "repeat" => {
            let (count, what) = said.split_once(' ')?;
            what.repeat(count.parse().ok()?)
        }
        "base64" => STANDARD.encode(said),
        "hex" => said.bytes().map(|byte| format!("{byte:02x}")).collect(),
        "percent" => said.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        "entity" => each(|c| format!("&#{};", u32::from(c))),
        "escape" => each(|c| format!("\\u{:04x}", u32::from(c))),
        "zero" => each(|c| format!("{c}\u{200b}")),
        "spaced" => each(|c| format!("{c} ")),
        "reverse" => said.chars().rev().collect(),
        "tags" => said.chars().map(|c| of(0xE0000 + u32::from(c))).collect(),
        "wide" => said
            .chars()
            .map(
                |c| if c.is_ascii_graphic() { of(0xFEE0 + u32::from(c)) } else { of(u32::from(c)) },
            )
            .collect(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_many_of_many_kinds() {
        let all = payloads().unwrap();
        let kinds: BTreeSet<&str> = all.iter().map(|one| one.kind.as_str()).collect();
        let texts: BTreeSet<&str> = all.iter().map(|one| one.text.as_str()).collect();
        assert!(texts.len() >= 200 && texts.len() == all.len(), "{}", texts.len());
        assert!(kinds.len() >= 30, "{}", kinds.len());
    }

    #[test]
    fn parts_are_made_by_code() {
        for (text, expected) in [
            ("a <<base64 hi>>!", "a aGk=!"),
            ("<<repeat 3 ab>>", "ababab"),
            ("<<hex ab>>", "6162"),
            ("<<reverse abc>> <<spaced ab>>", "cba a b "),
            ("<<wide a b>>", "\u{ff41} \u{ff42}"),
            ("<<tags a>>", "\u{e0061}"),
            ("<<SYS>> x", "<<SYS>> x"),
        ] {
            assert_eq!(made(text), expected, "{text}");
        }
        let left = payloads().unwrap();
        let words = ["<<base64 ", "<<repeat ", "<<tags ", "<<zero ", "<<hex "];
        assert!(!left.iter().any(|one| words.iter().any(|word| one.text.contains(word))));
    }
}
