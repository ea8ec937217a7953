//! Jira Service Management beside Jira: requests, comments and files of one service desk.

use serde_json::{Value, json};

use super::jira::{Answered, Kept, answer, body, file, refused};
use crate::net::{Answer, Asked};

/// The service desk.
pub const JSM_DESK: &str = "7";
/// Its one type of request.
pub const JSM_REQUEST_TYPE: &str = "25";

/// Answers a call below `/rest/servicedeskapi`.
pub(super) fn routed(kept: &mut Kept, (asked, below): (&Asked, &[&str]), now: &str) -> Answered {
    match (asked.method.as_str(), below) {
        ("GET", ["servicedesk", JSM_DESK]) => {
            let key = kept.settings.project.clone();
            Ok(answer(&json!({"id": JSM_DESK, "projectKey": key, "projectId": "10000"})))
        }
        ("GET", ["servicedesk", JSM_DESK, "requesttype", JSM_REQUEST_TYPE, "field"]) => {
            fields(kept)
        }
        ("POST", ["servicedesk", JSM_DESK, "attachTemporaryFile"]) => temporary(kept, asked),
        ("POST", ["request"]) => create(kept, asked, now),
        ("POST", ["request", id, "comment"]) => comment(kept, (id, asked)),
        ("POST", ["request", id, "attachment"]) => attach(kept, (id, asked)),
        _ => Err(said(404, "The service desk, or what is asked of it, is not there.")),
    }
}

fn said(status: u16, text: &str) -> Answer {
    Answer::new(status, json!({"errorMessage": text, "i18nErrorMessage": {}}).to_string())
}

fn fields(kept: &Kept) -> Answered {
    let one = |id: &str, title: &str, required: bool| json!({"fieldId": id, "name": title, "required": required});
    let mut list = vec![one("summary", "Summary", true), one("description", "Description", false)];
    list.extend(kept.settings.required.iter().map(|(id, title)| one(id, title, true)));
    Ok(answer(&json!({"requestTypeFields": list, "canRaiseOnBehalfOf": true})))
}

fn create(kept: &mut Kept, asked: &Asked, now: &str) -> Answered {
    let body = body(asked)?;
    let at = |name: &str| body.get(name).and_then(Value::as_str);
    if at("serviceDeskId") != Some(JSM_DESK) || at("requestTypeId") != Some(JSM_REQUEST_TYPE) {
        return Err(said(404, "The service desk or the type of request is not there."));
    }
    if at("raiseOnBehalfOf").is_some_and(|who| !kept.settings.people.contains(who)) {
        return Err(said(400, "The customer is not in the project."));
    }
    let values = body.get("requestFieldValues").and_then(Value::as_object).cloned();
    let values = values.unwrap_or_default();
    for name in values.keys() {
        let known = ["summary", "description"].contains(&name.as_str())
            || kept.settings.required.contains_key(name.as_str());
        if !known {
            return Err(said(400, &format!("The field {name} is not on the request type.")));
        }
    }
    for (name, title) in &kept.settings.required {
        if !values.contains_key(*name) {
            return Err(said(400, &format!("{title} ({name}) is required.")));
        }
    }
    let is_document = values.get("description").is_some_and(Value::is_object);
    let told = body.get("isAdfRequest").and_then(Value::as_bool).unwrap_or_default();
    if is_document != told {
        return Err(said(400, "The description is not of the format that was told."));
    }
    let (id, key) = kept.made(values, now);
    let made =
        json!({"issueId": id.to_string(), "issueKey": key, "requestTypeId": JSM_REQUEST_TYPE});
    Ok(Answer::new(201, made.to_string()))
}

fn comment(kept: &mut Kept, (id, asked): (&str, &Asked)) -> Answered {
    kept.need("ADD_COMMENTS")?;
    let body = body(asked)?;
    let public = body.get("public").and_then(Value::as_bool).unwrap_or(true);
    let text = body.get("body").cloned().unwrap_or_default();
    kept.commented(id, (text, public))
}

fn temporary(kept: &mut Kept, asked: &Asked) -> Answered {
    let found = file(asked)?;
    let id = format!("temp{}", kept.next);
    kept.next += 1;
    kept.waiting.insert(id.clone(), found);
    let list = json!([{"temporaryAttachmentId": id, "fileName": "file"}]);
    Ok(Answer::new(201, json!({"temporaryAttachments": list}).to_string()))
}

fn attach(kept: &mut Kept, (id, asked): (&str, &Asked)) -> Answered {
    kept.need("CREATE_ATTACHMENTS")?;
    let body = body(asked)?;
    if body.get("public").and_then(Value::as_bool) != Some(false) {
        return Err(refused(400, &["it would be public"], &json!({})));
    }
    let ids = body.get("temporaryAttachmentIds").and_then(Value::as_array).cloned();
    for one in ids.iter().flatten().filter_map(Value::as_str) {
        let found = kept.waiting.remove(one);
        let found = found.ok_or_else(|| said(400, "The temporary file is not there."))?;
        kept.issue(id)?.files.push(found);
    }
    Ok(Answer::new(201, json!({"attachments": {}}).to_string()))
}
