//! What there is and what it does: inventory, machines, images, users, calls and observations.

use quell_model::{Activity, Asset, Hints, Provider, Record, Untrusted};
use serde_json::Value;

use super::place::{account, image, is_arn, machine, provider, resource};
use super::wire::{Call, Entity, Inventory, Observation, Seen};
use super::{NAME_BYTES, tool};
use crate::related::{CLOUD, Related, described};
use crate::wire::Facts;
use crate::wire::tags_of;
use crate::{Output, RawRecord, Rejection};

/// A cloud resource of the inventory.
pub(super) fn inventory(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let row: Inventory<'_> = serde_json::from_str(raw.text)?;
    let urn = row.urn.get().filter(|urn| is_arn(urn) || row.resource_id.get().is_none());
    let native = urn
        .or_else(|| row.resource_id.get())
        .ok_or_else(|| Rejection::new("an inventory entry without $.urn and $.resourceId"))?;
    let names = ["accountID", "subscriptionID", "subscriptionId", "projectID", "projectId"];
    let holder = names.into_iter().find_map(|name| row.cloud_details.get(name)?.as_str());
    let kind = row.resource_type.or_empty();
    let mut asset = resource(
        native,
        kind,
        &Hints {
            provider: row.csp.get().and_then(provider),
            account: holder,
            region: row.resource_region.get(),
            kind: Some(kind).filter(|kind| !kind.is_empty()),
            name: row.resource_id.get(),
            namespace: None,
        },
    );
    asset.tags = tags_of(&row.resource_tags);
    let mut related = Related::of(tool());
    described(&asset, &row.resource_config, CLOUD, &mut related);
    related.claims(&asset);
    output.push(Record::Asset(Box::new(asset)));
    related.write(output);
    Ok(())
}

/// A machine, an image or a user of a machine.
pub(super) fn entity(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let row: Entity<'_> = serde_json::from_str(raw.text)?;
    let asset = of_image(&row).or_else(|| of_user(&row)).or_else(|| of_machine(&row));
    let asset = asset
        .ok_or_else(|| Rejection::new("an entity without $.hostname, $.repo and $.username"))?;
    let mut related = Related::of(tool());
    related.claims(&asset);
    output.push(Record::Asset(Box::new(asset)));
    related.write(output);
    Ok(())
}

fn of_image(row: &Entity<'_>) -> Option<Asset> {
    let repository = row.repository.get().or_else(|| row.repo.get());
    let id = row.digest.get().or_else(|| row.image_id.get().filter(|_| repository.is_none()));
    image(row.registry.get(), repository, row.tag.get(), id)
}

/// A user of a machine: the name alone says nothing, `root` is on all of them.
fn of_user(row: &Entity<'_>) -> Option<Asset> {
    let name = row.username.get()?;
    let native = format!("{}/{name}", row.mid.or_empty());
    Some(resource(
        &native,
        "user",
        &Hints {
            provider: Some(Provider::Host),
            kind: Some("user"),
            name: Some(name),
            ..Hints::default()
        },
    ))
}

/// The machine of an entity.
pub(super) fn of_machine(row: &Entity<'_>) -> Option<Asset> {
    let tags = if row.tags.is_object() { &row.tags } else { &row.machine_tags };
    let asset = machine(tags, row.hostname.get(), row.mid.get())?;
    let bare = asset.id.provider == Provider::Host;
    let Some(id) = row.aws_instance_id.get().filter(|_| bare) else { return Some(asset) };
    let known = resource(
        id,
        "machine",
        &Hints {
            provider: Some(Provider::Aws),
            kind: Some("AWS::EC2::Instance"),
            name: row.hostname.get(),
            ..Hints::default()
        },
    );
    Some(Asset { tags: asset.tags, signals: asset.signals, ..known })
}

/// A cloud API call behind an alert. The answer alone does not say which alert.
pub(super) fn call(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let call: Call<'_> = serde_json::from_str(raw.text)?;
    output.push(Record::Activity(Box::new(activity_of_call(&call, None)?)));
    Ok(())
}

/// What a call behind an alert tells.
pub(super) fn activity_of_call(
    call: &Call<'_>,
    alert: Option<&str>,
) -> Result<Activity, Rejection> {
    let action = call
        .event_name
        .get()
        .ok_or_else(|| Rejection::new("a call without what was called at $.eventName"))?;
    let identity: Value = serde_json::from_str(call.user_identity.or_empty()).unwrap_or_default();
    let said = |key: &str| identity.get(key).and_then(Value::as_str).filter(|v| !v.is_empty());
    let extra: Value =
        serde_json::from_str(call.additional_event_info.or_empty()).unwrap_or_default();
    let error = extra.get("errorCode").and_then(Value::as_str);
    let principal = ["arn", "userName", "principalId", "accountId"].into_iter().find_map(said);
    let holder = call.recipient_account_id.get().or_else(|| said("accountId"));
    let asset = match (said("arn").filter(|arn| is_arn(arn)), holder) {
        (Some(arn), _) => {
            resource(arn, "principal", &Hints { provider: Some(Provider::Aws), ..Hints::default() })
        }
        (None, Some(id)) => account(Some(Provider::Aws), id),
        (None, None) => {
            return Err(Rejection::new("a call without $.recipientAccountId and $.userIdentity"));
        }
    };
    let mut facts = Facts::default();
    facts.add("event_source", call.event_source.or_empty());
    facts.add("region", call.aws_region.or_empty());
    facts.add("source", call.source_ip_address.or_empty());
    facts.add("mfa", call.mfa.or_empty());
    facts.add("error", error.unwrap_or_default());
    facts.add("alert", alert.unwrap_or_default());
    let principal = Untrusted::from(principal.unwrap_or_default()).capped(NAME_BYTES);
    let native_id =
        format!("{action}|{}|{}|{}", principal.raw(), asset.native_id, call.event_time.or_empty());
    Ok(Activity {
        tool: tool(),
        native_id,
        action: action.to_owned(),
        principal,
        asset,
        time: call.event_time.time(),
        succeeded: error.map(|_| false),
        evidence: facts.into_vec(),
    })
}

/// What was seen at one moment of an alert's story. The answer alone does not say which alert.
pub(super) fn observation(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let row: Observation<'_> = serde_json::from_str(raw.text)?;
    output.push(Record::Activity(Box::new(activity_of_observation(&row, None)?)));
    Ok(())
}

/// What one moment of an alert's story tells.
pub(super) fn activity_of_observation(
    row: &Observation<'_>,
    alert: Option<&str>,
) -> Result<Activity, Rejection> {
    let action = row
        .observation_type
        .get()
        .ok_or_else(|| Rejection::new("an observation without its type at $.observationType"))?;
    let asset = row.entities.iter().find_map(seen).ok_or_else(|| {
        Rejection::new("an observation whose $.entities name no machine, image or container")
    })?;
    let of_kind = |kind: &str| {
        let entities = row.entities.iter().filter(|entity| entity.entity_type.get() == Some(kind));
        entities.filter_map(|e| e.entity_text.get()).take(8).collect::<Vec<_>>().join(", ")
    };
    let ids: Vec<&str> = row.formal_tags.iter().filter_map(|tag| tag.id.get()).take(16).collect();
    let mut facts = Facts::default();
    facts.add("description", row.description.or_empty());
    facts.add("attack", &ids.join(", "));
    facts.add("processes", &of_kind("process"));
    facts.add("alert", alert.unwrap_or_default());
    let native_id = row.record_uuid.get().map_or_else(
        || format!("{action}|{}|{}", asset.native_id, row.start_epoch.or_empty()),
        str::to_owned,
    );
    Ok(Activity {
        tool: tool(),
        native_id,
        action: action.to_owned(),
        principal: Untrusted::from(of_kind("user")).capped(NAME_BYTES),
        asset,
        time: row.start_epoch.time(),
        succeeded: None,
        evidence: facts.into_vec(),
    })
}

fn seen(entity: &Seen<'_>) -> Option<Asset> {
    let key = |name: &str| entity.entity_key.get(name).and_then(Value::as_str);
    match entity.entity_type.or_empty() {
        "machine" | "host" => {
            let name = key("hostname").or_else(|| entity.entity_text.get());
            machine(&Value::Null, name, key("mid"))
        }
        "container_repo" | "container_image" => {
            image(None, key("repo").or_else(|| entity.entity_text.get()), key("tag"), None)
        }
        _ => None,
    }
}
