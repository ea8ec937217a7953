//! What is kept of every open issue beside its story: what it says, whose it is, and what to do.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use quell_model::Decision;
use quell_risk::Provisional;
use quell_store::Store;

use crate::PipelineError;
use crate::priority::Says;
use crate::report::Open;

/// Rows for which room is made at once.
const MORE_ROWS: usize = 65_536;

/// Values that many issues share, by number.
#[derive(Debug)]
pub(super) struct Numbered<T> {
    numbers: HashMap<T, u32>,
    list: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), list: Vec::new() }
    }
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    fn number(&mut self, value: &T) -> u32 {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(value.clone());
        self.numbers.insert(value.clone(), number);
        number
    }

    fn get(&self, number: u32) -> Option<&T> {
        self.list.get(usize::try_from(number).ok()?)
    }
}

/// The decision on an issue, what it is where a tool hides the issue, and what where it is stale.
type Words = [Decision; 3];

/// What is kept of an open issue.
#[derive(Debug, Clone, Copy)]
struct Cell {
    /// From when on it is stale, in nanoseconds since 1970.
    stale_from: i64,
    says: u32,
    control: u32,
    team: u32,
    tools: u32,
    /// The score by what it alone says.
    score: u16,
    own: Words,
    /// With what others know of its asset.
    words: Words,
    /// What holds now.
    decision: Decision,
    has_weakness: bool,
    is_hidden: bool,
    is_open: bool,
}

const NONE: Cell = Cell {
    stale_from: i64::MAX,
    says: 0,
    control: 0,
    team: 0,
    tools: 0,
    score: 0,
    own: [Decision::Noise; 3],
    words: [Decision::Noise; 3],
    decision: Decision::Noise,
    has_weakness: false,
    is_hidden: false,
    is_open: false,
};

/// What issues come to together.
pub(super) struct Sum {
    /// What to do about the most urgent of them.
    pub(super) decision: Decision,
    /// The numbers of those who own their assets.
    pub(super) teams: Vec<u32>,
    /// The numbers of the tools that see them.
    pub(super) tools: Vec<u32>,
}

impl Sum {
    fn add(&mut self, (team, tools): (u32, u32)) {
        for (list, number) in [(&mut self.teams, team), (&mut self.tools, tools)] {
            if let Err(at) = list.binary_search(&number) {
                list.insert(at, number);
            }
        }
    }
}

/// What is kept of every open issue, by row.
#[derive(Debug, Default)]
pub(super) struct Cells {
    cells: Vec<Cell>,
    says: Numbered<Says>,
    texts: Numbered<Arc<str>>,
    /// Numbers of texts by the numbers that the store gives names.
    names: HashMap<u32, u32>,
}

fn slot(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

impl Cells {
    pub(super) fn reserve(&mut self, rows: usize) {
        self.cells.reserve_exact(rows.saturating_sub(self.cells.len()));
    }

    pub(super) fn put(
        &mut self,
        store: &Store,
        row: u32,
        open: &Open,
        (team, tools): (u32, u32),
    ) -> Result<(), PipelineError> {
        let words = open.provisional.words();
        let cell = Cell {
            stale_from: stale_from(&open.provisional),
            says: self.says.number(&open.says),
            control: self.texts.number(open.control.as_ref().unwrap_or(&Arc::from(""))),
            team: self.number_of(store, team)?,
            tools: self.number_of(store, tools)?,
            score: u16::try_from(open.candidate.score()).unwrap_or(u16::MAX),
            own: words,
            words,
            decision: self.get(row).decision,
            has_weakness: open.has_weakness,
            is_hidden: false,
            is_open: true,
        };
        if slot(row) >= self.cells.len() {
            if slot(row) >= self.cells.capacity() {
                self.reserve(slot(row) + MORE_ROWS);
            }
            self.cells.resize(slot(row) + 1, NONE);
        }
        if let Some(to) = self.cells.get_mut(slot(row)) {
            *to = cell;
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, row: u32) {
        if let Some(cell) = self.cells.get_mut(slot(row)) {
            *cell = NONE;
        }
    }

    fn number_of(&mut self, store: &Store, name: u32) -> Result<u32, PipelineError> {
        if let Some(number) = self.names.get(&name) {
            return Ok(*number);
        }
        let text = if name == 0 { None } else { store.name_get(name)? };
        let number = self.texts.number(&Arc::from(text.unwrap_or_default()));
        self.names.insert(name, number);
        Ok(number)
    }

    fn get(&self, row: u32) -> Cell {
        self.cells.get(slot(row)).copied().unwrap_or(NONE)
    }

    /// The number of what an issue says.
    pub(super) fn says_number(&self, row: u32) -> u32 {
        self.get(row).says
    }

    /// What a number stands for.
    pub(super) fn says(&self, number: u32) -> Option<&Says> {
        self.says.get(number)
    }

    /// The score by what an issue alone says.
    pub(super) fn score(&self, row: u32) -> u32 {
        u32::from(self.get(row).score)
    }

    /// The control of an issue; empty where none is known.
    pub(super) fn control(&self, row: u32) -> &str {
        self.texts.get(self.get(row).control).map_or("", |text| text)
    }

    /// What issues come to together.
    pub(super) fn sum(&self, rows: &[u32]) -> Sum {
        let mut sum = Sum { decision: Decision::Noise, teams: Vec::new(), tools: Vec::new() };
        let mut last = (u32::MAX, u32::MAX);
        for row in rows {
            let cell = self.get(*row);
            sum.decision = sum.decision.max(cell.decision);
            // Most have the same as the one before.
            if last != (cell.team, cell.tools) {
                last = (cell.team, cell.tools);
                sum.add(last);
            }
        }
        sum
    }

    /// The number of who owns an issue's asset.
    pub(super) fn team(&self, row: u32) -> u32 {
        self.get(row).team
    }

    /// The text of a number; `None` where it is empty.
    pub(super) fn text(&self, number: u32) -> Option<&Arc<str>> {
        self.texts.get(number).filter(|text| !text.is_empty())
    }

    /// Whether an issue is about a weakness, of which statements may speak.
    pub(super) fn has_weakness(&self, row: u32) -> bool {
        self.get(row).has_weakness
    }

    pub(super) fn hide(&mut self, row: u32, is_hidden: bool) {
        if let Some(cell) = self.cells.get_mut(slot(row)) {
            cell.is_hidden = is_hidden;
        }
    }

    /// What to do in the light of what others know of an issue's asset; `None` where they know
    /// nothing.
    pub(super) fn settle(&mut self, row: u32, by: Option<&Provisional>) {
        if let Some(cell) = self.cells.get_mut(slot(row)) {
            cell.words = by.map_or(cell.own, Provisional::words);
        }
    }

    /// Decides on every issue; says on which the decision is another one.
    pub(super) fn decide(
        &mut self,
        as_of: Option<i128>,
        excused: &HashMap<u32, Decision>,
    ) -> Vec<u32> {
        let now = as_of.map_or(i64::MIN, saturated);
        let mut differ = Vec::new();
        for (row, cell) in (0_u32..).zip(&mut self.cells).filter(|(_, cell)| cell.is_open) {
            let [plain, hidden, stale] = cell.words;
            let own = match (cell.is_hidden, cell.stale_from <= now) {
                (true, _) => hidden,
                (false, true) => stale,
                (false, false) => plain,
            };
            let said = if excused.is_empty() { None } else { excused.get(&row) };
            let word = said.copied().unwrap_or(own);
            if cell.decision != word {
                cell.decision = word;
                differ.push(row);
            }
        }
        differ
    }
}

fn stale_from(by: &Provisional) -> i64 {
    by.stale_from().map_or(i64::MAX, saturated)
}

/// The largest number stands for never, so a moment is less.
fn saturated(nanoseconds: i128) -> i64 {
    i64::try_from(nanoseconds.clamp(i128::from(i64::MIN), i128::from(i64::MAX - 1)))
        .unwrap_or_default()
}
