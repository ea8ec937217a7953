//! What language models may cost: reserved before a call, settled after it.
//!
//! What is summed up for a limit and what is reserved under it are one transaction, so callers in
//! many processes cannot pass a limit together. A reservation counts in full until its end is
//! told, so a crash frees nothing. Only a call that takes more than was reserved for it can bring
//! a sum above its limit; then nothing more is let through.

mod report;
mod rows;
mod sweep;
#[cfg(test)]
mod tests;

use quell_model::{TenantId, Timestamp};
use rusqlite::{Transaction, TransactionBehavior};

use crate::{ServerStore, StoreError};

pub use report::{SpendBy, SpendLeft, SpendRow};
pub(super) use rows::lose;
use rows::{Counts, Open, add_counts, add_sum, counted, forget, insert, open_row, sum_of};
pub use sweep::SpendSwept;

/// Most of anything that is kept of one call or in one sum: no number above it is meant.
const MOST: u64 = 1 << 53;

/// A call that is to be made.
#[derive(Debug, Clone)]
pub struct SpendAsk<'a> {
    /// Who pays.
    pub tenant: &'a TenantId,
    /// Who asked; none where nobody did.
    pub user: Option<&'a str>,
    /// What it is about; none where it is about no incident.
    pub incident: Option<&'a str>,
    /// The task.
    pub task: &'a str,
    /// The provider's name in the configuration.
    pub provider: &'a str,
    /// The model.
    pub model: &'a str,
    /// The most tokens it may take: those of the input as estimated, and the most of the answer.
    pub tokens: u64,
    /// The most it may cost, in millionths; none where nobody knows the price.
    pub money: Option<u64>,
}

/// Tokens and money, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpendMost {
    /// Tokens.
    pub tokens: u64,
    /// Money, in millionths.
    pub money: u64,
}

/// How much may be spent; 0 is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpendLimits {
    /// By a tenant in a day, in UTC.
    pub tenant_day: SpendMost,
    /// By a user in a day, in UTC.
    pub user_day: SpendMost,
    /// For an incident, over all days.
    pub incident: SpendMost,
}

/// A reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpendId(pub(crate) i64);

/// What became of a call that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// It may be made.
    Yes(SpendId),
    /// It would pass a limit.
    No(SpendOver),
    /// Nobody knows its price, so no limit of money could hold.
    NoPrice,
}

/// A limit that a call would pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpendOver {
    /// Whose.
    pub scope: SpendScope,
    /// Of what.
    pub what: SpendWhat,
    /// The limit.
    pub limit: u64,
    /// What is spent or reserved already.
    pub used: u64,
}

/// Whose limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpendScope {
    /// A tenant's, in a day.
    TenantDay,
    /// A user's, in a day.
    UserDay,
    /// An incident's.
    Incident,
}

impl SpendScope {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TenantDay => "tenant_day",
            Self::UserDay => "user_day",
            Self::Incident => "incident",
        }
    }
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpendWhat {
    /// Tokens.
    Tokens,
    /// Money, in millionths.
    Money,
}

impl SpendWhat {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Money => "money",
        }
    }
}

/// What a call took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpendUsed {
    /// Tokens of the input.
    pub input: u64,
    /// Of these, what the provider had in its cache.
    pub cached: u64,
    /// Tokens of the answer.
    pub output: u64,
    /// What it cost, in millionths; none where that is not known, and all that was reserved counts.
    pub money: Option<u64>,
}

/// The day of a moment, since 1970 in UTC.
pub(super) fn day_of(moment: Timestamp) -> i64 {
    moment.as_second().div_euclid(86_400)
}

/// A sum and its limit.
struct Sum<'a> {
    scope: SpendScope,
    name: &'a str,
    day: i64,
}

fn sums<'a>(tenant: &'a str, (user, incident): (&'a str, &'a str), day: i64) -> Vec<Sum<'a>> {
    let all = [
        Sum { scope: SpendScope::TenantDay, name: tenant, day },
        Sum { scope: SpendScope::UserDay, name: user, day },
        Sum { scope: SpendScope::Incident, name: incident, day: 0 },
    ];
    all.into_iter().filter(|sum| !sum.name.is_empty()).collect()
}

impl SpendLimits {
    const fn of(&self, scope: SpendScope) -> SpendMost {
        match scope {
            SpendScope::TenantDay => self.tenant_day,
            SpendScope::UserDay => self.user_day,
            SpendScope::Incident => self.incident,
        }
    }
}

impl ServerStore {
    /// Reserves what a call may cost at most, or says which limit it would pass. Nothing may be
    /// sent before this, and nothing where it fails.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn spend_reserve(
        &mut self,
        ask: &SpendAsk<'_>,
        limits: &SpendLimits,
        now: Timestamp,
    ) -> Result<Reserved, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // No call is free of tokens.
        let most = ask.money.map(|money| SpendMost { tokens: ask.tokens.max(1), money });
        let reserved = match most {
            None => Reserved::NoPrice,
            Some(most) => match over(&tx, ask, (limits, most), day_of(now))? {
                Some(over) => Reserved::No(over),
                None => Reserved::Yes(hold(&tx, ask, most, now)?),
            },
        };
        match reserved {
            Reserved::Yes(_) => {}
            Reserved::No(_) | Reserved::NoPrice => {
                let one = Counts { refused: 1, ..Counts::default() };
                add_counts(&tx, &counted(ask, day_of(now)), &one)?;
            }
        }
        tx.commit()?;
        Ok(reserved)
    }

    /// Writes down what a call took, be it more than was reserved. Whether it was waited for: a
    /// second time it is not.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn spend_settle(&mut self, id: SpendId, used: &SpendUsed) -> Result<bool, StoreError> {
        self.end(id, Some(used))
    }

    /// Frees what was reserved for a call of which nothing was sent. Whether it was waited for.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn spend_release(&mut self, id: SpendId) -> Result<bool, StoreError> {
        self.end(id, None)
    }

    /// Notes that a call was not made, since its answer was there.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn spend_kept(&mut self, ask: &SpendAsk<'_>, now: Timestamp) -> Result<(), StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let one = Counts { kept: 1, ..Counts::default() };
        add_counts(&tx, &counted(ask, day_of(now)), &one)?;
        Ok(tx.commit()?)
    }

    fn end(&mut self, id: SpendId, used: Option<&SpendUsed>) -> Result<bool, StoreError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let Some(open) = open_row(&tx, id)? else { return Ok(false) };
        if open.lost {
            // It had been counted as spent in full; now its end is told.
            add_counts(&tx, &open.counted(), &open.lost_counts().taken_back())?;
        }
        let spent = used.map_or(SpendMost::default(), |used| open.spent(used));
        for sum in sums(&open.tenant, (&open.user, &open.incident), open.day) {
            add_sum(&tx, &open.tenant, &sum, (open.most, spent))?;
        }
        if let Some(used) = used {
            add_counts(&tx, &open.counted(), &open.used_counts(used))?;
        }
        forget(&tx, id)?;
        tx.commit()?;
        Ok(true)
    }
}

/// The first limit that a call would pass.
fn over(
    tx: &Transaction<'_>,
    ask: &SpendAsk<'_>,
    (limits, most): (&SpendLimits, SpendMost),
    day: i64,
) -> Result<Option<SpendOver>, StoreError> {
    let names = (ask.user.unwrap_or_default(), ask.incident.unwrap_or_default());
    for sum in sums(ask.tenant.as_str(), names, day) {
        let (used, limit) = (sum_of(tx, ask.tenant.as_str(), &sum)?, limits.of(sum.scope));
        let pairs = [
            (SpendWhat::Tokens, used.tokens, most.tokens, limit.tokens),
            (SpendWhat::Money, used.money, most.money, limit.money),
        ];
        for (what, used, wanted, limit) in pairs {
            if wanted > 0 && used.saturating_add(wanted) > limit.min(MOST) {
                return Ok(Some(SpendOver { scope: sum.scope, what, limit, used }));
            }
        }
    }
    Ok(None)
}

fn hold(
    tx: &Transaction<'_>,
    ask: &SpendAsk<'_>,
    most: SpendMost,
    now: Timestamp,
) -> Result<SpendId, StoreError> {
    let open = Open {
        tenant: ask.tenant.as_str().to_owned(),
        day: day_of(now),
        user: ask.user.unwrap_or_default().to_owned(),
        incident: ask.incident.unwrap_or_default().to_owned(),
        task: ask.task.to_owned(),
        provider: ask.provider.to_owned(),
        model: ask.model.to_owned(),
        most,
        lost: false,
    };
    let id = insert(tx, &open, now)?;
    for sum in sums(&open.tenant, (&open.user, &open.incident), open.day) {
        add_sum(tx, &open.tenant, &sum, (SpendMost::default(), most))?;
    }
    Ok(id)
}
