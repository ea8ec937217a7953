//! What files came to, so that an unchanged file need not be read again.

use rusqlite::{OptionalExtension, params};

use crate::{IdSet, Import, Packed, Store, StoreError, Touched};

/// Findings that are looked up one by one; of more, all issues are read in one go.
const FEW: usize = 20_000;

/// What a file came to.
#[derive(Debug)]
pub struct Content {
    /// What its records came to, as the caller wrote it.
    pub summary: Packed,
    /// The rows of its findings.
    pub findings: IdSet,
    /// The rows of its relations.
    pub relations: IdSet,
}

impl Import<'_> {
    /// Keeps what the file came to, in place of what is known of the same bytes.
    ///
    /// # Errors
    /// When the database refuses; the file is then not imported.
    pub fn content(
        &mut self,
        (hash, reader): (&[u8; 32], &[u8; 32]),
        content: &Content,
    ) -> Result<(), StoreError> {
        self.tx
            .prepare_cached(
                "INSERT OR REPLACE INTO input_contents (hash, reader, summary, findings, relations)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                hash.as_slice(),
                reader.as_slice(),
                content.summary.as_stored(),
                Packed::of(&gaps(&content.findings)).as_stored(),
                stored(&content.relations)
            ])?;
        Ok(())
    }
}

impl Store {
    /// What these bytes came to when the same reader read them.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn content_get(
        &self,
        (hash, reader): (&[u8; 32], &[u8; 32]),
    ) -> Result<Option<Content>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT summary, findings, relations FROM input_contents
              WHERE hash = ?1 AND reader = ?2",
        )?;
        let row: Option<(Packed, Packed, Option<Vec<u8>>)> = select
            .query_row(params![hash.as_slice(), reader.as_slice()], |row| {
                let blob = |at| Ok::<_, rusqlite::Error>(Packed::from_stored(row.get(at)?));
                Ok((blob(0)?, blob(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((summary, findings, relations)) = row else { return Ok(None) };
        let findings = from_gaps(&findings.unpack()?).ok_or_else(|| {
            StoreError::Damaged("the findings of a file cannot be read".to_owned())
        })?;
        Ok(Some(Content { summary, findings, relations: from_stored(relations)? }))
    }

    /// Adds findings, and the issues they belong to now, to what a run touched.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn touch(&self, findings: &IdSet, touched: &mut Touched) -> Result<(), StoreError> {
        touched.findings.add_all(findings);
        if findings.len() <= FEW {
            let mut select =
                self.connection.prepare_cached("SELECT issue FROM findings WHERE id = ?1")?;
            for id in findings.iter() {
                touched.issues.insert(select.query_row(params![id], |row| row.get(0))?);
            }
            return Ok(());
        }
        // The index holds all that is asked for, and is a tenth of the table.
        let mut select = self
            .connection
            .prepare_cached("SELECT issue, id FROM findings INDEXED BY finding_by_issue")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            if findings.contains(row.get(1)?) {
                touched.issues.insert(row.get(0)?);
            }
        }
        Ok(())
    }
}

/// A set as a column that is empty where the set is.
pub(crate) fn stored(set: &IdSet) -> Option<Vec<u8>> {
    (!set.is_empty()).then(|| Packed::of(&gaps(set)).as_stored().to_vec())
}

/// The set of such a column.
pub(crate) fn from_stored(column: Option<Vec<u8>>) -> Result<IdSet, StoreError> {
    let Some(column) = column else { return Ok(IdSet::default()) };
    let damaged = || StoreError::Damaged("a set of relations cannot be read".to_owned());
    from_gaps(&Packed::from_stored(column).unpack()?).ok_or_else(damaged)
}

/// The gaps between the numbers of a set, seven bits a byte: rows of one file follow each other.
pub(crate) fn gaps(set: &IdSet) -> Vec<u8> {
    let mut out = Vec::with_capacity(set.len());
    let mut last = 0;
    for id in set.iter() {
        let mut gap = u64::try_from(id - last).unwrap_or_default();
        last = id;
        while gap >= 0x80 {
            out.push(u8::try_from(gap & 0x7f).unwrap_or_default() | 0x80);
            gap >>= 7;
        }
        out.push(u8::try_from(gap).unwrap_or_default());
    }
    out
}

pub(crate) fn from_gaps(bytes: &[u8]) -> Option<IdSet> {
    let mut set = IdSet::default();
    let (mut last, mut gap, mut shift) = (0_i64, 0_u64, 0_u32);
    for byte in bytes {
        gap |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            last = last.checked_add(i64::try_from(gap).ok()?)?;
            // A row number beyond this is no row number, and would take all memory.
            if last >= 1 << 36 {
                return None;
            }
            set.insert(last);
            (gap, shift) = (0, 0);
        }
    }
    Some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_comes_back_from_its_gaps() {
        let mut set = IdSet::default();
        for id in [1, 2, 3, 127, 128, 255, 1_000_000] {
            set.insert(id);
        }
        assert_eq!(from_gaps(&gaps(&set)), Some(set));
        assert_eq!(from_gaps(&[0xff; 20]), None);
        assert_eq!(from_gaps(&[0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]), None);
    }
}
