//! Histories of an outbox: crashes, lost answers, late requests, slow indexes, and people
//! who press buttons, over the very functions that the server moves its rows by. The clock
//! is a number, so a history of a week takes no time.

mod history;
mod sink;

use std::collections::BTreeMap;

pub use history::run;

/// What a history came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// How many things stand at the sink that were made for one letter.
    pub made: u32,
    /// How the row ended.
    pub state: &'static str,
    /// Calls that were made.
    pub calls: u32,
    /// Crashes.
    pub crashes: u32,
    /// Answers that were lost.
    pub lost: u32,
    /// What went wrong, which a test fails on.
    pub wrong: Option<String>,
}

/// What many histories came to.
#[derive(Debug, Default)]
pub struct Histories {
    /// How many.
    pub count: u64,
    /// How many ended in which state.
    pub ended: BTreeMap<&'static str, u64>,
    /// All calls.
    pub calls: u64,
    /// All crashes.
    pub crashes: u64,
    /// All answers that were lost.
    pub lost: u64,
    /// The seeds of those that went wrong, with what did.
    pub wrong: Vec<(u64, String)>,
}

/// Runs histories from a seed on.
#[must_use]
pub fn simulate(first: u64, count: u64) -> Histories {
    let mut all = Histories::default();
    for seed in first..first.saturating_add(count) {
        let history = run(seed);
        all.count += 1;
        *all.ended.entry(history.state).or_default() += 1;
        all.calls += u64::from(history.calls);
        all.crashes += u64::from(history.crashes);
        all.lost += u64::from(history.lost);
        all.wrong.extend(history.wrong.map(|why| (seed, why)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::simulate;

    #[test]
    fn nothing_is_made_twice_and_everything_ends() {
        let all = simulate(1, 20_000);
        assert_eq!(all.wrong, []);
        assert!(all.crashes > 1_000 && all.lost > 1_000, "{all:?}");
        // Nearly all arrive in the end; the rest is parked for a person, or somebody cancelled it.
        assert!(all.ended["sent"] > 15_000, "{:?}", all.ended);
        assert_eq!(all.ended.values().sum::<u64>(), 20_000);
        assert!(
            all.ended.keys().all(|s| ["sent", "parked", "cancelled"].contains(s)),
            "{:?}",
            all.ended
        );
    }
}
