//! Who owns what: inventories and CODEOWNERS kept in the store, and issues judged again where
//! they say something else than before.

mod blocks;
mod labels;
mod settle;
mod take;

use std::sync::Arc;

use quell_model::Timestamp;
use quell_owners::{Book, Claims, Owners};
use quell_store::{IntelligenceRow, Packed, Store};

use crate::{PipelineError, Setup};

pub(crate) use blocks::find_blocks;
pub(crate) use labels::Kept as KeptLabels;
pub use quell_owners::{Columns, Place, Settings};
pub(crate) use settle::{begin, counts, settle};
pub use settle::{judge_waiting, refresh_owners};
pub use take::{InventoryFile, OwnersAsked};
pub(crate) use take::{owned_files, take_owners};

/// What is known, without who bears which name.
const BOOK: &str = "owners";
/// Who bears which name.
const NAMES: &str = "owner_names";

impl Setup {
    /// What a store knows of owners, made ready. It is made once as long as nothing changes.
    pub(crate) fn owners(&self, store: &Store) -> Result<Arc<Owners>, PipelineError> {
        let (book, names) = (store.intelligence_get(BOOK)?, store.intelligence_get(NAMES)?);
        let mut kept = self.kept_owners();
        let (changed, labels) = labels::follow(store, &mut kept.labels)?;
        let version =
            (date(book.as_ref()), date(names.as_ref()), (store.file().to_owned(), changed));
        if let Some((_, owners)) = kept.owners.as_ref().filter(|(known, _)| *known == version) {
            return Ok(Arc::clone(owners));
        }
        let same = kept
            .owners
            .take()
            .filter(|((of_book, of_names, _), _)| (of_book, of_names) == (&version.0, &version.1));
        let owners = if let Some((_, known)) = same {
            Owners::clone(&known)
        } else {
            let read: Book = match book {
                Some(row) => serde_json::from_slice(&row.body.unpack()?)?,
                None => Book::default(),
            };
            let claims = match names {
                Some(row) => serde_json::from_slice(&row.body.unpack()?)?,
                None => Claims::default(),
            };
            Owners::new(read, claims, self.mapping())
        };
        let owners = Arc::new(owners.with_labels(labels));
        kept.owners = Some((version, Arc::clone(&owners)));
        Ok(owners)
    }
}

fn date(row: Option<&IntelligenceRow>) -> Option<String> {
    row.map(|row| row.date.clone())
}

/// Which book and names a store holds.
fn version(store: &Store) -> Result<(Option<String>, Option<String>), PipelineError> {
    let (book, names) = (store.intelligence_get(BOOK)?, store.intelligence_get(NAMES)?);
    Ok((date(book.as_ref()), date(names.as_ref())))
}

/// Keeps what is known. Says whether that is something else than before.
pub(crate) fn save_book(
    store: &mut Store,
    book: &Book,
    now: Timestamp,
) -> Result<bool, PipelineError> {
    save_one(store, BOOK, (&serde_json::to_vec(book)?, book.is_plain()), now)
}

/// Keeps who bears which name.
fn save_names(store: &mut Store, names: &Claims, now: Timestamp) -> Result<bool, PipelineError> {
    save_one(store, NAMES, (&serde_json::to_vec(names)?, *names == Claims::default()), now)
}

fn save_one(
    store: &mut Store,
    name: &str,
    (body, is_nothing): (&[u8], bool),
    now: Timestamp,
) -> Result<bool, PipelineError> {
    let date = blake3::hash(body).to_hex().to_string();
    let before = store.intelligence_get(name)?;
    let same = before.as_ref().map_or(is_nothing, |row| row.date == date);
    if same {
        return Ok(false);
    }
    let row = IntelligenceRow {
        date,
        path: String::new(),
        entries: u64::try_from(body.len()).unwrap_or(u64::MAX),
        body: Packed::of(body),
    };
    store.intelligence_save(name, &row, now)?;
    Ok(true)
}
