//! What is written: each body is made by one function, for the act and for the dry run alike.

use http::Method;
use quell_deliver::outbox::{Act, Remote};
use quell_deliver::{Attachment, Body, Key, Letter};
use quell_model::Severity;
use serde_json::{Map, Value, json};

use super::call::{Call, ServiceNow};
use super::open::written;
use super::settings::{Model, Settings};
use super::table::{Place, Table};
use super::text;
use crate::{Draft, SinkError, Wanted};

/// What Quell's own records are told by, for people.
const DISPLAY: &str = "Quell";

/// Where a record is made.
pub(super) fn place_of_new(settings: &Settings, table: Table) -> String {
    match (table, &settings.model) {
        // The API of changes runs the model of changes; an insert into the table would not.
        (Table::Change, Model::Normal) => "/api/sn_chg_rest/change/normal".to_owned(),
        (Table::Change, Model::Emergency) => "/api/sn_chg_rest/change/emergency".to_owned(),
        (Table::Change, Model::Standard(template)) => {
            format!("/api/sn_chg_rest/change/standard/{template}")
        }
        (Table::Incident | Table::Issue | Table::Exception, _) => {
            format!("/api/now/table/{}", table.name())
        }
    }
}

/// A new record.
pub(super) fn new_record(settings: &Settings, table: Table, letter: &Letter, key: &Key) -> Value {
    let mut fields: Map<String, Value> =
        settings.fields.iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect();
    fields.extend(said(settings, table, letter));
    fields.insert("correlation_id".to_owned(), key.mark().into());
    fields.insert("correlation_display".to_owned(), DISPLAY.into());
    let opened = format!("Opened by Quell. {}", text::found_by("opened", key));
    let opened = match is_templated(settings, table) {
        // What a template says of a standard change stands; the letter is told beside it.
        true => format!("{}\n\n{opened}", text::description(letter)),
        false => opened,
    };
    fields.insert("work_notes".to_owned(), opened.into());
    let group = settings.group_of(letter).map(|id| ("assignment_group", id));
    let ci = settings.ci_of(letter).map(|id| ("cmdb_ci", id));
    for (name, id) in group.into_iter().chain(ci) {
        fields.insert(name.to_owned(), id.into());
    }
    if table == Table::Change {
        for (name, words) in [
            (
                "justification",
                "A fault that a cloud-security tool sees. The description says what and why.",
            ),
            ("implementation_plan", "As the description says."),
            ("test_plan", "The tool that saw the fault sees it no more after its next scan."),
        ] {
            fields.entry(name).or_insert_with(|| words.into());
        }
    }
    Value::Object(fields)
}

/// What a letter says, as columns that can be brought up to date later.
fn said(settings: &Settings, table: Table, letter: &Letter) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, text: String| fields.insert(name.to_owned(), text.into());
    put("short_description", text::title(&letter.title));
    if !is_templated(settings, table) {
        put("description", text::description(letter));
    }
    if let Some(due) = letter.due {
        put("due_date", text::moment(due));
    }
    if table == Table::Incident {
        // The priority follows from both; it cannot be written.
        let (impact, urgency) = impact_and_urgency(letter.severity);
        put("impact", impact.to_owned());
        put("urgency", urgency.to_owned());
    }
    fields
}

fn is_templated(settings: &Settings, table: Table) -> bool {
    table == Table::Change && matches!(settings.model, Model::Standard(_))
}

const fn impact_and_urgency(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Critical => ("1", "1"),
        Severity::High | Severity::Unknown => ("1", "2"),
        Severity::Medium => ("2", "2"),
        Severity::Low => ("2", "3"),
        Severity::Informational => ("3", "3"),
    }
}

/// A note beside a record.
pub(super) fn new_note(body: &Body, key: &Key) -> Value {
    json!({"work_notes": text::journal(body, "note", key)})
}

/// What a record becomes when it is dealt with, in a state.
pub(super) fn closed(
    settings: &Settings,
    (table, state): (Table, &str),
    body: &Body,
    key: &Key,
) -> Value {
    let notes = text::journal(body, "closed", key);
    match (table, state) {
        // Nothing was done by a change that is cancelled.
        (Table::Change, "4") => {
            json!({"state": state, "close_notes": text::close_notes(body), "work_notes": notes})
        }
        (Table::Incident | Table::Change, _) => json!({
            "state": state,
            "close_code": settings.close_code(table),
            "close_notes": text::close_notes(body),
            "work_notes": notes,
        }),
        (Table::Issue | Table::Exception, _) => json!({"state": state, "work_notes": notes}),
    }
}

/// What a record becomes that counts again, in a state.
pub(super) fn reopened(state: &str, body: &Body, key: &Key) -> Value {
    json!({"state": state, "work_notes": text::journal(body, "reopened", key)})
}

/// A change of a record.
pub(super) fn patch(place: &Place, body: Value) -> Call {
    let right = format!("write `{}`", place.table);
    let target = format!("{}?sysparm_exclude_reference_link=true", place.path());
    Call::json(Method::PATCH, target, body, &right)
}

/// Brings a record up to date.
pub(super) async fn edit(
    sn: &ServiceNow,
    remote: &Remote,
    letter: &Letter,
) -> Result<Option<Remote>, SinkError> {
    let place = Place::of(remote)?;
    let body = Value::Object(said(&sn.settings, place.known()?, letter));
    sn.call(&patch(&place, body)).await?;
    super::open::attach_missing(sn, &place, letter).await?;
    Ok(None)
}

/// Says something beside a record.
pub(super) async fn note(
    sn: &ServiceNow,
    wanted: &Wanted<'_>,
    body: &Body,
) -> Result<Option<Remote>, SinkError> {
    let place = Place::of(wanted.remote()?)?;
    sn.call(&patch(&place, new_note(body, wanted.key))).await?;
    Ok(None)
}

/// What would be sent.
pub(super) fn drafts(settings: &Settings, wanted: &Wanted<'_>) -> Result<Vec<Draft>, SinkError> {
    let url = &settings.url;
    let draft = |method: &str, target: String, body: &Value| Draft {
        method: method.to_owned(),
        target: format!("{url}{target}"),
        body: serde_json::to_string_pretty(body).unwrap_or_default(),
    };
    if let Act::Open { letter } = wanted.act {
        let table = settings.table;
        let made = new_record(settings, table, letter, wanted.key);
        let mut all = vec![draft("POST", place_of_new(settings, table), &made)];
        all.extend(written(letter).map(|file| file_draft(url, (table.name(), "{sys_id}"), file)));
        return Ok(all);
    }
    let place = Place::of(wanted.remote()?)?;
    let table = place.known()?;
    let body = match wanted.act {
        Act::Open { .. } => Value::Null,
        Act::Edit { letter } => Value::Object(said(settings, table, letter)),
        Act::Note { body } => new_note(body, wanted.key),
        Act::Close { body } => {
            // Where a change goes depends on where it is.
            let usual = super::state::usual_close(table);
            let state = if table == Table::Change { "{state}" } else { usual };
            closed(settings, (table, state), body, wanted.key)
        }
        Act::Reopen { body } => reopened(super::state::reopened_as(table, None)?, body, wanted.key),
        Act::Review { .. } => return Err(SinkError::NO_REVIEW),
    };
    let target = format!("{}?sysparm_exclude_reference_link=true", place.path());
    let mut all = vec![draft("PATCH", target, &body)];
    if let Act::Edit { letter } = wanted.act {
        let at = (place.table.as_str(), place.sys_id.as_str());
        all.extend(written(letter).map(|file| file_draft(url, at, file)));
    }
    Ok(all)
}

fn file_draft(url: &str, (table, sys_id): (&str, &str), file: &Attachment) -> Draft {
    let target = super::open::file_target(table, sys_id, &file.versioned());
    Draft {
        method: "POST".to_owned(),
        target: format!("{url}{target}"),
        body: String::from_utf8_lossy(&text::file(file)).into_owned(),
    }
}
