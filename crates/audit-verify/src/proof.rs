//! Proofs, checked without the log.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::keys::Key;
use crate::note::Head;
use crate::tree::{Hash, of_leaf, of_nodes, sha256};

/// Most hashes of a proof: two for each bit of a number.
const MOST_HASHES: usize = 128;

/// What a proof shows.
#[derive(Debug, Clone)]
pub struct Proved {
    /// The record's number.
    pub index: u64,
    /// The signed head that holds it.
    pub head: Head,
}

/// Checks that a record is in a log: a proof as text (C2SP tlog-proof), the record's bytes, and
/// the keys that are trusted.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_proof(proof: &str, record: &[u8], keys: &[Key]) -> Result<Proved, String> {
    let damaged = || "the proof is damaged".to_owned();
    let (front, note) = proof.split_once("\n\n").ok_or_else(damaged)?;
    let mut lines = front.lines().peekable();
    if lines.next() != Some("c2sp.org/tlog-proof@v1") {
        return Err("it is no proof of the form c2sp.org/tlog-proof@v1".to_owned());
    }
    lines.next_if(|line| line.starts_with("extra "));
    let index = lines.next().and_then(|line| line.strip_prefix("index ")?.parse().ok());
    let index: u64 = index.ok_or_else(damaged)?;
    let path: Option<Vec<Hash>> =
        lines.take(MOST_HASHES).map(|line| STANDARD.decode(line).ok()?.try_into().ok()).collect();
    let head = Head::parse(note)?;
    if !keys.iter().any(|key| head.is_signed_by(key)) {
        return Err("the checkpoint of the proof is not signed by a key that is trusted".to_owned());
    }
    let path = path.ok_or_else(damaged)?;
    check_inclusion((index, &of_leaf(record)), (head.size, &head.root), &path)?;
    Ok(Proved { index, head })
}

/// Checks an inclusion proof (RFC 9162, section 2.1.3.2).
///
/// # Errors
/// When it does not show that the leaf is there.
pub fn check_inclusion(
    (index, leaf): (u64, &Hash),
    (size, root): (u64, &Hash),
    path: &[Hash],
) -> Result<(), String> {
    let wrong = || format!("the proof does not show that this is record {index}");
    if index >= size {
        return Err(format!("there is no record {index} in a log of {size}"));
    }
    let (mut place, mut last, mut hash) = (index, size - 1, *leaf);
    for beside in path {
        if last == 0 {
            return Err(wrong());
        }
        if place & 1 == 1 || place == last {
            hash = of_nodes(beside, &hash);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            hash = of_nodes(&hash, beside);
        }
        place >>= 1;
        last >>= 1;
    }
    if last == 0 && hash == *root { Ok(()) } else { Err(wrong()) }
}

/// Checks that a tree grew from an older one (RFC 9162, section 2.1.4.2).
///
/// # Errors
/// When the proof does not show it.
pub fn check_consistency(
    (old_size, old_root): (u64, &Hash),
    (size, root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), String> {
    let wrong = || format!("the proof does not show that {size} records grew from {old_size}");
    if old_size == size || old_size == 0 {
        let same = if old_size == 0 { *old_root == sha256(&[]) } else { old_root == root };
        return if same && proof.is_empty() { Ok(()) } else { Err(wrong()) };
    }
    if old_size > size {
        return Err(wrong());
    }
    let mut hashes = proof.iter();
    let start =
        if old_size.is_power_of_two() { old_root } else { hashes.next().ok_or_else(wrong)? };
    let (mut old_place, mut place) = (old_size - 1, size - 1);
    while old_place & 1 == 1 {
        old_place >>= 1;
        place >>= 1;
    }
    let (mut older, mut newer) = (*start, *start);
    for beside in hashes {
        if place == 0 {
            return Err(wrong());
        }
        if old_place & 1 == 1 || old_place == place {
            older = of_nodes(beside, &older);
            newer = of_nodes(beside, &newer);
            while old_place & 1 == 0 && old_place != 0 {
                old_place >>= 1;
                place >>= 1;
            }
        } else {
            newer = of_nodes(&newer, beside);
        }
        old_place >>= 1;
        place >>= 1;
    }
    if place == 0 && older == *old_root && newer == *root { Ok(()) } else { Err(wrong()) }
}
