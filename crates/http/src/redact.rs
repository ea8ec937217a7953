//! The start of an error's body as plain text, without the secrets that the request carried.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters shown of a body.
const SHOWN: usize = 300;
/// Shorter secrets are not looked for: they would stand in any text by chance.
const SHORTEST: usize = 4;
const REPLACED: &str = "[hidden]";

/// The start of a body, with control characters blanked and secrets replaced.
pub(crate) fn said(body: &[u8], cut: bool, secrets: &[&str]) -> String {
    let mut text = String::from_utf8_lossy(body).into_owned();
    for spelling in secrets.iter().flat_map(|secret| spellings(secret)) {
        text = text.replace(&spelling, REPLACED);
    }
    if cut {
        // A secret that the cut goes through was not found.
        let longest = secrets.iter().map(|s| s.len().saturating_mul(3)).max().unwrap_or(0);
        let keep = text.floor_char_boundary(text.len().saturating_sub(longest));
        text.truncate(keep);
    }
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() || is_format(c) { ' ' } else { c })
        .take(SHOWN)
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A secret as a body may spell it: as it is, in JSON, in a URL.
fn spellings(secret: &str) -> Vec<String> {
    if secret.len() < SHORTEST {
        return Vec::new();
    }
    let json = serde_json::to_string(secret).unwrap_or_default();
    let mut all = vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        secret.replace(' ', "+"),
    ];
    // The longer spellings first, or a shorter one would leave pieces.
    all.sort_by_key(|s| std::cmp::Reverse(s.len()));
    all.retain(|s| s.len() >= SHORTEST);
    all.dedup();
    all
}

/// Characters that change how the text around them is shown.
const fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_body_is_one_short_line() {
        let text = said("a\n\tb\u{1b}[31m\u{202e}c".as_bytes(), false, &[]);
        assert_eq!(text, "a b [31m c");
        assert_eq!(said(&b"x".repeat(9_000), false, &[]).len(), SHOWN);
    }

    #[test]
    fn every_spelling_of_a_secret_goes() {
        let body = r#"{"a":"p\"w d/1","b":"p%22w%20d%2F1","c":"p\"w+d/1"}"#;
        let text = said(body.as_bytes(), false, &["p\"w d/1"]);
        assert!(!text.contains("w d") && !text.contains("w%20d"), "{text}");
    }

    #[test]
    fn a_secret_cut_in_two_is_not_shown() {
        let secret = "s3cr3t-value-of-some-length";
        let (front, _) = secret.split_at(10);
        let body = format!("{secret} ").repeat(3) + front;
        assert!(!said(body.as_bytes(), true, &[secret]).contains("s3cr3t"));
    }

    proptest! {
        #[test]
        fn no_body_shows_a_secret(front in ".{0,40}", secret in "[!-~]{8,40}", back in ".{0,40}") {
            let body = format!("{front}{secret}{back}");
            prop_assert!(!said(body.as_bytes(), false, &[&secret]).contains(&secret));
        }
    }
}
