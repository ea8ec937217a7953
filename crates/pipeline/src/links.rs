//! What relations of assets tell of them: kept in memory, and told in words.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use quell_correlate::{Fact, Facts, Known, Link, MOST_STEPS, Way, Ways, ways};
use quell_model::{AssetId, Claim, Relation, Untrusted};
use quell_store::{Packed, Store};
use rayon::prelude::*;

use crate::PipelineError;
use crate::priority::{Around, Basis};

/// Pages of relations that are read at once.
const PAGES: usize = 16;
/// Links that are kept for one asset alone, and relations that are read to find them.
const MOST_NEAR: usize = 1000;
const MOST_READ: usize = 5000;
/// Other names of one asset.
const MOST_NAMES: usize = 8;
/// Longest sentence about one fact.
const MOST_BYTES: usize = 800;

/// The relations of a store that carry facts from one asset to another.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    hasher: RandomState,
    /// With the page that each stands on, in the order of the keys.
    links: Vec<(i64, Link)>,
    assets: HashSet<u64>,
    /// The relations that tell of other names of assets.
    same: HashMap<u64, Vec<[u8; 16]>>,
}

/// What following the relations came to.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Whether any link changed.
    pub(crate) any: bool,
    /// The assets whose other names changed.
    pub(crate) renamed: HashSet<u64>,
}

impl Links {
    /// None yet. Assets are told apart by this hasher.
    pub(crate) fn new(hasher: RandomState) -> Self {
        Self { hasher, links: Vec::new(), assets: HashSet::new(), same: HashMap::new() }
    }

    /// All that the store has.
    pub(crate) fn load(store: &Store) -> Result<Self, PipelineError> {
        let mut links = Self::new(RandomState::new());
        links.follow(store, 0)?;
        Ok(links)
    }

    /// Those by which facts come to one asset, with the other assets that they lead over. Of very
    /// many some are left out.
    pub(crate) fn near(store: &Store, asset: &str) -> Result<(Self, Vec<String>), PipelineError> {
        let mut links = Self::new(RandomState::new());
        let mut others: BTreeSet<String> = BTreeSet::new();
        let mut waiting: BTreeSet<String> = [asset.to_owned()].into();
        let mut left = MOST_READ;
        for _ in 0..MOST_STEPS {
            let mut next: BTreeSet<String> = BTreeSet::new();
            for asset in &waiting {
                next.extend(links.add_near(store, asset, &mut left)?);
            }
            next.retain(|asset| !others.contains(asset));
            others.extend(next.iter().cloned());
            waiting = next;
        }
        links.links.sort_unstable_by_key(order);
        links.links.dedup_by_key(|(_, link)| (*link.key(), link.target()));
        links.assets = links.links.iter().flat_map(|(_, link)| link.ends()).collect();
        others.remove(asset);
        Ok((links, others.into_iter().collect()))
    }

    /// Adds the links by which facts come to an asset. Says from which others.
    fn add_near(
        &mut self,
        store: &Store,
        asset: &str,
        left: &mut usize,
    ) -> Result<Vec<String>, PipelineError> {
        let mut sources = Vec::new();
        let limit = MOST_NEAR.saturating_sub(self.links.len()).min(*left);
        if limit == 0 {
            return Ok(sources);
        }
        let rows = store.relation_list(&Relation::end_of(asset), (0, limit))?;
        *left -= rows.len();
        for row in rows {
            let relation = relation_of(&row.body)?;
            let here = self.number(asset);
            let links = Link::of(&relation, |key| self.number(key));
            let link = links.into_iter().flatten().find(|link| link.target() == here);
            let Some(link) = link else { continue };
            let source = relation.beside(asset);
            // No fact comes to the internet, or to everything.
            sources.extend((!source.is_general()).then(|| source.key().to_owned()));
            self.links.push((0, link));
        }
        Ok(sources)
    }

    /// Reads again what was written since.
    pub(crate) fn follow(&mut self, store: &Store, version: i64) -> Result<News, PipelineError> {
        let pages = store.relation_pages_since(version)?;
        if pages.is_empty() {
            return Ok(News::default());
        }
        let mut before = std::mem::take(&mut self.links);
        let written: HashSet<i64> = pages.iter().copied().collect();
        let mut links: Vec<(i64, Link)> =
            before.iter().copied().filter(|(page, _)| !written.contains(page)).collect();
        for some in pages.chunks(PAGES) {
            let mut bodies: Vec<(i64, Packed)> = Vec::new();
            for page in some {
                let rows = store.relation_page(*page)?.into_iter();
                bodies.extend(rows.map(|row| (*page, row.body)));
            }
            let read = |(page, body): (i64, Packed)| -> Result<_, PipelineError> {
                let of = Link::of(&relation_of(&body)?, |key| self.number(key));
                Ok(of.into_iter().flatten().map(|link| (page, link)).collect())
            };
            let read: Vec<Vec<(i64, Link)>> =
                bodies.into_par_iter().map(read).collect::<Result<_, _>>()?;
            links.extend(read.into_iter().flatten());
        }
        links.par_sort_unstable_by_key(order);
        before.retain(|(page, _)| written.contains(page));
        let same = before.iter().eq(links.iter().filter(|(page, _)| written.contains(page)));
        links.shrink_to_fit();
        self.links = links;
        let mut news = News { any: !same, renamed: HashSet::new() };
        if news.any {
            self.assets = self.links.iter().flat_map(|(_, link)| link.ends()).collect();
            let before = std::mem::take(&mut self.same);
            for (_, link) in self.links.iter().filter(|(_, link)| link.is_same()) {
                self.same.entry(link.target()).or_default().push(*link.key());
            }
            let all = before.keys().chain(self.same.keys());
            let differs = |asset: &&u64| before.get(*asset) != self.same.get(*asset);
            news.renamed = all.filter(differs).copied().collect();
        }
        Ok(news)
    }

    /// The other names of an asset. Of very many the rest is left out.
    pub(crate) fn names(&self, store: &Store, asset: &str) -> Result<Vec<String>, PipelineError> {
        let mut names = Vec::new();
        if self.same.is_empty() {
            return Ok(names);
        }
        let keys = self.same.get(&self.number(asset)).map_or(&[][..], Vec::as_slice);
        for key in keys.iter().take(MOST_NAMES) {
            let Some(row) = store.relation_get(key)? else { continue };
            names.push(relation_of(&row.body)?.beside(asset).key().to_owned());
        }
        Ok(names)
    }

    /// The number of an asset, by its key.
    pub(crate) fn number(&self, asset: &str) -> u64 {
        self.hasher.hash_one(asset)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// The assets that have any, by their numbers.
    pub(crate) const fn assets(&self) -> &HashSet<u64> {
        &self.assets
    }

    /// The ways to assets, given what their issues say. With `only_these`, over no others.
    pub(crate) fn ways(&self, facts: &HashMap<u64, Facts>, only_these: bool) -> HashMap<u64, Ways> {
        if self.is_empty() {
            return HashMap::new();
        }
        let [internet, everything, sensitive_data] = general().map(|id| self.number(id.key()));
        let known = Known { facts, internet, everything, sensitive_data, only_these };
        ways(&self.links.iter().map(|(_, link)| link), known)
    }
}

/// Links of one relation have one key.
const fn order((_, link): &(i64, Link)) -> ([u8; 16], u64) {
    (*link.key(), link.target())
}

fn relation_of(body: &Packed) -> Result<Relation, PipelineError> {
    Ok(serde_json::from_slice(&body.unpack()?)?)
}

/// What relations tell of an asset, as sentences with the records that they rest on.
pub(crate) fn told(
    store: &Store,
    (asset, around): (&AssetId, &Around),
) -> Result<Vec<Claim>, PipelineError> {
    let mut claims = Vec::new();
    for fact in Fact::ALL {
        if let Some(Basis::Way(way)) = around.brought(fact) {
            claims.extend(sentence(store, asset, (fact, way))?);
        }
    }
    Ok(claims)
}

/// The records that a way rests on.
pub(crate) fn records(way: &Way, field: &str) -> Vec<String> {
    let relations = way.relations.iter().map(|key| format!("relation:{}", Relation::id_text(key)));
    relations.chain(way.says.map(|key| format!("issue:{key}#{field}"))).collect()
}

/// The field of an asset that a fact stands in.
pub(crate) const fn field(fact: Fact) -> &'static str {
    match fact {
        Fact::Exposed => "asset.signals.internet_exposed",
        Fact::Sensitive => "asset.signals.sensitive_data",
        Fact::Privileged => "asset.signals.high_privilege",
    }
}

/// One fact; nothing where a relation is there no more.
fn sentence(
    store: &Store,
    asset: &AssetId,
    (fact, way): (Fact, &Way),
) -> Result<Option<Claim>, PipelineError> {
    let mut steps: Vec<String> = Vec::new();
    // From the asset to where the fact stands.
    let mut at = asset.clone();
    let mut nearest = None;
    for key in &way.relations {
        let Some(row) = store.relation_get(key)? else { return Ok(None) };
        let relation = relation_of(&row.body)?;
        let (first, second) = (name(&relation.from), name(&relation.to));
        let tool = &relation.tool.product;
        steps.push(format!("{first} {} {second} ({tool})", relation.kind.words()));
        at = relation.beside(at.key()).clone();
        nearest.get_or_insert_with(|| name(&at));
    }
    steps.reverse();
    let (Some(nearest), last) = (nearest, name(&at)) else { return Ok(None) };
    let begin = match fact {
        Fact::Exposed => "The internet reaches it",
        Fact::Sensitive => "It leads to sensitive data",
        Fact::Privileged => "It can act as an administrator",
    };
    let through = if general().iter().any(|general| name(general) == nearest) {
        String::new()
    } else {
        format!(" through {nearest}")
    };
    let end = match (way.says.is_some(), fact) {
        (false, _) => String::new(),
        (true, Fact::Exposed) => format!("; a tool says that the internet reaches {last}"),
        (true, Fact::Sensitive) => format!("; a tool says that {last} holds sensitive data"),
        (true, Fact::Privileged) => format!("; a tool says that {last} is an administrator"),
    };
    let text = format!("{begin}{through}: {}{end}.", steps.join(", "));
    let text = Untrusted::from(text).capped(MOST_BYTES);
    Ok(Some(Claim { text, evidence: records(way, field(fact)) }))
}

/// Ends of relations with which facts stand.
fn general() -> [AssetId; 3] {
    [AssetId::internet(), AssetId::everything(), AssetId::sensitive_data()]
}

fn name(asset: &AssetId) -> String {
    match asset.key() {
        "internet" => "the internet".to_owned(),
        key if asset.is_general() => key.to_owned(),
        key => format!("`{key}`"),
    }
}
