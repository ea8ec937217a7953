//! A clock that jumps ahead is not believed at once where what follows cannot be taken back.
//!
//! What a moment says is told by the clock: an exception hides nothing behind its end. What is
//! written down or removed for good because time has passed goes by how much has passed for
//! certain: by the machine's own count since the clock was last looked at.

use std::sync::Mutex;
use std::time::Duration;

use jiff::SignedDuration;
use quell_model::Timestamp;
use tokio::time::Instant;

use crate::data::locked;

/// Steps of the clock that are nothing to speak of.
const JUMP: SignedDuration = SignedDuration::from_mins(5);

/// How far the clock is ahead of what has passed for certain.
#[derive(Debug)]
pub(crate) struct Steady {
    settle: Duration,
    seen: Mutex<Option<Seen>>,
}

/// What the clock said last.
#[derive(Debug, Clone, Copy)]
struct Seen {
    wall: Timestamp,
    at: Instant,
    /// How much of what the clock says is not believed yet.
    ahead: SignedDuration,
    /// When the clock jumped last.
    jumped: Instant,
}

impl Steady {
    /// A clock that jumped is believed once it has gone on for so long.
    pub(crate) const fn new(settle: Duration) -> Self {
        Self { settle, seen: Mutex::new(None) }
    }

    /// What the clock says, as far as it is certain that so much time has passed.
    pub(crate) fn certain(&self, wall: Timestamp) -> Timestamp {
        self.certain_at(wall, Instant::now())
    }

    /// How much of what the clock says is not believed.
    pub(crate) fn ahead(&self) -> SignedDuration {
        locked(&self.seen).map_or(SignedDuration::ZERO, |seen| seen.ahead)
    }

    fn certain_at(&self, wall: Timestamp, at: Instant) -> Timestamp {
        let mut seen = locked(&self.seen);
        let before = seen.unwrap_or(Seen { wall, at, ahead: SignedDuration::ZERO, jumped: at });
        let now = before.next(wall, at, self.settle);
        *seen = Some(now);
        wall.checked_sub(now.ahead).unwrap_or(wall)
    }
}

impl Seen {
    fn next(self, wall: Timestamp, at: Instant, settle: Duration) -> Self {
        let passed = at.saturating_duration_since(self.at);
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        let step = wall.duration_since(self.wall).saturating_sub(passed);
        let mut now = Self { wall, at, ..self };
        if step > JUMP {
            let said = "the clock jumped ahead: what would end or be removed for good waits until \
                        it has gone on for some time; set it right, or restart to have it believed";
            tracing::error!(seconds = step.as_secs(), %wall, "{said}");
            (now.ahead, now.jumped) = (self.ahead.saturating_add(step), at);
        } else if step < -JUMP {
            tracing::error!(seconds = step.as_secs(), %wall, "the clock was set back");
            now.ahead = self.ahead.saturating_add(step).max(SignedDuration::ZERO);
        }
        if !now.ahead.is_zero() && at.saturating_duration_since(now.jumped) >= settle {
            let seconds = now.ahead.as_secs();
            tracing::warn!(seconds, %wall, "the clock that jumped ahead is believed now");
            now.ahead = SignedDuration::ZERO;
        }
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const YEAR: i64 = 365 * 86_400;

    /// A clock of which a test says how it goes.
    struct Clock {
        steady: Steady,
        at: Instant,
        wall: Timestamp,
    }

    impl Clock {
        fn new() -> Self {
            let mut clock = Self {
                steady: Steady::new(HOUR),
                at: Instant::now(),
                wall: "2026-11-22T00:00:00Z".parse().unwrap(),
            };
            clock.after(0, 0);
            clock
        }

        /// So many seconds pass, and the clock is moved by so many beside.
        fn after(&mut self, seconds: u64, moved: i64) -> String {
            self.at += Duration::from_secs(seconds);
            let step = i64::try_from(seconds).unwrap() + moved;
            self.wall += SignedDuration::from_secs(step);
            self.steady.certain_at(self.wall, self.at).to_string()
        }
    }

    #[test]
    fn a_jump_ahead_is_believed_after_its_time_and_not_before() {
        let mut clock = Clock::new();
        assert_eq!(clock.after(60, 0), "2026-11-22T00:01:00Z");
        assert_eq!(clock.after(60, YEAR), "2026-11-22T00:02:00Z");
        assert_eq!(clock.after(3539, 0), "2026-11-22T01:00:59Z");
        assert_eq!(clock.after(61, 0), "2027-11-22T01:02:00Z");
        assert_eq!(clock.after(60, 0), "2027-11-22T01:03:00Z");
    }

    #[test]
    fn a_clock_that_is_set_right_again_leaves_nothing_behind() {
        let mut clock = Clock::new();
        clock.after(1, YEAR);
        clock.after(1, YEAR);
        assert_eq!(clock.after(58, -YEAR), "2026-11-22T00:01:00Z", "one of two");
        assert_eq!(clock.after(60, -YEAR), "2026-11-22T00:02:00Z");
        assert_eq!(clock.after(7200, 0), "2026-11-22T02:02:00Z");
        // Set back, it says what it says: nothing has ended that was not over.
        assert_eq!(clock.after(60, -YEAR), "2025-11-22T02:03:00Z");
        assert_eq!(clock.after(60, YEAR), "2025-11-22T02:04:00Z", "and is not believed at once");
        assert_eq!(clock.after(3600, 0), "2026-11-22T03:04:00Z");
    }

    #[test]
    fn small_steps_and_no_time_at_all_are_nothing() {
        let mut clock = Clock::new();
        assert_eq!(clock.after(60, 299), "2026-11-22T00:05:59Z");
        assert_eq!(clock.after(60, -299), "2026-11-22T00:02:00Z");
        let at_once = Steady::new(Duration::ZERO);
        let wall: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        let now = Instant::now();
        assert_eq!(at_once.certain_at(wall, now), wall);
        let later = wall + SignedDuration::from_secs(YEAR);
        assert_eq!(at_once.certain_at(later, now), later);
    }
}
