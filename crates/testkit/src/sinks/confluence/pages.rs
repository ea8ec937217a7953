//! The calls of Confluence's API.

use serde_json::{Value, json};

use super::super::jira::file;
use super::{ConfluencePage, Kept, SPACE, refused};
use crate::net::{Answer, Asked};

type Answered = Result<Answer, Answer>;

/// Answers a call.
pub(super) fn routed(kept: &mut Kept, asked: &Asked, now: &str) -> Answered {
    let parts: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
    let may_write = kept.may_write;
    if asked.method != "GET" && !may_write {
        return Err(refused(404, "NOT_FOUND"));
    }
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", ["wiki", "rest", "api", "user", "current"]) => {
            Ok(answer(&json!({"accountId": kept.me, "type": "known"})))
        }
        ("GET", ["wiki", "api", "v2", "spaces"]) => {
            let (key, id) = SPACE;
            let known = asked.query == format!("keys={key}");
            let list = if known { vec![json!({"id": id, "key": key})] } else { Vec::new() };
            Ok(answer(&json!({"results": list})))
        }
        ("GET", ["wiki", "api", "v2", "pages"]) => by_title(kept, asked, now),
        ("POST", ["wiki", "api", "v2", "pages"]) => create(kept, asked, now),
        ("GET", ["wiki", "api", "v2", "pages", id]) => {
            let (id, page) = kept.page(id)?;
            Ok(answer(&told(id, page, now)))
        }
        ("PUT", ["wiki", "api", "v2", "pages", id]) => update(kept, (id, asked), now),
        ("GET", ["wiki", "api", "v2", "pages", id, "properties"]) => {
            let (_, page) = kept.page(id)?;
            let list = page.property.iter().map(|(value, version)| {
                let version = json!({"number": version, "createdAt": now});
                json!({"id": "1", "key": "quell", "value": value, "version": version})
            });
            Ok(answer(&json!({"results": list.collect::<Vec<_>>()})))
        }
        ("POST" | "PUT", ["wiki", "api", "v2", "pages", id, "properties", ..]) => {
            property(kept, (id, asked))
        }
        ("GET", ["wiki", "api", "v2", "pages", id, "footer-comments"]) => {
            let (_, page) = kept.page(id)?;
            let list = page.comments.iter().rev().map(|(who, body)| {
                json!({"version": {"authorId": who}, "body": {"storage": {"value": body}}})
            });
            Ok(answer(&json!({"results": list.collect::<Vec<_>>()})))
        }
        ("POST", ["wiki", "api", "v2", "footer-comments"]) => comment(kept, asked),
        ("POST", ["wiki", "rest", "api", "content", id, "label"]) => {
            let list = body(asked)?;
            let (_, page) = kept.page(id)?;
            for name in
                list.as_array().into_iter().flatten().filter_map(|one| one.get("name")?.as_str())
            {
                if !page.labels.iter().any(|known| known == name) {
                    page.labels.push(name.to_owned());
                }
            }
            Ok(answer(&json!({"results": []})))
        }
        ("PUT", ["wiki", "rest", "api", "content", id, "child", "attachment"]) => {
            let (name, content) = file(asked)?;
            kept.page(id)?.1.files.insert(name, content);
            Ok(answer(&json!({"results": []})))
        }
        _ => Err(refused(404, "NOT_FOUND")),
    }
}

impl Kept {
    fn page(&mut self, id: &str) -> Result<(u64, &mut ConfluencePage), Answer> {
        let id: u64 = id.parse().map_err(|_| refused(400, "INVALID_REQUEST_PARAMETER"))?;
        let page = self.pages.get_mut(&id).filter(|page| page.status != "trashed");
        page.map(|page| (id, page)).ok_or_else(|| refused(404, "NOT_FOUND"))
    }
}

fn answer(value: &Value) -> Answer {
    Answer::new(200, value.to_string())
}

fn body(asked: &Asked) -> Result<Value, Answer> {
    serde_json::from_slice(&asked.body).map_err(|_| refused(400, "no JSON"))
}

fn told(id: u64, page: &ConfluencePage, now: &str) -> Value {
    json!({
        "id": id.to_string(), "status": page.status, "title": page.title, "spaceId": SPACE.1,
        "version": {"number": page.version, "createdAt": now},
        "body": {"storage": {"representation": "storage", "value": page.body}},
    })
}

fn by_title(kept: &Kept, asked: &Asked, now: &str) -> Answered {
    let value = |name: &str| {
        let pairs = asked.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| decoded(value))
    };
    let title = value("title").unwrap_or_default();
    let fits =
        |(_, page): &(&u64, &ConfluencePage)| page.status == "current" && page.title == title;
    let found = kept.pages.iter().filter(fits).map(|(id, page)| told(*id, page, now));
    let list =
        if value("space-id").as_deref() == Some(SPACE.1) { found.collect() } else { Vec::new() };
    Ok(answer(&json!({"results": list})))
}

/// A value of a query as it was before it was encoded.
fn decoded(value: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let number = digit().zip(digit()).map_or(0, |(high, low)| high * 16 + low);
                out.push(u8::try_from(number).unwrap_or_default());
            }
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn create(kept: &mut Kept, asked: &Asked, now: &str) -> Answered {
    let body = body(asked)?;
    let text =
        |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    if text("/spaceId") != SPACE.1 {
        return Err(refused(404, "The space is not there."));
    }
    let title = text("/title");
    if kept.pages.values().any(|page| page.status == "current" && page.title == title) {
        let said = "A page with this title already exists: A page already exists with the same TITLE in this space";
        return Err(refused(400, said));
    }
    let value = text("/body/value");
    well_formed(&value).map_err(|why| refused(400, &why))?;
    let id = kept.next;
    kept.next += 1;
    let status = "current".to_owned();
    let page =
        ConfluencePage { title, body: value, version: 1, status, ..ConfluencePage::default() };
    let told = told(id, &page, now);
    kept.pages.insert(id, page);
    Ok(answer(&told))
}

fn update(kept: &mut Kept, (id, asked): (&str, &Asked), now: &str) -> Answered {
    let body = body(asked)?;
    let number: u64 = id.parse().unwrap_or_default();
    if let Some(at) = kept.meddling.iter().position(|(page, _)| *page == number) {
        let (_, words) = kept.meddling.remove(at);
        let page = kept.page(id)?.1;
        page.body.push_str(&words);
        page.version += 1;
    }
    let (id, page) = kept.page(id)?;
    if page.status == "archived" {
        return Err(refused(400, "The page is archived."));
    }
    let version = body.pointer("/version/number").and_then(Value::as_u64);
    if version != Some(page.version + 1) {
        return Err(refused(409, "Version must be incremented when updating a page."));
    }
    let text =
        |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let value = text("/body/value");
    well_formed(&value).map_err(|why| refused(400, &why))?;
    page.title = text("/title");
    page.body = value;
    page.version += 1;
    Ok(answer(&told(id, page, now)))
}

fn property(kept: &mut Kept, (id, asked): (&str, &Asked)) -> Answered {
    let body = body(asked)?;
    let value = body.get("value").cloned().unwrap_or_default();
    let (_, page) = kept.page(id)?;
    let known = page.property.as_ref().map_or(0, |(_, version)| *version);
    let given = body.pointer("/version/number").and_then(Value::as_u64);
    if given.unwrap_or(1) != known + 1 {
        return Err(refused(409, "The property is there in another version."));
    }
    page.property = Some((value, known + 1));
    Ok(answer(&json!({"id": "1", "key": "quell"})))
}

fn comment(kept: &mut Kept, asked: &Asked) -> Answered {
    let body = body(asked)?;
    let text =
        |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let value = text("/body/value");
    well_formed(&value).map_err(|why| refused(400, &why))?;
    let me = kept.me.clone();
    kept.page(&text("/pageId"))?.1.comments.push((me, value));
    Ok(answer(&json!({"id": "2"})))
}

/// Refuses what is no storage: tags that do not close, entities that nobody knows, characters
/// that XML cannot hold.
fn well_formed(storage: &str) -> Result<(), String> {
    let bad = |c: char| {
        matches!(c, '\u{fffe}' | '\u{ffff}') || (c < ' ' && !matches!(c, '\n' | '\t' | '\r'))
    };
    if storage.contains(bad) {
        return Err("Error parsing xhtml: illegal character".to_owned());
    }
    let mut open: Vec<&str> = Vec::new();
    let mut rest = storage;
    while let Some((text, after)) = rest.split_once('<') {
        entities(text)?;
        if let Some(unread) = after.strip_prefix("![CDATA[") {
            let (_, after) = unread.split_once("]]>").ok_or("Error parsing xhtml: CDATA")?;
            rest = after;
            continue;
        }
        let (tag, after) = after.split_once('>').ok_or("Error parsing xhtml: a tag has no end")?;
        rest = after;
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        match tag.strip_prefix('/') {
            Some(name) if open.pop() == Some(name) => {}
            Some(name) => {
                return Err(format!("Error parsing xhtml: unexpected close tag </{name}>"));
            }
            None if tag.ends_with('/') => {}
            None => open.push(name),
        }
    }
    entities(rest)?;
    if open.is_empty() { Ok(()) } else { Err(format!("Error parsing xhtml: {open:?} not closed")) }
}

fn entities(text: &str) -> Result<(), String> {
    for part in text.split('&').skip(1) {
        let name = part.split_once(';').map_or("", |(name, _)| name);
        if !["amp", "lt", "gt", "quot", "nbsp", "#39"].contains(&name) {
            return Err(format!("Error parsing xhtml: entity `{name}` is not known"));
        }
    }
    Ok(())
}
