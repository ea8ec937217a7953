//! Whole readings of a platform's streams, and what they no longer list.
//!
//! A platform's answer may lack a finding for many reasons, and only one of them is that it is
//! gone. So a finding closes once two whole readings in a row did not bring it, and not when that
//! would be too much to believe.

use quell_model::{FindingKey, Timestamp};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::content::{from_gaps, gaps};
use crate::facts::Change;
use crate::state::{HERE, UNLISTED, effective};
use crate::{FinishedInput, Held, IdSet, Import, MostClosed, Packed, Store, StoreError, Touched};

/// A whole reading of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading<'a> {
    /// The source's name in the configuration.
    pub source: &'a str,
    /// Its stream.
    pub stream: &'a str,
    /// Its number; later ones are greater.
    pub number: i64,
}

/// What a page tells of its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It is this page of a whole reading.
    Page(i64),
    /// It is of a whole reading and had records that could not be taken, so the reading stays
    /// without it.
    Part,
    /// It brings what is new, and nothing follows from what it lacks.
    New,
}

/// What a whole reading came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Findings of the stream that it brought.
    pub listed: u64,
    /// Findings that it did not bring, and that stay until the next one.
    pub missing: u64,
    /// Findings that are closed now: the reading before did not bring them either.
    pub closed: u64,
    /// What would have been closed, where that is too much to believe.
    pub held: Option<Held>,
    /// Pages of which not all could be taken. What else they brought is not known, so nothing is
    /// told of the stream.
    pub missed: u64,
}

/// What is known of a stream.
#[derive(Debug, Default)]
struct Listed {
    known: IdSet,
    missing: IdSet,
    closed: IdSet,
}

impl Listed {
    /// Findings are listed. Says whether that is news.
    fn add(&mut self, seen: &IdSet) -> bool {
        let mut news = false;
        for id in seen.iter() {
            news |= self.known.insert(id);
            news |= self.closed.remove(id);
            news |= self.missing.remove(id);
        }
        news
    }
}

impl Store {
    /// Notes which findings a page brought. The same page twice counts once. What was closed
    /// because it was not listed is open again. Says how many of those there were.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn reading_note(
        &mut self,
        (reading, noted): (Reading<'_>, Noted),
        seen: &IdSet,
        (touched, now): (&mut Touched, Timestamp),
    ) -> Result<u64, StoreError> {
        let name = reading.name();
        let tx = self.connection.transaction()?;
        if let Noted::Page(page) = noted {
            tx.execute(
                "INSERT OR REPLACE INTO reading_pages (source, stream, reading, page, seen)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    reading.source,
                    reading.stream,
                    reading.number,
                    page,
                    Packed::of(&gaps(seen)).as_stored()
                ],
            )?;
        }
        let closed = closed(&tx, reading)?;
        let back: Vec<i64> = seen.iter().filter(|id| closed.contains(*id)).collect();
        if noted == Noted::New {
            let (mut listed, settled) = read(&tx, reading)?.unwrap_or_default();
            if listed.add(seen) {
                write(&tx, reading, (&listed, settled))?;
            }
        }
        tx.commit()?;
        if back.is_empty() {
            return Ok(0);
        }
        let mut import = self.import(&name, touched)?;
        for id in back {
            import.list_again(id)?;
        }
        Ok(import.finish(&ended(&name, now))?.reopened)
    }

    /// The sources and streams that list a finding.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn reading_list(&self, finding: FindingKey) -> Result<Vec<(String, String)>, StoreError> {
        let finding: Option<i64> = self
            .connection
            .prepare_cached("SELECT id FROM finding_keys WHERE key = ?1")?
            .query_row([finding.as_bytes()], |row| row.get(0))
            .optional()?;
        let Some(finding) = finding else { return Ok(Vec::new()) };
        let mut select =
            self.connection.prepare_cached("SELECT source, stream, known FROM readings")?;
        let mut rows = select.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            if unpacked(&Packed::from_stored(row.get(2)?))?.contains(finding) {
                found.push((row.get(0)?, row.get(1)?));
            }
        }
        Ok(found)
    }

    /// Ends a whole reading that brought all that there is, in so many pages. A reading that was told
    /// before changes nothing, nor does one of which a page was not taken whole. With `most`, nothing
    /// is closed where more would be.
    ///
    /// # Errors
    /// When the database refuses; nothing is changed then.
    pub fn reading_settle(
        &mut self,
        (reading, page_count): (Reading<'_>, i64),
        (most, now): (Option<MostClosed>, Timestamp),
        touched: &mut Touched,
    ) -> Result<Settled, StoreError> {
        let name = reading.name();
        let mut import = self.import(&name, touched)?;
        let (before, told) = read(&import.tx, reading)?.unwrap_or_default();
        if told >= reading.number {
            return Ok(Settled::default());
        }
        let (noted, seen) = pages(&import.tx, reading)?;
        if noted < page_count {
            let missed = (page_count - noted).unsigned_abs();
            return Ok(Settled { missed, ..Settled::default() });
        }
        let mut settled = Settled { listed: length(&seen), ..Settled::default() };
        let mut after = Listed { missing: IdSet::default(), ..before };
        let missed = before.missing;
        let gone: Vec<i64> = after.known.iter().filter(|id| !seen.contains(*id)).collect();
        let twice: Vec<i64> = gone.iter().copied().filter(|id| missed.contains(*id)).collect();
        let (open, closing) = import.open_of(&after.known, &twice)?;
        let closes = u64::try_from(closing.len()).unwrap_or(u64::MAX);
        if most.is_some_and(|most| most.is_passed(closes, open)) {
            settled.held = Some(Held { closes, open });
            after.missing.extend(gone);
        } else {
            for (finding, issue) in closing {
                import.close_unlisted(finding, issue)?;
            }
            for id in twice {
                after.known.remove(id);
                after.closed.insert(id);
            }
            after.missing.extend(gone.into_iter().filter(|id| after.known.contains(*id)));
            settled.closed = closes;
        }
        settled.missing = length(&after.missing);
        after.add(&seen);
        write(&import.tx, reading, (&after, reading.number))?;
        import.tx.execute(
            "DELETE FROM reading_pages WHERE source = ?1 AND stream = ?2 AND reading <= ?3",
            params![reading.source, reading.stream, reading.number],
        )?;
        import.finish(&ended(&name, now))?;
        Ok(settled)
    }
}

impl Reading<'_> {
    fn name(&self) -> String {
        format!("source:{}/{}", self.source, self.stream)
    }
}

/// The end of what is no file.
const fn ended(path: &str, now: Timestamp) -> FinishedInput<'_> {
    FinishedInput {
        hash: None,
        path,
        plain_bytes: None,
        format: "",
        imported_at: now,
        complete: false,
        most_closed: None,
    }
}

impl Import<'_> {
    /// How many findings of a set count, and which of some do, with their issues.
    fn open_of(&self, known: &IdSet, some: &[i64]) -> Result<(u64, Vec<(i64, i64)>), StoreError> {
        let mut select = self.tx.prepare_cached(
            "SELECT issue FROM findings WHERE id = ?1 AND gone_by = 0 AND reported < 2",
        )?;
        let mut issue = |id: i64| select.query_row([id], |row| row.get::<_, i64>(0)).optional();
        let mut closing = Vec::new();
        for id in some {
            closing.extend(issue(*id)?.map(|issue| (*id, issue)));
        }
        if closing.is_empty() {
            return Ok((0, closing));
        }
        let mut open = 0;
        for id in known.iter() {
            open += u64::from(issue(id)?.is_some());
        }
        Ok((open, closing))
    }

    fn close_unlisted(&mut self, finding: i64, issue: i64) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("UPDATE findings SET gone_by = ?2 WHERE id = ?1 AND gone_by = ?3")?
            .execute(params![finding, UNLISTED, HERE])?;
        self.finding_pages.set(&self.tx, finding, Change::gone())?;
        self.touched.findings.insert(finding);
        self.touch(issue, true)?;
        self.seen.closed += 1;
        Ok(())
    }

    /// A finding that is listed again counts as its source says.
    fn list_again(&mut self, finding: i64) -> Result<(), StoreError> {
        let row: Option<(i64, i64)> = self
            .tx
            .prepare_cached("SELECT issue, reported FROM findings WHERE id = ?1 AND gone_by = ?2")?
            .query_row(params![finding, UNLISTED], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((issue, reported)) = row else { return Ok(()) };
        self.tx
            .prepare_cached("UPDATE findings SET gone_by = ?2 WHERE id = ?1")?
            .execute(params![finding, HERE])?;
        self.finding_pages.set(&self.tx, finding, Change::back(effective(reported, HERE)))?;
        self.touched.findings.insert(finding);
        self.touch(issue, true)?;
        self.seen.reopened += 1;
        Ok(())
    }
}

/// What was closed because a stream no longer lists it.
fn closed(tx: &Transaction<'_>, reading: Reading<'_>) -> Result<IdSet, StoreError> {
    let closed: Option<Packed> = tx
        .prepare_cached("SELECT closed FROM readings WHERE source = ?1 AND stream = ?2")?
        .query_row(params![reading.source, reading.stream], |row| {
            Ok(Packed::from_stored(row.get(0)?))
        })
        .optional()?;
    closed.as_ref().map_or_else(|| Ok(IdSet::default()), unpacked)
}

/// What is known of a stream, and the last whole reading that was told.
fn read(tx: &Transaction<'_>, reading: Reading<'_>) -> Result<Option<(Listed, i64)>, StoreError> {
    let row: Option<(Packed, Packed, Packed, i64)> = tx
        .query_row(
            "SELECT known, missing, closed, settled FROM readings WHERE source = ?1 AND stream = ?2",
            params![reading.source, reading.stream],
            |row| {
                let blob = |at| Ok::<_, rusqlite::Error>(Packed::from_stored(row.get(at)?));
                Ok((blob(0)?, blob(1)?, blob(2)?, row.get(3)?))
            },
        )
        .optional()?;
    let Some((known, missing, closed, settled)) = row else { return Ok(None) };
    let (known, missing, closed) = (unpacked(&known)?, unpacked(&missing)?, unpacked(&closed)?);
    Ok(Some((Listed { known, missing, closed }, settled)))
}

fn write(
    tx: &Transaction<'_>,
    reading: Reading<'_>,
    (listed, settled): (&Listed, i64),
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT OR REPLACE INTO readings (source, stream, known, missing, closed, settled)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            reading.source,
            reading.stream,
            Packed::of(&gaps(&listed.known)).as_stored(),
            Packed::of(&gaps(&listed.missing)).as_stored(),
            Packed::of(&gaps(&listed.closed)).as_stored(),
            settled
        ],
    )?;
    Ok(())
}

/// How many pages of a reading were taken whole, and all that they brought.
fn pages(tx: &Transaction<'_>, reading: Reading<'_>) -> Result<(i64, IdSet), StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT seen FROM reading_pages WHERE source = ?1 AND stream = ?2 AND reading = ?3",
    )?;
    let mut rows = select.query(params![reading.source, reading.stream, reading.number])?;
    let (mut noted, mut seen) = (0, IdSet::default());
    while let Some(row) = rows.next()? {
        seen.add_all(&unpacked(&Packed::from_stored(row.get(0)?))?);
        noted += 1;
    }
    Ok((noted, seen))
}

fn unpacked(packed: &Packed) -> Result<IdSet, StoreError> {
    let damaged = || StoreError::Damaged("what a platform lists cannot be read".to_owned());
    from_gaps(&packed.unpack()?).ok_or_else(damaged)
}

fn length(set: &IdSet) -> u64 {
    u64::try_from(set.len()).unwrap_or(u64::MAX)
}
