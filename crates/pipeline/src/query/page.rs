//! One page of a list, with what is counted of the whole.

use std::collections::BTreeMap;

use quell_model::Untrusted;
use quell_store::{Facet, ListFilter, Listed, Position, Sort, Wish};
use serde::Serialize;
use utoipa::ToSchema;

use super::QueryError;
use super::cursor::Asked;
use super::parameters::Order;

/// Items that a page holds at most.
pub const MOST_ITEMS: usize = 500;
/// Values that a facet names.
const MOST_VALUES: usize = 50;
/// Items of a page, unless another number is asked for.
const ITEMS: usize = 50;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How many fit on all pages together.
    pub total: u64,
    /// The cursor of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many of all that fit have which value, by the name of what is counted; empty unless
    /// asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub facets: BTreeMap<&'static str, FacetReport>,
}

/// How many of all that fit have which value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FacetReport {
    /// The most frequent values, at most 50. An issue that several tools see counts for each.
    pub values: Vec<FacetValue>,
    /// How many have other values.
    pub others: u64,
}

/// A value with how many have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FacetValue {
    /// The value; null for what has none.
    pub value: Option<Untrusted>,
    /// How many have it.
    pub count: u64,
}

impl FacetReport {
    pub(super) fn of(facet: Facet) -> (&'static str, Self) {
        let value = |(value, count): (Option<String>, u64)| FacetValue {
            value: value.map(Untrusted::from),
            count,
        };
        let values = facet.values.into_iter().map(value).collect();
        (facet.name, Self { values, others: facet.others })
    }
}

impl FacetReport {
    /// Counts of values as they come, the most frequent first.
    pub(super) fn counted<'a>(all: impl Iterator<Item = &'a str>) -> Self {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        all.for_each(|value| *counts.entry(value).or_default() += 1);
        let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let others = counts.iter().skip(MOST_VALUES).map(|(_, count)| count).sum();
        let values = counts
            .into_iter()
            .take(MOST_VALUES)
            .map(|(value, count)| FacetValue { value: Some(Untrusted::from(value)), count });
        Self { values: values.collect(), others }
    }
}

/// How many items a page is to hold.
pub(super) fn page_limit(limit: Option<usize>) -> Result<usize, QueryError> {
    match limit.unwrap_or(ITEMS) {
        limit @ 1..=MOST_ITEMS => Ok(limit),
        given => Err(QueryError::Limit { given }),
    }
}

/// Which page of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn<'a> {
    pub(super) limit: Option<usize>,
    pub(super) cursor: Option<&'a str>,
    pub(super) facets: bool,
}

impl Turn<'_> {
    /// Finds the rows of a page, and has each made an item.
    pub(super) fn take<R, T>(
        self,
        asked: Asked,
        (filter, sort, order): (&ListFilter, Sort, Order),
        find: impl Fn(&Wish<'_>) -> Listed<R>,
        mut item: impl FnMut(R) -> Result<Option<T>, QueryError>,
    ) -> Result<Page<T>, QueryError> {
        let found = find(&Wish {
            filter,
            sort,
            descending: order == Order::Desc,
            after: asked.place_of(self.cursor)?.map(Position::from_bytes),
            limit: page_limit(self.limit)?,
            facets: self.facets,
        });
        let mut items = Vec::with_capacity(found.rows.len());
        for row in found.rows {
            items.extend(item(row)?);
        }
        Ok(Page {
            items,
            total: found.count,
            next: found.next.map(|place| asked.cursor(&place.to_bytes())),
            facets: found.facets.into_iter().map(FacetReport::of).collect(),
        })
    }
}
