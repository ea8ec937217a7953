//! Which issues exceptions hide. It is found out when it is read, and never written: an
//! exception that ends hides nothing from that moment on.
//!
//! What was found out is kept beside the connection. While the same exceptions hold, only pages
//! that were written since are judged again.

use std::collections::BTreeMap;
use std::sync::Arc;

use quell_govern::exception::{Exception, State};
use quell_govern::expression::Expression;
use quell_model::{Severity, Timestamp};
use rusqlite::Connection;

use super::exceptions::{list, version};
use super::judge::{Hits, Rules, Texts, bit, judge};
use crate::brief::PAGE;
use crate::pages::{self, Kind};
use crate::{IdSet, Store, StoreError};

/// An exception that hides issues now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hiding {
    /// Its id.
    pub id: String,
    /// Why, as who asked for it says.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// When it ends at the latest.
    pub until: Timestamp,
    /// The severities of which it hides issues, as bits.
    severities: u8,
}

/// Which open issues exceptions hide at one moment.
#[derive(Debug, Default)]
pub struct Suppression {
    hiding: Vec<Hiding>,
    rules: Arc<Rules>,
    known: Texts,
    /// The slots of each page with a hidden issue, and which exception hides it.
    pages: BTreeMap<i64, Hits>,
    rows: IdSet,
    /// Which exceptions were looked at.
    version: i64,
    /// How far pages were read.
    read_to: i64,
    /// Until when the same exceptions hold.
    holds: Option<(Timestamp, Timestamp)>,
}

impl Suppression {
    /// The rows of hidden issues.
    #[must_use]
    pub const fn rows(&self) -> &IdSet {
        &self.rows
    }

    /// Whether an issue is hidden.
    #[must_use]
    pub fn hides(&self, row: i64) -> bool {
        self.rows.contains(row)
    }

    /// The exception that hides an issue: the first by its id, where several do.
    #[must_use]
    pub fn by(&self, row: i64) -> Option<&Hiding> {
        let slot = u32::try_from(row % PAGE).ok()?;
        let hits = self.pages.get(&(row / PAGE))?;
        let (_, rule) = hits.iter().find(|(at, _)| *at == slot)?;
        self.hiding.get(usize::try_from(*rule).ok()?)
    }

    /// How many issues each exception hides that hides any, by its id.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&str, u64> {
        let mut counts = BTreeMap::new();
        for (_, rule) in self.pages.values().flatten() {
            let hiding = usize::try_from(*rule).ok().and_then(|at| self.hiding.get(at));
            if let Some(hiding) = hiding {
                *counts.entry(hiding.id.as_str()).or_default() += 1;
            }
        }
        counts
    }

    /// How far pages were judged.
    #[must_use]
    pub const fn read_to(&self) -> i64 {
        self.read_to
    }

    /// What tells this from what other exceptions hide: two that are alike hide the same of the
    /// same issues.
    #[must_use]
    pub fn mark(&self) -> u64 {
        let mut hasher = blake3::Hasher::new();
        for hiding in &self.hiding {
            hasher.update(hiding.id.as_bytes()).update(&[0, hiding.severities]);
        }
        let hash = hasher.finalize();
        hash.as_bytes().first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first))
    }

    /// The rows of a page's hidden issues.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (i64, &Hits)> {
        self.pages.iter().filter(|(_, hits)| !hits.is_empty()).map(|(page, hits)| (*page, hits))
    }

    fn holds_at(&self, now: Timestamp) -> bool {
        self.holds.is_some_and(|(from, to)| from <= now && now < to)
    }

    /// What hides at a moment. Nothing is judged yet.
    fn begin(connection: &Connection, version: i64, now: Timestamp) -> Result<Self, StoreError> {
        let granted = list(connection, &[State::Granted])?;
        let mut found = Self { version, ..Self::default() };
        let mut rules: Vec<(Expression, u8)> = Vec::new();
        for exception in &granted {
            let hidden = Severity::ALL.into_iter().filter(|s| exception.hides_at(*s, now));
            let severities = hidden.fold(0, |bits, severity| bits | bit(severity));
            // A scope of a newer program says nothing to this one.
            let Ok(scope) = exception.request.scope.parse::<Expression>() else { continue };
            if severities != 0 {
                rules.push((scope, severities));
                found.hiding.push(Hiding::of(exception, severities));
            }
        }
        found.rules = Arc::new(Rules::new(rules));
        let begun = granted.iter().filter_map(Exception::granted_at);
        let begun = begun.filter(|from| *from <= now).max().unwrap_or(Timestamp::MIN);
        let past = granted.iter().flat_map(|one| one.ends.values()).filter(|end| **end <= now);
        let from = past.copied().max().map_or(begun, |past| past.max(begun));
        let to = granted.iter().filter_map(|one| one.next_change(now)).min();
        found.holds = Some((from, to.unwrap_or(Timestamp::MAX)));
        Ok(found)
    }

    /// The same exceptions, to be judged of what was written since.
    fn again(&self) -> Self {
        Self {
            hiding: self.hiding.clone(),
            rules: Arc::clone(&self.rules),
            known: self.known.clone(),
            pages: self.pages.clone(),
            rows: IdSet::default(),
            version: self.version,
            read_to: self.read_to,
            holds: self.holds,
        }
    }

    fn judge(&mut self, connection: &Connection, read_to: i64) -> Result<(), StoreError> {
        if !self.hiding.is_empty() {
            let numbers = pages::since(connection, Kind::Issues, self.read_to)?;
            for (page, hits) in judge(connection, &numbers, &self.rules, &mut self.known)? {
                self.pages.insert(page, hits);
            }
        }
        self.read_to = read_to;
        let rows = self.pages.iter().flat_map(|(page, hits)| {
            hits.iter().map(move |(slot, _)| page * PAGE + i64::from(*slot))
        });
        self.rows.extend(rows);
        Ok(())
    }
}

impl Hiding {
    fn of(exception: &Exception, severities: u8) -> Self {
        Self {
            id: exception.id.clone(),
            reason: exception.request.reason.clone(),
            owner: exception.request.owner.clone(),
            until: exception.request.until,
            severities,
        }
    }
}

impl Store {
    /// Which open issues exceptions hide now.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn suppression(&self, now: Timestamp) -> Result<Arc<Suppression>, StoreError> {
        // One moment for all reads, unless the caller has begun one.
        let _moment = match self.connection.is_autocommit() {
            true => Some(self.connection.unchecked_transaction()?),
            false => None,
        };
        let known = Arc::clone(&self.hidden.borrow());
        let version = version(&self.connection)?;
        let read_to = pages::version(&self.connection)?;
        let same = known.version == version && known.holds_at(now) && known.read_to <= read_to;
        if same && (known.read_to == read_to || known.hiding.is_empty()) {
            return Ok(known);
        }
        let mut found =
            if same { known.again() } else { Suppression::begin(&self.connection, version, now)? };
        found.judge(&self.connection, read_to)?;
        let found = Arc::new(found);
        *self.hidden.borrow_mut() = Arc::clone(&found);
        Ok(found)
    }
}
