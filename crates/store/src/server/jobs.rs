//! Jobs: taken with a lease, tried again later, given up with the reason.
//!
//! A worker's lease is told by the number of the attempt. One whose lease ran out, and was given
//! to another, can change nothing any more.

use quell_model::{JobKey, TenantId, Timestamp};
use rusqlite::{OptionalExtension, Row, TransactionBehavior, params};

use crate::state::{micros, time};
use crate::{ServerStore, StoreError};

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It waits for its time, or for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// It is done.
    Done,
    /// It is done but for what a person has to agree to.
    Held,
    /// It failed as often as it may.
    Dead,
    /// Somebody called it off.
    Cancelled,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Done, Self::Held, Self::Dead, Self::Cancelled];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Held => "held",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing more happens to it by itself.
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Queued | Self::Running => false,
            Self::Done | Self::Held | Self::Dead | Self::Cancelled => true,
        }
    }
}

/// A job that is to be done.
#[derive(Debug, Clone)]
pub struct NewJob<'a> {
    /// Its id.
    pub id: JobKey,
    /// What kind of job.
    pub kind: &'a str,
    /// What is to be done, as JSON.
    pub what: &'a str,
    /// The source it belongs to.
    pub source: &'a str,
    /// Who asked for it.
    pub made_by: &'a str,
    /// Not before.
    pub due_at: Timestamp,
}

/// A job as it is stored.
#[derive(Debug, Clone)]
pub struct JobRow {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: JobKey,
    /// What kind of job.
    pub kind: String,
    /// How far it is.
    pub state: JobState,
    /// What is to be done, as JSON.
    pub what: String,
    /// The source it belongs to.
    pub source: String,
    /// Who asked for it.
    pub made_by: String,
    /// When it was asked for.
    pub made_at: Timestamp,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// When it was last begun.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How often it was begun.
    pub attempts: u32,
    /// Whether somebody called it off.
    pub cancel: bool,
    /// How much is done, of how much.
    pub progress: (u64, u64),
    /// What it does just now.
    pub doing: String,
    /// Why it failed, or waits.
    pub reason: Option<String>,
    /// What it came to, as JSON.
    pub result: Option<String>,
}

/// What became of a lease that was renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// It goes on.
    Yes,
    /// Somebody called the job off.
    Cancelled,
    /// Another worker has the job.
    Lost,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy)]
pub enum Ended<'a> {
    /// Done; the result as JSON.
    Done(&'a str),
    /// Done but for what a person has to agree to: the result and what that is.
    Held(&'a str, &'a str),
    /// It failed and is tried again.
    Retry {
        /// Why.
        reason: &'a str,
        /// When.
        at: Timestamp,
    },
    /// It failed for good.
    Dead(&'a str),
    /// It was called off.
    Cancelled,
}

/// What jobs are asked for.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// In this state.
    pub state: Option<JobState>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Of this source.
    pub source: Option<String>,
    /// Older than this one.
    pub before: Option<(Timestamp, JobKey)>,
}

const COLUMNS: &str = "tenant, id, kind, state, what, source, made_by, made_at, due_at, started_at,
    ended_at, attempts, cancel, done, total, doing, reason, result";

fn job(row: &Row<'_>) -> rusqlite::Result<JobRow> {
    let moment =
        |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.and_then(time));
    let count = |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, i64>(at)?.unsigned_abs());
    let tenant: String = row.get(0)?;
    let state: String = row.get(3)?;
    Ok(JobRow {
        tenant: tenant.parse().unwrap_or_default(),
        id: JobKey::from_bytes(row.get(1)?),
        kind: row.get(2)?,
        state: JobState::from_word(&state).unwrap_or(JobState::Dead),
        what: row.get(4)?,
        source: row.get(5)?,
        made_by: row.get(6)?,
        made_at: moment(7)?.unwrap_or_default(),
        due_at: moment(8)?.unwrap_or_default(),
        started_at: moment(9)?,
        ended_at: moment(10)?,
        attempts: row.get(11)?,
        cancel: row.get(12)?,
        progress: (count(13)?, count(14)?),
        doing: row.get(15)?,
        reason: row.get(16)?,
        result: row.get(17)?,
    })
}

impl ServerStore {
    /// Adds a job; one of the same id stays as it is. Whether it is new.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn job_add(
        &mut self,
        tenant: &TenantId,
        new: &NewJob<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let added = self
            .connection
            .prepare_cached(
                "INSERT OR IGNORE INTO jobs (tenant, id, kind, state, what, source, made_by, made_at, due_at)
                 VALUES (?1, ?2, ?3, 'queued', ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                tenant.as_str(),
                new.id.as_bytes(),
                new.kind,
                new.what,
                new.source,
                new.made_by,
                micros(now),
                micros(new.due_at),
            ])?;
        Ok(added > 0)
    }

    /// Adds a job that failed already, so that it is seen and can be tried again. One of the same
    /// id stays as it is. Whether it is new.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn job_bury(
        &mut self,
        tenant: &TenantId,
        new: &NewJob<'_>,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let added = self
            .connection
            .prepare_cached(
                "INSERT OR IGNORE INTO jobs (tenant, id, kind, state, what, source, made_by, made_at,
                   due_at, ended_at, reason)
                 VALUES (?1, ?2, ?3, 'dead', ?4, ?5, ?6, ?7, ?7, ?7, ?8)",
            )?
            .execute(params![
                tenant.as_str(),
                new.id.as_bytes(),
                new.kind,
                new.what,
                new.source,
                new.made_by,
                micros(now),
                reason
            ])?;
        Ok(added > 0)
    }

    /// Takes the job that has been due longest, with a lease; among tenants, one that has none
    /// running comes first, so that nobody waits behind another's thousand files.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn job_take(
        &mut self,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<JobRow>, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = format!(
            "UPDATE jobs SET state = 'running', started_at = ?1, lease_until = ?2,
               attempts = attempts + 1, done = 0, total = 0, doing = '', ended_at = NULL
             WHERE (tenant, id) = (
               SELECT tenant, id FROM jobs AS waiting WHERE state = 'queued' AND due_at <= ?1
                 AND NOT EXISTS (SELECT 1 FROM jobs AS other WHERE other.state = 'running'
                   AND other.tenant = waiting.tenant)
               ORDER BY due_at, made_at LIMIT 1)
             RETURNING {COLUMNS}"
        );
        let taken =
            tx.prepare_cached(&sql)?.query_row(params![micros(now), micros(lease_until)], job);
        let taken = taken.optional()?;
        tx.commit()?;
        Ok(taken)
    }

    /// Says how far a job is and keeps its lease.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn job_renew(
        &mut self,
        job: &JobRow,
        (done, total, doing): (u64, u64, &str),
        lease_until: Timestamp,
    ) -> Result<Renewed, StoreError> {
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let cancel: Option<bool> = self
            .connection
            .prepare_cached(
                "UPDATE jobs SET lease_until = ?4, done = ?5, total = ?6, doing = ?7
                  WHERE tenant = ?1 AND id = ?2 AND attempts = ?3 AND state = 'running'
                  RETURNING cancel",
            )?
            .query_row(
                params![
                    job.tenant.as_str(),
                    job.id.as_bytes(),
                    job.attempts,
                    micros(lease_until),
                    count(done),
                    count(total),
                    doing
                ],
                |row| row.get(0),
            )
            .optional()?;
        Ok(match cancel {
            Some(false) => Renewed::Yes,
            Some(true) => Renewed::Cancelled,
            None => Renewed::Lost,
        })
    }

    /// Ends an attempt; whether it was still this worker's.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn job_end(
        &mut self,
        job: &JobRow,
        ended: Ended<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (state, reason, result, due) = match ended {
            Ended::Done(result) => (JobState::Done, None, Some(result), None),
            Ended::Held(result, reason) => (JobState::Held, Some(reason), Some(result), None),
            Ended::Retry { reason, at } => (JobState::Queued, Some(reason), None, Some(micros(at))),
            Ended::Dead(reason) => (JobState::Dead, Some(reason), None, None),
            Ended::Cancelled => (JobState::Cancelled, None, None, None),
        };
        let ended_at = state.is_over().then(|| micros(now));
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE jobs SET state = ?4, reason = ?5, result = ?6, due_at = coalesce(?7, due_at),
                   ended_at = ?8, lease_until = NULL, doing = ''
                  WHERE tenant = ?1 AND id = ?2 AND attempts = ?3 AND state = 'running'",
            )?
            .execute(params![
                job.tenant.as_str(),
                job.id.as_bytes(),
                job.attempts,
                state.as_str(),
                reason,
                result,
                due,
                ended_at
            ])?;
        Ok(changed > 0)
    }

    /// Puts jobs back whose lease ran out; all that run, where no worker lives. How many.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn job_recover(&mut self, now: Timestamp, all: bool) -> Result<usize, StoreError> {
        let recovered = self.connection.execute(
            "UPDATE jobs SET state = 'queued', due_at = ?1, lease_until = NULL, doing = '',
               reason = 'the server stopped while it ran'
              WHERE state = 'running' AND (?2 OR lease_until < ?1)",
            params![micros(now), all],
        )?;
        Ok(recovered)
    }

    /// Makes jobs due that would be so only after a time: nobody plans that far ahead, so the
    /// clock went back. How many there were.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn job_hasten(&mut self, now: Timestamp, latest: Timestamp) -> Result<usize, StoreError> {
        Ok(self.connection.execute(
            "UPDATE jobs SET due_at = ?1 WHERE state = 'queued' AND due_at > ?2",
            params![micros(now), micros(latest)],
        )?)
    }

    /// Calls a job off: at once where it waits, soon where it runs. Whether there was one to
    /// call off.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn job_cancel(
        &mut self,
        tenant: &TenantId,
        id: JobKey,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = self.connection.execute(
            "UPDATE jobs SET cancel = 1,
               ended_at = CASE state WHEN 'queued' THEN ?3 ELSE ended_at END,
               state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END
              WHERE tenant = ?1 AND id = ?2 AND state IN ('queued', 'running')",
            params![tenant.as_str(), id.as_bytes(), micros(now)],
        )?;
        Ok(changed > 0)
    }

    /// Queues a job again that is over, with another task where one is given. Whether there was
    /// one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn job_again(
        &mut self,
        (tenant, id): (&TenantId, JobKey),
        what: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = self.connection.execute(
            "UPDATE jobs SET state = 'queued', cancel = 0, due_at = ?3, ended_at = NULL,
               reason = NULL, result = NULL, what = coalesce(?4, what)
              WHERE tenant = ?1 AND id = ?2 AND state IN ('held', 'dead', 'cancelled')",
            params![tenant.as_str(), id.as_bytes(), micros(now), what],
        )?;
        Ok(changed > 0)
    }

    /// One job of a tenant.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn job(&self, tenant: &TenantId, id: JobKey) -> Result<Option<JobRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM jobs WHERE tenant = ?1 AND id = ?2");
        let mut select = self.connection.prepare_cached(&sql)?;
        Ok(select.query_row(params![tenant.as_str(), id.as_bytes()], job).optional()?)
    }

    /// Jobs of a tenant, newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn job_list(
        &self,
        tenant: &TenantId,
        filter: &JobFilter,
        limit: u32,
    ) -> Result<Vec<JobRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM jobs WHERE tenant = ?1
               AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR kind = ?3)
               AND (?4 IS NULL OR source = ?4)
               AND (?5 IS NULL OR (made_at, id) < (?5, ?6))
             ORDER BY made_at DESC, id DESC LIMIT ?7"
        );
        let (at, id) = filter.before.map(|(at, id)| (micros(at), *id.as_bytes())).unzip();
        let mut select = self.connection.prepare_cached(&sql)?;
        let rows = select.query_map(
            params![
                tenant.as_str(),
                filter.state.map(JobState::as_str),
                filter.kind,
                filter.source,
                at,
                id,
                limit
            ],
            job,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many jobs of a tenant are in each state; of all tenants where none is named.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn job_counts(
        &self,
        tenant: Option<&TenantId>,
    ) -> Result<Vec<(JobState, u64)>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT state, count(*) FROM jobs WHERE ?1 IS NULL OR tenant = ?1 GROUP BY state",
        )?;
        let rows = select.query_map([tenant.map(TenantId::as_str)], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
        })?;
        let mut counts = Vec::new();
        for row in rows {
            let (state, count) = row?;
            counts.extend(JobState::from_word(&state).map(|state| (state, count)));
        }
        Ok(counts)
    }

    /// Forgets jobs that were over before a moment. How many.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn job_sweep(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        let gone = self.connection.execute(
            "DELETE FROM jobs WHERE ended_at < ?1 AND state IN ('done', 'cancelled')",
            params![micros(before)],
        )?;
        Ok(gone)
    }
}
