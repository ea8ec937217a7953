//! The actions: one file each.

mod access_key;
mod bucket;
mod detach;
mod google_bucket;
mod isolate;
mod scale;
mod selector;
mod sessions;
mod storage_account;

pub use access_key::DeactivateAccessKey;
pub use bucket::BlockBucket;
pub use detach::DetachPolicy;
pub use google_bucket::BlockGoogleBucket;
pub use isolate::IsolatePod;
pub use scale::{ScaleToZero, Workload};
pub use sessions::RevokeSessions;
pub use storage_account::BlockStorageAccount;

use serde::de::DeserializeOwned;

use crate::draft::Reply;
use crate::error::ContainError;

/// Most pages of one list.
const MOST_PAGES: usize = 50;

/// Refuses a list that does not end.
fn check_pages(so_far: &[Reply]) -> Result<(), ContainError> {
    if so_far.len() > MOST_PAGES {
        return Err(ContainError::shape("list", format!("it has more than {MOST_PAGES} pages")));
    }
    Ok(())
}

/// Reads an answer in JSON.
fn json<T: DeserializeOwned>(reply: &Reply, what: &str) -> Result<T, ContainError> {
    serde_json::from_slice(&reply.body).map_err(|error| ContainError::shape(what, error))
}

/// An answer that is to be the only one, or the last of those given.
fn at<'a>(replies: &'a [Reply], number: usize, what: &str) -> Result<&'a Reply, ContainError> {
    replies.get(number).ok_or_else(|| ContainError::shape(what, "it was not asked for"))
}
