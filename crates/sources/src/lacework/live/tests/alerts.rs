//! Alerts with their scopes, and the webhook that announces them.

use quell_model::Finding;

use super::*;
use crate::live::Target;

fn findings(records: Vec<Record>) -> Vec<Finding> {
    let finding = |record| match record {
        Record::Finding(finding) => Some(*finding),
        Record::Evidence(_)
        | Record::Asset(_)
        | Record::Activity(_)
        | Record::Statement(_)
        | Record::Relation(_)
        | Record::Exploited(_) => None,
    };
    records.into_iter().filter_map(finding).collect()
}

#[tokio::test]
async fn scopes_are_joined_into_one_evidence_set() {
    let bench = Bench::new(300).await;
    let number = bench.a_detection();
    let id = (100_000 + number).to_string();
    let items = bench.read("alerts", None).await.unwrap();
    let item: Vec<Item> = items.into_iter().filter(|item| item.id == id).collect();
    let records = bench.records("alerts", &item);
    let activities = records.iter().filter(|r| matches!(r, Record::Activity(_))).count();
    assert_eq!(activities, 2, "a call and an observation");
    let finding = findings(records).remove(0);
    let world = bench.world.read();
    let flaw = &world.flaws[number];
    let Cause::Detection(seen) = &flaw.cause else { panic!() };
    let detection = finding.detection.unwrap();
    assert_eq!(detection.techniques, [seen.technique]);
    assert_eq!(detection.remote_addresses, [seen.address.as_str()]);
    assert_eq!(detection.principal.raw(), seen.actor);
    assert!(detection.processes[0].name.raw().ends_with(seen.process));
    let thing = &world.things[flaw.thing];
    assert!(finding.asset.native_id.contains(&thing.id), "{:?}", finding.asset);
    assert!(finding.evidence.iter().any(|(name, _)| name == "investigation"));
}

#[tokio::test]
async fn the_announced_alert_and_the_pulled_one_are_the_same_finding() {
    let bench = Bench::new(400).await;
    let items = bench.read("alerts", None).await.unwrap();
    let mut checked = 0;
    for number in bench.flaws(|flaw, _| is_alert(flaw)) {
        let (_, body) = bench.double.webhook(number).unwrap();
        let targets = bench.lacework.announced(&body).unwrap();
        assert_eq!(targets.len(), 1);
        let (stream, page) = bench.lacework.fetch(&targets[0]).await.unwrap();
        assert_eq!(stream.name, "alerts");
        let pulled: Vec<Item> =
            items.iter().filter(|item| item.id == targets[0].id).cloned().collect();
        let keys = |items: &[Item]| -> Vec<_> {
            findings(bench.records("alerts", items)).iter().map(Finding::key).collect()
        };
        assert_eq!(keys(&page.items), keys(&pulled), "{number}");
        checked += 1;
        if checked == 25 {
            break;
        }
    }
    assert!(checked >= 20, "{checked}");
}

#[tokio::test]
async fn what_announces_nothing_asks_for_nothing() {
    let bench = Bench::new(10).await;
    for body in [
        "",
        "no json",
        "[]",
        "{}",
        r#"{"event_id":"0"}"#,
        r#"{"event_id":"../../x"}"#,
        r#"{"event_id":"1?scope=x"}"#,
        r#"{"event_id":null}"#,
    ] {
        assert_eq!(bench.lacework.announced(body.as_bytes()), Some(Vec::new()), "{body}");
    }
    let bus = r#"{"detail":{"EVENT_ID":"77"}}"#;
    assert_eq!(bench.lacework.announced(bus.as_bytes()).unwrap()[0].id, "77");
    let target = Target { stream: "alerts".to_owned(), id: "../x".to_owned() };
    assert!(matches!(bench.lacework.fetch(&target).await, Err(LiveError::Refused(_))));
    assert_eq!(bench.server.ledger.of("Alerts").len(), 0);
    let gone = Target { stream: "alerts".to_owned(), id: "99".to_owned() };
    assert!(bench.lacework.fetch(&gone).await.unwrap().1.items.is_empty());
}

#[tokio::test]
async fn what_did_not_change_is_not_read_again() {
    let bench = Bench::new(200).await;
    let since = bench.now() - jiff::SignedDuration::from_hours(24 * 70);
    let first = bench.ids("alerts", Some(since)).await;
    assert!(!first.is_empty());
    bench.server.ledger.clear();
    let again = bench.read("alerts", Some(since)).await.unwrap();
    assert_eq!(bench.server.ledger.of("scope=").len(), 0);
    assert!(again.len() < first.len(), "only those below the severity are listed again");
    // A change of one is read, and a whole reading brings all.
    let number =
        bench.flaws(|flaw, _| matches!(flaw.cause, Cause::Detection(_)) && flaw.opened > since);
    let number = number.into_iter().next().unwrap();
    bench.world.write().end(number, bench.now(), false);
    let changed = bench.read("alerts", Some(since)).await.unwrap();
    assert!(changed.iter().any(|item| item.id == (100_000 + number).to_string()));
    assert_eq!(bench.ids("alerts", None).await, bench.alerts());
}

#[tokio::test]
async fn a_page_that_was_not_kept_is_read_again() {
    let bench = Bench::new(300).await;
    let since = Some(bench.now() - jiff::SignedDuration::from_hours(24 * 60));
    let cursor = bench.queued(since).await;
    let once = bench.page("alerts", since, Some(&cursor)).await.unwrap();
    let twice = bench.page("alerts", since, Some(&cursor)).await.unwrap();
    let ids = |page: &Page| page.items.iter().map(|item| item.id.clone()).collect::<Vec<_>>();
    assert!(!once.items.is_empty());
    assert_eq!(ids(&once), ids(&twice));
    // The reading began again before anything was kept: nothing is left out.
    assert_eq!(bench.queued(since).await["queue"], cursor["queue"]);
}

#[tokio::test]
async fn scopes_are_read_from_the_severity_that_is_set() {
    let bench = Bench::with(300, &[("alert_details", "Info"), ("alert_days", "6")]).await;
    let items = bench.read("alerts", None).await.unwrap();
    assert!(items.iter().all(|item| item.json.get().contains("\"entityMap\"")));
    assert!(!items.is_empty() && items.len() < bench.alerts().len());
    for (name, value) in [("alert_details", "bad"), ("alert_days", "0"), ("other", "x")] {
        let plan = plan(&bench.server.url(), (SECRET, &[(name, value)]), &bench.clock);
        let error = (LIVE.connect)(plan).unwrap_err();
        assert!(matches!(error, LiveError::Setting { .. }), "{name}: {error}");
    }
}
