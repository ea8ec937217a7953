//! Maps of the user's: any text is a map or a sentence, and a map reads any data.

use quell_sources::mapped::FormatMap;

use super::{Bench, Fault, Seen, bare, read};

/// Data that the made-up maps fit.
const DATA: &[&[u8]] = &[
    br#"{"results": [{"headline": "Port open", "check": {"id": "N-1", "name": "n"}, "risk": "P1", "state": "raised",
        "proof": "22/tcp", "seen": {"first": "2026-10-01T00:00:00Z"}, "target": {"arn": "arn:aws:s3:::logs",
        "tags": {"team": "ops"}}}, {"risk": 4, "state": "fine"}, 7]}"#,
    b"title,severity,resource,status\nPort open,high,arn:aws:s3:::logs,open\nx,5,y,fine\n",
    b"[{\"title\": \"x\", \"severity\": 3}]",
];

/// Checks a text as a map.
pub(super) fn check(bench: &Bench, input: &[u8]) -> Result<Seen, Fault> {
    let mut seen = Seen::default();
    let text = String::from_utf8_lossy(input);
    for data in DATA {
        match FormatMap::parse(&text) {
            Ok(map) => {
                let found = read::through(bench, map, data)?;
                seen.items += found.items;
                seen.rejects += found.rejects;
                seen.traits.extend(found.traits);
            }
            Err(error) => {
                let sentence = error.to_string();
                if sentence.trim().is_empty() {
                    return Err(Fault::new("rejects say why, in a line", "an empty sentence"));
                }
                seen.traits.insert(bare(&sentence));
            }
        }
    }
    Ok(seen)
}
