//! What is left of the calls that the vendor allows.
//!
//! It counts each kind of call by itself: 480 within any hour, for all who use the same key. Each
//! answer tells what is left, so no rate of our own could know better. What is not left is not sent.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use quell_http::{Remote, Response};
use quell_model::Timestamp;

use crate::live::LiveError;

/// What the vendor allows of one kind within an hour.
const MOST: u64 = 480;
/// What is waited at least: the vendor gives eight calls a minute back.
const LEAST_WAIT: Duration = Duration::from_secs(60);
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// What is left, for each kind of call.
#[derive(Debug, Default)]
pub(super) struct Budget {
    kinds: Mutex<BTreeMap<&'static str, Left>>,
}

#[derive(Debug, Clone, Copy)]
struct Left {
    /// As the last answer said, without those that are on their way.
    calls: u64,
    flying: u64,
    rests_until: Option<Timestamp>,
}

/// What an answer tells of the calls that are left.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    pub(super) left: Option<u64>,
    pub(super) reset: Option<Duration>,
}

impl Told {
    pub(super) fn by(response: &Response) -> Self {
        Self::read(&|name| response.header(name))
    }

    pub(super) fn by_refusal(remote: &Remote) -> Self {
        Self::read(&|name| remote.headers().get(name)?.to_str().ok())
    }

    fn read<'h>(header: &dyn Fn(&str) -> Option<&'h str>) -> Self {
        let number = |name: &str| header(name)?.trim().parse::<u64>().ok();
        let reset = number("ratelimit-reset").map(Duration::from_secs);
        Self { left: number("ratelimit-remaining"), reset }
    }
}

impl Budget {
    /// Counts a call that is about to be made.
    ///
    /// # Errors
    /// None is left.
    pub(super) fn take(&self, kind: &'static str, now: Timestamp) -> Result<(), LiveError> {
        let mut kinds = self.kinds();
        let unknown = Left { calls: MOST, flying: 0, rests_until: None };
        let left = kinds.entry(kind).or_insert(unknown);
        if left.rests_until.is_some_and(|until| until <= now) {
            *left = Left { flying: left.flying, ..unknown };
        }
        if left.calls == 0 {
            let until = *left.rests_until.get_or_insert(later(now, LEAST_WAIT));
            let said = format!("none of the {MOST} calls an hour of `{kind}` is left");
            return Err(LiveError::Busy {
                wait: Some(until.duration_since(now).unsigned_abs()),
                said,
            });
        }
        left.calls -= 1;
        left.flying += 1;
        Ok(())
    }

    /// Whether so many calls may still be made.
    pub(super) fn has(&self, kind: &'static str, calls: u64, now: Timestamp) -> bool {
        let kinds = self.kinds();
        let Some(left) = kinds.get(kind) else { return true };
        left.rests_until.map_or(left.calls >= calls, |until| until <= now)
    }

    /// Takes what the answer to a call told, if there was one.
    pub(super) fn learn(&self, kind: &'static str, told: Told, now: Timestamp) {
        let mut kinds = self.kinds();
        let Some(left) = kinds.get_mut(kind) else { return };
        left.flying = left.flying.saturating_sub(1);
        let Some(calls) = told.left else { return };
        left.calls = calls.saturating_sub(left.flying);
        if calls == 0 {
            let wait = told.reset.unwrap_or(LEAST_WAIT).clamp(LEAST_WAIT, LONGEST_WAIT);
            left.rests_until = Some(later(now, wait));
        }
    }

    fn kinds(&self) -> MutexGuard<'_, BTreeMap<&'static str, Left>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_hours(1));
    now.checked_add(wait).unwrap_or(now)
}
