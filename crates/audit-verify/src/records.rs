//! Records as they stand in a bundle, against the hashes of their tile.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

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

/// The members of a record that matter here.
#[derive(Deserialize)]
struct Members<'a> {
    index: u64,
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(default, borrow)]
    new_key: Option<Cow<'a, str>>,
    #[serde(default)]
    personal: BTreeMap<String, String>,
}

/// Reads a record and looks whether it says where it stands.
pub(crate) fn read(index: u64, record: &[u8]) -> Result<Said, Broken> {
    let broken = |what: &'static str| Broken { index, what: what.into() };
    let members: Members<'_> =
        serde_json::from_slice(record).map_err(|_| broken("it is no record in JSON"))?;
    if members.index != index {
        return Err(broken("it says another number than its place"));
    }
    let rotated = members.action == "audit.key.rotate";
    Ok(Said {
        new_key: members.new_key.filter(|_| rotated).map(Cow::into_owned),
        personal: members.personal.into_iter().collect(),
    })
}
