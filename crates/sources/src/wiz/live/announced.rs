//! Webhooks that customers edited: what they leave out is asked for.
//!
//! Wiz's own templates say all that the normalizer needs, and are taken as they are.

use serde_json::Value;

use crate::live::Target;
use crate::wiz::asset::cloud_id;

/// Where a template may put the id of an issue.
const ISSUE_IDS: [&str; 6] =
    ["/issue/id", "/issueId", "/issue_id", "/issueID", "/data/issue/id", "/threatId"];

/// Where a template may put the id of a detection.
const DETECTION_IDS: [&str; 4] = ["/id", "/detection/id", "/detectionId", "/detection_id"];

/// The records that a body names without saying enough of them.
pub(super) fn targets(body: &[u8]) -> Option<Vec<Target>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let list = body.as_array().map_or(std::slice::from_ref(&body), Vec::as_slice);
    let targets: Option<Vec<Target>> = list.iter().map(target).collect();
    targets.filter(|targets| !targets.is_empty())
}

fn target(body: &Value) -> Option<Target> {
    let source = at(body, "/trigger/source").unwrap_or_default().to_ascii_uppercase();
    let detection = source.starts_with("DETECTION") || body.get("tdrId").is_some();
    if detection {
        let id = first(body, &DETECTION_IDS).filter(|_| !is_whole_detection(body));
        return id.map(|id| of("detections", id));
    }
    // A node of the API names its rule and its entity itself.
    if is_whole_issue(body) || body.get("entitySnapshot").is_some() {
        return None;
    }
    let id = first(body, &ISSUE_IDS).or_else(|| {
        let issues = source.starts_with("ISSUE") || source.starts_with("THREAT");
        at(body, "/id").filter(|_| issues)
    });
    id.map(|id| of("issues", id))
}

fn of(stream: &str, id: &str) -> Target {
    Target { stream: stream.to_owned(), id: id.to_owned() }
}

/// Whether rule and resource are named as a pulled issue names them.
fn is_whole_issue(body: &Value) -> bool {
    let named = ["/issue/id", "/issue/status", "/issue/severity", "/control/id", "/control/name"];
    named.iter().all(|path| at(body, path).is_some())
        && at(body, "/resource/id").is_some_and(|id| cloud_id(id).is_some())
}

/// Whether the resource is named so that it is known to be the one of the pulled detection.
fn is_whole_detection(body: &Value) -> bool {
    let named = ["/id", "/tdrId", "/severity"].iter().all(|path| at(body, path).is_some());
    let id = at(body, "/primaryResource/externalId").unwrap_or_default();
    let account = body.pointer("/primaryResource/cloudAccount/externalId");
    let instance = id.starts_with("i-") && account.is_some_and(|account| !account.is_null());
    named && (instance || cloud_id(id).is_some())
}

fn first<'a>(body: &'a Value, paths: &[&str]) -> Option<&'a str> {
    paths.iter().find_map(|path| at(body, path))
}

fn at<'a>(body: &'a Value, path: &str) -> Option<&'a str> {
    let text = body.pointer(path)?.as_str()?.trim();
    // A variable that a template leaves unfilled is no id.
    Some(text).filter(|text| !text.is_empty() && text.len() <= 200 && !text.contains("{{"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(body: &Value) -> Vec<(String, String)> {
        let all = targets(body.to_string().as_bytes()).unwrap_or_default();
        all.into_iter().map(|target| (target.stream, target.id)).collect()
    }

    fn whole() -> Value {
        json!({"trigger": {"source": "ISSUES"}, "issue": {"id": "i", "status": "OPEN", "severity": "LOW"},
            "control": {"id": "wc-id-1", "name": "n"}, "resource": {"id": "arn:aws:s3:::logs"}})
    }

    #[test]
    fn wizs_own_template_is_taken_as_it_is() {
        assert_eq!(named(&whole()), []);
    }

    #[test]
    fn a_template_without_rule_or_resource_is_asked_for() {
        for path in ["control", "resource"] {
            let mut body = whole();
            body.as_object_mut().unwrap().remove(path);
            assert_eq!(named(&body), [("issues".to_owned(), "i".to_owned())], "{path}");
        }
        let mut empty = whole();
        empty["resource"]["id"] = json!("");
        assert_eq!(named(&empty), [("issues".to_owned(), "i".to_owned())]);
        for renamed in
            [json!({"issueId": "i"}), json!({"trigger": {"source": "THREATS"}, "id": "i"})]
        {
            assert_eq!(named(&renamed), [("issues".to_owned(), "i".to_owned())], "{renamed}");
        }
    }

    #[test]
    fn a_detection_is_asked_for_where_its_resource_is_not_the_clouds() {
        let mut body = json!({"id": "d", "tdrId": "cer-1", "severity": "HIGH", "primaryResource":
            {"externalId": "i-0abc", "cloudAccount": {"externalId": 111122223333_u64}}});
        assert_eq!(named(&body), []);
        body["primaryResource"]["externalId"] = json!("web-1");
        assert_eq!(named(&body), [("detections".to_owned(), "d".to_owned())]);
    }

    #[test]
    fn what_names_nothing_is_left_to_the_normalizer() {
        for body in ["", "[]", "7", "{}", r#"{"issue":{"id":""}}"#, r#"{"issueId":"{{issue.id}}"}"#]
        {
            assert_eq!(targets(body.as_bytes()), None, "{body}");
        }
    }
}
