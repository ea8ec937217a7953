//! What lists filter findings by, thousands of findings a row.

use hashbrown::HashMap;
use quell_model::{Severity, Status};
use rusqlite::{Connection, OptionalExtension, params};

use crate::brief::{PAGE, severity_number, status_number};
use crate::pages::{self, Kind};
use crate::state::{effective, seconds};
use crate::{Packed, StoreError};

/// Changes that are kept before they are written: each may be on a page of its own.
const MOST_WAITING: usize = 32_768;
/// Bytes of a finding's facts.
const FACT_BYTES: usize = 13;

/// A finding as a page keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The row of its issue.
    pub(crate) issue: u32,
    /// The number of its tool's name; 0 where it is not known.
    pub(crate) tool: u32,
    /// Seconds since 1970.
    pub(crate) last_seen: u32,
    /// 0 where the page has no such finding, else one more than the status.
    pub(crate) status: u8,
    /// One more than where the severity stands in [`Severity::ALL`]; 0 where it is not known.
    pub(crate) severity: u8,
}

impl Facts {
    fn to_bytes(self) -> [u8; FACT_BYTES] {
        let mut out = [0; FACT_BYTES];
        let state = [self.status | (self.severity << 3)];
        let parts = [
            &self.issue.to_le_bytes()[..],
            &self.tool.to_le_bytes(),
            &self.last_seen.to_le_bytes(),
            &state,
        ];
        for (to, from) in out.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        out
    }

    fn from_bytes(bytes: &[u8; FACT_BYTES]) -> Self {
        let [i0, i1, i2, i3, t0, t1, t2, t3, s0, s1, s2, s3, state] = *bytes;
        Self {
            issue: u32::from_le_bytes([i0, i1, i2, i3]),
            tool: u32::from_le_bytes([t0, t1, t2, t3]),
            last_seen: u32::from_le_bytes([s0, s1, s2, s3]),
            status: state & 7,
            severity: state >> 3 & 7,
        }
    }
}

/// The facts of a page, in the order of its findings.
pub(crate) fn facts_of(body: &[u8]) -> Vec<Facts> {
    body.as_chunks::<FACT_BYTES>().0.iter().map(Facts::from_bytes).collect()
}

/// A row number as pages keep it.
pub(crate) fn short_row(row: i64) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}

/// What changes about a finding.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Change {
    pub(crate) issue: Option<i64>,
    pub(crate) status: Option<Status>,
    pub(crate) said: Option<Said>,
}

/// What a finding's source says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    /// The number of the tool's name.
    pub(crate) tool: i64,
    pub(crate) severity: Severity,
    /// Microseconds since 1970.
    pub(crate) last_seen: i64,
}

impl Change {
    /// The finding belongs to another issue.
    pub(crate) fn moved(issue: i64) -> Self {
        Self { issue: Some(issue), ..Self::default() }
    }

    /// The finding is gone.
    pub(crate) fn gone() -> Self {
        Self { status: Some(Status::Resolved), ..Self::default() }
    }

    /// The finding is back, and counts as its source says.
    pub(crate) fn back(status: Status) -> Self {
        Self { status: Some(status), ..Self::default() }
    }

    fn add(&mut self, later: Self) {
        self.issue = later.issue.or(self.issue);
        self.status = later.status.or(self.status);
        self.said = later.said.or(self.said);
    }

    fn apply(self, to: &mut Facts) {
        if let Some(issue) = self.issue {
            to.issue = short_row(issue);
        }
        if let Some(status) = self.status {
            to.status = status_number(status);
        }
        if let Some(said) = self.said {
            to.tool = short_row(said.tool);
            to.severity = severity_number(said.severity) + 1;
            to.last_seen = seconds(said.last_seen);
        }
    }
}

/// Changes of findings that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct FindingPages(HashMap<i64, Change>);

impl FindingPages {
    /// Notes a change of a finding.
    pub(crate) fn set(
        &mut self,
        connection: &Connection,
        id: i64,
        change: Change,
    ) -> Result<(), StoreError> {
        self.0.entry(id).or_default().add(change);
        if self.0.len() >= MOST_WAITING { self.flush(connection) } else { Ok(()) }
    }

    /// Writes what is not written yet.
    pub(crate) fn flush(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let mut changes: Vec<(i64, Change)> = self.0.drain().collect();
        changes.sort_unstable_by_key(|(id, _)| *id);
        for page in changes.chunk_by(|(a, _), (b, _)| a / PAGE == b / PAGE) {
            let Some((first, _)) = page.first() else { continue };
            let number = first / PAGE;
            let mut facts = match read(connection, number)? {
                Some(body) => facts_of(&body.unpack()?),
                None => Vec::new(),
            };
            page.iter().for_each(|(id, change)| change_row(&mut facts, *id, *change));
            save(connection, number, &facts)?;
        }
        Ok(())
    }
}

fn change_row(facts: &mut Vec<Facts>, id: i64, change: Change) {
    let Ok(slot) = usize::try_from(id % PAGE) else { return };
    if slot >= facts.len() {
        facts.resize(slot + 1, Facts::default());
    }
    if let Some(to) = facts.get_mut(slot) {
        change.apply(to);
    }
}

fn read(connection: &Connection, page: i64) -> Result<Option<Packed>, StoreError> {
    let mut select =
        connection.prepare_cached("SELECT body FROM finding_facets WHERE page = ?1")?;
    let row = select.query_row(params![page], |row| Ok(Packed::from_stored(row.get(0)?)));
    Ok(row.optional()?)
}

fn save(connection: &Connection, page: i64, facts: &[Facts]) -> Result<(), StoreError> {
    let bytes: Vec<u8> = facts.iter().flat_map(|facts| facts.to_bytes()).collect();
    connection
        .prepare_cached("INSERT OR REPLACE INTO finding_facets (page, body) VALUES (?1, ?2)")?
        .execute(params![page, Packed::of(&bytes).as_stored()])?;
    pages::note(connection, Kind::Findings, page)
}

/// Makes the pages of a database from before there were any. What only the findings' bodies say
/// is left open: a list takes it from the issue until the finding is seen again.
pub(crate) fn fill(connection: &mut Connection) -> Result<(), StoreError> {
    let missing = |connection: &Connection| {
        connection.query_row(
            "SELECT NOT EXISTS (SELECT 1 FROM finding_facets) AND EXISTS (SELECT 1 FROM findings)",
            [],
            |row| row.get::<_, bool>(0),
        )
    };
    if !missing(connection)? {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have made them while this one waited for the lock.
    if missing(&tx)? {
        fill_all(&tx)?;
    }
    Ok(tx.commit()?)
}

fn fill_all(connection: &Connection) -> Result<(), StoreError> {
    let mut select = connection
        .prepare("SELECT id, issue, reported, gone_by, last_seen FROM findings ORDER BY id")?;
    let mut rows = select.query([])?;
    let (mut number, mut page) = (0, Vec::new());
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        if id / PAGE != number && !page.is_empty() {
            save(connection, number, &page)?;
            page.clear();
        }
        number = id / PAGE;
        let Ok(slot) = usize::try_from(id % PAGE) else { continue };
        page.resize(slot, Facts::default());
        page.push(Facts {
            issue: short_row(row.get(1)?),
            status: status_number(effective(row.get(2)?, row.get(3)?)),
            last_seen: seconds(row.get(4)?),
            ..Facts::default()
        });
    }
    if page.is_empty() { Ok(()) } else { save(connection, number, &page) }
}
