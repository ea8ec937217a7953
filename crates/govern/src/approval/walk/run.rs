//! Walking: everywhere, or at random.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{ACTS, Act, Fault, Stage, Walked, World};

/// From which world each was reached first, and by which act.
type Ways = HashMap<u64, (u64, u8)>;

fn fault(what: &'static str, ways: &Ways, from: u64, act: Act) -> Box<Fault> {
    let (mut history, mut key) = (vec![act], from);
    let begin = World::default().key();
    while key != begin
        && let Some((before, act)) = ways.get(&key)
    {
        history.extend(ACTS.get(usize::from(*act)));
        key = *before;
    }
    history.reverse();
    Box::new(Fault { what, history })
}

/// Walks every world that can be reached with at most so many acts, each once.
///
/// # Errors
/// At the first world in which the plan is carried out where it may not be, or held back where it
/// may be.
pub fn walk_all(deep: usize) -> Result<Walked, Box<Fault>> {
    let (stage, mut walked) = (Stage::new(), Walked::default());
    let begin = World::default().key();
    let mut ways: Ways = HashMap::from([(begin, (begin, 0))]);
    let mut level = vec![begin];
    while walked.deep < deep && !level.is_empty() {
        let mut next = Vec::new();
        for from in level {
            act_all(from, (&stage, &mut walked), (&mut ways, &mut next))?;
        }
        walked.deep += usize::from(!next.is_empty());
        walked.closed = next.is_empty();
        level = next;
    }
    walked.seen = u64::try_from(ways.len()).unwrap_or(u64::MAX);
    Ok(walked)
}

/// Lets each thing happen to one world; what was not seen before is next.
fn act_all(
    from: u64,
    (stage, walked): (&Stage, &mut Walked),
    (ways, next): (&mut Ways, &mut Vec<u64>),
) -> Result<(), Box<Fault>> {
    let world = World::of(from, stage);
    for (number, act) in (0_u8..).zip(ACTS) {
        let mut world = world.clone();
        let lived = world.live(act, (stage, walked));
        lived.map_err(|what| fault(what, ways, from, act))?;
        if let Entry::Vacant(free) = ways.entry(world.key()) {
            next.push(*free.key());
            free.insert((from, number));
        }
    }
    Ok(())
}

/// Lives so many histories of up to `long` acts, each chosen by `pick`, which is given how many
/// there are to choose from.
///
/// # Errors
/// At the first in which the plan is carried out where it may not be, or held back where it may.
pub fn walk_random(
    histories: u64,
    long: usize,
    pick: &mut dyn FnMut(usize) -> usize,
) -> Result<Walked, Box<Fault>> {
    let (stage, mut walked) = (Stage::new(), Walked::default());
    walked.deep = long;
    for _ in 0..histories {
        walked.seen += 1;
        let mut world = World::default();
        let mut history = Vec::with_capacity(long);
        for _ in 0..long {
            let Some(act) = ACTS.get(pick(ACTS.len())).copied() else { continue };
            history.push(act);
            if let Err(what) = world.live(act, (&stage, &mut walked)) {
                return Err(Box::new(Fault { what, history }));
            }
        }
    }
    Ok(walked)
}

/// Lives histories, and holds at each act that a world read back from its number lives on as the
/// one that went on. Says how many acts that were.
///
/// # Errors
/// At the first world that does not.
pub fn walk_read_back(
    histories: u64,
    long: usize,
    pick: &mut dyn FnMut(usize) -> usize,
) -> Result<u64, Box<Fault>> {
    let (stage, mut lived) = (Stage::new(), 0);
    for _ in 0..histories {
        let (mut world, mut history) = (World::default(), Vec::with_capacity(long));
        for _ in 0..long {
            let Some(act) = ACTS.get(pick(ACTS.len())).copied() else { continue };
            history.push(act);
            let mut read = World::of(world.key(), &stage);
            let mut walked = [Walked::default(); 2];
            let [one, other] = &mut walked;
            let results = (world.live(act, (&stage, one)), read.live(act, (&stage, other)));
            lived += 1;
            if results.0 != results.1 || one != other || world.key() != read.key() {
                return Err(Box::new(Fault { what: "read back, it lives on otherwise", history }));
            }
        }
    }
    Ok(lived)
}
