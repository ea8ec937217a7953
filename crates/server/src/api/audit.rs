//! The log at the API: its records, one, its proof, and the signed head.

#![expect(unused_qualifications, reason = "the macro that describes parameters writes them")]

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quell_audit::{Kept, Reader};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::errors::{Missing, Refused};
use super::extract::{Asked, Id};
use crate::access::Caller;
use crate::state::App;

/// Records of a page that does not say how many, and most that it may have.
const PAGE: usize = 50;
const MOST_ITEMS: usize = 1_000;
/// Most records that are looked at for one page of those that were asked for.
const MOST_LOOKED_AT: usize = 20_000;

/// Which records.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    /// Only of this action, for example `issue.mark`.
    action: Option<String>,
    /// Only by the actor of this id.
    actor: Option<String>,
    /// Where the last page ended; records come newest first.
    cursor: Option<String>,
    /// Most records of the page.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// A page of records, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// The records, as they stand in the log.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Value>,
    /// How many records are signed.
    size: u64,
    /// Give this for the next page; there is none without.
    next_cursor: Option<String>,
}

/// A record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditRecord {
    /// Its number.
    index: u64,
    /// The hash of its leaf (RFC 6962), in hexadecimal digits.
    leaf_hash: String,
    /// The record as it stands in the log.
    #[schema(value_type = Object)]
    record: Value,
    /// The texts that it commits to, those that are not erased.
    beside: Vec<AuditText>,
}

/// A text beside the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditText {
    /// Which.
    field: String,
    /// Whose.
    subject: String,
    /// What it says.
    value: String,
}

/// What shows that a record is in the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditProof {
    /// Its number.
    index: u64,
    /// How many records the signed head has.
    size: u64,
    /// The record's exact bytes, in Base64.
    leaf: String,
    /// The hash of its leaf, in hexadecimal digits.
    leaf_hash: String,
    /// The hashes beside its way to the root, in Base64, the lowest first (RFC 6962).
    path: Vec<String>,
    /// All of it as one text (C2SP tlog-proof).
    proof: String,
}

/// A signed head.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditHead {
    /// Which log.
    origin: String,
    /// How many records it has.
    size: u64,
    /// The root over them, in Base64.
    root: String,
    /// All of it, signed (C2SP tlog-checkpoint).
    note: String,
}

fn text_of(kept: Kept) -> AuditText {
    AuditText { field: kept.field, subject: kept.subject, value: kept.value }
}

/// List records, newest first
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery), responses(
    (status = 200, description = "A page of records", body = AuditPage),
    Refused,
))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Asked(query): Asked<AuditQuery>,
) -> Result<Json<AuditPage>, Problem> {
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=MOST_ITEMS).contains(&limit) {
        return Err(Problem::invalid(format!("`limit` is 1 to {MOST_ITEMS}, not {limit}")));
    }
    let odd = || Problem::invalid("`cursor` is none of this list; begin without one");
    let before = query.cursor.as_deref().map(|text| text.parse::<u64>().map_err(|_| odd()));
    let before = before.transpose()?;
    let asking = Arc::clone(&app);
    app.quick(move || {
        let Some(mut reader) = reader(&asking, &caller)? else {
            return Ok(Json(AuditPage { items: Vec::new(), size: 0, next_cursor: None }));
        };
        page(&mut reader, &query, (before, limit)).map(Json)
    })
    .await
}

fn page(
    reader: &mut Reader,
    query: &AuditQuery,
    (before, limit): (Option<u64>, usize),
) -> Result<AuditPage, Problem> {
    let size = reader.size();
    let mut end = before.unwrap_or(size).min(size);
    let (mut items, mut looked_at) = (Vec::new(), 0);
    while end > 0 && items.len() < limit && looked_at < MOST_LOOKED_AT {
        let from = (end - 1) / 256 * 256;
        let count = usize::try_from(end - from).unwrap_or(0);
        let mut leaves = reader.leaves(from, count)?;
        while let Some((index, leaf)) = leaves.pop().filter(|_| items.len() < limit) {
            end = index;
            looked_at += 1;
            let value: Value =
                serde_json::from_slice(&leaf).map_err(|error| Problem::internal(&error))?;
            if fits(&value, query) {
                items.push(value);
            }
        }
    }
    let next_cursor = (end > 0).then(|| end.to_string());
    Ok(AuditPage { items, size, next_cursor })
}

fn fits(value: &Value, query: &AuditQuery) -> bool {
    let same = |wanted: &Option<String>, found: Option<&Value>| {
        wanted.as_deref().is_none_or(|wanted| found.and_then(Value::as_str) == Some(wanted))
    };
    same(&query.action, value.get("action")) && same(&query.actor, value.pointer("/actor/id"))
}

/// Show a record
#[utoipa::path(get, path = "/audit/{index}", tag = "audit",
    params(("index" = u64, Path, description = "The record's number")), responses(
    (status = 200, description = "The record", body = AuditRecord),
    Refused, Missing,
))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(index): Id,
) -> Result<Json<AuditRecord>, Problem> {
    let index = number(&index)?;
    let asking = Arc::clone(&app);
    app.quick(move || {
        let mut reader = known(&asking, &caller)?;
        let leaf = reader.leaf(index)?;
        let record: Value =
            serde_json::from_slice(&leaf).map_err(|error| Problem::internal(&error))?;
        let beside = reader.personal(&record)?.into_iter().map(text_of).collect();
        let leaf_hash = quell_audit::hex(&quell_audit::leaf_hash(&leaf));
        Ok(Json(AuditRecord { index, leaf_hash, record, beside }))
    })
    .await
}

/// Prove that a record is in the log
#[utoipa::path(get, path = "/audit/{index}/proof", tag = "audit",
    params(("index" = u64, Path, description = "The record's number")), responses(
    (status = 200, description = "Its proof", body = AuditProof),
    Refused, Missing,
))]
pub(super) async fn proof(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Id(index): Id,
) -> Result<Json<AuditProof>, Problem> {
    let index = number(&index)?;
    let asking = Arc::clone(&app);
    app.quick(move || {
        let found = known(&asking, &caller)?.inclusion(index)?;
        Ok(Json(AuditProof {
            index,
            size: found.checkpoint.size,
            leaf: STANDARD.encode(&found.leaf),
            leaf_hash: quell_audit::hex(&quell_audit::leaf_hash(&found.leaf)),
            path: found.path.iter().map(|hash| STANDARD.encode(hash)).collect(),
            proof: found.text(),
        }))
    })
    .await
}

/// Show the signed head
///
/// `note` is a signed note of C2SP tlog-checkpoint. Keep it elsewhere: it shows later that nothing
/// was taken away.
#[utoipa::path(get, path = "/audit/checkpoint", tag = "audit", responses(
    (status = 200, description = "The head", body = AuditHead),
    Refused, Missing,
))]
pub(super) async fn checkpoint(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<AuditHead>, Problem> {
    let asking = Arc::clone(&app);
    app.quick(move || {
        let head = known(&asking, &caller)?.checkpoint().clone();
        let root = STANDARD.encode(head.root);
        Ok(Json(AuditHead { origin: head.origin, size: head.size, root, note: head.note }))
    })
    .await
}

fn number(text: &str) -> Result<u64, Problem> {
    text.parse().map_err(|_| Problem::not_found("record of that number"))
}

/// A reader of all that was said until now; `None` where nothing ever was.
fn reader(app: &App, caller: &Caller) -> Result<Option<Reader>, Problem> {
    app.audit.settle(&caller.tenant);
    match Reader::open(&app.audit.folder(&caller.tenant)) {
        Ok(reader) => Ok(Some(reader)),
        Err(quell_audit::AuditError::NoLog(_)) => Ok(None),
        Err(error) => Err(Problem::internal(&error)),
    }
}

fn known(app: &App, caller: &Caller) -> Result<Reader, Problem> {
    reader(app, caller)?.ok_or_else(|| Problem::not_found("audit log yet"))
}
