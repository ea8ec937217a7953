//! Estates with known truth: which findings of six tools are one fault of one asset.
//!
//! Every tool writes its own format with its own ids, names, severities and times. A fault is
//! reported under rules that the catalogue knows, or under ids that nobody knows and each tool's
//! own wording. Names repeat over accounts, change between scans, and assets come again under a
//! new id, so that what looks alike is not always the same.

use std::collections::BTreeMap;

use quell_catalog::Catalog;
use serde_json::{Value, json};

use crate::random::Random;

const FAULTS: &str = include_str!("../data/faults.tsv");
const ACCOUNTS: &[&str] = &["111122223333", "111122224444", "111122225555"];
const REGIONS: &[&str] = &["eu-west-1", "us-east-1"];
const NAMES: &[&str] = &["orders", "invoices", "search", "audit", "web", "reports"];
const ENVIRONMENTS: &[&str] = &["prod", "dev", "staging"];
const TOOLS: &[&str] =
    &["prowler", "security_hub", "custodian", "wiz", "prisma", "orca", "lacework"];
/// A tool reports a fault in this many of ten cases.
const SEEN_OF_TEN: u64 = 6;

/// An estate: the files of its tools, and the truth about each finding.
#[derive(Debug)]
pub struct Estate {
    /// File name and content.
    pub files: Vec<(String, Value)>,
    /// `tool|native id` → the fault of the asset that the finding is about, and of which kind.
    pub truth: BTreeMap<String, (String, Kind)>,
}

/// Whether the catalogue knows the rules under which a fault was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// All of them.
    Known,
    /// Those of the scanners at most; of the platforms the wording is all there is.
    Unknown,
}

/// A fault: the words of each tool, and what the catalogue calls it.
struct Fault {
    kind: &'static str,
    name: &'static str,
    control: &'static str,
    titles: Vec<&'static str>,
}

#[derive(Clone)]
struct Thing {
    kind: &'static str,
    account: &'static str,
    region: &'static str,
    id: String,
    /// The name as it is now, and as it was when some tools looked.
    names: [String; 2],
    tags: Vec<(&'static str, String)>,
}

/// Makes an estate of about that many findings.
#[must_use]
pub fn estate(seed: u64, findings: usize, catalog: &Catalog) -> Estate {
    let mut random = Random::new(seed);
    let faults = faults();
    let mut made = Made::default();
    let mut number = 0;
    while made.truth.len() < findings {
        for thing in things(number, &mut random) {
            let mine: Vec<&Fault> = faults.iter().filter(|f| f.kind == thing.kind).collect();
            for fault in mine.into_iter().filter(|_| random.below(10) < 5).collect::<Vec<_>>() {
                report(&thing, fault, catalog, &mut random, &mut made);
            }
        }
        number += 1;
    }
    made.into_estate()
}

/// Whether the wording of a fault (`s3.versioning`) was not looked at when `content/words` was
/// collected: that of every second line.
#[must_use]
pub fn is_held_out(name: &str) -> bool {
    let at = faults().iter().position(|fault| format!("{}.{}", fault.kind, fault.name) == name);
    at.is_some_and(|at| at % 2 == 1)
}

fn faults() -> Vec<Fault> {
    let lines = FAULTS.lines().filter(|line| !line.starts_with('#'));
    let fault = |line: &'static str| {
        let mut parts = line.split('\t');
        Some(Fault {
            kind: parts.next()?,
            name: parts.next()?,
            control: parts.next()?,
            titles: parts.collect(),
        })
    };
    lines.filter_map(fault).collect()
}

/// One asset, and sometimes what is like it: the same name in another account or with a suffix,
/// or the same one made again under a new id.
fn things(number: u64, random: &mut Random) -> Vec<Thing> {
    const KINDS: &[&str] = &["s3", "rds", "ec2", "sg", "lambda", "kms", "sqs"];
    let kind = random.pick(KINDS).copied().unwrap_or("s3");
    let account = random.pick(ACCOUNTS).copied().unwrap_or_default();
    let region = random.pick(REGIONS).copied().unwrap_or_default();
    let environment = random.pick(ENVIRONMENTS).copied().unwrap_or_default();
    let name = format!("{}-{number}", random.pick(NAMES).copied().unwrap_or_default());
    let old = if random.below(5) == 0 { format!("{name}-old") } else { name.clone() };
    let tags = vec![("team", format!("team-{}", random.below(9))), ("env", environment.to_owned())];
    let first = Thing {
        kind,
        account,
        region,
        id: identity(kind, &name, random),
        names: [name.clone(), old],
        tags,
    };
    let mut all = vec![first.clone()];
    match random.below(6) {
        0 => {
            let other = ACCOUNTS.iter().copied().find(|a| *a != account).unwrap_or(account);
            // A bucket's name is taken in all accounts.
            let name = if kind == "s3" { format!("{name}-{other}") } else { name };
            let id = identity(kind, &name, random);
            all.push(Thing { account: other, id, names: [name.clone(), name], ..first });
        }
        1 => {
            let name = format!("{name}-dev");
            let id = identity(kind, &name, random);
            all.push(Thing { id, names: [name.clone(), name], ..first });
        }
        2 if matches!(kind, "ec2" | "sg" | "kms") => {
            all.push(Thing { id: identity(kind, &name, random), ..first });
        }
        _ => {}
    }
    all
}

/// The part of an ARN that tells an asset of its kind.
fn identity(kind: &str, name: &str, random: &mut Random) -> String {
    let mut hex = || format!("{:08x}", random.next());
    match kind {
        "ec2" => format!("i-0{}{}", hex(), hex()),
        "sg" => format!("sg-0{}{}", hex(), hex()),
        "kms" => format!("{}-0000-4000-8000-{}0000", hex(), hex()),
        _ => name.to_owned(),
    }
}

impl Thing {
    fn arn(&self) -> String {
        let Self { account, region, id, .. } = self;
        match self.kind {
            "s3" => format!("arn:aws:s3:::{id}"),
            "rds" => format!("arn:aws:rds:{region}:{account}:db:{id}"),
            "ec2" => format!("arn:aws:ec2:{region}:{account}:instance/{id}"),
            "sg" => format!("arn:aws:ec2:{region}:{account}:security-group/{id}"),
            "lambda" => format!("arn:aws:lambda:{region}:{account}:function:{id}"),
            "kms" => format!("arn:aws:kms:{region}:{account}:key/{id}"),
            _ => format!("arn:aws:sqs:{region}:{account}:{id}"),
        }
    }

    /// What Prowler, Security Hub, Wiz, Prisma Cloud and Orca call the kind.
    fn kinds(&self) -> [&'static str; 5] {
        match self.kind {
            "s3" => ["AwsS3Bucket", "AwsS3Bucket", "BUCKET", "STORAGE_BUCKET", "AwsS3Bucket"],
            "rds" => {
                let kind = "AwsRdsDbInstance";
                [kind, kind, "DB_SERVER", "MANAGED_DATABASE", "AwsRdsDbInstance"]
            }
            "ec2" => {
                let kind = "AwsEc2Instance";
                [kind, kind, "VIRTUAL_MACHINE", "INSTANCE", "AwsEc2Instance"]
            }
            "sg" => {
                let kind = "AwsEc2SecurityGroup";
                [kind, kind, "FIREWALL", "SECURITY_GROUP", "AwsEc2SecurityGroup"]
            }
            "lambda" => {
                let kind = "AwsLambdaFunction";
                [kind, kind, "SERVERLESS", "SERVERLESS_FUNCTION", "AwsLambdaFunction"]
            }
            "kms" => ["AwsKmsKey", "AwsKmsKey", "ENCRYPTION_KEY", "KEY", "AwsKmsKey"],
            _ => ["AwsSqsQueue", "AwsSqsQueue", "MESSAGING_SERVICE", "QUEUE", "AwsSqsQueue"],
        }
    }
}

#[derive(Default)]
struct Made {
    records: BTreeMap<&'static str, Vec<Value>>,
    truth: BTreeMap<String, (String, Kind)>,
}

/// Reports one fault of one asset by some of the tools.
fn report(thing: &Thing, fault: &Fault, catalog: &Catalog, random: &mut Random, made: &mut Made) {
    let standing = catalog.control(fault.control);
    let known = standing.is_some() && random.below(2) == 0;
    let kind = if known { Kind::Known } else { Kind::Unknown };
    for (at, tool) in TOOLS.iter().copied().enumerate() {
        if random.below(10) >= SEEN_OF_TEN {
            continue;
        }
        let named = |tool: &str| standing.and_then(|c| c.aliases.0.get(tool));
        let wording = fault.titles.get(at).copied().unwrap_or_default();
        // What the catalogue knows of a platform is the id, or the name, of its rule.
        // Of the scanners nearly every rule is known, so theirs stay known where they can.
        let scanner = matches!(tool, "prowler" | "security_hub");
        let is_known = kind == Kind::Known || (scanner && standing.is_some());
        let (rule, title) = match (is_known, tool) {
            (false, _) => (format!("made-up-{tool}-{}-{}", fault.kind, fault.name), wording),
            (true, "wiz") => match named("checkov").and_then(|names| names.first()) {
                Some(id) => (id.clone(), wording),
                None => continue,
            },
            (true, "prisma") => {
                match named(tool).and_then(|names| names.iter().find(|name| name.contains(' '))) {
                    Some(name) => (String::new(), name.as_str()),
                    None => continue,
                }
            }
            (true, _) => match named(tool).and_then(|names| names.first()) {
                Some(id) => (id.clone(), wording),
                None => continue,
            },
        };
        // A compliance report of Lacework gives its results no id of their own.
        let native = match tool {
            "lacework" => format!("{rule}|{}|{}", thing.account, thing.arn()),
            _ => format!("{tool}-{}", made.truth.len()),
        };
        let record = Said { thing, rule: &rule, title, native: &native, known: is_known };
        made.records.entry(tool).or_default().push(record.by(tool, random));
        let truth = format!("{}|{}.{}", thing.arn(), fault.kind, fault.name);
        made.truth.insert(format!("{tool}|{native}"), (truth, kind));
    }
}

struct Said<'a> {
    thing: &'a Thing,
    rule: &'a str,
    title: &'a str,
    native: &'a str,
    known: bool,
}

impl Said<'_> {
    fn by(&self, tool: &str, random: &mut Random) -> Value {
        match tool {
            "prowler" => self.ocsf("Prowler", random),
            "custodian" => self.ocsf("Custodian", random),
            "security_hub" => self.asff(random),
            "wiz" => self.wiz(random),
            "prisma" => self.prisma(random),
            "orca" => self.orca(random),
            _ => self.lacework(random),
        }
    }

    /// Tags as one tool sees them: often only some.
    fn tags(&self, random: &mut Random) -> Vec<(&'static str, String)> {
        self.thing.tags.iter().filter(|_| random.below(4) > 0).cloned().collect()
    }

    fn name(&self, random: &mut Random) -> &str {
        let [now, before] = &self.thing.names;
        if random.below(3) == 0 { before } else { now }
    }

    fn ocsf(&self, product: &str, random: &mut Random) -> Value {
        let Thing { account, region, .. } = self.thing;
        let severity = 2 + random.below(4);
        let tags: Vec<String> =
            self.tags(random).iter().map(|(key, value)| format!("{key}:{value}")).collect();
        let created = 1_790_000_000 + random.below(900_000);
        json!({
            "metadata": {"event_code": self.rule, "version": "1.5.0",
                "product": {"name": product, "vendor_name": product, "version": "5.0.0"}},
            "severity_id": severity, "status": "New", "status_id": 1, "status_code": "FAIL",
            "activity_id": 1, "category_uid": 2, "class_uid": if product == "Prowler" { 2004 } else { 2003 },
            "type_uid": if product == "Prowler" { 200_401 } else { 200_301 },
            "finding_info": {"created_time": created, "uid": self.native, "title": self.title, "types": []},
            "resources": [{"uid": self.thing.arn(), "name": self.name(random), "type": self.thing.kinds()[0],
                "region": region, "labels": tags}],
            "cloud": {"provider": "aws", "region": region, "account": {"uid": account}},
            "time": created,
        })
    }

    fn asff(&self, random: &mut Random) -> Value {
        let Thing { account, region, .. } = self.thing;
        let tags: BTreeMap<_, _> = self.tags(random).into_iter().collect();
        let label = random.pick(&["LOW", "MEDIUM", "HIGH", "CRITICAL"]).copied();
        json!({
            "SchemaVersion": "2018-10-08", "Id": self.native,
            "ProductArn": format!("arn:aws:securityhub:{region}::product/aws/securityhub"),
            "GeneratorId": format!("security-control/{}", self.rule), "AwsAccountId": account, "Region": region,
            "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
            "CreatedAt": "2026-09-01T08:00:00.000Z",
            "UpdatedAt": format!("2026-10-{:02}T08:00:00.000Z", 1 + random.below(28)),
            "Severity": {"Label": label}, "Title": self.title, "Description": self.title,
            "Resources": [{"Type": self.thing.kinds()[1], "Id": self.thing.arn(), "Partition": "aws",
                "Region": region, "Tags": tags}],
            "Compliance": {"Status": "FAILED", "SecurityControlId": self.rule},
            "Workflow": {"Status": "NEW"}, "RecordState": "ACTIVE",
        })
    }

    fn wiz(&self, random: &mut Random) -> Value {
        let Thing { account, region, .. } = self.thing;
        let tags: BTreeMap<_, _> = self.tags(random).into_iter().collect();
        let references = match self.known {
            true => json!([{"id": self.rule, "name": "Checkov"}]),
            false => Value::Null,
        };
        let severity = random.pick(&["LOW", "MEDIUM", "HIGH", "CRITICAL"]).copied();
        json!({
            "id": self.native, "targetExternalId": self.thing.id,
            "result": "FAIL", "status": "OPEN", "severity": severity,
            "analyzedAt": format!("2026-10-{:02}T10:00:00Z", 1 + random.below(28)),
            "firstSeenAt": "2026-09-12T10:00:00Z",
            "rule": {"id": format!("wiz-rule-{}", self.rule), "name": self.title, "externalReferences": references},
            "resource": {"id": format!("e-{}", self.thing.id), "type": self.thing.kinds()[2],
                "name": self.name(random), "providerId": self.thing.arn(), "region": region, "tags": tags,
                "subscription": {"id": "s-1", "externalId": account, "cloudProvider": "AWS"}},
        })
    }

    fn prisma(&self, random: &mut Random) -> Value {
        let Thing { account, region, .. } = self.thing;
        let tags: BTreeMap<_, _> = self.tags(random).into_iter().collect();
        let arn = random.below(2) == 0 || !matches!(self.thing.kind, "ec2" | "sg" | "s3");
        let id = if arn { self.thing.arn() } else { self.thing.id.clone() };
        let kind = self.thing.kinds()[3];
        let policy = if self.rule.is_empty() {
            format!("policy-{}", self.title)
        } else {
            self.rule.to_owned()
        };
        let seen = 1_758_700_800_000u64 + random.below(9_000_000_000);
        let severity = random.pick(&["low", "medium", "high", "critical"]).copied();
        json!({
            "id": self.native, "status": "open", "firstSeen": 1_758_700_800_000u64, "lastSeen": seen,
            "alertTime": 1_758_700_800_000u64,
            "policy": {"policyId": policy, "policyType": "config", "name": self.title, "severity": severity},
            "resource": {"rrn": format!("rrn:aws:{kind}:{region}:{account}:x:{}", self.thing.id), "id": id,
                "name": self.name(random), "account": "shop", "accountId": account, "regionId": region,
                "resourceType": kind, "cloudType": "aws", "resourceTags": tags},
        })
    }

    fn orca(&self, random: &mut Random) -> Value {
        let Thing { account, region, .. } = self.thing;
        let tags: Vec<String> =
            self.tags(random).iter().map(|(key, value)| format!("{key}|{value}")).collect();
        let kind = self.thing.kinds()[4];
        let severity = random.pick(&["informational", "hazardous", "imminent compromise"]).copied();
        json!({
            "alert_id": self.native, "type": self.title, "type_string": self.title, "type_key": self.rule,
            "rule_id": self.rule, "category": "Best practices", "description": self.title, "details": self.title,
            "severity": severity, "asset_name": self.name(random), "asset_type": kind,
            "asset_unique_id": format!("{kind}_{account}_{}", self.thing.id), "asset_vendor_id": self.thing.arn(),
            "cloud_provider": "aws", "cloud_vendor_id": account, "cloud_account_id": "made-up",
            "account_name": "shop", "asset_regions": [region],
            "state": {"alert_id": self.native, "status": "open", "severity": severity, "score": 2,
                "created_at": "2026-09-20T00:00:00+00:00", "last_seen": "2026-10-25T00:00:00+00:00"},
            "asset_tags_info_list": tags,
        })
    }

    fn lacework(&self, random: &mut Random) -> Value {
        let Thing { account, region, .. } = self.thing;
        let severity = random.pick(&["Low", "Medium", "High", "Critical"]).copied();
        json!({
            "reportTime": format!("2026-10-{:02}T00:00:00.000Z", 1 + random.below(28)),
            "account": {"AccountId": account, "Account_Alias": ""}, "id": self.rule, "title": self.title,
            "evalType": "LW_SA", "severity": severity, "status": "NonCompliant", "reason": self.title,
            "recommendation": self.title, "region": region, "resource": self.thing.arn(),
        })
    }
}

impl Made {
    fn into_estate(self) -> Estate {
        let file = |(tool, records): (&'static str, Vec<Value>)| {
            let whole = match tool {
                "security_hub" => json!({"Findings": records}),
                "wiz" => json!({"data": {"configurationFindings": {"nodes": records}}}),
                "prisma" => json!({"items": records}),
                "lacework" => json!({"data": records}),
                _ => Value::Array(records),
            };
            (format!("{tool}.json"), whole)
        };
        Estate { files: self.records.into_iter().map(file).collect(), truth: self.truth }
    }
}
