//! Products as documents name them: package URLs, image references, hashes, plain names.

use quell_model::{Product, Purl};

/// A product from an id that is a package URL, an image reference or a name.
pub(crate) fn product_of(id: &str, purl: &str, sha256: &str) -> Product {
    let given = if purl.is_empty() { id } else { purl };
    let parsed = Purl::parse(given);
    let in_version = parsed.as_ref().and_then(|p| p.version.strip_prefix("sha256:"));
    let in_reference = id.split_once("@sha256:").map(|(_, hex)| hex);
    let hash = [Some(sha256), in_version, in_reference].into_iter().flatten().find_map(sha256_of);
    match &parsed {
        Some(parsed) => Product {
            name: if id.is_empty() || id.starts_with("pkg:") {
                parsed.name.clone()
            } else {
                id.to_owned()
            },
            version: if in_version.is_some() { String::new() } else { parsed.version.clone() },
            range: None,
            purl: Some(given.to_owned()),
            sha256: hash,
        },
        None => Product { name: id.to_owned(), sha256: hash, ..Product::default() },
    }
}

/// Longest name, version or id that is kept: many records may refer to one.
const MOST_BYTES: usize = 2048;

/// Text cut to a length that names never have.
pub(crate) fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MOST_BYTES)).unwrap_or(text)
}

/// A SHA-256 in lower-case hex, with or without its prefix.
pub(crate) fn sha256_of(text: &str) -> Option<String> {
    let hex = text.trim();
    let hex = hex.strip_prefix("sha256:").unwrap_or(hex);
    (hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
        .then(|| hex.to_ascii_lowercase())
}

/// The CVE among several ids, where there is exactly one; else the first id. And all others.
pub(crate) fn weakness_of<'i>(ids: impl Iterator<Item = &'i str>) -> Option<(String, Vec<String>)> {
    let mut all: Vec<String> = Vec::new();
    for id in ids.map(str::trim).filter(|id| !id.is_empty() && id.len() <= 128).take(16) {
        let known = all.iter().any(|known| known.eq_ignore_ascii_case(id));
        if !known {
            all.push(id.to_owned());
        }
    }
    let is_cve = |id: &String| id.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("CVE-"));
    let cves = all.iter().filter(|id| is_cve(id)).count();
    let lead = if cves == 1 { all.iter().position(is_cve).unwrap_or(0) } else { 0 };
    if all.is_empty() {
        return None;
    }
    let id = all.remove(lead);
    Some((id, all))
}
