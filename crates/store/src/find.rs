//! Finding issues among all by what lists filter on, without their bodies.

use std::collections::BTreeSet;
use std::sync::Arc;

use quell_model::{Severity, Status};
use rayon::prelude::*;
use rusqlite::params;

use crate::brief::{Facets, PAGE, facets_of, severity_number, status_number, texts};
use crate::{Among, Packed, Store, StoreError, Suppression};

/// What issues are asked for. Empty asks for all.
#[derive(Debug, Clone, Default)]
pub struct IssueFilter {
    /// One of these severities.
    pub severities: Vec<Severity>,
    /// One of these statuses.
    pub statuses: Vec<Status>,
    /// This control, or one below it: `aws.s3` asks for all of S3.
    pub control: Option<String>,
    /// This text in the asset's key, in any case.
    pub asset: Option<String>,
    /// Seen by this tool.
    pub tool: Option<String>,
    /// One of these issues.
    pub among: Option<Among>,
    /// What exceptions hide is suppressed.
    pub suppression: Arc<Suppression>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct IssuesFound {
    /// How many issues there are.
    pub count: u64,
    /// The rows of the riskiest.
    pub rows: Vec<i64>,
}

/// A filter with the numbers that pages keep; `None` where all fit.
struct Wanted {
    severities: Option<BTreeSet<u8>>,
    statuses: Option<BTreeSet<u8>>,
    controls: Option<BTreeSet<u32>>,
    tools: Option<BTreeSet<u32>>,
    asset: Option<String>,
    among: Option<Among>,
    suppression: Arc<Suppression>,
}

/// Riskiest first, then in the order of keys.
type Rank = (std::cmp::Reverse<u16>, u64, i64);

impl Store {
    /// Counts the issues that fit, and names the riskiest of them.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn issue_find(
        &self,
        filter: &IssueFilter,
        limit: usize,
    ) -> Result<IssuesFound, StoreError> {
        let wanted = self.wanted(filter)?;
        let sql = if wanted.asset.is_some() {
            "SELECT f.page, f.body, a.body FROM issue_facets f JOIN issue_assets a ON a.page = f.page"
        } else {
            "SELECT page, body, NULL FROM issue_facets"
        };
        let mut select = self.connection.prepare_cached(sql)?;
        let mut rows = select.query([])?;
        let mut pages: Vec<(i64, Packed, Option<Packed>)> = Vec::new();
        while let Some(row) = rows.next()? {
            let assets = row.get::<_, Option<Vec<u8>>>(2)?.map(Packed::from_stored);
            pages.push((row.get(0)?, Packed::from_stored(row.get(1)?), assets));
        }
        let ranks: Vec<Vec<Rank>> = pages
            .par_iter()
            .map(|(page, facets, assets)| wanted.among(*page, facets, assets.as_ref()))
            .collect::<Result<_, _>>()?;
        let mut ranks = ranks.concat();
        let count = u64::try_from(ranks.len()).unwrap_or(u64::MAX);
        if limit < ranks.len() {
            ranks.select_nth_unstable(limit);
            ranks.truncate(limit);
        }
        ranks.sort_unstable();
        Ok(IssuesFound { count, rows: ranks.into_iter().map(|(_, _, row)| row).collect() })
    }

    fn wanted(&self, filter: &IssueFilter) -> Result<Wanted, StoreError> {
        let controls = filter.control.as_deref().map(|control| {
            self.name_numbers(
                "SELECT id FROM names WHERE name = ?1 OR substr(name, 1, length(?1) + 1) = ?1 || '.'",
                control,
            )
        });
        let tools = filter.tool.as_deref().map(|tool| {
            self.name_numbers(
                "SELECT id FROM names WHERE instr(',' || name || ',', ',' || ?1 || ',') > 0",
                tool,
            )
        });
        let some = |numbers: BTreeSet<u8>| (!numbers.is_empty()).then_some(numbers);
        Ok(Wanted {
            severities: some(filter.severities.iter().map(|s| severity_number(*s)).collect()),
            statuses: some(filter.statuses.iter().map(|s| status_number(*s)).collect()),
            controls: controls.transpose()?,
            tools: tools.transpose()?,
            asset: filter.asset.as_deref().map(str::to_lowercase),
            among: filter.among.clone(),
            suppression: Arc::clone(&filter.suppression),
        })
    }

    fn name_numbers(&self, sql: &str, name: &str) -> Result<BTreeSet<u32>, StoreError> {
        let mut select = self.connection.prepare_cached(sql)?;
        let rows = select.query_map(params![name], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Wanted {
    fn among(
        &self,
        page: i64,
        facets: &Packed,
        assets: Option<&Packed>,
    ) -> Result<Vec<Rank>, StoreError> {
        let facets = facets_of(&facets.unpack()?);
        let rank = |(id, f): (i64, &Facets)| (std::cmp::Reverse(f.score), f.key, id);
        let fits = |id: i64, facets: &Facets| {
            self.fits(id, facets) && self.among.as_ref().is_none_or(|among| among.holds(id))
        };
        let rows = (page * PAGE..).zip(&facets);
        let (Some(asset), Some(assets)) = (&self.asset, assets) else {
            return Ok(rows.filter(|(id, facets)| fits(*id, facets)).map(rank).collect());
        };
        // All assets of the page are searched as one text, since most hold nothing that is asked
        // for; a hit across two of them finds nothing below.
        let assets = assets.unpack()?;
        if memchr::memmem::find(&assets, asset.as_bytes()).is_none() {
            return Ok(Vec::new());
        }
        let finder = memchr::memmem::Finder::new(asset.as_bytes());
        let named = rows.zip(texts(&assets));
        let fitting = named
            .filter(|((id, facets), text)| fits(*id, facets) && finder.find(text).is_some())
            .map(|(row, _)| rank(row));
        Ok(fitting.collect())
    }

    fn fits(&self, id: i64, facets: &Facets) -> bool {
        let hidden = self.suppression.hides(id).then(|| status_number(Status::Suppressed));
        let status = hidden.unwrap_or(facets.status);
        facets.status != 0
            && self.severities.as_ref().is_none_or(|all| all.contains(&facets.severity))
            && self.statuses.as_ref().is_none_or(|all| all.contains(&status))
            && self.controls.as_ref().is_none_or(|all| all.contains(&facets.control))
            && self.tools.as_ref().is_none_or(|all| all.contains(&facets.tools))
    }
}
