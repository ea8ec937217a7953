//! A small world in which everything happens to a plan that can: people speak, lose and get
//! rights, speak for each other, time passes, the plan and what it changes are changed, and
//! somebody tries to carry it out at any moment.
//!
//! What is right is told by `World::is_valid`, from the events alone and in other words than
//! the state machine's. The tests walk a part of it and `cargo xtask eval-approvals` all of it, to
//! where no act leads to a world that was not seen.

mod key;
mod run;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use quell_model::Timestamp;
use serde_json::json;

use super::{
    Approvals, Delegation, Hash, Plan, Quorum, Said, Situation, Stand, Voter, may_execute,
};
use crate::phase::Outcome;
use crate::{Person, Standing};

pub use run::{walk_all, walk_random, walk_read_back};

/// The people: who asks, two approvers, an admin, and one who may not agree for themselves.
const PEOPLE: [(&str, &str); 5] = [
    ("rita", "approver"),
    ("ann", "approver"),
    ("bob", "approver"),
    ("cat", "admin"),
    ("dan", "engineer"),
];

/// What people say with it.
const NOTE: &str = "a fire";

/// What may happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A person says yes for themselves.
    Approve(usize),
    /// A person says yes in the place of another.
    ApproveFor(usize, usize),
    /// A person says yes to the plan as it was before it was changed.
    ApproveOld(usize),
    /// A person says no.
    Refuse(usize),
    /// A person loses, or gets back, their role.
    Right(usize),
    /// A policy forbids a person to approve there, or no longer.
    Forbid(usize),
    /// A person loses, or gets back, everything.
    Active(usize),
    /// A person lets another speak in their place, or no longer.
    Delegate(usize, usize),
    /// The plan is changed, or changed back.
    Plan,
    /// What it changes is changed, or changed back.
    Target,
    /// Its time is over, or the clock is set back.
    Time,
    /// Rules refuse it, or no longer.
    Rules,
    /// It is taken back.
    Withdraw,
    /// A person does not wait for others.
    Glass(usize),
    /// Somebody tries to carry it out.
    Execute,
}

/// All that may happen.
pub const ACTS: [Act; 28] = [
    Act::Approve(0),
    Act::Approve(1),
    Act::Approve(2),
    Act::Approve(3),
    Act::Approve(4),
    Act::ApproveFor(4, 1),
    Act::ApproveFor(4, 0),
    Act::ApproveFor(2, 1),
    Act::ApproveFor(0, 1),
    Act::ApproveFor(1, 2),
    Act::ApproveOld(1),
    Act::Refuse(2),
    Act::Right(1),
    Act::Forbid(2),
    Act::Right(3),
    Act::Active(4),
    Act::Delegate(1, 4),
    Act::Delegate(1, 2),
    Act::Delegate(2, 1),
    Act::Delegate(1, 0),
    Act::Plan,
    Act::Target,
    Act::Time,
    Act::Rules,
    Act::Withdraw,
    Act::Glass(3),
    Act::Glass(1),
    Act::Execute,
];

/// Who may speak: a person, and the one in whose place.
const SPEAKERS: [(usize, Option<usize>); 10] = [
    (0, None),
    (1, None),
    (2, None),
    (3, None),
    (4, None),
    (4, Some(1)),
    (4, Some(0)),
    (2, Some(1)),
    (0, Some(1)),
    (1, Some(2)),
];
/// Who may let whom speak in their place.
const GIVEN: [(usize, usize); 4] = [(1, 4), (1, 2), (2, 1), (1, 0)];

/// A yes as it was said: by whom, in whose place, and to which form of the plan.
type Yes = (usize, Option<usize>, bool);

/// The world at one moment.
#[derive(Debug, Clone, PartialEq)]
struct World {
    approvals: Approvals,
    may: [bool; 5],
    active: [bool; 5],
    forbidden: [bool; 5],
    /// Of [`GIVEN`], those that hold.
    given: [bool; 4],
    now: Now,
    /// Rules refuse it.
    refused: bool,
    /// What happened, as the oracle keeps it.
    yes: Vec<Yes>,
    no: bool,
    taken_back: bool,
    broken: Option<(usize, bool)>,
    executed: u32,
}

/// What is not as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Now {
    /// The plan was changed.
    plan: bool,
    /// What it changes was changed.
    target: bool,
    /// Its time is over.
    over: bool,
}

/// What was wrong, with what led to it.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What.
    pub what: &'static str,
    /// What happened, in order.
    pub history: Vec<Act>,
}

/// What a walk came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Walked {
    /// Worlds that were seen, or histories that were lived.
    pub seen: u64,
    /// Attempts to carry the plan out.
    pub tried: u64,
    /// Of those, that were let through.
    pub executed: u64,
    /// The most acts that led to a world.
    pub deep: usize,
    /// Whether no act leads to a world that was not seen.
    pub closed: bool,
}

/// The two forms of the plan, with their hashes.
#[derive(Debug)]
struct Stage {
    plans: [Plan; 2],
    hashes: [Hash; 2],
    targets: [Hash; 2],
}

impl Stage {
    fn new() -> Self {
        let plans = [plan(false), plan(true)];
        let hash_of = |plan: &Plan| plan.hash().unwrap_or_else(|_| hash(""));
        let [one, other] = &plans;
        let hashes = [hash_of(one), hash_of(other)];
        Self { hashes, plans, targets: [hash("before"), hash("other")] }
    }

    const fn of<T>(pair: &[T; 2], other: bool) -> &T {
        let [one, two] = pair;
        if other { two } else { one }
    }

    const fn plan(&self, changed: bool) -> &Plan {
        Self::of(&self.plans, changed)
    }

    const fn hash(&self, changed: bool) -> &Hash {
        Self::of(&self.hashes, changed)
    }
}

fn person(number: usize) -> Person {
    let (name, _) = PEOPLE.get(number).copied().unwrap_or_default();
    Person::new(name, name)
}

fn number(person: &Person) -> Option<usize> {
    PEOPLE.iter().position(|(name, _)| *name == person.id)
}

fn moment(over: bool) -> Timestamp {
    let begin = Timestamp::UNIX_EPOCH;
    let later = SignedDuration::from_hours(if over { 100 } else { 10 });
    begin.checked_add(later).unwrap_or(begin)
}

fn hash(text: &str) -> Hash {
    Hash::of(text.as_bytes())
}

fn plan(changed: bool) -> Plan {
    let begin = Timestamp::UNIX_EPOCH;
    Plan {
        id: "p".to_owned(),
        kind: "fix.patch".to_owned(),
        tenant: "default".to_owned(),
        title: "a plan".to_owned(),
        target: "main.tf".to_owned(),
        account: String::new(),
        environment: None,
        parameters: json!({}),
        diff: if changed { "-a\n+c" } else { "-a\n+b" }.to_owned(),
        evidence: Vec::new(),
        versions: BTreeMap::new(),
        before: hash("before"),
        quorum: Quorum { people: 2, ..Quorum::default() },
        rule: None,
        requested_by: person(0),
        requested_at: begin,
        expires_at: begin.checked_add(SignedDuration::from_hours(72)).unwrap_or(begin),
    }
}

impl Default for World {
    fn default() -> Self {
        Self {
            approvals: Approvals::default(),
            may: [true; 5],
            active: [true; 5],
            forbidden: [false; 5],
            given: [false; 4],
            now: Now::default(),
            refused: false,
            yes: Vec::new(),
            no: false,
            taken_back: false,
            broken: None,
            executed: 0,
        }
    }
}

fn flag(flags: &[bool], at: usize) -> bool {
    flags.get(at).copied().unwrap_or_default()
}

fn turn(flags: &mut [bool], at: usize) {
    if let Some(flag) = flags.get_mut(at) {
        *flag = !*flag;
    }
}

impl World {
    fn standing(&self, at: usize) -> Standing {
        let role = PEOPLE.get(at).map(|(_, role)| *role).unwrap_or_default();
        let role = if flag(&self.may, at) { role } else { "viewer" };
        let approves = matches!(role, "approver" | "admin") && !flag(&self.forbidden, at);
        Standing { role: role.to_owned(), active: flag(&self.active, at), approves }
    }

    fn is_given(&self, pair: (usize, usize)) -> bool {
        GIVEN.iter().zip(self.given).any(|(one, holds)| *one == pair && holds)
    }

    fn delegations(&self) -> Vec<Delegation> {
        let give = |(from, to): &(usize, usize)| Delegation {
            from: person(*from),
            to: person(*to),
            since: Timestamp::UNIX_EPOCH,
            until: moment(true),
        };
        let holding = GIVEN.iter().zip(self.given).filter(|(_, holds)| *holds);
        holding.map(|(pair, _)| give(pair)).collect()
    }

    /// Lets somebody say yes or no.
    ///
    /// # Errors
    /// When somebody is heard twice.
    fn say(
        &mut self,
        stage: &Stage,
        (by, for_whom): (usize, Option<usize>),
        (said, of_changed): (Said, bool),
    ) -> Result<(), &'static str> {
        let (plan, now) = (stage.plan(self.now.plan), moment(self.now.over));
        let hash = stage.hash(of_changed);
        let (who, standing) = (person(by), self.standing(by));
        let other = for_whom.map(|at| (person(at), self.standing(at)));
        let delegations = self.delegations();
        let voter = Voter {
            by: &who,
            standing: &standing,
            for_whom: other.as_ref().map(|(person, standing)| (person, standing)),
            delegations: &delegations,
            lately: &[],
            most_per_hour: 100,
        };
        if self.approvals.vote(plan, &voter, (said, hash, NOTE), now).is_err() {
            return Ok(());
        }
        match said {
            Said::Approve => self.yes.push((by, for_whom, of_changed)),
            Said::Refuse => self.no = true,
        }
        // So the order in which people spoke cannot matter, and worlds are told apart without it.
        let mut heard: Vec<usize> =
            self.yes.iter().flat_map(|(by, other, _)| [Some(*by), *other]).flatten().collect();
        let count = heard.len();
        heard.sort_unstable();
        heard.dedup();
        if heard.len() == count { Ok(()) } else { Err("somebody is heard twice") }
    }

    fn glass(&mut self, stage: &Stage, by: usize) {
        let (plan, now) = (stage.plan(self.now.plan), moment(self.now.over));
        let hash = stage.hash(self.now.plan);
        let (who, standing) = (person(by), self.standing(by));
        let by_whom = (&who, &standing, false);
        if self.approvals.break_glass(plan, by_whom, (hash, NOTE), now).is_ok() {
            self.broken = Some((by, self.now.plan));
        }
    }

    /// Whether the plan may be carried out, told from what happened.
    fn is_valid(&self) -> bool {
        let now = self.now;
        if now.over || now.target || self.refused || self.no || self.taken_back || self.executed > 0
        {
            return false;
        }
        let still = |(by, for_whom, form): &&Yes| {
            let speaks_for = for_whom.unwrap_or(*by);
            let may_agree =
                |at: usize| at <= 3 && flag(&self.may, at) && !flag(&self.forbidden, at);
            *form == self.now.plan
                && *by != 0
                && speaks_for != 0
                && flag(&self.active, *by)
                && flag(&self.active, speaks_for)
                && may_agree(speaks_for)
                && for_whom.is_none_or(|from| self.is_given((from, *by)))
        };
        let yes: Vec<&Yes> = self.yes.iter().filter(still).collect();
        let two = yes.iter().enumerate().any(|(at, a)| {
            yes.iter().skip(at + 1).any(|b| {
                let (a1, a2, b1, b2) = (a.0, a.1.unwrap_or(a.0), b.0, b.1.unwrap_or(b.0));
                a1 != b1 && a1 != b2 && a2 != b1 && a2 != b2
            })
        });
        let broken = self.broken.is_some_and(|(by, form)| {
            let is_admin = by == 3 && flag(&self.may, 3) && flag(&self.active, 3);
            form == self.now.plan && is_admin && !flag(&self.forbidden, 3)
        });
        two || broken
    }

    /// Lets one thing happen.
    ///
    /// # Errors
    /// When the plan was let through where it may not be.
    fn live(
        &mut self,
        act: Act,
        (stage, walked): (&Stage, &mut Walked),
    ) -> Result<(), &'static str> {
        let (yes, no) = ((Said::Approve, self.now.plan), (Said::Refuse, self.now.plan));
        match act {
            Act::Approve(by) => return self.say(stage, (by, None), yes),
            Act::ApproveFor(by, other) => return self.say(stage, (by, Some(other)), yes),
            Act::ApproveOld(by) => {
                return self.say(stage, (by, None), (Said::Approve, !self.now.plan));
            }
            Act::Refuse(by) => return self.say(stage, (by, None), no),
            Act::Right(at) => turn(&mut self.may, at),
            Act::Forbid(at) => turn(&mut self.forbidden, at),
            Act::Active(at) => turn(&mut self.active, at),
            Act::Delegate(from, to) => {
                let at = GIVEN.iter().position(|pair| *pair == (from, to));
                turn(&mut self.given, at.unwrap_or(usize::MAX));
            }
            Act::Plan => self.now.plan = !self.now.plan,
            Act::Target => self.now.target = !self.now.target,
            Act::Time => self.now.over = !self.now.over,
            Act::Rules => self.refused = !self.refused,
            Act::Withdraw => {
                if self.approvals.withdraw(&person(0)).is_ok() {
                    self.taken_back = true;
                }
            }
            Act::Glass(by) => self.glass(stage, by),
            Act::Execute => return self.execute(stage, walked),
        }
        Ok(())
    }

    fn execute(&mut self, stage: &Stage, walked: &mut Walked) -> Result<(), &'static str> {
        walked.tried += 1;
        let standing = |who: &Person| number(who).map(|at| self.standing(at));
        let delegations = self.delegations();
        let now = moment(self.now.over);
        let situation = Situation {
            now,
            target: Stage::of(&stage.targets, self.now.target),
            standing: &standing,
            delegations: &delegations,
            people: 1,
            roles: &[],
            rules: if self.refused { Outcome::Refused } else { Outcome::Waits },
        };
        let permit = may_execute(stage.plan(self.now.plan), &self.approvals, &situation);
        let is_valid = self.is_valid();
        match permit {
            Ok(permit) => {
                permit.note(&mut self.approvals, now);
                self.executed += 1;
                walked.executed += 1;
                if is_valid { Ok(()) } else { Err("carried out without a valid approval") }
            }
            Err(blocked) => {
                if blocked.voids() {
                    self.approvals.void(&blocked.to_string());
                    // What is void stays void: for the oracle it is taken back.
                    self.taken_back |= self.approvals.stand == Stand::Void;
                }
                if is_valid { Err("held back in spite of a valid approval") } else { Ok(()) }
            }
        }
    }
}
