//! How a record stands.

use std::collections::BTreeMap;

use jiff::Timestamp;
use quell_deliver::mirror::{Field, Gone, Phase, Standing};
use quell_deliver::outbox::Remote;
use serde_json::Value;

use super::call::{Call, ServiceNow};
use super::find::{TASK, column, remote};
use super::table::{Place, Table, is_name};
use super::text::read_moment;
use crate::SinkError;

/// Longest text of a resolution.
const MOST_SAID: usize = 400;

const COLUMNS: &str = "sys_id,number,sys_class_name,state,active,short_description,description,\
     due_date,priority,assigned_to,close_code,close_notes,opened_by,opened_at,closed_by,closed_at,\
     resolved_by,resolved_at,reopened_by,reopened_time,work_start,sys_created_by,sys_updated_by,sys_updated_on";

/// How a record stands. One that was moved to another table is read there; one that is not there
/// is looked for in the archive.
pub(super) async fn read(sn: &ServiceNow, there: &Remote) -> Result<Standing, SinkError> {
    let place = Place::of(there)?;
    match record(sn, &place).await {
        Err(SinkError::Gone(_)) => {}
        other => return standing(sn, &place, &other?, there),
    }
    let as_task = Place { table: TASK.to_owned(), sys_id: place.sys_id.clone() };
    if let Ok(found) = record(sn, &as_task).await {
        let table = column(&found, "sys_class_name").to_owned();
        let moved = Place { table, sys_id: place.sys_id.clone() };
        if is_name(&moved.table) {
            // The columns of its own table are told there only.
            let whole = record(sn, &moved).await.unwrap_or(found);
            return standing(sn, &moved, &whole, there);
        }
    }
    let archive = Place { table: format!("ar_{}", place.table), ..place };
    let gone = match record(sn, &archive).await {
        Ok(_) => Gone::Archived,
        Err(SinkError::Gone(_) | SinkError::Refused(_) | SinkError::Forbidden { .. }) => {
            Gone::Deleted
        }
        Err(error) => return Err(error),
    };
    Ok(Standing {
        remote: there.clone(),
        phase: Phase::Done,
        phase_at: None,
        phase_by_us: false,
        resolution: None,
        fields: BTreeMap::new(),
        gone,
    })
}

async fn record(sn: &ServiceNow, place: &Place) -> Result<Value, SinkError> {
    let target =
        format!("{}?sysparm_exclude_reference_link=true&sysparm_fields={COLUMNS}", place.path());
    sn.call(&Call::get(target, &format!("read `{}`", place.table))).await
}

fn standing(
    sn: &ServiceNow,
    place: &Place,
    record: &Value,
    there: &Remote,
) -> Result<Standing, SinkError> {
    let get = |name: &str| column(record, name);
    let state = get("state");
    if state.is_empty() {
        let right = format!("read `{}.state`", place.table);
        let said = "the state of the record is not shown".to_owned();
        return Err(SinkError::Forbidden { right, said });
    }
    // A table that Quell does not know is told by whether the record is active alone.
    let table = Table::of(&place.table);
    let is_active = get("active") != "false";
    let phase = match table {
        Some(table) => table.phase(state, is_active),
        None if is_active => Phase::Begun,
        None => Phase::Done,
    };
    let (phase_at, phase_by_us) = changed(record, phase);
    let fields = [
        (Field::Title, get("short_description").to_owned()),
        (Field::Body, get("description").to_owned()),
        (Field::Due, get("due_date").to_owned()),
        (Field::Priority, get("priority").to_owned()),
        (Field::Assignee, get("assigned_to").to_owned()),
    ];
    let said = [get("close_code"), get("close_notes")].join(" ");
    let said: String = said.trim().chars().take(MOST_SAID).collect();
    Ok(Standing {
        remote: remote(sn, record, &place.table).unwrap_or_else(|| there.clone()),
        phase,
        phase_at,
        phase_by_us,
        resolution: (!said.is_empty()).then_some(said),
        fields: fields.into(),
        gone: Gone::No,
    })
}

/// When the phase changed last, and whether Quell's own login did it: the one that opened the record.
fn changed(record: &Value, phase: Phase) -> (Option<Timestamp>, bool) {
    let get = |name: &str| column(record, name);
    let by = |names: [&str; 2], at: [&str; 2]| {
        let who = names.into_iter().map(get).find(|who| !who.is_empty());
        let at = at.into_iter().find_map(|name| read_moment(get(name)));
        (at, who.is_some_and(|who| who == get("opened_by")))
    };
    let changed = match phase {
        Phase::Done | Phase::Declined => {
            by(["resolved_by", "closed_by"], ["resolved_at", "closed_at"])
        }
        Phase::New | Phase::Begun if read_moment(get("reopened_time")).is_some() => {
            by(["reopened_by", "reopened_by"], ["reopened_time", "reopened_time"])
        }
        Phase::New => by(["opened_by", "opened_by"], ["opened_at", "opened_at"]),
        Phase::Begun => (read_moment(get("work_start")), false),
    };
    let latest = read_moment(get("sys_updated_on"));
    let by_us = !get("sys_updated_by").is_empty() && get("sys_updated_by") == get("sys_created_by");
    match changed {
        (Some(at), by_us) => (Some(at), by_us),
        (None, _) => (latest, by_us),
    }
}
