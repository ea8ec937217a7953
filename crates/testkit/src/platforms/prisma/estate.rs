//! What the console scans, in an order that stays, found once and not for each page.

use std::collections::BTreeMap;

use super::Seat;
use crate::platforms::State as WorldState;
use crate::platforms::{Kind, Seer};

/// Lists that grow with the world.
#[derive(Debug, Default)]
pub(super) struct Estate {
    seen: usize,
    /// Things that Prisma Cloud knows, with the numbers of what is wrong with them.
    pub(super) things: BTreeMap<usize, Vec<usize>>,
    /// Their numbers by what they are.
    pub(super) images: Vec<usize>,
    pub(super) hosts: Vec<usize>,
    pub(super) functions: Vec<usize>,
    /// Numbers of flaws by where they show.
    pub(super) seats: BTreeMap<Seat, Vec<usize>>,
}

impl Estate {
    /// Takes in what came since.
    pub(super) fn follow(&mut self, world: &WorldState) {
        for flaw in world.flaws.get(self.seen..).unwrap_or_default() {
            let seen = flaw.seers.contains(&Seer::Prisma);
            let Some(thing) = world.things.get(flaw.thing).filter(|_| seen) else { continue };
            let known = self.things.entry(thing.number).or_default();
            let scanned = match thing.kind {
                Kind::Image => Some(&mut self.images),
                Kind::Machine => Some(&mut self.hosts),
                Kind::Function => Some(&mut self.functions),
                Kind::Bucket | Kind::Database | Kind::Firewall | Kind::Key | Kind::Queue => None,
            };
            if let Some(scanned) = scanned.filter(|_| known.is_empty()) {
                scanned.push(thing.number);
            }
            known.push(flaw.number);
            self.seats.entry(Seat::of(flaw, thing)).or_default().push(flaw.number);
        }
        self.seen = world.flaws.len();
    }
}
