//! What is read is what there is.

use std::collections::BTreeSet;

use quell_model::{Finding, FindingClass, FindingKey, Record};
use quell_testkit::platforms::{
    Cause, Cloud, Flaw, Kind, OrcaDouble, OrcaVersion, Seer, Thing, World,
};

use super::*;
use crate::live::Target;

const BOTH: [(OrcaVersion, &str); 2] =
    [(OrcaVersion::Newer, "serving-layer"), (OrcaVersion::Older, "alerts")];

async fn of_api(flaws: usize, (version, api): (OrcaVersion, &str), size: &str) -> Stage {
    let stage = stage(flaws, &[("api", api), ("page_size", size)]).await;
    stage.orca.set(|settings| settings.version = version);
    stage
}

#[tokio::test]
async fn each_stream_is_the_worlds_truth_on_both_apis() {
    for api in BOTH {
        let stage = of_api(600, api, "40").await;
        for stream in ["alerts", "vulnerabilities", "assets"] {
            let items = stage.all(stream, None).await;
            assert_eq!(ids(&items), stage.orca.truth(stream), "{stream} of {api:?}");
            let records = stage.normalized(stream, &items);
            assert_eq!(records.len(), items.len());
            assert!(records.iter().all(Result::is_ok), "{records:?}");
        }
    }
}

/// Ends some flaws and opens others. Their numbers.
fn change(world: &World, now: Timestamp) -> Vec<usize> {
    let mut world = world.write();
    let seen = world.seen_by(Seer::Orca).map(|(flaw, _)| flaw.number);
    let mut changed: Vec<usize> = seen.take(60).step_by(3).collect();
    for number in &changed {
        world.end(*number, now, false);
    }
    changed.extend((0..20).map(|_| world.open(now)));
    changed
}

#[tokio::test]
async fn after_changes_only_what_changed_is_read() {
    for api in BOTH {
        let stage = of_api(300, api, "10").await;
        let since = stage.hands.pass(1);
        let changed = change(&stage.world, stage.hands.pass(600));
        let truth = stage.orca.truth("alerts");
        let ids_of = changed.into_iter().map(OrcaDouble::alert_id);
        let changed: BTreeSet<String> = ids_of.filter(|id| truth.contains(id)).collect();
        let items = stage.all("alerts", Some(since)).await;
        assert_eq!(ids(&items), changed, "{api:?}");
        assert!(changed.len() > 20 && changed.len() < truth.len());
    }
}

#[tokio::test]
async fn with_nothing_new_one_request_is_enough_and_the_login_is_kept() {
    let stage = stage(200, &[("login", "session")]).await;
    stage.all("alerts", None).await;
    stage.double.ledger.clear();
    let since = Some(stage.hands.pass(300));
    assert!(stage.all("alerts", since).await.is_empty());
    assert_eq!((stage.double.ledger.count(), stage.orca.logins()), (1, 1));
}

/// Some alerts change and move to the end, and a new one comes.
fn stir(world: &World, turn: usize, now: Timestamp) {
    let mut world = world.write();
    for number in turn * 7..turn * 7 + 5 {
        world.reopen(number, now);
    }
    world.open(now);
}

#[tokio::test]
async fn what_is_written_anew_while_it_is_read_is_not_lost() {
    let stage = stage(500, &[("page_size", "20")]).await;
    let (mut read, mut cursor) = (BTreeSet::new(), None);
    for turn in 0.. {
        let page = stage.page("alerts", None, cursor.as_ref()).await.unwrap();
        read.extend(ids(&page.items));
        let now = stage.hands.pass(1);
        if turn < 10 {
            stir(&stage.world, turn, now);
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(read, stage.orca.truth("alerts"));
}

#[tokio::test]
async fn alerts_of_one_second_are_all_read() {
    let stage = stage(300, &[("page_size", "10")]).await;
    let now = stage.hands.pass(60);
    {
        let mut world = stage.world.write();
        for number in 0..300 {
            world.reopen(number, now);
        }
    }
    let items = stage.all("alerts", None).await;
    assert_eq!(ids(&items), stage.orca.truth("alerts"));
    // Only the first page is read twice.
    assert_eq!(items.len(), stage.orca.truth("alerts").len() + 10);
}

/// Forgets more weaknesses of those that were read than two pages have in common.
fn forget(world: &World, read: &BTreeSet<String>, now: Timestamp) {
    let mut world = world.write();
    let was_read = |flaw: &Flaw, thing: &Thing| match &flaw.cause {
        Cause::Vulnerability(weak) => read
            .iter()
            .any(|id| id.starts_with(&format!("{}|", weak.cve)) && id.contains(&thing.id)),
        Cause::Misconfiguration(_) | Cause::Detection(_) => false,
    };
    let seen = world.seen_by(Seer::Orca).filter(|(flaw, thing)| was_read(flaw, thing));
    let gone: Vec<usize> = seen.map(|(flaw, _)| flaw.number).take(25).collect();
    assert!(gone.len() > 11, "{}", gone.len());
    for number in gone {
        world.end(number, now, true);
    }
}

#[tokio::test]
async fn a_list_that_shifts_while_it_is_read_is_read_again_from_before() {
    let stage = stage(600, &[("page_size", "40")]).await;
    let (mut read, mut cursor) = (BTreeSet::new(), None);
    for turn in 0.. {
        let page = stage.page("vulnerabilities", None, cursor.as_ref()).await.unwrap();
        assert!(page.unread.is_empty(), "{:?}", page.unread);
        read.extend(ids(&page.items));
        if turn == 1 {
            forget(&stage.world, &read, stage.hands.pass(1));
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let stays = stage.orca.truth("vulnerabilities");
    assert!(stays.is_subset(&read), "{:?}", stays.difference(&read).collect::<Vec<_>>());
}

fn finding(record: &Record) -> &Finding {
    let Record::Finding(finding) = record else { panic!("{record:?}") };
    finding
}

fn keys(records: &[Result<Vec<Record>, String>]) -> BTreeSet<FindingKey> {
    let all = records.iter().flat_map(|record| record.as_ref().unwrap());
    all.map(|record| finding(record).key()).collect()
}

fn flaw_of(item: &Item) -> usize {
    item.id.strip_prefix("orca-").unwrap().parse::<usize>().unwrap() - 1000
}

/// The findings that a webhook brings, and whether its body was believed.
async fn pushed(stage: &Stage, flaw: usize) -> (BTreeSet<FindingKey>, bool) {
    let (_, body) = stage.orca.webhook(flaw).unwrap();
    let Some(targets) = stage.connector.announced(body.as_bytes()) else {
        return (keys(&crate::testing::normalize_text(&body)), true);
    };
    let (stream, page) = stage.connector.fetch(&targets[0]).await.unwrap();
    (keys(&stage.normalized(stream.name, &page.items)), false)
}

#[tokio::test]
async fn the_webhook_and_the_pulled_alert_are_one_finding() {
    for api in BOTH {
        let stage = of_api(400, api, "1000").await;
        let (mut believed, mut asked) = (0, 0);
        for item in stage.all("alerts", None).await {
            let (found, is_believed) = pushed(&stage, flaw_of(&item)).await;
            assert_eq!(keys(&stage.normalized("alerts", &[item])), found);
            believed += usize::from(is_believed);
            asked += usize::from(!is_believed);
        }
        assert!(believed > 100 && asked > 20, "{believed} {asked}");
    }
}

#[tokio::test]
async fn an_alert_is_about_the_cloud_s_own_thing() {
    let stage = stage(500, &[]).await;
    let items = stage.all("alerts", None).await;
    let normalized = stage.normalized("alerts", &items);
    let world = stage.world.read();
    let (mut paths, mut own) = (0, 0);
    for (item, records) in items.iter().zip(&normalized) {
        let thing = &world.things[world.flaws[flaw_of(item)].thing];
        let native = quell_model::AssetId::parse(&thing.native, &quell_model::Hints::default());
        let finding = finding(&records.as_ref().unwrap()[0]);
        paths += usize::from(finding.class == FindingClass::AttackPath);
        if thing.account.cloud != Cloud::Aws || thing.kind == Kind::Machine {
            own += 1;
            assert_eq!(finding.asset.id.key(), native.key());
        }
        assert_eq!(finding.asset.signals.internet_exposed, Some(thing.exposed));
        assert_eq!(finding.asset.tags["team"].raw(), thing.tags[0].1);
    }
    assert!(paths > 3 && own > 50, "{paths} {own}");
}

#[tokio::test]
async fn one_record_is_had_by_its_id() {
    let stage = stage(100, &[]).await;
    for stream in ["alerts", "assets"] {
        let id = stage.orca.truth(stream).pop_first().unwrap();
        let target = Target { stream: stream.to_owned(), id: id.clone() };
        let (found, page) = stage.connector.fetch(&target).await.unwrap();
        assert_eq!((found.name, ids(&page.items)), (stream, BTreeSet::from([id])));
    }
}

#[tokio::test]
async fn the_held_questions_are_ones_that_the_double_answers() {
    let stage = stage(50, &[]).await;
    let alert = |values: Value| {
        serde_json::json!({"query": {"models": ["Alert"], "type": "object_set",
            "with": {"operator": "and", "type": "operation", "values": values}},
            "limit": 100, "start_at_index": 0, "order_by[]": ["CreatedAt"]})
    };
    let by_id = alert(serde_json::json!([
        {"key": "AlertId", "values": ["orca-1001"], "type": "str", "operator": "in"}]));
    let filtered = alert(serde_json::json!([
        {"key": "CreatedAt", "values": [1_735_689_600_000_i64, 1_735_776_000_000_i64], "type": "datetime",
            "operator": "date_range", "value_type": "days"},
        {"key": "Severity", "values": ["critical", "high", "medium"], "type": "str", "operator": "in"},
        {"key": "Title", "values": ["Unwanted title"], "type": "str", "operator": "not_in"},
        {"key": "OrcaScore", "values": [5.0, 10.0], "type": "float", "operator": "range"}]));
    for body in [by_id, filtered] {
        let request =
            quell_http::Request::post(&format!("{}/api/serving-layer/query", stage.double.url()));
        let token = format!("Token {}", OrcaSettings::default().token);
        let request =
            request.unwrap().json(&body).unwrap().header("authorization", &token).unwrap();
        assert_eq!(client(&stage.hands, FAST).send(&request).await.unwrap().status(), 200);
    }
}
