//! What is an anomaly, and what is told of it.

use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use quell_analyst::{Audience, Brief, By, Call, Grants, Tasks, Why, Written};
use quell_model::{
    Asset, Claim, Detection, Finding, FindingClass, FixedClock, Process, Rule, Status, Tool,
    Untrusted,
};
use quell_store::Store;
use serde_json::{Value, json};

use super::{Anomaly, Baseline, Known, known};
use crate::analyst::incident::{self, Details};
use crate::{Progress, Request, Setup, run, show_incident};

static TASKS: LazyLock<Tasks> = LazyLock::new(|| Tasks::embedded().unwrap());

fn finding(product: &str, rule: &str, facts: &[(&str, &str)]) -> Finding {
    let tool = Tool { product: product.to_owned(), format: product.to_owned() };
    let rule = Rule { id: rule.to_owned(), ..Rule::default() };
    let asset = Asset { name: "deploy".into(), ..Asset::default() };
    let mut finding = Finding::new(tool, FindingClass::Detection, rule, asset);
    finding.title = "Calls by deploy are unusual.".into();
    finding.evidence =
        facts.iter().map(|(name, value)| ((*name).to_owned(), Untrusted::from(*value))).collect();
    finding.detection = Some(Box::new(Detection {
        principal: "deploy".into(),
        remote_addresses: vec!["203.0.113.9".to_owned()],
        ..Detection::default()
    }));
    finding
}

fn baseline(product: &str, rule: &str, facts: &[(&str, &str)]) -> Option<Baseline> {
    let mut finding = finding(product, rule, facts);
    finding.title = "A title".into();
    Baseline::of(&finding)
}

#[test]
fn both_sides_are_told_where_the_tool_gives_them() {
    let facts = [
        (
            "usual_rate",
            "12.5 calls a day on average of this identity; 40 calls on the busiest day of this identity",
        ),
        ("seen_rate", "900 calls in 24 hours of this identity"),
        ("usual", "this identity, calls often seen: GetObject"),
        ("unusual", "this identity, networks never seen: asnNumber: 64500"),
    ];
    let told = baseline("guardduty", "Exfiltration:S3/AnomalousBehavior", &facts).unwrap();
    assert_eq!((told.known(), told.times.as_deref()), (Known::Both, Some("72")));
    assert_eq!(told.compared_with, "the profile of the identity and the account");
    let statistics = r#"{"baseline": {"average": 0.1}, "insight": {"average": 9}}"#;
    let told = baseline("cloudtrail", "ApiCallRateInsight", &[("statistics", statistics)]).unwrap();
    assert_eq!(
        (told.usual_rate.as_str(), told.times.as_deref()),
        ("0.1 calls a minute on average", Some("90"))
    );
    assert_eq!(told.known(), Known::Both);
}

#[test]
fn what_is_not_told_is_not_made_up() {
    let word = baseline("guardduty", "Behavior:EC2/NetworkPortUnusual", &[]).unwrap();
    assert_eq!((word.known(), word.times.as_deref()), (Known::Nothing, None));
    let new = baseline("lacework", "x", &[("alert_type", "NewExternalServerDns")]).unwrap();
    assert!(new.first_time && new.known() == Known::Nothing);
    let policy = baseline("prisma_cloud", "x", &[("policy_type", "anomaly")]).unwrap();
    assert_eq!(policy.compared_with, "a learned behavior that is not told");
    assert_eq!(baseline("guardduty", "Backdoor:EC2/C&CActivity.B", &[]), None);
    // A rate of another whom is no baseline of this one, and nothing is so and so many times nought.
    let other = [
        ("usual_rate", "3 calls a day on average of the account"),
        ("seen_rate", "9 calls in 24 hours of this bucket"),
    ];
    assert_eq!(baseline("guardduty", "x", &other).unwrap().times, None);
    let nought = [
        ("usual_rate", "0 calls a day on average of this bucket"),
        ("seen_rate", "9 calls in 24 hours of this bucket"),
    ];
    assert_eq!(baseline("guardduty", "x", &nought).unwrap().times, None);
    let mut setting = finding("prowler", "anomaly_detection_off", &[]);
    setting.detection = None;
    assert_eq!(Baseline::of(&setting), None, "a setting about anomalies is none");
}

#[test]
fn the_rules_fill_every_part_and_say_where_there_is_no_baseline() {
    let found = finding("guardduty", "Discovery:IAMUser/AnomalousBehavior", &[]);
    let one = Anomaly::of("finding:1", &found).unwrap();
    let anomalies = [one];
    let brief = Brief {
        records: vec![anomalies[0].record(Status::Open)],
        known: known(&anomalies),
        ..Brief::default()
    };
    let task = TASKS.get("anomaly").unwrap();
    let call = Call::new(task, &brief, Audience::Analyst, Grants::default()).unwrap();
    let written = call.by_rules(Why::NotConfigured);
    let text = |part: &str| written.part(part).unwrap().sentences[0].text.raw().to_owned();
    assert!(text("usual").contains("gives no baseline"), "{}", text("usual"));
    for part in ["usual", "seen", "would_explain", "would_not", "checks"] {
        let part = written.part(part).unwrap();
        assert_eq!(part.by, By::Rules);
        assert!(part.sentences.iter().all(|claim| claim.evidence == ["finding:1"]));
    }
    assert!(call.input().contains("none is told") && !call.input().contains("203.0.113.9"));
    assert!(known(&[]).is_empty());
}

#[test]
fn each_field_of_an_anomaly_is_one_that_the_task_reads() {
    let facts = [
        ("usual", "a"),
        ("unusual", "b"),
        ("usual_rate", "1 calls a day on average of x"),
        ("seen_rate", "4 calls in 24 hours of x"),
        ("country", "c"),
        ("userAgent", "d"),
        ("count", "2"),
        ("sample", "true"),
        ("api", "e"),
        ("alert_type", "NewUser"),
    ];
    let mut found = finding("guardduty", "x:y", &facts);
    found.first_seen = Some("2026-11-20T10:00:00Z".parse().unwrap());
    found.last_seen = found.first_seen;
    let seen = found.detection.as_mut().unwrap();
    seen.techniques = vec!["T1078".to_owned()];
    seen.processes = vec![Process { name: "sh".into(), ..Process::default() }];
    let record = Anomaly::of("finding:1", &found).unwrap().record(Status::Open);
    let listed = &TASKS.get("anomaly").unwrap().fields["anomaly"];
    let told: Vec<&str> = record.fields.iter().map(|field| field.name.as_ref()).collect();
    assert!(told.iter().all(|name| listed.iter().any(|known| known == name)), "{told:?}");
    // The rest are names, which who knows the incident adds.
    let rest: Vec<&String> = listed.iter().filter(|name| !told.contains(&name.as_str())).collect();
    assert_eq!(rest, ["asset", "asset_kind", "identity"]);
}

#[test]
fn an_incident_tells_the_anomaly_that_a_file_brought() {
    let profile = json!({
        "profiledBehavior": {"frequentProfiledAPIsUserIdentityProfiling": "GetObject"},
        "unusualBehavior": {"unusualASNsUserIdentityProfiling": "asnNumber: 64500"},
    });
    let file = json!({
        "schemaVersion": "2.0", "accountId": "210987654321", "region": "eu-north-1", "id": "0af1",
        "partition": "aws", "type": "Discovery:IAMUser/AnomalousBehavior", "severity": 8,
        "title": "User ida-exports is anomalously invoking APIs.", "description": "It was odd.",
        "createdAt": "2026-10-30T04:05:06Z", "updatedAt": "2026-10-30T09:00:00Z",
        "resource": {"resourceType": "AccessKey",
            "accessKeyDetails": {"userType": "IAMUser", "userName": "ida-exports"}},
        "service": {"additionalInfo": {"value": profile.to_string(), "type": "default"}},
    });
    let told = Heard::of(&file);
    let input = &told.input;
    assert!(input.contains("calls often seen: GetObject") && input.contains("64500"), "{input}");
    assert!(input.contains("both sides are told") && !input.contains("ida-exports"), "{input}");
    let usual = told.first("usual");
    assert!(usual.text.raw().contains("GetObject"), "{usual:?}");
    assert_eq!(told.written.part("how_sure").unwrap().choice.as_deref(), Some("high"));
    assert!(told.records.contains(&usual.evidence[0]), "{:?}", told.records);
}

#[test]
fn an_insights_event_is_told_with_its_rates_and_who_calls() {
    let user = "arn:aws:iam::210987654321:user/ida-exports";
    let file = json!({"Records": [{
        "eventVersion": "1.08", "eventTime": "2026-10-30T04:05:00Z", "awsRegion": "eu-north-1",
        "eventID": "e-1", "eventType": "AwsCloudTrailInsight", "sharedEventID": "s-1",
        "recipientAccountId": "210987654321", "eventCategory": "Insight",
        "insightDetails": {"state": "End", "eventSource": "iam.amazonaws.com",
            "eventName": "CreateAccessKey", "insightType": "ApiCallRateInsight",
            "insightContext": {
                "statistics": {"baseline": {"average": 0.2}, "insight": {"average": 12.0},
                    "insightDuration": 5},
                "attributions": [{"attribute": "userIdentityArn",
                    "insight": [{"value": user, "average": 12.0}],
                    "baseline": [{"value": "arn:aws:iam::210987654321:role/rotation",
                        "average": 0.2}]}]}}}]});
    let told = Heard::of(&file);
    let input = &told.input;
    for part in
        ["0.2 calls a minute on average", "12 calls a minute on average", "both sides are told"]
    {
        assert!(input.contains(part), "{part}: {input}");
    }
    for name in ["ida-exports", "210987654321", "rotation"] {
        assert!(!input.contains(name), "{name}: {input}");
    }
    let seen = &told.written.part("seen").unwrap().sentences;
    let seen: Vec<&str> = seen.iter().map(|claim| claim.text.raw()).collect();
    assert!(seen.iter().any(|text| text.contains("60 times what is usual")), "{seen:?}");
    assert!(told.first("usual").text.raw().contains("identities usually"));
    assert_eq!(told.written.part("how_sure").unwrap().choice.as_deref(), Some("high"));
}

#[test]
fn an_anomaly_of_ocsf_is_told_with_its_baseline() {
    let of = |value: u64| json!([{"observation_parameter": "bytes out", "observations": [{"value": value}]}]);
    let file = json!([{"class_uid": 2004, "category_uid": 2, "type_uid": 200_401, "severity_id": 4,
        "time": 1_793_000_000_000_u64, "status_id": 1, "activity_id": 1,
        "metadata": {"version": "1.6.0", "product": {"name": "Watcher", "vendor_name": "Own"}},
        "finding_info": {"uid": "f-1", "title": "Traffic of a host is unusual"},
        "resources": [{"uid": "i-0123456789abcdef0", "type": "AWS::EC2::Instance"}],
        "cloud": {"provider": "AWS", "account": {"uid": "210987654321"}, "region": "eu-north-1"},
        "anomaly_analyses": [{"analysis_targets": [{"name": "web-1"}],
            "baselines": of(1_200), "anomalies": of(4_800)}]}]);
    let told = Heard::of(&file);
    assert!(told.input.contains("\"times_usual\":\"4\""), "{}", told.input);
    assert!(told.first("usual").text.raw().contains("1200 as the value of bytes out"));
}

/// What a file comes to for the task.
struct Heard {
    input: String,
    written: Written,
    records: Vec<String>,
}

impl Heard {
    fn of(file: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.json");
        std::fs::write(&path, file.to_string()).unwrap();
        let mut store = Store::open(&folder.path().join("data")).unwrap();
        let setup = Setup::embedded(None).unwrap();
        let now = "2026-11-01T00:00:00Z".parse().unwrap();
        let request = Request { paths: vec![path], ..Request::default() };
        let progress =
            Progress { cancelled: &AtomicBool::new(false), bytes: &|_, _| (), doing: &|_| () };
        let outcome = run(&mut store, &setup, &request, &FixedClock(now), &progress).unwrap();
        let id = &outcome.report.incidents.first().unwrap().id;
        let story = show_incident(&store, &setup, id, None, now).unwrap();
        let details = Details::read(&store, &story).unwrap();
        let brief = incident::brief(&story, &details, setup.catalog());
        let task = TASKS.get("anomaly").unwrap();
        let call = Call::new(task, &brief, Audience::Analyst, Grants::default()).unwrap();
        Self {
            input: call.input().to_owned(),
            written: call.by_rules(Why::NotConfigured),
            records: brief.records.iter().map(|record| record.id.clone()).collect(),
        }
    }

    fn first(&self, part: &str) -> &Claim {
        &self.written.part(part).unwrap().sentences[0]
    }
}

proptest! {
    #[test]
    fn whatever_a_tool_says_is_read(name in "usual|unusual|usual_rate|seen_rate|statistics|alert_type", text in "\\PC{0,120}", rate in "-?[0-9]{1,9}(\\.[0-9]{0,3})? calls of \\PC{0,5}") {
        let found = finding("guardduty", "a:b", &[(&name, &text), ("usual_rate", &rate), ("seen_rate", &rate)]);
        if let Some(one) = Anomaly::of("finding:1", &found) {
            prop_assert!(!known(std::slice::from_ref(&one)).is_empty());
            prop_assert!(one.record(Status::Open).fields.iter().all(|field| field.value.len() < 4_000));
        }
    }
}
