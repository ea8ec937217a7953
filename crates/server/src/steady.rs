//! A clock that jumps ahead is not believed at once where what follows cannot be taken back.
//!
//! What a moment says is told by the clock: an exception hides nothing behind its end. What is
//! written down or removed for good because time has passed goes by how much has passed for
//! certain: by the machine's own count since the clock was last looked at. Over a stop nothing
//! counts, so what was certain last is kept on the disk, and what the clock says beyond it is
//! believed once the server has run for some time.

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
    /// How much of what the clock says is not believed yet, since it jumped.
    ahead: SignedDuration,
    /// The same, since the server stood still for longer than a restart takes, or the clock jumped
    /// meanwhile.
    stopped: SignedDuration,
    /// When the clock jumped last.
    jumped: Instant,
}

impl Steady {
    /// A clock that jumped is believed once it has gone on for so long.
    pub(crate) const fn new(settle: Duration) -> Self {
        Self { settle, seen: Mutex::new(None) }
    }

    /// Begins with what was certain when the server was there last. Whether more has passed since
    /// than a restart takes, by a clock that is not believed at once.
    pub(crate) fn begin(&self, last: Option<Timestamp>, wall: Timestamp) -> bool {
        self.begin_at(last, wall, Instant::now())
    }

    /// What the clock says, as far as it is certain that so much time has passed.
    pub(crate) fn certain(&self, wall: Timestamp) -> Timestamp {
        self.certain_at(wall, Instant::now())
    }

    /// What the clock says, as far as it is certain of the time since the server started.
    pub(crate) fn certain_here(&self, wall: Timestamp) -> Timestamp {
        self.certain(wall);
        wall.checked_sub(self.ahead()).unwrap_or(wall)
    }

    /// How much of what the clock says is not believed since it jumped.
    pub(crate) fn ahead(&self) -> SignedDuration {
        locked(&self.seen).map_or(SignedDuration::ZERO, |seen| seen.ahead)
    }

    fn begin_at(&self, last: Option<Timestamp>, wall: Timestamp, at: Instant) -> bool {
        let passed = last.map_or(SignedDuration::ZERO, |last| wall.duration_since(last));
        let is_long = passed > JUMP && !self.settle.is_zero();
        let stopped = if is_long { passed } else { SignedDuration::ZERO };
        if is_long {
            let said = "the server stood still, or the clock jumped meanwhile: what would end or \
                        be removed for good waits until it has run for some time";
            tracing::warn!(seconds = stopped.as_secs(), %wall, "{said}");
        }
        *locked(&self.seen) = Some(Seen { stopped, ..Seen::new(wall, at) });
        is_long
    }

    fn certain_at(&self, wall: Timestamp, at: Instant) -> Timestamp {
        let mut seen = locked(&self.seen);
        let now = seen.unwrap_or(Seen::new(wall, at)).next(wall, at, self.settle);
        *seen = Some(now);
        wall.checked_sub(now.ahead.saturating_add(now.stopped)).unwrap_or(wall)
    }
}

impl Seen {
    const fn new(wall: Timestamp, at: Instant) -> Self {
        let (ahead, stopped) = (SignedDuration::ZERO, SignedDuration::ZERO);
        Self { wall, at, ahead, stopped, jumped: at }
    }

    fn next(self, wall: Timestamp, at: Instant, settle: Duration) -> Self {
        let passed = at.saturating_duration_since(self.at);
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        let step = wall.duration_since(self.wall).saturating_sub(passed);
        let mut now = Self { wall, at, ..self };
        if step > JUMP {
            let said = "the clock jumped ahead: what would end or be removed for good waits until \
                        it has gone on for some time, unless it is set right";
            tracing::error!(seconds = step.as_secs(), %wall, "{said}");
            (now.ahead, now.jumped) = (self.ahead.saturating_add(step), at);
        } else if step < -JUMP {
            tracing::error!(seconds = step.as_secs(), %wall, "the clock was set back");
            let left = self.ahead.saturating_add(step);
            now.ahead = left.max(SignedDuration::ZERO);
            let over = left.min(SignedDuration::ZERO);
            now.stopped = self.stopped.saturating_add(over).max(SignedDuration::ZERO);
        }
        let waits = !now.ahead.is_zero() || !now.stopped.is_zero();
        if waits && at.saturating_duration_since(now.jumped) >= settle {
            let seconds = now.ahead.saturating_add(now.stopped).as_secs();
            tracing::warn!(seconds, %wall, "what the clock says is believed now");
            (now.ahead, now.stopped) = (SignedDuration::ZERO, SignedDuration::ZERO);
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
    fn a_jump_over_a_stop_is_believed_once_the_server_has_run() {
        let last: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        let (steady, start) = (Steady::new(HOUR), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let wall = last + SignedDuration::from_secs(YEAR);
        let after = |seconds: i64| wall + SignedDuration::from_secs(seconds);
        assert!(steady.begin_at(Some(last), wall, start));
        assert_eq!(steady.certain_at(wall, start), last);
        assert_eq!(steady.certain_at(after(60), at(60)).to_string(), "2026-11-22T00:01:00Z");
        // The time since the start is certain, and no jump of this run.
        assert_eq!(steady.ahead(), SignedDuration::ZERO);
        // A start again within the hour waits anew: what is kept is what was certain.
        let again = Steady::new(HOUR);
        let kept = steady.certain_at(after(120), at(120));
        assert!(again.begin_at(Some(kept), after(180), at(180)));
        assert_eq!(again.certain_at(after(180), at(180)), kept);
        assert_eq!(again.certain_at(after(240), at(240)), kept + SignedDuration::from_secs(60));
        // Set right, nothing is left; gone on for an hour, it is believed.
        let right = last + SignedDuration::from_secs(300);
        assert_eq!(steady.certain_at(right, at(300)), right);
        assert_eq!(again.certain_at(after(3780), at(3780)), after(3780));
    }

    #[test]
    fn a_restart_and_a_first_start_are_nothing() {
        let (wall, now) = ("2026-11-22T00:05:00Z".parse().unwrap(), Instant::now());
        for last in [None, Some("2026-11-22T00:00:00Z"), Some("2027-01-01T00:00:00Z")] {
            let steady = Steady::new(HOUR);
            assert!(!steady.begin_at(last.map(|last| last.parse().unwrap()), wall, now));
            assert_eq!(steady.certain_at(wall, now), wall);
        }
        let at_once = Steady::new(Duration::ZERO);
        let long = Some("2025-11-22T00:00:00Z".parse().unwrap());
        assert!(!at_once.begin_at(long, wall, now));
        assert_eq!(at_once.certain_at(wall, now), wall);
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
