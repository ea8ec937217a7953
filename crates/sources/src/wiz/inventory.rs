//! What a tenant has: resources with their owners, projects, identities with what they may do, and
//! what the internet reaches.

use quell_model::{
    Asset, AssetId, Finding, FindingClass, Hints, Origin, Provider, Record, Relation, RelationKind,
    Rule, Severity, Signals, Sourced, Untrusted,
};
use serde::Deserialize;
use serde_json::Value;

use super::asset::{Beside, asset};
use super::normalize::{prose, status, time, tool};
use super::wire::{Account, Entity, Text};
use crate::related::{Related, Way};
use crate::wire::tags_of;
use crate::{Output, RawRecord, Rejection};

/// Projects of the tenant.
pub(super) const PROJECTS: &str = "projects";
/// Users, roles and service accounts.
pub(super) const IDENTITIES: &str = "cloud principals";
/// Permissions that nobody uses.
pub(super) const ENTITLEMENTS: &str = "excessive access findings";
/// What can be reached from elsewhere.
pub(super) const EXPOSURES: &str = "network exposures";

/// Names kept of a list.
const MOST_NAMES: usize = 32;

/// The bases by which Wiz names an owner, the firmest first.
const BASES: [&str; 7] = [
    "DECLARED_OWNER",
    "INTEGRATION",
    "TAG",
    "TAGGING_RULE",
    "CODE_OWNER",
    "SUBSCRIPTION",
    "MDM_DEVICE_OWNER",
];

/// Reads a record of a shape of this file. Says whether it is one.
pub(super) fn normalize(raw: &RawRecord<'_>, output: &mut Output) -> Result<bool, Rejection> {
    match raw.shape.name {
        PROJECTS => output.push(project(&serde_json::from_str(raw.text)?)?),
        IDENTITIES => identity(&serde_json::from_str(raw.text)?, output)?,
        ENTITLEMENTS => entitlement(&serde_json::from_str(raw.text)?, output)?,
        EXPOSURES => exposure(&serde_json::from_str(raw.text)?, output)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// A cloud resource, with who answers for it.
pub(super) fn resource(entity: &Entity<'_>) -> Result<Asset, Rejection> {
    let found = asset(entity, &Beside::default());
    let mut found = found.ok_or_else(|| Rejection::new("no id or name at $.id"))?;
    found.context.owner = owner(&entity.owners);
    Ok(found)
}

/// What a cloud resource names beside itself. One odd field costs its relation and not the record.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Around {
    projects: Value,
    type_fields: Value,
}

/// Adds what the resource that was read last has to do with others.
pub(super) fn around(raw: &RawRecord<'_>, output: &mut Output) {
    let Some(Record::Asset(made)) = output.records.last() else { return };
    let Ok(around) = serde_json::from_str::<Around>(raw.text) else { return };
    let mut related = Related::of(tool());
    related.claims(made);
    if let Some(all) = around.projects.as_array() {
        let few = all.get(..MOST_NAMES.min(all.len())).unwrap_or_default();
        related.some_or_all_of(made, ("projects", few.len() == all.len()), |related| {
            part_of(made, few, related);
        });
    }
    for (name, way, kind) in TYPE_FIELDS {
        // One that is there and cannot be told says nothing of what was there before.
        let Some(graph) = around.type_fields.get(name) else { continue };
        let other = Graph::of(graph).end(Some(made));
        if graph.is_null() || other.is_some() {
            related.all_of(made, name, |related| {
                other.iter().for_each(|other| related.beside(made, (way, kind), other));
            });
        }
    }
    related.write(output);
}

fn part_of(made: &Asset, projects: &[Value], related: &mut Related) {
    for project in projects.iter().map(Graph::of) {
        if let Some(id) = project.id.get() {
            related.add(&made.id, RelationKind::PartOf, &project_id(id, project.name.get()));
        }
    }
}

/// Fields that depend on the type of a resource, and what the resource has to do with each.
const TYPE_FIELDS: [(&str, Way, RelationKind); 6] = [
    ("image", Way::Out, RelationKind::UsesImage),
    ("containerImage", Way::Out, RelationKind::UsesImage),
    ("baseContainerImage", Way::Out, RelationKind::UsesImage),
    ("kubernetesCluster", Way::In, RelationKind::Contains),
    ("virtualMachine", Way::Out, RelationKind::RunsOn),
    ("containerRepository", Way::In, RelationKind::Contains),
];

/// The owner by the firmest basis. Who last logged in or made something owns nothing by that.
fn owner(owners: &Value) -> Option<Sourced> {
    let list = owners.as_array()?;
    let of = |basis: &&str| {
        let same = |one: &&Value| one.get("type").and_then(Value::as_str) == Some(basis);
        let name =
            list.iter().filter(same).find_map(|one| one.pointer("/graphEntity/name")?.as_str());
        name.filter(|name| !name.is_empty())
    };
    let name = BASES.iter().find_map(of)?;
    let value = Untrusted::from(name).capped(256);
    Some(Sourced { value, origin: Origin::Field("owners".to_owned()) })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Project<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    name: Text<'a>,
    slug: Text<'a>,
    business_unit: Text<'a>,
    risk_profile: Value,
    project_owners: Value,
    tags: Value,
}

fn project(node: &Project<'_>) -> Result<Record, Rejection> {
    let id = node.id.get().ok_or_else(|| Rejection::new("no id at $.id"))?;
    let mut tags = tags_of(&node.tags);
    let impact = node.risk_profile.get("businessImpact").and_then(Value::as_str);
    let own = [
        ("slug", node.slug.get()),
        ("businessUnit", node.business_unit.get()),
        ("businessImpact", impact),
    ];
    for (key, value) in own {
        if let Some(value) = value {
            tags.entry(key.to_owned()).or_insert_with(|| Untrusted::from(value).capped(256));
        }
    }
    let owners = node.project_owners.as_array().into_iter().flatten();
    let owner =
        owners.filter_map(|owner| owner.get("name")?.as_str()).find(|name| !name.is_empty());
    let mut project = Asset {
        id: project_id(id, node.name.get()),
        native_id: id.to_owned(),
        native_kind: "PROJECT".to_owned(),
        name: Untrusted::from(node.name.get().unwrap_or(id)).capped(1024),
        tags,
        ..Asset::default()
    };
    project.context.owner = owner.map(|name| Sourced {
        value: Untrusted::from(name).capped(256),
        origin: Origin::Field("projectOwners".to_owned()),
    });
    Ok(Record::Asset(Box::new(project)))
}

fn project_id(id: &str, name: Option<&str>) -> AssetId {
    AssetId::parse(id, &Hints { kind: Some("PROJECT"), name, ..Hints::default() })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Identity<'a> {
    #[serde(borrow)]
    cloud_resource: Option<Entity<'a>>,
    identity_insights: Option<Vec<Text<'a>>>,
}

fn identity(node: &Identity<'_>, output: &mut Output) -> Result<(), Rejection> {
    let entity = node.cloud_resource.as_ref();
    let found = entity.and_then(|entity| asset(entity, &Beside::default()));
    let mut found = found.ok_or_else(|| Rejection::new("names no identity at $.cloudResource"))?;
    let insights: Vec<&str> =
        node.identity_insights.iter().flatten().filter_map(Text::get).take(MOST_NAMES).collect();
    let mut related = Related::of(tool());
    if insights.contains(&"ADMIN_PRIVILEGES") {
        found.signals.high_privilege = Some(true);
        related.administers(&found.id, "");
    }
    if insights.contains(&"ACCESS_TO_SENSITIVE_DATA") {
        found.signals.sensitive_data = Some(true);
    }
    if !insights.is_empty() {
        let words = Untrusted::from(insights.join(", "));
        found.tags.entry("wiz:identityInsights".to_owned()).or_insert(words);
    }
    related.claims(&found);
    output.push(Record::Asset(Box::new(found)));
    related.write(output);
    Ok(())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entitlement<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    name: Text<'a>,
    description: Text<'a>,
    severity: Text<'a>,
    status: Text<'a>,
    resolution_reason: Text<'a>,
    cloud_platform: Text<'a>,
    first_detected_at: Text<'a>,
    excessive_services: Option<Vec<Text<'a>>>,
    has_unused_admin_permissions: Text<'a>,
    has_unused_high_permissions: Text<'a>,
    has_unused_data_permissions: Text<'a>,
    remediation_type: Text<'a>,
    remediation_instructions: Text<'a>,
    principal: Option<Principal<'a>>,
    scope: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Principal<'a> {
    #[serde(borrow)]
    cloud_account: Option<Account<'a>>,
    graph_entity: Option<Graph<'a>>,
}

fn entitlement(node: &Entitlement<'_>, output: &mut Output) -> Result<(), Rejection> {
    let id = node.id.get().ok_or_else(|| Rejection::new("no id at $.id"))?;
    let none = Principal::default();
    let principal = node.principal.as_ref().unwrap_or(&none);
    let account = principal.cloud_account.as_ref();
    let place = principal.graph_entity.as_ref().and_then(|graph| {
        let entity = graph.entity(&node.cloud_platform);
        asset(&entity, &Beside { ids: &[], account })
    });
    let mut place =
        place.ok_or_else(|| Rejection::new("names no identity at $.principal.graphEntity"))?;
    if node.has_unused_admin_permissions.flag() == Some(true) {
        place.signals.high_privilege = Some(true);
    }
    let way = node.remediation_type.get().unwrap_or("UNKNOWN").to_ascii_lowercase();
    let rule = Rule {
        id: format!("excessive-access-{}", way.replace('_', "-")),
        title: prose("Identity has permissions that it does not use"),
        aliases: Vec::new(),
    };
    let services: Vec<&str> =
        node.excessive_services.iter().flatten().filter_map(Text::get).take(MOST_NAMES).collect();
    let facts = [
        ("excessiveServices", Some(services.join(", "))),
        ("resolutionReason", node.resolution_reason.get().map(str::to_owned)),
        ("hasUnusedHighPermissions", node.has_unused_high_permissions.get().map(str::to_owned)),
        ("hasUnusedDataPermissions", node.has_unused_data_permissions.get().map(str::to_owned)),
    ];
    let facts = facts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), prose(&text?))));
    let title = node.name.get().map_or_else(|| rule.title.clone(), prose);
    let mut related = Related::of(tool());
    let goal = node.scope.get("graphEntity").map(Graph::of);
    let goal = goal.and_then(|graph| graph.end(Some(&place)));
    if let (Some(goal), true) = (goal, status(node.status.or_empty()).is_open()) {
        let relation = Relation::new(tool(), &place.id, RelationKind::HasPermission, &goal);
        let unused = services.join(", ");
        related.push(relation.map(|r| r.fact("unused services", &unused)));
    }
    output.push(Record::Finding(Box::new(Finding {
        native_id: id.to_owned(),
        title,
        description: prose(node.description.or_empty()),
        severity: Severity::from_word(node.severity.or_empty()),
        severity_native: node.severity.or_empty().to_owned(),
        status: status(node.status.or_empty()),
        status_native: node.status.or_empty().to_owned(),
        first_seen: time(&[&node.first_detected_at]),
        remediation: prose(node.remediation_instructions.or_empty()),
        evidence: facts.filter(|(_, text)| !text.is_empty()).collect(),
        ..Finding::new(tool(), FindingClass::Identity, rule, place)
    })));
    related.write(output);
    Ok(())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Exposure<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    port_range: Text<'a>,
    source_ip_range: Text<'a>,
    exposed_entity: Option<Graph<'a>>,
    accessible_from: Value,
}

/// What an exposure says of the thing that is exposed.
fn exposure(node: &Exposure<'_>, output: &mut Output) -> Result<(), Rejection> {
    let graph = node.exposed_entity.as_ref();
    let found = graph.and_then(|graph| asset(&graph.entity(&Text::default()), &Beside::default()));
    let mut found = found.ok_or_else(|| Rejection::new("names nothing at $.exposedEntity"))?;
    if node.kind.or_empty() == "PUBLIC_INTERNET" {
        found.signals = Signals { internet_exposed: Some(true), ..found.signals };
    }
    let parts = [node.kind.get(), node.port_range.get(), node.source_ip_range.get()];
    let words: Vec<&str> = parts.into_iter().flatten().collect();
    found.tags.insert("wiz:exposure".to_owned(), Untrusted::from(words.join(" ")).capped(256));
    let mut related = Related::of(tool());
    if node.kind.or_empty() == "PUBLIC_INTERNET" {
        let internet = AssetId::internet();
        let relation = Relation::new(tool(), &internet, RelationKind::Exposes, &found.id);
        related.push(relation.map(|r| r.by(node.port_range.or_empty())));
    }
    if let Some(from) = Graph::of(&node.accessible_from).end(None) {
        let relation = Relation::new(tool(), &from, RelationKind::Reaches, &found.id);
        let ports = node.port_range.or_empty();
        related.push(relation.map(|r| r.by(ports).fact("exposure", node.kind.or_empty())));
    }
    output.push(Record::Asset(Box::new(found)));
    related.write(output);
    Ok(())
}

/// A vertex of Wiz's graph: what it is stands among its properties.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Graph<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    name: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    provider_unique_id: Text<'a>,
    properties: Value,
}

impl<'a> Graph<'a> {
    /// A vertex that may be missing or odd.
    fn of(value: &'a Value) -> Self {
        Self::deserialize(value).unwrap_or_default()
    }

    /// It as an end of a relation: only by an id that is not Wiz's own, which no other record has.
    fn end(&self, beside: Option<&Asset>) -> Option<AssetId> {
        self.provider_unique_id.get()?;
        let platform = match beside.map(|asset| asset.id.provider) {
            Some(Provider::Aws) => "AWS",
            Some(Provider::Azure) => "Azure",
            Some(Provider::Gcp) => "GCP",
            Some(
                Provider::Kubernetes
                | Provider::Image
                | Provider::Iac
                | Provider::Code
                | Provider::Host
                | Provider::Other,
            )
            | None => "",
        };
        let entity = self.entity(&Text::from(platform));
        Some(asset(&entity, &Beside::default())?.id)
    }

    fn entity<'g>(&'g self, platform: &Text<'g>) -> Entity<'g> {
        let own = |name: &str| {
            let text = self.properties.get(name).and_then(Value::as_str).unwrap_or_default();
            Text::from(text)
        };
        let said = own("cloudPlatform");
        Entity {
            id: self.id.clone(),
            name: self.name.clone(),
            kind: self.kind.clone(),
            provider_unique_id: self.provider_unique_id.clone(),
            native_type: own("nativeType"),
            cloud_platform: if said.get().is_some() { said } else { platform.clone() },
            external_id: own("externalId"),
            region: own("region"),
            subscription_external_id: own("subscriptionExternalId"),
            ..Entity::default()
        }
    }
}
