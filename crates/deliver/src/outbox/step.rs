//! How a row moves.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::row::{ActKind, Came, Remote, Row, State, Try};

/// The first wait after a failure; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest wait after a failure.
const LONGEST_WAIT: Duration = Duration::from_secs(1800);
/// A sink that is down for longer than this has its rows parked.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Tries that a row remembers, and characters of what was said to each.
const MOST_TRIES: usize = 10;
const MOST_SAID: usize = 300;
/// Nothing waits for longer: quiet hours are within a day, and so are days that change their length.
const LONGEST: SignedDuration = SignedDuration::from_hours(26);
/// The first look at a sink after an answer was lost.
const FIRST_LOOK: Duration = Duration::from_secs(5);

/// What a sink needs when it is not known whether something arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDoubt {
    /// The sink takes the same key twice as one: it is sent again.
    Again,
    /// The sink can be asked. What is not found after `settle` is not there, however slow its
    /// index and however late the request was carried out.
    Look {
        /// How long it takes until what arrived is found for certain.
        settle: Duration,
    },
    /// The sink cannot be asked: a person decides whether it is sent again.
    Leave,
}

/// What is done about a row now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is sent.
    Send,
    /// The sink is looked at.
    Look,
    /// Nothing until then.
    Rest(Timestamp),
    /// Nothing, unless a person says so.
    Nothing,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done; where something new stands, that is told.
    Done(Option<Remote>),
    /// The sink did not take it and asks to come again.
    Later(Option<Duration>, String),
    /// The sink will never take it like this, or somebody has to change a setting there.
    Refused(String),
    /// Nobody knows whether the sink took it.
    Lost(String),
}

/// What was found at a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is there; of several the oldest.
    There(Remote),
    /// It was not found.
    Nothing,
    /// The sink could not be asked.
    Unknown(String),
}

/// What is done about a row now.
#[must_use]
pub fn next(row: &Row, now: Timestamp) -> Step {
    match &row.state {
        State::Waiting { until } if *until <= now => Step::Send,
        State::Waiting { until } => Step::Rest(*until),
        State::Doubt { look, .. } if *look <= now => Step::Look,
        State::Doubt { look, .. } => Step::Rest(*look),
        State::Held { .. }
        | State::Sending { .. }
        | State::Sent { .. }
        | State::Parked { .. }
        | State::Cancelled => Step::Nothing,
    }
}

/// The row as it is written before its call.
#[must_use]
pub fn begun(mut row: Row, now: Timestamp) -> Row {
    row.attempts = row.attempts.saturating_add(1);
    row.state = State::Sending { since: now };
    row
}

/// The row after its call.
#[must_use]
pub fn ended(mut row: Row, on_doubt: OnDoubt, outcome: Outcome, now: Timestamp) -> Row {
    let (came, said) = told(&outcome);
    tried(&mut row, came, said, now);
    match outcome {
        Outcome::Done(remote) => {
            row.remote = remote.or(row.remote);
            row.said = None;
            row.state = State::Sent { at: now };
        }
        Outcome::Later(_, said) if now.duration_since(row.created) > GIVE_UP => {
            row.state = State::Parked { why: format!("it was tried for a week: {said}") };
            row.said = Some(said);
        }
        Outcome::Later(asked, said) => {
            let wait = wait(&row).max(asked.unwrap_or_default()).min(LONGEST_WAIT * 4);
            row.state = State::Waiting { until: later(now, wait) };
            row.said = Some(said);
        }
        Outcome::Refused(said) => {
            row.state = State::Parked { why: said.clone() };
            row.said = Some(said);
        }
        Outcome::Lost(said) => {
            row = in_doubt(row, on_doubt, now);
            row.said = Some(said);
        }
    }
    row
}

/// The row as it is after a crash found it as `Sending`, and nobody else is at it.
#[must_use]
pub fn recovered(row: Row, on_doubt: OnDoubt, now: Timestamp) -> Row {
    match row.state {
        State::Sending { .. } => {
            let mut row = row;
            tried(&mut row, Came::Lost, Some("the process ended while it was being sent"), now);
            in_doubt(row, on_doubt, now)
        }
        State::Held { .. }
        | State::Waiting { .. }
        | State::Doubt { .. }
        | State::Sent { .. }
        | State::Parked { .. }
        | State::Cancelled => row,
    }
}

/// What came of a call, for the row to remember.
fn told(outcome: &Outcome) -> (Came, Option<&str>) {
    match outcome {
        Outcome::Done(_) => (Came::Done, None),
        Outcome::Later(_, said) => (Came::Later, Some(said)),
        Outcome::Refused(said) => (Came::Refused, Some(said)),
        Outcome::Lost(said) => (Came::Lost, Some(said)),
    }
}

fn tried(row: &mut Row, came: Came, said: Option<&str>, at: Timestamp) {
    let said = said.map(|said| said.chars().take(MOST_SAID).collect());
    row.tries.push(Try { at, came, said });
    let over = row.tries.len().saturating_sub(MOST_TRIES);
    row.tries.drain(..over);
}

fn in_doubt(mut row: Row, on_doubt: OnDoubt, now: Timestamp) -> Row {
    row.state = match on_doubt {
        OnDoubt::Again => State::Waiting { until: later(now, wait(&row)) },
        OnDoubt::Look { .. } => State::Doubt { since: now, look: later(now, FIRST_LOOK), looks: 0 },
        OnDoubt::Leave => State::Parked {
            why: "it is not known whether it arrived, and the sink cannot be asked; \
                  `quell outbox retry` sends it again"
                .to_owned(),
        },
    };
    row
}

/// The moment behind which no row waits by itself: what would was planned before the clock went back.
#[must_use]
pub fn latest(now: Timestamp) -> Timestamp {
    now.checked_add(LONGEST).unwrap_or(Timestamp::MAX)
}

/// The row where it would wait longer than any does, as it goes on now. What is in doubt begins to
/// wait for its sink anew.
#[must_use]
pub fn hastened(mut row: Row, now: Timestamp) -> Option<Row> {
    let most = latest(now);
    row.state = match row.state {
        State::Waiting { until } if until > most => State::Waiting { until: now },
        State::Doubt { look, looks, .. } if look > most => {
            State::Doubt { since: now, look: now, looks }
        }
        State::Held { .. }
        | State::Waiting { .. }
        | State::Sending { .. }
        | State::Doubt { .. }
        | State::Sent { .. }
        | State::Parked { .. }
        | State::Cancelled => return None,
    };
    Some(row)
}

/// The row whose sink has to settle anew, since nobody knows how long it has been in doubt. It is
/// looked for now.
#[must_use]
pub fn doubted(mut row: Row, now: Timestamp) -> Row {
    if let State::Doubt { looks, .. } = row.state {
        row.state = State::Doubt { since: now, look: now, looks };
    }
    row
}

/// The row after the sink was looked at. What is not there is sent again only when it would have
/// been found: after the sink's time to settle, by the time that has passed for certain. That is
/// `now`, unless the clock jumped.
#[must_use]
pub fn looked(
    mut row: Row,
    on_doubt: OnDoubt,
    found: Found,
    (now, certain): (Timestamp, Timestamp),
) -> Row {
    let State::Doubt { since, looks, .. } = row.state else { return row };
    let settle = match on_doubt {
        OnDoubt::Look { settle } => settle,
        OnDoubt::Again | OnDoubt::Leave => Duration::ZERO,
    };
    let settled = later(since, settle);
    let again = |look: Timestamp| State::Doubt { since, look, looks: looks.saturating_add(1) };
    match found {
        Found::There(remote) => {
            tried(&mut row, Came::Found, None, now);
            row.remote = Some(remote);
            row.said = None;
            row.state = State::Sent { at: now };
        }
        Found::Nothing if now.min(certain) >= settled => row.state = State::Waiting { until: now },
        Found::Nothing => {
            let wait = FIRST_LOOK.saturating_mul(1 << looks.min(10)).min(settle);
            row.state = again(later(now, wait).min(settled).max(later(now, FIRST_LOOK)));
        }
        Found::Unknown(said) => {
            let wait = FIRST_WAIT.saturating_mul(1 << looks.min(10)).min(LONGEST_WAIT);
            row.state = again(later(now, wait));
            row.said = Some(said);
        }
    }
    row
}

/// The row after a person released it.
#[must_use]
pub fn released(mut row: Row, now: Timestamp) -> Option<Row> {
    let State::Held { .. } = row.state else { return None };
    row.state = State::Waiting { until: now };
    Some(row)
}

/// The row after a person said that it is to be tried again. What is in doubt is looked for first,
/// unless the sink cannot be asked.
#[must_use]
pub fn retried(mut row: Row, now: Timestamp) -> Option<Row> {
    match row.state {
        State::Parked { .. } | State::Waiting { .. } => {
            row.state = State::Waiting { until: now };
        }
        State::Doubt { since, looks, .. } => row.state = State::Doubt { since, look: now, looks },
        State::Held { .. } | State::Sending { .. } | State::Sent { .. } | State::Cancelled => {
            return None;
        }
    }
    Some(row)
}

/// Whether a row may be sent again as a row of its own: it was sent, and the sink takes the same
/// message twice as one.
#[must_use]
pub const fn may_replay(row: &Row, on_doubt: OnDoubt) -> bool {
    matches!((&row.state, on_doubt), (State::Sent { .. }, OnDoubt::Again))
}

/// The row after a person said that nobody wants it any more. What may have arrived cannot be
/// cancelled.
#[must_use]
pub fn cancelled(mut row: Row) -> Option<Row> {
    match row.state {
        State::Held { .. } | State::Waiting { .. } | State::Parked { .. } => {
            row.state = State::Cancelled;
            Some(row)
        }
        State::Sending { .. } | State::Doubt { .. } | State::Sent { .. } | State::Cancelled => None,
    }
}

/// Whether an act needs something that stands at the sink already.
#[must_use]
pub const fn needs_remote(act: ActKind) -> bool {
    match act {
        // A review names its pull request where nothing was made.
        ActKind::Open | ActKind::Review => false,
        ActKind::Edit | ActKind::Note | ActKind::Close | ActKind::Reopen => true,
    }
}

/// How long after the latest failure, with some spread by the row's number.
fn wait(row: &Row) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << row.attempts.saturating_sub(1).min(10));
    let spread = u32::try_from(row.id.unsigned_abs() % 100).unwrap_or_default();
    let wait = doubled.min(LONGEST_WAIT);
    wait + wait / 400 * spread
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
