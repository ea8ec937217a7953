//! When pages of facets were last written, so that a reader that keeps them in memory reads again
//! only those that changed, whichever process changed them.

use rusqlite::{Connection, OptionalExtension, params};

use crate::StoreError;

/// What a page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Issues,
    Findings,
    Relations,
    Labels,
}

impl Kind {
    const fn number(self) -> i64 {
        match self {
            Self::Issues => 0,
            Self::Findings => 1,
            Self::Relations => 2,
            Self::Labels => 3,
        }
    }
}

/// The setting that numbers what is written.
const VERSION: &str = "page_version";

/// Notes within a transaction that a page was written.
pub(crate) fn note(connection: &Connection, kind: Kind, page: i64) -> Result<(), StoreError> {
    let version: i64 = connection
        .prepare_cached(
            "INSERT INTO settings (name, value) VALUES (?1, 1)
             ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value",
        )?
        .query_row([VERSION], |row| row.get(0))?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO page_versions (kind, page, version) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![kind.number(), page, version])?;
    Ok(())
}

/// The number of what was written last.
pub(crate) fn version(connection: &Connection) -> Result<i64, StoreError> {
    let mut select = connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
    Ok(select.query_row([VERSION], |row| row.get(0)).optional()?.unwrap_or_default())
}

/// The pages of a kind that were written after that, in order.
pub(crate) fn since(
    connection: &Connection,
    kind: Kind,
    version: i64,
) -> Result<Vec<i64>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT page FROM page_versions WHERE kind = ?1 AND version > ?2 ORDER BY page",
    )?;
    let rows = select.query_map(params![kind.number(), version], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
