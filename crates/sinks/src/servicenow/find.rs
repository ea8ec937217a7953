//! How what was made is found again.

use quell_deliver::outbox::{ActKind, Remote};
use serde_json::Value;

use super::ask::Query;
use super::call::{Call, ServiceNow};
use super::table::{Place, is_name, is_sys_id};
use super::text;
use crate::{SinkError, Wanted};

/// The table that all of Quell's records are in, whatever becomes of them.
pub(super) const TASK: &str = "task";
/// Records of one key that are looked at.
const MOST: usize = 10;
const READ: &str = "read `task`";

/// Looks for what an act made.
pub(super) async fn find(
    sn: &ServiceNow,
    wanted: &Wanted<'_>,
) -> Result<Option<Remote>, SinkError> {
    let word = match wanted.act.kind() {
        ActKind::Open => {
            let found = by_mark(sn, &wanted.key.mark()).await?;
            return Ok(found.into_iter().next());
        }
        // An edit leaves no trace, and does no harm twice.
        ActKind::Edit | ActKind::Review => return Ok(None),
        ActKind::Note => "note",
        ActKind::Close => "closed",
        ActKind::Reopen => "reopened",
    };
    let remote = wanted.remote()?;
    let place = Place::of(remote)?;
    let target = format!("{}?sysparm_fields=work_notes&sysparm_display_value=true", place.path());
    let right = format!("read `{}.work_notes`", place.table);
    let record = sn.call(&Call::get(target, &right)).await?;
    let journal = column(&record, "work_notes");
    if journal.contains(&text::found_by(word, wanted.key)) {
        return Ok(Some(remote.clone()));
    }
    // Quell writes into each journal when it makes the record: where none of that can be read,
    // a note that is not seen may well be there.
    if !journal.contains("quell-") {
        let said = "the work notes of the record are not shown".to_owned();
        return Err(SinkError::Forbidden { right, said });
    }
    Ok(None)
}

/// The records that bear a mark, the oldest first.
pub(super) async fn by_mark(sn: &ServiceNow, mark: &str) -> Result<Vec<Remote>, SinkError> {
    let query = Query::default().is("correlation_id", mark)?.by("sys_created_on");
    let target = format!(
        "/api/now/table/{TASK}?sysparm_query={}&sysparm_limit={MOST}\
         &sysparm_fields=sys_id,number,sys_class_name,correlation_id",
        query.encoded()
    );
    let found = sn.call(&Call::get(target, READ)).await?;
    let Value::Array(records) = &found else {
        return Err(SinkError::shape("$.result", "is no list"));
    };
    // A column that the login may not read is left out of a query, and all records come back.
    if records.iter().any(|record| column(record, "correlation_id") != mark) {
        return Err(SinkError::Forbidden {
            right: "read `task.correlation_id`".to_owned(),
            said: "the instance left the condition out and told other records".to_owned(),
        });
    }
    Ok(records.iter().filter_map(|record| remote(sn, record, "")).collect())
}

/// What stands there, by a record that the instance told. `table` counts where it tells none.
pub(super) fn remote(sn: &ServiceNow, record: &Value, table: &str) -> Option<Remote> {
    let (sys_id, class) = (column(record, "sys_id"), column(record, "sys_class_name"));
    let table = if is_name(class) { class } else { table };
    if !is_sys_id(sys_id) || !is_name(table) {
        return None;
    }
    let number: String =
        column(record, "number").chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let name = if number.is_empty() { sys_id.to_owned() } else { number };
    let url = format!("{}/nav_to.do?uri=%2F{table}.do%3Fsys_id%3D{sys_id}", sn.settings.url);
    Some(Remote { id: format!("{table}/{sys_id}"), name, url: Some(url) })
}

/// A column of a record, as the Table API tells it or as that of changes does.
pub(super) fn column<'a>(record: &'a Value, name: &str) -> &'a str {
    let Some(value) = record.get(name) else { return "" };
    value.as_str().or_else(|| value.get("value")?.as_str()).unwrap_or_default()
}
