//! Classes that are no findings: inventory and activity.

use quell_model::{Activity, Record, Tool, Untrusted};

use super::finding::{observed, product};
use super::resource::assets as resource_assets;
use super::wire::Event;
use crate::wire::Facts;
use crate::{Output, Rejection};

const NAME_BYTES: usize = 512;

/// An inventory event: each resource is an asset.
pub(super) fn assets(event: &Event<'_>, output: &mut Output) -> Result<(), Rejection> {
    for asset in resource_assets(event) {
        if asset.native_id.is_empty() {
            return Err(Rejection::new(
                "an inventory event that names neither a resource nor a device",
            ));
        }
        output.push(Record::Asset(Box::new(asset)));
    }
    Ok(())
}

/// Anything that happened.
pub(super) fn activity(event: &Event<'_>, output: &mut Output) -> Result<(), Rejection> {
    let action = [&event.api.operation, &event.activity_name, &event.class_name, &event.message];
    let named = action.into_iter().find_map(|t| t.get()).map(str::to_owned);
    // Names repeat what the numbers say; many writers leave them out.
    let numbered = || event.class_uid.get().map(|class| format!("OCSF class {class}"));
    let Some(action) = named.or_else(numbered) else {
        return Err(Rejection::new(
            "`api.operation`, `activity_name`, `class_name`, `class_uid` and `message` are all missing",
        ));
    };
    let user =
        [&event.actor.user, &event.user].into_iter().find_map(|u| u.name.get().or(u.uid.get()));
    let mut facts = Facts::default();
    facts.add("class_name", event.class_name.or_empty());
    facts.add("src_endpoint.ip", event.src_endpoint.ip.or_empty());
    facts.add("dst_endpoint.ip", event.dst_endpoint.ip.or_empty());
    facts.add("message", event.message.or_empty());
    output.push(Record::Activity(Box::new(Activity {
        tool: Tool { product: product(event), format: "ocsf".to_owned() },
        native_id: event.metadata.uid.or_empty().to_owned(),
        action,
        principal: Untrusted::from(user.unwrap_or_default()).capped(NAME_BYTES),
        asset: resource_assets(event).into_iter().next().unwrap_or_default(),
        time: observed(event),
        succeeded: event.status_id.integer().map(|id| id == 1),
        evidence: facts.into_vec(),
    })));
    Ok(())
}
