//! What incidents are built from: all of it, or what is newer than a reader knows.

use std::hash::{DefaultHasher, Hasher as _};

use rusqlite::{OptionalExtension, params};

use crate::brief::{PAGE, Place, facets_of, places_of, stamps_of, texts};
use crate::facts::facts_of;
use crate::pages::{self, Kind};
use crate::{Packed, Store, StoreError};

/// What incidents need of the issues of one page, still packed: unpacking takes time, and callers
/// do it on threads of their own.
#[derive(Debug)]
pub struct CandidatePage {
    first: i64,
    facets: Packed,
    candidates: Packed,
}

impl CandidatePage {
    /// Calls back for each open issue: its row, and what was written for it.
    ///
    /// # Errors
    /// When the page is damaged, or what the callback says.
    pub fn each_open<E: From<StoreError>>(
        &self,
        mut each: impl FnMut(i64, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let (facets, candidates) = (self.facets.unpack()?, self.candidates.unpack()?);
        let rows = (self.first..).zip(facets_of(&facets)).zip(texts(&candidates));
        for ((id, facets), candidate) in rows {
            if facets.is_open() {
                each(id, candidate)?;
            }
        }
        Ok(())
    }
}

/// The issues of one page, some of which a reader does not know; still packed.
#[derive(Debug)]
pub struct NewsPage {
    first: i64,
    since: i64,
    facets: Packed,
    places: Option<Packed>,
    stamps: Option<Packed>,
    candidates: Packed,
}

/// An issue that was judged since a reader looked.
#[derive(Debug, Clone, Copy)]
pub struct News<'p> {
    /// Its row.
    pub row: i64,
    /// What was written for it, as the caller wrote it; `None` where it is not open.
    pub candidate: Option<&'p [u8]>,
    /// The number of the name of who owns its asset; 0 where it is not known.
    pub team: u32,
    /// The number of the names of the tools that see it, with a comma between; 0 where none is.
    pub tools: u32,
}

impl NewsPage {
    /// Calls back for each issue that the reader does not know, open or not.
    ///
    /// # Errors
    /// When the page is damaged, or what the callback says.
    pub fn each<E: From<StoreError>>(
        &self,
        mut each: impl FnMut(News<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (facets, candidates) = (self.facets.unpack()?, self.candidates.unpack()?);
        let places = self.places.as_ref().map(Packed::unpack).transpose()?.unwrap_or_default();
        let stamps = self.stamps.as_ref().map(Packed::unpack).transpose()?.unwrap_or_default();
        let (places, stamps) = (places_of(&places), stamps_of(&stamps));
        let places = places.into_iter().chain(std::iter::repeat(Place::default()));
        let stamps = stamps.into_iter().chain(std::iter::repeat(0));
        let rows = facets_of(&facets).into_iter().zip(texts(&candidates)).zip(places).zip(stamps);
        for (row, (((facets, candidate), place), stamp)) in (self.first..).zip(rows) {
            if self.since == 0 || stamp > self.since {
                let candidate = facets.is_open().then_some(candidate);
                each(News { row, candidate, team: place.team, tools: facets.tools })?;
            }
        }
        Ok(())
    }
}

impl Store {
    /// The number of what was written last.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn page_version(&self) -> Result<i64, StoreError> {
        pages::version(&self.connection)
    }

    /// The pages of issues that were written since, in order.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn pages_since(&self, version: i64) -> Result<Vec<i64>, StoreError> {
        pages::since(&self.connection, Kind::Issues, version)
    }

    /// Pages of issues by their numbers, for a reader that knows what was written until then; one
    /// that knows nothing gives 0.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_news(&self, numbers: &[i64], since: i64) -> Result<Vec<NewsPage>, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT f.body, p.body, s.body, c.body FROM issue_facets f
               JOIN issue_candidates c ON c.page = f.page
               LEFT JOIN issue_places p ON p.page = f.page
               LEFT JOIN issue_stamps s ON s.page = f.page WHERE f.page = ?1",
        )?;
        let mut pages = Vec::with_capacity(numbers.len());
        for number in numbers {
            let row = select.query_row(params![number], |row| {
                let maybe = |body: Option<Vec<u8>>| body.map(Packed::from_stored);
                Ok(NewsPage {
                    first: number * PAGE,
                    since,
                    facets: Packed::from_stored(row.get(0)?),
                    places: maybe(row.get(1)?),
                    stamps: maybe(row.get(2)?),
                    candidates: Packed::from_stored(row.get(3)?),
                })
            });
            pages.extend(row.optional()?);
        }
        Ok(pages)
    }

    /// The issues of whose findings some stand on pages that were written since, with others of
    /// those pages; each once.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issues_seen_since(&self, version: i64) -> Result<Vec<u32>, StoreError> {
        let mut issues = Vec::new();
        let mut select =
            self.connection.prepare_cached("SELECT body FROM finding_facets WHERE page = ?1")?;
        for page in pages::since(&self.connection, Kind::Findings, version)? {
            let row = select.query_row(params![page], |row| Ok(Packed::from_stored(row.get(0)?)));
            let Some(body) = row.optional()? else { continue };
            issues.extend(facts_of(&body.unpack()?).iter().map(|facts| facts.issue));
        }
        issues.sort_unstable();
        issues.dedup();
        Ok(issues)
    }

    /// A number that is another once anything about an issue's findings is.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn findings_digest(&self, issue: i64) -> Result<u64, StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, content_hash, last_seen, reported, gone_by FROM findings
             WHERE issue = ?1 ORDER BY id",
        )?;
        let mut rows = select.query(params![issue])?;
        let mut hasher = DefaultHasher::new();
        while let Some(row) = rows.next()? {
            for column in 0..5 {
                hasher.write_i64(row.get(column)?);
            }
        }
        Ok(hasher.finish())
    }

    /// The text that a number of [`News`] stands for.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn name_get(&self, number: u32) -> Result<Option<String>, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT name FROM names WHERE id = ?1")?;
        Ok(select.query_row(params![number], |row| row.get(0)).optional()?)
    }

    /// How many issues are open.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_count_open(&self) -> Result<u64, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT body FROM issue_facets")?;
        let mut rows = select.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            let facets = facets_of(&Packed::from_stored(row.get(0)?).unpack()?);
            count += facets.iter().map(|facets| u64::from(facets.is_open())).sum::<u64>();
        }
        Ok(count)
    }

    /// What incidents need of the issues behind a page, up to `limit` pages; pages begin at 0.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn candidate_pages(
        &self,
        from: i64,
        limit: u32,
    ) -> Result<(Vec<CandidatePage>, i64), StoreError> {
        let mut select = self.connection.prepare_cached(
            "SELECT f.page, f.body, c.body FROM issue_facets f JOIN issue_candidates c ON c.page = f.page
             WHERE f.page >= ?1 ORDER BY f.page LIMIT ?2",
        )?;
        let mut rows = select.query(params![from, limit])?;
        let (mut pages, mut next) = (Vec::new(), from);
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            next = number + 1;
            pages.push(CandidatePage {
                first: number * PAGE,
                facets: Packed::from_stored(row.get(1)?),
                candidates: Packed::from_stored(row.get(2)?),
            });
        }
        Ok((pages, next))
    }
}
