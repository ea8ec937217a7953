//! What models cost, as the API and the command line tell it.

use quell_config::{Analyst, Money};
use quell_model::{TenantId, Timestamp};
use quell_store::{ServerStore, SpendBy, SpendLeft, SpendLimits, SpendMost, SpendRow, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest time that is told.
pub(crate) const MOST_DAYS: u32 = 400;
/// Most rows that are told.
const MOST_ROWS: u32 = 500;

/// By what spending is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpentBy {
    /// Days in UTC, the newest first.
    #[default]
    Day,
    /// Tasks, the dearest first.
    Task,
    /// Users, the dearest first.
    User,
    /// Incidents, the dearest first.
    Incident,
    /// Providers and their models, the dearest first.
    Provider,
}

impl SpentBy {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Day, Self::Task, Self::User, Self::Incident, Self::Provider];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Task => "task",
            Self::User => "user",
            Self::Incident => "incident",
            Self::Provider => "provider",
        }
    }

    /// The one of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == word)
    }

    const fn stored(self) -> SpendBy {
        match self {
            Self::Day => SpendBy::Day,
            Self::Task => SpendBy::Task,
            Self::User => SpendBy::User,
            Self::Incident => SpendBy::Incident,
            Self::Provider => SpendBy::Provider,
        }
    }
}

/// What models cost, and what may still be spent today. Money is in millionths, and in the money
/// of the prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpendReport {
    /// The day, in UTC.
    #[schema(value_type = String, format = Date)]
    pub today: jiff::civil::Date,
    /// What is left of the limits of the tenant today.
    pub tenant: SpendLeftReport,
    /// What is left of the limits of who asks today; none where nobody is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<SpendLeftReport>,
    /// Calls under way: what is reserved for them counts in full.
    pub under_way: SpendUnderWay,
    /// How many days are told, today among them.
    pub days: u32,
    /// By what they are told apart.
    pub by: SpentBy,
    /// At most 500 rows.
    pub items: Vec<SpentRow>,
    /// All of these days together, also what is in no row.
    pub total: SpentRow,
}

/// What is left of the limits of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpendLeftReport {
    /// Tokens.
    pub tokens: SpendLimitReport,
    /// Money.
    pub money: SpendLimitReport,
}

/// How a limit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpendLimitReport {
    /// The limit.
    pub limit: u64,
    /// What was spent or is reserved.
    pub used: u64,
    /// What is left.
    pub left: u64,
}

/// Calls that have no end yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct SpendUnderWay {
    /// How many.
    pub calls: u64,
    /// Tokens that are reserved for them.
    pub tokens: u64,
    /// Money that is reserved for them.
    pub money: u64,
}

/// What was spent on one day, task, user, incident or provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct SpentRow {
    /// Which; empty where calls have none.
    pub name: String,
    /// Calls that ended, or were given up.
    pub calls: u64,
    /// All tokens that count.
    pub tokens: u64,
    /// Tokens of the input.
    pub input_tokens: u64,
    /// Of these, what providers had in their caches.
    pub cached_tokens: u64,
    /// Tokens of the answers.
    pub output_tokens: u64,
    /// Tokens that count though nobody told the end of their calls.
    pub lost_tokens: u64,
    /// Money.
    pub money: u64,
    /// Of the calls, those whose end nobody told: they count as spent in full.
    pub unended_calls: u64,
    /// Of the calls, those that took more than was reserved.
    pub over_calls: u64,
    /// Answers that were there already, so that nobody was asked.
    pub kept_answers: u64,
    /// Calls that a limit refused, or that had no price.
    pub refused_calls: u64,
}

/// What is wanted to be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpendWish {
    pub(crate) days: u32,
    pub(crate) by: SpentBy,
}

/// The limits of the configuration.
#[must_use]
pub fn spend_limits(analyst: &Analyst) -> SpendLimits {
    let most = |tokens, money: Money| SpendMost { tokens, money: money.millionths() };
    SpendLimits {
        tenant_day: most(analyst.tokens_a_day, analyst.money_a_day),
        user_day: most(analyst.tokens_a_user, analyst.money_a_user),
        incident: most(analyst.tokens_an_incident, analyst.money_an_incident),
    }
}

/// What models cost a tenant; nothing where there is no database.
pub(crate) fn spend_report(
    store: Option<&ServerStore>,
    limits: &SpendLimits,
    (tenant, user): (&TenantId, Option<&str>),
    wish: SpendWish,
    now: Timestamp,
) -> Result<SpendReport, StoreError> {
    let days = wish.days.clamp(1, MOST_DAYS);
    let (used, rows, all) = match store {
        Some(store) => (
            store.spend_today(tenant, user, now)?,
            store.spend_list(tenant, wish.by.stored(), (days, MOST_ROWS), now)?,
            store.spend_list(tenant, SpendBy::All, (days, 1), now)?,
        ),
        None => (SpendLeft::default(), Vec::new(), Vec::new()),
    };
    let SpendMost { tokens, money } = used.reserved;
    Ok(SpendReport {
        today: now.to_zoned(jiff::tz::TimeZone::UTC).date(),
        tenant: SpendLeftReport::of(limits.tenant_day, used.tenant),
        user: user.map(|_| SpendLeftReport::of(limits.user_day, used.user)),
        under_way: SpendUnderWay { calls: used.open, tokens, money },
        days,
        by: wish.by,
        items: rows.into_iter().map(SpentRow::of).collect(),
        total: all.into_iter().next().map(SpentRow::of).unwrap_or_default(),
    })
}

impl SpendLeftReport {
    fn of(limit: SpendMost, used: SpendMost) -> Self {
        let one = |limit: u64, used: u64| SpendLimitReport {
            limit,
            used,
            left: limit.saturating_sub(used),
        };
        Self { tokens: one(limit.tokens, used.tokens), money: one(limit.money, used.money) }
    }
}

impl SpentRow {
    fn of(row: SpendRow) -> Self {
        Self {
            name: row.name,
            calls: row.calls,
            tokens: row.tokens,
            input_tokens: row.input,
            cached_tokens: row.cached,
            output_tokens: row.output,
            lost_tokens: row.lost,
            money: row.money,
            unended_calls: row.unended,
            over_calls: row.over,
            kept_answers: row.kept,
            refused_calls: row.refused,
        }
    }
}
