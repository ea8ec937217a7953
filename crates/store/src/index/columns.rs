//! The columns that are kept of issues and findings, thousands of rows a page.

use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;
use quell_model::{Decision, FindingClass, Severity, Status};

use super::assets::Assets;
use super::chunked::Chunked;
use super::sums::AssetSums;
use crate::brief::{Facets, Place};

/// Status, severity and decision of an issue in one byte; 0 in the lowest three bits where the
/// page has no such issue.
pub(super) fn issue_state(facets: &Facets, place: &Place) -> u8 {
    facets.status & 7 | (facets.severity & 7) << 3 | (place.decision & 3) << 6
}

/// The status of a state, as pages number it.
pub(super) const fn status_of(state: u8) -> u8 {
    state & 7
}

/// The severity of an issue's state, as pages number it.
pub(super) const fn severity_of(state: u8) -> u8 {
    state >> 3 & 7
}

/// The decision of an issue's state, as pages number it.
pub(super) const fn decision_of(state: u8) -> u8 {
    state >> 6
}

/// The status that pages number so.
pub(super) fn status(number: u8) -> Option<Status> {
    let all = [Status::Open, Status::InProgress, Status::Suppressed, Status::Resolved];
    all.get(usize::from(number.checked_sub(1)?)).copied()
}

/// The severity that pages number so.
pub(super) fn severity(number: u8) -> Option<Severity> {
    Severity::ALL.get(usize::from(number)).copied()
}

/// The decision that pages number so.
pub(super) fn decision(number: u8) -> Option<Decision> {
    Decision::ALL.get(usize::from(number)).copied()
}

/// The kind of fault that pages number so.
pub(super) fn class(number: u8) -> Option<FindingClass> {
    FindingClass::ALL.get(usize::from(number)).copied()
}

/// What many issues have in common: numbers of names, and the kind of fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Group {
    pub(super) control: u32,
    pub(super) tools: u32,
    pub(super) place: u32,
    pub(super) team: u32,
    pub(super) class: u8,
}

/// One page of issues, by column. All but the state are shared with what shows fewer rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct IssuePage {
    pub(super) state: Vec<u8>,
    pub(super) score: Arc<Vec<u16>>,
    pub(super) group: Arc<Vec<u32>>,
    pub(super) asset: Arc<Vec<u32>>,
    /// The first bytes of the key.
    pub(super) key: Arc<Vec<u64>>,
    /// Days since 1970; 0 where it is not known.
    pub(super) first_day: Arc<Vec<u16>>,
}

/// One page of findings, by column. All but the state are shared with what shows fewer rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FindingPage {
    /// The status, and one more than the severity where that is known.
    pub(super) state: Vec<u8>,
    /// A number of [`Inner::tools`].
    pub(super) tool: Arc<Vec<u16>>,
    pub(super) issue: Arc<Vec<u32>>,
    /// Seconds since 1970.
    pub(super) last_seen: Arc<Vec<u32>>,
}

/// Names by their numbers, and places taken apart.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    pub(super) names: HashMap<u32, Arc<str>>,
    /// Provider, account, region and kind.
    pub(super) places: HashMap<u32, [Arc<str>; 4]>,
}

/// All columns at one moment.
#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) issues: Vec<Arc<IssuePage>>,
    /// When each issue was last seen, page by page: the latest of its findings.
    pub(super) seen: Vec<Arc<Vec<u32>>>,
    pub(super) findings: Vec<Arc<FindingPage>>,
    pub(super) groups: Chunked<Group>,
    /// Numbers of names; the first is that of a tool that is not known.
    pub(super) tools: Chunked<u32>,
    pub(super) assets: Assets,
    pub(super) texts: Arc<Texts>,
    pub(super) version: i64,
    pub(super) sums: OnceLock<AssetSums>,
    /// Whether only some of the issues are shown.
    pub(super) is_limited: bool,
    /// What tells apart what exceptions hide in it; 0 where they hide nothing.
    pub(super) hidden: u64,
}

impl Inner {
    /// The same, to be changed.
    pub(super) fn copy(&self) -> Self {
        Self {
            issues: self.issues.clone(),
            seen: self.seen.clone(),
            findings: self.findings.clone(),
            groups: self.groups.clone(),
            tools: self.tools.clone(),
            assets: self.assets.clone(),
            texts: Arc::clone(&self.texts),
            version: self.version,
            sums: OnceLock::new(),
            is_limited: self.is_limited,
            hidden: self.hidden,
        }
    }

    /// The group of an issue; `None` where there is no such row.
    pub(super) fn group_of(&self, row: u32) -> Option<u32> {
        self.issues.get(page_of(row))?.group.get(slot_of(row)).copied()
    }

    pub(super) fn name(&self, number: u32) -> &str {
        self.texts.names.get(&number).map(AsRef::as_ref).unwrap_or_default()
    }
}

impl Inner {
    /// About how many bytes the columns and the keys of assets take.
    pub(super) fn heap_bytes(&self) -> usize {
        let issues = self.issues.iter().map(|page| page.state.len()).sum::<usize>();
        let findings = self.findings.iter().map(|page| page.state.len()).sum::<usize>();
        issues * ISSUE_BYTES + findings * FINDING_BYTES + self.assets.heap_bytes()
    }
}

/// Bytes of all columns of one issue: state, score, group, asset, key, first and last seen.
const ISSUE_BYTES: usize = 1 + 2 + 4 + 4 + 8 + 2 + 4;
/// Bytes of all columns of one finding: state, tool, issue and last seen.
const FINDING_BYTES: usize = 1 + 2 + 4 + 4;

const PAGE_BITS: u32 = 12;

pub(super) fn page_of(row: u32) -> usize {
    usize::try_from(row >> PAGE_BITS).unwrap_or(usize::MAX)
}

pub(super) fn slot_of(row: u32) -> usize {
    usize::try_from(row & ((1 << PAGE_BITS) - 1)).unwrap_or_default()
}

/// The row behind a page and a slot.
pub(super) const fn row_of(page: u32, slot: u32) -> u32 {
    page << PAGE_BITS | slot
}
