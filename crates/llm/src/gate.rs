//! When a provider may be asked: not too often, not too many at once, and not while it asked to be
//! left alone or fails. Pure: the time is handed in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quell_model::Timestamp;

use crate::{Left, LlmError, Meaning, Reset};

/// Failures in a row after which nobody asks for a while.
const MOST_FAILURES: u32 = 3;
/// How long that is; and how long the one is waited for that is let through then.
const SHUT_MICROS: i64 = 60 * 1_000_000;
/// Longest time that a provider is left alone because it asked for it.
const MOST_SHUT_MICROS: i64 = 86_400 * 1_000_000;
const MINUTE_MICROS: i64 = 60 * 1_000_000;

/// How often a provider may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Calls in a minute.
    pub calls_a_minute: u32,
    /// Calls at once.
    pub most_at_once: u32,
}

/// A provider that is not asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shut {
    /// Until when; where calls have to end first, when it is worth looking again.
    pub until: Timestamp,
    /// Why.
    pub why: ShutBy,
}

/// Why a provider is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShutBy {
    /// It was asked as often as it may be in a minute.
    Pace,
    /// As many calls as may be are under way.
    AtOnce,
    /// It asked to be left alone, or said that nothing is left.
    Asked,
    /// It failed several times in a row.
    Failing,
}

impl ShutBy {
    /// Why, in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pace => "it was asked as often as `analyst.calls_a_minute` allows",
            Self::AtOnce => "as many calls as `analyst.most_at_once` allows are under way",
            Self::Asked => "it asked to be left alone for a while",
            Self::Failing => "it failed several times in a row",
        }
    }
}

/// What is known of one provider.
#[derive(Debug, Clone)]
pub struct Gate {
    pace: Pace,
    /// Microseconds of a minute that are free: one call takes `minute / calls_a_minute`.
    room: i64,
    counted_at: i64,
    under_way: u32,
    /// Until when it asked to be left alone.
    asked_until: i64,
    failures: u32,
    /// Until when it is left alone since it fails.
    failing_until: i64,
}

impl Gate {
    /// One that is open.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        let pace = Pace {
            calls_a_minute: pace.calls_a_minute.max(1),
            most_at_once: pace.most_at_once.max(1),
        };
        Self {
            pace,
            room: MINUTE_MICROS,
            counted_at: i64::MIN,
            under_way: 0,
            asked_until: i64::MIN,
            failures: 0,
            failing_until: i64::MIN,
        }
    }

    /// Lets a call through, or says until when not.
    ///
    /// # Errors
    /// The provider is not to be asked now.
    pub fn enter(&mut self, now: Timestamp) -> Result<(), Shut> {
        let now = now.as_microsecond();
        self.fill(now);
        let call = self.call();
        // What ends further off than it could have been set was set before the clock went back.
        let holds = |until: i64, most: i64| until > now && until.saturating_sub(now) <= most;
        if holds(self.asked_until, MOST_SHUT_MICROS) {
            return Err(shut(self.asked_until, ShutBy::Asked));
        }
        if holds(self.failing_until, SHUT_MICROS) {
            return Err(shut(self.failing_until, ShutBy::Failing));
        }
        if self.under_way >= self.pace.most_at_once {
            return Err(shut(now.saturating_add(1_000_000), ShutBy::AtOnce));
        }
        if self.room < call {
            return Err(shut(now.saturating_add(call - self.room), ShutBy::Pace));
        }
        self.room -= call;
        self.under_way += 1;
        if self.failures >= MOST_FAILURES {
            // One goes to see; the others wait for what becomes of it.
            self.failing_until = now.saturating_add(SHUT_MICROS);
        }
        Ok(())
    }

    /// A call that was let through was answered.
    pub fn answered(&mut self, left: &Left, now: Timestamp) {
        self.under_way = self.under_way.saturating_sub(1);
        self.failures = 0;
        self.failing_until = i64::MIN;
        let pairs = [(left.requests, &left.requests_reset), (left.tokens, &left.tokens_reset)];
        let spent = pairs.into_iter().filter(|(left, _)| *left == Some(0));
        for reset in spent.filter_map(|(_, reset)| reset.as_ref()) {
            match reset {
                Reset::After(wait) => self.leave_alone(*wait, now),
                Reset::At(text) => {
                    let until = text.parse::<Timestamp>().ok();
                    let wait = until.and_then(|at| Duration::try_from(at.duration_since(now)).ok());
                    self.leave_alone(wait.unwrap_or_default(), now);
                }
            }
        }
    }

    /// A call that was let through failed.
    pub fn failed(&mut self, error: &LlmError, now: Timestamp) {
        self.under_way = self.under_way.saturating_sub(1);
        match error.meaning() {
            Meaning::Retry { after } => {
                self.leave_alone(after.unwrap_or_default(), now);
                self.count_failure(now);
            }
            Meaning::Wait { after } => {
                self.leave_alone(after, now);
                self.count_failure(now);
            }
            Meaning::NeedsPerson { .. } => self.count_failure(now),
            // That says something of the question, not of who was asked.
            Meaning::GiveUp if self.failures >= MOST_FAILURES => self.failing_until = i64::MIN,
            Meaning::GiveUp => {}
        }
    }

    /// A call that was let through was not made.
    pub fn left(&mut self) {
        self.gone();
        self.room = self.room.saturating_add(self.call()).min(MINUTE_MICROS);
        if self.failures >= MOST_FAILURES {
            self.failing_until = i64::MIN;
        }
    }

    /// Nobody knows what became of a call that was let through.
    fn gone(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    fn call(&self) -> i64 {
        // Rounded down, so that a full minute has room for as many as it may; at least something.
        (MINUTE_MICROS / i64::from(self.pace.calls_a_minute)).max(1)
    }

    fn fill(&mut self, now: i64) {
        // A clock that went back fills nothing; the first look finds a full minute already.
        let passed = now.saturating_sub(self.counted_at).max(0);
        self.room = self.room.saturating_add(passed).min(MINUTE_MICROS);
        self.counted_at = now;
    }

    fn leave_alone(&mut self, wait: Duration, now: Timestamp) {
        let wait = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX).min(MOST_SHUT_MICROS);
        if wait > 0 {
            self.asked_until = self.asked_until.max(now.as_microsecond().saturating_add(wait));
        }
    }

    fn count_failure(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= MOST_FAILURES {
            self.failing_until = now.as_microsecond().saturating_add(SHUT_MICROS);
        }
    }
}

fn shut(until: i64, why: ShutBy) -> Shut {
    Shut { until: Timestamp::from_microsecond(until).unwrap_or(Timestamp::MAX), why }
}

/// A gate that many callers share.
#[derive(Debug, Clone)]
pub struct SharedGate(Arc<Mutex<Gate>>);

/// A call that was let through. Dropped without a word it is no longer under way, and that is all
/// that is known of it.
#[derive(Debug)]
#[must_use]
pub struct Pass {
    gate: SharedGate,
    is_told: bool,
}

impl SharedGate {
    /// One that is open.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self(Arc::new(Mutex::new(Gate::new(pace))))
    }

    /// Lets a call through, or says until when not.
    ///
    /// # Errors
    /// The provider is not to be asked now.
    pub fn enter(&self, now: Timestamp) -> Result<Pass, Shut> {
        self.lock().enter(now)?;
        Ok(Pass { gate: self.clone(), is_told: false })
    }

    fn lock(&self) -> MutexGuard<'_, Gate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// It was answered.
    pub fn answered(mut self, left: &Left, now: Timestamp) {
        self.is_told = true;
        self.gate.lock().answered(left, now);
    }

    /// It failed.
    pub fn failed(mut self, error: &LlmError, now: Timestamp) {
        self.is_told = true;
        self.gate.lock().failed(error, now);
    }

    /// It was not made.
    pub fn left(mut self) {
        self.is_told = true;
        self.gate.lock().left();
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if !self.is_told {
            self.gate.lock().gone();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PACE: Pace = Pace { calls_a_minute: 6, most_at_once: 100 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_750_000_000_000 + millis).unwrap()
    }

    fn busy(after: Option<u64>) -> LlmError {
        LlmError::Busy { after: after.map(Duration::from_secs), said: String::new() }
    }

    fn cut() -> LlmError {
        LlmError::Cut { why: String::new() }
    }

    fn why(gate: &mut Gate, millis: i64) -> Option<(ShutBy, i64)> {
        let shut = gate.enter(at(millis)).err()?;
        Some((shut.why, shut.until.as_millisecond() - at(0).as_millisecond()))
    }

    #[test]
    fn a_minute_has_room_for_so_many_and_the_next_come_as_time_passes() {
        let mut gate = Gate::new(PACE);
        for _ in 0..6 {
            assert_eq!(why(&mut gate, 0), None);
        }
        assert_eq!(why(&mut gate, 0), Some((ShutBy::Pace, 10_000)));
        assert_eq!(why(&mut gate, 9_999), Some((ShutBy::Pace, 10_000)));
        assert_eq!(why(&mut gate, 10_000), None);
        gate.left();
        assert_eq!(why(&mut gate, 10_000), None, "what was not made takes no room");
        // A clock that goes back fills nothing, and stops nothing for long.
        assert_eq!(why(&mut gate, -86_400_000).map(|shut| shut.0), Some(ShutBy::Pace));
        assert_eq!(why(&mut gate, -86_390_000), None);
    }

    #[test]
    fn no_more_are_under_way_than_may_be() {
        let pace = Pace { calls_a_minute: 1_000, most_at_once: 2 };
        let gate = SharedGate::new(pace);
        let one = gate.enter(at(0)).unwrap();
        let two = gate.enter(at(0)).unwrap();
        assert_eq!(gate.enter(at(0)).unwrap_err().why, ShutBy::AtOnce);
        drop(one);
        let three = gate.enter(at(0)).unwrap();
        two.answered(&Left::default(), at(1));
        three.failed(&cut(), at(1));
        assert_eq!(gate.lock().under_way, 0);
        gate.enter(at(1)).unwrap().left();
        assert_eq!(gate.lock().under_way, 0);
    }

    #[test]
    fn who_asks_to_be_left_alone_is_left_alone() {
        let mut gate = Gate::new(PACE);
        gate.enter(at(0)).unwrap();
        gate.failed(&busy(Some(7)), at(0));
        assert_eq!(why(&mut gate, 6_999), Some((ShutBy::Asked, 7_000)));
        assert_eq!(why(&mut gate, 7_000), None);
        let spent = Left {
            tokens: Some(0),
            tokens_reset: Some(Reset::After(Duration::from_secs(3))),
            ..Left::default()
        };
        gate.answered(&spent, at(7_000));
        assert_eq!(why(&mut gate, 9_999), Some((ShutBy::Asked, 10_000)));
        assert_eq!(why(&mut gate, 10_000), None);
        let dated = Reset::At(at(12_000).to_string());
        let spent = Left { requests: Some(0), requests_reset: Some(dated), ..Left::default() };
        gate.answered(&spent, at(10_000));
        assert_eq!(why(&mut gate, 11_999), Some((ShutBy::Asked, 12_000)));
        let some = Left { requests: Some(1), ..spent };
        gate.answered(&some, at(12_000));
        assert_eq!(why(&mut gate, 12_000), None);
        for odd in ["soon", "2020-01-01T00:00:00Z"] {
            let reset = Some(Reset::At(odd.to_owned()));
            let left = Left { requests: Some(0), requests_reset: reset, ..Left::default() };
            gate.answered(&left, at(12_000));
        }
        gate.failed(&busy(Some(u64::MAX)), at(12_000));
        let (by, until) = why(&mut gate, 12_000).unwrap();
        assert_eq!((by, until), (ShutBy::Asked, 12_000 + 86_400_000), "a day at most");
    }

    #[test]
    fn after_three_failures_one_goes_to_see() {
        let mut gate = Gate::new(Pace { calls_a_minute: 1_000, most_at_once: 10 });
        for _ in 0..2 {
            gate.enter(at(0)).unwrap();
            gate.failed(&cut(), at(0));
        }
        gate.enter(at(0)).unwrap();
        gate.answered(&Left::default(), at(0));
        for _ in 0..3 {
            assert_eq!(why(&mut gate, 0), None, "not three in a row before");
            gate.failed(&LlmError::Login { said: String::new() }, at(0));
        }
        assert_eq!(why(&mut gate, 59_999), Some((ShutBy::Failing, 60_000)));
        assert_eq!(why(&mut gate, 60_000), None);
        assert_eq!(why(&mut gate, 60_001), Some((ShutBy::Failing, 120_000)), "one only");
        gate.failed(&cut(), at(61_000));
        assert_eq!(why(&mut gate, 120_999), Some((ShutBy::Failing, 121_000)));
        assert_eq!(why(&mut gate, 121_000), None);
        // What is refused for its own sake tells nothing of the provider: the next goes to see.
        gate.failed(&LlmError::Refused { said: String::new() }, at(121_001));
        assert_eq!(why(&mut gate, 121_001), None);
        gate.left();
        assert_eq!(why(&mut gate, 121_002), None);
        gate.answered(&Left::default(), at(122_000));
        assert_eq!(why(&mut gate, 122_000), None);
        assert_eq!(why(&mut gate, 122_000), None);
        assert_eq!(why(&mut gate, -86_400_000 * 3), None, "a clock that went back bars nobody");
    }

    proptest! {
        #[test]
        fn over_any_time_no_more_go_than_the_pace_has_room_for(
            calls in 1..500_u32,
            waits in prop::collection::vec(0..4_000_i64, 1..400),
        ) {
            let mut gate = Gate::new(Pace { calls_a_minute: calls, most_at_once: u32::MAX });
            let mut let_through = Vec::new();
            let mut now = 0;
            for wait in waits {
                now += wait;
                if gate.enter(at(now)).is_ok() {
                    let_through.push(now);
                }
            }
            for (first, from) in let_through.iter().enumerate() {
                for (last, to) in let_through.iter().enumerate().skip(first) {
                    let count = i64::try_from(last - first).unwrap() + 1;
                    let room = i64::from(calls) * (60_000 + to - from) / 60_000 + 1;
                    prop_assert!(count <= room, "{count} in {} ms", to - from);
                }
            }
        }
    }
}
