//! The layers: a crate uses only crates of lower layers.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The layer of each crate, as ARCHITECTURE.md draws them. A crate that is not listed fails.
const LAYERS: &[(&str, u8)] = &[
    ("quell-model", 0),
    ("quell-catalog", 1),
    ("quell-access", 2),
    ("quell-config", 2),
    ("quell-correlate", 2),
    ("quell-deliver", 2),
    ("quell-explain", 2),
    ("quell-mask", 2),
    ("quell-govern", 2),
    ("quell-owners", 2),
    ("quell-policy", 2),
    ("quell-remediate", 2),
    ("quell-report", 2),
    ("quell-risk", 2),
    ("quell-trace", 2),
    ("quell-analyst", 3),
    ("quell-audit", 3),
    ("quell-audit-verify", 3),
    ("quell-http", 3),
    ("quell-sinks", 4),
    ("quell-sources", 4),
    ("quell-spool", 3),
    ("quell-store", 3),
    ("quell-bucket", 4),
    ("quell-refs", 4),
    ("quell-llm", 4),
    ("quell-contain", 4),
    ("quell-pipeline", 5),
    ("quell-secrets", 4),
    ("quell-client", 6),
    ("quell-server", 6),
    ("quell-cli", 8),
    ("quell-fuzz", 7),
    ("quell-proof", 7),
    ("quell-testkit", 7),
    ("xtask", 9),
];

/// Crates of third parties that only one of ours may use.
const ONLY_IN: &[(&str, &str)] = &[
    ("rusqlite", "quell-store"),
    ("hcl-edit", "quell-remediate"),
    ("clap", "quell-cli"),
    ("regorus", "quell-policy"),
    ("cedar-policy", "quell-access"),
    ("axum", "quell-server"),
    ("reqwest", "quell-http"),
];

/// Crates that none of the pure layers may use.
const IMPURE: &[&str] = &["tokio", "reqwest", "rusqlite", "hyper", "ureq"];

/// Checks the workspace as `cargo metadata` tells it.
pub(crate) fn check() -> Result<()> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .output()
        .context("`cargo metadata` could not be started")?;
    let metadata: Value =
        serde_json::from_slice(&output.stdout).context("`cargo metadata` printed no JSON")?;
    let faults = faults(&metadata);
    if !faults.is_empty() {
        bail!("the layers do not hold:\n  {}", faults.join("\n  "));
    }
    Ok(())
}

/// Every broken rule, as a sentence.
fn faults(metadata: &Value) -> Vec<String> {
    let layers: BTreeMap<&str, u8> = LAYERS.iter().copied().collect();
    let mut faults = Vec::new();
    for package in list(metadata, "packages") {
        let name = text(package, "name");
        let Some(layer) = layers.get(name) else {
            faults.push(format!(
                "`{name}` has no layer; list it in xtask/src/layers.rs and ARCHITECTURE.md"
            ));
            continue;
        };
        for dependency in list(package, "dependencies").filter(|d| text(d, "kind") != "dev") {
            faults.extend(fault(name, *layer, text(dependency, "name"), &layers));
        }
    }
    faults
}

fn fault(name: &str, layer: u8, used: &str, layers: &BTreeMap<&str, u8>) -> Option<String> {
    if let Some(below) = layers.get(used) {
        return (*below >= layer)
            .then(|| format!("`{name}` (layer {layer}) uses `{used}` (layer {below})"));
    }
    if layer <= 2 && IMPURE.contains(&used) {
        return Some(format!("`{name}` is pure and must not use `{used}`"));
    }
    let (_, owner) = ONLY_IN.iter().find(|(krate, _)| *krate == used)?;
    (*owner != name).then(|| format!("`{used}` may be used in `{owner}` only, not in `{name}`"))
}

fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_its_layers() {
        check().unwrap();
    }

    #[test]
    fn an_upward_edge_and_an_unlisted_crate_are_named() {
        let metadata = serde_json::json!({"packages": [
            {"name": "quell-model", "dependencies": [{"name": "quell-store", "kind": null}]},
            {"name": "quell-new", "dependencies": []},
            {"name": "quell-sources", "dependencies": [{"name": "rusqlite", "kind": null}]},
        ]});
        assert_eq!(faults(&metadata).len(), 3);
    }
}
