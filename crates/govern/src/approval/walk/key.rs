//! A world as one number, and read back from it. The order in which people spoke is not kept:
//! nobody is heard twice, which the walk holds at each act.

use super::{GIVEN, NOTE, SPEAKERS, Stage, World, moment, person};
use crate::approval::{Approvals, Glass, Said, Stand, Vote};

/// Where a plan may stand, by their numbers.
const STANDS: [Stand; 5] =
    [Stand::Open, Stand::Refused, Stand::Withdrawn, Stand::Void, Stand::Executed];

/// Writes small numbers one behind the other.
#[derive(Default)]
struct Pack {
    bits: u64,
    at: u32,
}

impl Pack {
    fn put(&mut self, value: u64, bits: u32) {
        self.bits |= value << self.at;
        self.at += bits;
    }

    fn flags(&mut self, flags: &[bool]) {
        flags.iter().for_each(|flag| self.put(u64::from(*flag), 1));
    }
}

/// Reads them in the same order.
struct Unpack(u64);

impl Unpack {
    const fn take(&mut self, bits: u32) -> u64 {
        let value = self.0 & ((1 << bits) - 1);
        self.0 >>= bits;
        value
    }

    const fn flag(&mut self) -> bool {
        self.take(1) == 1
    }

    fn flags<const N: usize>(&mut self) -> [bool; N] {
        std::array::from_fn(|_| self.flag())
    }
}

/// 0 where there is none, else which of two forms.
fn form(of: Option<bool>) -> u64 {
    of.map_or(0, |changed| 1 + u64::from(changed))
}

const fn read_form(number: u64) -> Option<bool> {
    match number {
        1 => Some(false),
        2 => Some(true),
        _ => None,
    }
}

impl World {
    /// All that tells this world from others.
    pub(super) fn key(&self) -> u64 {
        let mut pack = Pack::default();
        pack.flags(&self.may);
        pack.flags(&self.active);
        pack.flags(&self.forbidden);
        pack.flags(&self.given);
        let now = self.now;
        pack.flags(&[now.plan, now.target, now.over, self.refused, self.no, self.taken_back]);
        let stand = STANDS.iter().position(|one| *one == self.approvals.stand);
        pack.put(stand.unwrap_or_default() as u64, 3);
        pack.put(u64::from(self.executed > 0), 1);
        // Only the admin's number can stand here; anybody else is a fault of its own.
        pack.put(form(self.broken.filter(|(by, _)| *by == 3).map(|(_, form)| form)), 2);
        for (by, for_whom) in SPEAKERS {
            let said = self.yes.iter().find(|yes| (yes.0, yes.1) == (by, for_whom));
            pack.put(form(said.map(|yes| yes.2)), 2);
        }
        pack.bits
    }

    /// The world of a number.
    pub(super) fn of(key: u64, stage: &Stage) -> Self {
        let mut from = Unpack(key);
        let (may, active, forbidden) = (from.flags(), from.flags(), from.flags());
        let given = from.flags::<{ GIVEN.len() }>();
        let mut world = Self { may, active, forbidden, given, ..Self::default() };
        world.now.plan = from.flag();
        world.now.target = from.flag();
        world.now.over = from.flag();
        world.refused = from.flag();
        world.no = from.flag();
        world.taken_back = from.flag();
        let stand = usize::try_from(from.take(3)).ok().and_then(|at| STANDS.get(at).copied());
        world.executed = u32::from(from.flag());
        world.broken = read_form(from.take(2)).map(|form| (3, form));
        for (by, for_whom) in SPEAKERS {
            if let Some(form) = read_form(from.take(2)) {
                world.yes.push((by, for_whom, form));
            }
        }
        world.approvals = world.approvals(stage, stand.unwrap_or(Stand::Void));
        world
    }

    /// What was said, as the state machine keeps it.
    fn approvals(&self, stage: &Stage, stand: Stand) -> Approvals {
        let at = moment(false);
        let vote = |by: usize, for_whom: Option<usize>, (said, form): (Said, bool)| Vote {
            by: person(by),
            for_whom: for_whom.map(person),
            said,
            hash: stage.hash(form).clone(),
            at,
            note: NOTE.to_owned(),
        };
        let yes = self.yes.iter().map(|yes| vote(yes.0, yes.1, (Said::Approve, yes.2)));
        let no = self.no.then(|| vote(2, None, (Said::Refuse, false)));
        Approvals {
            stand,
            votes: yes.chain(no).collect(),
            glass: self.broken.map(|(by, form)| Glass {
                by: person(by),
                reason: NOTE.to_owned(),
                hash: stage.hash(form).clone(),
                at,
                reviewed_by: None,
                reviewed_at: None,
            }),
            ..Approvals::default()
        }
    }
}
