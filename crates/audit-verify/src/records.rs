//! Records as they stand in a bundle, against the hashes of their tile.

use std::borrow::Cow;

use serde_json::Value;

use crate::tree::{Hash, of_leaf};

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The first record that is not what was signed.
    pub index: u64,
    /// What is wrong.
    pub what: Cow<'static, str>,
}

/// Checks a run of records, each with its length before it, against their hashes: as many of the
/// one as of the other, and nothing behind.
///
/// # Errors
/// The first record that does not fit.
pub fn check_records<'a>(
    first: u64,
    bytes: &'a [u8],
    hashes: &[Hash],
) -> Result<Vec<&'a [u8]>, Broken> {
    let (mut index, mut rest) = (first, bytes);
    let mut records = Vec::with_capacity(hashes.len());
    for hash in hashes {
        let record = take(&mut rest).ok_or(Broken { index, what: "it is cut off".into() })?;
        if of_leaf(record) != *hash {
            return Err(Broken { index, what: "its bytes are not those of its hash".into() });
        }
        records.push(record);
        index += 1;
    }
    if rest.is_empty() {
        Ok(records)
    } else {
        Err(Broken { index: index.saturating_sub(1), what: "bytes stand behind it".into() })
    }
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk::<2>()?;
    let (record, after) = behind.split_at_checked(u16::from_be_bytes(*length).into())?;
    *rest = after;
    Some(record)
}

/// What a record says of itself, as far as it matters here.
#[derive(Debug)]
pub(crate) struct Said {
    /// The key that signs from here on.
    pub(crate) new_key: Option<String>,
    /// Its commitments to what stands beside the tree.
    pub(crate) personal: Vec<(String, String)>,
}

/// Reads a record and looks whether it says where it stands.
pub(crate) fn read(index: u64, record: &[u8]) -> Result<Said, Broken> {
    let broken = |what: &'static str| Broken { index, what: what.into() };
    let value: Value = serde_json::from_slice(record).map_err(|_| broken("it is no JSON"))?;
    if value.get("index").and_then(Value::as_u64) != Some(index) {
        return Err(broken("it says another number than its place"));
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let rotated = text("action") == Some("audit.key.rotate");
    let personal = value.get("personal").and_then(Value::as_object);
    let commitments = personal.into_iter().flatten();
    Ok(Said {
        new_key: text("new_key").filter(|_| rotated).map(str::to_owned),
        personal: commitments
            .filter_map(|(field, hash)| Some((field.clone(), hash.as_str()?.to_owned())))
            .collect(),
    })
}
