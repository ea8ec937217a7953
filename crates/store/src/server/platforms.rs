//! Platforms that are asked: who reads one now, and how far each stream was read.

use quell_model::{TenantId, Timestamp};
use rusqlite::{OptionalExtension, Row, params};

use crate::state::{micros, time};
use crate::{ServerStore, StoreError};

/// A tenant's platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlatformKey<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// Its name in the configuration.
    pub name: &'a str,
}

/// The right to read a platform, until it is given to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence(i64);

/// A platform as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlatformRow {
    /// Who holds its lease.
    pub holder: String,
    /// Until when.
    pub lease_until: Option<Timestamp>,
    /// Whether somebody paused it.
    pub paused: bool,
    /// Whose data it brought first, as the vendor says.
    pub owner: Option<String>,
}

/// How far a stream was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamRow {
    /// Its name.
    pub name: String,
    /// What changed later was not read yet.
    pub since: Option<Timestamp>,
    /// When the last whole reading began that came to its end.
    pub whole_at: Option<Timestamp>,
    /// When anything last came to its end.
    pub good_at: Option<Timestamp>,
    /// The reading that is not at its end, as JSON.
    pub under_way: Option<String>,
    /// Hashes of what was brought within the overlap.
    pub recent: Vec<u64>,
    /// When it last failed; none once it came to its end.
    pub failed_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
    /// What was not closed, as JSON.
    pub held: Option<String>,
    /// When somebody wanted it to be read whole.
    pub wanted_at: Option<Timestamp>,
    /// When somebody wanted it to be read, and it was not since.
    pub asked_at: Option<Timestamp>,
}

/// A record that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Where its delivery stands in the intake log.
    pub position: i64,
    /// The byte within the delivery.
    pub place: u64,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Records of one source that are remembered; older ones go.
const MOST_QUARANTINED: i64 = 1_000;

impl ServerStore {
    /// Takes the lease of a platform, or renews it. `None` while another holds it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn platform_lease(
        &mut self,
        key: PlatformKey<'_>,
        holder: &str,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<Option<Fence>, StoreError> {
        self.platform_add(key)?;
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE platforms SET holder = ?3, lease_until = ?5,
                   fence = fence + (holder <> ?3 OR lease_until <= ?4)
                 WHERE tenant = ?1 AND name = ?2 AND (holder = ?3 OR lease_until <= ?4)",
            )?
            .execute(params![key.tenant.as_str(), key.name, holder, micros(now), micros(until)])?;
        if changed == 0 {
            return Ok(None);
        }
        let mut select = self
            .connection
            .prepare_cached("SELECT fence FROM platforms WHERE tenant = ?1 AND name = ?2")?;
        let fence = select.query_row(params![key.tenant.as_str(), key.name], |row| row.get(0))?;
        Ok(Some(Fence(fence)))
    }

    /// Ends all leases: whoever held them is gone, since the data directory has one owner.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn platform_release(&mut self) -> Result<(), StoreError> {
        self.connection.execute("UPDATE platforms SET lease_until = 0", [])?;
        Ok(())
    }

    fn platform_add(&mut self, key: PlatformKey<'_>) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO platforms (tenant, name) VALUES (?1, ?2)")?
            .execute(params![key.tenant.as_str(), key.name])?;
        Ok(())
    }

    /// A platform; one that was never asked is as new.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn platform(&self, key: PlatformKey<'_>) -> Result<PlatformRow, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT holder, lease_until, paused, owner FROM platforms
              WHERE tenant = ?1 AND name = ?2",
        )?;
        let row = select.query_row(params![key.tenant.as_str(), key.name], |row| {
            Ok(PlatformRow {
                holder: row.get(0)?,
                lease_until: time(row.get(1)?),
                paused: row.get(2)?,
                owner: row.get(3)?,
            })
        });
        Ok(row.optional()?.unwrap_or_default())
    }

    /// Pauses a platform, or has it go on.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn platform_pause(&mut self, key: PlatformKey<'_>, paused: bool) -> Result<(), StoreError> {
        self.platform_add(key)?;
        self.connection.execute(
            "UPDATE platforms SET paused = ?3 WHERE tenant = ?1 AND name = ?2",
            params![key.tenant.as_str(), key.name, paused],
        )?;
        Ok(())
    }

    /// Says whose data a platform brings; `None` lets the next answer say it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn platform_owner(
        &mut self,
        key: PlatformKey<'_>,
        owner: Option<&str>,
    ) -> Result<(), StoreError> {
        self.platform_add(key)?;
        self.connection.execute(
            "UPDATE platforms SET owner = ?3 WHERE tenant = ?1 AND name = ?2",
            params![key.tenant.as_str(), key.name, owner],
        )?;
        Ok(())
    }

    /// The streams of a platform that were ever read, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn streams(&self, key: PlatformKey<'_>) -> Result<Vec<StreamRow>, StoreError> {
        let mut select = self.connection.prepare_cached(&format!(
            "{STREAM} WHERE tenant = ?1 AND platform = ?2 ORDER BY name"
        ))?;
        let rows = select.query_map(params![key.tenant.as_str(), key.name], stream)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes how far a stream was read, if the lease still holds. Says whether it does.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn stream_set(
        &mut self,
        key: PlatformKey<'_>,
        fence: Fence,
        row: &StreamRow,
    ) -> Result<bool, StoreError> {
        let recent: Vec<u8> = row.recent.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        let changed = self
            .connection
            .prepare_cached(
                "INSERT INTO streams (tenant, platform, name, since, whole_at, good_at, under_way,
                   recent, failed_at, reason, held)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 FROM platforms
                  WHERE tenant = ?1 AND name = ?2 AND fence = ?12
                 ON CONFLICT DO UPDATE SET since = excluded.since, whole_at = excluded.whole_at,
                   good_at = excluded.good_at, under_way = excluded.under_way,
                   recent = excluded.recent, failed_at = excluded.failed_at,
                   reason = excluded.reason, held = excluded.held",
            )?
            .execute(params![
                key.tenant.as_str(),
                key.name,
                row.name,
                row.since.map(micros),
                row.whole_at.map(micros),
                row.good_at.map(micros),
                row.under_way,
                recent,
                row.failed_at.map(micros),
                row.reason,
                row.held,
                fence.0
            ])?;
        Ok(changed == 1)
    }

    /// Has a stream read whole, once what is under way is at its end.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn stream_want(
        &mut self,
        key: PlatformKey<'_>,
        stream: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.streams_note("wanted_at", key, stream, now)
    }

    /// Has a stream read at the next turn, whenever that would come.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn stream_ask(
        &mut self,
        key: PlatformKey<'_>,
        stream: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.streams_note("asked_at", key, stream, now)
    }

    /// Notes a moment in a column of one stream, or of all.
    fn streams_note(
        &self,
        column: &str,
        key: PlatformKey<'_>,
        stream: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            &format!(
                "UPDATE streams SET {column} = ?4
                  WHERE tenant = ?1 AND platform = ?2 AND name = coalesce(?3, name)"
            ),
            params![key.tenant.as_str(), key.name, stream, micros(now)],
        )?;
        Ok(())
    }

    /// Says that a stream was read for all who asked before a reading began.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn stream_answered(
        &mut self,
        key: PlatformKey<'_>,
        stream: &str,
        began: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE streams SET asked_at = NULL
              WHERE tenant = ?1 AND platform = ?2 AND name = ?3 AND asked_at <= ?4",
            params![key.tenant.as_str(), key.name, stream, micros(began)],
        )?;
        Ok(())
    }

    /// Says what is held of a stream.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn stream_held(
        &mut self,
        key: PlatformKey<'_>,
        stream: &str,
        held: &str,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE streams SET held = ?4 WHERE tenant = ?1 AND platform = ?2 AND name = ?3",
            params![key.tenant.as_str(), key.name, stream, held],
        )?;
        Ok(())
    }

    /// Notes records that could not be taken.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn quarantine_add(
        &mut self,
        key: PlatformKey<'_>,
        rows: &[QuarantineRow],
    ) -> Result<(), StoreError> {
        let tx = self.connection.transaction()?;
        let of = params![key.tenant.as_str(), key.name];
        let last: i64 = tx.query_row(
            "SELECT coalesce(max(number), 0) FROM quarantine WHERE tenant = ?1 AND source = ?2",
            of,
            |row| row.get(0),
        )?;
        for (number, row) in (last + 1..).zip(rows) {
            tx.prepare_cached(
                "INSERT INTO quarantine (tenant, source, number, position, place, reason, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                key.tenant.as_str(),
                key.name,
                number,
                row.position,
                i64::try_from(row.place).unwrap_or(i64::MAX),
                row.reason,
                micros(row.at)
            ])?;
        }
        tx.execute(
            "DELETE FROM quarantine WHERE tenant = ?1 AND source = ?2 AND number <=
               (SELECT max(number) FROM quarantine WHERE tenant = ?1 AND source = ?2) - ?3",
            params![key.tenant.as_str(), key.name, MOST_QUARANTINED],
        )?;
        Ok(tx.commit()?)
    }

    /// The last records that could not be taken, newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn quarantine(
        &self,
        key: PlatformKey<'_>,
        limit: u32,
    ) -> Result<Vec<QuarantineRow>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT position, place, reason, at FROM quarantine WHERE tenant = ?1 AND source = ?2
              ORDER BY number DESC LIMIT ?3",
        )?;
        let rows = select.query_map(params![key.tenant.as_str(), key.name, limit], |row| {
            Ok(QuarantineRow {
                position: row.get(0)?,
                place: row.get::<_, i64>(1)?.unsigned_abs(),
                reason: row.get(2)?,
                at: time(row.get(3)?).unwrap_or(Timestamp::UNIX_EPOCH),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

const STREAM: &str =
    "SELECT name, since, whole_at, good_at, under_way, recent, failed_at, reason, held,
     wanted_at, asked_at FROM streams";

fn stream(row: &Row<'_>) -> rusqlite::Result<StreamRow> {
    let moment =
        |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.and_then(time));
    let recent: Vec<u8> = row.get(5)?;
    let hash = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
    Ok(StreamRow {
        name: row.get(0)?,
        since: moment(1)?,
        whole_at: moment(2)?,
        good_at: moment(3)?,
        under_way: row.get(4)?,
        recent: recent.chunks_exact(8).map(hash).collect(),
        failed_at: moment(6)?,
        reason: row.get(7)?,
        held: row.get(8)?,
        wanted_at: moment(9)?,
        asked_at: moment(10)?,
    })
}
