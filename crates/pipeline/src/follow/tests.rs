//! Whatever is imported and decided in whatever order, incidents that follow the store are those
//! that are built from all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use quell_govern::Person;
use quell_govern::exception::{Exception, Limits};
use quell_model::{AssetId, FixedClock, Hints, Provider, Relation, RelationKind, Timestamp, Tool};
use quell_store::{
    FinishedInput, IdSet, Index, Noted, Packed, PreparedRelation, Reading, Snapshot, Store, Touched,
};
use serde_json::{Value, json};

use super::{Following, One};
use crate::exceptions::Said;
use crate::incidents::{World as Whole, judgement};
use crate::report::{decisions_on, open_of_key};
use crate::{
    Progress, Request, Setup, explain_risk, intel, join_incidents, reset_incident, run,
    show_incident, split_incident,
};

const CHECKS: [&str; 3] =
    ["s3_bucket_object_versioning", "s3_bucket_default_encryption", "s3_bucket_public_access"];
const WEAK: [&str; 3] = ["CVE-2021-44228", "CVE-2031-0001", "CVE-2031-0002"];

static SETUP: LazyLock<Setup> = LazyLock::new(|| Setup::embedded(None).unwrap());

/// What a file says, or a person decides. Another decision of the same step may have taken what
/// it is about away; then nothing happens.
#[derive(Debug, Clone)]
enum Step {
    /// A check on a bucket: its number, tags, time and whether it failed.
    Check { number: usize, tag: usize, day: i64, failed: bool },
    /// A second tool sees a bucket, and may hide what it sees.
    Second { number: usize, hidden: bool },
    /// An image with some weaknesses.
    Image { number: usize, weak: BTreeSet<usize> },
    /// A shell in a pod that runs an image.
    Shell { number: usize, pod: usize, second: i64 },
    /// A supplier says of a weakness that an image is not affected.
    Statement { weak: usize, number: usize, affected: bool },
    /// A person takes the first issue out of an incident.
    Split(usize),
    /// A person joins two incidents.
    Join(usize, usize),
    /// A person takes a decision back.
    Reset(usize),
    /// A platform is read whole and lists these relations of assets, and no others.
    Related(BTreeSet<usize>),
    /// An exception is granted for a bucket, or all of them are taken back.
    Hide(Option<usize>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_usize..9, 0_usize..4, 0_i64..3, any::<bool>())
            .prop_map(|(number, tag, day, failed)| Step::Check { number, tag, day, failed }),
        2 => (0_usize..4, any::<bool>()).prop_map(|(number, hidden)| Step::Second { number, hidden }),
        3 => (0_usize..2, proptest::collection::btree_set(0_usize..3, 0..3))
            .prop_map(|(number, weak)| Step::Image { number, weak }),
        4 => (0_usize..2, 0_usize..2, 0_i64..4)
            .prop_map(|(number, pod, second)| Step::Shell { number, pod, second }),
        1 => (0_usize..3, 0_usize..2, any::<bool>())
            .prop_map(|(weak, number, affected)| Step::Statement { weak, number, affected }),
        1 => (0_usize..9).prop_map(Step::Split),
        1 => (0_usize..9, 0_usize..9).prop_map(|(a, b)| Step::Join(a, b)),
        1 => select(vec![0_usize, 1, 2]).prop_map(Step::Reset),
        2 => prop::option::weighted(0.7, 0_usize..4).prop_map(Step::Hide),
        4 => proptest::collection::btree_set(0_usize..RELATED.len(), 0..RELATED.len())
            .prop_map(Step::Related),
    ]
}

/// Relations by which the internet comes to buckets and an image, rights to a bucket, and a pod has
/// other names.
const RELATED: [(&str, RelationKind, &str); 10] = [
    ("internet", RelationKind::Exposes, "arn:aws:s3:::bucket-0"),
    ("arn:aws:s3:::bucket-0", RelationKind::Exposes, "arn:aws:s3:::bucket-1"),
    ("arn:aws:s3:::bucket-1", RelationKind::UsesImage, "registry.example/harbor/tickets:0"),
    ("internet", RelationKind::Exposes, "registry.example/harbor/tickets:1"),
    ("arn:aws:iam::111122223333:role/app", RelationKind::HasPermission, "everything"),
    ("arn:aws:s3:::bucket-2", RelationKind::CanAssume, "arn:aws:iam::111122223333:role/app"),
    ("arn:aws:s3:::bucket-2", RelationKind::Contains, "arn:aws:s3:::bucket-0"),
    ("arn:aws:s3:::bucket-1", RelationKind::Holds, "sensitive data"),
    ("harbor/tickets-0", RelationKind::SameAs, "arn:aws:s3:::bucket-1"),
    ("harbor/tickets-1", RelationKind::SameAs, "harbor/tickets-0"),
];

fn asset(name: &str) -> AssetId {
    let image = Hints { provider: Some(Provider::Image), ..Hints::default() };
    match name {
        "internet" => AssetId::internet(),
        "everything" => AssetId::everything(),
        "sensitive data" => AssetId::sensitive_data(),
        image_name if image_name.starts_with("registry") => AssetId::parse(image_name, &image),
        pod if pod.starts_with("harbor/") => {
            let name = pod.strip_prefix("harbor/");
            let (provider, kind) = (Some(Provider::Kubernetes), Some("Pod"));
            let hints =
                Hints { provider, kind, name, namespace: Some("harbor"), ..Hints::default() };
            AssetId::parse(pod, &hints)
        }
        name => AssetId::parse(name, &Hints::default()),
    }
}

fn related(from: &AssetId, kind: RelationKind, to: &AssetId) -> Relation {
    let tool = Tool { product: "wiz".to_owned(), format: "wiz".to_owned() };
    Relation::new(tool, from, kind, to).unwrap()
}

fn check(number: usize, tag: usize, day: i64, failed: bool) -> Value {
    // One of the days is long ago: what was seen then only is stale.
    let time = [1_690_000_000, 1_750_000_000, 1_790_000_000][usize::try_from(day).unwrap()];
    let labels = [vec![], vec!["owner:team-a"], vec!["owner:team-b", "env:prod"], vec!["env:dev"]];
    json!([{"class_uid": 2004, "severity_id": 2 + number % 4, "severity": "High", "status": "New",
        "status_id": 1, "status_code": if failed { "FAIL" } else { "PASS" }, "time": time,
        "metadata": {"event_code": CHECKS[number % 3], "product": {"name": "Prowler"}},
        "finding_info": {"uid": format!("prowler-{number}"), "title": CHECKS[number % 3]},
        "resources": [{"uid": format!("arn:aws:s3:::bucket-{}", number / 3), "type": "AwsS3Bucket",
            "region": "eu-west-1", "labels": labels[tag]}],
        "cloud": {"provider": "aws", "account": {"uid": "111122223333"}}}])
}

fn second(number: usize, hidden: bool) -> Value {
    json!({"Findings": [{"SchemaVersion": "2018-10-08", "Id": format!("hub-{number}"),
        "GeneratorId": "security-control/S3.14",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "AwsAccountId": "111122223333", "CreatedAt": "2025-06-15T00:00:00Z", "Types": ["x"],
        "UpdatedAt": if hidden { "2026-06-15T00:00:00Z" } else { "2025-06-15T00:00:00Z" },
        "Severity": {"Label": "LOW"}, "Title": "S3 buckets should have versioning enabled",
        "Description": "d", "RecordState": "ACTIVE",
        "Workflow": {"Status": if hidden { "SUPPRESSED" } else { "NEW" }},
        "Resources": [{"Type": "AwsS3Bucket", "Id": format!("arn:aws:s3:::bucket-{number}")}],
        "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.14"}}]})
}

fn image(number: usize, weak: &BTreeSet<usize>) -> Value {
    let weak = weak.iter().map(|at| {
        json!({"VulnerabilityID": WEAK[*at], "PkgName": format!("org.example:part-{at}"),
            "PkgPath": format!("srv/part-{at}.jar"), "InstalledVersion": "1.0",
            "Severity": "CRITICAL", "Title": "A weakness"})
    });
    json!({"SchemaVersion": 2, "CreatedAt": "2026-10-20T00:00:00Z",
        "ArtifactType": "container_image",
        "ArtifactName": format!("registry.example/harbor/tickets:{number}"),
        "Results": [{"Target": "Java", "Class": "lang-pkgs", "Type": "jar",
            "Vulnerabilities": weak.collect::<Vec<_>>()}]})
}

fn shell(number: usize, pod: usize, second: i64) -> Value {
    json!({"uuid": format!("seen-{pod}"), "output": "a shell", "priority": "Warning",
        "rule": "Shell in container", "source": "syscall",
        "time": format!("2026-10-30T01:02:{second:02}.5Z"), "tags": ["mitre_execution", "T1059"],
        "output_fields": {"k8s.ns.name": "harbor", "k8s.pod.name": format!("tickets-{pod}"),
            "container.image.repository": "registry.example/harbor/tickets",
            "container.image.tag": number.to_string(), "proc.name": "sh", "proc.cmdline": "sh -i",
            "proc.pid": 70 + second, "proc.pname": "java",
            "proc.pcmdline": format!("java -jar /srv/part-{number}.jar"), "proc.ppid": 60}})
}

fn statement(weak: usize, number: usize, affected: bool) -> Value {
    json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": format!("https://vex.example/{weak}"),
        "author": "Example", "timestamp": "2026-02-03T04:05:06Z", "version": 2, "statements": [{
            "@id": format!("s-{weak}-{number}"), "vulnerability": {"name": WEAK[weak]},
            "timestamp": if affected { "2026-03-04T04:05:06Z" } else { "2026-02-04T04:05:06Z" },
            "status": if affected { "affected" } else { "not_affected" },
            "justification": "vulnerable_code_not_present", "action_statement": "update",
            "products": [{"@id": format!("registry.example/harbor/tickets:{number}")}]}]})
}

fn now() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

const fn ended() -> FinishedInput<'static> {
    FinishedInput {
        hash: None,
        path: "relations",
        plain_bytes: None,
        format: "",
        imported_at: Timestamp::UNIX_EPOCH,
        complete: false,
        most_closed: None,
    }
}

struct World {
    folder: tempfile::TempDir,
    store: Store,
    index: Index,
    files: usize,
    readings: i64,
    following: Option<Following>,
    part: Option<Following>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        let index = Index::load(&store).unwrap();
        Self { folder, store, index, files: 0, readings: 0, following: None, part: None }
    }

    fn import(&mut self, content: &Value) {
        self.files += 1;
        let path = self.folder.path().join(format!("{}.json", self.files));
        fs::write(&path, content.to_string()).unwrap();
        let request = Request { paths: vec![path], ..Request::default() };
        let cancelled = AtomicBool::new(false);
        let progress = Progress { cancelled: &cancelled, bytes: &|_, _| (), doing: &|_| () };
        run(&mut self.store, &SETUP, &request, &FixedClock(now()), &progress).unwrap();
        self.index.refresh(&self.store).unwrap();
    }

    /// The id of an incident, as far as there are any.
    fn id(&self, at: usize) -> Option<String> {
        let all = self.following.as_ref()?.all();
        let at = at.checked_rem(all.len())?;
        Some(all.get(at)?.incident.key.to_string())
    }

    fn apply(&mut self, step: &Step) {
        let by = (now(), "kim");
        match step {
            Step::Check { number, tag, day, failed } => {
                self.import(&check(*number, *tag, *day, *failed));
            }
            Step::Second { number, hidden } => self.import(&second(*number, *hidden)),
            Step::Image { number, weak } => self.import(&image(*number, weak)),
            Step::Shell { number, pod, second } => self.import(&shell(*number, *pod, *second)),
            Step::Statement { weak, number, affected } => {
                self.import(&statement(*weak, *number, *affected));
            }
            Step::Split(at) => {
                let all = self.following.as_ref().map(Following::all).unwrap_or_default();
                let many: Vec<_> = all.iter().filter(|one| one.incident.issues.len() > 1).collect();
                let Some(one) = at.checked_rem(many.len()).and_then(|at| many.get(at)) else {
                    return;
                };
                let issue = one.incident.issues.first().unwrap().to_string();
                let of = (&*one.incident.key.to_string(), &[issue][..], None);
                drop(split_incident(&mut self.store, &SETUP, of, by));
            }
            Step::Join(a, b) => {
                let (Some(a), Some(b)) = (self.id(*a), self.id(*b)) else { return };
                if a != b {
                    let of = (&*a, &[b][..], None);
                    drop(join_incidents(&mut self.store, &SETUP, of, by));
                }
            }
            Step::Reset(at) => {
                let Some(id) = self.id(*at) else { return };
                drop(reset_incident(&mut self.store, &SETUP, (&id, None), now()));
            }
            Step::Related(listed) => self.relate(listed),
            Step::Hide(bucket) => self.hide(*bucket),
        }
    }

    /// A whole reading of relations. What two in a row do not list is gone.
    fn relate(&mut self, listed: &BTreeSet<usize>) {
        let of =
            |(from, kind, to): (&str, RelationKind, &str)| related(&asset(from), kind, &asset(to));
        self.list(listed.iter().map(|at| of(RELATED[*at])).collect());
    }

    fn list(&mut self, relations: Vec<Relation>) {
        self.readings += 1;
        let mut seen = Touched::default();
        let mut import = self.store.import("relations", &mut seen).unwrap();
        for relation in relations {
            let body = Packed::of(&serde_json::to_vec(&relation).unwrap());
            let relation = PreparedRelation {
                key: relation.key(),
                from: Relation::end_of(relation.from.key()),
                to: Relation::end_of(relation.to.key()),
                content_hash: 1,
                teller: None,
                label: None,
                observed: now() + jiff::SignedDuration::from_secs(self.readings),
                body: &body,
            };
            import.relation(&relation).unwrap();
        }
        import.finish(&ended()).unwrap();
        let reading = Reading { source: "wiz", stream: "resources", number: self.readings };
        let at = || now() + jiff::SignedDuration::from_secs(self.readings);
        let mut touched = Touched::default();
        let noted = (reading, Noted::Page(0));
        self.store.reading_note(noted, &seen, (&mut touched, at())).unwrap();
        self.store.reading_settle((reading, 1), (None, at()), &mut touched).unwrap();
        self.index.refresh(&self.store).unwrap();
    }

    /// Grants an exception, or takes all back.
    fn hide(&mut self, bucket: Option<usize>) {
        let (anna, ben) = (Person::new("anna", "Anna"), Person::new("ben", "Ben"));
        let Some(bucket) = bucket else {
            for one in self.store.exception_list(&[]).unwrap() {
                let change = |one: &mut Exception| one.withdraw(&anna, ("", now()));
                drop(self.store.exception_change(&one.id, change).unwrap());
            }
            return;
        };
        let scope = [
            "asset = '*0' or asset = '*1'",
            "severity <= medium",
            "cve = CVE-2021-44228 or class = detection",
            "asset = *bucket*",
        ];
        let request = quell_govern::exception::Request {
            renews: None,
            scope: scope[bucket].to_owned(),
            reason: "why".to_owned(),
            compensating_controls: Vec::new(),
            owner: "shop".to_owned(),
            until: now() + jiff::SignedDuration::from_hours(9),
        };
        let id = format!("{bucket}-{}", self.files);
        let mut one = Exception::requested(id, request, ("request", 1), (&anna, now()));
        one.approve(&Limits::default(), &ben, ("", now())).unwrap();
        self.store.exception_add(&[one]).unwrap();
    }

    /// The issues that somebody sees in this step: some that stay, and some that come and go.
    fn among(&self, step: usize) -> IdSet {
        let mut among = IdSet::default();
        let rows = self.index.snapshot().assets_of_issues().map(|(row, _)| row).collect::<Vec<_>>();
        for row in rows.into_iter().filter(|row| row % 2 == 0 || (step % 3 == 1 && row % 5 == 1)) {
            among.insert(row);
        }
        among
    }

    /// Follows what is seen of the store.
    fn follow_part(&mut self, among: &IdSet) {
        let intel = intel::load(&self.store, SETUP.catalog().intel()).unwrap();
        let by = judgement(&SETUP, &intel, now());
        let moment = self.store.moment().unwrap();
        let part = Following::follow(self.part.take(), &self.store, by, Some(among.clone()));
        drop(moment);
        self.part = Some(part.unwrap());
    }

    fn follow(&mut self) {
        let intel = intel::load(&self.store, SETUP.catalog().intel()).unwrap();
        let by = judgement(&SETUP, &intel, now());
        let moment = self.store.moment().unwrap();
        let following = Following::follow(self.following.take(), &self.store, by, None).unwrap();
        drop(moment);
        self.following = Some(following);
    }

    /// All that is told, built from all that is stored, or from some issues of it.
    fn whole(&self, among: Option<&IdSet>) -> Vec<Arc<One>> {
        let intel = intel::load(&self.store, SETUP.catalog().intel()).unwrap();
        let by = judgement(&SETUP, &intel, now());
        let whole = Whole::among(&self.store, by, (None, among)).unwrap();
        let said = Said::find(&self.store, &whole.open, now()).unwrap();
        let decided =
            decisions_on(&self.store, (&whole.estate, &said), &whole.open, &whole.stories);
        let index = self.index.snapshot();
        let mut all = Vec::new();
        for (incident, decision) in whole.stories.iter().zip(decided.unwrap()) {
            let open = || incident.issues.iter().filter_map(|key| open_of_key(&whole.open, key));
            let assets: BTreeSet<&str> = open().map(|open| open.candidate.asset()).collect();
            let rows: Box<[u32]> = open().map(|open| u32::try_from(open.row).unwrap()).collect();
            all.push(Arc::new(One {
                team: Arc::from(self.team(&index, &rows)),
                tools: Arc::from(tools(&index, &rows)),
                incident: incident.clone(),
                assets: u64::try_from(assets.len()).unwrap(),
                rows,
                decision,
            }));
        }
        all.sort_unstable_by_key(|one| one.incident.key);
        let following = if among.is_some() { &self.part } else { &self.following };
        let known = following.as_ref().unwrap().surroundings();
        for open in &whole.open {
            let asset = open.candidate.asset();
            assert_eq!(known.of(asset), whole.estate.around(asset), "{asset}");
        }
        all
    }

    /// The owner of most of its assets, else the role that the control of its riskiest issue names.
    fn team(&self, index: &Snapshot, rows: &[u32]) -> String {
        let cells = || rows.iter().filter_map(|row| index.issue(i64::from(*row)));
        let mut owners: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        for cells in cells() {
            if let Some(team) = cells.team {
                owners.entry(team).or_default().insert(cells.asset);
            }
        }
        if let Some((owner, _)) = owners.iter().rev().max_by_key(|(_, assets)| assets.len()) {
            return (*owner).to_owned();
        }
        let control = cells().next().and_then(|cells| cells.control);
        let control = control.and_then(|id| SETUP.catalog().control(id));
        control.map_or("security team", |control| control.explain.who.as_str()).to_owned()
    }
}

/// The tools that see some issues.
fn tools(index: &Snapshot, rows: &[u32]) -> String {
    let cells = rows.iter().filter_map(|row| index.issue(i64::from(*row)));
    let tools: BTreeSet<&str> = cells.flat_map(|cells| cells.tools.split(',')).collect();
    tools.into_iter().collect::<Vec<_>>().join(",")
}

#[test]
fn what_relations_tell_counts_and_is_told_with_its_records() {
    let mut world = World::new();
    world.apply(&Step::Image { number: 1, weak: [0].into() });
    world.apply(&Step::Image { number: 0, weak: [1].into() });
    let worst = |world: &mut World| {
        world.follow();
        let all = world.following.as_ref().unwrap().all();
        let worst = all.iter().max_by_key(|one| one.incident.score).unwrap();
        (worst.incident.key.to_string(), worst.incident.score, worst.decision)
    };
    let before = worst(&mut world);
    world.relate(&[3].into());
    let after = worst(&mut world);
    assert_eq!(before.0, after.0);
    assert!(after.1 >= before.1 + 120, "{before:?} {after:?}");
    let story = show_incident(&world.store, &SETUP, &after.0, None, now()).unwrap();
    let why = &story.incident.explanation.why;
    let told = why.iter().find(|claim| claim.text.raw().starts_with("The internet")).unwrap();
    let image = asset("registry.example/harbor/tickets:1");
    let said = format!("The internet reaches it: the internet exposes `{}` (wiz).", image.key());
    assert_eq!(told.text.raw(), said);
    assert!(told.evidence.iter().all(|record| record.starts_with("relation:")), "{told:?}");
    let risk = explain_risk(&world.store, &SETUP, &after.0, now()).unwrap();
    let part = risk.parts.iter().find(|part| part.name == "exposure").unwrap();
    assert_eq!(part.evidence, told.evidence);
    assert!(part.because.raw().contains("relations"), "{part:?}");
    // Once is not enough.
    world.relate(&BTreeSet::new());
    assert_eq!(worst(&mut world), after);
    world.relate(&BTreeSet::new());
    assert_eq!(worst(&mut world), before);
}

const SUBSCRIPTION: &str = "0b1f6471-1bf0-4dda-aec3-111122223333";
const VM_ID: &str = "5f1c9c1e-5a4d-4d0b-9c55-6f0f7a1e2b31";

/// A machine in Azure by its resource id.
fn machine() -> String {
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/shop");
    format!("{group}/providers/Microsoft.Compute/virtualMachines/web")
}

#[test]
fn what_is_seen_under_two_names_of_a_machine_is_one_attack() {
    let mut world = World::new();
    world.import(&json!({"SystemAlertId": "one", "AlertType": "VM_Suspicious", "Severity": "High",
        "AlertDisplayName": "Suspicious process", "Status": "New",
        "StartTimeUtc": "2026-10-30T10:00:00Z", "TimeGeneratedUtc": "2026-10-30T10:01:00Z",
        "AzureResourceId": machine(), "ResourceIdentifiers": []}));
    world.import(&json!({"composite_id": "c:ind:a:1", "cid": "c", "agent_id": "a", "product": "epp",
        "display_name": "Shell", "description": "A shell", "severity": 90, "severity_name": "Critical",
        "status": "new", "timestamp": "2026-10-30T11:00:00Z", "tactic": "Execution",
        "technique_id": "T1059", "created_timestamp": "2026-10-30T11:00:00Z",
        "updated_timestamp": "2026-10-30T11:00:00Z", "falcon_host_link": "https://falcon.example/1",
        "pattern_id": 1, "show_in_ui": true,
        "device": {"hostname": "web", "service_provider": "AZURE", "instance_id": VM_ID,
            "service_provider_account_id": SUBSCRIPTION}}));
    let sizes = |world: &mut World| -> Vec<usize> {
        world.follow();
        let all = world.following.as_ref().unwrap().all();
        assert_eq!(*all, world.whole(None));
        all.iter().map(|one| one.incident.issues.len()).collect()
    };
    assert_eq!(sizes(&mut world), [1, 1]);
    let hints =
        Hints { provider: Some(Provider::Azure), account: Some(SUBSCRIPTION), ..Hints::default() };
    let (whole, own) = (asset(&machine()), AssetId::parse(VM_ID, &hints));
    let same = related(&whole, RelationKind::SameAs, &own);
    world.list(vec![same.clone(), related(&AssetId::internet(), RelationKind::Exposes, &whole)]);
    assert_eq!(sizes(&mut world), [2]);
    let key = world.following.as_ref().unwrap().all()[0].incident.key.to_string();
    let story = show_incident(&world.store, &SETUP, &key, None, now()).unwrap();
    let why: Vec<&str> =
        story.incident.explanation.why.iter().map(|claim| claim.text.raw()).collect();
    assert!(why.iter().any(|text| text.contains("made on one asset, seen as")), "{why:#?}");
    let both = format!("`{}` is the same as `{}`", whole.key(), own.key());
    assert!(
        why.iter().any(|text| text.starts_with("The internet") && text.contains(&both)),
        "{why:#?}"
    );
    // Only the names: then the story is one all the same.
    world.list(vec![same]);
    assert_eq!(sizes(&mut world), [2]);
    world.list(Vec::new());
    world.list(Vec::new());
    assert_eq!(sizes(&mut world), [1, 1]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24, max_shrink_iters: 64, ..ProptestConfig::default()
    })]

    #[test]
    fn what_follows_the_store_is_what_is_built_from_all_of_it(
        steps in vec(vec(step(), 1..3), 1..9),
    ) {
        let mut world = World::new();
        for (number, steps) in steps.iter().enumerate() {
            steps.iter().for_each(|step| world.apply(step));
            world.follow();
            let followed = world.following.as_ref().unwrap().all();
            prop_assert_eq!(&*followed, &world.whole(None));
            let among = world.among(number);
            world.follow_part(&among);
            let followed = world.part.as_ref().unwrap().all();
            prop_assert_eq!(&*followed, &world.whole(Some(&among)));
        }
    }
}
