//! The calls of the platform's API.

use serde_json::{Map, Value, json};

use super::issue::{JiraComment, JiraIssue, category, person, status};
use super::{Answered, JiraWorkflow, Kept, answer, body, not_there, refused, screen, seek};
use crate::net::{Answer, Asked};

/// Answers a call below `/rest/api/N`.
pub(super) fn routed(kept: &mut Kept, (asked, below): (&Asked, &[&str]), now: &str) -> Answered {
    match (asked.method.as_str(), below) {
        ("GET", ["myself"]) => Ok(answer(&person(&kept.settings.me))),
        ("GET", ["mypermissions"]) => permissions(kept, asked),
        ("POST", ["search", "jql"] | ["search"]) => seek::search(kept, asked),
        ("GET", ["issue", "createmeta", _, "issuetypes"]) => types(kept),
        ("GET", ["issue", "createmeta", _, "issuetypes", _]) => fields(kept),
        ("POST", ["issue"]) => create(kept, asked, now),
        ("GET", ["issue", id]) => Ok(answer(&kept.issue(id)?.told())),
        ("PUT", ["issue", id]) => edit(kept, (id, asked)),
        ("GET", ["issue", id, "comment"]) => comments(kept, (id, asked)),
        ("POST", ["issue", id, "comment"]) => comment(kept, (id, asked)),
        ("GET", ["issue", id, "transitions"]) => transitions(kept, id),
        ("POST", ["issue", id, "transitions"]) => transition(kept, (id, asked), now),
        ("POST", ["issue", id, "remotelink"]) => link(kept, (id, asked)),
        ("POST", ["issue", id, "attachments"]) => attach(kept, (id, asked)),
        ("GET", ["issue", id, "properties", name]) => {
            let found = kept.issue(id)?.properties.get(*name).cloned();
            let value = found.ok_or_else(not_there)?;
            Ok(answer(&json!({"key": name, "value": value})))
        }
        ("PUT", ["issue", id, "properties", name]) => {
            kept.need("EDIT_ISSUES")?;
            let value = body(asked)?;
            kept.issue(id)?.properties.insert((*name).to_owned(), value);
            Ok(Answer::new(201, ""))
        }
        _ => Err(refused(404, &["null for uri"], &json!({}))),
    }
}

fn permissions(kept: &Kept, asked: &Asked) -> Answered {
    let query = asked.query.split('&').filter_map(|pair| pair.split_once('='));
    let query: Vec<(&str, &str)> = query.collect();
    let value = |name: &str| query.iter().find(|(known, _)| *known == name).map(|(_, v)| *v);
    if value("projectKey") != Some(&kept.settings.project) {
        let said = "No project could be found with that key.";
        return Err(refused(404, &[said], &json!({})));
    }
    let mut held = Map::new();
    for name in value("permissions").unwrap_or_default().split(',') {
        let have = kept.settings.rights.contains(name);
        held.insert(name.to_owned(), json!({"key": name, "havePermission": have}));
    }
    Ok(answer(&json!({"permissions": held})))
}

fn types(kept: &Kept) -> Answered {
    let list = json!([{"id": "10002", "name": "Task"}, {"id": "10004", "name": "Bug"}]);
    let name = if kept.settings.data_center { "values" } else { "issueTypes" };
    Ok(answer(&json!({name: list, "total": 2})))
}

fn fields(kept: &Kept) -> Answered {
    let one = |id: &str, title: &str, required: bool| json!({"fieldId": id, "key": id, "name": title, "required": required, "hasDefaultValue": false});
    let settings = &kept.settings;
    let mut list = vec![one("summary", "Summary", true), one("project", "Project", true)];
    list.extend(settings.screen.iter().map(|id| one(id, id, false)));
    list.extend(settings.required.iter().map(|(id, title)| one(id, title, true)));
    let name = if settings.data_center { "values" } else { "fields" };
    Ok(answer(&json!({name: list})))
}

fn create(kept: &mut Kept, asked: &Asked, now: &str) -> Answered {
    kept.need("CREATE_ISSUES")?;
    let body = body(asked)?;
    let fields = body.get("fields").and_then(Value::as_object).cloned().unwrap_or_default();
    screen::new_issue(&kept.settings, &fields)?;
    let (id, key) = kept.made(fields, now);
    let listed = body.get("properties").and_then(Value::as_array).into_iter().flatten();
    let properties = listed
        .filter_map(|one| Some((one.get("key")?.as_str()?.to_owned(), one.get("value")?.clone())));
    if let Some(issue) = kept.issues.get_mut(&id) {
        issue.properties = properties.collect();
    }
    let made =
        json!({"id": id.to_string(), "key": key, "self": format!("https://jira.example/{id}")});
    Ok(Answer::new(201, made.to_string()))
}

impl Kept {
    /// Keeps a new issue.
    pub(in crate::sinks) fn made(
        &mut self,
        fields: Map<String, Value>,
        now: &str,
    ) -> (u64, String) {
        let id = self.next;
        self.next += 1;
        let key = format!("{}-{}", self.settings.project, id - 10_000);
        let about = (now, self.settings.me.as_str());
        let mut issue = JiraIssue::new(id, key.clone(), about, self.settings.lag);
        issue.fields = fields;
        self.issues.insert(id, issue);
        (id, key)
    }
}

fn edit(kept: &mut Kept, (id, asked): (&str, &Asked)) -> Answered {
    kept.need("EDIT_ISSUES")?;
    let body = body(asked)?;
    let fields = body.get("fields").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut wrong = Map::new();
    screen::values(&kept.settings, &fields, &mut wrong);
    for name in fields.keys().filter(|name| *name == "duedate") {
        if !kept.settings.screen.contains(name.as_str()) {
            let said =
                "Field 'duedate' cannot be set. It is not on the appropriate screen, or unknown.";
            wrong.insert(name.clone(), said.into());
        }
    }
    if !wrong.is_empty() {
        return Err(refused(400, &[], &wrong.into()));
    }
    let issue = kept.issue(id)?;
    if issue.archived {
        return Err(refused(400, &["The issue is archived."], &json!({})));
    }
    issue.fields.extend(fields);
    let added = body.pointer("/update/labels").and_then(Value::as_array).cloned();
    let mut labels: Vec<String> = issue.labels().into_iter().map(str::to_owned).collect();
    for label in added.iter().flatten().filter_map(|one| one.get("add")?.as_str()) {
        if !labels.iter().any(|known| known == label) {
            labels.push(label.to_owned());
        }
    }
    issue.fields.insert("labels".to_owned(), labels.into());
    Ok(Answer::new(204, ""))
}

fn comments(kept: &mut Kept, (id, asked): (&str, &Asked)) -> Answered {
    let number = |name: &str| -> Option<usize> {
        let pairs = asked.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(known, _)| *known == name)?.1.parse().ok()
    };
    let (start, most) = (number("startAt").unwrap_or(0), number("maxResults").unwrap_or(50));
    let issue = kept.issue(id)?;
    let all = issue.comments.iter().rev().skip(start).take(most.min(100));
    let all: Vec<Value> = all
        .map(|one| json!({"id": one.id.to_string(), "author": person(&one.author), "body": one.body}))
        .collect();
    Ok(answer(&json!({"comments": all, "startAt": start, "total": issue.comments.len()})))
}

fn comment(kept: &mut Kept, (id, asked): (&str, &Asked)) -> Answered {
    kept.need("ADD_COMMENTS")?;
    let text = body(asked)?.get("body").cloned().unwrap_or_default();
    screen::markup(&kept.settings, &text)
        .map_err(|said| refused(400, &[], &json!({"comment": said})))?;
    kept.commented(id, (text, true))
}

impl Kept {
    /// Keeps a comment of the login's.
    pub(in crate::sinks) fn commented(
        &mut self,
        id: &str,
        (text, public): (Value, bool),
    ) -> Answered {
        let (number, author) = (self.next, self.settings.me.clone());
        self.next += 1;
        let issue = self.issue(id)?;
        issue.comments.push(JiraComment { id: number, author, body: text, public });
        Ok(Answer::new(201, json!({"id": number.to_string()}).to_string()))
    }
}

/// Ids of transitions depend on where an issue is.
fn ways(kept: &mut Kept, id: &str) -> Result<Vec<Value>, Answer> {
    let workflow = kept.settings.workflow.clone();
    let from = kept.issue(id)?.category;
    let to = |category: &'static str, fields: Value| {
        let to = status(category);
        let from = status(from).get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = to.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        json!({"id": format!("{from}{number}"), "name": format!("Weg {number}"), "to": to, "fields": fields})
    };
    let closing = match &workflow {
        JiraWorkflow::Plain | JiraWorkflow::Final => Some(json!({})),
        JiraWorkflow::Resolution(names) => {
            let allowed = names.iter().enumerate();
            let allowed: Vec<Value> =
                allowed.map(|(at, name)| json!({"id": at.to_string(), "name": name})).collect();
            Some(
                json!({"resolution": {"name": "Resolution", "required": true, "allowedValues": allowed}}),
            )
        }
        JiraWorkflow::Field(field) => {
            Some(json!({*field: {"name": "Root cause", "required": true}}))
        }
        JiraWorkflow::Endless => None,
    };
    let mut ways = Vec::new();
    if from == "done" {
        if workflow != JiraWorkflow::Final {
            ways.push(to("indeterminate", json!({})));
            ways.push(to("new", json!({})));
        }
        return Ok(ways);
    }
    let other = if from == "new" { "indeterminate" } else { "new" };
    ways.push(to(other, json!({})));
    ways.extend(closing.map(|fields| to("done", fields)));
    Ok(ways)
}

fn transitions(kept: &mut Kept, id: &str) -> Answered {
    // Who has not the right is shown none, and not refused.
    let ways = if kept.need("TRANSITION_ISSUES").is_ok() { ways(kept, id)? } else { Vec::new() };
    Ok(answer(&json!({"transitions": ways})))
}

fn transition(kept: &mut Kept, (id, asked): (&str, &Asked), now: &str) -> Answered {
    kept.need("TRANSITION_ISSUES")?;
    let body = body(asked)?;
    let wanted = body.pointer("/transition/id").and_then(Value::as_str).unwrap_or_default();
    let ways = ways(kept, id)?;
    let way = ways.iter().find(|way| way.get("id").and_then(Value::as_str) == Some(wanted));
    let Some(way) = way else {
        let said = format!(
            "It seems that you have tried to perform a workflow operation ({wanted}) that is not valid for the current state of this issue."
        );
        return Err(refused(400, &[&said], &json!({})));
    };
    let given = body.get("fields").and_then(Value::as_object).cloned().unwrap_or_default();
    let asked_for = way.get("fields").and_then(Value::as_object).cloned().unwrap_or_default();
    for (field, about) in &asked_for {
        if !given.contains_key(field) {
            let said = format!(
                "{} is required.",
                about.get("name").and_then(Value::as_str).unwrap_or_default()
            );
            return Err(refused(400, &[], &json!({field: said})));
        }
    }
    if let Some(field) = given.keys().find(|field| !asked_for.contains_key(*field)) {
        let said = format!(
            "Field '{field}' cannot be set. It is not on the appropriate screen, or unknown."
        );
        return Err(refused(400, &[], &json!({field: said})));
    }
    let chosen = given.get("resolution").and_then(|one| one.get("id")).cloned();
    let allowed = asked_for.get("resolution").and_then(|one| one.get("allowedValues")?.as_array());
    let resolution = allowed.into_iter().flatten().find(|one| one.get("id") == chosen.as_ref());
    let resolution = resolution.and_then(|one| one.get("name")?.as_str()).unwrap_or("Fertig");
    let to = way.pointer("/to/id").and_then(Value::as_str).and_then(category).unwrap_or("new");
    let me = kept.settings.me.clone();
    kept.issue(id)?.moved(to, Some(resolution.to_owned()), (now, &me));
    Ok(Answer::new(204, ""))
}

fn link(kept: &mut Kept, (id, asked): (&str, &Asked)) -> Answered {
    kept.need("LINK_ISSUES")?;
    let body = body(asked)?;
    let name = body.get("globalId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let issue = kept.issue(id)?;
    let status = if issue.links.insert(name, body).is_some() { 200 } else { 201 };
    Ok(Answer::new(status, json!({"id": 10_000, "self": "https://jira.example/link"}).to_string()))
}

fn attach(kept: &mut Kept, (id, asked): (&str, &Asked)) -> Answered {
    kept.need("CREATE_ATTACHMENTS")?;
    let file = file(asked)?;
    kept.issue(id)?.files.push(file);
    Ok(answer(&json!([{"id": "1"}])))
}

/// The file of a form.
pub(in crate::sinks) fn file(asked: &Asked) -> Result<(String, Vec<u8>), Answer> {
    let bad = |said: &str| refused(400, &[said], &json!({}));
    if !asked.header("x-atlassian-token").is_some_and(|token| token.starts_with("no")) {
        return Err(refused(403, &["XSRF check failed"], &json!({})));
    }
    let kind = asked.header("content-type").unwrap_or_default();
    let boundary = kind.split_once("boundary=").ok_or_else(|| bad("no boundary"))?.1;
    let text = String::from_utf8_lossy(&asked.body);
    let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
    let part = parts.iter().find(|part| part.contains("name=\"file\""));
    let part = part.ok_or_else(|| bad("no part is called `file`"))?;
    let (head, content) = part.split_once("\r\n\r\n").ok_or_else(|| bad("no head"))?;
    let name = head.split_once("filename=\"").and_then(|(_, rest)| rest.split_once('"'));
    let (name, _) = name.ok_or_else(|| bad("no name"))?;
    let content = content.strip_suffix("\r\n").unwrap_or(content);
    Ok((name.to_owned(), content.as_bytes().to_vec()))
}
