//! A double of `ServiceNow`: tables, journals, choices and rules of an instance.

mod answer;
mod people;
mod record;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quell_model::Clock;

use super::Contract;
use record::Record;

/// What an instance does otherwise than one without changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NowQuirk {
    /// It has not this table.
    NoTable(String),
    /// A data policy asks for this column of new records.
    Mandatory(String),
    /// It drops what is written to this column.
    Drops(String),
    /// It cuts this column to so many characters.
    Narrow(String, usize),
    /// A condition on this column is left out of queries.
    LeavesOut(String),
    /// A business rule of this name stops new records.
    Aborts(String),
    /// The login may not write this table.
    NoRight(String),
    /// New records are made later, and the answer says no more than that (202).
    Later,
    /// The login may make records, and not see them in the answer.
    Unseen,
    /// Journals are not shown.
    NoJournal,
    /// So many searches do not see the newest record.
    Lag(u32),
    /// Moves to this state are left undone without a word.
    Stays(String),
}

/// What is in it.
#[derive(Debug, Default)]
struct State {
    records: Vec<Record>,
    archive: Vec<Record>,
    quirks: BTreeSet<NowQuirk>,
    numbers: u32,
    /// Searches that were made since the newest record.
    searches: u32,
    files: Vec<(String, String)>,
    tokens: u32,
    /// Groups and configuration items that there are.
    others: BTreeSet<(String, String)>,
    choices: Vec<String>,
    templates: BTreeMap<String, String>,
}

/// The double.
pub struct ServiceNowDouble {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    contract: Contract,
}

impl std::fmt::Debug for ServiceNowDouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServiceNowDouble({} records)", self.state().records.len())
    }
}

impl ServiceNowDouble {
    /// The user that the double knows, its password, its API key, and the sys_id of its record.
    pub const LOGIN: (&'static str, &'static str, &'static str, &'static str) =
        ("quell", "pass-w0rd", "key-0f-quell", "11111111111111111111111111111111");
    /// A person's name and sys_id.
    pub const PERSON: (&'static str, &'static str) = ("ann", "22222222222222222222222222222222");
    /// A group that there is.
    pub const GROUP: &'static str = "33333333333333333333333333333333";
    /// A configuration item that there is.
    pub const ITEM: &'static str = "44444444444444444444444444444444";
    /// A template of standard changes that there is.
    pub const TEMPLATE: &'static str = "55555555555555555555555555555555";

    /// An instance without records.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let other = |table: &str, id: &str| (table.to_owned(), id.to_owned());
        let state = State {
            others: BTreeSet::from([
                other("sys_user_group", Self::GROUP),
                other("cmdb_ci", Self::ITEM),
            ]),
            choices: vec!["Solution provided".to_owned(), "No resolution provided".to_owned()],
            templates: BTreeMap::from([(Self::TEMPLATE.to_owned(), "As ever.".to_owned())]),
            ..State::default()
        };
        let contract = super::held::contract(include_str!("contract.json"));
        Self { state: Mutex::new(state), clock, contract }
    }

    /// The description of what Quell asks.
    #[must_use]
    pub const fn contract(&self) -> &Contract {
        &self.contract
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> String {
        self.clock.now().strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}
