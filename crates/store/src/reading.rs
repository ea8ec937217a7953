//! Whole readings of a platform's streams, and what they no longer list.
//!
//! A platform's answer may lack a finding for many reasons, and only one of them is that it is
//! gone. So a finding closes once two whole readings in a row did not bring it, and not when that
//! would be too much to believe.

use quell_model::{FindingKey, Timestamp};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::content::{from_gaps, from_stored, gaps, stored};
use crate::facts::Change;
use crate::state::{HERE, UNLISTED, effective, micros};
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
    /// Relations of assets that are gone now, as above.
    pub relations_closed: u64,
    /// Relations that would be gone, where that is too much to believe.
    pub relations_held: Option<Held>,
    /// Pages of which not all could be taken. What else they brought is not known, so nothing is
    /// told of the stream.
    pub missed: u64,
}

/// What is known of a stream.
#[derive(Debug, Default)]
struct Known {
    findings: Listed,
    relations: Listed,
}

/// Findings or relations of a stream.
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

    /// Of those that are listed, the ones that were closed.
    fn closed_of(&self, seen: &IdSet) -> Vec<i64> {
        seen.iter().filter(|id| self.closed.contains(*id)).collect()
    }

    /// What a whole reading did not bring, and of that what the one before did not bring either.
    fn silent(&self, seen: &IdSet) -> (Vec<i64>, Vec<i64>) {
        let gone: Vec<i64> = self.known.iter().filter(|id| !seen.contains(*id)).collect();
        let twice = gone.iter().copied().filter(|id| self.missing.contains(*id)).collect();
        (gone, twice)
    }

    /// What is known after a whole reading. Without `closing`, what it does not bring stays.
    fn settle(&mut self, seen: &IdSet, closing: bool) {
        let (gone, twice) = self.silent(seen);
        self.missing = IdSet::default();
        if closing {
            for id in twice {
                self.known.remove(id);
                self.closed.insert(id);
            }
        }
        self.missing.extend(gone.into_iter().filter(|id| self.known.contains(*id)));
    }
}

impl Store {
    /// Notes which findings and relations a page brought. The same page twice counts once. What
    /// was closed because it was not listed is open again. Says how many that were.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn reading_note(
        &mut self,
        (reading, noted): (Reading<'_>, Noted),
        seen: &Touched,
        (touched, now): (&mut Touched, Timestamp),
    ) -> Result<u64, StoreError> {
        let name = reading.name();
        let tx = self.connection.transaction()?;
        if let Noted::Page(page) = noted {
            tx.execute(
                "INSERT OR REPLACE INTO reading_pages
                   (source, stream, reading, page, seen, relations)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    reading.source,
                    reading.stream,
                    reading.number,
                    page,
                    Packed::of(&gaps(&seen.findings)).as_stored(),
                    stored(&seen.relations)
                ],
            )?;
        }
        let (mut known, settled) = read(&tx, reading)?.unwrap_or_default();
        let back = known.findings.closed_of(&seen.findings);
        let relations_back = known.relations.closed_of(&seen.relations);
        if noted == Noted::New {
            let news = known.findings.add(&seen.findings);
            if known.relations.add(&seen.relations) || news {
                write(&tx, reading, (&known, settled))?;
            }
        }
        tx.commit()?;
        if back.is_empty() && relations_back.is_empty() {
            return Ok(0);
        }
        let mut import = self.import(&name, touched)?;
        for id in back {
            import.list_again(id)?;
        }
        let relations = u64::try_from(relations_back.len()).unwrap_or(u64::MAX);
        for id in relations_back {
            import.set_relation_gone(id, None)?;
        }
        Ok(import.finish(&ended(&name, now))?.reopened.saturating_add(relations))
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
        let (mut known, told) = read(&import.tx, reading)?.unwrap_or_default();
        if told >= reading.number {
            return Ok(Settled::default());
        }
        let (noted, seen) = pages(&import.tx, reading)?;
        if noted < page_count {
            let missed = (page_count - noted).unsigned_abs();
            return Ok(Settled { missed, ..Settled::default() });
        }
        let mut settled = Settled { listed: length(&seen.findings), ..Settled::default() };
        let (_, twice) = known.findings.silent(&seen.findings);
        let (open, closing) = import.open_of(&known.findings.known, &twice)?;
        let closes = u64::try_from(closing.len()).unwrap_or(u64::MAX);
        if most.is_some_and(|most| most.is_passed(closes, open)) {
            settled.held = Some(Held { closes, open });
        } else {
            for (finding, issue) in closing {
                import.close_unlisted(finding, issue)?;
            }
            settled.closed = closes;
        }
        known.findings.settle(&seen.findings, settled.held.is_none());
        settled.missing = length(&known.findings.missing);
        let relations = (&mut known.relations, &seen.relations);
        match import.settle_relations(reading, relations, (most, now))? {
            Ok(closed) => settled.relations_closed = closed,
            Err(held) => settled.relations_held = Some(held),
        }
        known.findings.add(&seen.findings);
        known.relations.add(&seen.relations);
        write(&import.tx, reading, (&known, reading.number))?;
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

    /// Closes the relations that two whole readings did not bring and that no other stream lists.
    /// Says how many, or what is held because it is too much to believe.
    fn settle_relations(
        &mut self,
        reading: Reading<'_>,
        (known, seen): (&mut Listed, &IdSet),
        (most, now): (Option<MostClosed>, Timestamp),
    ) -> Result<Result<u64, Held>, StoreError> {
        let (_, twice) = known.silent(seen);
        let elsewhere = if twice.is_empty() {
            IdSet::default()
        } else {
            listed_elsewhere(&self.tx, Some(reading))?
        };
        let closing: Vec<i64> = twice.into_iter().filter(|id| !elsewhere.contains(*id)).collect();
        let closing = self.standing_relations(&closing)?;
        let closes = length(&closing);
        if closes > 0 && most.is_some() {
            let all: Vec<i64> = known.known.iter().collect();
            let open = length(&self.standing_relations(&all)?);
            if most.is_some_and(|most| most.is_passed(closes, open)) {
                known.settle(seen, false);
                return Ok(Err(Held { closes, open }));
            }
        }
        for id in closing.iter() {
            self.set_relation_gone(id, Some(micros(now)))?;
        }
        known.settle(seen, true);
        Ok(Ok(closes))
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

/// The relations that any stream lists.
pub(crate) fn listed(tx: &Transaction<'_>) -> Result<IdSet, StoreError> {
    listed_elsewhere(tx, None)
}

/// The relations that any stream lists, but one.
fn listed_elsewhere(
    tx: &Transaction<'_>,
    reading: Option<Reading<'_>>,
) -> Result<IdSet, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT relations_known FROM readings
          WHERE NOT (source IS ?1 AND stream IS ?2) AND relations_known IS NOT NULL",
    )?;
    let of = reading.map(|reading| (reading.source, reading.stream)).unzip();
    let mut rows = select.query(params![of.0, of.1])?;
    let mut all = IdSet::default();
    while let Some(row) = rows.next()? {
        all.add_all(&from_stored(row.get(0)?)?);
    }
    Ok(all)
}

/// What is known of a stream, and the last whole reading that was told.
fn read(tx: &Transaction<'_>, reading: Reading<'_>) -> Result<Option<(Known, i64)>, StoreError> {
    type Columns = ([Packed; 3], [Option<Vec<u8>>; 3], i64);
    let row: Option<Columns> = tx
        .prepare_cached(
            "SELECT known, missing, closed, settled,
                    relations_known, relations_missing, relations_closed
               FROM readings WHERE source = ?1 AND stream = ?2",
        )?
        .query_row(params![reading.source, reading.stream], |row| {
            let blob = |at| Ok::<_, rusqlite::Error>(Packed::from_stored(row.get(at)?));
            let findings = [blob(0)?, blob(1)?, blob(2)?];
            Ok((findings, [row.get(4)?, row.get(5)?, row.get(6)?], row.get(3)?))
        })
        .optional()?;
    let Some(([known, missing, closed], relations, settled)) = row else { return Ok(None) };
    let (known, missing, closed) = (unpacked(&known)?, unpacked(&missing)?, unpacked(&closed)?);
    let findings = Listed { known, missing, closed };
    let [known, missing, closed] = relations;
    let relations = Listed {
        known: from_stored(known)?,
        missing: from_stored(missing)?,
        closed: from_stored(closed)?,
    };
    Ok(Some((Known { findings, relations }, settled)))
}

fn write(
    tx: &Transaction<'_>,
    reading: Reading<'_>,
    (known, settled): (&Known, i64),
) -> Result<(), StoreError> {
    let Known { findings, relations } = known;
    tx.execute(
        "INSERT OR REPLACE INTO readings (source, stream, known, missing, closed, settled,
           relations_known, relations_missing, relations_closed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            reading.source,
            reading.stream,
            Packed::of(&gaps(&findings.known)).as_stored(),
            Packed::of(&gaps(&findings.missing)).as_stored(),
            Packed::of(&gaps(&findings.closed)).as_stored(),
            settled,
            stored(&relations.known),
            stored(&relations.missing),
            stored(&relations.closed)
        ],
    )?;
    Ok(())
}

/// How many pages of a reading were taken whole, and all that they brought.
fn pages(tx: &Transaction<'_>, reading: Reading<'_>) -> Result<(i64, Touched), StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT seen, relations FROM reading_pages
          WHERE source = ?1 AND stream = ?2 AND reading = ?3",
    )?;
    let mut rows = select.query(params![reading.source, reading.stream, reading.number])?;
    let (mut noted, mut seen) = (0, Touched::default());
    while let Some(row) = rows.next()? {
        seen.findings.add_all(&unpacked(&Packed::from_stored(row.get(0)?))?);
        seen.relations.add_all(&from_stored(row.get(1)?)?);
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
