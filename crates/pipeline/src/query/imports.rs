//! Imports: every file that was taken in, and what became of its records.

use quell_model::{Accounting, Funnel, Timestamp, Untrusted};
use quell_store::InputRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::Asked;
use super::page::{FacetReport, FacetValue, page_limit};
use super::parameters::in_no_cursor;
use super::{Page, QueryError, View};
use crate::contents::Summary;

/// Bytes of a place in the list: a time and a hash.
const PLACE_BYTES: usize = 40;

/// Which imports. What is left out asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct ImportQuery {
    /// Read by this source.
    pub format: Option<String>,
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

/// A file that was taken in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportItem {
    /// The hash of its content.
    pub id: String,
    /// Its name.
    pub path: Untrusted,
    /// The source that read it.
    pub format: String,
    /// When its content was first taken in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imported_at: Option<Timestamp>,
    /// Its bytes, where it was not compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plain_bytes: Option<u64>,
    /// What its records would come to if it were read again, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounting: Option<Accounting>,
    /// Its records by what they are, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funnel: Option<Funnel>,
}

/// One page of the files that were taken in, the newest first.
///
/// # Errors
/// When the cursor or the limit is wrong, or the store refuses.
pub fn imports(view: &View<'_>, query: &ImportQuery) -> Result<Page<ImportItem>, QueryError> {
    let asked = Asked::of("imports", query)?;
    let limit = page_limit(query.limit)?;
    let after = asked.place_of::<PLACE_BYTES>(query.cursor.as_deref())?;
    let after = after.as_ref().and_then(|place| {
        let (at, hash) = place.split_first_chunk::<8>()?;
        Some((i64::from_be_bytes(*at), hash.try_into().ok()?))
    });
    let mut rows = view.store.input_list(query.format.as_deref(), after, limit + 1)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let place = |row: &InputRow| {
        let at = row.imported_at.map_or(0, Timestamp::as_microsecond);
        [&at.to_be_bytes()[..], &row.hash].concat()
    };
    let counts = view.store.input_counts()?;
    let is_asked = |format: &String| query.format.as_ref().is_none_or(|wanted| wanted == format);
    let formats: Vec<&(String, u64)> = counts.iter().filter(|(f, _)| is_asked(f)).collect();
    let values = formats.iter().map(|(format, count)| FacetValue {
        value: Some(Untrusted::from(format.as_str())),
        count: *count,
    });
    let facet = FacetReport { values: values.collect(), others: 0 };
    Ok(Page {
        next: rows.last().filter(|_| more).map(|row| asked.cursor(&place(row))),
        items: rows.iter().map(item).collect::<Result<_, _>>()?,
        total: formats.iter().map(|(_, count)| count).sum(),
        facets: query.facets.then_some(("format", facet)).into_iter().collect(),
    })
}

fn item(row: &InputRow) -> Result<ImportItem, QueryError> {
    let body = row.summary.as_ref().map(quell_store::Packed::unpack).transpose()?;
    // Another version of the program may have written it.
    let summary: Option<Summary> = body.and_then(|body| serde_json::from_slice(&body).ok());
    Ok(ImportItem {
        id: row.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        path: Untrusted::from(row.path.as_str()),
        format: row.format.clone(),
        imported_at: row.imported_at,
        plain_bytes: row.plain_bytes,
        accounting: summary.as_ref().map(Summary::accounting),
        funnel: summary.map(|summary| summary.funnel),
    })
}
