//! A sink of which anything may be expected, within what its vendor documents.

use quell_deliver::outbox::{Found, Outcome, Remote};

use crate::random::Random;

/// What a sink does about a key that comes twice, and whether it can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// It takes the same key as one.
    Same,
    /// It makes another, and can be asked.
    Asked,
    /// It makes another, and cannot be asked.
    Deaf,
}

/// Seconds until what was made is found, at most.
const MOST_LAG: u64 = 300;
/// Seconds until a request that seems lost is carried out, at most.
const MOST_LATE: u64 = 240;
/// A sink of which this many seconds have passed shows all that arrived.
pub(super) const SETTLED: u64 = MOST_LAG + MOST_LATE + 60;

/// The sink of one history.
#[derive(Debug)]
pub(super) struct Sink {
    pub(super) manner: Manner,
    /// When each thing was made, and from when on it is found.
    made: Vec<(u64, u64)>,
    /// Requests that are carried out later.
    late: Vec<u64>,
    /// How often of a hundred something goes wrong.
    bad: u64,
}

/// What came of a call, and whether its answer was lost.
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) lost: bool,
}

impl Sink {
    pub(super) const fn new(manner: Manner, bad: u64) -> Self {
        Self { manner, made: Vec::new(), late: Vec::new(), bad }
    }

    /// From here on nothing goes wrong any more.
    pub(super) const fn mend(&mut self) {
        self.bad = 0;
    }

    /// How many things stand there now.
    pub(super) fn count(&mut self, now: u64, random: &mut Random) -> u32 {
        self.carry_out(now, random);
        u32::try_from(self.made.len()).unwrap_or(u32::MAX)
    }

    fn carry_out(&mut self, now: u64, random: &mut Random) {
        let (due, later): (Vec<u64>, Vec<u64>) = self.late.drain(..).partition(|at| *at <= now);
        self.late = later;
        for at in due {
            self.make(at, random);
        }
    }

    fn make(&mut self, now: u64, random: &mut Random) {
        if self.manner == Manner::Same && !self.made.is_empty() {
            return;
        }
        self.made.push((now, now + random.below(MOST_LAG)));
    }

    /// A request to make something.
    pub(super) fn open(&mut self, now: u64, random: &mut Random) -> Answer {
        self.carry_out(now, random);
        if random.below(100) >= self.bad {
            self.make(now, random);
            return Answer { outcome: Outcome::Done(Some(remote())), lost: false };
        }
        let lost = || Answer { outcome: Outcome::Lost("cut".to_owned()), lost: true };
        let said = String::new();
        match random.below(6) {
            // It is made, and the answer is lost.
            0 => {
                self.make(now, random);
                lost()
            }
            // It never came.
            1 => lost(),
            // It comes later.
            2 => {
                self.late.push(now + random.below(MOST_LATE));
                lost()
            }
            3 => Answer { outcome: Outcome::Later(None, said), lost: false },
            4 => {
                let wait = std::time::Duration::from_secs(random.below(4000));
                Answer { outcome: Outcome::Later(Some(wait), said), lost: false }
            }
            _ => Answer { outcome: Outcome::Refused("a field is missing".to_owned()), lost: false },
        }
    }

    /// A question whether it is there.
    pub(super) fn find(&mut self, now: u64, random: &mut Random) -> Found {
        self.carry_out(now, random);
        if random.below(100) < self.bad {
            return Found::Unknown("503".to_owned());
        }
        let shown = self.made.iter().any(|(_, from)| *from <= now);
        if shown { Found::There(remote()) } else { Found::Nothing }
    }
}

fn remote() -> Remote {
    Remote { id: "1".to_owned(), name: "SEC-1".to_owned(), url: None }
}
