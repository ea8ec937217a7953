//! Words that inventories say of assets, and the issues that they count for.
//!
//! A label is a relation whose second end is a word. Who judges issues keeps all labels in memory
//! and reads again the pages that changed.

use std::collections::HashSet;

use quell_model::Relation;
use rayon::prelude::*;
use rusqlite::{OptionalExtension, params};

use crate::answer::changed;
use crate::brief::{PAGE, texts};
use crate::pages::{self, Kind};
use crate::{Packed, Store, StoreError};

/// Labels of a page.
pub(crate) const LABEL_PAGE: i64 = 256;
/// The setting that says up to where issues are judged by labels.
const LABELS_JUDGED: &str = "labels_judged";

/// One label of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabelEntry {
    /// The asset, by [`Relation::end_number`].
    pub asset: u64,
    /// The page that the label stands on.
    pub page: u32,
    /// The number of what it says.
    pub says: u32,
}

/// Labels that changed.
#[derive(Debug, Clone, Default)]
pub struct Labelled {
    /// Up to where that was read.
    pub version: i64,
    /// The pages that changed, in order.
    pub pages: Vec<i64>,
    /// The labels that stand on them.
    pub entries: Vec<LabelEntry>,
}

impl Store {
    /// The file of the database.
    #[must_use]
    pub fn file(&self) -> &str {
        self.connection.path().unwrap_or_default()
    }

    /// The labels of pages that were written since; all of them since 0.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn labels_since(&self, since: i64) -> Result<Labelled, StoreError> {
        // One moment for all reads.
        let moment = self.connection.unchecked_transaction()?;
        let version = pages::version(&moment)?;
        let pages = pages::since(&moment, Kind::Labels, since)?;
        let mut entries = Vec::new();
        let mut read = |first: i64, last: i64| -> Result<(), StoreError> {
            let mut select = moment.prepare_cached(
                "SELECT id, origin, says FROM relations INDEXED BY relation_label
                  WHERE says IS NOT NULL AND gone_at IS NULL AND id >= ?1 AND id < ?2",
            )?;
            let mut rows = select.query(params![first, last])?;
            while let Some(row) = rows.next()? {
                let (id, says): (i64, i64) = (row.get(0)?, row.get(2)?);
                entries.push(LabelEntry {
                    asset: Relation::end_number(row.get_ref(1)?.as_blob().unwrap_or_default()),
                    page: u32::try_from(id / LABEL_PAGE).unwrap_or(u32::MAX),
                    says: u32::try_from(says).unwrap_or(u32::MAX),
                });
            }
            Ok(())
        };
        if since == 0 {
            read(0, i64::MAX)?;
        } else {
            for page in &pages {
                read(page * LABEL_PAGE, (page + 1) * LABEL_PAGE)?;
            }
        }
        Ok(Labelled { version, pages, entries })
    }

    /// The pages of labels that were written since, and up to where that was read.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn label_pages_since(&self, since: i64) -> Result<(i64, Vec<i64>), StoreError> {
        let moment = self.connection.unchecked_transaction()?;
        Ok((pages::version(&moment)?, pages::since(&moment, Kind::Labels, since)?))
    }

    /// What a label says.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn label_text(&self, says: u32) -> Result<Option<String>, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT name FROM names WHERE id = ?1")?;
        Ok(select.query_row(params![says], |row| row.get(0)).optional()?)
    }

    /// Up to where issues are judged by labels.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn labels_judged(&self) -> Result<i64, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
        Ok(select.query_row([LABELS_JUDGED], |row| row.get(0)).optional()?.unwrap_or_default())
    }

    /// The relations that are labels on a page, those that are gone too.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn label_page(&self, page: i64) -> Result<Vec<Packed>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT body FROM relations WHERE id >= ?1 AND id < ?2 AND says IS NOT NULL",
        )?;
        let first = page.saturating_mul(LABEL_PAGE);
        let rows = select.query_map(params![first, first.saturating_add(LABEL_PAGE)], |row| {
            Ok(Packed::from_stored(row.get(0)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The issues of assets, by the keys of these in small letters.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issues_on(&self, assets: &HashSet<String>) -> Result<Vec<i64>, StoreError> {
        if assets.is_empty() {
            return Ok(Vec::new());
        }
        let mut select = self.connection.prepare_cached("SELECT page, body FROM issue_assets")?;
        let rows =
            select.query_map([], |row| Ok((row.get(0)?, Packed::from_stored(row.get(1)?))))?;
        let pages: Vec<(i64, Packed)> = rows.collect::<Result<_, _>>()?;
        let of = |(page, body): &(i64, Packed)| -> Result<Vec<i64>, StoreError> {
            let body = body.unpack()?;
            let is_one = |key: &[u8]| str::from_utf8(key).is_ok_and(|key| assets.contains(key));
            let rows = (page * PAGE..).zip(texts(&body));
            Ok(rows.filter(|(_, key)| is_one(key)).map(|(row, _)| row).collect())
        };
        let found: Vec<Vec<i64>> = pages.par_iter().map(of).collect::<Result<_, _>>()?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Marks issues to be judged again, since labels of their assets changed, and notes up to
    /// where labels count. Both or neither.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn labels_settle(&mut self, issues: &[i64], version: i64) -> Result<(), StoreError> {
        let tx = self.connection.transaction()?;
        for id in issues {
            tx.prepare_cached("UPDATE issues SET dirty = 1 WHERE id = ?1")?.execute(params![id])?;
        }
        tx.prepare_cached("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)")?
            .execute(params![LABELS_JUDGED, version])?;
        changed(&tx)?;
        tx.commit()?;
        Ok(())
    }
}
