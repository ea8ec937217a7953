//! Relations of assets, found by either end.

use quell_model::{Outcome, Teller, Timestamp};
use rusqlite::{OptionalExtension, Row, params};

use crate::label::LABEL_PAGE;
use crate::pages::{self, Kind};
use crate::state::{micros, time};
use crate::{FinishedInput, Held, IdSet, Import, MostClosed, Packed, Store, StoreError, reading};

/// Relations that are read at once by who follows them.
const PAGE: i64 = 1024;

/// A relation, ready to be written.
#[derive(Debug)]
pub struct PreparedRelation<'a> {
    /// Its identity.
    pub key: [u8; 16],
    /// The hash of the first asset.
    pub from: [u8; 16],
    /// The hash of the second.
    pub to: [u8; 16],
    /// A hash of all that is said, to tell a change from a repeat.
    pub content_hash: i64,
    /// When it was seen.
    pub observed: Timestamp,
    /// What tells it, where that tells all of one kind.
    pub teller: Option<Teller>,
    /// What a label says, as a text that many share; none where the relation is of two assets.
    pub label: Option<&'a str>,
    /// The relation as JSON.
    pub body: &'a Packed,
}

/// A stored relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationRow {
    /// Its row.
    pub id: i64,
    /// When it was last seen.
    pub observed: Timestamp,
    /// The relation as JSON.
    pub body: Packed,
}

/// What is known of a relation.
struct Known {
    id: i64,
    content_hash: i64,
    observed: i64,
    import: i64,
    gone_at: Option<i64>,
}

impl Import<'_> {
    /// Writes one relation. One that was gone and is seen later is there again.
    ///
    /// # Errors
    /// When the database refuses; the file is then not imported.
    pub fn relation(&mut self, new: &PreparedRelation<'_>) -> Result<(Outcome, i64), StoreError> {
        let at = micros(new.observed);
        let known = self.known_relation(new.key)?;
        let told = known.as_ref().map(|known| (known.content_hash, known.observed, known.import));
        let (outcome, newer) = self.settle(told, at, new.content_hash);
        let Some(Known { id, gone_at, content_hash, .. }) = known else {
            let id = self.new_relation(new)?;
            self.touched.relations.insert(id);
            self.note_pages(id, new.label.is_some());
            return Ok((outcome, id));
        };
        self.touched.relations.insert(id);
        if !newer {
            return Ok((outcome, id));
        }
        let back = gone_at.is_some_and(|gone| at > gone);
        let teller = new.teller.as_ref().map(Teller::as_bytes);
        if content_hash == new.content_hash {
            self.tx
                .prepare_cached("UPDATE relations SET observed = ?2, told_by = ?3 WHERE id = ?1")?
                .execute(params![id, at, teller])?;
        } else {
            let says = self.label_number(new.label)?;
            self.tx
                .prepare_cached(
                    "UPDATE relations SET observed = ?2, content_hash = ?3, import = ?4, body = ?5,
                       told_by = ?6, says = ?7
                      WHERE id = ?1",
                )?
                .execute(params![
                    id,
                    at,
                    new.content_hash,
                    self.id,
                    new.body.as_stored(),
                    teller,
                    says
                ])?;
            self.note_pages(id, says.is_some());
        }
        if !back {
            return Ok((outcome, id));
        }
        self.set_relation_gone(id, None)?;
        Ok((Outcome::Updated, id))
    }

    fn known_relation(&self, key: [u8; 16]) -> Result<Option<Known>, StoreError> {
        let mut select = self.tx.prepare_cached(
            "SELECT id, content_hash, observed, import, gone_at FROM relations WHERE key = ?1",
        )?;
        let known = select.query_row(params![key.as_slice()], |row| {
            Ok(Known {
                id: row.get(0)?,
                content_hash: row.get(1)?,
                observed: row.get(2)?,
                import: row.get(3)?,
                gone_at: row.get(4)?,
            })
        });
        Ok(known.optional()?)
    }

    /// The number of what a label says.
    fn label_number(&mut self, label: Option<&str>) -> Result<Option<i64>, StoreError> {
        label.map(|label| self.names.id(&self.tx, label)).transpose()
    }

    fn new_relation(&mut self, new: &PreparedRelation<'_>) -> Result<i64, StoreError> {
        let says = self.label_number(new.label)?;
        let id = self
            .tx
            .prepare_cached(
                "INSERT INTO relations
                   (key, origin, goal, content_hash, observed, import, body, told_by, says)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .insert(params![
                new.key.as_slice(),
                new.from.as_slice(),
                new.to.as_slice(),
                new.content_hash,
                micros(new.observed),
                self.id,
                new.body.as_stored(),
                new.teller.as_ref().map(Teller::as_bytes),
                says
            ])?;
        Ok(id)
    }

    /// Notes that a record of the file tells all of something.
    pub fn tell(&mut self, teller: Teller) {
        self.tellers.insert(teller);
    }

    /// Ends the relations that what tells them did not tell in a later complete file, unless that
    /// is too much to believe. Those that a platform lists stay: its own readings end them.
    pub(crate) fn close_told(&mut self, input: &FinishedInput<'_>) -> Result<(), StoreError> {
        let mut tellers: Vec<Teller> = std::mem::take(&mut self.tellers).into_iter().collect();
        if tellers.is_empty() {
            return Ok(());
        }
        tellers.sort_unstable();
        let now = input.complete.then(|| micros(input.imported_at));
        let mut gone = self.untold(&tellers, now)?;
        if let (Some(now), false) = (now, self.holds_told(&tellers, &gone, input.most_closed)?) {
            for teller in &tellers {
                self.tx
                    .prepare_cached(
                        "INSERT INTO told VALUES (?1, ?2)
                         ON CONFLICT DO UPDATE SET at = max(at, excluded.at)",
                    )?
                    .execute(params![teller.as_bytes(), now])?;
            }
        } else if now.is_some() {
            gone = self.untold(&tellers, None)?;
        }
        for (id, at) in gone {
            self.set_relation_gone(id, Some(at))?;
            self.seen.relations_ended += 1;
        }
        Ok(())
    }

    /// The relations that stand and that what tells them told before it was last heard, with when
    /// that was: now, where this file has it whole. No platform lists them.
    fn untold(&self, tellers: &[Teller], now: Option<i64>) -> Result<Vec<(i64, i64)>, StoreError> {
        let mut select = self.tx.prepare_cached(
            "SELECT r.id, max(ifnull(t.at, ?2), ifnull(?2, t.at)) AS heard
               FROM relations r LEFT JOIN told t ON t.teller = r.told_by
              WHERE r.told_by = ?1 AND r.gone_at IS NULL AND r.observed < heard",
        )?;
        let mut gone: Vec<(i64, i64)> = Vec::new();
        for teller in tellers {
            let rows = select
                .query_map(params![teller.as_bytes(), now], |row| Ok((row.get(0)?, row.get(1)?)))?;
            for row in rows {
                gone.push(row?);
            }
        }
        if !gone.is_empty() {
            let listed = reading::listed(&self.tx)?;
            gone.retain(|(id, _)| !listed.contains(*id));
        }
        Ok(gone)
    }

    /// Whether ending these is too much to believe; then it is noted.
    fn holds_told(
        &mut self,
        tellers: &[Teller],
        gone: &[(i64, i64)],
        most: Option<MostClosed>,
    ) -> Result<bool, StoreError> {
        let closes = u64::try_from(gone.len()).unwrap_or(u64::MAX);
        let (Some(most), true) = (most, closes > 0) else { return Ok(false) };
        let mut select = self.tx.prepare_cached(
            "SELECT count(*) FROM relations WHERE told_by = ?1 AND gone_at IS NULL",
        )?;
        let mut open = 0;
        for teller in tellers {
            let standing: i64 = select.query_row([teller.as_bytes()], |row| row.get(0))?;
            open += standing.unsigned_abs();
        }
        let is_held = most.is_passed(closes, open);
        if is_held {
            self.seen.relations_held = Some(Held { closes, open });
        }
        Ok(is_held)
    }

    /// Says since when a relation is gone, or that it is there.
    pub(crate) fn set_relation_gone(&mut self, id: i64, at: Option<i64>) -> Result<(), StoreError> {
        let is_label: bool = self
            .tx
            .prepare_cached(
                "UPDATE relations SET gone_at = ?2 WHERE id = ?1 RETURNING says IS NOT NULL",
            )?
            .query_row(params![id, at], |row| row.get(0))
            .optional()?
            .unwrap_or_default();
        self.note_pages(id, is_label);
        Ok(())
    }

    /// Notes the pages on which a relation stands.
    fn note_pages(&mut self, id: i64, is_label: bool) {
        self.relation_pages.insert(id / PAGE);
        if is_label {
            self.label_pages.insert(id / LABEL_PAGE);
        }
    }

    /// Of some relations, those that are there.
    pub(crate) fn standing_relations(&self, some: &[i64]) -> Result<IdSet, StoreError> {
        let mut select =
            self.tx.prepare_cached("SELECT 1 FROM relations WHERE id = ?1 AND gone_at IS NULL")?;
        let mut standing = IdSet::default();
        for id in some {
            if select.exists([id])? {
                standing.insert(*id);
            }
        }
        Ok(standing)
    }
}

impl Store {
    /// The relations of an asset that stand, from it and to it, in the order in which they became
    /// known, behind a row. An asset is named by the hash of its key.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn relation_list(
        &self,
        asset: &[u8; 16],
        (after, limit): (i64, usize),
    ) -> Result<Vec<RelationRow>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut select = self.connection.prepare_cached(
            "SELECT id, observed, body FROM relations
              WHERE origin = ?1 AND gone_at IS NULL AND id > ?2
             UNION ALL
             SELECT id, observed, body FROM relations
              WHERE goal = ?1 AND gone_at IS NULL AND id > ?2
             ORDER BY id LIMIT ?3",
        )?;
        let rows = select.query_map(params![asset.as_slice(), after, limit], relation_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A relation that stands, by its key.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn relation_get(&self, key: &[u8; 16]) -> Result<Option<RelationRow>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, observed, body FROM relations WHERE key = ?1 AND gone_at IS NULL",
        )?;
        Ok(select.query_row(params![key.as_slice()], relation_row).optional()?)
    }

    /// The pages of relations that were written since, in order; all of them since 0.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn relation_pages_since(&self, version: i64) -> Result<Vec<i64>, StoreError> {
        if version > 0 {
            return pages::since(&self.connection, Kind::Relations, version);
        }
        let mut select = self.connection.prepare_cached("SELECT max(id) FROM relations")?;
        let last: Option<i64> = select.query_row([], |row| row.get(0))?;
        Ok(last.map_or_else(Vec::new, |last| (0..=last / PAGE).collect()))
    }

    /// The relations of a page that stand.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn relation_page(&self, page: i64) -> Result<Vec<RelationRow>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, observed, body FROM relations
              WHERE id >= ?1 AND id < ?2 AND gone_at IS NULL ORDER BY id",
        )?;
        let first = page.saturating_mul(PAGE);
        let rows = select.query_map(params![first, first.saturating_add(PAGE)], relation_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many relations of an asset stand.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn relation_count(&self, asset: &[u8; 16]) -> Result<u64, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT (SELECT count(*) FROM relations WHERE origin = ?1 AND gone_at IS NULL)
                  + (SELECT count(*) FROM relations WHERE goal = ?1 AND gone_at IS NULL)",
        )?;
        let count: i64 = select.query_row(params![asset.as_slice()], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

fn relation_row(row: &Row<'_>) -> rusqlite::Result<RelationRow> {
    let observed: i64 = row.get(1)?;
    Ok(RelationRow {
        id: row.get(0)?,
        observed: time(observed).unwrap_or(Timestamp::UNIX_EPOCH),
        body: Packed::from_stored(row.get(2)?),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quell_model::KeyHasher;

    use super::*;
    use crate::{FinishedInput, Noted, Reading, Touched};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_750_000_000 + second).unwrap()
    }

    fn hash(name: &str) -> [u8; 16] {
        *KeyHasher::new("end").part(name).finish::<()>().as_bytes()
    }

    /// A relation `from>to`, when it was seen, and what is said of it.
    type Said<'a> = (&'a str, i64, i64);

    fn import(store: &mut Store, said: &[Said<'_>]) -> (Vec<Outcome>, Touched) {
        let mut touched = Touched::default();
        let mut import = store.import("file.json", &mut touched).unwrap();
        let outcomes = said.iter().map(|(name, second, content)| {
            let (from, to) = name.split_once('>').unwrap();
            let body = Packed::of(format!("{name} {content}").as_bytes());
            let relation = PreparedRelation {
                key: hash(name),
                from: hash(from),
                to: hash(to),
                content_hash: *content,
                observed: at(*second),
                teller: None,
                label: None,
                body: &body,
            };
            import.relation(&relation).unwrap().0
        });
        let outcomes = outcomes.collect();
        import
            .finish(&FinishedInput {
                hash: None,
                path: "file.json",
                plain_bytes: None,
                format: "test",
                imported_at: at(0),
                complete: true,
                most_closed: None,
            })
            .unwrap();
        (outcomes, touched)
    }

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        (dir, store)
    }

    fn of(store: &Store, asset: &str) -> Vec<String> {
        let rows = store.relation_list(&hash(asset), (0, 100)).unwrap();
        assert_eq!(store.relation_count(&hash(asset)).unwrap(), rows.len() as u64);
        let mut texts: Vec<String> = rows
            .into_iter()
            .map(|row| String::from_utf8(row.body.unpack().unwrap()).unwrap())
            .collect();
        texts.sort();
        texts
    }

    fn reading(number: i64) -> Reading<'static> {
        Reading { source: "wiz", stream: "resources", number }
    }

    /// A whole reading of one page that brought these. Says how many it closed and held.
    fn read_whole(store: &mut Store, number: i64, said: &[Said<'_>]) -> (u64, bool) {
        let (_, seen) = import(store, said);
        let mut touched = Touched::default();
        store
            .reading_note((reading(number), Noted::Page(0)), &seen, (&mut touched, at(number)))
            .unwrap();
        let most = Some(MostClosed { percent: 50, always: 1 });
        let settled = store
            .reading_settle((reading(number), 1), (most, at(number)), &mut Touched::default())
            .unwrap();
        (settled.relations_closed, settled.relations_held.is_some())
    }

    #[test]
    fn a_relation_is_found_by_both_ends_and_counted_by_what_became_of_it() {
        let (_dir, mut store) = store();
        let (outcomes, _) = import(&mut store, &[("vm>sg", 1, 1), ("vm>vpc", 1, 1)]);
        assert_eq!(outcomes, [Outcome::Created, Outcome::Created]);
        assert_eq!(of(&store, "vm"), ["vm>sg 1", "vm>vpc 1"]);
        assert_eq!(of(&store, "vpc"), ["vm>vpc 1"]);
        assert!(of(&store, "other").is_empty());
        let (outcomes, _) = import(&mut store, &[("vm>sg", 1, 1), ("vm>vpc", 2, 7)]);
        assert_eq!(outcomes, [Outcome::Unchanged, Outcome::Updated]);
        assert_eq!(of(&store, "vpc"), ["vm>vpc 7"]);
        let (outcomes, _) = import(&mut store, &[("vm>vpc", 1, 3)]);
        assert_eq!(outcomes, [Outcome::Unchanged], "older news changes nothing");
        assert_eq!(of(&store, "vpc"), ["vm>vpc 7"]);
    }

    #[test]
    fn what_two_whole_readings_do_not_list_is_gone_until_it_is_listed_again() {
        let (_dir, mut store) = store();
        let all = [("a>x", 1, 1), ("b>x", 1, 1), ("c>x", 1, 1)];
        assert_eq!(read_whole(&mut store, 1, &all), (0, false));
        assert_eq!(read_whole(&mut store, 2, &all[..2]), (0, false));
        assert_eq!(of(&store, "x").len(), 3, "once is not enough");
        assert_eq!(read_whole(&mut store, 3, &all[..2]), (1, false));
        assert_eq!(of(&store, "x"), ["a>x 1", "b>x 1"]);
        assert_eq!(read_whole(&mut store, 4, &all), (0, false));
        assert_eq!(of(&store, "x").len(), 3, "the same bytes list it again");
        import(&mut store, &all);
        assert_eq!(of(&store, "x").len(), 3);
    }

    #[test]
    fn pages_are_written_when_what_they_say_changes() {
        let (_dir, mut store) = store();
        assert!(store.relation_pages_since(0).unwrap().is_empty());
        let all = [("a>x", 1, 1), ("b>x", 1, 1)];
        read_whole(&mut store, 1, &all);
        assert_eq!(store.relation_pages_since(0).unwrap(), [0]);
        let standing = |store: &Store| store.relation_page(0).unwrap().len();
        assert_eq!(standing(&store), 2);
        let written = |store: &Store, since| store.relation_pages_since(since).unwrap().len();
        let before = store.page_version().unwrap();
        import(&mut store, &[("a>x", 2, 1)]);
        assert_eq!(written(&store, before), 0, "seen again is no change");
        import(&mut store, &[("a>x", 3, 2)]);
        assert_eq!(written(&store, before), 1);
        read_whole(&mut store, 2, &[("b>x", 1, 1)]);
        let before = store.page_version().unwrap();
        read_whole(&mut store, 3, &[("b>x", 1, 1)]);
        assert_eq!((written(&store, before), standing(&store)), (1, 1));
        assert!(store.relation_get(&hash("a>x")).unwrap().is_none());
        assert!(store.relation_get(&hash("b>x")).unwrap().is_some());
        let before = store.page_version().unwrap();
        import(&mut store, &[("a>x", 9, 2)]);
        assert_eq!((written(&store, before), standing(&store)), (1, 2));
    }

    #[test]
    fn a_reading_that_would_close_too_many_closes_none() {
        let (_dir, mut store) = store();
        let all = [("a>x", 1, 1), ("b>x", 1, 1), ("c>x", 1, 1)];
        read_whole(&mut store, 1, &all);
        read_whole(&mut store, 2, &[]);
        assert_eq!(read_whole(&mut store, 3, &[]), (0, true));
        assert_eq!(of(&store, "x").len(), 3);
        let settled =
            store.reading_settle((reading(4), 0), (None, at(4)), &mut Touched::default()).unwrap();
        assert_eq!(settled.relations_closed, 3, "a person let it");
    }

    #[test]
    fn a_part_that_could_not_be_taken_closes_nothing() {
        let (_dir, mut store) = store();
        read_whole(&mut store, 1, &[("a>x", 1, 1), ("b>x", 1, 1)]);
        for number in 2..5 {
            let settled = store
                .reading_settle((reading(number), 1), (None, at(number)), &mut Touched::default())
                .unwrap();
            assert_eq!((settled.missed, settled.relations_closed), (1, 0));
        }
        assert_eq!(of(&store, "x").len(), 2);
    }

    #[test]
    fn what_another_stream_lists_stays() {
        let (_dir, mut store) = store();
        let (_, seen) = import(&mut store, &[("a>x", 1, 1)]);
        let other = Reading { source: "wiz", stream: "exposures", number: 1 };
        store.reading_note((other, Noted::New), &seen, (&mut Touched::default(), at(1))).unwrap();
        read_whole(&mut store, 1, &[("a>x", 1, 1), ("b>x", 1, 1)]);
        read_whole(&mut store, 2, &[("b>x", 1, 1)]);
        assert_eq!(read_whole(&mut store, 3, &[("b>x", 1, 1)]), (0, false));
        assert_eq!(of(&store, "x").len(), 2);
    }

    #[test]
    fn one_that_is_gone_is_back_when_anybody_sees_it_later() {
        let (_dir, mut store) = store();
        read_whole(&mut store, 1, &[("a>x", 1, 1), ("b>x", 1, 1)]);
        read_whole(&mut store, 2, &[("b>x", 1, 1)]);
        read_whole(&mut store, 3, &[("b>x", 1, 1)]);
        let (outcomes, _) = import(&mut store, &[("a>x", 2, 1)]);
        assert_eq!((outcomes[0], of(&store, "x").len()), (Outcome::Unchanged, 1), "seen before");
        let (outcomes, _) = import(&mut store, &[("a>x", 9, 1)]);
        assert_eq!((outcomes[0], of(&store, "x").len()), (Outcome::Updated, 2));
    }

    /// What a file's record of an asset tells: when, the others that one of its fields names, and
    /// whether the file was read to its end. Nothing where the record does not have the field.
    type File = (i64, Option<Vec<usize>>, bool);

    fn import_file(store: &mut Store, file: &File) -> crate::Seen {
        import_at_most(store, file, None)
    }

    fn import_at_most(
        store: &mut Store,
        (second, named, complete): &File,
        most_closed: Option<MostClosed>,
    ) -> crate::Seen {
        let mut touched = Touched::default();
        let mut import = store.import("file.json", &mut touched).unwrap();
        let asset = quell_model::AssetId::parse("i-1", &quell_model::Hints::default());
        let teller = Teller::new(&quell_model::Tool::default(), &asset, "groups");
        for other in named.iter().flatten() {
            let name = format!("vm>{other}");
            let body = Packed::of(name.as_bytes());
            let relation = PreparedRelation {
                key: hash(&name),
                from: hash("vm"),
                to: hash(&other.to_string()),
                content_hash: 1,
                observed: at(*second),
                teller: Some(teller),
                label: None,
                body: &body,
            };
            import.relation(&relation).unwrap();
        }
        if named.is_some() {
            import.tell(teller);
        }
        let input = FinishedInput {
            hash: None,
            path: "file.json",
            plain_bytes: None,
            format: "test",
            imported_at: at(*second),
            complete: *complete,
            most_closed,
        };
        import.finish(&input).unwrap()
    }

    #[test]
    fn what_a_later_record_of_the_asset_does_not_name_is_gone() {
        let (_dir, mut store) = store();
        import_file(&mut store, &(1, Some(vec![1, 2]), true));
        import_file(&mut store, &(2, None, true));
        import_file(&mut store, &(3, Some(vec![1]), false));
        assert_eq!(of(&store, "vm").len(), 2, "no field, or no end, says nothing");
        let before = store.page_version().unwrap();
        import_file(&mut store, &(4, Some(vec![1]), true));
        assert_eq!(of(&store, "vm"), ["vm>1"]);
        assert_eq!(store.relation_pages_since(before).unwrap(), [0]);
        import_file(&mut store, &(5, Some(vec![]), true));
        assert!(of(&store, "vm").is_empty(), "an empty list names none");
        import_file(&mut store, &(6, Some(vec![2]), true));
        assert_eq!(of(&store, "vm"), ["vm>2"]);
    }

    #[test]
    fn what_files_end_is_counted_and_held_where_it_is_too_much_to_believe() {
        let (_dir, mut store) = store();
        let most = Some(MostClosed { percent: 50, always: 1 });
        let ended = |seen: crate::Seen| (seen.relations_ended, seen.relations_held);
        assert_eq!(ended(import_file(&mut store, &(1, Some(vec![1, 2, 3]), true))), (0, None));
        let seen = import_at_most(&mut store, &(2, Some(vec![1, 2]), true), most);
        assert_eq!(ended(seen), (1, None));
        let seen = import_at_most(&mut store, &(3, Some(vec![]), true), most);
        assert_eq!(ended(seen), (0, Some(Held { closes: 2, open: 2 })));
        assert_eq!(of(&store, "vm").len(), 2);
        // What is not believed ends nothing later either.
        assert_eq!(ended(import_file(&mut store, &(4, Some(vec![]), false))), (0, None));
        assert_eq!(ended(import_file(&mut store, &(5, Some(vec![1]), true))), (1, None));
        assert_eq!(ended(import_file(&mut store, &(6, Some(vec![]), true))), (1, None));
        assert!(of(&store, "vm").is_empty());
    }

    #[test]
    fn what_a_platform_lists_no_file_ends() {
        let (_dir, mut store) = store();
        import_file(&mut store, &(1, Some(vec![1, 2]), true));
        let mut seen = Touched::default();
        seen.relations.insert(1);
        store
            .reading_note((reading(1), Noted::Page(0)), &seen, (&mut Touched::default(), at(1)))
            .unwrap();
        store.reading_settle((reading(1), 1), (None, at(1)), &mut Touched::default()).unwrap();
        import_file(&mut store, &(2, Some(vec![]), true));
        assert_eq!(of(&store, "vm"), ["vm>1"]);
    }

    fn files() -> impl Strategy<Value = (Vec<File>, Vec<File>)> {
        let named = proptest::option::of(proptest::collection::vec(0..3_usize, 0..3));
        let file = (named, proptest::bool::weighted(0.8));
        proptest::collection::vec(file, 1..7).prop_flat_map(|files| {
            let timed = (1_i64..).zip(files).map(|(second, (named, end))| (second, named, end));
            let files: Vec<File> = timed.collect();
            (Just(files.clone()), Just(files).prop_shuffle())
        })
    }

    fn said() -> impl Strategy<Value = Vec<(usize, i64, i64)>> {
        proptest::collection::vec((0..4_usize, 0..4_i64, 0..3_i64), 1..12)
    }

    const NAMES: [&str; 4] = ["a>x", "b>x", "x>y", "a>y"];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_files_end_does_not_hang_on_their_order((files, shuffled) in files()) {
            let ((_one, mut in_order), (_two, mut other)) = (store(), store());
            for (one, two) in files.iter().zip(&shuffled) {
                import_file(&mut in_order, one);
                import_file(&mut other, two);
            }
            let told = files.iter().filter(|(_, named, complete)| *complete && named.is_some());
            let told = told.map(|file| file.0).max().unwrap_or_default();
            let names = |other: usize| move |file: &&File| {
                file.1.as_ref().is_some_and(|named| named.contains(&other))
            };
            let stands = |other: usize| {
                files.iter().rev().find(names(other)).is_some_and(|file| file.0 >= told)
            };
            let expected: Vec<String> =
                (0..3).filter(|other| stands(*other)).map(|other| format!("vm>{other}")).collect();
            prop_assert_eq!(&of(&in_order, "vm"), &expected);
            prop_assert_eq!(&of(&other, "vm"), &expected);
        }


        #[test]
        fn order_files_and_repeats_do_not_matter(
            (one, other) in said().prop_flat_map(|all| {
                let shuffled = Just(all.clone()).prop_shuffle();
                (Just(all), shuffled)
            }),
            cut in 0..12_usize,
        ) {
            let named = |all: &[(usize, i64, i64)]| {
                all.iter().map(|(n, s, c)| (NAMES[*n], *s, *c)).collect::<Vec<_>>()
            };
            let (_dir, mut at_once) = store();
            let (outcomes, _) = import(&mut at_once, &named(&one));
            prop_assert_eq!(outcomes.len(), one.len());
            let (_dir, mut in_parts) = store();
            let (first, second) = other.split_at(cut.min(other.len()));
            import(&mut in_parts, &named(first));
            import(&mut in_parts, &named(second));
            let (again, _) = import(&mut in_parts, &named(&other));
            prop_assert!(again.iter().all(|outcome| *outcome == Outcome::Unchanged));
            for asset in ["a", "b", "x", "y"] {
                prop_assert_eq!(of(&at_once, asset), of(&in_parts, asset));
            }
        }
    }
}
