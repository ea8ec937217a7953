//! What an instance does with what is written: widths, unknown columns, states and what they need.

use serde_json::Value;

use super::record::Record;
use super::{NowQuirk, ServiceNowDouble, State};

/// Columns of all tasks, with their widths.
const COLUMNS: [(&str, usize); 29] = [
    ("short_description", 160),
    ("description", 4000),
    ("correlation_id", 100),
    ("correlation_display", 100),
    ("assignment_group", 32),
    ("assigned_to", 32),
    ("cmdb_ci", 32),
    ("due_date", 40),
    ("impact", 40),
    ("urgency", 40),
    ("state", 40),
    ("close_code", 40),
    ("close_notes", 4000),
    ("hold_reason", 40),
    ("category", 40),
    ("caller_id", 32),
    ("justification", 4000),
    ("implementation_plan", 4000),
    ("test_plan", 4000),
    ("backout_plan", 4000),
    ("opened_by", 32),
    ("opened_at", 40),
    ("closed_by", 32),
    ("closed_at", 40),
    ("resolved_by", 32),
    ("resolved_at", 40),
    ("reopened_by", 32),
    ("reopened_time", 40),
    ("work_start", 40),
];

/// Whether a table has a column.
pub(super) fn has_column(name: &str) -> bool {
    let own =
        ["active", "number", "sys_class_name", "sys_id", "priority", "name", "element", "value"];
    name.starts_with("sys_")
        || own.contains(&name)
        || COLUMNS.iter().any(|(known, _)| *known == name)
}

/// Writes what is taken of a body. Who writes is told by name and sys_id.
pub(super) fn write(
    state: &State,
    record: &mut Record,
    body: &Value,
    (who, id): (&str, &str),
    now: &str,
) -> Result<(), String> {
    check_move(record, body)?;
    let before = record.get("state").to_owned();
    for (name, value) in body.as_object().into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        if name == "work_notes" {
            record.journal.insert(0, format!("{now} - {who} (Work notes)\n{text}"));
            continue;
        }
        let width = COLUMNS.iter().find(|(known, _)| known == name).map(|(_, width)| *width);
        let drops = state.quirks.contains(&NowQuirk::Drops(name.clone()))
            || name == "state" && state.quirks.contains(&NowQuirk::Stays(text.to_owned()));
        let (Some(width), false) = (width, drops) else { continue };
        let narrow = state.quirks.iter().find_map(|quirk| {
            let NowQuirk::Narrow(column, most) = quirk else { return None };
            (column == name).then_some(*most)
        });
        let most = narrow.unwrap_or(width);
        record.set(name, &text.chars().take(most).collect::<String>());
    }
    moved(record, &before, id, now);
    let changes = record.get("sys_mod_count").parse().map_or(0, |count: u32| count + 1);
    record.set("sys_mod_count", &changes.to_string());
    record.set("sys_updated_by", who);
    record.set("sys_updated_on", now);
    Ok(())
}

/// Whether the table has the move, and what it needs.
fn check_move(record: &Record, body: &Value) -> Result<(), String> {
    let class = record.get("sys_class_name");
    let (from, to) = (record.get("state"), body.get("state").and_then(Value::as_str));
    if class == "incident" && from == "7" {
        return Err(aborted(class, "Enforce security on closed incidents"));
    }
    let Some(to) = to.filter(|to| *to != from) else { return Ok(()) };
    let given = |name: &str| {
        let new = body.get(name).and_then(Value::as_str).unwrap_or_default();
        !new.is_empty() || !record.get(name).is_empty()
    };
    let needs: &[&str] = match (class, to) {
        ("incident", "6" | "7") | ("change_request", "3") => &["close_code", "close_notes"],
        ("incident", "3") => &["hold_reason"],
        _ => &[],
    };
    let missing: Vec<&str> = needs.iter().copied().filter(|name| !given(name)).collect();
    if !missing.is_empty() {
        return Err(policy(&missing.join(", ")));
    }
    let from: i32 = from.parse().unwrap_or(0);
    let to: i32 = to.parse().unwrap_or(0);
    let fits = match to {
        4 => from < -1,
        3 => from == 0,
        _ => to == from + 1,
    };
    if class == "change_request" && !fits {
        return Err(aborted(class, "Change Model: Check State Transition"));
    }
    Ok(())
}

pub(super) fn aborted(table: &str, rule: &str) -> String {
    format!(
        "Operation against file '{table}' was aborted by Business Rule '{rule}^5e7a1f'. Business Rule Stack:{rule}"
    )
}

pub(super) fn policy(columns: &str) -> String {
    format!("Data Policy Exception:\n The following fields are mandatory: {columns}")
}

/// What follows from a move.
fn moved(record: &mut Record, before: &str, id: &str, now: &str) {
    let state = record.get("state").to_owned();
    if before.is_empty() || state == before {
        return;
    }
    let class = record.get("sys_class_name").to_owned();
    let is_closed = match class.as_str() {
        "incident" => matches!(state.as_str(), "7" | "8"),
        "sn_compliance_policy_exception" => matches!(state.as_str(), "3" | "7"),
        _ => matches!(state.as_str(), "3" | "4"),
    };
    let is_resolved = class == "incident" && state == "6";
    let was_done = !record.get("closed_by").is_empty() || !record.get("resolved_by").is_empty();
    let columns: &[&str] = match (is_closed, is_resolved) {
        (true, _) => &["closed_by", "closed_at"],
        (_, true) => &["resolved_by", "resolved_at"],
        (false, false) if was_done && class == "incident" => &["reopened_by", "reopened_time"],
        (false, false) => &[],
    };
    if let [by, at] = columns {
        record.set(by, id);
        record.set(at, now);
    }
    if !is_closed && !is_resolved {
        for column in ["closed_by", "closed_at", "resolved_by", "resolved_at"] {
            record.set(column, "");
        }
    }
    record.set("active", if is_closed { "false" } else { "true" });
}

/// A new record of a table, before anything is written into it.
pub(super) fn blank(state: &mut State, table: &str, now: &str) -> Record {
    state.numbers += 1;
    state.searches = 0;
    let (user, _, _, id) = ServiceNowDouble::LOGIN;
    let (prefix, first) = match table {
        "incident" => ("INC", "1"),
        "change_request" => ("CHG", "-5"),
        "sn_grc_issue" => ("IPT", "1"),
        _ => ("PER", "1"),
    };
    let mut record = Record::default();
    for (column, value) in [
        ("sys_id", format!("{:032x}", 0xabc0_0000_u64 + u64::from(state.numbers))),
        ("number", format!("{prefix}{:07}", state.numbers)),
        ("sys_class_name", table.to_owned()),
        ("sys_created_on", now.to_owned()),
        ("sys_created_by", user.to_owned()),
        ("opened_by", id.to_owned()),
        ("opened_at", now.to_owned()),
        ("state", first.to_owned()),
        ("active", "true".to_owned()),
        ("priority", "4".to_owned()),
    ] {
        record.set(column, &value);
    }
    record
}
