//! Reading the findings of detections, and of what stands where they lead.

use std::collections::BTreeMap;

use quell_correlate::{Candidate, Shared};
use quell_store::{FindingRow, NewsPage, Store};
use rayon::prelude::*;

use super::Following;
use crate::PipelineError;
use crate::assess::member;
use crate::report::Kept;

/// Issues of a page of the store.
const PAGE: u32 = 4096;
/// Issues whose findings are read at once.
const AT_ONCE: usize = 256;

impl Following {
    /// Learns what detections say, and what stands where they lead. `seen` are issues of whose
    /// findings some may have changed.
    pub(super) fn learn(&mut self, store: &Store, seen: &[u32]) -> Result<(), PipelineError> {
        for row in seen {
            let Some(known) = self.learned.get(row) else { continue };
            if *known != store.findings_digest(i64::from(*row))? {
                self.standing.forget(*row);
            }
        }
        let unknown = self.standing.unknown();
        self.learn_all(store, &unknown)?;
        let mut wanted = self.standing.wanted();
        wanted.sort_unstable();
        wanted.dedup();
        self.learn_all(store, &wanted)?;
        let standing = &self.standing;
        self.learned.retain(|row, _| standing.knows(*row));
        Ok(())
    }

    fn learn_all(&mut self, store: &Store, rows: &[u32]) -> Result<(), PipelineError> {
        let mut candidates = candidates(store, rows)?;
        for candidate in candidates.values_mut().filter(|candidate| candidate.is_detection()) {
            let names = self.links.names(store, candidate.asset())?;
            candidate.is_also(&names);
        }
        // What an opening says beyond the issue is not looked at.
        let is_alone = |_: &u32, candidate: &mut Candidate| {
            !candidate.is_detection() && !candidate.is_weakness()
        };
        for (row, candidate) in candidates.extract_if(.., is_alone) {
            self.standing.learned(row, candidate);
        }
        let mut left = candidates.into_iter();
        loop {
            let mut read: Vec<(u32, Candidate, Vec<FindingRow>)> = Vec::with_capacity(AT_ONCE);
            for (row, candidate) in left.by_ref().take(AT_ONCE) {
                self.learned.insert(row, store.findings_digest(i64::from(row))?);
                read.push((row, candidate, store.finding_list(i64::from(row))?));
            }
            if read.is_empty() {
                return Ok(());
            }
            let learned: Vec<(u32, Candidate)> =
                read.into_par_iter().map(learned).collect::<Result<_, _>>()?;
            learned.into_iter().for_each(|(row, of)| self.standing.learned(row, of));
        }
    }
}

fn learned(
    (row, mut candidate, findings): (u32, Candidate, Vec<FindingRow>),
) -> Result<(u32, Candidate), PipelineError> {
    let members = findings.iter().map(member).collect::<Result<Vec<_>, _>>()?;
    candidate.learn(&members);
    Ok((row, candidate))
}

/// Candidates as they are stored, by their rows, which stand in order.
fn candidates(store: &Store, rows: &[u32]) -> Result<BTreeMap<u32, Candidate>, PipelineError> {
    let mut pages: Vec<i64> = rows.iter().map(|row| i64::from(row / PAGE)).collect();
    pages.dedup();
    let mut found = BTreeMap::new();
    for numbers in pages.chunks(super::PAGES) {
        let news = store.issue_news(numbers, 0)?;
        let read: Vec<Vec<(u32, Candidate)>> =
            news.par_iter().map(|page| of_page(page, rows)).collect::<Result<_, _>>()?;
        found.extend(read.into_iter().flatten());
    }
    Ok(found)
}

fn of_page(page: &NewsPage, rows: &[u32]) -> Result<Vec<(u32, Candidate)>, PipelineError> {
    let (mut read, mut shared) = (Vec::new(), Shared::default());
    page.each(|news| {
        let row = u32::try_from(news.row).ok().filter(|row| rows.binary_search(row).is_ok());
        let (Some(row), Some(kept)) = (row, news.candidate) else { return Ok(()) };
        let kept: Kept<'_> = serde_json::from_slice(kept)?;
        read.push((row, kept.candidate(&mut shared)));
        Ok::<_, PipelineError>(())
    })?;
    Ok(read)
}
