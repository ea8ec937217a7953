//! What the instance answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::held;
use super::record::{Form, Record};
use super::{NowQuirk, ServiceNowDouble, State, rules};
use crate::double::Platform;
use crate::net::{Answer, Asked};

fn told(status: u16, value: &Value) -> Answer {
    Answer::new(status, value.to_string()).header("content-type", "application/json")
}

fn result(status: u16, value: &Value) -> Answer {
    told(status, &json!({"result": value}))
}

fn error(status: u16, message: &str, detail: &str) -> Answer {
    told(status, &json!({"error": {"message": message, "detail": detail}, "status": "failure"}))
}

impl Platform for ServiceNowDouble {
    fn undescribed(&self, asked: &Asked) -> Option<String> {
        held::undescribed("servicenow", &[], asked)
    }

    fn answer(&self, asked: &Asked) -> Answer {
        if let Some(why) = self.contract.refused(asked) {
            return error(400, "Bad Request", &why);
        }
        let now = self.now();
        let mut state = self.state();
        if asked.path == "/oauth_token.do" {
            return token(&state, asked);
        }
        if !is_known(&state, asked) {
            return error(401, "User Not Authenticated", "Required to provide Auth information");
        }
        let parts: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        match (asked.method.as_str(), parts.as_slice()) {
            ("POST", ["api", "sn_chg_rest", "change", "standard", template]) => {
                let Some(text) = state.templates.get(*template).cloned() else {
                    return error(404, "Template not found", "");
                };
                make(&mut state, "change_request", (asked, &now), Some(&text))
            }
            ("POST", ["api", "sn_chg_rest", "change", _]) => {
                make(&mut state, "change_request", (asked, &now), None)
            }
            ("POST", ["api", "now", "attachment", "file"]) => attach(&mut state, asked),
            ("GET", ["api", "now", "attachment"]) => files(&state, asked),
            ("POST", ["api", "now", "table", table]) => {
                make(&mut state, table, (asked, &now), None)
            }
            ("GET", ["api", "now", "table", table]) => list(&mut state, table, asked),
            ("GET", ["api", "now", "table", table, id]) => one(&state, table, id, asked),
            ("PATCH", ["api", "now", "table", table, id]) => {
                change(&mut state, (table, id), asked, &now)
            }
            _ => error(400, "Requested URI does not represent any resource", &asked.path),
        }
    }
}

fn token(state: &State, asked: &Asked) -> Answer {
    let form = held::fields(&String::from_utf8_lossy(&asked.body));
    let is = |name: &str, value: &str| form.get(name).is_some_and(|given| given == value);
    let (id, secret, ..) = ServiceNowDouble::LOGIN;
    let is_good = is("client_id", id) && is("client_secret", secret);
    if !is_good || !is("grant_type", "client_credentials") {
        return told(401, &json!({"error": "server_error", "error_description": "access_denied"}));
    }
    let token = format!("token-{}", state.tokens);
    told(200, &json!({"access_token": token, "token_type": "Bearer", "expires_in": 1799}))
}

fn is_known(state: &State, asked: &Asked) -> bool {
    let (user, password, key, _) = ServiceNowDouble::LOGIN;
    let basic = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let bearer = format!("Bearer token-{}", state.tokens);
    let given = asked.header("authorization");
    given == Some(&basic) || given == Some(&bearer) || asked.header("x-sn-apikey") == Some(key)
}

fn make(
    state: &mut State,
    table: &str,
    (asked, now): (&Asked, &str),
    template: Option<&str>,
) -> Answer {
    if state.quirks.contains(&NowQuirk::NoTable(table.to_owned())) {
        return error(400, &format!("Invalid table {table}"), "");
    }
    if state.quirks.contains(&NowQuirk::NoRight(table.to_owned())) {
        let detail = "ACL Exception Insert Failed due to security constraints";
        return error(403, "Operation Failed", detail);
    }
    let body = held::json(asked);
    for quirk in &state.quirks {
        if let NowQuirk::Mandatory(column) = quirk
            && body.get(column).is_none()
        {
            return error(403, "Operation Failed", &rules::policy(column));
        }
        if let NowQuirk::Aborts(rule) = quirk {
            return error(403, "Operation Failed", &rules::aborted(table, rule));
        }
    }
    let mut record = rules::blank(state, table, now);
    let (user, _, _, id) = ServiceNowDouble::LOGIN;
    if let Err(detail) = rules::write(state, &mut record, &body, (user, id), now) {
        return error(403, "Operation Failed", &detail);
    }
    if let Some(text) = template {
        record.set("description", text);
    }
    let form = if asked.path.contains("sn_chg_rest") { Form::Change } else { Form::Links };
    let shown = record.told(None, form);
    state.records.push(record);
    if state.quirks.contains(&NowQuirk::Later) {
        return result(202, &Value::Null);
    }
    if state.quirks.contains(&NowQuirk::Unseen) {
        return result(201, &json!({}));
    }
    result(201, &shown)
}

fn attach(state: &mut State, asked: &Asked) -> Answer {
    let query = held::fields(&asked.query);
    let get = |name: &str| query.get(name).cloned().unwrap_or_default();
    let is_there = state.records.iter().any(|record| {
        record.get("sys_id") == get("table_sys_id")
            && record.get("sys_class_name") == get("table_name")
    });
    if !is_there {
        return error(400, "Invalid table or record for attachment", "");
    }
    state.files.push((get("table_sys_id"), get("file_name")));
    result(201, &json!({"file_name": get("file_name")}))
}

/// Files by what is asked of them, as the Attachment API lists them.
fn files(state: &State, asked: &Asked) -> Answer {
    let query = held::fields(&asked.query);
    let clauses: Vec<&str> =
        query.get("sysparm_query").map(|query| query.split('^').collect()).unwrap_or_default();
    let holds = |(record, name): &&(String, String)| {
        clauses.iter().filter_map(|clause| clause.split_once('=')).all(|(column, value)| {
            match column {
                "table_sys_id" => record == value,
                "file_name" => name == value,
                _ => true,
            }
        })
    };
    let told =
        |(record, name): &(String, String)| json!({"table_sys_id": record, "file_name": name});
    result(200, &state.files.iter().filter(holds).map(told).collect())
}

/// Whether a table shows a record: its own, and the table that all are in.
fn shows(table: &str, record: &Record) -> bool {
    table == "task" || record.get("sys_class_name") == table
}

fn list(state: &mut State, table: &str, asked: &Asked) -> Answer {
    let query = held::fields(&asked.query);
    if state.quirks.contains(&NowQuirk::NoTable(table.to_owned())) {
        return error(400, &format!("Invalid table {table}"), "");
    }
    let fields = query.get("sysparm_fields").map(String::as_str);
    if table == "sys_choice" {
        let choice =
            |value: &String| json!({"name": "incident", "element": "close_code", "value": value});
        return result(200, &state.choices.iter().map(choice).collect());
    }
    let clauses: Vec<&str> =
        query.get("sysparm_query").map(|query| query.split('^').collect()).unwrap_or_default();
    let holds = |record: &Record| {
        clauses.iter().filter_map(|clause| clause.split_once('=')).all(|(column, value)| {
            let left_out = state.quirks.contains(&NowQuirk::LeavesOut(column.to_owned()));
            left_out || !rules::has_column(column) || record.get(column) == value
        })
    };
    let lag = state
        .quirks
        .iter()
        .find_map(|quirk| if let NowQuirk::Lag(searches) = quirk { Some(*searches) } else { None });
    let unseen = usize::from(lag.is_some_and(|lag| state.searches < lag));
    let seen = state.records.len().saturating_sub(unseen);
    let limit = query.get("sysparm_limit").and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let mut found: Vec<&Record> =
        state.records.iter().take(seen).filter(|r| shows(table, r)).collect();
    found.retain(|record| holds(record));
    found.sort_by_key(|record| record.get("sys_created_on").to_owned());
    let hidden = |record: &Record| {
        let mut record = record.clone();
        for quirk in &state.quirks {
            if let NowQuirk::LeavesOut(column) = quirk {
                record.set(column, "");
            }
        }
        record.told(fields, Form::Links)
    };
    let told: Value = found.into_iter().take(limit).map(hidden).collect();
    state.searches += 1;
    result(200, &told)
}

fn one(state: &State, table: &str, id: &str, asked: &Asked) -> Answer {
    let none = || {
        let detail = "Record doesn't exist or ACL restricts the record retrieval";
        error(404, "No Record found", detail)
    };
    if state.others.iter().any(|(other, _)| other == table) {
        let is_there = state.others.contains(&(table.to_owned(), id.to_owned()));
        return if is_there { result(200, &json!({"sys_id": id})) } else { none() };
    }
    let query = held::fields(&asked.query);
    let is = |name: &str| query.get(name).is_some_and(|value| value == "true");
    let form = match (is("sysparm_display_value"), is("sysparm_exclude_reference_link")) {
        (true, _) => Form::Display,
        (_, true) => Form::Plain,
        (false, false) => Form::Links,
    };
    let fields = query.get("sysparm_fields").map(String::as_str);
    let archived = table.strip_prefix("ar_");
    let from = if archived.is_some() { &state.archive } else { &state.records };
    let shown = archived.unwrap_or(table);
    let record = from.iter().find(|record| shows(shown, record) && record.get("sys_id") == id);
    let Some(record) = record else { return none() };
    let mut record = record.clone();
    if state.quirks.contains(&NowQuirk::NoJournal) {
        record.journal.clear();
    }
    result(200, &record.told(fields, form))
}

fn change(state: &mut State, (table, id): (&str, &str), asked: &Asked, now: &str) -> Answer {
    if state.quirks.contains(&NowQuirk::NoRight(table.to_owned())) {
        return error(
            403,
            "Operation Failed",
            "ACL Exception Update Failed due to security constraints",
        );
    }
    let is_it = |record: &Record| shows(table, record) && record.get("sys_id") == id;
    let Some(at) = state.records.iter().position(is_it) else {
        return error(
            404,
            "No Record found",
            "Record doesn't exist or ACL restricts the record retrieval",
        );
    };
    let mut record = state.records.remove(at);
    let (user, _, _, own) = ServiceNowDouble::LOGIN;
    let before = record.clone();
    let written = rules::write(state, &mut record, &held::json(asked), (user, own), now);
    let shown = record.told(None, Form::Plain);
    state.records.insert(at, if written.is_ok() { record } else { before });
    match written {
        Ok(()) => result(200, &shown),
        Err(detail) => error(403, "Operation Failed", &detail),
    }
}
