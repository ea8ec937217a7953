//! How a record moves: what each table needs for it, and what cannot be.

use quell_deliver::Body;
use quell_deliver::outbox::Remote;
use serde_json::{Value, json};

use super::call::{Call, ServiceNow};
use super::find::column;
use super::table::{Place, Table};
use super::write;
use crate::{SinkError, Wanted};

/// Most moves from where a change is to where it is closed.
const MOST_MOVES: usize = 3;
/// A change that is being reviewed.
const REVIEW: &str = "0";

/// What comes next for a record that is dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// It is closed already.
    Rest,
    /// It goes on, and is not closed by that.
    Through(&'static str),
    /// It is closed by that.
    Close(&'static str),
}

/// The state in which a record of a table is closed when nothing stands in between.
pub(super) const fn usual_close(table: Table) -> &'static str {
    match table {
        Table::Incident => "6",
        Table::Change | Table::Issue | Table::Exception => "3",
    }
}

fn next(table: Table, state: &str) -> Result<Next, SinkError> {
    Ok(match (table, state) {
        (Table::Incident, "6" | "7" | "8") => Next::Rest,
        (Table::Change | Table::Issue, "3" | "4") => Next::Rest,
        (Table::Exception, "3" | "7") => Next::Rest,
        (Table::Incident | Table::Issue | Table::Exception, _) => Next::Close(usual_close(table)),
        // A change that nobody began is needed no more; one that is made is reviewed and closed.
        (Table::Change, "-5" | "-4" | "-3" | "-2") => Next::Close("4"),
        (Table::Change, "-1") => Next::Through(REVIEW),
        (Table::Change, REVIEW) => Next::Close("3"),
        (Table::Change, other) => {
            return Err(SinkError::Refused(format!(
                "the change is in the state `{other}`, from which Quell knows no way; close it by hand"
            )));
        }
    })
}

/// Closes a record, and says why. One that is closed stays as it is.
pub(super) async fn close(
    sn: &ServiceNow,
    wanted: &Wanted<'_>,
    body: &Body,
) -> Result<Option<Remote>, SinkError> {
    let place = Place::of(wanted.remote()?)?;
    let table = place.known()?;
    let mut state = state_of(sn, &place).await?;
    for _ in 0..MOST_MOVES {
        match next(table, &state)? {
            Next::Rest => return Ok(None),
            Next::Through(to) => state = moved(sn, &place, json!({"state": to})).await?,
            Next::Close(to) => {
                let fields = write::closed(&sn.settings, (table, to), body, wanted.key);
                state = moved(sn, &place, fields).await?;
            }
        }
    }
    match next(table, &state)? {
        Next::Rest => Ok(None),
        Next::Through(_) | Next::Close(_) => Err(stayed(&state)),
    }
}

/// Has a record count again. One that does stays as it is.
pub(super) async fn reopen(
    sn: &ServiceNow,
    wanted: &Wanted<'_>,
    body: &Body,
) -> Result<Option<Remote>, SinkError> {
    let place = Place::of(wanted.remote()?)?;
    let table = place.known()?;
    let state = state_of(sn, &place).await?;
    if next(table, &state).is_ok_and(|next| next != Next::Rest) {
        return Ok(None);
    }
    let to = reopened_as(table, Some(&state))?;
    moved(sn, &place, write::reopened(to, body, wanted.key)).await?;
    Ok(None)
}

/// The state in which a record counts again, from the one that it is in.
pub(super) fn reopened_as(table: Table, from: Option<&str>) -> Result<&'static str, SinkError> {
    let never = |what: &str| {
        Err(SinkError::Refused(format!(
            "{what} is never opened again in ServiceNow; a new one has to be made"
        )))
    };
    match (table, from) {
        (Table::Incident, Some("7" | "8")) => never("an incident that is closed or cancelled"),
        (Table::Incident | Table::Issue, _) => Ok("2"),
        (Table::Change, _) => never("a change"),
        (Table::Exception, _) => never("a policy exception"),
    }
}

/// Calls a record off that should not be there.
pub(super) async fn call_off(
    sn: &ServiceNow,
    table: Table,
    made: &Remote,
    why: &str,
) -> Result<(), SinkError> {
    let state = match table {
        Table::Incident => "8",
        Table::Change | Table::Issue => "4",
        Table::Exception => "3",
    };
    let place = Place::of(made)?;
    moved(sn, &place, json!({"state": state, "close_notes": why, "work_notes": why})).await?;
    Ok(())
}

async fn state_of(sn: &ServiceNow, place: &Place) -> Result<String, SinkError> {
    let target = format!("{}?sysparm_fields=state", place.path());
    let record = sn.call(&Call::get(target, &format!("read `{}`", place.table))).await;
    let record = record.map_err(crate::common::before::nothing_sent)?;
    let state = column(&record, "state");
    if state.is_empty() {
        let right = format!("read `{}.state`", place.table);
        let said = "the state of the record is not shown".to_owned();
        return Err(SinkError::Forbidden { right, said });
    }
    Ok(state.to_owned())
}

/// Writes columns with a state among them, and tells the state that the record is in then.
async fn moved(sn: &ServiceNow, place: &Place, fields: Value) -> Result<String, SinkError> {
    let wanted = column(&fields, "state").to_owned();
    let record = sn.call(&write::patch(place, fields)).await?;
    let state = column(&record, "state").to_owned();
    if state == wanted { Ok(state) } else { Err(stayed(&state)) }
}

fn stayed(state: &str) -> SinkError {
    SinkError::Refused(format!(
        "the record stayed in the state `{state}`: a rule of the instance did not take the move"
    ))
}
