//! What is read is what there is.

use std::collections::BTreeSet;

use quell_model::{FindingClass, FindingKey, Record};
use quell_testkit::platforms::{Cause, Cloud, Kind, OrcaDouble, OrcaVersion, Seer};

use super::*;
use crate::live::Target;

#[tokio::test]
async fn each_stream_is_the_worlds_truth_on_both_apis() {
    for (version, api) in [(OrcaVersion::Newer, "serving-layer"), (OrcaVersion::Older, "alerts")] {
        let stage = stage(600, &[("api", api), ("page_size", "40")]).await;
        stage.orca.set(|settings| settings.version = version);
        for stream in ["alerts", "vulnerabilities", "assets"] {
            let items = stage.all(stream, None).await;
            assert_eq!(ids(&items), stage.orca.truth(stream), "{stream} of {api}");
            let records = stage.normalized(stream, &items);
            assert_eq!(records.len(), items.len());
            for record in records {
                record.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn after_changes_only_what_changed_is_read() {
    for (version, api) in [(OrcaVersion::Newer, "serving-layer"), (OrcaVersion::Older, "alerts")] {
        let stage = stage(300, &[("api", api), ("page_size", "10")]).await;
        stage.orca.set(|settings| settings.version = version);
        let since = stage.hands.now();
        let now = stage.hands.pass(600);
        let seen: Vec<usize> = {
            let mut world = stage.world.write();
            let numbers: Vec<usize> =
                world.seen_by(Seer::Orca).map(|(flaw, _)| flaw.number).take(60).collect();
            for number in numbers.iter().step_by(3) {
                world.end(*number, now, false);
            }
            let ended: Vec<usize> = numbers.iter().step_by(3).copied().collect();
            let new: Vec<usize> = (0..20).map(|_| world.open(now)).collect();
            ended.into_iter().chain(new).collect()
        };
        let truth = stage.orca.truth("alerts");
        let changed: BTreeSet<String> =
            seen.into_iter().map(OrcaDouble::alert_id).filter(|id| truth.contains(id)).collect();
        let items = stage.all("alerts", Some(since + SignedDuration::from_secs(1))).await;
        assert_eq!(ids(&items), changed, "{api}");
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

#[tokio::test]
async fn what_is_written_anew_while_it_is_read_is_not_lost() {
    let stage = stage(500, &[("page_size", "20")]).await;
    let (mut read, mut cursor, mut turn) = (BTreeSet::new(), None, 0);
    loop {
        let page = stage.page("alerts", None, cursor.as_ref()).await.unwrap();
        read.extend(ids(&page.items));
        // Between two pages some alerts change and move to the end, and new ones come.
        let now = stage.hands.pass(1);
        if turn < 10 {
            let mut world = stage.world.write();
            for number in (turn * 7..turn * 7 + 5).filter(|number| *number < 500) {
                world.reopen(number, now);
            }
            world.open(now);
        }
        turn += 1;
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
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

#[tokio::test]
async fn a_list_that_shifts_while_it_is_read_is_read_again_from_before() {
    let stage = stage(600, &[("page_size", "40")]).await;
    let (mut read, mut cursor, mut turn) = (BTreeSet::new(), None, 0);
    let stays = loop {
        let page = stage.page("vulnerabilities", None, cursor.as_ref()).await.unwrap();
        assert!(page.unread.is_empty(), "{:?}", page.unread);
        read.extend(ids(&page.items));
        let now = stage.hands.pass(1);
        if turn == 1 {
            // More of what was read goes than two pages have in common.
            let mut world = stage.world.write();
            let gone: Vec<usize> = world
                .seen_by(Seer::Orca)
                .filter(|(flaw, thing)| {
                    let id = match &flaw.cause {
                        Cause::Vulnerability(weak) => format!("{}|", weak.cve),
                        Cause::Misconfiguration(_) | Cause::Detection(_) => return false,
                    };
                    let of = |one: &&String| one.starts_with(&id) && one.contains(&thing.id);
                    read.iter().find(of).is_some()
                })
                .map(|(flaw, _)| flaw.number)
                .take(25)
                .collect();
            assert!(gone.len() > 11, "{}", gone.len());
            for number in gone {
                world.end(number, now, true);
            }
        }
        turn += 1;
        match page.next {
            Some(next) => cursor = Some(next),
            None => break stage.orca.truth("vulnerabilities"),
        }
    };
    assert!(stays.is_subset(&read), "{:?}", stays.difference(&read).collect::<Vec<_>>());
}

fn keys(records: &[Result<Vec<Record>, String>]) -> BTreeSet<FindingKey> {
    let all = records.iter().flat_map(|record| record.as_ref().unwrap());
    all.map(|record| match record {
        Record::Finding(finding) => finding.key(),
        other => panic!("{other:?}"),
    })
    .collect()
}

#[tokio::test]
async fn the_webhook_and_the_pulled_alert_are_one_finding() {
    for (version, api) in [(OrcaVersion::Newer, "serving-layer"), (OrcaVersion::Older, "alerts")] {
        let stage = stage(400, &[("api", api)]).await;
        stage.orca.set(|settings| settings.version = version);
        let (mut believed, mut asked) = (0, 0);
        for item in stage.all("alerts", None).await {
            let flaw = item.id.strip_prefix("orca-").unwrap().parse::<usize>().unwrap() - 1000;
            let (_, body) = stage.orca.webhook(flaw).unwrap();
            let pulled = keys(&stage.normalized("alerts", &[item]));
            let pushed = match stage.connector.announced(body.as_bytes()) {
                None => {
                    believed += 1;
                    keys(&crate::testing::normalize_text(&body))
                }
                Some(targets) => {
                    asked += 1;
                    let (stream, page) = stage.connector.fetch(&targets[0]).await.unwrap();
                    keys(&stage.normalized(stream.name, &page.items))
                }
            };
            assert_eq!(pulled, pushed);
        }
        assert!(believed > 100 && asked > 20, "{believed} {asked}");
    }
}

#[tokio::test]
async fn an_alert_is_about_the_cloud_s_own_thing() {
    let stage = stage(500, &[]).await;
    let items = stage.all("alerts", None).await;
    let (mut paths, mut own) = (0, 0);
    for (item, records) in items.iter().zip(stage.normalized("alerts", &items)) {
        let flaw = item.id.strip_prefix("orca-").unwrap().parse::<usize>().unwrap() - 1000;
        let world = stage.world.read();
        let thing = &world.things[world.flaws[flaw].thing];
        for record in records.unwrap() {
            let Record::Finding(finding) = record else { panic!("{record:?}") };
            paths += usize::from(finding.class == FindingClass::AttackPath);
            let native = quell_model::AssetId::parse(&thing.native, &quell_model::Hints::default());
            if thing.account.cloud != Cloud::Aws || thing.kind == Kind::Machine {
                own += 1;
                assert_eq!(finding.asset.id.key(), native.key());
            }
            assert_eq!(finding.asset.signals.internet_exposed, Some(thing.exposed));
            assert_eq!(finding.asset.tags["team"].raw(), thing.tags[0].1);
        }
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
