//! What a login may do, found out without a change.

use serde_json::Value;

use super::ask::Query;
use super::call::{Call, ServiceNow};
use super::find::by_mark;
use super::open::probe;
use super::table::Table;
use crate::{Right, RightState, SinkError};

/// A mark that no record bears.
const NOBODY: &str = "quell-nobody";

pub(super) async fn test(sn: &ServiceNow) -> Result<Vec<Right>, SinkError> {
    let table = sn.settings.table;
    let mut rights = vec![found_again(sn).await?];
    let has = probe(sn, table).await?;
    rights.push(Right {
        name: format!("read `{}`", table.name()),
        purpose: match table.is_plugin() {
            true => "how records stand; without it incidents are made".to_owned(),
            false => "how records stand".to_owned(),
        },
        state: held(has),
    });
    rights.push(Right {
        name: format!("create and write `{}` (role `{}`)", table.name(), table.role()),
        purpose: "making records, work notes and states".to_owned(),
        state: RightState::Unknown,
    });
    let named = [("sys_user_group", &sn.settings.group), ("cmdb_ci", &sn.settings.ci)];
    for (name, id) in named {
        if let Some(id) = id {
            rights.push(Right {
                name: format!("read `{name}`"),
                purpose: format!("`{id}`, which the settings name"),
                state: held(is_there(sn, name, id).await?),
            });
        }
    }
    if matches!(table, Table::Incident | Table::Change) {
        rights.push(close_code(sn, table).await?);
    }
    Ok(rights)
}

const fn held(is: bool) -> RightState {
    if is { RightState::Held } else { RightState::Missing }
}

/// Whether a record is found by its mark, and by that alone.
async fn found_again(sn: &ServiceNow) -> Result<Right, SinkError> {
    let state = match by_mark(sn, NOBODY).await {
        Ok(_) => RightState::Held,
        Err(SinkError::Forbidden { .. } | SinkError::Refused(_) | SinkError::Gone(_)) => {
            RightState::Missing
        }
        Err(error) => return Err(error),
    };
    Ok(Right {
        name: "read `task.correlation_id`".to_owned(),
        purpose: "finding again what was made".to_owned(),
        state,
    })
}

async fn is_there(sn: &ServiceNow, table: &str, id: &str) -> Result<bool, SinkError> {
    let target = format!("/api/now/table/{table}/{id}?sysparm_fields=sys_id");
    match sn.call(&Call::get(target, &format!("read `{table}`"))).await {
        Ok(_) => Ok(true),
        Err(SinkError::Refused(_) | SinkError::Gone(_) | SinkError::Forbidden { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the close code is one of the instance's: any text would be taken, and count as none.
async fn close_code(sn: &ServiceNow, table: Table) -> Result<Right, SinkError> {
    let code = sn.settings.close_code(table);
    let query = Query::default().is("name", table.name())?.is("element", "close_code")?;
    let target = format!(
        "/api/now/table/sys_choice?sysparm_query={}&sysparm_limit=200&sysparm_fields=name,element,value",
        query.encoded()
    );
    let choices = sn.call(&Call::get(target, "read `sys_choice`")).await.unwrap_or_default();
    let mut of_column = choices.as_array().into_iter().flatten().filter(|choice| {
        let is = |name: &str, text: &str| choice.get(name).and_then(Value::as_str) == Some(text);
        is("name", table.name()) && is("element", "close_code")
    });
    let mut state = RightState::Unknown;
    if let Some(first) = of_column.next() {
        let mut all = std::iter::once(first).chain(of_column);
        state = held(all.any(|choice| choice.get("value").and_then(Value::as_str) == Some(code)));
    }
    Ok(Right {
        name: format!("choice `{code}` of `{}.close_code`", table.name()),
        purpose: "closing; set `close_code` to a choice that the instance has".to_owned(),
        state,
    })
}
