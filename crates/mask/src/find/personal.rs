//! What belongs to a person: addresses, numbers with their check digits, names where a key says so.

use std::sync::LazyLock;

use regex::Regex;

use super::{Found, Pattern, each, stands_alone, value_of};
use crate::kind::Kind;

static EMAIL: Pattern = LazyLock::new(|| {
    Regex::new(r"(?i)[\p{L}0-9._%+'-]{1,64}@(?:[\p{L}0-9](?:[\p{L}0-9-]{0,62}[\p{L}0-9])?\.)+[\p{L}]{2,24}").ok()
});

/// Digits with what people write between them.
static DIGITS: Pattern = LazyLock::new(|| Regex::new(r"\+?\(?\d(?:[ ./()-]{0,2}\d){6,22}").ok());

static IBAN: Pattern =
    LazyLock::new(|| Regex::new(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?").ok());

/// Forms of states that have letters in them.
static STATES: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    [
        ("us social security", r"\b\d{3}-\d{2}-\d{4}\b"),
        (
            "uk national insurance",
            r"(?i)\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b",
        ),
        ("it fiscal code", r"(?i)\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b"),
        ("es identity", r"(?i)\b[XYZ]?\d{7,8}-?[A-HJ-NP-TV-Z]\b"),
        ("in tax number", r"\b[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]\b"),
        ("fi identity", r"(?i)\b\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]\b"),
        (
            "cn identity",
            r"(?i)\b\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[0-9X]\b",
        ),
        ("br tax number", r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b"),
        ("br company number", r"\b\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}\b"),
        ("ch insurance", r"\b756\.\d{4}\.\d{4}\.\d{2}\b"),
    ]
    .into_iter()
    .filter_map(|(about, text)| Some((about, Regex::new(text).ok()?)))
    .collect()
});

/// A word that says what the number behind it is.
static NAMED_NUMBER: Pattern = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?:passport|ssn|social security|tax[ _-]?id|national[ _-]?id|id[ _-]?card|driv(?:er|ing)(?:'?s)?[ _-]?licen[cs]e|licen[cs]e plate|insurance(?:[ _-]?(?:id|number))?|patient(?:[ _-]?id)?|medical record|mrn|account[ _-]?holder|steuer-?id|personalausweis|bsn|pesel|aadhaar|nhs|medicare|cvv|cvc|date[ _-]?of[ _-]?birth|dob|birth[ _-]?date|employee[ _-]?(?:id|number)|routing number|sort code|swift|bic)(?:[ _-]?(?:no|nr|number|num|id))?\.?["']?[ \t]*(?:#|:|=|is)?[ \t]*["']?(?P<v>[A-Z0-9][A-Z0-9 /.-]{2,24}[A-Z0-9])"#).ok()
});

static NAMED_PHONE: Pattern = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:phone|mobile|cell|tel|fax|whatsapp|msisdn)(?:[ _-]?(?:no|number))?["'.]?[ \t]*[:=]?[ \t]*["']?(?P<v>\+?[\d(][\d ().-]{5,20}\d)"#).ok()
});

/// Names of people where a key or a word says so.
static NAMED_PERSON: Pattern = LazyLock::new(|| {
    Regex::new(r#"(?:(?i:full[ _-]?name|first[ _-]?name|last[ _-]?name|display[ _-]?name|given[ _-]?name|surname|contact(?:[ _-]?name)?|assignee|assigned to|reporter|employee|manager|customer(?:[ _-]?name)?|patient(?:[ _-]?name)?|card[ _-]?holder|author|reviewer|requested by|approved by)["']?[ \t]*[:=]?[ \t]*["']?|\b(?:Mr|Mrs|Ms|Dr|Prof|Herr|Frau|Mme|Sra?)\.? )(?P<v>\p{Lu}[\p{L}'’-]+(?:[ ]\p{Lu}[\p{L}'’.-]*){0,3})"#).ok()
});

static NAMED_USER: Pattern = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:^|[^a-z])(?:user(?:[ _-]?(?:name|id|principal[ _-]?name))?|login(?:[ _-]?name)?|logon|upn|samaccountname|run[ _-]?as(?:[ _-]?user)?|principal|actor|owner|on[ _-]behalf[ _-]of|iam[ _-]user|for user|by user|account[ _-]?name)["']?[ \t]*(?:(?P<mark>=>|[:=])|[ \t])[ \t]*["']?(?P<v>[A-Z0-9][A-Z0-9._@-]{1,63})"#).ok()
});

/// A name in a path, an address of a program, or a domain.
static USERS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r#"(?i)(?:/home/|/Users/|[A-Z]:\\+(?:Users|Documents and Settings)\\+)(?P<v>[^\s/\\:"'<>,;]{1,64})"#,
        r"\buid=\d+\((?P<v>[^)\s]{1,64})\)",
        r"\b[A-Z][A-Z0-9-]{1,14}\\+(?P<v>[A-Za-z][A-Za-z0-9._-]{1,40})\b",
        r"(?i)\bssh[ \t]+(?:-\S+[ \t]+)*(?P<v>[a-z_][a-z0-9_.-]{0,31})@",
        r"\bS-1-5-21-\d+-\d+-\d+-\d+\b",
    ]
    .into_iter()
    .filter_map(|text| Regex::new(text).ok())
    .collect()
});

static POSITION: Pattern = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:(?:lat(?:itude)?|lon(?:gitude)?|lng)["']?[ \t]*[:=][ \t]*["']?-?\d{1,3}\.\d{2,}|\bgeo:|\b(?:coordinates|location)["']?[ \t]*[:=][ \t]*\[?[ \t]*|\b)(?P<v>-?\d{1,3}\.\d{3,}[ \t]*,[ \t]*-?\d{1,3}\.\d{3,})|(?i:(?:lat(?:itude)?|lon(?:gitude)?|lng)["']?[ \t]*[:=][ \t]*["']?)(?P<w>-?\d{1,3}\.\d{2,})"#).ok()
});

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    add(text, &EMAIL, (Kind::Email, ""), found);
    add(text, &NAMED_NUMBER, (Kind::Number, "by its name"), found);
    add(text, &NAMED_PHONE, (Kind::Phone, ""), found);
    add(text, &NAMED_PERSON, (Kind::Person, ""), found);
    users(text, found);
    numbers(text, found);
    for one in each(&POSITION, text) {
        if let Some(part) = one.name("v").or_else(|| one.name("w")) {
            found.push(Found::new((part.start(), part.end()), Kind::Position, ""));
        }
    }
}

fn users(text: &str, found: &mut Vec<Found>) {
    for one in each(&NAMED_USER, text) {
        // Without a mark between them it may be the next word of a sentence.
        let is_word = |part: regex::Match<'_>| {
            part.as_str().bytes().skip(1).all(|b| b.is_ascii_lowercase() || b == b'.')
        };
        if one.name("mark").is_some() || !one.name("v").is_some_and(is_word) {
            user(text, value_of(&one), found);
        }
    }
    for one in USERS.iter().flat_map(|pattern| pattern.captures_iter(text)) {
        user(text, value_of(&one), found);
    }
}

fn numbers(text: &str, found: &mut Vec<Found>) {
    for one in each(&IBAN, text) {
        if let Some(span) = iban(text, value_of(&one)) {
            found.push(Found::new(span, Kind::Number, "bank account"));
        }
    }
    for (about, pattern) in STATES.iter() {
        for span in pattern.captures_iter(text).filter_map(|one| value_of(&one)) {
            if text.get(span.0..span.1).is_some_and(|number| is_valid(about, number)) {
                found.push(Found::new(span, Kind::Number, *about));
            }
        }
    }
    for one in each(&DIGITS, text) {
        digits(text, value_of(&one), found);
    }
}

fn add(text: &str, pattern: &Pattern, (kind, about): (Kind, &'static str), found: &mut Vec<Found>) {
    for span in each(pattern, text).filter_map(|one| value_of(&one)) {
        let has_digit = || {
            let part = text.get(span.0..span.1);
            part.is_some_and(|part| part.bytes().any(|b| b.is_ascii_digit()))
        };
        if kind != Kind::Number || has_digit() {
            found.push(Found::new(span, kind, about));
        }
    }
}

/// Names that every system has, and words that follow one that says `user`.
const COMMON: &[&str] = &[
    "root",
    "nobody",
    "daemon",
    "www-data",
    "ubuntu",
    "ec2-user",
    "admin",
    "administrator",
    "system",
    "public",
    "default",
    "everyone",
    "anonymous",
    "guest",
    "shared",
    "nginx",
    "bin",
    "sync",
    "service",
    "localsystem",
    "networkservice",
    "is",
    "has",
    "was",
    "with",
    "and",
    "or",
    "in",
    "the",
    "a",
    "to",
    "can",
    "should",
    "must",
    "of",
    "for",
    "not",
    "may",
    "does",
    "data",
    "access",
    "pool",
    "policy",
    "policies",
    "account",
    "accounts",
    "input",
    "agent",
    "defined",
    "managed",
    "name",
    "null",
    "none",
    "true",
    "false",
    "group",
    "groups",
    "role",
    "roles",
    "permissions",
    "activity",
    "sessions",
    "session",
    "id",
    "from",
    "by",
    "on",
    "at",
    "as",
    "without",
    "that",
    "who",
    "will",
    "namespace",
    "namespaces",
    "interaction",
    "created",
    "deleted",
    "credentials",
    "mfa",
    "login",
    "logon",
    "console",
    "password",
    "passwords",
    "type",
    "types",
    "space",
    "are",
    "have",
    "if",
    "assigned",
    "allowed",
    "identity",
    "identities",
    "team",
    "key",
    "keys",
    "attached",
    "only",
];

/// Adds a name somebody signs in with, unless it is one that every system has.
fn user(text: &str, span: Option<(usize, usize)>, found: &mut Vec<Found>) {
    let Some((start, end)) = span else { return };
    let Some(name) = text.get(start..end).map(|name| name.trim_end_matches(['.', '-'])) else {
        return;
    };
    let lower = name.to_ascii_lowercase();
    let is_number = name.len() < 5 && name.bytes().all(|b| b.is_ascii_digit());
    if !is_number && !COMMON.contains(&lower.as_str()) && name.len() > 1 {
        found.push(Found::new((start, start + name.len()), Kind::User, ""));
    }
}

/// Numbers that carry a check, and telephone numbers.
fn digits(text: &str, span: Option<(usize, usize)>, found: &mut Vec<Found>) {
    let Some((start, end)) = span else { return };
    let Some(part) = text.get(start..end) else { return };
    // A bracket that ends behind the number belongs to the sentence.
    let is_outside = part.starts_with('(') && !part.contains(')');
    let span = (start + usize::from(is_outside), end);
    let part = part.get(usize::from(is_outside)..).unwrap_or_default();
    if !stands_alone(text, span, b"_") {
        return;
    }
    let number: Vec<u32> = part.chars().filter_map(|c| c.to_digit(10)).collect();
    let is_plain = part.bytes().all(|b| b.is_ascii_digit());
    let is_card = matches!(number.len(), 13..=19)
        && matches!(number.first(), Some(2..=6))
        && luhn(&number)
        && !part.contains(['/', '(', '.'])
        && number.iter().any(|digit| Some(digit) != number.first());
    if is_card {
        found.push(Found::new(span, Kind::Number, "payment card"));
    } else if number.len() == 12 && groups(part, ' ') == [4, 4, 4] && verhoeff(&number) {
        found.push(Found::new(span, Kind::Number, "in identity"));
    } else if number.len() == 15 && !part.contains(['.', '/']) && insee(&number) {
        found.push(Found::new(span, Kind::Number, "fr insurance"));
    } else if is_phone(part, number.len(), is_plain) {
        found.push(Found::new(span, Kind::Phone, ""));
    }
}

fn is_phone(part: &str, count: usize, is_plain: bool) -> bool {
    if part.starts_with('+') {
        return matches!(count, 8..=15);
    }
    let blocks = groups(part, '-');
    let american = part.starts_with('(') || blocks == [3, 3, 4] || blocks == [1, 3, 3, 4];
    let dotted: Vec<usize> = groups(part, '.');
    let national = part.starts_with('0') && part.contains([' ', '/']) && !part.contains('.');
    !is_plain && matches!(count, 9..=13) && (american || dotted == [3, 3, 4] || national)
}

fn groups(part: &str, mark: char) -> Vec<usize> {
    part.split(mark).map(str::len).collect()
}

fn is_valid(about: &str, number: &str) -> bool {
    let digits: Vec<u32> = number.chars().filter_map(|c| c.to_digit(10)).collect();
    match about {
        "us social security" => {
            !matches!(number.get(..3), Some("000" | "666") | None) && !number.starts_with('9')
        }
        "es identity" => spanish(number),
        "br tax number" => brazilian(&digits, 9, 10) && brazilian(&digits, 10, 11),
        _ => true,
    }
}

/// ISO/IEC 7812-1, annex B.
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .zip([false, true].into_iter().cycle())
        .map(|(digit, twice)| if twice { digit * 2 / 10 + digit * 2 % 10 } else { *digit })
        .sum();
    sum.is_multiple_of(10)
}

/// ISO 13616: the first four at the end, letters as numbers, modulo 97.
fn iban(text: &str, span: Option<(usize, usize)>) -> Option<(usize, usize)> {
    let (start, end) = span?;
    let part = text.get(start..end)?;
    // A word behind it may look like one more block.
    let ends = part.char_indices().rev().map(|(at, c)| at + c.len_utf8());
    ends.filter(|end| *end >= 15)
        .find(|end| part.get(..*end).is_some_and(is_iban))
        .map(|end| (start, start + end))
        .filter(|span| stands_alone(text, *span, b"_"))
}

fn is_iban(part: &str) -> bool {
    let plain: String = part.chars().filter(|c| *c != ' ').collect();
    let Some((head, rest)) = plain.split_at_checked(4) else { return false };
    if !(15..=34).contains(&plain.len()) || part.ends_with(' ') {
        return false;
    }
    let value = rest.chars().chain(head.chars()).try_fold(0_u32, |sum, c| {
        let digit = c.to_digit(36)?;
        Some(if digit < 10 { (sum * 10 + digit) % 97 } else { (sum * 100 + digit) % 97 })
    });
    value == Some(1)
}

/// The letter of a Spanish number is the rest by 23.
fn spanish(number: &str) -> bool {
    const LETTERS: &str = "TRWAGMYFPDXBNJZSQVHLCKE";
    let upper = number.to_ascii_uppercase().replace('-', "");
    let Some((head, letter)) = upper.split_at_checked(upper.len().saturating_sub(1)) else {
        return false;
    };
    let head = head.replace('X', "0").replace('Y', "1").replace('Z', "2");
    let wanted = head.parse::<usize>().ok().and_then(|value| LETTERS.chars().nth(value % 23));
    head.len() == 8 && wanted == letter.chars().next()
}

fn brazilian(digits: &[u32], count: usize, at: usize) -> bool {
    let weights = (2..=u32::try_from(at).unwrap_or(0)).rev();
    let sum: u32 =
        digits.iter().take(count).zip(weights).map(|(digit, weight)| digit * weight).sum();
    digits.get(count) == Some(&(sum * 10 % 11 % 10))
}

/// The last two digits are 97 less the rest of the others by 97.
fn insee(digits: &[u32]) -> bool {
    let value = |part: &[u32]| part.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(*digit));
    let (Some(head), Some(tail)) = (digits.get(..13), digits.get(13..)) else { return false };
    matches!(digits.first(), Some(1..=4)) && 97 - value(head) % 97 == value(tail)
}

/// Verhoeff's check over the dihedral group of ten.
fn verhoeff(digits: &[u32]) -> bool {
    let times = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    const TURN: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let turn = |digit: u32| usize::try_from(digit).ok().and_then(|at| TURN.get(at)).copied();
    let sum = digits.iter().rev().zip(0..).try_fold(0, |sum, (digit, place): (_, u32)| {
        let turned = (0..place % 8).try_fold(*digit, |digit, _| turn(digit))?;
        Some(times(sum, turned))
    });
    sum == Some(0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        let all = [
            &EMAIL,
            &DIGITS,
            &IBAN,
            &NAMED_NUMBER,
            &NAMED_PHONE,
            &NAMED_PERSON,
            &NAMED_USER,
            &POSITION,
        ];
        assert!(all.iter().all(|pattern| pattern.is_some()));
        assert_eq!((STATES.len(), USERS.len()), (10, 5));
    }

    #[test]
    fn people_are_found() {
        for (text, value, kind) in [
            ("ask ada.l@example.co.uk now", "ada.l@example.co.uk", "email"),
            ("card 4111 1111 1111 1111 used", "4111 1111 1111 1111", "number"),
            ("pay GB82 WEST 1234 5698 7654 32 today", "GB82 WEST 1234 5698 7654 32", "number"),
            ("call +44 20 7946 0958 please", "+44 20 7946 0958", "phone"),
            ("call (212) 555-0143", "(212) 555-0143", "phone"),
            ("ssn 078-05-1120", "078-05-1120", "number"),
            ("DNI 12345678Z", "12345678Z", "number"),
            ("cpf 529.982.247-25", "529.982.247-25", "number"),
            ("aadhaar 2341 2341 2346", "2341 2341 2346", "number"),
            ("/home/alice/.ssh", "alice", "user"),
            (r"C:\Users\alice\x", "alice", "user"),
            ("user=alice ran it", "alice", "user"),
            (r#"{"userName":"alice.l"}"#, "alice.l", "user"),
            ("assigned to Ada Lovelace today", "Ada Lovelace", "person"),
            ("passport no: C01X00T47", "C01X00T47", "number"),
            ("at 52.5200, 13.4050 now", "52.5200, 13.4050", "position"),
            (r"CORP\alice logged in", "alice", "user"),
        ] {
            assert!(found(text).contains(&(value.to_owned(), kind)), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn numbers_of_other_things_stay() {
        for text in [
            "CVE-2021-44228",
            "1.2.840.113549.1.1.11",
            "port 8443 and 65535",
            "2026-11-22T03:04:05.123456Z",
            "1763780645123",
            "version 10.0.19045.3803",
            "lodash@4.17.21",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "user has no MFA",
            "for user root",
            "4111 1111 1111 1112",
            "2026-11-22",
            "100 000 000 records",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
