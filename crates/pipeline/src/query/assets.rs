//! Assets: the list, and one with its issues and what it has to do with others.

use std::collections::BTreeMap;

use quell_model::{
    Asset, IssueKey, KeyHasher, Provider, Relation, RelationKind, Severity, Timestamp, Untrusted,
};
use quell_report::AssetReport;
use quell_store::{AssetCells, ListFilter, RelationRow, Sort, Wish};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::Asked;
use super::issues::{IssueItem, issue_item};
use super::page::{MOST_ITEMS, Turn};
use super::parameters::{Order, in_no_cursor, listed, score};
use super::{Page, QueryError, View};
use crate::assess::members;
use crate::report::{asset_report, stored_issue};

/// Issues of an asset whose findings are read for what it has to do with others.
const MOST_READ: usize = 50;
/// Relations of an asset that are shown.
const MOST_RELATIONS: usize = 500;

/// Which assets. What is left out asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct AssetQuery {
    /// This text in the id, in any case.
    pub text: Option<String>,
    /// The worst of its open issues has one of these severities.
    #[serde(deserialize_with = "listed")]
    #[param(inline, style = Form, explode = false)]
    pub severity: Vec<Severity>,
    /// In one of these clouds or places.
    #[serde(deserialize_with = "listed")]
    #[param(inline, style = Form, explode = false)]
    pub provider: Vec<Provider>,
    /// In this account, subscription, project or cluster.
    pub account: Option<String>,
    /// In this region.
    pub region: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Owned by this team, as it says itself.
    pub team: Option<String>,
    /// With an open issue of this risk score or more.
    #[serde(deserialize_with = "score")]
    #[param(minimum = 0, maximum = 1000)]
    pub min_score: Option<u32>,
    /// What the list is sorted by.
    #[param(inline, required = false)]
    pub sort: AssetSort,
    /// In which direction.
    #[param(inline, required = false)]
    pub order: Order,
    /// Items on a page, 1 to 500; 50 where it is not said.
    #[serde(skip_serializing_if = "in_no_cursor")]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<usize>,
    /// The page that a page before named.
    #[serde(skip_serializing_if = "in_no_cursor")]
    pub cursor: Option<String>,
    /// Whether values are counted too.
    #[serde(skip_serializing_if = "in_no_cursor")]
    pub facets: bool,
}

/// What assets are sorted by. What is alike stands in one fixed order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssetSort {
    /// The risk score of the riskiest open issue.
    #[default]
    Score,
    /// The highest severity of open issues.
    Severity,
    /// The number of open issues.
    OpenIssues,
    /// A fixed order that says nothing.
    Id,
}

/// An asset as a list shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssetItem {
    /// The asset.
    #[serde(flatten)]
    pub asset: AssetReport,
    /// The highest severity of its open issues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The highest risk score of its open issues.
    pub score: u32,
}

/// One asset with its issues.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssetStory {
    /// The asset.
    #[serde(flatten)]
    pub item: AssetItem,
    /// Its issues, the riskiest first, at most 500.
    pub issues: Vec<IssueItem>,
    /// How many issues it has, open or not.
    pub all_issues: u64,
    /// Assets that a detection on it names too.
    pub related: Vec<RelatedAsset>,
    /// What tools say that it has to do with others, in the order of its kinds, at most 500.
    pub relations: Vec<AssetRelation>,
    /// How many relations it has.
    pub all_relations: u64,
    /// What an inventory says of it, where one was imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Asset>,
}

/// An asset that a detection names beside another.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelatedAsset {
    /// Its id.
    pub asset: Untrusted,
    /// The issue that names both.
    pub issue: IssueKey,
}

/// What an asset has to do with another, as one tool says.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssetRelation {
    /// Its id, as claims name it (`relation:ID`).
    pub id: String,
    /// What the first of both has to do with the second.
    pub kind: RelationKind,
    /// Whether the asset that is shown is the first.
    pub is_first: bool,
    /// What the asset that is shown has to do with the other, in words.
    pub words: &'static str,
    /// The other asset's id.
    pub asset: Untrusted,
    /// What makes it so: a policy, a range of ports.
    #[serde(skip_serializing_if = "Untrusted::is_empty")]
    pub by: Untrusted,
    /// Which tool says so.
    pub tool: String,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// Further facts, by field name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<(String, Untrusted)>,
}

/// One page of the assets that are asked for: those that have had an issue, the riskiest first
/// unless another order is asked for. Ids that differ in case only are one asset.
///
/// # Errors
/// When the cursor or the limit is wrong, or the store refuses.
pub fn assets(view: &View<'_>, query: &AssetQuery) -> Result<Page<AssetItem>, QueryError> {
    let turn = Turn { limit: query.limit, cursor: query.cursor.as_deref(), facets: query.facets };
    let sort = match query.sort {
        AssetSort::Score => Sort::Score,
        AssetSort::Severity => Sort::Severity,
        AssetSort::OpenIssues => Sort::OpenIssues,
        AssetSort::Id => Sort::Id,
    };
    turn.take(
        Asked::of("assets", query)?,
        (&query.filter(), sort, query.order),
        |wish| view.index.assets(wish),
        |cells| asset_item(view, &cells),
    )
}

impl AssetQuery {
    fn filter(&self) -> ListFilter {
        ListFilter {
            severities: self.severity.clone(),
            asset: self.text.clone(),
            providers: self.provider.iter().map(|p| p.as_str().to_owned()).collect(),
            account: self.account.clone(),
            region: self.region.clone(),
            kind: self.kind.clone(),
            team: self.team.clone(),
            min_score: self.min_score,
            ..ListFilter::default()
        }
    }
}

fn asset_item(view: &View<'_>, cells: &AssetCells) -> Result<Option<AssetItem>, QueryError> {
    let Some(issue) = stored_issue(view.store, cells.issue)? else { return Ok(None) };
    let asset = AssetReport { open_issues: u64::from(cells.open_issues), ..asset_report(&issue) };
    Ok(Some(AssetItem { asset, severity: cells.severity, score: cells.score }))
}

/// The asset with this id.
fn find_exact(view: &View<'_>, id: &str) -> Option<AssetCells> {
    let filter = ListFilter { asset_is: vec![id.to_owned()], ..ListFilter::default() };
    by_id(view, &filter).pop()
}

fn by_id(view: &View<'_>, filter: &ListFilter) -> Vec<AssetCells> {
    let wish = Wish {
        filter,
        sort: Sort::Id,
        descending: false,
        after: None,
        limit: MOST_ITEMS,
        facets: false,
    };
    view.index.assets(&wish).rows
}

/// The first asset with this id, else the only one whose id begins so.
fn find(view: &View<'_>, id: &str) -> Option<AssetCells> {
    if let Some(found) = find_exact(view, id) {
        return Some(found);
    }
    let wanted = id.to_lowercase();
    let holding = ListFilter { asset: Some(wanted.clone()), ..ListFilter::default() };
    let mut found =
        by_id(view, &holding).into_iter().filter(|cells| cells.key.starts_with(&wanted));
    found.next().filter(|_| !wanted.is_empty() && found.next().is_none())
}

/// One asset with its issues, by its id or the first characters of it.
///
/// # Errors
/// When no asset, or more than one, has that id, or the store refuses.
pub fn asset(view: &View<'_>, id: &str) -> Result<AssetStory, QueryError> {
    let not_found = || QueryError::NotFound { kind: "asset", id: id.to_owned() };
    let cells = find(view, id).ok_or_else(not_found)?;
    let item = asset_item(view, &cells)?.ok_or_else(not_found)?;
    let filter = ListFilter { asset_is: vec![cells.key], ..ListFilter::default() };
    let found = view.index.issues(&Wish {
        filter: &filter,
        sort: Sort::Score,
        descending: true,
        after: None,
        limit: MOST_ITEMS,
        facets: false,
    });
    let mut issues = Vec::new();
    let mut related: BTreeMap<String, IssueKey> = BTreeMap::new();
    for (at, row) in found.rows.into_iter().enumerate() {
        let Some(issue) = issue_item(view, row)? else { continue };
        let read = if at < MOST_READ { members(view.store, row)? } else { Vec::new() };
        for other in read.iter().filter_map(|m| m.finding.detection.as_deref()) {
            let named =
                other.also_involved.iter().map(|asset| (asset.id.key().to_owned(), issue.id));
            related.extend(named);
        }
        issues.push(issue);
    }
    related.remove(&item.asset.id);
    if view.index.is_limited() {
        related.retain(|key, _| find_exact(view, key).is_some());
    }
    let (relations, all_relations) = relations(view, &item.asset.id)?;
    let key = KeyHasher::new("asset").part(&item.asset.id).finish::<()>();
    let inventory = view.store.other_get(key.as_bytes())?;
    let inventory = inventory.map(|body| body.unpack()).transpose()?;
    let inventory = inventory.map(|body| serde_json::from_slice(&body)).transpose()?;
    let related = related.into_iter();
    Ok(AssetStory {
        item,
        issues,
        all_issues: found.count,
        related: related
            .map(|(asset, issue)| RelatedAsset { asset: asset.into(), issue })
            .collect(),
        relations,
        all_relations,
        inventory,
    })
}

/// What an asset has to do with others, and how many there are. Who is limited is shown those to
/// assets that may be seen, and told of no more.
fn relations(view: &View<'_>, id: &str) -> Result<(Vec<AssetRelation>, u64), QueryError> {
    let end = Relation::end_of(id);
    let rows = view.store.relation_list(&end, (0, MOST_RELATIONS))?;
    let mut shown = Vec::new();
    for row in &rows {
        shown.push(relation(row, &end)?);
    }
    let mut count = view.store.relation_count(&end)?;
    if view.index.is_limited() {
        shown.retain(|relation| find_exact(view, relation.asset.raw()).is_some());
        count = u64::try_from(shown.len()).unwrap_or(u64::MAX);
    }
    shown.sort_by(|a, b| {
        let order = |r: &AssetRelation| (r.kind, !r.is_first, r.asset.raw().to_owned());
        order(a).cmp(&order(b))
    });
    Ok((shown, count))
}

fn relation(row: &RelationRow, end: &[u8; 16]) -> Result<AssetRelation, QueryError> {
    let relation: Relation = serde_json::from_slice(&row.body.unpack()?)?;
    let is_first = Relation::end_of(relation.from.key()) == *end;
    let other = if is_first { &relation.to } else { &relation.from };
    Ok(AssetRelation {
        id: Relation::id_text(&relation.key()),
        kind: relation.kind,
        is_first,
        words: if is_first { relation.kind.words() } else { relation.kind.words_back() },
        asset: Untrusted::from(other.key()),
        by: relation.by,
        tool: relation.tool.product,
        last_seen: row.observed,
        evidence: relation.evidence,
    })
}
