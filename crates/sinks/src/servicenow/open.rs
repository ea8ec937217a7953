//! How a record is made: searched, made, searched again, read back.

use std::collections::BTreeMap;

use http::Method;
use quell_deliver::outbox::Remote;
use quell_deliver::{Attachment, Key, Letter};
use quell_http::Fresh;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use super::ask::Query;
use super::call::{Call, Content, ServiceNow};
use super::find::{by_mark, column, remote};
use super::table::{Place, Table};
use super::write;
use super::{state, text};
use crate::SinkError;
use crate::common::before::nothing_sent;

/// How long it is believed that an instance has a table.
const BELIEVED: std::time::Duration = std::time::Duration::from_secs(600);
/// Files of one name that are looked at.
const MOST_FILES: usize = 10;

/// Makes a record, unless one with the key is there.
pub(super) async fn open(sn: &ServiceNow, key: &Key, letter: &Letter) -> Result<Remote, SinkError> {
    let mark = key.mark();
    let there = by_mark(sn, &mark).await.map_err(nothing_sent)?;
    if let Some(there) = there.into_iter().next() {
        return Ok(there);
    }
    let table = usable_table(sn).await.map_err(nothing_sent)?;
    let body = write::new_record(&sn.settings, table, letter, key);
    let right = format!("create `{}` (role `{}`)", table.name(), table.role());
    let target = write::place_of_new(&sn.settings, table);
    let call = Call::json(Method::POST, target, body.clone(), &right);
    let record = match sn.call(&call).await {
        Err(SinkError::Shape { why, .. }) => return Err(SinkError::Lost(why)),
        other => other?,
    };
    let Some(made) = remote(sn, &record, table.name()) else {
        return made_unseen(sn, &mark).await;
    };
    if column(&record, "correlation_id") != mark {
        return Err(taken_back(sn, table, &made).await);
    }
    // Somebody else may have made one at the same time: the oldest counts.
    let all = by_mark(sn, &mark).await.unwrap_or_default();
    if let Some(oldest) = all.into_iter().next().filter(|oldest| oldest.id != made.id) {
        let why = format!("A duplicate of {}, which was made before.", oldest.name);
        state::call_off(sn, table, &made, &why).await.ok();
        return Ok(oldest);
    }
    finish(sn, (&made, letter), not_kept(&body, &record)).await;
    Ok(made)
}

/// A record was made, or will be, and the answer does not tell which.
async fn made_unseen(sn: &ServiceNow, mark: &str) -> Result<Remote, SinkError> {
    let found = by_mark(sn, mark).await.map_err(|error| SinkError::Lost(error.to_string()))?;
    let lost = || SinkError::Lost("it was accepted, and no record is shown yet".to_owned());
    found.into_iter().next().ok_or_else(lost)
}

/// A record that cannot be found again must not stay.
async fn taken_back(sn: &ServiceNow, table: Table, made: &Remote) -> SinkError {
    let why = "Called off: this instance did not keep `correlation_id`.";
    let left = match state::call_off(sn, table, made, why).await {
        Ok(()) => format!("{} was called off", made.name),
        Err(error) => format!("{} stands there and has to be closed by hand ({error})", made.name),
    };
    SinkError::Refused(format!(
        "the instance did not keep `correlation_id`, without which nothing is found again; \
         give the login the right to write and read that column; {left}"
    ))
}

/// The table that is wanted, or incidents where the instance has it not.
async fn usable_table(sn: &ServiceNow) -> Result<Table, SinkError> {
    let wanted = sn.settings.table;
    if !wanted.is_plugin() || *has(sn, wanted).await? {
        return Ok(wanted);
    }
    Ok(Table::Incident)
}

async fn has(sn: &ServiceNow, table: Table) -> Result<std::sync::Arc<bool>, SinkError> {
    let answer =
        sn.has.get(|_| async { probe(sn, table).await.map(|has| Fresh::ending(has, BELIEVED)) });
    Ok(answer.await?)
}

/// Whether an instance has a table, and the login may see it.
pub(super) async fn probe(sn: &ServiceNow, table: Table) -> Result<bool, SinkError> {
    let target = format!("/api/now/table/{}?sysparm_limit=1&sysparm_fields=sys_id", table.name());
    match sn.call(&Call::get(target, &format!("read `{}`", table.name()))).await {
        Ok(_) => Ok(true),
        Err(SinkError::Refused(_) | SinkError::Gone(_) | SinkError::Forbidden { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What of a record the instance dropped or cut, as sentences.
fn not_kept(sent: &Value, record: &Value) -> Vec<String> {
    let plain = |text: &str| text.replace('\r', "").trim().to_owned();
    let mut out = Vec::new();
    for (name, value) in sent.as_object().into_iter().flatten() {
        let sent = plain(value.as_str().unwrap_or_default());
        let kept = plain(column(record, name));
        // A journal is told elsewhere.
        if name == "work_notes" || sent.is_empty() || sent == kept {
            continue;
        }
        if kept.is_empty() {
            out.push(format!("`{name}` was dropped"));
        } else if sent.starts_with(&kept) {
            let (kept, sent) = (kept.chars().count(), sent.chars().count());
            out.push(format!("`{name}` was cut to {kept} of {sent} characters"));
        }
    }
    out
}

/// Attaches the files, and tells in the record what the instance did not keep. The record stands
/// whatever comes of it.
async fn finish(sn: &ServiceNow, (made, letter): (&Remote, &Letter), mut missing: Vec<String>) {
    let Ok(place) = Place::of(made) else { return };
    for file in written(letter) {
        if let Err(error) = attach(sn, &place, file).await {
            missing.push(format!("`{}` could not be attached ({error})", file.name));
        }
    }
    if missing.is_empty() {
        return;
    }
    let notes = format!("Not all of it is here as Quell sent it: {}.", missing.join("; "));
    sn.call(&write::patch(&place, json!({"work_notes": notes}))).await.ok();
}

/// Attaches the files that are not there yet. What a file says anew has a name of its own.
pub(super) async fn attach_missing(
    sn: &ServiceNow,
    place: &Place,
    letter: &Letter,
) -> Result<(), SinkError> {
    for file in written(letter) {
        let query = Query::default()
            .is("table_sys_id", &place.sys_id)?
            .is("file_name", &file.versioned())?;
        let target = format!(
            "/api/now/attachment?sysparm_query={}&sysparm_limit={MOST_FILES}",
            query.encoded()
        );
        let right = format!("read attachments of `{}`", place.table);
        let found = sn.call(&Call::get(target, &right)).await.map_err(nothing_sent)?;
        let Value::Array(found) = &found else {
            return Err(SinkError::shape("$.result", "is no list"));
        };
        // A column that may not be read is left out of a query, and others come back.
        let is_it = |one: &Value| {
            column(one, "table_sys_id") == place.sys_id
                && column(one, "file_name") == file.versioned()
        };
        if !found.iter().any(is_it) {
            attach(sn, place, file).await?;
        }
    }
    Ok(())
}

/// The files that hold something: an empty one is no body.
pub(super) fn written(letter: &Letter) -> impl Iterator<Item = &Attachment> {
    letter.files.iter().filter(|file| !file.text.raw().is_empty())
}

async fn attach(sn: &ServiceNow, place: &Place, file: &Attachment) -> Result<(), SinkError> {
    let call = Call {
        method: Method::POST,
        target: file_target(&place.table, &place.sys_id, &file.versioned()),
        body: Content::File(text::file(file)),
        right: format!("attach to `{}`", place.table),
    };
    sn.call(&call).await.map(|_| ())
}

/// Where a file is attached.
pub(super) fn file_target(table: &str, sys_id: &str, name: &str) -> String {
    let fields = BTreeMap::from([("file_name", name), ("table_name", table)]);
    let query: Vec<String> = fields
        .iter()
        .map(|(field, text)| {
            format!("{field}={}", byte_serialize(text.as_bytes()).collect::<String>())
        })
        .collect();
    format!("/api/now/attachment/file?{}&table_sys_id={sys_id}", query.join("&"))
}
