//! The console of the workload side: incidents, audits and scans, paged by offset.

use quell_model::Timestamp;
use serde_json::{Value, json};

use super::alerts::severity;
use super::seat::Kin;
use super::state::{State, both};
use super::{PrismaDouble, PrismaRight, Query, Seat, console_error, firewall, ok};
use crate::net::Answer;
use crate::platforms::{
    Cause, Cloud, Detection, Flaw, Kind, Seer, State as WorldState, Thing, Vulnerability,
};

/// Parameters of every list.
const PAGING: &[&str] = &["offset", "limit", "sort", "reverse"];
/// Parameters of audits and incidents beside those.
const OF_AUDITS: &[&str] = &[
    "from",
    "to",
    "hostname",
    "id",
    "type",
    "cluster",
    "containerID",
    "imageName",
    "ruleName",
    "function",
    "appID",
    "attackType",
    "aggregate",
];
const OF_INCIDENTS: &[&str] = &[
    "from",
    "to",
    "hostname",
    "id",
    "type",
    "cluster",
    "category",
    "acknowledged",
    "appID",
    "containerID",
    "functionID",
];
const OF_SCANS: &[&str] = &[
    "hostname",
    "id",
    "name",
    "compact",
    "normalizedSeverity",
    "clusters",
    "agentless",
    "complianceIDs",
    "issueType",
];

impl PrismaDouble {
    /// `GET audits/incidents`.
    pub(super) fn incidents(&self, query: &Query) -> Result<Answer, Answer> {
        self.console_needs(PrismaRight::Runtime)?;
        known(query, OF_INCIDENTS)?;
        self.events(Seat::Incident, query, |state, flaw, thing| {
            Some(incident(flaw, thing, state.is_acknowledged(flaw)))
        })
    }

    /// `GET audits/runtime/…`.
    pub(super) fn audits(&self, path: &str, query: &Query) -> Result<Answer, Answer> {
        self.console_needs(PrismaRight::Runtime)?;
        let seat = Seat::of_audit(path).ok_or_else(|| console_error(404, "page not found"))?;
        known(query, parameters(seat))?;
        if seat == Seat::ServerlessAudit
            && (query.get("id").is_some() || query.get("hostname").is_some())
        {
            return Err(console_error(400, "unknown parameter"));
        }
        self.events(seat, query, |_, flaw, thing| audit(flaw, thing, seat))
    }

    /// A page of what happened, newest first or last.
    fn events(
        &self,
        seat: Seat,
        query: &Query,
        record: impl Fn(&State, &Flaw, &Thing) -> Option<Value>,
    ) -> Result<Answer, Answer> {
        if query.get("sort").is_some_and(|sort| sort != "time") {
            return Err(console_error(400, "cannot sort by this"));
        }
        let (from, to) = (time(query, "from")?, time(query, "to")?);
        let asked = query.get("acknowledged").map(|text| text == "true");
        let inner = self.world.read();
        let mut state = self.state();
        state.estate.follow(&inner);
        let (offset, limit) = paging(query, state.quirks.console_page)?;
        let numbers = state.estate.seats.get(&seat).map_or(&[][..], Vec::as_slice);
        let flaws = numbers.iter().filter_map(|number| inner.flaws.get(*number));
        let mut flaws: Vec<&Flaw> = flaws
            .filter(|flaw| flaw.is_seen_by(Seer::Prisma))
            .filter(|flaw| {
                from.is_none_or(|from| flaw.opened >= from) && to.is_none_or(|to| flaw.opened <= to)
            })
            .filter(|flaw| asked_for(query, flaw, &inner))
            .filter(|flaw| asked.is_none_or(|asked| asked == state.is_acknowledged(flaw)))
            .collect();
        flaws.sort_by_key(|flaw| (flaw.opened, flaw.number));
        if query.get("reverse") == Some("true") {
            flaws.reverse();
        }
        let page = flaws.iter().skip(offset).take(limit);
        let records = page.filter_map(|flaw| record(&state, flaw, inner.things.get(flaw.thing)?));
        Ok(list(records.collect(), flaws.len()))
    }

    /// `GET images`.
    pub(super) fn images(&self, query: &Query) -> Result<Answer, Answer> {
        self.scans(query, |state| &state.estate.images, image)
    }

    /// `GET hosts`.
    pub(super) fn hosts(&self, query: &Query) -> Result<Answer, Answer> {
        self.scans(query, |state| &state.estate.hosts, host)
    }

    /// `GET serverless`.
    pub(super) fn functions(&self, query: &Query) -> Result<Answer, Answer> {
        self.scans(query, |state| &state.estate.functions, function)
    }

    fn scans(
        &self,
        query: &Query,
        of: fn(&State) -> &Vec<usize>,
        record: fn(&Thing, Vec<Value>, Timestamp) -> Value,
    ) -> Result<Answer, Answer> {
        self.console_needs(PrismaRight::Vulnerabilities)?;
        known(query, OF_SCANS)?;
        let inner = self.world.read();
        let mut state = self.state();
        state.estate.follow(&inner);
        let (offset, limit) = paging(query, state.quirks.console_page)?;
        let numbers = of(&state);
        let now = self.clock.now();
        let page = numbers.iter().skip(offset).take(limit).filter_map(|number| {
            let thing = inner.things.get(*number)?;
            let flaws = state
                .estate
                .things
                .get(number)?
                .iter()
                .filter_map(|number| inner.flaws.get(*number));
            let open = flaws.filter(|flaw| flaw.is_seen_by(Seer::Prisma) && flaw.is_open());
            Some(record(thing, open.filter_map(weakness).collect(), now))
        });
        Ok(list(page.collect(), numbers.len()))
    }

    /// `PATCH audits/incidents/acknowledge/{id}`.
    pub(super) fn acknowledge(&self, id: &str, body: &Value) -> Result<Answer, Answer> {
        self.console_needs(PrismaRight::Runtime)?;
        self.console_needs(PrismaRight::AcknowledgeIncidents)?;
        let wanted = body.get("acknowledged").and_then(Value::as_bool);
        let wanted = wanted.ok_or_else(|| console_error(400, "acknowledged is missing"))?;
        let number = Self::number_of(id).ok_or_else(|| console_error(400, "invalid id"))?;
        let inner = self.world.read();
        let there = inner.flaws.get(number).is_some_and(|flaw| {
            let thing = inner.things.get(flaw.thing);
            flaw.is_seen_by(Seer::Prisma)
                && thing.is_some_and(|thing| Seat::of(flaw, thing) == Seat::Incident)
        });
        if !there {
            return Err(console_error(404, "no incident with this id"));
        }
        self.state().acknowledged.insert(number, wanted);
        Ok(Answer::new(200, ""))
    }
}

/// A list; an empty one is `null`.
fn list(records: Vec<Value>, total: usize) -> Answer {
    let body = if records.is_empty() { Value::Null } else { records.into() };
    ok(&body).header("total-count", &total.to_string())
}

fn known(query: &Query, more: &[&str]) -> Result<(), Answer> {
    let all: Vec<&str> = PAGING.iter().chain(more).copied().collect();
    query
        .stranger(&all)
        .map_or(Ok(()), |name| Err(console_error(400, &format!("unknown parameter {name}"))))
}

fn paging(query: &Query, most: usize) -> Result<(usize, usize), Answer> {
    let number = |name: &str, default: usize| match query.get(name) {
        None => Ok(default),
        Some(text) => {
            text.parse::<usize>().map_err(|_| console_error(400, &format!("invalid {name}")))
        }
    };
    let limit = number("limit", most)?;
    if limit == 0 || limit > most {
        return Err(console_error(400, &format!("limit must be between 1 and {most}")));
    }
    Ok((number("offset", 0)?, limit))
}

fn time(query: &Query, name: &str) -> Result<Option<Timestamp>, Answer> {
    let read =
        |text: &str| text.parse().map_err(|_| console_error(400, &format!("invalid {name}")));
    query.get(name).map(read).transpose()
}

/// Whether the filters by host and id let a flaw pass.
fn asked_for(query: &Query, flaw: &Flaw, world: &WorldState) -> bool {
    let Some(thing) = world.things.get(flaw.thing) else { return false };
    let hostname = query.get("hostname").is_none_or(|name| Some(name) == thing.host.as_deref());
    let id = query.get("id").is_none_or(|id| id == PrismaDouble::id_of(flaw, thing));
    let app = query.get("appID").is_none_or(|id| id == app_id(thing));
    hostname && id && app
}

pub(super) const fn provider(thing: &Thing) -> &'static str {
    match thing.account.cloud {
        Cloud::Aws => "aws",
        Cloud::Azure => "azure",
        Cloud::Gcp => "gcp",
    }
}

/// What the machine's own metadata service calls it.
pub(super) fn resource_id(thing: &Thing) -> String {
    match thing.account.cloud {
        Cloud::Aws => thing.id.clone(),
        Cloud::Azure => thing.native.clone(),
        Cloud::Gcp => format!("{:019}", 4_000_000_000_000_000_000_u64 + thing.number as u64),
    }
}

/// The full name of a machine: in Google's cloud it holds zone and project.
pub(super) fn fqdn(thing: &Thing) -> String {
    match thing.account.cloud {
        Cloud::Gcp => format!("{}.{}-b.c.{}.internal", thing.name, thing.region, thing.account.id),
        Cloud::Aws | Cloud::Azure => String::new(),
    }
}

pub(super) fn app_id(thing: &Thing) -> String {
    format!("{}:aa9f944f-0456-004d-7c69-{:012x}", thing.name, thing.number)
}

fn attack(detection: &Detection) -> [&'static str; 4] {
    match detection.technique {
        "T1496" => ["cryptoMiner", "cryptoMinerConnection", "resourceHijacking", "processes"],
        "T1552.005" => {
            ["cloudProvider", "cloudMetadataProbing", "cloudInstanceMetadataAPI", "network"]
        }
        _ => ["reverseShell", "reverseShell", "commandAndScriptingInterpreter", "processes"],
    }
}

/// What a list of audits may be asked by.
const fn parameters(seat: Seat) -> &'static [&'static str] {
    match seat.kin() {
        Kin::Firewall => firewall::OF_FIREWALL,
        Kin::Files => firewall::OF_FILES,
        Kin::Logs => firewall::OF_LOGS,
        Kin::Clusters => firewall::OF_CLUSTERS,
        Kin::Alerts | Kin::Scans | Kin::Incidents | Kin::Processes => OF_AUDITS,
    }
}

/// An audit.
pub(super) fn audit(flaw: &Flaw, thing: &Thing, seat: Seat) -> Option<Value> {
    let Cause::Detection(detection) = &flaw.cause else { return None };
    if let Some(record) = firewall::audit(flaw, thing, (seat, detection)) {
        return Some(record);
    }
    let [_, kind, technique, type_of] = attack(detection);
    if seat == Seat::ServerlessAudit {
        // Audits of functions have no id and say little.
        return Some(json!({
            "time": flaw.opened.to_string(), "fqdn": "", "type": type_of, "effect": "alert", "ruleName": "Default",
            "msg": format!("{} launched by /var/task/app ({})", detection.process, detection.title), "count": 1,
            "function": thing.name, "functionID": format!("{}-{}", thing.name, thing.account.id),
            "region": thing.region, "runtime": "python3.12", "provider": provider(thing),
            "severity": severity(flaw.severity), "accountID": thing.account.id, "attackType": kind,
            "requestID": format!("{:08x}-0000-4000-8000-000000000003", flaw.number),
        }));
    }
    let place = json!({
        "region": thing.region, "accountID": thing.account.id, "provider": provider(thing),
        "resourceID": resource_id(thing), "os": "Ubuntu 22.04", "version": "34.04.145",
    });
    let mut record = json!({
        "_id": PrismaDouble::id_of(flaw, thing), "time": flaw.opened.to_string(),
        "hostname": thing.host, "fqdn": fqdn(thing), "user": "root", "type": type_of, "effect": "alert",
        "ruleName": "Default - alert on suspicious runtime behavior",
        "msg": format!("{}: {} connected to {}", detection.title, detection.process, detection.address),
        "profileId": thing.host, "pid": 4711, "processPath": format!("/usr/bin/{}", detection.process),
        "command": format!("{} -c {}", detection.process, detection.address), "collections": ["All"],
        "attackType": kind, "attackTechniques": [technique], "count": 1, "severity": severity(flaw.severity),
        "ip": detection.address, "port": 443, "interactive": false, "md5": "", "filepath": "",
    });
    record = both(record, place);
    let fields = record.as_object_mut()?;
    if seat == Seat::ContainerAudit {
        fields.insert("container".to_owned(), true.into());
        fields.insert("containerId".to_owned(), format!("{:064x}", flaw.number).into());
        fields.insert("containerName".to_owned(), format!("web-{}", flaw.number).into());
        fields.insert("imageName".to_owned(), "registry.example.com/shop/web:1.2".into());
        fields.insert("imageId".to_owned(), format!("sha256:{:064x}", 77).into());
    }
    if seat == Seat::AppAudit {
        fields.insert("appID".to_owned(), app_id(thing).into());
        fields.insert("app".to_owned(), thing.name.clone().into());
        fields.insert("resourceID".to_owned(), "".into());
        fields.insert("hostname".to_owned(), app_id(thing).into());
    }
    Some(record)
}

/// An incident with the audits that it is made of.
pub(super) fn incident(flaw: &Flaw, thing: &Thing, acknowledged: bool) -> Value {
    let category = match &flaw.cause {
        Cause::Detection(detection) => attack(detection)[0],
        Cause::Misconfiguration(_) | Cause::Vulnerability(_) => "customRule",
    };
    let mut inner = audit(flaw, thing, Seat::HostAudit).unwrap_or_default();
    if let Some(fields) = inner.as_object_mut() {
        fields.insert("_id".to_owned(), format!("6741{:020x}", flaw.number).into());
    }
    let first = json!({
        "_id": PrismaDouble::id_of(flaw, thing), "time": flaw.opened.to_string(), "hostname": thing.host,
        "serialNum": flaw.number, "category": category, "type": "host", "audits": [inner],
        "customRuleName": "", "windows": false, "shouldCollect": true, "acknowledged": acknowledged,
    });
    let second = json!({
        "fqdn": fqdn(thing), "app": "", "appID": "", "containerName": "", "containerID": "", "imageName": "",
        "imageID": "", "namespace": "", "cluster": "", "region": thing.region, "accountID": thing.account.id,
        "provider": provider(thing), "resourceID": resource_id(thing), "vmID": "", "profileID": thing.host,
        "runtime": "", "function": "", "functionID": "", "labels": Value::Null, "collections": ["All"],
    });
    both(first, second)
}

/// An open weakness within a scan.
fn weakness(flaw: &Flaw) -> Option<Value> {
    let Cause::Vulnerability(found) = &flaw.cause else { return None };
    let Vulnerability { cve, package, installed, fixed, cvss, exploited } = found;
    let status = if fixed.is_empty() { "needed".to_owned() } else { format!("fixed in {fixed}") };
    let factors = if *exploited {
        json!({"Remote execution": {}, "Exploit exists - in the wild": {}})
    } else {
        json!({"Remote execution": {}})
    };
    let first = json!({
        "id": 46, "severity": severity(flaw.severity), "cvss": cvss, "status": status, "cve": cve,
        "vecStr": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "exploit": if *exploited { "cisa-kev" } else { "" },
        "description": format!("A flaw was found in {package}."), "riskFactors": factors,
        "link": format!("https://nvd.nist.gov/vuln/detail/{cve}"), "type": "image",
        "packageName": package, "packageVersion": installed, "packageType": "package",
        "discovered": flaw.opened.to_string(),
    });
    let second = json!({
        "text": "", "cause": "", "title": "", "templates": Value::Null, "twistlock": false, "cri": false,
        "layerTime": 1_690_000_000, "published": 1_680_000_000, "fixDate": 1_685_000_000,
        "vulnTagInfos": Value::Null, "exploits": Value::Null, "binaryPkgs": Value::Null, "functionLayer": "",
        "secret": {}, "custom": false, "block": false,
    });
    Some(both(first, second))
}

fn distribution(found: &[Value]) -> Value {
    let of =
        |word: &str| found.iter().filter(|one| one.get("severity") == Some(&word.into())).count();
    json!({
        "critical": of("critical"), "high": of("high"), "medium": of("medium"), "low": of("low"), "total": found.len(),
    })
}

/// What all scans have; lists that are empty are `null`.
fn scan(found: Vec<Value>, now: Timestamp) -> Value {
    let distribution = distribution(&found);
    let count = found.len();
    let found: Value = if found.is_empty() { Value::Null } else { found.into() };
    json!({
        "vulnerabilities": found, "vulnerabilitiesCount": count, "vulnerabilityDistribution": distribution,
        "complianceIssues": Value::Null, "complianceIssuesCount": 0,
        "complianceDistribution": {"critical": 0, "high": 0, "medium": 0, "low": 0, "total": 0},
        "scanTime": now.to_string(), "firstScanTime": "2026-01-01T00:00:00Z", "collections": ["All"],
        "packages": Value::Null, "binaries": Value::Null, "err": "", "scanVersion": "34.04.145",
        "externalLabels": Value::Null, "osDistro": "ubuntu", "distro": "Ubuntu 22.04", "osDistroVersion": "22.04",
    })
}

fn metadata(thing: &Thing) -> Value {
    let labels: Vec<Value> = thing
        .tags
        .iter()
        .map(|(key, value)| json!({"key": key, "value": value, "sourceType": provider(thing)}))
        .collect();
    let link = match thing.account.cloud {
        Cloud::Gcp => thing.native.replacen(
            "//compute.googleapis.com/",
            "https://www.googleapis.com/compute/v1/",
            1,
        ),
        Cloud::Aws | Cloud::Azure => String::new(),
    };
    let vm_id = match thing.account.cloud {
        // The console writes it in upper case.
        Cloud::Azure => thing.vm_id().to_uppercase(),
        Cloud::Aws | Cloud::Gcp => String::new(),
    };
    json!({
        "resourceID": resource_id(thing), "accountID": thing.account.id, "provider": provider(thing),
        "region": thing.region, "name": thing.name, "type": "m5.large", "labels": labels, "resourceURL": link,
        "image": "ami-0123456789abcdef0", "vmID": vm_id,
    })
}

fn image(thing: &Thing, found: Vec<Value>, now: Timestamp) -> Value {
    let (name, _) = thing.native.split_once('@').unwrap_or((&thing.native, ""));
    let (registry, repository) = name.split_once('/').unwrap_or(("", name));
    let tag =
        json!({"registry": registry, "repo": repository, "tag": "1.2", "digest": "", "id": ""});
    let own = format!("sha256:{:064x}", 0x00c0_ffee_0000_0000_u64 + thing.number as u64);
    both(
        scan(found, now),
        json!({
            "_id": own, "id": own, "type": "image", "hostname": "", "repoTag": tag, "tags": [tag],
            "repoDigests": [format!("{name}@{}", thing.id)], "cloudMetadata": metadata(thing), "clusters": ["prod"],
            "namespaces": ["shop"], "hosts": {}, "creationTime": "2026-01-01T00:00:00Z",
        }),
    )
}

fn host(thing: &Thing, found: Vec<Value>, now: Timestamp) -> Value {
    both(
        scan(found, now),
        json!({
            "_id": thing.host, "type": "host", "hostname": thing.host, "repoTag": Value::Null, "tags": [],
            "repoDigests": [], "cloudMetadata": metadata(thing), "clusters": Value::Null, "id": "",
            "agentless": true, "stopped": false,
        }),
    )
}

fn function(thing: &Thing, found: Vec<Value>, now: Timestamp) -> Value {
    debug_assert_eq!(thing.kind, Kind::Function);
    both(
        scan(found, now),
        json!({
            "_id": thing.native, "id": thing.native, "type": "serverlessScan", "name": thing.name,
            "runtime": "python3.12", "version": "$LATEST", "provider": provider(thing), "region": thing.region,
            "accountID": thing.account.id, "hostname": "", "handler": "app.handler", "status": "running",
            "defended": false, "repoTag": Value::Null,
        }),
    )
}
