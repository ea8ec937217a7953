//! What the platform sends by itself becomes what it says when it is asked.

use std::collections::BTreeMap;

use quell_model::{FindingKey, Record};
use quell_testkit::platforms::prisma::Seat;

use super::{CONSOLE, CONSOLE_WITHOUT_ID, Plans, findings, records, rig, start, stream};
use crate::live::Target;
use crate::testing::normalize_text;

#[tokio::test]
async fn an_alert_that_is_posted_has_the_key_of_the_one_that_is_pulled() {
    let rig = rig(Plans { flaws: 600, options: &[], ..Plans::default() }).await;
    let brought = rig.read("alerts", None).await.unwrap();
    let pulled = findings(records(stream("alerts"), &brought.items));
    let pulled: BTreeMap<String, FindingKey> =
        pulled.into_iter().map(|finding| (finding.native_id.clone(), finding.key())).collect();
    for (flaw, _) in rig.shown(&[Seat::Alert]) {
        let (_, body) = rig.double.webhook(flaw.number).unwrap();
        assert!(rig.connector.announced(&body).is_none(), "it is believed");
        let text = String::from_utf8(body).unwrap();
        let made: Vec<Record> =
            normalize_text(&text).into_iter().flat_map(Result::unwrap).collect();
        let posted = findings(made).remove(0);
        assert_eq!(pulled[&posted.native_id], posted.key(), "{text}");
    }
}

#[tokio::test]
async fn what_the_console_posts_is_asked_for_and_has_the_key_of_what_is_pulled() {
    let rig = rig(Plans { flaws: 2000, options: &[], ..Plans::default() }).await;
    for (name, seat) in CONSOLE.iter().chain(CONSOLE_WITHOUT_ID).copied() {
        let brought = rig.read(name, None).await.unwrap();
        let pulled: Vec<FindingKey> =
            findings(records(stream(name), &brought.items)).iter().map(|f| f.key()).collect();
        for (flaw, _) in rig.shown(&[seat]).into_iter().take(5) {
            let (_, body) = rig.double.webhook(flaw.number).unwrap();
            let targets = rig.connector.announced(&body).expect("it is not believed");
            assert_eq!(targets.len(), 1);
            assert_eq!(targets[0].stream, name, "{}", String::from_utf8_lossy(&body));
            let (of, page) = rig.connector.fetch(&targets[0]).await.unwrap();
            assert_eq!(of.name, name);
            let made = findings(records(of, &page.items));
            assert!(!made.is_empty() && made.len() < 4, "{name}: {}", made.len());
            assert!(made.iter().all(|finding| pulled.contains(&finding.key())), "{name}");
            let when = Some(flaw.opened);
            assert!(made.iter().any(|finding| finding.last_seen == when), "{name}");
        }
    }
}

#[tokio::test]
async fn a_body_by_a_template_of_the_customers_is_asked_for() {
    let rig = rig(Plans::default()).await;
    let (flaw, _) = rig.first(Seat::Alert);
    let (_, body) = rig.double.custom_webhook(flaw.number).unwrap();
    let targets = rig.connector.announced(&body).unwrap();
    let (of, page) = rig.connector.fetch(&targets[0]).await.unwrap();
    let made = findings(records(of, &page.items));
    assert_eq!(made[0].native_id, format!("P-{}", flaw.number + 1000));
    assert!(!made[0].rule.title.is_empty());
}

#[tokio::test]
async fn a_test_call_announces_nothing_and_what_is_strange_is_left_to_the_reader() {
    let rig = rig(Plans::default()).await;
    let announced = |text: &str| rig.connector.announced(text.as_bytes());
    assert_eq!(announced(r#"{"message":"This is a test message"}"#), Some(Vec::new()));
    for strange in ["", "[]", "[1]", "null", "{}", "{\"a\":1}", "not json", "[[[[", "\u{feff}{}"] {
        assert_eq!(announced(strange), None, "{strange}");
    }
    assert_eq!(rig.connector.announced(b"\xff\xfe"), None);
    let deep = "[".repeat(100_000);
    assert_eq!(announced(&deep), None);
    let many = format!("[{}]", vec![r#"{"alertId":"P-1"}"#; 5000].join(","));
    assert_eq!(announced(&many).unwrap().len(), 1000);
}

#[tokio::test]
async fn ids_that_are_none_reach_no_url() {
    let rig = rig(Plans::default()).await;
    rig.read("alerts", Some(start())).await.unwrap();
    rig.server.ledger.clear();
    for id in ["", "../login", "P-1?x=1", "P-1/../../login", "a b", "{\"color\":1}", "{}"] {
        for name in ["alerts", "incidents"] {
            let target = Target { stream: name.to_owned(), id: id.to_owned() };
            let fetched = rig.connector.fetch(&target).await;
            let quoted = name == "incidents" && fetched.is_ok();
            assert!(quoted || fetched.is_err(), "{name} {id}");
        }
    }
    assert!(rig.server.ledger.of("/alert/").is_empty());
}
