//! What relations tell of an asset beyond what its own issues do: that the internet reaches it by
//! way of another, that it leads to sensitive data, that it can act as an administrator.
//!
//! A fact stands where an issue says so. That it can be reached stands with the internet too, that
//! somebody is an administrator with everything, on which one has permission, and that sensitive
//! data is held with such data. From there it
//! goes along the relations that carry it, a few steps far. The shortest way counts, and of ways as
//! short the one with the smallest key of a relation, so that no order of input matters.

use std::collections::HashMap;

use quell_model::{AssetId, IssueKey, Relation, RelationKind};

/// Relations of the longest way.
pub const MOST_STEPS: u8 = 3;

/// What may be known of an asset by way of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// The internet reaches it.
    Exposed,
    /// It holds or reads sensitive data.
    Sensitive,
    /// It can act as an administrator.
    Privileged,
}

impl Fact {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Exposed, Self::Sensitive, Self::Privileged];

    const fn bit(self) -> u8 {
        match self {
            Self::Exposed => 1,
            Self::Sensitive => 2,
            Self::Privileged => 4,
        }
    }
}

/// Something of each fact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByFact<T> {
    exposed: T,
    sensitive: T,
    privileged: T,
}

impl<T> ByFact<T> {
    /// One of each, made by what is asked of it.
    pub fn each(mut of: impl FnMut(Fact) -> T) -> Self {
        Self {
            exposed: of(Fact::Exposed),
            sensitive: of(Fact::Sensitive),
            privileged: of(Fact::Privileged),
        }
    }

    /// That of a fact.
    pub const fn get(&self, fact: Fact) -> &T {
        match fact {
            Fact::Exposed => &self.exposed,
            Fact::Sensitive => &self.sensitive,
            Fact::Privileged => &self.privileged,
        }
    }

    /// That of a fact, to be changed.
    pub const fn get_mut(&mut self, fact: Fact) -> &mut T {
        match fact {
            Fact::Exposed => &mut self.exposed,
            Fact::Sensitive => &mut self.sensitive,
            Fact::Privileged => &mut self.privileged,
        }
    }
}

/// A relation that carries facts of one asset to another. Assets are numbers here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    key: [u8; 16],
    source: u64,
    target: u64,
    facts: u8,
    is_same: bool,
}

impl Link {
    /// What a relation carries, if anything: one, or one each way.
    #[must_use]
    pub fn of(relation: &Relation, number: impl Fn(&str) -> u64) -> [Option<Self>; 2] {
        let (toward, facts) = carried(relation);
        let (first, second) = (number(relation.from.key()), number(relation.to.key()));
        let link = Self {
            key: relation.key(),
            source: first,
            target: second,
            facts: facts.iter().fold(0, |bits, fact| bits | fact.bit()),
            is_same: relation.kind == RelationKind::SameAs,
        };
        let back = Self { source: second, target: first, ..link };
        if link.facts == 0 {
            return [None, None];
        }
        match toward {
            Toward::Second => [Some(link), None],
            Toward::First => [Some(back), None],
            Toward::Both => [Some(link), Some(back)],
        }
    }

    /// The relation.
    #[must_use]
    pub const fn key(&self) -> &[u8; 16] {
        &self.key
    }

    /// The asset to which it carries them.
    #[must_use]
    pub const fn target(&self) -> u64 {
        self.target
    }

    /// Whether both assets are one.
    #[must_use]
    pub const fn is_same(&self) -> bool {
        self.is_same
    }

    /// Both assets.
    #[must_use]
    pub const fn ends(&self) -> [u64; 2] {
        [self.source, self.target]
    }
}

/// To which of its assets a relation carries what is known of the other.
enum Toward {
    First,
    Second,
    Both,
}

/// Which facts a relation carries, and to which asset.
fn carried(relation: &Relation) -> (Toward, &'static [Fact]) {
    use Toward::{Both, First, Second};
    match relation.kind {
        RelationKind::Exposes => (Second, &[Fact::Exposed]),
        RelationKind::AttachedTo => (Second, put_on(&relation.from)),
        // Who takes the machine has what runs on it. That a machine can be reached says nothing of
        // which workload listens there.
        RelationKind::RunsOn => (Second, &[Fact::Sensitive, Fact::Privileged]),
        // What is in the image is in what was started from it.
        RelationKind::UsesImage => (Second, &Fact::ALL),
        RelationKind::SameAs => (Both, &Fact::ALL),
        RelationKind::CanAssume | RelationKind::PartOf => {
            (First, &[Fact::Sensitive, Fact::Privileged])
        }
        RelationKind::HasPermission if relation.to.is_general() => (First, &[Fact::Privileged]),
        RelationKind::Holds => (First, &[Fact::Sensitive]),
        // These are of whole networks, of one action of many, or words.
        RelationKind::Contains
        | RelationKind::Reaches
        | RelationKind::HasPermission
        | RelationKind::Labeled => (Second, &[]),
    }
}

/// What something tells of the asset that it is put on.
fn put_on(id: &AssetId) -> &'static [Fact] {
    let kind: String = id.kind.chars().filter(char::is_ascii_alphanumeric).collect();
    let kind = kind.to_ascii_lowercase();
    let is = |words: &[&str]| words.iter().any(|word| kind.contains(word));
    if is(&["instanceprofile", "identit", "serviceaccount", "role"]) {
        &[Fact::Sensitive, Fact::Privileged]
    } else if is(&["interface", "address", "eip", "publicip"]) {
        &[Fact::Exposed]
    } else if is(&["volume", "disk"]) {
        &[Fact::Sensitive]
    } else {
        // A firewall that opens a port tells of no way to each machine behind it.
        &[]
    }
}

/// What open issues say of one asset, each with the first of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts(ByFact<Option<IssueKey>>);

impl Facts {
    /// An issue says so. Of several the one with the smallest key is kept.
    pub fn add(&mut self, fact: Fact, says: IssueKey) {
        let known = self.0.get_mut(fact);
        *known = Some(known.map_or(says, |known| known.min(says)));
    }

    const fn get(&self, fact: Fact) -> Option<IssueKey> {
        *self.0.get(fact)
    }
}

/// How a fact comes to an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The keys of the relations, that of the asset itself first.
    pub relations: Box<[[u8; 16]]>,
    /// The issue that says so of the asset at the other end; none where that is no asset but the
    /// internet, everything or sensitive data.
    pub says: Option<IssueKey>,
}

/// The ways by which facts come to one asset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ways(ByFact<Option<Way>>);

impl Ways {
    /// The way of a fact.
    #[must_use]
    pub const fn get(&self, fact: Fact) -> Option<&Way> {
        self.0.get(fact).as_ref()
    }
}

/// What is looked at to find ways.
#[derive(Debug, Clone, Copy)]
pub struct Known<'k> {
    /// What issues say, by asset; an asset with open issues is there, whatever they say.
    pub facts: &'k HashMap<u64, Facts>,
    /// The number of the internet.
    pub internet: u64,
    /// The number of all that there is.
    pub everything: u64,
    /// The number of sensitive data.
    pub sensitive_data: u64,
    /// Whether ways lead only over assets that have open issues, since no others may be seen.
    pub only_these: bool,
}

/// How far an asset is from where a fact stands, and the link by which it comes.
#[derive(Clone, Copy)]
struct Reached {
    steps: u8,
    by: Option<Link>,
}

/// The ways to all assets to which there are any. Links stand in the order of their keys, and are
/// gone through once for each fact and step.
pub fn ways<'l>(
    links: &(impl Iterator<Item = &'l Link> + Clone),
    known: Known<'_>,
) -> HashMap<u64, Ways> {
    let mut found: HashMap<u64, Ways> = HashMap::new();
    for fact in Fact::ALL {
        let reached = spread(links.clone(), known, fact);
        reached.keys().for_each(|asset| {
            let Some(way) = way(*asset, &reached, known, fact) else { return };
            *found.entry(*asset).or_default().0.get_mut(fact) = Some(way);
        });
    }
    found
}

fn spread<'l>(
    links: impl Iterator<Item = &'l Link> + Clone,
    known: Known<'_>,
    fact: Fact,
) -> HashMap<u64, Reached> {
    let says = known.facts.iter().filter(|(_, facts)| facts.get(fact).is_some());
    let here = Reached { steps: 0, by: None };
    let mut reached: HashMap<u64, Reached> = says.map(|(asset, _)| (*asset, here)).collect();
    match fact {
        Fact::Exposed => reached.insert(known.internet, here),
        Fact::Privileged => reached.insert(known.everything, here),
        Fact::Sensitive => reached.insert(known.sensitive_data, here),
    };
    let links = links.filter(|link| link.facts & fact.bit() != 0);
    for steps in 1..=MOST_STEPS {
        let before = reached.len();
        for link in links.clone() {
            let comes = reached.get(&link.source).is_some_and(|of| of.steps + 1 == steps);
            let is_seen = !known.only_these || known.facts.contains_key(&link.target);
            if comes && is_seen {
                reached.entry(link.target).or_insert(Reached { steps, by: Some(*link) });
            }
        }
        if reached.len() == before {
            break;
        }
    }
    reached
}

/// The way to an asset; none where the fact stands there.
fn way(asset: u64, reached: &HashMap<u64, Reached>, known: Known<'_>, fact: Fact) -> Option<Way> {
    let (mut at, mut relations) = (asset, Vec::new());
    while let Some(link) = reached.get(&at).and_then(|of| of.by) {
        relations.push(link.key);
        at = link.source;
    }
    if relations.is_empty() {
        return None;
    }
    let says = known.facts.get(&at).and_then(|facts| facts.get(fact));
    Some(Way { relations: relations.into(), says })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

    use proptest::prelude::*;
    use quell_model::{Hints, KeyHasher, Tool};

    use super::*;

    fn number(key: &str) -> u64 {
        BuildHasherDefault::<DefaultHasher>::default().hash_one(key)
    }

    fn id(name: &str) -> AssetId {
        match name {
            "internet" => AssetId::internet(),
            "everything" => AssetId::everything(),
            "sensitive data" => AssetId::sensitive_data(),
            _ => AssetId::parse(name, &Hints::default()),
        }
    }

    fn relation(from: &str, kind: RelationKind, to: &str) -> Relation {
        let tool = Tool { product: "wiz".to_owned(), format: "wiz".to_owned() };
        Relation::new(tool, &id(from), kind, &id(to)).unwrap()
    }

    fn issue(name: &str) -> IssueKey {
        KeyHasher::new("issue").part(name).finish()
    }

    /// The ways over some relations, given what issues say of assets.
    fn found(
        relations: &[Relation],
        says: &[(&str, Fact)],
        only_these: Option<&[&str]>,
    ) -> HashMap<u64, Ways> {
        let mut links: Vec<Link> =
            relations.iter().flat_map(|one| Link::of(one, number)).flatten().collect();
        links.sort_unstable_by_key(|link| link.key);
        let mut facts: HashMap<u64, Facts> = HashMap::new();
        for (asset, fact) in says {
            facts.entry(number(id(asset).key())).or_default().add(*fact, issue(asset));
        }
        for asset in only_these.into_iter().flatten() {
            facts.entry(number(id(asset).key())).or_default();
        }
        let general = [AssetId::internet(), AssetId::everything(), AssetId::sensitive_data()];
        let [internet, everything, sensitive_data] = general.map(|id| number(id.key()));
        let only_these = only_these.is_some();
        let known = Known { facts: &facts, internet, everything, sensitive_data, only_these };
        ways(&links.iter(), known)
    }

    fn at<'w>(ways: &'w HashMap<u64, Ways>, asset: &str, fact: Fact) -> Option<&'w Way> {
        ways.get(&number(id(asset).key()))?.get(fact)
    }

    const BALANCER: &str =
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/1";
    const MACHINE: &str = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718";
    const PROFILE: &str = "arn:aws:iam::111122223333:instance-profile/shop";
    const ROLE: &str = "arn:aws:iam::111122223333:role/shop";
    const IMAGE: &str = "registry.example/shop/pay:1";
    const POD: &str = "prod/shop/pod/pay-0";
    const GROUP: &str = "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b2c3d4e5f60713";

    use RelationKind::{
        AttachedTo, CanAssume, Contains, Exposes, HasPermission, Holds, RunsOn, SameAs, UsesImage,
    };

    #[test]
    fn the_internet_comes_through_a_load_balancer_to_the_image_behind_it() {
        let relations = [
            relation("internet", Exposes, BALANCER),
            relation(BALANCER, Exposes, POD),
            relation(POD, UsesImage, IMAGE),
            relation(POD, RunsOn, MACHINE),
        ];
        let ways = found(&relations, &[], None);
        let of = |asset| at(&ways, asset, Fact::Exposed).map(|way| way.relations.to_vec());
        let keys: Vec<[u8; 16]> = relations.iter().map(Relation::key).collect();
        assert_eq!(of(BALANCER), Some(vec![keys[0]]));
        assert_eq!(of(POD), Some(vec![keys[1], keys[0]]));
        assert_eq!(of(IMAGE), Some(vec![keys[2], keys[1], keys[0]]));
        assert_eq!(of(MACHINE), None, "that a pod can be reached says nothing of its machine");
        assert_eq!(at(&ways, POD, Fact::Exposed).unwrap().says, None);
    }

    #[test]
    fn rights_come_along_identities_and_a_firewall_carries_nothing() {
        let relations = [
            relation(PROFILE, AttachedTo, MACHINE),
            relation(PROFILE, CanAssume, ROLE),
            relation(GROUP, AttachedTo, MACHINE),
            relation(GROUP, Contains, ROLE),
        ];
        let says = [(ROLE, Fact::Privileged), (GROUP, Fact::Exposed), (MACHINE, Fact::Sensitive)];
        let ways = found(&relations, &says, None);
        let way = at(&ways, MACHINE, Fact::Privileged).unwrap();
        assert_eq!(way.relations.to_vec(), [relations[0].key(), relations[1].key()]);
        assert_eq!(way.says, Some(issue(ROLE)));
        assert_eq!(at(&ways, MACHINE, Fact::Exposed), None);
        assert_eq!(at(&ways, MACHINE, Fact::Sensitive), None, "it says so itself");
        assert_eq!(at(&ways, ROLE, Fact::Sensitive), None, "a role gets nothing of its users");
        let may = [
            relation(ROLE, HasPermission, "everything"),
            relation(MACHINE, CanAssume, ROLE),
            relation(POD, HasPermission, ROLE),
        ];
        let ways = found(&may, &[], None);
        let way = at(&ways, MACHINE, Fact::Privileged).unwrap();
        assert_eq!((way.relations.to_vec(), way.says), (vec![may[1].key(), may[0].key()], None));
        assert!(at(&ways, POD, Fact::Privileged).is_none(), "one permission of many");
        let may = [relation(ROLE, Holds, "sensitive data"), relation(MACHINE, CanAssume, ROLE)];
        let ways = found(&may, &[], None);
        let way = at(&ways, MACHINE, Fact::Sensitive).unwrap();
        assert_eq!((way.relations.to_vec(), way.says), (vec![may[1].key(), may[0].key()], None));
    }

    #[test]
    fn what_is_known_under_one_name_is_known_under_the_other() {
        const OWN: &str = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0fffffffffffffff0";
        let relations = [relation(MACHINE, SameAs, OWN), relation("internet", Exposes, MACHINE)];
        let says = [(OWN, Fact::Sensitive), (MACHINE, Fact::Privileged)];
        let ways = found(&relations, &says, None);
        let of = |asset, fact| at(&ways, asset, fact).map(|way| way.relations.to_vec());
        let [same, exposed] = [relations[0].key(), relations[1].key()];
        assert_eq!(of(OWN, Fact::Exposed), Some(vec![same, exposed]));
        assert_eq!(of(OWN, Fact::Privileged), Some(vec![same]));
        assert_eq!(of(MACHINE, Fact::Sensitive), Some(vec![same]));
        assert_eq!(of(MACHINE, Fact::Privileged), None, "it says so itself");
    }

    #[test]
    fn no_way_leads_over_what_may_not_be_seen() {
        let relations = [relation("internet", Exposes, BALANCER), relation(BALANCER, Exposes, POD)];
        assert!(at(&found(&relations, &[], Some(&[POD])), POD, Fact::Exposed).is_none());
        let both = found(&relations, &[], Some(&[POD, BALANCER]));
        assert!(at(&both, POD, Fact::Exposed).is_some());
    }

    #[test]
    fn a_way_has_an_end() {
        let names: Vec<String> =
            (0..9).map(|n| format!("arn:aws:ec2:eu-west-1:111122223333:instance/i-{n}")).collect();
        let pairs = names.iter().zip(names.iter().skip(1));
        let relations: Vec<Relation> = pairs.map(|(a, b)| relation(a, Exposes, b)).collect();
        let ways = found(&relations, &[(&names[0], Fact::Exposed)], None);
        let far: Vec<bool> =
            names.iter().map(|name| at(&ways, name, Fact::Exposed).is_some()).collect();
        assert_eq!(far, [false, true, true, true, false, false, false, false, false]);
    }

    const NAMES: [&str; 8] =
        ["internet", "everything", "sensitive data", BALANCER, POD, MACHINE, ROLE, IMAGE];

    fn relations() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
        let one = (0..NAMES.len(), 0..RelationKind::ALL.len(), 1..NAMES.len());
        proptest::collection::vec(one.prop_filter("itself", |(a, _, b)| a != b), 0..14)
    }

    fn made(all: &[(usize, usize, usize)]) -> Vec<Relation> {
        all.iter()
            .map(|(a, kind, b)| relation(NAMES[*a], RelationKind::ALL[*kind], NAMES[*b]))
            .collect()
    }

    /// Where a fact stands that no issue says.
    fn general(fact: Fact) -> &'static str {
        match fact {
            Fact::Exposed => "internet",
            Fact::Privileged => "everything",
            Fact::Sensitive => "sensitive data",
        }
    }

    type Shown = BTreeMap<(u64, Fact), (Vec<[u8; 16]>, Option<IssueKey>)>;

    fn shown(ways: &HashMap<u64, Ways>) -> Shown {
        let each = ways.iter().flat_map(|(asset, ways)| {
            Fact::ALL.into_iter().filter_map(move |fact| {
                let way = ways.get(fact)?;
                Some(((*asset, fact), (way.relations.to_vec(), way.says)))
            })
        });
        each.collect()
    }

    proptest! {
        #[test]
        fn order_and_repeats_do_not_matter_and_more_never_takes_away(
            (all, other) in relations().prop_flat_map(|all| {
                let twice: Vec<_> = all.iter().chain(&all).copied().collect();
                (Just(all), Just(twice).prop_shuffle())
            }),
            says in proptest::collection::vec((1..NAMES.len(), 0..3_usize), 0..5),
            cut in 0..14_usize,
        ) {
            let says: Vec<(&str, Fact)> =
                says.iter().map(|(at, fact)| (NAMES[*at], Fact::ALL[*fact])).collect();
            let mut turned = says.clone();
            turned.reverse();
            let one = found(&made(&all), &says, None);
            prop_assert_eq!(shown(&one), shown(&found(&made(&other), &turned, None)));
            let fewer = found(&made(&all[..cut.min(all.len())]), &says, None);
            let keys: BTreeSet<_> = shown(&one).into_keys().collect();
            prop_assert!(shown(&fewer).into_keys().all(|key| keys.contains(&key)));
            let known: HashMap<[u8; 16], Relation> =
                made(&all).into_iter().map(|one| (one.key(), one)).collect();
            for ((asset, fact), (relations, by)) in shown(&one) {
                prop_assert!((1..=usize::from(MOST_STEPS)).contains(&relations.len()));
                let last = relations.last().and_then(|key| known.get(key));
                let ends = last.map(|last| [&last.from, &last.to].map(AssetId::key));
                let stands_at = |name: &str| ends.is_some_and(|ends| ends.contains(&id(name).key()));
                let is_its = |(name, said): &(&str, Fact)| {
                    *said == fact && by == Some(issue(name)) && stands_at(name)
                };
                let is_said = says.iter().any(is_its);
                prop_assert!(is_said || (by.is_none() && stands_at(general(fact))));
                prop_assert!(fact != Fact::Exposed || asset != number("internet"));
            }
        }
    }
}
