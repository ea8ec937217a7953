//! Many actions at once: one first, then ten, then hundreds, and no more after the first that
//! does not hold.

use std::collections::{BTreeMap, VecDeque};

use jiff::SignedDuration;
use quell_model::Timestamp;

/// How large a step may be: the first, the second, and all later ones.
const STEPS: [usize; 3] = [1, 10, 100];
/// What a cap looks back over.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What holds for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most actions begun within an hour, those of other batches too.
    pub per_hour: u32,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Begin these.
    Begin(Vec<String>),
    /// Wait for those that were begun.
    Running,
    /// The cap is reached; ask again at this time.
    Capped(Timestamp),
    /// One did not hold. Nothing more is begun.
    Stopped {
        /// Which.
        plan: String,
        /// Why.
        why: String,
        /// Those that are not begun and will not be.
        left: Vec<String>,
    },
    /// All were begun and hold.
    Finished,
}

/// A batch of plans, by their ids.
#[derive(Debug, Clone)]
pub struct Batch {
    limits: Limits,
    waiting: VecDeque<String>,
    running: BTreeMap<String, Timestamp>,
    step: usize,
    /// How many of the step may still be begun.
    room: usize,
    failed: Option<(String, String)>,
}

impl Batch {
    /// A batch in this order. An id that comes twice counts once.
    #[must_use]
    pub fn new(plans: impl IntoIterator<Item = String>, limits: Limits) -> Self {
        let mut waiting = VecDeque::new();
        let mut known = std::collections::BTreeSet::new();
        for plan in plans {
            if known.insert(plan.clone()) {
                waiting.push_back(plan);
            }
        }
        let [first, ..] = STEPS;
        Self { limits, waiting, running: BTreeMap::new(), step: 0, room: first, failed: None }
    }

    /// What to do now. `begun` are the times at which actions of any batch were begun lately,
    /// those of this one too.
    pub fn next(&mut self, begun: &[Timestamp], now: Timestamp) -> Next {
        if let Some((plan, why)) = &self.failed {
            let left = self.waiting.iter().cloned().collect();
            return Next::Stopped { plan: plan.clone(), why: why.clone(), left };
        }
        if self.waiting.is_empty() {
            return if self.running.is_empty() { Next::Finished } else { Next::Running };
        }
        if self.room == 0 {
            if !self.running.is_empty() {
                return Next::Running;
            }
            self.step = (self.step + 1).min(STEPS.len() - 1);
            self.room = STEPS.get(self.step).copied().unwrap_or(1);
        }
        let mut lately: Vec<Timestamp> =
            begun.iter().copied().filter(|at| now.duration_since(*at) < HOUR).collect();
        lately.sort_unstable();
        let most = usize::try_from(self.limits.per_hour).unwrap_or(usize::MAX);
        let free = most.saturating_sub(lately.len());
        if free == 0 {
            return Next::Capped(lately.first().map_or(now, |oldest| *oldest) + HOUR);
        }
        let count = free.min(self.room).min(self.waiting.len());
        let plans: Vec<String> = self.waiting.drain(..count).collect();
        self.room -= count;
        self.running.extend(plans.iter().map(|plan| (plan.clone(), now)));
        Next::Begin(plans)
    }

    /// One was carried out, and looking again showed it.
    pub fn holds(&mut self, plan: &str) {
        self.running.remove(plan);
    }

    /// One was not carried out, or looking again did not show it. The first one stops the batch.
    pub fn fails(&mut self, plan: &str, why: &str) {
        if self.running.remove(plan).is_some() && self.failed.is_none() {
            self.failed = Some((plan.to_owned(), why.to_owned()));
        }
    }

    /// Those that are under way.
    pub fn running(&self) -> impl Iterator<Item = &str> {
        self.running.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn batch(count: usize, per_hour: u32) -> Batch {
        Batch::new((0..count).map(|n| format!("p{n}")), Limits { per_hour })
    }

    #[test]
    fn one_then_ten_then_a_hundred_at_a_time() {
        let mut batch = batch(300, 10_000);
        let mut sizes = Vec::new();
        while let Next::Begin(plans) = batch.next(&[], at(0)) {
            assert_eq!(batch.next(&[], at(0)), Next::Running);
            sizes.push(plans.len());
            plans.iter().for_each(|plan| batch.holds(plan));
        }
        assert_eq!(sizes, [1, 10, 100, 100, 89]);
        assert_eq!(batch.next(&[], at(0)), Next::Finished);
    }

    #[test]
    fn the_first_that_does_not_hold_stops_all_that_is_not_begun() {
        let mut batch = batch(20, 10_000);
        let Next::Begin(first) = batch.next(&[], at(0)) else { panic!() };
        batch.holds(&first[0]);
        let Next::Begin(second) = batch.next(&[], at(0)) else { panic!() };
        batch.fails(&second[3], "it does not show");
        batch.fails(&second[4], "another");
        second.iter().for_each(|plan| batch.holds(plan));
        let Next::Stopped { plan, why, left } = batch.next(&[], at(9_999)) else { panic!() };
        assert_eq!((plan.as_str(), why.as_str(), left.len()), ("p4", "it does not show", 9));
    }

    #[test]
    fn the_cap_counts_other_batches_and_names_when_it_ends() {
        let mut batch = batch(5, 2);
        assert_eq!(batch.next(&[at(0), at(60)], at(120)), Next::Capped(at(3_600)));
        let Next::Begin(plans) = batch.next(&[at(0), at(60)], at(3_600)) else { panic!() };
        assert_eq!(plans, ["p0"]);
    }

    /// How many may be under way once so many hold.
    fn allowed(held: usize) -> usize {
        match held {
            0 => 1,
            1..=10 => 10,
            _ => 100,
        }
    }

    fn settle(batch: &mut Batch, plan: &str, fails: bool) {
        if fails { batch.fails(plan, "no") } else { batch.holds(plan) }
    }

    /// Plays a batch with failures, delays and a cap, and holds what it does against the rules.
    fn play(count: usize, per_hour: u32, outcomes: &[u8]) {
        let mut batch = batch(count, per_hour);
        let (mut begun, mut held, mut failed) = (Vec::new(), 0_usize, false);
        let (mut now, mut running) = (0_i64, VecDeque::<String>::new());
        let mut outcomes = outcomes.iter().copied().cycle();
        for _ in 0..20_000 {
            match batch.next(&begun, at(now)) {
                Next::Begin(plans) => {
                    assert!(!failed, "begun after one failed");
                    // Never more at once than ten times what has held, and one at first.
                    let allowed = allowed(held);
                    assert!(running.len() + plans.len() <= allowed);
                    begun.extend(plans.iter().map(|_| at(now)));
                    let lately = begun.iter().filter(|t| at(now).duration_since(**t) < HOUR);
                    assert!(lately.count() <= usize::try_from(per_hour).unwrap());
                    running.extend(plans);
                }
                Next::Running => {
                    let plan = running.pop_front().unwrap();
                    let fails = outcomes.next() == Some(0);
                    failed |= fails;
                    held += usize::from(!fails);
                    settle(&mut batch, &plan, fails);
                    now += 7;
                }
                Next::Capped(until) => {
                    assert!(until > at(now));
                    now += until.duration_since(at(now)).as_secs();
                }
                Next::Stopped { left, .. } => {
                    assert!(failed);
                    assert_eq!(begun.len() + left.len(), count);
                    return;
                }
                Next::Finished => {
                    assert!(!failed || begun.len() == count);
                    assert_eq!(held, count);
                    return;
                }
            }
        }
        panic!("it does not end");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_batch_keeps_its_steps_its_cap_and_its_stop(
            count in 1_usize..400,
            per_hour in 1_u32..200,
            outcomes in prop::collection::vec(0_u8..200, 1..300),
        ) {
            play(count, per_hour, &outcomes);
        }
    }

    #[test]
    fn five_thousand_take_hours_under_a_cap() {
        play(5_000, 500, &[1]);
    }
}
