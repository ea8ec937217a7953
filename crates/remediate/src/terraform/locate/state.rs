//! Terraform state: which block made which resource.

use serde_json::Value;

/// The managed resources of one state file (version 4).
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// The folder the state file is in.
    pub(crate) folder: String,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    address: String,
    ids: Vec<String>,
    names: Vec<String>,
}

impl State {
    /// Reads a state file; one of another version, or that is not JSON, says nothing.
    pub(crate) fn parse(path: &str, text: &str) -> Option<Self> {
        let state: Value = serde_json::from_str(text).ok()?;
        if state.get("version").and_then(Value::as_u64) != Some(4) {
            return None;
        }
        let resources = state.get("resources")?.as_array()?;
        let entries = resources.iter().flat_map(entries_of).collect();
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        Some(Self { folder, entries })
    }

    /// Addresses whose id or ARN is this one; failing that, whose name is.
    pub(crate) fn addresses(
        &self,
        native_id: &str,
        names: &[String],
        kinds: &[String],
    ) -> Vec<&str> {
        let of_kind = |entry: &&Entry| {
            let own = entry.address.rsplit("module.").next().unwrap_or_default();
            kinds.iter().any(|kind| own.split('.').any(|part| part == kind))
        };
        let pick = |matches: &dyn Fn(&Entry) -> bool| -> Vec<&str> {
            let mut found: Vec<&str> = self
                .entries
                .iter()
                .filter(of_kind)
                .filter(|entry| matches(entry))
                .map(|entry| entry.address.as_str())
                .collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        let by_id =
            pick(&|entry| !native_id.is_empty() && entry.ids.iter().any(|id| id == native_id));
        if by_id.is_empty() {
            return pick(&|entry| {
                entry.ids.iter().chain(&entry.names).any(|name| names.contains(name))
            });
        }
        by_id
    }
}

fn entries_of(resource: &Value) -> Vec<Entry> {
    let text = |key: &str| resource.get(key).and_then(Value::as_str);
    let (Some("managed"), Some(kind), Some(name)) = (text("mode"), text("type"), text("name"))
    else {
        return Vec::new();
    };
    let module = text("module").map(|module| format!("{module}.")).unwrap_or_default();
    let address = format!("{module}{kind}.{name}");
    let instances = resource.get("instances").and_then(Value::as_array).into_iter().flatten();
    instances
        .filter_map(|instance| instance.get("attributes"))
        .map(|attributes| {
            let values = |keys: &[&str]| -> Vec<String> {
                keys.iter()
                    .filter_map(|key| attributes.get(key).and_then(Value::as_str))
                    .map(ToOwned::to_owned)
                    .collect()
            };
            Entry {
                address: address.clone(),
                ids: values(&["arn", "id", "self_link"]),
                names: values(&["bucket", "name", "identifier"]),
            }
        })
        .collect()
}
