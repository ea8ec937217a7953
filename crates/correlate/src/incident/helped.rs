//! What plausibly helped an attack: on the asset itself, on what it runs, of who acted.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use quell_model::Claim;

use super::attack::{Attacks, Spotted, Work, claim};
use super::candidate::Candidate;

/// How an attack is related to an asset or identity: the nearest first, then the latest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Relation {
    rank: Rank,
    end: Reverse<i64>,
    /// Tells two attacks apart that are as near and as late.
    anchor: String,
    attack: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// The detection's own asset.
    Own,
    /// What the detection leads to: the image that runs, the workload, the machine.
    Related,
    /// The identity that acted.
    Who,
}

/// Issues of one asset that helped one attack, with how.
type Helped<'c> = BTreeMap<(usize, Rank, String), Vec<(&'c str, &'c Candidate)>>;

/// Adds them to the attack that is nearest, and of those to the latest.
pub(super) fn add<'c>(work: &Work<'c>, attacks: &mut Attacks) {
    let nearest = nearest(work, attacks);
    let mut helped: Helped<'c> = BTreeMap::new();
    for (at, candidate) in work.candidates.iter().enumerate() {
        let is_free = !work.decisions.is_split(candidate.key);
        let Some(words) = candidate.opening.as_deref().filter(|_| is_free) else { continue };
        let claims = work.tokens(candidate).filter_map(|token| nearest.get(token));
        let Some(best) = claims.min() else { continue };
        attacks.set(at, best.attack);
        let group = (best.attack, best.rank, candidate.asset.clone());
        helped.entry(group).or_default().push((words, candidate));
    }
    for ((id, rank, asset), of) in helped {
        if let Some(attack) = attacks.list.get_mut(id) {
            attack.because.push(helped_claim(rank, &asset, &of));
        }
    }
}

/// For each asset and identity the attack that it belongs to most.
fn nearest<'w>(work: &'w Work<'_>, attacks: &Attacks) -> HashMap<&'w str, Relation> {
    let mut nearest: HashMap<&str, Relation> = HashMap::new();
    for Spotted { at, candidate, seen } in &work.spotted {
        let Some(id) = attacks.of.get(*at).copied().flatten() else { continue };
        let Some(attack) = attacks.list.get(id) else { continue };
        let own = (!seen.is_wide).then_some((Rank::Own, candidate.asset.as_str()));
        let related = seen.related.iter().map(|token| (Rank::Related, token.as_str()));
        let who = seen.identities.iter().map(|token| (Rank::Who, token.as_str()));
        for (rank, token) in own.into_iter().chain(related).chain(who) {
            let relation = Relation {
                rank,
                end: Reverse(seen.span.map_or(i64::MIN, |span| span.1)),
                anchor: attack.anchor.clone(),
                attack: id,
            };
            let best = match nearest.remove(token) {
                Some(known) => known.min(relation),
                None => relation,
            };
            nearest.insert(token, best);
        }
    }
    nearest
}

fn helped_claim(rank: Rank, asset: &str, of: &[(&str, &Candidate)]) -> Claim {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    of.iter().for_each(|(words, _)| *counts.entry(words).or_default() += 1);
    let ways: Vec<String> = counts
        .iter()
        .map(|(words, count)| match count {
            1 => format!("one {words}"),
            n => format!("{n} that each {words}"),
        })
        .collect();
    let place = match rank {
        Rank::Own => format!("on `{asset}`"),
        Rank::Related => format!("on `{asset}`, which the detection leads to"),
        Rank::Who => format!("of `{asset}`, who acted"),
    };
    let issues = if of.len() == 1 { "an open issue" } else { "open issues" };
    claim(
        format!("{issues} {place} plausibly helped: {}", ways.join(", ")),
        of.iter().map(|(_, candidate)| format!("issue:{}", candidate.key)).collect(),
    )
}
