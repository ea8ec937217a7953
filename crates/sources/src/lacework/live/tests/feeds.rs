//! Whole and incremental readings, and what they become.

use quell_model::FindingClass;
use quell_testkit::platforms::Kind;

use super::*;
use crate::lacework::live::feeds::{CALL_RATES, FEEDS, QUERIES, STREAMS};

#[test]
fn every_stream_has_its_search_and_its_limit() {
    for stream in STREAMS.iter().filter(|stream| stream.name != QUERIES) {
        let feed = FEEDS.iter().find(|feed| feed.name == stream.name).unwrap();
        for kind in [feed.kinds.0, feed.kinds.1] {
            assert!(CALL_RATES.iter().any(|(known, _)| *known == kind), "{kind}");
        }
    }
    assert!(CALL_RATES.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted, each once");
    for (_, rate) in CALL_RATES {
        assert_eq!(rate.within, Duration::from_secs(3_600));
        assert!(rate.requests.get() + rate.burst.get() <= 480, "within any hour");
    }
}

#[tokio::test]
async fn a_whole_reading_brings_what_the_world_holds() {
    let bench = Bench::new(1_500).await;
    bench.double.set(|settings| settings.page_rows = 61);
    let is = |kind: Kind| move |thing: &Thing| thing.kind == kind;
    let weak = |flaw: &Flaw| matches!(flaw.cause, Cause::Vulnerability(_));
    let (machine, image) = (is(Kind::Machine), is(Kind::Image));
    let hosts = bench.flaws(|flaw, thing| weak(flaw) && machine(thing));
    let images = bench.flaws(|flaw, thing| weak(flaw) && image(thing));
    let settings = bench.flaws(|flaw, _| matches!(flaw.cause, Cause::Misconfiguration(_)));
    let things = |fits: &dyn Fn(&Thing) -> bool| {
        bench.world.read().things.iter().filter(|thing| fits(thing)).count()
    };
    let recent = bench.flaws(|flaw, _| {
        let age = bench.now().duration_since(flaw.opened);
        matches!(flaw.cause, Cause::Detection(_)) && age <= jiff::SignedDuration::from_hours(24)
    });
    for (name, count) in [
        ("container_vulnerabilities", images.len()),
        ("compliance", settings.len()),
        ("cloud_activities", recent.len()),
        ("connections", recent.len()),
        ("inventory", things(&|thing| thing.kind != Kind::Image)),
        ("machines", things(&machine)),
        ("users", things(&machine)),
        ("images", things(&image)),
        ("processes", things(&machine)),
        ("files", things(&machine)),
        ("interfaces", things(&machine)),
        ("logins", things(&machine)),
        ("changed_files", things(&machine)),
        ("host_vulnerabilities", hosts.len()),
    ] {
        let items = bench.read(name, None).await.unwrap();
        assert_eq!(items.len(), count, "{name}");
        assert!(count > 0 || name.contains("conn") || name.contains("cloud"), "{name}");
        let records = bench.records(name, &items);
        assert!(records.len() >= count, "{name}");
    }
    assert_eq!(bench.server.ledger.over_limit(), 0);
}

#[tokio::test]
async fn a_whole_reading_brings_every_alert() {
    let bench = Bench::new(300).await;
    bench.double.set(|settings| settings.page_rows = 7);
    assert_eq!(bench.ids("alerts", None).await, bench.alerts());
    assert_eq!(bench.server.ledger.over_limit(), 0);
}

fn asset_of(record: Record) -> Option<quell_model::Asset> {
    match record {
        Record::Asset(asset) => Some(*asset),
        Record::Activity(activity) => Some(activity.asset),
        Record::Finding(finding) => Some(finding.asset),
        Record::Evidence(_) | Record::Statement(_) | Record::Relation(_) | Record::Exploited(_) => {
            None
        }
    }
}

#[tokio::test]
async fn one_machine_is_one_asset_in_all_streams() {
    let bench = Bench::new(800).await;
    let mut by_native = BTreeMap::<String, BTreeSet<String>>::new();
    let expected: BTreeMap<String, String> = {
        let world = bench.world.read();
        let machines = world.things.iter().filter(|thing| thing.kind == Kind::Machine);
        machines.map(|thing| (thing.name.clone(), thing.native.clone())).collect()
    };
    for name in ["inventory", "machines", "processes", "host_vulnerabilities"] {
        let items = bench.read(name, None).await.unwrap();
        for asset in bench.records(name, &items).into_iter().filter_map(asset_of) {
            let tag = asset.tags.get("Name").map(|name| name.raw().to_owned());
            let native = tag.and_then(|name| expected.get(&name).cloned());
            let keys = native.map(|native| by_native.entry(native).or_default());
            keys.map(|keys| keys.insert(asset.id.key().to_owned()));
        }
    }
    assert_eq!(by_native.len(), expected.len());
    for (native, keys) in &by_native {
        assert_eq!(keys.len(), 1, "{native}: {keys:?}");
    }
    let clouds = ["arn:aws:ec2", "/subscriptions/", "//compute.googleapis.com/"];
    assert!(clouds.iter().all(|start| by_native.keys().any(|native| native.starts_with(start))));
}

#[tokio::test]
async fn an_incremental_reading_brings_what_is_new_and_a_quiet_one_costs_little() {
    let bench = Bench::new(300).await;
    for stream in ["alerts", "host_vulnerabilities"] {
        bench.read(stream, None).await.unwrap();
    }
    let last = bench.now();
    bench.pass(1_800);
    let number = loop {
        let at = bench.now();
        let number = bench.world.write().open(at);
        let wanted = bench.flaws(|flaw, thing| {
            flaw.number == number
                && thing.kind == Kind::Machine
                && matches!(flaw.cause, Cause::Vulnerability(_))
        });
        if !wanted.is_empty() {
            break number;
        }
    };
    let cve = {
        let world = bench.world.read();
        let flaw = &world.flaws[number];
        let Cause::Vulnerability(weakness) = &flaw.cause else { panic!() };
        format!("{}|{}|", flaw.thing + 1, weakness.cve)
    };
    let ids = bench.ids("host_vulnerabilities", Some(last)).await;
    assert!(ids.iter().any(|id| id.starts_with(&cve)), "{cve} {ids:?}");
    assert_eq!(bench.ids("alerts", Some(last)).await.difference(&bench.alerts()).count(), 0);

    bench.server.ledger.clear();
    let since = bench.now();
    bench.pass(60);
    for stream in bench.lacework.streams() {
        if stream.pace == crate::live::Pace::Often {
            bench.page(stream.name, Some(since), None).await.unwrap();
        }
    }
    assert!(bench.server.ledger.count() <= 5, "{}", bench.server.ledger.count());
}

#[tokio::test]
async fn an_old_watermark_is_walked_in_windows() {
    let bench = Bench::new(400).await;
    let since = bench.now() - jiff::SignedDuration::from_hours(24 * 40);
    let ids = bench.ids("alerts", Some(since)).await;
    let expected = bench.flaws(|flaw, _| is_alert(flaw) && flaw.opened >= since);
    let expected: BTreeSet<String> =
        expected.into_iter().map(|number| (100_000 + number).to_string()).collect();
    assert!(ids.is_superset(&expected));
    assert_eq!(bench.server.ledger.of("Alerts/search").len(), 6, "40 days and the overlap");
}

#[tokio::test]
async fn an_answer_with_too_many_rows_is_asked_for_in_halves() {
    let bench = Bench::new(50).await;
    let huge = r#"{"data":[],"paging":{"rows":5000,"totalRows":500000,"urls":{"nextPage":null}}}"#;
    let fault = quell_testkit::platforms::Fault::Answer(quell_testkit::net::Answer::new(200, huge));
    bench.server.script.add("Vulnerabilities/Hosts/search", 1, fault);
    let first = bench.page("host_vulnerabilities", None, None).await.unwrap();
    assert!(first.items.is_empty() && first.next.is_some());
    let whole = bench.ids("host_vulnerabilities", None).await;
    let (mut rest, mut cursor) = (BTreeSet::new(), first.next);
    while let Some(at) = cursor {
        let page = bench.page("host_vulnerabilities", None, Some(&at)).await.unwrap();
        rest.extend(page.items.into_iter().map(|item| item.id));
        cursor = page.next;
    }
    assert_eq!(rest, whole);
    assert_eq!(bench.server.ledger.of("Hosts/search").len(), 4, "one, its halves, and the whole");
}

#[tokio::test]
async fn queries_of_the_options_become_findings() {
    let bench = Bench::with(
        200,
        &[
            ("query_buckets", "{ source { LW_CFG_AWS_S3 } }"),
            ("severity_buckets", "High"),
            ("query_identities", "{ source { LW_CE_IDENTITIES } }"),
            ("query_machines", "{ source { LW_HE_MACHINES } }"),
            ("query_saved", "Custom_Public_Buckets"),
            ("query_wrong", "{ source { NOTHING } }"),
        ],
    )
    .await;
    let (mut items, mut unread, mut cursor) = (Vec::new(), Vec::new(), None);
    loop {
        let page = bench.page("queries", None, cursor.as_ref()).await.unwrap();
        items.extend(page.items);
        unread.extend(page.unread);
        let Some(next) = page.next else { break };
        cursor = Some(next);
    }
    assert!(unread.len() == 1 && unread[0].starts_with("wrong: "), "{unread:?}");
    let mut classes = BTreeSet::new();
    for record in bench.records("queries", &items) {
        let Record::Finding(finding) = record else { panic!() };
        classes.insert((finding.rule.id.clone(), finding.class, finding.severity_native.clone()));
        assert!(!finding.asset.native_id.is_empty());
    }
    assert!(classes.contains(&(
        "lql:buckets".into(),
        FindingClass::Misconfiguration,
        "High".into()
    )));
    assert!(classes.contains(&("lql:identities".into(), FindingClass::Identity, "Medium".into())));
    assert!(classes.iter().any(|(rule, ..)| rule == "lql:saved"));
    assert!(classes.iter().any(|(rule, ..)| rule == "lql:machines"));
}
