//! What was spent, for people.

use quell_model::{TenantId, Timestamp};
use rusqlite::params;

use super::rows::{number, sum_of};
use super::{SpendMost, SpendScope, Sum, day_of};
use crate::{ServerStore, StoreError};

/// By what spending is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpendBy {
    /// Days, the newest first.
    Day,
    /// Tasks.
    Task,
    /// Users.
    User,
    /// Incidents.
    Incident,
    /// Providers and their models.
    Provider,
    /// Nothing: one row for all.
    All,
}

impl SpendBy {
    const fn column(self) -> &'static str {
        match self {
            Self::Day => "date(day * 86400, 'unixepoch')",
            Self::Task => "task",
            Self::User => "user",
            Self::Incident => "incident",
            Self::Provider => "provider || ' ' || model",
            Self::All => "''",
        }
    }

    const fn order(self) -> &'static str {
        match self {
            Self::Day => "name DESC",
            Self::Task | Self::User | Self::Incident | Self::Provider | Self::All => {
                "sum_money DESC, sum_tokens DESC, name"
            }
        }
    }
}

/// What was spent on one day, task, user, incident or provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpendRow {
    /// Which; empty where there is none.
    pub name: String,
    /// Calls that ended, or were given up.
    pub calls: u64,
    /// All tokens.
    pub tokens: u64,
    /// Tokens of the input.
    pub input: u64,
    /// Of these, what providers had in their caches.
    pub cached: u64,
    /// Tokens of the answers.
    pub output: u64,
    /// Tokens that count though nobody told the end of their calls.
    pub lost: u64,
    /// Money, in millionths.
    pub money: u64,
    /// Of the calls, those whose end nobody told.
    pub unended: u64,
    /// Of the calls, those that took more than was reserved.
    pub over: u64,
    /// Answers that were there already, so that nobody was asked.
    pub kept: u64,
    /// Calls that were refused: a limit would have been passed, or nobody knew the price.
    pub refused: u64,
}

/// What counts against the limits of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpendLeft {
    /// What the tenant spent and reserved.
    pub tenant: SpendMost,
    /// What the user spent and reserved.
    pub user: SpendMost,
    /// Calls of the tenant that are under way.
    pub open: u64,
    /// What is reserved for them.
    pub reserved: SpendMost,
}

impl ServerStore {
    /// What a tenant spent in so many days, today among them; at most so many rows.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn spend_list(
        &self,
        tenant: &TenantId,
        by: SpendBy,
        (days, most): (u32, u32),
        now: Timestamp,
    ) -> Result<Vec<SpendRow>, StoreError> {
        let sum = |column: &str| format!("CAST(total({column}) AS INTEGER)");
        let sql = format!(
            "SELECT {} AS name, {}, {} AS sum_tokens, {}, {}, {}, {}, {} AS sum_money, {}, {}, {}, {}
             FROM spend_days WHERE tenant = ?1 AND day > ?2 AND day <= ?3
             GROUP BY name ORDER BY {} LIMIT ?4",
            by.column(),
            sum("calls"),
            sum("input + output + lost"),
            sum("input"),
            sum("cached"),
            sum("output"),
            sum("lost"),
            sum("money"),
            sum("unended"),
            sum("over"),
            sum("kept"),
            sum("refused"),
            by.order(),
        );
        let today = day_of(now);
        let since = today.saturating_sub(i64::from(days));
        let mut select = self.connection.prepare_cached(&sql)?;
        let rows = select.query_map(params![tenant.as_str(), since, today, most], |row| {
            Ok(SpendRow {
                name: row.get(0)?,
                calls: number(row, 1)?,
                tokens: number(row, 2)?,
                input: number(row, 3)?,
                cached: number(row, 4)?,
                output: number(row, 5)?,
                lost: number(row, 6)?,
                money: number(row, 7)?,
                unended: number(row, 8)?,
                over: number(row, 9)?,
                kept: number(row, 10)?,
                refused: number(row, 11)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What counts against the limits of today.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn spend_today(
        &self,
        tenant: &TenantId,
        user: Option<&str>,
        now: Timestamp,
    ) -> Result<SpendLeft, StoreError> {
        let day = day_of(now);
        let own = Sum { scope: SpendScope::TenantDay, name: tenant.as_str(), day };
        let users = user.map(|name| Sum { scope: SpendScope::UserDay, name, day });
        let users = users.map(|sum| sum_of(&self.connection, tenant.as_str(), &sum)).transpose()?;
        let mut open = self.connection.prepare_cached(
            "SELECT count(*), CAST(total(tokens) AS INTEGER), CAST(total(money) AS INTEGER)
             FROM spend WHERE tenant = ?1 AND lost_at IS NULL",
        )?;
        let (open, reserved) = open.query_row([tenant.as_str()], |row| {
            Ok((number(row, 0)?, SpendMost { tokens: number(row, 1)?, money: number(row, 2)? }))
        })?;
        let tenant = sum_of(&self.connection, tenant.as_str(), &own)?;
        Ok(SpendLeft { tenant, user: users.unwrap_or_default(), open, reserved })
    }

    /// What an incident cost, and what is reserved for it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn spend_of_incident(
        &self,
        tenant: &TenantId,
        incident: &str,
    ) -> Result<SpendMost, StoreError> {
        let sum = Sum { scope: SpendScope::Incident, name: incident, day: 0 };
        sum_of(&self.connection, tenant.as_str(), &sum)
    }
}
