//! One history: a row, a sink, workers that die, and people who press buttons.

use std::time::Duration;

use quell_deliver::Key;
use quell_deliver::outbox::{
    ActKind, OnDoubt, Row, State, Step, begun, cancelled, ended, looked, next, recovered, released,
    retried,
};
use quell_model::{TenantId, Timestamp};

use super::History;
use super::sink::{Manner, SETTLED, Sink};
use crate::random::Random;

/// Steps of trouble, after which nothing goes wrong any more.
const TROUBLE: u32 = 40;
/// Steps of a history: whatever has not ended by then never does.
const MOST_STEPS: u32 = 400;
/// When a history begins, in seconds since 1970.
const START: i64 = 1_770_000_000;

struct World {
    random: Random,
    now: u64,
    /// What is on the disk.
    stored: Row,
    sink: Sink,
    on_doubt: OnDoubt,
    history: History,
    /// A person let go again what nobody knows of, at a sink that cannot be asked.
    chosen: bool,
}

/// Where a worker dies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Death {
    None,
    BeforeWriting,
    BeforeCall,
    AfterCall,
}

/// Runs the history of a seed.
#[must_use]
pub fn run(seed: u64) -> History {
    let mut random = Random::new(seed);
    let (manner, on_doubt) = match random.below(10) {
        0..=1 => (Manner::Same, OnDoubt::Again),
        2..=8 => (Manner::Asked, OnDoubt::Look { settle: Duration::from_secs(SETTLED) }),
        _ => (Manner::Deaf, OnDoubt::Leave),
    };
    let bad = random.below(90);
    let is_held = random.below(4) == 0;
    let mut world = World {
        stored: first_row(is_held),
        sink: Sink::new(manner, bad),
        on_doubt,
        now: 0,
        history: History::default(),
        chosen: false,
        random,
    };
    for step in 0..MOST_STEPS {
        let in_trouble = step < TROUBLE;
        if !in_trouble {
            world.sink.mend();
        }
        if world.step(in_trouble) {
            break;
        }
    }
    world.end()
}

fn first_row(is_held: bool) -> Row {
    let state = if is_held {
        State::Held { why: "a person lets it go".to_owned() }
    } else {
        State::Waiting { until: at(0) }
    };
    Row {
        id: 1,
        sink: "sink".to_owned(),
        subject: "fix:a".to_owned(),
        key: Key::new(&TenantId::default(), "sink", "fix:a", 0),
        act: ActKind::Open,
        state,
        attempts: 0,
        created: at(0),
        said: None,
        remote: None,
        replays: None,
        tries: Vec::new(),
    }
}

fn at(seconds: u64) -> Timestamp {
    let seconds = START.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX));
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

impl World {
    fn now(&self) -> Timestamp {
        at(self.now)
    }

    /// One step; whether the history has ended.
    fn step(&mut self, in_trouble: bool) -> bool {
        self.people(in_trouble);
        match next(&self.stored, self.now()) {
            Step::Send => self.send(in_trouble),
            Step::Look => self.look(in_trouble),
            Step::Rest(until) => {
                let seconds = until.as_second() - self.now().as_second();
                self.now += u64::try_from(seconds).unwrap_or_default().max(1);
            }
            Step::Nothing => {
                let is_over = !matches!(self.stored.state, State::Held { .. });
                if is_over && !in_trouble {
                    return true;
                }
                self.now += 60;
            }
        }
        let made = self.sink.count(self.now, &mut self.random);
        if made > 1 && !self.chosen {
            self.history.wrong = Some(format!("{made} things were made"));
        }
        false
    }

    /// People press buttons; in the end somebody lets go what waits for a person.
    fn people(&mut self, in_trouble: bool) {
        let row = self.stored.clone();
        let is_held = matches!(row.state, State::Held { .. });
        let pressed = if in_trouble { self.random.below(60) } else { 3 };
        let changed = match pressed {
            0 => cancelled(row.clone()),
            1 | 2 => retried(row.clone(), self.now()),
            3 if is_held => released(row.clone(), self.now()),
            _ => None,
        };
        let Some(after) = changed else { return };
        let was_lost = self.sink.manner == Manner::Deaf && row.attempts > 0;
        self.chosen |= was_lost && matches!(row.state, State::Parked { .. });
        self.stored = after;
    }

    fn death(&mut self, in_trouble: bool) -> Death {
        if !in_trouble {
            return Death::None;
        }
        match self.random.below(20) {
            0 => Death::BeforeWriting,
            1 => Death::BeforeCall,
            2 => Death::AfterCall,
            _ => Death::None,
        }
    }

    fn send(&mut self, in_trouble: bool) {
        let death = self.death(in_trouble);
        if death == Death::BeforeWriting {
            return self.restart();
        }
        let sending = begun(self.stored.clone(), self.now());
        self.stored = sending.clone();
        if death == Death::BeforeCall {
            return self.restart();
        }
        self.history.calls += 1;
        let answer = self.sink.open(self.now, &mut self.random);
        self.history.lost += u32::from(answer.lost);
        self.now += self.random.below(30);
        if death == Death::AfterCall {
            return self.restart();
        }
        let mut after = ended(sending, self.on_doubt, answer.outcome, self.now());
        // What a vendor refuses, somebody mends, or not.
        if matches!(after.state, State::Parked { .. }) && self.random.below(2) == 0 && !answer.lost
        {
            after = retried(after.clone(), self.now()).unwrap_or(after);
        }
        self.stored = after;
    }

    fn look(&mut self, in_trouble: bool) {
        if self.death(in_trouble) != Death::None {
            return self.restart();
        }
        let found = self.sink.find(self.now, &mut self.random);
        self.stored = looked(self.stored.clone(), self.on_doubt, found, (self.now(), self.now()));
    }

    /// A new process finds what is on the disk.
    fn restart(&mut self) {
        self.history.crashes += 1;
        self.now += self.random.below(100);
        self.stored = recovered(self.stored.clone(), self.on_doubt, self.now());
    }

    fn end(mut self) -> History {
        // What is still on its way arrives.
        let made = self.sink.count(self.now + 2 * SETTLED, &mut self.random);
        let state = self.stored.state.as_str();
        let is_over = matches!(state, "sent" | "parked" | "cancelled");
        let wrong = if made > 1 && !self.chosen {
            Some(format!("{made} things were made"))
        } else if state == "sent" && made == 0 {
            Some("it counts as sent, and nothing is there".to_owned())
        } else if !is_over {
            Some(format!("it never ended: {state}"))
        } else {
            None
        };
        let wrong = self.history.wrong.or(wrong);
        History { made, state, wrong, ..self.history }
    }
}
