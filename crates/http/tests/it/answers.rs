//! Statuses, retries, secrets in errors, sizes and rates.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use quell_http::{HttpError, Policy, Request, Retry, SizeLimit, Sizes, Verdict};
use tokio::time::Instant;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{client, policy};

const CANARY: &str = "canary-8f31c2-secret";

async fn server(
    status: u16,
    template: impl FnOnce(ResponseTemplate) -> ResponseTemplate,
) -> MockServer {
    let server = MockServer::start().await;
    let reply = template(ResponseTemplate::new(status));
    Mock::given(path("/x")).respond_with(reply).mount(&server).await;
    server
}

fn get(server: &MockServer) -> Request {
    Request::get(&format!("{}/x", server.uri())).unwrap()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

async fn requests(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn a_reply_is_read_and_decompressed() {
    let server = MockServer::start().await;
    let reply = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_bytes(gzip(br#"{"a":1}"#));
    let asked = Mock::given(method("GET")).and(header("accept-encoding", "gzip"));
    asked.and(header("authorization", "Bearer t0ken")).respond_with(reply).mount(&server).await;
    let request = get(&server).bearer("t0ken").unwrap();
    let reply = client(policy()).send(&request).await.unwrap();
    assert_eq!(reply.json::<serde_json::Value>().unwrap()["a"], 1);
}

#[tokio::test]
async fn a_no_is_not_repeated_and_tells_what_was_said_without_secrets() {
    let echo = format!("denied for {CANARY}\u{1b}[31m at ?token={CANARY}");
    let server =
        server(403, |t| t.set_body_string(echo).insert_header("x-request-id", CANARY)).await;
    let url = format!("{}/x?token={CANARY}", server.uri());
    let request = Request::get(&url).unwrap().bearer(CANARY).unwrap();
    let error = client(policy()).send(&request).await.unwrap_err();
    let shown = format!("{error} {error:?} {request:?} {:#?}", error.remote().unwrap());
    assert!(!shown.contains(CANARY), "{shown}");
    assert!(shown.contains("answered 403: `denied for [hidden]"), "{shown}");
    assert_eq!(error.verdict(), Verdict::NeedsHuman);
    assert_eq!(requests(&server).await, 1);
}

#[tokio::test]
async fn what_may_pass_is_repeated_only_where_that_does_no_harm() {
    for (verb, status, expected) in [
        ("GET", 503, 3),
        ("GET", 500, 3),
        ("PUT", 502, 3),
        ("POST", 503, 1),
        ("GET", 404, 1),
        ("GET", 501, 1),
    ] {
        let server = server(status, |t| t).await;
        let url = format!("{}/x", server.uri());
        let request = Request::new(verb.parse().unwrap(), &url).unwrap();
        let error = client(policy()).send(&request).await.unwrap_err();
        assert_eq!(error.status(), Some(status));
        assert_eq!(requests(&server).await, expected, "{verb} {status}");
    }
    let server = server(503, |t| t).await;
    let request = Request::post(&format!("{}/x", server.uri())).unwrap().idempotent();
    assert!(client(policy()).send(&request).await.is_err());
    assert_eq!(requests(&server).await, 3);
}

#[tokio::test]
async fn a_429_holds_its_account_back_and_no_other() {
    let server = MockServer::start().await;
    let first = Mock::given(path("/x"))
        .respond_with(ResponseTemplate::new(429).insert_header("retry-after", "1"));
    first.up_to_n_times(1).with_priority(1).mount(&server).await;
    Mock::given(path("/x")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let client = client(policy());
    let start = Instant::now();
    let slow = tokio::spawn({
        let (client, request) = (client.clone(), get(&server).account("a"));
        async move { client.send(&request).await.map(|_| Instant::now()) }
    });
    while requests(&server).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    client.send(&get(&server).account("b")).await.unwrap();
    let other = Instant::now();
    let slow = slow.await.unwrap().unwrap();
    assert!(slow.duration_since(start) >= Duration::from_secs(1));
    assert!(other < slow, "the other account waited too");
}

#[tokio::test]
async fn a_long_wait_is_left_to_the_caller() {
    let server = server(429, |t| t.insert_header("retry-after", "2")).await;
    let retry = Retry { total: Duration::from_secs(1), ..policy().retry };
    let error = client(Policy { retry, ..policy() }).send(&get(&server)).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Later(Some(Duration::from_secs(2))));
    assert_eq!(requests(&server).await, 1);
}

#[tokio::test]
async fn sizes_hold_as_received_and_as_decompressed() {
    let sizes = Sizes { received_bytes: 100_000, decoded_bytes: 3 << 20, ratio: 10_000 };
    let limit = |error: HttpError| {
        let HttpError::TooLarge { limit, .. } = &error else { panic!("{error}") };
        *limit
    };
    let plain = server(200, |t| t.set_body_bytes(vec![0; 100_001])).await;
    let error = client(policy()).send(&get(&plain).sizes(sizes)).await.unwrap_err();
    assert_eq!(limit(error), SizeLimit::Received(100_000));
    let bomb = gzip(&vec![0; 4 << 20]);
    let packed =
        server(200, |t| t.insert_header("content-encoding", "gzip").set_body_bytes(bomb)).await;
    let error = client(policy()).send(&get(&packed).sizes(sizes)).await.unwrap_err();
    assert_eq!(limit(error), SizeLimit::Decoded(3 << 20));
    let sizes = Sizes { ratio: 200, ..sizes };
    let error = client(policy()).send(&get(&packed).sizes(sizes)).await.unwrap_err();
    assert_eq!(limit(error), SizeLimit::Ratio(200));
    let raw = client(policy()).send(&get(&packed).raw()).await.unwrap();
    assert!(raw.body().starts_with(&[0x1f, 0x8b]));
}

#[tokio::test]
async fn encodings_not_asked_for_are_refused() {
    let server =
        server(200, |t| t.insert_header("content-encoding", "br").set_body_bytes("x")).await;
    let error = client(policy()).send(&get(&server)).await.unwrap_err();
    assert!(error.to_string().contains("`br` was not asked for"), "{error}");
}

#[tokio::test]
async fn text_that_is_no_json_is_not_shown() {
    let server = server(200, |t| t.set_body_string(CANARY)).await;
    let reply = client(policy()).send(&get(&server)).await.unwrap();
    let error = reply.json::<Vec<u8>>().unwrap_err();
    assert!(!format!("{error} {error:?} {reply:?}").contains(CANARY));
}
