//! How long to wait after a failure: longer each time, with chance in it, so that many sources do
//! not come back at once.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_secs(5);
/// The longest: a platform that is back is read again within this.
pub(crate) const LONGEST: Duration = Duration::from_secs(300);

/// Waits between attempts.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    failures: u32,
}

impl Rest {
    /// The next wait, not shorter than what was asked for. `chance` is from 0 to 1.
    pub(crate) fn after_failure(&mut self, asked: Option<Duration>, chance: f64) -> Duration {
        let step = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let wait = step / 2 + (step / 2).mul_f64(chance.clamp(0.0, 1.0));
        asked.map_or(wait, |asked| asked.min(LONGEST * 12).max(wait))
    }

    /// It worked.
    pub(crate) const fn worked(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_end_and_begin_again_after_success() {
        let mut rest = Rest::default();
        let waits: Vec<u64> = (0..9).map(|_| rest.after_failure(None, 1.0).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(rest.after_failure(None, 0.0).as_secs(), 150);
        rest.worked();
        assert_eq!(rest.after_failure(Some(Duration::from_secs(60)), 1.0).as_secs(), 60);
        assert_eq!(rest.after_failure(Some(Duration::from_secs(1)), 1.0).as_secs(), 10);
        assert_eq!(rest.after_failure(Some(Duration::MAX), 1.0).as_secs(), 3_600);
    }
}
