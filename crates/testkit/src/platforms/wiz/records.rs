//! What the tenant says of the world: its flaws and things as nodes of the schema.

use std::collections::BTreeMap;

use quell_model::{Severity, Timestamp};
use serde_json::{Value, json};

use super::filter::Facts;
use super::words::{
    account, actor_of, at, cloud, control_of, event_resource, event_rule, name_of, note, rule_of,
    severity, type_of,
};
use super::{Kind, Touch};
use crate::platforms::{
    Cause, Detection, Flaw, Kind as ThingKind, Misconfiguration, Thing, Vulnerability, World,
};

/// A look at the world.
pub(super) struct View {
    pub(super) world: World,
    pub(super) touched: BTreeMap<(Kind, usize), Touch>,
    pub(super) sparse: bool,
    pub(super) threats: bool,
    pub(super) now: Timestamp,
}

/// The kinds of record that tell of a flaw.
pub(super) fn kinds_of(flaw: &Flaw, thing: &Thing) -> Vec<Kind> {
    let mut kinds = vec![match &flaw.cause {
        Cause::Misconfiguration(_) => Kind::Configuration,
        Cause::Vulnerability(_) => Kind::Vulnerability,
        Cause::Detection(_) => Kind::Detection,
    }];
    if has_issue(flaw, thing) {
        kinds.push(Kind::Issue);
    }
    kinds
}

/// Whether an issue is made of it, too.
fn has_issue(flaw: &Flaw, thing: &Thing) -> bool {
    match &flaw.cause {
        Cause::Misconfiguration(_) => flaw.severity >= Severity::High,
        Cause::Vulnerability(_) => flaw.severity == Severity::Critical && thing.exposed,
        Cause::Detection(_) => true,
    }
}

impl View {
    /// What filters look at, of a record that is there.
    pub(super) fn facts(&self, kind: Kind, number: usize) -> Option<Facts> {
        let state = self.world.read();
        if kind == Kind::Resource {
            let thing = state.things.get(number)?;
            // A thing's flaws stand together, in the order of the things.
            let first = state.flaws.partition_point(|flaw| flaw.thing < number);
            let first = state.flaws.get(first).filter(|flaw| flaw.thing == number);
            let seen = first.map_or(self.now, |flaw| flaw.opened);
            return Some(Facts {
                number,
                id: kind.id(number),
                status: "Active".to_owned(),
                severity: "",
                kind: type_of(thing.kind).0,
                result: "",
                created: seen,
                updated: seen,
                status_changed: seen,
            });
        }
        let flaw = state.flaws.get(number)?;
        let thing = state.things.get(flaw.thing)?;
        let told = flaw.is_seen_by(crate::platforms::Seer::Wiz);
        if !told || !kinds_of(flaw, thing).contains(&kind) {
            return None;
        }
        let none = Touch::default();
        let touch = self.touched.get(&(kind, number)).unwrap_or(&none);
        let ended = touch.until.as_deref().and_then(|until| until.parse::<Timestamp>().ok());
        let ended = ended.is_some_and(|until| until <= self.now);
        let status = match (&flaw.fix, &touch.status) {
            (Some(_), _) => "RESOLVED",
            (None, Some(_)) if ended => "OPEN",
            (None, Some(status)) => status.as_str(),
            (None, None) => "OPEN",
        };
        let later = |at: Option<Timestamp>| at.map_or(flaw.changed, |at| at.max(flaw.changed));
        let of = match (&flaw.cause, kind) {
            (_, Kind::Detection) => "GENERATED_THREAT",
            (Cause::Misconfiguration(_), _) => "CLOUD_CONFIGURATION",
            (Cause::Vulnerability(_), _) => "TOXIC_COMBINATION",
            (Cause::Detection(_), _) => "THREAT_DETECTION",
        };
        Some(Facts {
            number,
            id: kind.id(number),
            status: status.to_owned(),
            severity: severity(
                flaw.severity,
                matches!(kind, Kind::Configuration | Kind::Vulnerability),
            ),
            kind: of,
            result: if flaw.fix.is_some() { "PASS" } else { "FAIL" },
            created: flaw.opened,
            updated: later(touch.at),
            status_changed: later(touch.status_at),
        })
    }

    /// The node of a record.
    pub(super) fn record(&self, kind: Kind, facts: &Facts) -> Value {
        let state = self.world.read();
        if kind == Kind::Resource {
            return state.things.get(facts.number).map_or(Value::Null, |t| self.resource(t, facts));
        }
        let Some(flaw) = state.flaws.get(facts.number) else { return Value::Null };
        let Some(thing) = state.things.get(flaw.thing) else { return Value::Null };
        let none = Touch::default();
        let touch = self.touched.get(&(kind, facts.number)).unwrap_or(&none);
        match (&flaw.cause, kind) {
            (_, Kind::Issue) => self.issue(flaw, thing, (facts, touch)),
            (Cause::Misconfiguration(cause), _) => self.configuration(cause, thing, (facts, touch)),
            (Cause::Vulnerability(cause), _) => self.vulnerability(cause, thing, (facts, touch)),
            (Cause::Detection(cause), _) => self.detection(cause, thing, facts),
        }
    }

    fn issue(&self, flaw: &Flaw, thing: &Thing, (facts, touch): (&Facts, &Touch)) -> Value {
        let (rules, description) = match &flaw.cause {
            Cause::Misconfiguration(cause) => (vec![control_of(cause)], cause.titles[0].clone()),
            Cause::Vulnerability(cause) => (
                vec![json!({
                    "__typename": "Control", "id": format!("wc-id-{}", 2000 + facts.number % 7),
                    "name": "Exposed resource with a critical weakness",
                    "description": "The internet reaches it, and it can be broken.",
                    "resolutionRecommendation": "Upgrade the package.",
                })],
                format!("{} reaches the internet and has {}", name_of(thing), cause.cve),
            ),
            Cause::Detection(cause) => (vec![event_rule(cause)], cause.title.to_owned()),
        };
        let threat = matches!(flaw.cause, Cause::Detection(_));
        let refused = "access denied, at least one of the following is required: [read:all read:threat_issues], your permissions: []";
        let mut issue = json!({
            "id": facts.id, "type": facts.kind, "status": facts.status, "severity": facts.severity,
            "createdAt": at(facts.created, facts.number), "updatedAt": at(facts.updated, facts.number),
            "statusChangedAt": at(facts.status_changed, facts.number),
            "resolvedAt": flaw.fix.map(|fix| fix.at.to_string()),
            "dueAt": null, "openReason": "ISSUE_DISCOVERED",
            "resolutionReason": flaw.fix.map(|_| "ISSUE_FIXED").or(touch.reason.as_deref()),
            "rejectionExpiredAt": touch.until, "description": description,
            "url": format!("https://app.wiz.io/issues#~(issue~'{})", facts.id),
            "sourceRules": rules, "projects": self.projects_of(thing),
            "entitySnapshot": self.snapshot(thing),
            "serviceTickets": touch.tickets.iter().map(|(name, url)| json!({
                "id": format!("ticket-{name}"), "externalId": name, "name": name, "url": url
            })).collect::<Vec<_>>(),
            "notes": touch.notes.iter().enumerate().map(|(row, text)| json!({
                "id": format!("note-{row}"), "createdAt": "2026-01-01T00:00:00Z",
                "updatedAt": "2026-01-01T00:00:00Z", "text": text,
                "serviceAccount": {"id": "sa-own", "name": "quell"},
            })).collect::<Vec<_>>(),
        });
        if let (Cause::Detection(cause), Some(issue)) = (&flaw.cause, issue.as_object_mut()) {
            if self.threats {
                issue.insert("threatDetectionDetails".to_owned(), json!({
                    "id": facts.id, "actors": [actor_of(cause)], "resources": [event_resource(thing)],
                    "mainDetection": {"id": Kind::Detection.id(facts.number),
                        "startedAt": at(facts.created, 0), "endedAt": at(facts.created, 0),
                        "severity": facts.severity},
                }));
            } else if threat {
                issue.insert("!threatDetectionDetails".to_owned(), json!(refused));
            }
        }
        issue
    }

    fn configuration(
        &self,
        cause: &Misconfiguration,
        thing: &Thing,
        (facts, touch): (&Facts, &Touch),
    ) -> Value {
        json!({
            "id": facts.id, "name": cause.titles[0], "analyzedAt": at(facts.updated, facts.number),
            "firstSeenAt": at(facts.created, facts.number), "updatedAt": at(facts.updated, facts.number),
            "statusChangedAt": at(facts.status_changed, facts.number), "severity": facts.severity,
            "result": facts.result, "status": facts.status, "remediation": "Change the setting.",
            "resolutionReason": touch.reason, "rejectionExpiredAt": touch.until, "deleted": false,
            "targetExternalId": format!("CloudPlatform/{}##{}##", type_of(thing.kind).1, thing.native),
            "targetObjectProviderUniqueId": (!self.sparse).then_some(&thing.native),
            "note": touch.notes.last().map(note),
            "rule": rule_of(cause), "ignoreRules": self.ignored(touch),
            "resource": {
                "id": Kind::Resource.id(thing.number), "name": name_of(thing),
                "type": type_of(thing.kind).0, "nativeType": type_of(thing.kind).1,
                "region": thing.region, "providerId": thing.native, "cloudPlatform": cloud(thing),
                "isAccessibleFromInternet": thing.exposed, "tags": self.tags(thing),
                "projects": self.projects_of(thing), "subscription": account(thing),
            },
        })
    }

    fn vulnerability(
        &self,
        cause: &Vulnerability,
        thing: &Thing,
        (facts, touch): (&Facts, &Touch),
    ) -> Value {
        let image = thing.kind == ThingKind::Image;
        let mut place = self.snapshot(thing);
        if let Some(place) = place.as_object_mut() {
            let of = if image {
                "VulnerableAssetContainerImage"
            } else {
                "VulnerableAssetVirtualMachine"
            };
            place.insert("__typename".to_owned(), json!(of));
            place.insert(
                "type".to_owned(),
                json!(if image { "CONTAINER_IMAGE" } else { "VIRTUAL_MACHINE" }),
            );
            place.insert("providerUniqueId".to_owned(), json!(thing.native));
            place.insert("hasWideInternetExposure".to_owned(), json!(thing.exposed));
            place.insert("ipAddresses".to_owned(), json!(thing.address.iter().collect::<Vec<_>>()));
            place.insert("imageId".to_owned(), json!(thing.id));
        }
        json!({
            "id": facts.id, "name": cause.cve, "CVEDescription": "A weakness.",
            "portalUrl": format!("https://app.wiz.io/explorer/vulnerability-findings#~(entity~(~'{}))", facts.id),
            "CVSSSeverity": facts.severity, "severity": facts.severity,
            "vendorSeverity": facts.severity, "score": cause.cvss, "hasExploit": cause.exploited,
            "hasCisaKevExploit": cause.exploited, "epssPercentile": 97.5, "epssProbability": 0.4,
            "status": facts.status, "statusUpdatedAt": at(facts.status_changed, facts.number),
            "updatedAt": at(facts.updated, facts.number),
            "firstDetectedAt": at(facts.created, facts.number),
            "lastDetectedAt": at(facts.updated, facts.number),
            "resolvedAt": (facts.status == "RESOLVED").then(|| facts.status_changed.to_string()),
            "resolutionReason": touch.reason, "rejectionExpiredAt": touch.until,
            "detailedName": cause.package, "version": cause.installed,
            "fixedVersion": Some(cause.fixed).filter(|fixed| !fixed.is_empty()),
            "detectionMethod": "PACKAGE", "vulnerabilityId": format!("vuln-{}", cause.cve),
            "note": touch.notes.last().map(note), "ignoreRules": self.ignored(touch),
            "vulnerableAsset": place, "projects": self.projects_of(thing),
        })
    }

    fn detection(&self, cause: &Detection, thing: &Thing, facts: &Facts) -> Value {
        json!({
            "id": facts.id, "type": facts.kind, "severity": facts.severity,
            "description": cause.title, "createdAt": at(facts.created, facts.number),
            "updatedAt": at(facts.updated, facts.number), "startedAt": at(facts.created, facts.number),
            "endedAt": at(facts.created, facts.number), "origins": ["AWS_CLOUDTRAIL"],
            "issue": {"id": Kind::Issue.id(facts.number)},
            "ruleMatch": {"rule": event_rule(cause)}, "cloudAccounts": [account(thing)],
            "actors": [actor_of(cause)], "primaryActor": actor_of(cause),
            "resources": [event_resource(thing)], "primaryResource": event_resource(thing),
            "triggeringEvents": {"totalCount": 1, "nodes": [{
                "__typename": "CloudEvent", "id": format!("event-{}", facts.number), "name": cause.title,
                "timestamp": at(facts.created, facts.number), "actorIP": cause.address,
                "commandLine": Some(cause.process).filter(|p| !p.is_empty()).map(|p| format!("/usr/bin/{p} -x")),
                "runtimeProgram": Some(cause.process).filter(|p| !p.is_empty()).map(|p| json!({"id": p, "name": p})),
            }]},
        })
    }

    fn resource(&self, thing: &Thing, facts: &Facts) -> Value {
        let fields = match thing.kind {
            ThingKind::Machine => json!({
                "__typename": "CloudResourceV2VirtualMachine", "instanceType": "m5.large",
                "ipAddresses": thing.address.iter().collect::<Vec<_>>(),
                "image": {"id": "image-1", "name": "ubuntu-22.04", "type": "VIRTUAL_MACHINE_IMAGE"},
            }),
            ThingKind::Image => json!({
                "__typename": "CloudResourceV2ContainerImage",
                "containerRepository": {"id": "repo-1", "name": thing.name, "type": "CONTAINER_REPOSITORY"},
            }),
            ThingKind::Bucket
            | ThingKind::Database
            | ThingKind::Firewall
            | ThingKind::Function
            | ThingKind::Key
            | ThingKind::Queue => Value::Null,
        };
        let team = thing.tags.iter().find(|(key, _)| *key == "team").map(|(_, value)| value);
        json!({
            "id": facts.id, "name": name_of(thing), "type": type_of(thing.kind).0,
            "nativeType": type_of(thing.kind).1, "cloudPlatform": cloud(thing),
            "externalId": thing.id, "providerUniqueId": (!self.sparse).then_some(&thing.native),
            "region": thing.region, "status": "Active", "firstSeen": at(facts.created, 0),
            "lastSeen": self.now.to_string(), "createdAt": at(facts.created, 0),
            "updatedAt": at(facts.updated, facts.number), "deletedAt": null,
            "isAccessibleFromInternet": thing.exposed, "isOpenToAllInternet": thing.exposed,
            "tags": self.tags(thing), "cloudAccount": account(thing),
            "projects": self.projects_of(thing), "typeFields": fields,
            "owners": team.map(|team| json!([
                {"type": "TAG", "graphEntity": {"id": format!("owner-{team}"), "name": team, "type": "USER_ACCOUNT"}}
            ])),
        })
    }

    /// Projects: one for each environment.
    pub(super) fn projects(&self) -> Vec<Value> {
        let state = self.world.read();
        let mut all: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
        for thing in &state.things {
            let links = all.entry(thing.account.environment).or_default();
            links.entry(thing.account.id).or_insert_with(|| account(thing));
        }
        let link = |account: &Value| json!({"environment": "PRODUCTION", "cloudAccount": account, "shared": false});
        all.iter()
            .map(|(name, accounts)| {
                json!({
                    "id": format!("project-{name}"), "name": name, "slug": name, "archived": false,
                    "isFolder": false, "businessUnit": "shop", "updatedAt": "2026-01-01T00:00:00Z",
                    "riskProfile": {"businessImpact": if *name == "prod" { "HBI" } else { "LBI" }},
                    "projectOwners": [{"id": "user-1", "name": "Team Shop"}],
                    "cloudAccountLinks": accounts.values().map(link).collect::<Vec<_>>(),
                })
            })
            .collect()
    }

    /// The users that detections name.
    pub(super) fn principals(&self) -> Vec<Value> {
        (0..9).map(|number| {
            let arn = format!("arn:aws:iam::111122223333:user/dev-{number}");
            let insights: &[&str] = if number == 0 { &["ADMIN_PRIVILEGES", "NO_MFA"] } else { &[] };
            json!({
                "id": format!("principal-{number}"), "identityInsights": insights,
                "excessiveAccessFindingsAnalytics": {"totalFindingCount": i32::from(number < 3)},
                "cloudResource": {
                    "id": format!("user-{number}"), "name": format!("dev-{number}"), "type": "USER_ACCOUNT",
                    "nativeType": "user", "cloudPlatform": "AWS", "externalId": arn,
                    "providerUniqueId": arn, "status": "Active", "hasAdminPrivileges": number == 0,
                    "cloudAccount": {"id": "acct", "name": "shop-prod", "externalId": "111122223333", "cloudProvider": "AWS"},
                },
            })
        }).collect()
    }

    /// What users may do and never did.
    pub(super) fn entitlements(&self) -> Vec<Value> {
        (0..3).map(|number| {
            let arn = format!("arn:aws:iam::111122223333:user/dev-{number}");
            json!({
                "id": format!("excess-{number}"), "name": format!("dev-{number} has unused permissions"),
                "severity": if number == 0 { "CRITICAL" } else { "MEDIUM" }, "status": "OPEN",
                "cloudPlatform": "AWS", "firstDetectedAt": "2026-10-01T00:00:00Z",
                "excessiveServices": ["s3", "iam"], "hasUnusedAdminPermissions": number == 0,
                "hasUnusedHighPermissions": true, "hasUnusedDataPermissions": false,
                "remediationType": "REPLACE_POLICY", "remediationInstructions": "Give less.",
                "principal": {
                    "cloudAccount": {"id": "acct", "name": "shop-prod", "externalId": "111122223333", "cloudProvider": "AWS"},
                    "graphEntity": {"id": format!("user-{number}"), "name": format!("dev-{number}"),
                        "type": "USER_ACCOUNT", "providerUniqueId": arn, "properties": {}},
                },
            })
        }).collect()
    }

    /// What the internet reaches.
    pub(super) fn exposures(&self) -> Vec<Value> {
        let state = self.world.read();
        let exposed = state.things.iter().filter(|thing| thing.exposed);
        exposed.map(|thing| json!({
            "id": format!("exposure-{}", thing.number), "type": "PUBLIC_INTERNET", "portRange": "443",
            "sourceIpRange": "0.0.0.0/0", "destinationIpRange": thing.address.as_deref().unwrap_or("0.0.0.0/0"),
            "networkProtocols": ["TCP"], "appProtocols": ["HTTPS"], "firstSeenAt": "2026-10-01T00:00:00Z",
            "exposedEntity": {
                "id": Kind::Resource.id(thing.number), "name": name_of(thing), "type": type_of(thing.kind).0,
                "providerUniqueId": thing.native,
                "properties": {"nativeType": type_of(thing.kind).1, "cloudPlatform": cloud(thing),
                    "region": thing.region, "subscriptionExternalId": thing.account.id},
            },
            "path": [],
        })).collect()
    }

    /// The thing as it stands in issues.
    pub(super) fn snapshot(&self, thing: &Thing) -> Value {
        let tags: BTreeMap<&str, &String> =
            thing.tags.iter().map(|(key, value)| (*key, value)).collect();
        json!({
            "id": Kind::Resource.id(thing.number), "type": type_of(thing.kind).0,
            "nativeType": type_of(thing.kind).1, "name": name_of(thing), "status": "Active",
            "cloudPlatform": cloud(thing), "cloudProviderURL": "", "providerId": thing.native,
            "externalId": thing.id, "region": if self.sparse { "" } else { thing.region },
            "subscriptionExternalId": thing.account.id, "subscriptionName": thing.account.name,
            "tags": if self.sparse { Value::Null } else { json!(tags) },
        })
    }

    fn tags(&self, thing: &Thing) -> Value {
        let one = |(key, value): &(&str, String)| json!({"key": key, "value": value});
        if self.sparse { Value::Null } else { thing.tags.iter().map(one).collect() }
    }

    fn projects_of(&self, thing: &Thing) -> Value {
        let name = thing.account.environment;
        if self.sparse {
            return Value::Null;
        }
        json!([{"id": format!("project-{name}"), "name": name, "slug": name, "businessUnit": "shop",
            "riskProfile": {"businessImpact": "MBI"}}])
    }

    fn ignored(&self, touch: &Touch) -> Value {
        let rule = touch.ignored_by.as_ref();
        rule.map_or(Value::Null, |name| json!([{"id": "rule-1", "name": name, "enabled": true}]))
    }
}
