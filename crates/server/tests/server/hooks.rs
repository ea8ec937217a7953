//! Webhooks: who may deliver, and that what was acknowledged is taken in once.

use std::sync::atomic::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quell_testkit::server::{Answer, Request, delivery, signature, uid};
use serde_json::json;

use crate::bench::{Bench, secret, uids, until};

fn signed(name: &str, body: &[u8]) -> String {
    signature(secret(name).as_bytes(), body)
}

#[test]
fn each_way_to_prove_who_it_is_lets_the_right_sender_in_and_no_other() {
    let bench = Bench::new();
    let basic = |user: &str, password: &str| {
        format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
    };
    let bearer = |token: &str| format!("Bearer {token}");
    let cases: [(&str, &str, String, u16); 10] = [
        ("basic", "authorization", basic("wiz", &secret("BASIC")), 202),
        ("basic", "authorization", basic("wiz", &secret("BEARER")), 401),
        ("basic", "authorization", basic("admin", &secret("BASIC")), 401),
        ("bearer", "authorization", bearer(&secret("BEARER")), 202),
        ("bearer", "authorization", bearer(&secret("HEADER")), 401),
        ("bearer", "authorization", bearer(bench.admin.token.as_deref().unwrap()), 401),
        ("header", "x-api-key", secret("HEADER"), 202),
        ("header", "x-api-key", secret("BASIC"), 401),
        ("header", "x-other", secret("HEADER"), 401),
        ("signed", "x-signature", signed("HEADER", b"x"), 401),
    ];
    let mut wanted = Vec::new();
    for (number, (hook, header, value, status)) in (0..).zip(cases) {
        let body = delivery("auth", number, 600);
        let answer = bench.hook(hook, &body, &[(header, &value)]);
        assert_eq!(answer.status, status, "{hook} {header} {number}: {}", answer.text());
        if status == 202 {
            wanted.push(uid("auth", number));
        }
    }
    bench.until_found("default", &wanted);
}

#[test]
fn a_signature_that_is_not_exactly_right_lets_nothing_in() {
    let bench = Bench::new();
    let body = delivery("w1", 1, 600);
    let good = signed("SIGNED", &body);
    let upper = good.to_uppercase();
    let prefixed = format!("sha256={good}");
    for wrong in ["", "x", good.get(..63).unwrap(), &upper, &prefixed] {
        assert_eq!(bench.hook("signed", &body, &[("x-signature", wrong)]).status, 401, "{wrong}");
    }
    let twice = [("x-signature", good.as_str()), ("x-signature", good.as_str())];
    assert_eq!(bench.hook("signed", &body, &twice).status, 401);
    assert_eq!(bench.hook("signed", &body, &[]).status, 401);
    // The same meaning in other bytes.
    let parsed: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let pretty = serde_json::to_vec_pretty(&parsed).unwrap();
    assert_eq!(bench.hook("signed", &pretty, &[("x-signature", &good)]).status, 401);
    assert_eq!(bench.hook("signed", &body, &[("x-signature", &good)]).status, 202);
    bench.until_found("default", &[uid("w1", 1)]);
}

#[test]
fn a_delivery_that_comes_a_hundred_times_at_once_is_applied_once() {
    let bench = Bench::new();
    let body = delivery("w3", 1, 600);
    let answers: Vec<Answer> = std::thread::scope(|threads| {
        let sending: Vec<_> = (0..10)
            .map(|_| threads.spawn(|| (0..10).map(|_| bench.deliver(&body)).collect::<Vec<_>>()))
            .collect();
        sending.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer.status == 202));
    let news = answers.iter().filter(|answer| answer.json()["known"] == json!(false)).count();
    assert_eq!(news, 1);
    bench.until_found("default", &[uid("w3", 1)]);
    let sources = bench.get("/api/v1/sources").json();
    let hook = sources["items"].as_array().unwrap().iter().find(|s| s["name"] == "signed").unwrap();
    assert_eq!((&hook["deliveries"], &hook["records"]), (&json!(1), &json!(1)), "{hook}");
}

#[test]
fn a_delivery_of_another_time_is_refused() {
    let bench = Bench::new();
    let body = delivery("w4", 1, 600);
    let now = jiff::Timestamp::now().as_second();
    let send = |sent: i64| {
        let text = [format!("{sent}.").as_bytes(), &body].concat();
        let signature = signed("TIMED", &text);
        let sent = sent.to_string();
        bench.hook("timed", &body, &[("x-signature", &signature), ("x-timestamp", &sent)]).status
    };
    assert_eq!((send(now - 400), send(now + 400), send(0)), (401, 401, 401));
    assert_eq!((send(now - 200), send(now + 200)), (202, 202));
    // The server's clock is an hour late: what was right is wrong.
    bench.clock.0.store(-3600, Ordering::SeqCst);
    assert_eq!((send(now), send(now - 3600)), (401, 202));
}

#[test]
fn a_replay_after_weeks_changes_nothing() {
    let mut bench = Bench::new();
    let body = delivery("w5", 1, 600);
    assert_eq!(bench.deliver(&body).status, 202);
    bench.until_found("default", &[uid("w5", 1)]);
    bench.stop();
    bench.clock.0.store(40 * 86_400, Ordering::SeqCst);
    bench.start().unwrap();
    let again = bench.deliver(&body);
    assert_eq!(again.status, 202);
    let hook = || {
        let sources = bench.get("/api/v1/sources").json();
        let all = sources["items"].as_array().unwrap().clone();
        all.into_iter().find(|source| source["name"] == "signed").unwrap()
    };
    // It may have been kept once more, and counts as unchanged then.
    if again.json()["known"] == json!(false) {
        until("it was taken", || hook()["deliveries"] == json!(2));
    }
    assert_eq!(bench.found("default"), [(uid("w5", 1), 1)].into());
}

#[test]
fn while_a_secret_is_replaced_both_count_and_then_the_old_one_no_more() {
    let bench = Bench::new();
    let send = |name: &str, number: u64| {
        let body = delivery("w6", number, 600);
        let value = format!("sha256={}", signed(name, &body));
        bench.hook("rotated", &body, &[("x-hub-signature-256", &value)]).status
    };
    assert_eq!(
        (send("ROTATED_NEW", 1), send("ROTATED_OLD", 2), send("SIGNED", 3)),
        (202, 202, 401)
    );
    let last: jiff::Timestamp = "2031-01-31T23:00:00Z".parse().unwrap();
    let now = jiff::Timestamp::now();
    bench.clock.0.store(last.as_second() - now.as_second(), Ordering::SeqCst);
    assert_eq!(send("ROTATED_OLD", 4), 202);
    bench.clock.0.store(last.as_second() - now.as_second() + 2 * 3600, Ordering::SeqCst);
    assert_eq!((send("ROTATED_NEW", 5), send("ROTATED_OLD", 6)), (202, 401));
}

/// One finding as its source said it at a moment.
fn version(case: usize, at: u64, resolved: bool) -> Vec<u8> {
    let id = format!("w7-{case}");
    let status = if resolved { 4 } else { 1 };
    json!({"class_uid": 2004, "severity_id": 4, "status_id": status, "time": 1_790_000_000_u64 + at,
        "metadata": {"event_code": "made_up_check", "product": {"name": "Made-up Scanner"}},
        "finding_info": {"uid": id, "title": format!("version {at}")},
        "resources": [{"uid": format!("arn:aws:s3:::{id}"), "type": "AwsS3Bucket", "region": "eu-west-1"}],
        "cloud": {"provider": "aws", "account": {"uid": "111122223333"}}})
    .to_string()
    .into_bytes()
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for shorter in permutations(last) {
        for at in 0..=shorter.len() {
            let mut longer = shorter.clone();
            longer.insert(at, last);
            all.push(longer);
        }
    }
    all
}

#[test]
fn the_source_s_own_time_decides_and_never_the_order_of_arrival() {
    let bench = Bench::new();
    let orders = permutations(4);
    for (case, order) in orders.iter().enumerate() {
        for at in order {
            // Opened, changed, resolved and opened again.
            let body = version(case, u64::try_from(*at).unwrap(), *at == 2);
            assert_eq!(bench.deliver(&body).status, 202);
        }
    }
    let ids: Vec<String> = (0..orders.len()).map(|case| format!("w7-{case}")).collect();
    bench.until_found("default", &ids);
    let all = u64::try_from(orders.len() * 4).unwrap();
    until("all are taken", || {
        let sources = bench.get("/api/v1/sources").json();
        let all_sources = sources["items"].as_array().unwrap();
        all_sources.iter().any(|s| s["name"] == "signed" && s["records"] == json!(all))
    });
    let wrong: Vec<_> =
        bench.titles().into_iter().filter(|(_, title)| title != "version 3").collect();
    assert_eq!(wrong, []);
}

#[test]
fn an_outsider_cannot_tell_a_name_that_is_there_from_one_that_is_not() {
    let bench = Bench::new();
    let body = delivery("w13", 1, 600);
    let other = signed("OTHER", &body);
    let off = signed("OFF", &body);
    let answers: Vec<Answer> = [
        ("no-such-name", other.as_str()),
        ("..%2f..%2fetc", &other),
        ("signed", &other),
        ("signed", "x"),
        ("off", &off),
        ("off", &other),
        ("basic", &other),
    ]
    .into_iter()
    .map(|(name, signature)| bench.hook(name, &body, &[("x-signature", signature)]).undated())
    .collect();
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
        assert_eq!(answer.status, 401);
    }
    assert!(bench.found("default").is_empty());
}

#[test]
fn a_hook_brings_findings_to_its_tenant_only() {
    let bench = Bench::new();
    let body = delivery("tenants", 1, 600);
    assert_eq!(bench.hook("other", &body, &[("x-signature", &signed("OTHER", &body))]).status, 202);
    bench.until_found("other", &[uid("tenants", 1)]);
    assert!(bench.found("default").is_empty());
}

#[test]
fn only_the_types_that_the_formats_have_are_taken() {
    let bench = Bench::new();
    let body = delivery("w16", 1, 600);
    let signature = signed("SIGNED", &body);
    let cases = [
        (("content-type", "application/json"), 202),
        (("content-type", "application/json; charset=UTF-8"), 202),
        (("content-type", "application/cloudevents+json"), 202),
        (("content-type", "application/json; charset=latin1"), 415),
        (("content-type", "application/x-www-form-urlencoded"), 415),
        (("content-type", "multipart/form-data; boundary=x"), 415),
        (("content-type", "text/html"), 415),
        (("content-type", "\u{e9}"), 415),
        (("content-encoding", "br"), 415),
        (("content-encoding", "gzip, gzip"), 415),
    ];
    for ((name, value), status) in cases {
        let answer = bench.hook("signed", &body, &[("x-signature", &signature), (name, value)]);
        assert_eq!(answer.status, status, "{name}: {value}: {}", answer.text());
    }
}

#[test]
fn a_hook_that_is_too_busy_says_when_to_come_again() {
    let bench = Bench::new();
    let token = format!("Bearer {}", secret("NARROW"));
    let answers: Vec<Answer> = (0..8)
        .map(|number| {
            let body = delivery("narrow", number, 600);
            bench.hook("narrow", &body, &[("authorization", &token)])
        })
        .collect();
    let limited: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(!limited.is_empty());
    for answer in limited {
        assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    }
    // Others are not slowed down by it.
    assert_eq!(bench.deliver(&delivery("narrow-other", 1, 600)).status, 202);
}

#[test]
fn one_poison_record_never_stops_a_queue() {
    let bench = Bench::new();
    let mut wanted = Vec::new();
    for number in 0..20 {
        let poison: &[u8] = match number % 4 {
            0 => b"\xff\xfe\x00 no JSON",
            1 => br#"{"class_uid":2004,"finding_info":{},"resources":"x"}"#,
            2 => br#"[[[[[[[[["#,
            _ => b" ",
        };
        let poison = [poison, format!(" {number}").as_bytes()].concat();
        assert_eq!(bench.deliver(&poison).status, 202);
        assert_eq!(bench.deliver(&delivery("good", number, 600)).status, 202);
        wanted.push(uid("good", number));
    }
    bench.until_found("default", &wanted);
    assert_eq!(wanted, uids("good", 20));
    let dead = bench.get("/api/v1/jobs?state=dead&kind=delivery").json();
    let dead = dead["items"].as_array().unwrap();
    assert!(!dead.is_empty());
    assert!(dead.iter().all(|job| !job["reason"].as_str().unwrap().is_empty()));
}

#[test]
fn a_body_over_the_cap_is_refused_before_it_is_read() {
    let bench = Bench::with(&[("intake.hook_max_bytes", "4096")], "");
    let large = vec![b' '; 5000];
    let answer = bench.deliver(&large);
    assert_eq!(answer.status, 413, "{}", answer.text());
    let request = Request::post("/api/v1/hooks/signed", b"ffff\r\n".to_vec());
    let request = request.with("Transfer-Encoding", "chunked");
    assert!(matches!(bench.stranger().send(&request).unwrap().status, 400 | 408 | 413));
}
