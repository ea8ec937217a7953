//! Strings that look drawn by lot and are no identifier of a known grammar.

use std::sync::LazyLock;

use regex::Regex;

use super::{Found, Pattern, each};
use crate::kind::Kind;

static TOKEN: Pattern = LazyLock::new(|| Regex::new(r"[A-Za-z0-9+/_=~-]{20,}").ok());

/// What a string of hexadecimal digits is, where a word before it says so.
static DIGEST: Pattern = LazyLock::new(|| {
    Regex::new(r"(?i)(?:sha-?(?:1|224|256|384|512)|md5|blake[23]\w*|crc\w*|digest|checksum|commit|revision|rev|ref|etag|hash|imphash|ssdeep|fingerprint|thumbprint|git|@)[\x22' ]*[:=@/ (\[-]*[\x22']?$").ok()
});

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    for one in each(&TOKEN, text).filter_map(|one| one.get(0)) {
        let before = text.get(..one.start()).unwrap_or_default();
        for (at, part) in parts(one.as_str()) {
            let start = one.start() + at;
            if is_drawn_by_lot(part) && !is_named(before, part) {
                found.push(Found::new((start, start + part.len()), Kind::Unknown, "drawn by lot"));
            }
        }
    }
}

/// A token whole, or the parts of one that is a path.
fn parts(token: &str) -> Vec<(usize, &str)> {
    let is_path = token.matches('/').count() > 0 && {
        let lots = token.split('/').filter(|part| part.len() > 9 && looks_random(part)).count();
        lots == 0 || token.split('/').any(|part| is_word(part) && part.len() > 3)
    };
    if !is_path {
        return vec![(0, token)];
    }
    let mut at = 0;
    let mut parts = Vec::new();
    for part in token.split('/') {
        parts.push((at, part));
        at += part.len() + 1;
    }
    parts
}

fn is_word(part: &str) -> bool {
    part.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_'))
}

/// Whether a grammar of identifiers or a word before it tells what it is.
fn is_named(before: &str, part: &str) -> bool {
    let is_hex = part.bytes().all(|b| b.is_ascii_hexdigit());
    let near = before.get(before.floor_char_boundary(before.len().saturating_sub(40))..);
    let is_digest = is_hex
        && matches!(part.len(), 32 | 40 | 56 | 64 | 96 | 128)
        && near.is_some_and(|near| DIGEST.as_ref().is_some_and(|digest| digest.is_match(near)));
    is_digest || is_uuid(part)
}

fn is_uuid(part: &str) -> bool {
    let blocks: Vec<&str> = part.split('-').collect();
    let lengths: Vec<usize> = blocks.iter().map(|block| block.len()).collect();
    let is_hex = blocks.iter().all(|block| block.bytes().all(|b| b.is_ascii_hexdigit()));
    // A word may stand before it: `subnet-`, `sbom-`.
    is_hex && lengths == [8, 4, 4, 4, 12]
        || lengths.len() == 6 && lengths.ends_with(&[8, 4, 4, 4, 12]) && {
            blocks.iter().skip(1).all(|block| block.bytes().all(|b| b.is_ascii_hexdigit()))
                && blocks.first().is_some_and(|word| is_word(word))
        }
}

/// Whether a string is long enough and changes its kind of letter often enough.
fn is_drawn_by_lot(part: &str) -> bool {
    let core = part.trim_matches(['=', '-', '_']);
    if core.len() < 20 {
        return false;
    }
    if core.bytes().all(|b| b.is_ascii_hexdigit()) {
        let letters = core.bytes().filter(u8::is_ascii_alphabetic).count();
        return core.len() >= 24 && letters > 2 && distinct(core) >= 8;
    }
    // Words with marks between them: judged by their longest piece.
    let longest = core.split(['-', '_', '.']).max_by_key(|piece| piece.len()).unwrap_or_default();
    let pieces = core.split(['-', '_', '.']).count();
    let judged =
        if longest.len() < 16 && pieces > 2 { return is_short_pieces(core) } else { longest };
    looks_random(judged) && judged.len() >= 16
}

/// Many short pieces, each with letters and digits mixed.
fn is_short_pieces(core: &str) -> bool {
    let pieces: Vec<&str> = core.split(['-', '_', '.']).filter(|piece| !piece.is_empty()).collect();
    let is_mixed = |piece: &&&str| {
        let kinds: Vec<u8> = piece.bytes().map(kind).collect();
        let changes = kinds.windows(2).filter(|pair| !matches!(pair, [a, b] if a == b)).count();
        kinds.contains(&3) && changes >= 2
    };
    let mixed = pieces.iter().filter(is_mixed).count();
    pieces.len() <= 8 && mixed >= 3 && mixed * 4 >= pieces.len() * 3
}

/// How often the kind of letter changes: in words seldom, in what is drawn by lot often.
fn looks_random(part: &str) -> bool {
    let kinds: Vec<u8> = part.bytes().map(kind).collect();
    let has = |kind: u8| kinds.contains(&kind);
    let count = [1, 2, 3, 4].into_iter().filter(|kind| has(*kind)).count();
    let changes = kinds
        .windows(2)
        // A capital at the beginning of a word is no change.
        .filter(|pair| !matches!(pair, [a, b] if a == b || (*a, *b) == (2, 1)))
        .count();
    let share = changes * 100 / kinds.len().max(1);
    let digits = part.bytes().filter(u8::is_ascii_digit).count() * 100 / part.len().max(1);
    match count {
        0 => false,
        1 => is_letters_by_lot(part),
        2 if has(3) => share >= 22 && (10..=75).contains(&digits) && distinct(part) >= 7,
        2 => share >= 24 && is_letters_by_lot(part),
        _ => share >= 24 && distinct(part) >= 9,
    }
}

/// Letters alone: by how seldom a vowel stands where words have one.
fn is_letters_by_lot(part: &str) -> bool {
    let letters = part.bytes().filter(u8::is_ascii_alphabetic).count();
    let vowels = part.bytes().filter(|b| b"aeiouyAEIOUY".contains(b)).count();
    letters >= 20 && vowels * 100 / letters.max(1) < 25 && distinct(part) >= 12
}

const fn kind(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        _ => 4,
    }
}

fn distinct(part: &str) -> usize {
    let mut seen = [false; 256];
    for byte in part.bytes() {
        if let Some(seen) = seen.get_mut(usize::from(byte)) {
            *seen = true;
        }
    }
    seen.iter().filter(|seen| **seen).count()
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert!(TOKEN.is_some() && DIGEST.is_some());
    }

    #[test]
    fn what_is_drawn_by_lot_is_found() {
        for text in [
            "Zk3vQ9xTbL2mWc7RfH8y",
            "q7x2m9k4c1v8b3n6z5l0w2e4",
            "8f14e45fceea167a5a36dedd4bea2543",
            "wJ8rXtnF/K7MqENG+bPxRfiCY3kLm9Qz2vT5sHdA",
            "K7xR-q2Mw9-Zt4Lp-8VbN3-Yc6Qd",
        ] {
            assert_eq!(found(text).len(), 1, "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn identifiers_stay() {
        for text in [
            "AmazonEC2ContainerRegistryReadOnly",
            "aws_s3_bucket_public_access_block",
            "sha256:8f14e45fceea167a5a36dedd4bea25438f14e45fceea167a5a36dedd4bea2543",
            "commit 8f14e45fceea167a5a36dedd4bea25431a2b3c4d",
            "actions/checkout@8f14e45fceea167a5a36dedd4bea25431a2b3c4d",
            "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
            "allowPrivilegeEscalation: false",
            "usr/lib/x86_64-linux-gnu/libssl3",
            "CKV2_AWS_62 and AVD-AWS-0086",
            "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "org-apache-logging-log4j-core-2-14-1",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "NIST-800-53-Revision-5",
            "linux-image-5.15.0-1034-aws",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
