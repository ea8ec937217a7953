//! Texts beside the tree: each is the one that its record commits to, or it was erased.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::records::Broken;
use crate::tree::sha256;

const PREFIX: &[u8] = b"quell audit personal data 1\n";

/// Commitments by the number of their record and their field.
pub(crate) type Commitments = BTreeMap<(u64, String), String>;

/// Looks at the texts of a bundle. Those of records that are not signed yet are left out.
pub(crate) fn check(
    bytes: &[u8],
    (first, signed, end): (u64, u64, u64),
    commitments: &Commitments,
) -> Result<(), Broken> {
    let mut last = first;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let broken = |index, what: &'static str| Broken { index, what: what.into() };
        let damaged = broken(last, "a text beside it is damaged");
        let (index, field, commitment) = read(line).ok_or(damaged)?;
        if index >= signed && signed < end && index < end {
            continue;
        }
        if commitments.get(&(index, field)) != Some(&commitment) {
            return Err(broken(index, "a text beside it was changed"));
        }
        last = index;
    }
    Ok(())
}

fn read(line: &[u8]) -> Option<(u64, String, String)> {
    let line = line.strip_suffix(b"\n")?;
    let value: Value = serde_json::from_slice(line).ok()?;
    let members = value.as_object().filter(|members| members.len() == 5)?;
    let text = |name: &str| members.get(name)?.as_str();
    let (field, subject) = (text("field")?, text("subject")?);
    let salt = STANDARD.decode(text("salt")?).ok().filter(|salt| salt.len() == 32)?;
    let parts: [&[u8]; 7] = [
        PREFIX,
        &salt,
        field.as_bytes(),
        b"\n",
        subject.as_bytes(),
        b"\n",
        text("value")?.as_bytes(),
    ];
    let hash = sha256(&parts);
    let hex = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Some((members.get("index")?.as_u64()?, field.to_owned(), hex))
}
