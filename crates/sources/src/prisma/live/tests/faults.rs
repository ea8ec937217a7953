//! A network and a vendor on a bad day.

use quell_http::Verdict;
use quell_testkit::net::Answer;
use quell_testkit::platforms::Fault;
use quell_testkit::platforms::prisma::Seat;
use serde_json::json;

use super::{Plans, ids, rig, start};
use crate::live::LiveError;

#[tokio::test]
async fn a_token_that_ends_in_the_middle_costs_one_renewal_and_no_record() {
    let rig = rig(Plans { flaws: 300, ..Plans::default() }).await;
    rig.read("alerts", Some(start())).await.unwrap();
    assert_eq!(rig.double.logins(), 1);
    rig.double.end_tokens_after(3);
    let brought = rig.read("alerts", None).await.unwrap();
    assert_eq!(ids(&brought.items), rig.ids(&[Seat::Alert]));
    assert_eq!(brought.items.len(), rig.ids(&[Seat::Alert]).len(), "and none twice");
    assert_eq!(rig.double.logins(), 2);
}

#[tokio::test]
async fn many_callers_renew_a_token_once() {
    let rig = rig(Plans::default()).await;
    rig.read("alerts", Some(start())).await.unwrap();
    rig.read("incidents", Some(start())).await.unwrap();
    let before = rig.double.logins();
    rig.double.end_tokens();
    let mut waiting = Vec::new();
    for at in 0..32 {
        waiting.push(rig.page(if at % 2 == 0 { "alerts" } else { "incidents" }, None));
    }
    for page in join(waiting).await {
        page.unwrap();
    }
    assert_eq!(rig.double.logins(), before + 2, "one for each side");
}

/// Waits for all of them at once.
async fn join<F: Future>(all: Vec<F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (one, slot) in all.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(output) = one.as_mut().poll(context)
            {
                *slot = Some(output);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().map(Option::unwrap).collect()
}

#[tokio::test(start_paused = true)]
async fn a_token_near_its_end_is_extended_and_not_had_anew() {
    let rig = rig(Plans::default()).await;
    rig.page("alerts", None).await.unwrap();
    tokio::time::advance(std::time::Duration::from_secs(450)).await;
    rig.pass(450);
    rig.page("alerts", None).await.unwrap();
    assert_eq!((rig.double.logins(), rig.double.renewals()), (1, 1));
    // One that ended meanwhile cannot be extended, and the key logs in again.
    tokio::time::advance(std::time::Duration::from_secs(450)).await;
    rig.double.end_tokens();
    rig.page("alerts", None).await.unwrap();
    assert_eq!(rig.double.logins(), 2);
}

#[tokio::test]
async fn an_answer_that_is_cut_is_no_page() {
    let rig = rig(Plans { flaws: 12, options: &[("page_alerts", "2")], ..Plans::default() }).await;
    let whole = rig.page("alerts", None).await.unwrap();
    for (name, path) in [("alerts", "/v2/alert"), ("incidents", "audits/incidents")] {
        rig.page(name, None).await.unwrap();
        for cut in (0..400).step_by(7).chain((400..3000).step_by(211)) {
            rig.server.script.add(path, 1, Fault::Cut(cut));
            let had = rig.page(name, None).await.map(|page| page.items.len());
            assert!(had.is_err() || cut >= 400 || name == "incidents", "{name} {cut}");
            // Further on, the answer may be shorter than that.
            assert!(had.is_err() || name == "incidents" || had.unwrap() == whole.items.len());
            rig.server.script.clear();
        }
    }
    let again = rig.page("alerts", None).await.unwrap();
    assert_eq!(ids(&again.items), ids(&whole.items));
}

#[tokio::test]
async fn every_way_of_saying_too_often_is_heard() {
    let rig = rig(Plans::default()).await;
    rig.page("alerts", None).await.unwrap();
    for wait in [
        None,
        Some("1"),
        Some("0"),
        Some("-5"),
        Some("1e9"),
        Some("soon"),
        Some("Fri, 01 Jan 2100 00:00:00 GMT"),
    ] {
        for status in [429, 503] {
            let answer = Answer::new(status, "").header("X-RateLimit-Remaining", "0");
            let answer = wait
                .map_or_else(|| answer.clone(), |wait| answer.clone().header("retry-after", wait));
            let fresh = super::rig(Plans { flaws: 5, ..Plans::default() }).await;
            fresh.page("alerts", None).await.unwrap();
            fresh.server.script.add("/v2/alert", 1, Fault::Answer(answer));
            let error = fresh.page("alerts", None).await.unwrap_err();
            assert!(matches!(error.verdict(), Verdict::Later(_)), "{wait:?} {error}");
        }
    }
}

#[tokio::test]
async fn a_busy_vendor_is_asked_again_by_itself() {
    let rig = rig(Plans { attempts: 4, ..Plans::default() }).await;
    for status in [500, 502, 504] {
        rig.server.script.add("/v2/alert", 1, Fault::Answer(Answer::new(status, "<html>")));
    }
    assert!(!rig.page("alerts", None).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn shapes_that_are_not_as_documented_are_told_with_their_path() {
    let rig = rig(Plans::default()).await;
    for (name, path, body, told) in [
        ("alerts", "/v2/alert", "<html>proxy</html>".to_owned(), "`$`"),
        ("alerts", "/v2/alert", "[]".to_owned(), "`$`"),
        ("alerts", "/v2/alert", json!({"totalRows": 0}).to_string(), "`$.items`"),
        ("alerts", "/v2/alert", json!({"items": {"a": 1}}).to_string(), "`$.items`"),
        (
            "alerts",
            "/v2/alert",
            json!({"items": [], "nextPageToken": {"a": 1}}).to_string(),
            "`$.nextPageToken`",
        ),
        ("incidents", "audits/incidents", "{}".to_owned(), "`$`"),
        (
            "assets",
            "/search/api/v2/config",
            json!({"data": {"items": []}}).to_string(),
            "`$.items`",
        ),
        ("permissions", "search/permission", json!({"items": []}).to_string(), "`$.data`"),
        ("compliance", "scan_info", json!({"resources": 7}).to_string(), "`$.resources`"),
    ] {
        rig.server.script.add(path, 1, Fault::Answer(Answer::new(200, body)));
        let error = rig.page(name, None).await.unwrap_err();
        assert!(matches!(error, LiveError::Shape { .. }), "{name}: {error:?}");
        assert!(error.to_string().contains(told), "{name}: {error}");
    }
    // An empty list is said with `null`, and that is one.
    rig.server.script.add(
        "/v2/alert",
        1,
        Fault::Answer(Answer::new(200, r#"{"items":null,"totalRows":0}"#)),
    );
    let page = rig.page("alerts", None).await.unwrap();
    assert!(page.items.is_empty() && page.next.is_none());
}

#[tokio::test]
async fn a_page_that_repeats_and_one_that_is_empty_in_the_middle_are_handed_on() {
    let rig = rig(Plans { flaws: 300, ..Plans::default() }).await;
    let first = rig.page("alerts", None).await.unwrap();
    rig.server.script.add("/v2/alert", 1, Fault::Repeat);
    let again = rig.page("alerts", first.next.as_ref()).await.unwrap();
    assert_eq!(ids(&again.items), ids(&first.items), "the server sees that it is the same");
    let hole = json!({"items": [], "totalRows": 900, "nextPageToken": "1.14"}).to_string();
    rig.server.script.add("/v2/alert", 1, Fault::Answer(Answer::new(200, hole)));
    let empty = rig.page("alerts", first.next.as_ref()).await.unwrap();
    assert!(empty.items.is_empty() && empty.next.is_some(), "there is more behind it");
}

#[tokio::test]
async fn a_record_of_odd_types_keeps_its_place() {
    let rig = rig(Plans::default()).await;
    let items = json!({"items": [{"id": 7, "lastUpdated": "x"}, {"id": ["a"]}, 5, null, {}], "totalRows": 5});
    rig.server.script.add("/v2/alert", 1, Fault::Answer(Answer::new(200, items.to_string())));
    let page = rig.page("alerts", None).await.unwrap();
    assert_eq!(page.items.len(), 5, "what is wrong with one is the normalizer's to say");
    let ids: Vec<&str> = page.items.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, ["7", "", "", "", ""]);
}
