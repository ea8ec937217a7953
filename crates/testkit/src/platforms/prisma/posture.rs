//! Policies, the inventory, permissions, and which asset passes which policy.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::alert::{
    cloud, data, kind_words, name, native, policy, policy_id, policy_name, rrn, unified,
};
use super::state::{List, both};
use super::{PrismaDouble, PrismaRight, Query, Seat, ok, only, refuse, text};
use crate::net::Answer;
use crate::platforms::{Cause, Cloud, Flaw, Kind, Seer, State as WorldState, Thing};

/// Most results of a search on a page.
const MOST_FOUND: usize = 100;
/// Most rows of permissions, and of assets with their policies, on a page.
const MOST_ROWS: usize = 1000;

impl PrismaDouble {
    /// `GET /policy`: all, in one answer.
    pub(super) fn policies(&self, query: &Query) -> Result<Answer, Answer> {
        self.needs(PrismaRight::Policies)?;
        if let Some(name) =
            query.stranger(&["policy.enabled", "policy.severity", "policy.type", "cloud.type"])
        {
            return Err(refuse(400, "invalid_parameter_value", name));
        }
        let inner = self.world.read();
        let mut policies = BTreeMap::new();
        for (flaw, thing) in inner.seen_by(Seer::Prisma) {
            if Seat::of(flaw, thing) == Seat::Alert {
                policies.entry(policy_id(flaw)).or_insert_with(|| policy(flaw, true));
            }
        }
        let mut list: Vec<Value> = policies.into_values().collect();
        for policy in list.iter_mut().filter_map(Value::as_object_mut) {
            policy.insert("enabled".to_owned(), true.into());
            policy.insert(
                "rule".to_owned(),
                json!({"name": "rule", "type": "Config", "criteria": "", "parameters": {}}),
            );
        }
        Ok(ok(&list.into()))
    }

    /// `POST /search/api/v2/config`: the first page of a search.
    pub(super) fn search(&self, body: &Value) -> Result<Answer, Answer> {
        self.needs(PrismaRight::Investigate)?;
        only(
            body,
            &[
                "query",
                "limit",
                "withResourceJson",
                "startTime",
                "skipResult",
                "skipSearchCreation",
                "sort",
                "nextPageToken",
            ],
        )?;
        let query = text(body, "query").unwrap_or_default();
        if !query.starts_with("config from cloud.resource where ") {
            return Err(refuse(400, "invalid_rql_query", "query"));
        }
        let numbers = self.known();
        let list = List { question: "search".to_owned(), numbers: Arc::clone(&numbers) };
        let key = self.state().keep(list);
        self.found_page(body, (&numbers, key, 0))
    }

    /// `POST /search/config/page`: the pages behind it.
    pub(super) fn search_page(&self, body: &Value) -> Result<Answer, Answer> {
        self.needs(PrismaRight::Investigate)?;
        only(body, &["limit", "withResourceJson", "pageToken", "heuristicSearch"])?;
        let (numbers, key, from) = self.listed(text(body, "pageToken"), "search")?;
        self.found_page(body, (&numbers, key, from))
    }

    fn found_page(
        &self,
        body: &Value,
        (numbers, key, from): (&[usize], u64, usize),
    ) -> Result<Answer, Answer> {
        let limit = limit(body.get("limit"), MOST_FOUND)?;
        let whole = body.get("withResourceJson").and_then(Value::as_bool).unwrap_or_default();
        let inner = self.world.read();
        let state = self.state();
        let things =
            numbers.iter().skip(from).take(limit).filter_map(|number| inner.things.get(*number));
        let items: Vec<Value> = things
            .map(|thing| {
                let [_, _, service] = kind_words(thing);
                json!({
                    "rrn": rrn(&state, thing), "stateId": unified(thing), "assetId": unified(thing),
                    "id": native(thing), "name": name(&state, thing), "url": Value::Null,
                    "accountId": thing.account.id, "accountName": thing.account.name, "cloudType": cloud(thing),
                    "regionId": thing.region, "regionName": thing.region, "service": service,
                    "resourceType": readable(thing), "insertTs": 1_700_000_000_000_i64, "deleted": false,
                    "vpcId": Value::Null, "tags": {}, "dynamicData": {}, "allowDrillDown": true,
                    "data": whole.then(|| data(thing)), "resourceConfigJsonAvailable": true,
                })
            })
            .collect();
        let next = (from + limit < numbers.len()).then(|| format!("{key:x}.{:x}", from + limit));
        Ok(ok(&json!({
            "totalRows": numbers.len(), "items": items, "nextPageToken": next, "dynamicColumns": [],
            "sortAllowedColumns": ["id"], "id": "search-1",
        })))
    }

    /// `POST /iam/api/v4/search/permission`: which role may do what to which bucket.
    pub(super) fn permissions(&self, query: &Query, body: &Value) -> Result<Answer, Answer> {
        self.needs(PrismaRight::Iam)?;
        only(body, &["query", "searchId", "nextPageToken", "groupByFields"])?;
        if !text(body, "query").unwrap_or_default().starts_with("config from iam where ") {
            return Err(refuse(400, "invalid_rql_query", "query"));
        }
        if let Some(name) = query.stranger(&["limit"]) {
            return Err(refuse(400, "invalid_parameter_value", name));
        }
        let asked = query.get("limit").and_then(|text| text.parse::<u64>().ok()).map(Value::from);
        let limit = limit(asked.as_ref(), MOST_ROWS)?;
        let (numbers, key, from) = match text(body, "nextPageToken") {
            Some(token) => self.listed(Some(token), "permissions")?,
            None => {
                let numbers = self.known_as(|thing| {
                    thing.kind == Kind::Machine && thing.account.cloud == Cloud::Aws
                });
                let list =
                    List { question: "permissions".to_owned(), numbers: Arc::clone(&numbers) };
                (numbers, self.state().keep(list), 0)
            }
        };
        let inner = self.world.read();
        let things =
            numbers.iter().skip(from).take(limit).filter_map(|number| inner.things.get(*number));
        let items: Vec<Value> = things.map(permission).collect();
        let next = (from + limit < numbers.len()).then(|| format!("{key:x}.{:x}", from + limit));
        Ok(ok(&json!({
            "data": {"items": items, "nextPageToken": next, "totalRows": numbers.len(), "searchedDestCloudResourceNames": []},
            "query": body.get("query"), "id": "iam-1", "saved": false, "searchType": "iam",
        })))
    }

    /// `POST /v2/resource/scan_info`.
    pub(super) fn scan_info(&self, body: &Value) -> Result<Answer, Answer> {
        self.needs(PrismaRight::Inventory)?;
        only(body, &["filters", "limit", "pageToken", "groupBy", "type", "timeRange"])?;
        let limit = limit(body.get("limit"), MOST_ROWS)?;
        let (numbers, key, from) = match text(body, "pageToken") {
            Some(token) => self.listed(Some(token), "scan_info")?,
            None => {
                let numbers = self.known_as(|thing| thing.kind != Kind::Image);
                let list = List { question: "scan_info".to_owned(), numbers: Arc::clone(&numbers) };
                (numbers, self.state().keep(list), 0)
            }
        };
        let inner = self.world.read();
        let state = self.state();
        let things =
            numbers.iter().skip(from).take(limit).filter_map(|number| inner.things.get(*number));
        let rows: Vec<Value> = things
            .map(|thing| {
                let flaws = state.estate.things.get(&thing.number).into_iter().flatten();
                let flaws = flaws.filter_map(|number| inner.flaws.get(*number));
                let judged: Vec<Value> = flaws.filter_map(|flaw| judged(flaw, &inner)).collect();
                json!({
                    "id": native(thing), "name": name(&state, thing), "rrn": rrn(&state, thing),
                    "accountId": thing.account.id, "accountName": thing.account.name, "regionId": thing.region,
                    "regionName": thing.region, "cloudType": cloud(thing), "assetType": readable(thing),
                    "unifiedAssetId": unified(thing), "appNames": [],
                    "overallPassed": judged.iter().all(|row| row.get("passed") == Some(&true.into())),
                    "scannedPolicies": judged,
                    "alertStatus": {"critical": 0, "high": 0, "medium": 0, "low": 0, "informational": 0},
                })
            })
            .collect();
        let next = (from + limit < numbers.len()).then(|| format!("{key:x}.{:x}", from + limit));
        Ok(ok(&json!({
            "resources": rows, "nextPageToken": next, "totalMatchedCount": numbers.len(), "pageSize": limit,
            "timestamp": self.clock.now().as_millisecond(),
        })))
    }

    /// All things that the platform knows, by number.
    fn known(&self) -> Arc<Vec<usize>> {
        self.known_as(|_| true)
    }

    fn known_as(&self, wanted: impl Fn(&Thing) -> bool) -> Arc<Vec<usize>> {
        let inner = self.world.read();
        let mut state = self.state();
        state.estate.follow(&inner);
        let things = state.estate.things.keys().filter_map(|number| inner.things.get(*number));
        Arc::new(things.filter(|thing| wanted(thing)).map(|thing| thing.number).collect())
    }

    /// The list behind a token, its key and where the page begins.
    fn listed(
        &self,
        token: Option<&str>,
        question: &str,
    ) -> Result<(Arc<Vec<usize>>, u64, usize), Answer> {
        let stale = || refuse(400, "invalid_page_token", "pageToken");
        let (key, from) = token.and_then(|token| token.split_once('.')).ok_or_else(stale)?;
        let key = u64::from_str_radix(key, 16).map_err(|_| stale())?;
        let from = usize::from_str_radix(from, 16).map_err(|_| stale())?;
        let list = self.state().lists.get(&key).cloned().filter(|list| list.question == question);
        list.map(|list| (list.numbers, key, from)).ok_or_else(stale)
    }
}

fn limit(asked: Option<&Value>, most: usize) -> Result<usize, Answer> {
    let Some(asked) = asked else { return Ok(most) };
    let limit = asked
        .as_u64()
        .and_then(|limit| usize::try_from(limit).ok())
        .filter(|limit| (1..=most).contains(limit));
    limit.ok_or_else(|| refuse(400, "invalid_parameter_value", "limit"))
}

/// The newer names of kinds of assets, which searches and the inventory use.
const fn readable(thing: &Thing) -> &'static str {
    match (thing.account.cloud, thing.kind) {
        (Cloud::Azure, _) => "Azure Virtual Machine",
        (Cloud::Gcp, _) => "Google Compute Engine Instance",
        (Cloud::Aws, Kind::Bucket) => "Amazon S3 Bucket",
        (Cloud::Aws, Kind::Database) => "Amazon RDS Instance",
        (Cloud::Aws, Kind::Machine) => "Amazon EC2 Instance",
        (Cloud::Aws, Kind::Firewall) => "Amazon VPC Security Group",
        (Cloud::Aws, Kind::Function) => "AWS Lambda Function",
        (Cloud::Aws, Kind::Key) => "AWS KMS Key",
        (Cloud::Aws, Kind::Queue) => "Amazon SQS Queue",
        (Cloud::Aws, Kind::Image) => "Amazon ECR Container Image",
    }
}

/// How an asset did in the check behind a flaw.
fn judged(flaw: &Flaw, world: &WorldState) -> Option<Value> {
    let thing = world.things.get(flaw.thing)?;
    // What happened is no matter of settings.
    let setting = matches!(flaw.cause, Cause::Misconfiguration(_));
    let told = setting && Seat::of(flaw, thing) == Seat::Alert && flaw.is_seen_by(Seer::Prisma);
    told.then(|| {
        json!({
            "id": policy_id(flaw), "name": policy_name(flaw), "passed": !flaw.is_open(), "labels": [],
            "severity": super::alerts::severity(flaw.severity).to_uppercase(),
        })
    })
}

/// A machine's role may read the buckets of its account; every tenth may do everything.
fn permission(thing: &Thing) -> Value {
    let of = thing.account.id;
    let (action, policy) = if thing.number.is_multiple_of(10) {
        ("*", "AdministratorAccess")
    } else {
        ("s3:GetObject", "AmazonS3ReadOnlyAccess")
    };
    let first = json!({
        "id": format!("perm-{}", thing.number), "sourcePublic": thing.exposed, "sourceCloudType": "AWS",
        "sourceCloudAccount": thing.account.name, "sourceCloudRegion": thing.region,
        "sourceCloudServiceName": "ec2", "sourceResourceName": thing.id, "sourceResourceType": "instance",
        "sourceResourceId": thing.native, "sourceCloudResourceUai": unified(thing),
        "destCloudType": "AWS", "destCloudAccount": thing.account.name, "destCloudServiceName": "s3",
        "destResourceName": "*", "destResourceType": "bucket", "destResourceId": "arn:aws:s3:::*",
    });
    let second = json!({
        "grantedByCloudType": "AWS", "grantedByCloudPolicyName": policy, "grantedByCloudPolicyType": "AWS Managed Policy",
        "grantedByCloudPolicyId": format!("arn:aws:iam::aws:policy/{policy}"),
        "grantedByCloudEntityType": "role", "grantedByCloudEntityName": thing.name,
        "grantedByCloudEntityId": format!("arn:aws:iam::{of}:role/{}", thing.name),
        "grantedByCloudEntityAccount": thing.account.name, "effectiveActionName": action,
        "lastAccessStatus": "NOT_AVAILABLE", "exceptions": [], "wildCardDestCloudResourceName": true,
    });
    both(first, second)
}
