//! Whether a new text names something from elsewhere, or hides something.

use std::net::IpAddr;

/// Refuses a new text of a policy or a role, whose rights are compared elsewhere: a predicate that
/// looks for a plain `*` must not be met by another spelling of it.
pub(super) fn judge_right(name: &str, text: &str) -> Result<(), String> {
    let name = name.to_ascii_lowercase();
    if name.starts_with("not") {
        return Err(format!("`{name}` is new, and says what is left out instead of what is meant"));
    }
    let is_place = matches!(name.as_str(), "resource" | "resources");
    match text.contains(['*', '?']) && !(is_place && text.len() > 2) {
        true => Err(format!("`{name}`: the new text has a wildcard")),
        false => Ok(()),
    }
}

/// Longest new text.
const MOST: usize = 120;
/// Most words of a setting.
const MOST_WORDS: usize = 2;
/// From this length on a text without marks between words is taken for a coded one.
const CODED: usize = 24;
/// The shortest prefix of a range of addresses that a change may bring in.
const LEAST_PREFIX: u8 = 8;

/// Refuses a new text by what it is. `block` is the whole block of before, and `before` the texts
/// that stood at the same path and went.
pub(super) fn judge<'b>(
    text: &str,
    block: &str,
    before: impl Iterator<Item = &'b str>,
) -> Result<(), String> {
    let why = if text.len() > MOST {
        "the new text is long"
    } else if ["://", "@", "arn:", "$", "`", "%{", ";", "&&", "|", "\n", "\\", ".."]
        .iter()
        .any(|mark| text.contains(mark))
    {
        "the new text could reach or run something"
    } else if !text.chars().any(|one| one.is_ascii_alphanumeric())
        || text.split('/').any(|part| part == ".")
    {
        "the new text is another spelling of everything"
    } else if text.contains('*') {
        "the new text has a wildcard"
    } else if text.split_whitespace().count() > MOST_WORDS
        || text.contains(['"', '<', '>', '{', '}', '!'])
    {
        "the new text is no setting: it reads as a sentence, or as code"
    } else if let Some(range) = Range::of(text) {
        match before.filter_map(Range::of).any(|old| old.holds(&range)) {
            true => return Ok(()),
            false => "the new address does not lie within the one that went",
        }
    } else if block.contains(&format!("\"{text}\"")) {
        return Ok(());
    } else if is_host(text) {
        "the new text names a host"
    } else if text.contains('/') && text.contains(':') {
        "the new text names an image"
    } else if is_coded(text) {
        "the new text looks coded"
    } else if runs_of_digits(text) >= 12 {
        "the new text names an account"
    } else {
        return Ok(());
    };
    Err(why.to_owned())
}

/// A range of addresses.
struct Range {
    address: IpAddr,
    prefix: u8,
}

impl Range {
    fn of(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address.parse().ok()?, prefix.parse().ok()?),
            None => {
                let address: IpAddr = text.parse().ok()?;
                (address, if address.is_ipv4() { 32 } else { 128 })
            }
        };
        Some(Self { address, prefix })
    }

    /// Whether another lies within it and is smaller.
    fn holds(&self, other: &Self) -> bool {
        if other.prefix < LEAST_PREFIX || other.prefix <= self.prefix {
            return false;
        }
        match (self.address, other.address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let bits = 32_u32.saturating_sub(self.prefix.into());
                let mask = u32::MAX.checked_shl(bits).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let bits = 128_u32.saturating_sub(self.prefix.into());
                let mask = u128::MAX.checked_shl(bits).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn is_host(text: &str) -> bool {
    let name = text.split(['/', ':']).next().unwrap_or_default();
    let Some((_, last)) = name.rsplit_once('.') else { return false };
    let plain = |one: char| one.is_ascii_alphanumeric() || matches!(one, '.' | '-');
    last.len() >= 2 && last.chars().all(|one| one.is_ascii_alphabetic()) && name.chars().all(plain)
}

fn is_coded(text: &str) -> bool {
    let code = |one: char| one.is_ascii_alphanumeric() || matches!(one, '+' | '/' | '=');
    let has = |is: fn(&char) -> bool| text.chars().any(|one| is(&one));
    text.len() >= CODED
        && text.chars().all(code)
        && has(char::is_ascii_digit)
        && (has(char::is_ascii_uppercase) || has(|one| matches!(one, '+' | '/' | '=')))
}

fn runs_of_digits(text: &str) -> usize {
    let runs = text.split(|one: char| !one.is_ascii_digit());
    runs.map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, before: &[&str], expected: Option<&str>) {
        let said = judge(text, "x = \"kept.example.com\"", before.iter().copied()).err();
        assert_eq!(said.is_some(), expected.is_some(), "{text}: {said:?}");
        assert!(said.unwrap_or_default().contains(expected.unwrap_or_default()), "{text}");
    }

    #[test]
    fn plain_words_pass_and_what_comes_from_elsewhere_does_not() {
        for fine in ["ON", "ENHANCED", "TLSv1.2_2021", "verify-full", "rds.force_ssl", "1"] {
            refused(fine, &[], None);
        }
        refused("kept.example.com", &[], None);
        refused("evil.example.com", &[], Some("host"));
        refused("https://x", &[], Some("reach"));
        refused("$(id)", &[], Some("run"));
        refused("s3:*", &[], Some("wildcard"));
        refused("/.", &[], Some("spelling"));
        refused("//", &[], Some("spelling"));
        refused("/srv/./data", &[], Some("spelling"));
        refused("registry/app:1", &[], Some("image"));
        refused("Y3VybCBldmlsLmV4YW1wbGUgfCBzaA==", &[], Some("coded"));
        refused("111122223333", &[], Some("account"));
        refused(&"a".repeat(200), &[], Some("long"));
        refused("rate(7 days)", &[], None);
        refused("APPROVED by alice", &[], Some("sentence"));
        refused("\"status\":\"resolved\"", &[], Some("code"));
    }

    #[test]
    fn addresses_only_become_narrower() {
        refused("10.0.0.0/8", &["0.0.0.0/0"], None);
        refused("10.1.0.0/16", &["10.0.0.0/8"], None);
        refused("11.0.0.0/16", &["10.0.0.0/8"], Some("within"));
        refused("10.0.0.0/8", &["10.0.0.0/8"], Some("within"));
        refused("0.0.0.0/1", &["0.0.0.0/0"], Some("within"));
        refused("192.0.2.7", &[], Some("within"));
        refused("fd00::/8", &["::/0"], None);
        refused("10.0.0.0/8", &["::/0"], Some("within"));
    }
}
