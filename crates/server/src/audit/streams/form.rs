//! A record as a receiver reads it.

use jiff::Timestamp;
use quell_config::AuditForm;
use serde_json::{Value, json};

/// The version of OCSF whose fields are written.
const OCSF: &str = "1.3.0";

/// A record and what envelopes need of it.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) body: Value,
    pub(super) time: Timestamp,
    pub(super) action: String,
    pub(super) form: AuditForm,
}

impl Told {
    pub(super) fn new(
        origin: &str,
        index: u64,
        leaf: &[u8],
        form: AuditForm,
    ) -> Result<Self, String> {
        let mut record: Value = serde_json::from_slice(leaf)
            .map_err(|_| format!("record {index} of the audit log cannot be read"))?;
        let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
        let time = text("time").parse().unwrap_or(Timestamp::UNIX_EPOCH);
        let action = text("action").to_owned();
        let body = match form {
            AuditForm::Ocsf => ocsf(origin, &record, (time, &action)),
            AuditForm::Record => {
                if let Some(members) = record.as_object_mut() {
                    members.insert("log".to_owned(), origin.into());
                }
                record
            }
        };
        Ok(Self { body, time, action, form })
    }

    /// One line.
    pub(super) fn line(&self) -> String {
        format!("{}\n", self.body)
    }
}

/// OCSF's API Activity (class 6003).
fn ocsf(origin: &str, record: &Value, (time, action): (Timestamp, &str)) -> Value {
    let text = |path: &str| record.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let (activity, activity_name) = activity(action);
    let (status, status_name) = match text("/outcome") {
        "done" => (1, "Success"),
        "refused" | "failed" => (2, "Failure"),
        _ => (0, "Unknown"),
    };
    let resources: Vec<Value> = record
        .get("objects")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .flat_map(|(kind, ids)| {
            let ids = ids.as_array().or_else(|| ids.get("first")?.as_array());
            ids.into_iter().flatten().map(move |id| json!({"type": kind, "uid": id}))
        })
        .collect();
    json!({
        "activity_id": activity,
        "activity_name": activity_name,
        "actor": {"user": {"uid": text("/actor/id"), "type": text("/actor/kind")}},
        "api": {"operation": action, "service": {"name": "quell"}},
        "category_name": "Application Activity",
        "category_uid": 6,
        "class_name": "API Activity",
        "class_uid": 6003,
        "message": format!("{action} {}", text("/stage")),
        "metadata": {
            "log_name": origin,
            "product": {"name": "Quell", "vendor_name": "Quell", "version": env!("CARGO_PKG_VERSION")},
            "tenant_uid": text("/tenant"),
            "uid": format!("{origin}#{}", record["index"]),
            "sequence": record["index"],
            "version": OCSF,
        },
        "resources": resources,
        "severity": "Informational",
        "severity_id": 1,
        "src_endpoint": {"name": "quell"},
        "status": status_name,
        "status_id": status,
        "time": time.as_millisecond(),
        "type_uid": 600_300 + activity,
        "unmapped": {"quell": record},
    })
}

fn activity(action: &str) -> (u32, &'static str) {
    match action.rsplit('.').next().unwrap_or_default() {
        "create" | "begin" | "split" | "adopt" => (1, "Create"),
        "test" => (2, "Read"),
        "revoke" | "erase" | "unmark" | "cancel" | "close" | "end" => (4, "Delete"),
        _ => (3, "Update"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_becomes_an_event_of_api_activity() {
        let leaf = br#"{"action":"issue.mark","actor":{"id":"abc","kind":"token"},"index":7,"objects":{"issue":["i1"]},"outcome":"done","stage":"ended","tenant":"default","time":"2026-11-21T12:00:00.000001Z","v":1}"#;
        let told = Told::new("quell-audit/x", 7, leaf, AuditForm::Ocsf).unwrap();
        let event = told.body;
        for (path, wanted) in [
            ("/class_uid", json!(6003)),
            ("/category_uid", json!(6)),
            ("/type_uid", json!(600_303)),
            ("/severity_id", json!(1)),
            ("/status_id", json!(1)),
            ("/time", json!(1_795_262_400_000_i64)),
            ("/actor/user/uid", json!("abc")),
            ("/api/operation", json!("issue.mark")),
            ("/resources/0", json!({"type": "issue", "uid": "i1"})),
            ("/metadata/uid", json!("quell-audit/x#7")),
        ] {
            assert_eq!(event.pointer(path), Some(&wanted), "{path}");
        }
        assert!(
            event.get("src_endpoint").is_some() && event.pointer("/metadata/version").is_some()
        );
    }
}
