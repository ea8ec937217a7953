//! Who may do what: the identity or workload that may, and the role that lets it.

use quell_model::{
    Asset, AssetId, Hints, Provider, Record, Relation, RelationKind, Signals, Untrusted,
};
use serde::Deserialize;

use super::asset::provider;
use super::{TITLE_BYTES, tool};
use crate::related::Related;
use crate::wire::Text;
use crate::{Output, RawRecord, Rejection};

/// Policies and roles of the clouds that allow everything.
const ADMINISTRATOR: &[&str] = &[
    "AdministratorAccess",
    "Owner",
    "roles/owner",
    "Global Administrator",
    "User Access Administrator",
];

/// A row of permissions. Fields that it is not grouped by are missing or null.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Permission<'a> {
    #[serde(borrow)]
    source_cloud_type: Text<'a>,
    source_public: Text<'a>,
    source_cloud_region: Text<'a>,
    source_resource_id: Text<'a>,
    source_resource_name: Text<'a>,
    source_resource_type: Text<'a>,
    source_idp_service: Text<'a>,
    source_idp_email: Text<'a>,
    source_idp_username: Text<'a>,
    granted_by_cloud_type: Text<'a>,
    granted_by_cloud_policy_name: Text<'a>,
    granted_by_cloud_entity_id: Text<'a>,
    granted_by_cloud_entity_name: Text<'a>,
    granted_by_cloud_entity_type: Text<'a>,
    dest_cloud_type: Text<'a>,
    dest_resource_id: Text<'a>,
    dest_resource_name: Text<'a>,
    dest_resource_type: Text<'a>,
    effective_action_name: Text<'a>,
}

/// A permission: it tells of assets, and which of them may do everything.
pub(super) fn permission(raw: &RawRecord<'_>, output: &mut Output) -> Result<(), Rejection> {
    let wire: Permission<'_> = serde_json::from_str(raw.text)?;
    let policy = wire.granted_by_cloud_policy_name.or_empty();
    let everything =
        ADMINISTRATOR.contains(&policy) || wire.effective_action_name.get() == Some("*");
    let found = [source(&wire), granting(&wire)];
    if found.iter().all(Option::is_none) {
        return Err(Rejection::new(
            "a permission without who has it: none of $.sourceResourceId, $.sourceIdpEmail and $.grantedByCloudEntityId",
        ));
    }
    let mut related = related(&wire, &found);
    // A role that grants it has it; who has it by no role has it by itself.
    if let Some(who) = found.iter().rev().flatten().next().filter(|_| everything) {
        related.administers(&who.id, policy);
    }
    found.iter().flatten().for_each(|asset| related.exposed(asset));
    for mut asset in found.into_iter().flatten() {
        asset.signals.high_privilege = everything.then_some(true);
        output.push(Record::Asset(Box::new(asset)));
    }
    related.write(output);
    Ok(())
}

/// Who may act as whom, and who may do something to what, by which policy.
fn related(wire: &Permission<'_>, [source, granting]: &[Option<Asset>; 2]) -> Related {
    let mut related = Related::of(tool());
    if let (Some(source), Some(granting)) = (source, granting)
        && let Some(kind) = to_granting(wire.granted_by_cloud_entity_type.or_empty())
    {
        related.add(&source.id, kind, &granting.id);
    }
    // A pattern is no resource.
    let goal = wire.dest_resource_id.get().filter(|id| !id.contains('*')).map(|id| {
        let name = wire.dest_resource_name.get().unwrap_or(id);
        asset((id, name), (&wire.dest_cloud_type, &wire.dest_resource_type), None)
    });
    let action = wire.effective_action_name.or_empty();
    let kind = match action {
        "sts:AssumeRole" => RelationKind::CanAssume,
        _ => RelationKind::HasPermission,
    };
    if let (Some(who), Some(goal)) = (source.as_ref().or(granting.as_ref()), goal) {
        let relation = Relation::new(tool(), &who.id, kind, &goal.id);
        let policy = wire.granted_by_cloud_policy_name.or_empty();
        related.push(relation.map(|relation| relation.by(policy).fact("action", action)));
    }
    related
}

/// What somebody has to do with what grants it, by the kind of that.
fn to_granting(kind: &str) -> Option<RelationKind> {
    let kind = kind.to_ascii_lowercase().replace([' ', '_', '-'], "");
    match kind.as_str() {
        "role" | "serviceaccount" | "managedidentity" | "serviceprincipal" => {
            Some(RelationKind::CanAssume)
        }
        "group" => Some(RelationKind::PartOf),
        _ => None,
    }
}

/// The workload or person that may.
fn source(wire: &Permission<'_>) -> Option<Asset> {
    let exposed = wire.source_public.get().map(|_| wire.source_public.is_true());
    if let Some(id) = wire.source_resource_id.get() {
        let name = wire.source_resource_name.get().unwrap_or(id);
        let words = (&wire.source_cloud_type, &wire.source_resource_type);
        let mut made = asset((id, name), words, wire.source_cloud_region.get());
        made.signals.internet_exposed = exposed;
        return Some(made);
    }
    let person = wire.source_idp_email.get().or_else(|| wire.source_idp_username.get())?;
    let service = wire.source_idp_service.get().unwrap_or("identity provider");
    let hints = Hints { provider: Some(Provider::Other), kind: Some(service), ..Hints::default() };
    Some(Asset {
        id: AssetId::parse(person, &hints),
        native_id: person.to_owned(),
        native_kind: service.to_owned(),
        name: Untrusted::from(person).capped(TITLE_BYTES),
        signals: Signals::default(),
        ..Asset::default()
    })
}

/// The role, group or user that lets it.
fn granting(wire: &Permission<'_>) -> Option<Asset> {
    let id = wire.granted_by_cloud_entity_id.get()?;
    let name = wire.granted_by_cloud_entity_name.get().unwrap_or(id);
    Some(asset((id, name), (&wire.granted_by_cloud_type, &wire.granted_by_cloud_entity_type), None))
}

fn asset(
    (native, name): (&str, &str),
    (cloud, kind): (&Text<'_>, &Text<'_>),
    region: Option<&str>,
) -> Asset {
    let hints = Hints {
        provider: provider(cloud.or_empty()).or(Some(Provider::Other)),
        region,
        kind: kind.get(),
        name: Some(name),
        ..Hints::default()
    };
    Asset {
        id: AssetId::parse(native, &hints),
        native_id: native.to_owned(),
        native_kind: kind.or_empty().to_owned(),
        name: Untrusted::from(name).capped(TITLE_BYTES),
        ..Asset::default()
    }
}
