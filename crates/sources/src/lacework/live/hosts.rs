//! Which machine a row is about, where it says only the vendor's number of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use serde_json::value::RawValue;

use super::Lacework;
use super::account::Call;
use super::answer;
use super::cursor::{Leg, moment};
use crate::live::{Item, LiveError};
use crate::wire::Tree;

/// Machines asked for at once.
const MOST: usize = 2_000;

impl Lacework {
    /// The rows, each with its machine's name and tags as `machine`.
    pub(super) async fn with_machines(
        &self,
        items: Vec<Item>,
        (path, leg): (&'static str, Leg),
        right: &'static str,
    ) -> Result<Vec<Item>, LiveError> {
        let named = items.into_iter().map(|item| (machine_of(&item, path), item));
        let named: Vec<(Option<String>, Item)> = named.collect();
        let numbers: BTreeSet<&str> = named.iter().filter_map(|(mid, _)| mid.as_deref()).collect();
        let numbers: Vec<&str> = numbers.into_iter().collect();
        let mut machines = BTreeMap::new();
        for some in numbers.chunks(MOST) {
            machines.extend(self.machines(some, leg, right).await?);
        }
        let joined = named.into_iter().map(|(mid, item)| {
            let machine = mid.and_then(|mid| machines.get(&mid));
            machine.and_then(|machine| with(&item, machine)).unwrap_or(item)
        });
        Ok(joined.collect())
    }

    async fn machines(
        &self,
        numbers: &[&str],
        leg: Leg,
        right: &'static str,
    ) -> Result<BTreeMap<String, Box<RawValue>>, LiveError> {
        let body = json!({
            "timeFilter": { "startTime": moment(leg.start), "endTime": moment(leg.end) },
            "filters": [{ "field": "mid", "expression": "in", "values": numbers }],
            "returns": ["mid", "hostname", "awsInstanceId", "tags"],
        });
        let call = Call {
            path: "/api/v2/Entities/MachineDetails/search".to_owned(),
            body: Some(body),
            kind: "POST Entities/MachineDetails/search",
            right,
            idempotent: true,
        };
        let reply = match self.account.ask(&call).await {
            Ok(reply) => reply,
            // The rows still say the vendor's number.
            Err(LiveError::Forbidden { .. }) => return Ok(BTreeMap::new()),
            Err(error) => return Err(error),
        };
        let rows = answer::rows(&reply.response)?.rows.into_iter();
        Ok(rows.filter_map(|row| Some((text_at(&row, "mid")?, row))).collect())
    }
}

fn machine_of(item: &Item, path: &str) -> Option<String> {
    text_at(&item.json, path)
}

fn text_at(row: &RawValue, path: &str) -> Option<String> {
    let tree: Tree<'_> = serde_json::from_str(row.get()).ok()?;
    tree.at(path).get().map(str::to_owned)
}

/// The row with one more field, as the vendor wrote the others.
fn with(item: &Item, machine: &RawValue) -> Option<Item> {
    let rest = item.json.get().trim_start().strip_prefix('{')?;
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    let text = format!("{{\"machine\":{}{comma}{rest}", machine.get());
    let json = RawValue::from_string(text).ok()?;
    Some(Item { id: item.id.clone(), changed: item.changed, json })
}
