//! Every request that is made is one that the vendor's own description allows, where that is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use quell_testkit::platforms::prisma::{CONSOLE, Seat};
use quell_testkit::platforms::{PrismaDouble, Seen};
use serde_json::Value;

use super::{Plans, rig, start};
use crate::live::{Change, Dismissal, Target};

/// One call that the vendor describes.
struct Call {
    document: usize,
    parameters: Vec<String>,
    body: Option<Value>,
}

/// What the vendor describes, by method and path.
#[derive(Default)]
struct Contract {
    documents: Vec<Value>,
    calls: BTreeMap<(String, String), Call>,
}

/// Where the descriptions are, if they are anywhere above.
fn specs() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here.ancestors().map(|above| above.join("shared/reference/specs"));
    found.into_iter().find(|path| path.join("prisma-cspm").is_dir())
}

impl Contract {
    fn read(specs: &Path) -> Self {
        let mut contract = Self::default();
        for folder in ["prisma-cspm", "prisma-compute"] {
            let files = fs::read_dir(specs.join(folder)).unwrap().map(|file| file.unwrap().path());
            for path in files.filter(|path| path.extension().is_some_and(|end| end == "json")) {
                contract.add(serde_json::from_slice(&fs::read(path).unwrap()).unwrap());
            }
        }
        contract
    }

    fn add(&mut self, document: Value) {
        let at = self.documents.len();
        self.documents.push(document);
        let document = &self.documents[at];
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, call) in methods.as_object().into_iter().flatten() {
                let listed = [&call["parameters"], &methods["parameters"]];
                let listed =
                    listed.into_iter().flat_map(|list| list.as_array().into_iter().flatten());
                let listed = listed.map(|parameter| self.resolved(at, parameter));
                let names = listed.filter(|one| one["in"] == "query");
                let parameters =
                    names.map(|one| one["name"].as_str().unwrap().to_owned()).collect();
                let content = &self.resolved(at, &call["requestBody"])["content"];
                let body = content.as_object().and_then(|kinds| kinds.values().next());
                let body = body.map(|kind| kind["schema"].clone());
                let key = (method.to_uppercase(), path.clone());
                self.calls.insert(key, Call { document: at, parameters, body });
            }
        }
    }

    fn resolved<'a>(&'a self, document: usize, value: &'a Value) -> &'a Value {
        let Some(pointer) = value["$ref"].as_str().and_then(|text| text.strip_prefix('#')) else {
            return value;
        };
        self.documents[document].pointer(pointer).unwrap_or(value)
    }

    /// The call of a method and path, where parts in braces fit anything.
    fn call(&self, method: &str, path: &str) -> Option<&Call> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let template: Vec<&str> = template.split('/').collect();
            template.len() == parts.len()
                && template
                    .iter()
                    .zip(&parts)
                    .all(|(a, b)| a == b || (a.starts_with('{') && !b.is_empty()))
        };
        let mut calls = self.calls.iter().filter(|((known, _), _)| known == method);
        calls.find(|((_, template), _)| fits(template)).map(|(_, call)| call)
    }

    /// All properties that a schema has in any of its forms, and whether it needs them.
    fn properties<'a>(
        &'a self,
        document: usize,
        schema: &'a Value,
        depth: u8,
    ) -> Vec<(&'a str, &'a Value, bool)> {
        let schema = self.resolved(document, schema);
        let mut all = Vec::new();
        if depth == 0 {
            return all;
        }
        let needed: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            all.push((name.as_str(), property, needed.contains(&name.as_str())));
        }
        for part in ["allOf", "oneOf", "anyOf"] {
            for inner in schema[part].as_array().into_iter().flatten() {
                all.extend(self.properties(document, inner, depth - 1));
            }
        }
        all
    }

    fn check(&self, document: usize, schema: &Value, value: &Value, path: &str) {
        let schema = self.resolved(document, schema);
        match value {
            Value::Object(fields) => {
                let known = self.properties(document, schema, 8);
                if known.is_empty() {
                    return;
                }
                for (name, inner) in fields {
                    let forms: Vec<&Value> =
                        known.iter().filter(|(n, _, _)| n == name).map(|(_, s, _)| *s).collect();
                    assert!(!forms.is_empty(), "`{path}.{name}` is in no description");
                    // Where forms differ, one of several may be meant.
                    let only = forms.first().filter(|_| forms.len() == 1);
                    let path = format!("{path}.{name}");
                    only.into_iter().for_each(|form| self.check(document, form, inner, &path));
                }
                for (name, _, needed) in known {
                    assert!(!needed || fields.contains_key(name), "`{path}.{name}` is needed");
                }
            }
            Value::Array(list) => {
                assert!(
                    matches!(schema["type"].as_str(), Some("array") | None),
                    "`{path}` is no list"
                );
                for inner in list {
                    self.check(document, &schema["items"], inner, path);
                }
            }
            Value::String(text) => {
                assert!(
                    matches!(schema["type"].as_str(), Some("string") | None),
                    "`{path}` is no text"
                );
                let words: Vec<&str> = schema["enum"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                assert!(
                    words.is_empty() || words.iter().any(|word| word.ends_with(text.as_str())),
                    "`{path}` is none of {words:?}"
                );
            }
            Value::Number(_) => {
                let kind = schema["type"].as_str();
                assert!(matches!(kind, Some("integer" | "number") | None), "`{path}` is no number");
            }
            Value::Bool(_) => {
                assert!(
                    matches!(schema["type"].as_str(), Some("boolean") | None),
                    "`{path}` is no truth"
                );
            }
            Value::Null => panic!("`{path}` is null"),
        }
    }

    fn allows(&self, seen: &Seen) {
        let (method, target) = seen.what.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.strip_prefix(CONSOLE).unwrap_or(path);
        // The one call that the vendor's tools make and its description does not have.
        if path == "/meta_info" {
            return;
        }
        let call = self
            .call(method, path)
            .unwrap_or_else(|| panic!("{method} {path} is described nowhere"));
        for name in query.split('&').filter(|part| !part.is_empty()) {
            let name = name.split('=').next().unwrap();
            assert!(
                call.parameters.iter().any(|known| known == name),
                "{method} {path} has no `{name}`"
            );
        }
        if seen.body.is_empty() {
            return;
        }
        let body = serde_json::from_slice(&seen.body).unwrap();
        let schema = call.body.as_ref().unwrap_or_else(|| panic!("{method} {path} takes no body"));
        self.check(call.document, schema, &body, &format!("{method} {path} $"));
    }
}

#[tokio::test]
async fn every_request_is_one_that_the_vendor_describes() {
    let Some(specs) = specs() else { return };
    let contract = Contract::read(&specs);
    let options = &[("page_alerts", "40"), ("page_compute", "20")];
    let rig = rig(Plans { flaws: 900, options, ..Plans::default() }).await;
    rig.double.behave(|quirks| quirks.bare_policies = true);
    for stream in rig.connector.streams() {
        rig.read(stream.name, None).await.unwrap();
        rig.read(stream.name, Some(start())).await.unwrap();
    }
    rig.connector.test().await.unwrap();
    let (flaw, thing) = rig.first(Seat::Alert);
    let alert = Target { stream: "alerts".to_owned(), id: PrismaDouble::id_of(&flaw, &thing) };
    let (note, until) = ("note".to_owned(), start() + SignedDuration::from_hours(30));
    for change in [
        Change::Dismiss { why: Dismissal::Accepted, note: note.clone() },
        Change::Reopen { note: note.clone() },
        Change::Snooze { until, note: note.clone() },
    ] {
        rig.connector.write(&alert, &change).await.unwrap();
    }
    let (flaw, thing) = rig.first(Seat::Incident);
    let incident =
        Target { stream: "incidents".to_owned(), id: PrismaDouble::id_of(&flaw, &thing) };
    rig.connector.write(&incident, &Change::Close { note }).await.unwrap();
    for seat in [
        Seat::HostAudit,
        Seat::ContainerAudit,
        Seat::AppAudit,
        Seat::ServerlessAudit,
        Seat::Incident,
    ] {
        let (flaw, _) = rig.first(seat);
        let (_, body) = rig.double.webhook(flaw.number).unwrap();
        for target in rig.connector.announced(&body).unwrap() {
            rig.connector.fetch(&target).await.unwrap();
        }
    }
    let seen = rig.server.ledger.of("");
    assert!(seen.len() > 60);
    seen.iter().for_each(|seen| contract.allows(seen));
}

/// Examples in which every field is empty: they happened to nothing and nowhere.
const EMPTY: &[&str] = &["audits__waas_serverless_get_1.json", "audits__waas_agentless_get_1.json"];

#[test]
fn every_held_answer_and_webhook_is_read_with_no_reject() {
    let samples = specs().map(|specs| specs.join("../../samples/prisma"));
    let Some(samples) = samples.filter(|path| path.is_dir()) else { return };
    let mut read = 0;
    for (folder, start) in [
        ("hub", "alert_"),
        ("hub", "webhook_"),
        ("demisto", "alert_"),
        ("demisto", "compute_audits_"),
        ("compute-docs", "audits__"),
    ] {
        let files = fs::read_dir(samples.join(folder)).unwrap().map(|file| file.unwrap().path());
        for path in files {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_record = name.starts_with(start) && !name.contains("filters");
            let text = if is_record { fs::read_to_string(&path).unwrap() } else { continue };
            let results = crate::testing::normalize_text(&text);
            assert!(!results.is_empty(), "{name}");
            read += results.len();
            let wrong: Vec<_> = results.into_iter().filter_map(Result::err).collect();
            assert_eq!(wrong.is_empty(), !EMPTY.contains(&name.as_str()), "{name}: {wrong:?}");
        }
    }
    assert!(read >= 20, "{read}");
}
