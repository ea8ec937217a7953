//! What is known of each source: when it was last heard of, and what went wrong.

use quell_model::{TenantId, Timestamp};
use rusqlite::{OptionalExtension, params};

use crate::state::{micros, time};
use crate::{ServerStore, StoreError};

/// A source as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRow {
    /// Its name.
    pub name: String,
    /// `hook`, `folder`, `bucket` or `import`.
    pub kind: String,
    /// When anything of it came.
    pub heard_at: Option<Timestamp>,
    /// When something of it was last taken in.
    pub taken_at: Option<Timestamp>,
    /// When something of it last went wrong.
    pub failed_at: Option<Timestamp>,
    /// What went wrong then.
    pub reason: Option<String>,
    /// How often something came.
    pub deliveries: u64,
    /// Records of all that came.
    pub records: u64,
    /// Records that were not taken.
    pub rejected: u64,
}

impl SourceRow {
    /// A source of which nothing was heard.
    #[must_use]
    pub fn silent(name: &str, kind: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            heard_at: None,
            taken_at: None,
            failed_at: None,
            reason: None,
            deliveries: 0,
            records: 0,
            rejected: 0,
        }
    }
}

/// What was heard of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// How often something came.
    pub deliveries: u64,
    /// Records of it.
    pub records: u64,
    /// Records that were not taken.
    pub rejected: u64,
    /// What went wrong.
    pub failed: Option<String>,
}

impl ServerStore {
    /// Notes what was heard of a source.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn source_heard(
        &mut self,
        (tenant, name, kind): (&TenantId, &str, &str),
        heard: &Heard,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let now = micros(now);
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let failed = heard.failed.as_ref().map(|_| now);
        let taken = (heard.records > heard.rejected).then_some(now);
        self.connection
            .prepare_cached(
                "INSERT INTO sources (tenant, name, kind, heard_at, taken_at, failed_at, reason,
                   deliveries, records, rejected)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT DO UPDATE SET kind = excluded.kind, heard_at = excluded.heard_at,
                   taken_at = coalesce(excluded.taken_at, taken_at),
                   failed_at = coalesce(excluded.failed_at, failed_at),
                   reason = coalesce(excluded.reason, reason),
                   deliveries = deliveries + excluded.deliveries,
                   records = records + excluded.records, rejected = rejected + excluded.rejected",
            )?
            .execute(params![
                tenant.as_str(),
                name,
                kind,
                now,
                taken,
                failed,
                heard.failed,
                count(heard.deliveries),
                count(heard.records),
                count(heard.rejected),
            ])?;
        Ok(())
    }

    /// A tenant's sources, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn source_list(&self, tenant: &TenantId) -> Result<Vec<SourceRow>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT name, kind, heard_at, taken_at, failed_at, reason, deliveries, records, rejected
               FROM sources WHERE tenant = ?1 ORDER BY name",
        )?;
        let rows = select.query_map([tenant.as_str()], |row| {
            let moment =
                |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.and_then(time));
            let count = |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, i64>(at)?.unsigned_abs());
            Ok(SourceRow {
                name: row.get(0)?,
                kind: row.get(1)?,
                heard_at: moment(2)?,
                taken_at: moment(3)?,
                failed_at: moment(4)?,
                reason: row.get(5)?,
                deliveries: count(6)?,
                records: count(7)?,
                rejected: count(8)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The version of a file that was taken from a folder or bucket.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn taken(
        &self,
        (tenant, source, name): (&TenantId, &str, &str),
    ) -> Result<Option<String>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT version FROM taken WHERE tenant = ?1 AND source = ?2 AND name = ?3",
        )?;
        Ok(select.query_row(params![tenant.as_str(), source, name], |row| row.get(0)).optional()?)
    }

    /// Notes the version of a file that was taken.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn take(
        &mut self,
        (tenant, source, name): (&TenantId, &str, &str),
        version: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO taken (tenant, source, name, version, at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![tenant.as_str(), source, name, version, micros(now)])?;
        Ok(())
    }
}
