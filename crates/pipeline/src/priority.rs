//! What the whole estate tells of one issue: its asset's surroundings, and the decision on it.
//!
//! Tools know different things of one asset. What one says of it counts for all issues on it, so
//! an issue's score here may differ from the one it was stored with.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use quell_catalog::{Control, Exposure};
use quell_correlate::{ByFact, Fact, Facts, Member, Shared, Way, Ways};
use quell_model::{Decided, Issue, IssueKey, Signals, Sourced, Statement, Timestamp};
use quell_risk::{Circumstances, Elsewhere, Factors, WhatIf};
use quell_store::Store;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::PipelineError;
use crate::assess::{Judgement, leads_in, members};
use crate::links::Links;
use crate::report::{Open, stored_issue};

/// The words of data classes that count as sensitive, the most sensitive first.
const SENSITIVE: &[&str] = &["restricted", "confidential"];

/// A fact of an asset, with the issue that brought it.
type Brought<T> = Option<(T, IssueKey)>;

/// A claim about an asset, with what it rests on.
type Claimed = Option<(bool, Basis)>;

/// What a claim about an asset rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Basis {
    /// An issue on the asset.
    Issue(IssueKey),
    /// What it has to do with another asset.
    Way(Way),
}

/// What all issues of one asset say of its surroundings together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Around {
    claims: ByFact<Claimed>,
    pub(crate) environment: Brought<Sourced>,
    pub(crate) data_class: Brought<Sourced>,
    /// Whether its issues say different things, or relations say more than they.
    mixed: bool,
}

/// What one issue says of its asset, as it is stored.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct StoredSays<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exposed: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sensitive: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    admin: Option<bool>,
    /// A [`Sourced`] as JSON: many issues say the same.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    environment: Option<Cow<'a, str>>,
    /// A [`Sourced`] as JSON.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    data_class: Option<Cow<'a, str>>,
}

/// What one issue says of its asset. All of them are in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Says {
    exposed: Option<bool>,
    sensitive: Option<bool>,
    admin: Option<bool>,
    environment: Option<Arc<str>>,
    data_class: Option<Arc<str>>,
}

impl Says {
    /// What it claims.
    const fn of(&self, fact: Fact) -> Option<bool> {
        match fact {
            Fact::Exposed => self.exposed,
            Fact::Sensitive => self.sensitive,
            Fact::Privileged => self.admin,
        }
    }

    /// Adds what it claims to what is known of the asset.
    pub(crate) fn add_to(&self, facts: &mut Facts, key: IssueKey) {
        let class = self.data_class.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let class: Brought<Sourced> = class.map(|class| (class, key));
        let is_sensitive = sensitivity(&class) < SENSITIVE.len();
        let holds = |fact: &Fact| {
            self.of(*fact) == Some(true) || (*fact == Fact::Sensitive && is_sensitive)
        };
        Fact::ALL.into_iter().filter(holds).for_each(|fact| facts.add(fact, key));
    }
}

/// Texts, and what issues say of their assets, kept once.
#[derive(Debug, Default)]
pub(crate) struct Once {
    pub(crate) texts: Shared,
    says: HashSet<Arc<Says>>,
}

impl Once {
    /// What an issue says, which many others say too.
    pub(crate) fn says(&mut self, stored: StoredSays<'_>) -> Arc<Says> {
        let says = stored.shared(&mut self.texts);
        if let Some(known) = self.says.get(&says) {
            return Arc::clone(known);
        }
        let new = Arc::new(says);
        self.says.insert(Arc::clone(&new));
        new
    }
}

impl StoredSays<'_> {
    /// What an issue says.
    pub(crate) fn of(issue: &Issue) -> Self {
        let (signals, context) = (&issue.asset.signals, &issue.asset.context);
        let text = |of: &Option<Sourced>| {
            of.as_ref().and_then(|of| serde_json::to_string(of).ok()).map(Cow::Owned)
        };
        Self {
            exposed: signals.internet_exposed,
            sensitive: signals.sensitive_data,
            admin: signals.high_privilege,
            environment: text(&context.environment),
            data_class: text(&context.data_class),
        }
    }

    /// The same with its texts kept once.
    fn shared(self, shared: &mut Shared) -> Says {
        let mut text = |text: Option<Cow<'_, str>>| text.map(|text| shared.text(&text));
        Says {
            exposed: self.exposed,
            sensitive: self.sensitive,
            admin: self.admin,
            environment: text(self.environment),
            data_class: text(self.data_class),
        }
    }
}

impl Around {
    /// What issues of one asset say together, in the order of their keys, with what relations say;
    /// `None` where all say the same.
    pub(crate) fn together<'s>(
        all: impl Iterator<Item = (&'s Says, IssueKey)>,
        ways: Option<&Ways>,
    ) -> Option<Self> {
        let mut together: Option<Self> = None;
        for (says, key) in all {
            let around = Self::of(says, key);
            match &mut together {
                Some(together) => together.add(around),
                None => together = Some(around),
            }
        }
        let mut together = together?;
        if let Some(ways) = ways {
            Fact::ALL.into_iter().for_each(|fact| together.add_way(fact, ways.get(fact)));
        }
        together.mixed.then_some(together)
    }

    /// Takes in what relations say: more than nothing, and more than that it is not so.
    fn add_way(&mut self, fact: Fact, way: Option<&Way>) {
        let Some(way) = way else { return };
        let mine = self.claims.get_mut(fact);
        if !matches!(mine, Some((true, _))) {
            *mine = Some((true, Basis::Way(way.clone())));
            self.mixed = true;
        }
    }

    /// What a claim rests on, if there is one.
    pub(crate) fn brought(&self, fact: Fact) -> Option<&Basis> {
        self.claims.get(fact).as_ref().map(|(_, from)| from)
    }

    /// Whether a fact comes from another asset.
    fn is_from_elsewhere(&self, fact: Fact) -> bool {
        matches!(self.brought(fact), Some(Basis::Way(_)))
    }

    /// What one issue says.
    fn of(says: &Says, key: IssueKey) -> Self {
        let sourced = |text: &Option<Arc<str>>| -> Brought<Sourced> {
            let value = text.as_deref().and_then(|text| serde_json::from_str(text).ok());
            value.map(|value| (value, key))
        };
        let claimed = |fact| says.of(fact).map(|value| (value, Basis::Issue(key)));
        Self {
            claims: ByFact::each(claimed),
            environment: sourced(&says.environment),
            data_class: sourced(&says.data_class),
            mixed: false,
        }
    }

    /// Takes in what another issue says: a claim of danger beats a claim of none, and what was
    /// known first stays.
    fn add(&mut self, other: Self) {
        self.mixed |= !self.says_as(&other);
        for fact in Fact::ALL {
            worse(self.claims.get_mut(fact), other.claims.get(fact));
        }
        let is_production = |of: &Brought<Sourced>| word(of) == Some("production");
        if self.environment.is_none()
            || (is_production(&other.environment) && !is_production(&self.environment))
        {
            self.environment = other.environment;
        }
        if sensitivity(&other.data_class) < sensitivity(&self.data_class) {
            self.data_class = other.data_class;
        }
    }

    fn says_as(&self, other: &Self) -> bool {
        let flag = |of: &Claimed| of.as_ref().map(|(value, _)| *value);
        Fact::ALL.iter().all(|of| flag(self.claims.get(*of)) == flag(other.claims.get(*of)))
            && word(&self.environment) == word(&other.environment)
            && word(&self.data_class) == word(&other.data_class)
    }

    /// Fills an issue's asset; says whether that changed anything. A fault that `leads_in` is one
    /// by which an attacker gets somewhere: for it, what can be reached and lost counts too.
    fn apply(&self, issue: &mut Issue, leads_in: bool) -> bool {
        let before = issue.asset.clone();
        let signals = &mut issue.asset.signals;
        for fact in Fact::ALL.into_iter().filter(|_| leads_in) {
            let mine = signal(signals, fact);
            if let Some((value, _)) = self.claims.get(fact) {
                *mine = Some(*value || *mine == Some(true));
            }
        }
        let fill = |mine: &mut Option<Sourced>, all: &Brought<Sourced>| {
            if mine.is_none() {
                *mine = all.as_ref().map(|(value, _)| value.clone());
            }
        };
        fill(&mut issue.asset.context.environment, &self.environment);
        fill(&mut issue.asset.context.data_class, &self.data_class);
        issue.asset != before
    }
}

/// The signal of an asset in which a fact stands.
const fn signal(signals: &mut Signals, fact: Fact) -> &mut Option<bool> {
    match fact {
        Fact::Exposed => &mut signals.internet_exposed,
        Fact::Sensitive => &mut signals.sensitive_data,
        Fact::Privileged => &mut signals.high_privilege,
    }
}

fn worse(mine: &mut Claimed, other: &Claimed) {
    if mine.is_none() || matches!((&*mine, other), (Some((false, _)), Some((true, _)))) {
        mine.clone_from(other);
    }
}

fn word(of: &Brought<Sourced>) -> Option<&str> {
    of.as_ref().map(|(value, _)| value.value.raw())
}

/// The smaller, the more sensitive; no class at all is the largest.
fn sensitivity(of: &Brought<Sourced>) -> usize {
    let listed = |class: &str| SENSITIVE.iter().position(|word| *word == class);
    word(of).map_or(usize::MAX, |class| listed(class).unwrap_or(SENSITIVE.len()))
}

/// What the whole estate tells.
pub(crate) struct Estate<'a> {
    pub(crate) by: Judgement<'a>,
    as_of: Option<Timestamp>,
    hidden: HashSet<IssueKey>,
    around: BTreeMap<String, Around>,
}

impl<'a> Estate<'a> {
    /// What holds for all issues; assets are taken in later.
    pub(crate) fn new(store: &Store, by: Judgement<'a>) -> Result<Self, PipelineError> {
        let as_of = store.finding_newest()?.map(|newest| newest.min(by.now));
        let hidden = store.issue_list_hidden()?.into_iter().collect();
        Ok(Self { by, as_of, hidden, around: BTreeMap::new() })
    }

    /// An estate of which nothing is stored: the newest sighting, and what tools hide.
    pub(crate) const fn of(
        by: Judgement<'a>,
        as_of: Option<Timestamp>,
        hidden: HashSet<IssueKey>,
    ) -> Self {
        Self { by, as_of, hidden, around: BTreeMap::new() }
    }

    /// The same estate with what was taken in before.
    pub(crate) fn with(mut self, around: BTreeMap<String, Around>) -> Self {
        self.around = around;
        self
    }

    /// Takes in what open issues and relations say of assets, and decides on each issue by what
    /// all of them say. Most assets have one issue, or issues that say the same: nothing is kept of
    /// those. With `only_these`, assets without an open issue are not looked at.
    pub(crate) fn take(&mut self, open: &mut [Open], (links, only_these): (&Links, bool)) {
        for one in open.iter_mut() {
            one.decision = one.provisional.settle(&self.circumstances(one.candidate.key));
        }
        let mut by_asset: Vec<&Open> = open.iter().collect();
        by_asset.par_sort_unstable_by_key(|one| (one.candidate.asset(), one.candidate.key));
        let groups = by_asset.chunk_by(|a, b| a.candidate.asset() == b.candidate.asset());
        let ways = ways_to(&by_asset, (links, only_these));
        let differ = |group: &[&Open]| {
            group.first().is_some_and(|first| group.iter().any(|one| one.says != first.says))
        };
        let told = |group: &[&Open]| {
            let asset = group.first().map(|one| one.candidate.asset())?;
            let ways = if ways.is_empty() { None } else { ways.get(&links.number(asset)) };
            if ways.is_none() && !differ(group) {
                return None;
            }
            let says = group.iter().map(|one| (&*one.says, one.candidate.key));
            Some((asset.to_owned(), Around::together(says, ways)?))
        };
        let mut around: BTreeMap<String, Around> = groups.filter_map(told).collect();
        around.remove("");
        self.around = around;
    }

    /// What is known of an asset of which its issues say different things.
    pub(crate) fn around(&self, asset: &str) -> Option<&Around> {
        self.around.get(asset)
    }

    /// Judges again each issue on an asset of which others know more.
    pub(crate) fn settle(&self, store: &Store, open: &mut [Open]) -> Result<(), PipelineError> {
        let is_mixed = |asset: &str| self.around(asset).is_some_and(|around| around.mixed);
        for open in open.iter_mut().filter(|open| is_mixed(open.candidate.asset())) {
            let Some(mut issue) = stored_issue(store, open.row)? else { continue };
            if self.settle_one(store, open.row, &mut issue)? {
                open.candidate.rate(issue.risk.score);
                open.decision = self.decide(&issue, &[]).decision;
            }
        }
        Ok(())
    }

    /// Gives an issue what others know of its asset, and judges it by that.
    fn settle_one(
        &self,
        store: &Store,
        row: i64,
        issue: &mut Issue,
    ) -> Result<bool, PipelineError> {
        let leads_in = self.leads_in(issue);
        let around = self.around(issue.asset.id.key());
        let changed = around.is_some_and(|around| around.apply(issue, leads_in));
        if changed {
            self.judge(issue, &members(store, row)?);
        }
        Ok(changed)
    }

    /// Fills an issue's asset with what others know of it; says whether that changed anything.
    pub(crate) fn fill(&self, around: &Around, issue: &mut Issue) -> bool {
        around.apply(issue, self.leads_in(issue))
    }

    /// Judges an issue by what its asset is filled with.
    pub(crate) fn judge(&self, issue: &mut Issue, members: &[Member]) {
        issue.risk = quell_risk::score(issue, &self.factors(issue, members), self.by.now);
    }

    /// The newest sighting of anything.
    pub(crate) const fn as_of(&self) -> Option<Timestamp> {
        self.as_of
    }

    /// Issues that one of their tools hides.
    pub(crate) const fn hidden(&self) -> &HashSet<IssueKey> {
        &self.hidden
    }

    /// The same with the members at hand.
    pub(crate) fn settled(&self, mut issue: Issue, members: &[Member]) -> Issue {
        let leads_in = self.leads_in(&issue);
        let around = self.around(issue.asset.id.key()).filter(|around| around.mixed);
        let changed = around.is_some_and(|around| around.apply(&mut issue, leads_in));
        if changed {
            self.judge(&mut issue, members);
        }
        issue
    }

    /// What would change an issue's score.
    pub(crate) fn what_if(&self, issue: &Issue, members: &[Member]) -> Vec<WhatIf> {
        quell_risk::what_if(issue, &self.factors(issue, members), self.by.now)
    }

    fn factors<'f>(&'f self, issue: &Issue, members: &'f [Member]) -> Factors<'f> {
        let around = self.around(issue.asset.id.key()).filter(|_| self.leads_in(issue));
        let is = |fact: Fact| around.is_some_and(|around| around.is_from_elsewhere(fact));
        let elsewhere = Elsewhere {
            exposed: is(Fact::Exposed),
            sensitive: is(Fact::Sensitive),
            admin: is(Fact::Privileged),
        };
        Factors { elsewhere, ..self.by.factors(members, self.control(issue)) }
    }

    /// Whether an issue is one by which an attacker gets somewhere.
    pub(crate) fn leads_in(&self, issue: &Issue) -> bool {
        leads_in(issue.class, self.control(issue))
    }

    pub(crate) fn control(&self, issue: &Issue) -> Option<&'a Control> {
        issue.control.as_deref().and_then(|id| self.by.catalog.control(id))
    }

    /// The decision on an issue, with what is said of it.
    pub(crate) fn decide(&self, issue: &Issue, said: &[Statement]) -> Decided {
        quell_risk::decide(
            issue,
            &Circumstances {
                implies: self.control(issue).map_or(Exposure::None, |c| c.exposure),
                excused: said.iter().any(|statement| statement.verdict.excuses()),
                ..self.circumstances(issue.key)
            },
        )
    }

    /// What the rest of the estate says for and against an issue.
    fn circumstances(&self, key: IssueKey) -> Circumstances {
        Circumstances {
            hidden: self.hidden.contains(&key),
            as_of: self.as_of,
            ..Circumstances::default()
        }
    }
}

/// The ways to the assets of open issues, which stand in the order of their assets.
fn ways_to(by_asset: &[&Open], (links, only_these): (&Links, bool)) -> HashMap<u64, Ways> {
    if links.is_empty() {
        return HashMap::new();
    }
    let mut facts: HashMap<u64, Facts> = HashMap::new();
    for group in by_asset.chunk_by(|a, b| a.candidate.asset() == b.candidate.asset()) {
        let Some(asset) = group.first().map(|one| one.candidate.asset()) else { continue };
        let number = links.number(asset);
        if asset.is_empty() || !links.assets().contains(&number) {
            continue;
        }
        let known = facts.entry(number).or_default();
        group.iter().for_each(|one| one.says.add_to(known, one.candidate.key));
    }
    links.ways(&facts, only_these)
}

#[cfg(test)]
mod tests {
    use quell_correlate::{Known, Link};
    use quell_model::{AssetId, Relation, RelationKind};

    use super::*;

    fn issue(key: &str, exposed: Option<bool>, environment: Option<&str>) -> Issue {
        let mut issue: Issue = serde_json::from_value(serde_json::json!({
            "key": "0".repeat(26), "control": null, "title": "t", "class": "misconfiguration",
            "asset": {"id": {"key": "aws:s3.bucket:a", "provider": "aws", "name": "a"},
                "native_id": "a", "native_kind": "bucket", "name": "a"},
            "severity": "high", "status": "open", "first_seen": null, "last_seen": null,
            "risk": {"score": 0, "parts": [], "would_lower": []},
            "basis": {"by": "title", "title": "t"},
        }))
        .unwrap();
        issue.key = quell_model::KeyHasher::new("issue").part(key).finish();
        issue.asset.signals.internet_exposed = exposed;
        issue.asset.context.environment = environment.map(|word| Sourced {
            value: word.into(),
            origin: quell_model::Origin::Tag("env".to_owned()),
        });
        issue
    }

    fn around(issue: &Issue) -> Around {
        Around::of(&StoredSays::of(issue).shared(&mut Shared::default()), issue.key)
    }

    #[test]
    fn what_one_tool_knows_of_an_asset_counts_for_the_others() {
        let (knows, other) = (issue("a", Some(true), Some("production")), issue("b", None, None));
        for pair in [[&knows, &other], [&other, &knows]] {
            let mut all = around(pair[0]);
            all.add(around(pair[1]));
            assert!(all.mixed);
            let mut filled = other.clone();
            assert!(all.apply(&mut filled, true));
            assert_eq!(filled.asset.signals.internet_exposed, Some(true));
            let mut setting = other.clone();
            assert!(all.apply(&mut setting, false));
            assert_eq!(setting.asset.signals.internet_exposed, None);
            assert_eq!(setting.asset.context.environment.unwrap().value.raw(), "production");
            assert_eq!(all.brought(Fact::Exposed), Some(&Basis::Issue(knows.key)));
            assert!(!all.apply(&mut knows.clone(), true));
        }
    }

    #[test]
    fn what_relations_tell_counts_where_no_issue_says_it() {
        let mut facts = HashMap::new();
        facts.insert(1, Facts::default());
        let told = |says: &[Issue], ways: &Ways| {
            let says: Vec<(Says, IssueKey)> = says
                .iter()
                .map(|one| (StoredSays::of(one).shared(&mut Shared::default()), one.key))
                .collect();
            Around::together(says.iter().map(|(says, key)| (says, *key)), Some(ways))
        };
        let tool = quell_model::Tool::default();
        let (from, to) = (AssetId::internet(), issue("a", None, None).asset.id);
        let relation = Relation::new(tool, &from, RelationKind::Exposes, &to).unwrap();
        let [link, _] = Link::of(&relation, |key| u64::from(key != from.key()));
        let known = Known {
            facts: &facts,
            internet: 0,
            everything: 2,
            sensitive_data: 3,
            only_these: true,
        };
        let all = quell_correlate::ways(&link.iter(), known);
        let ways = all.get(&1).unwrap();
        for said in [None, Some(false)] {
            let around = told(&[issue("a", said, None)], ways).unwrap();
            let mut weak = issue("a", said, None);
            assert!(around.apply(&mut weak, true));
            assert_eq!(weak.asset.signals.internet_exposed, Some(true));
            assert!(around.is_from_elsewhere(Fact::Exposed));
        }
        assert_eq!(told(&[issue("a", Some(true), None)], ways), None);
    }

    #[test]
    fn danger_beats_calm_and_an_own_tag_stays() {
        let mut all = around(&issue("a", Some(false), Some("test")));
        all.add(around(&issue("b", Some(true), Some("production"))));
        let mut calm = issue("c", Some(false), Some("test"));
        assert!(all.apply(&mut calm, true));
        assert_eq!(calm.asset.signals.internet_exposed, Some(true));
        assert_eq!(calm.asset.context.environment.unwrap().value.raw(), "test");
    }
}
