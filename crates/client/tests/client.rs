//! The client against a double of a server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Cursor, Error, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use flate2::read::GzDecoder;
use jiff::Timestamp;
use quell_client::{Address, ClientError, Connection, IssueQuery, JobQuery, Token, Upload};
use quell_model::Clock;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const SECRET: &str = "quell_aaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbb";

#[derive(Debug)]
struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

fn connection(server: &MockServer) -> Connection {
    let address = Address::parse(&server.uri()).unwrap();
    Connection::new(address, Some(Token::parse(SECRET).unwrap()), Arc::new(Now)).unwrap()
}

fn job(id: usize, state: &str) -> Value {
    json!({"id": format!("job{id}"), "kind": "import", "state": state, "source": "api",
        "made_by": "me", "made_at": "2026-01-02T03:04:05Z", "due_at": "2026-01-02T03:04:05Z",
        "started_at": null, "ended_at": null, "attempts": 0, "done_bytes": 0, "total_bytes": 0,
        "doing": "", "reason": null, "task": {}, "result": null, "a field of tomorrow": 1})
}

#[tokio::test]
async fn lists_go_over_as_many_pages_as_it_takes() {
    let server = MockServer::start().await;
    let first: Vec<Value> = (0..3).map(|id| job(id, "done")).collect();
    Mock::given(path("/api/v1/jobs"))
        .and(query_param("cursor", "next"))
        .and(query_param("limit", "2"))
        .respond_with(ResponseTemplate::new(200).set_body_json(
            json!({"items": [job(3, "dead"), job(4, "dead")], "next_cursor": "more"}),
        ))
        .expect(1)
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(path("/api/v1/jobs"))
        .and(header("authorization", format!("Bearer {SECRET}").as_str()))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"items": first, "next_cursor": "next"})),
        )
        .expect(1)
        .mount(&server)
        .await;
    let jobs = connection(&server).job_list(&JobQuery::default(), 5).await.unwrap();
    let ids: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
    assert_eq!(ids, ["job0", "job1", "job2", "job3", "job4"]);
}

#[tokio::test]
async fn a_page_that_never_ends_ends() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/issues"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"items": [], "total": 7, "next": "again"})),
        )
        .expect(1)
        .mount(&server)
        .await;
    let found = connection(&server).issue_list(&IssueQuery::default(), 50).await.unwrap();
    assert_eq!((found.count, found.items.len()), (7, 0));
}

#[tokio::test]
async fn each_refusal_says_what_to_do_and_never_the_token() {
    let server = MockServer::start().await;
    for (status, id) in [(401, "a"), (403, "b"), (404, "c"), (409, "d"), (418, "e"), (500, "f")] {
        let said = format!("said \u{1b}[2J {SECRET}\n{status}");
        Mock::given(path(format!("/api/v1/jobs/{id}")))
            .respond_with(ResponseTemplate::new(status).set_body_json(json!({"detail": said})))
            .mount(&server)
            .await;
    }
    let connection = connection(&server);
    for (id, usage, begin) in [
        ("a", true, "http://127.0.0.1"),
        ("b", true, "the token may not do that: said"),
        ("c", true, "said"),
        ("d", true, "said"),
        ("e", true, "http://127.0.0.1"),
        ("f", false, "http://127.0.0.1"),
    ] {
        let error = connection.job(id).await.unwrap_err();
        let text = error.to_string();
        assert_eq!(error.is_usage(), usage, "{id}: {error:?}");
        assert!(text.starts_with(begin), "{id}: {text}");
        assert!(!text.contains('\u{1b}') && !text.contains("bbbb"), "{id}: {text}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_servers_is_no_answer() {
    let server = MockServer::start().await;
    for (id, body) in [("a", "<html>a proxy</html>"), ("b", "{\"id\": 1}"), ("c", "")] {
        Mock::given(path(format!("/api/v1/jobs/{id}")))
            .respond_with(ResponseTemplate::new(200).set_body_string(body))
            .mount(&server)
            .await;
        let error = connection(&server).job(id).await.unwrap_err();
        assert!(matches!(error, ClientError::Http(_)), "{id}: {error}");
    }
}

fn upload(
    open: impl Fn() -> std::io::Result<Box<dyn Read + Send>> + Send + Sync + 'static,
) -> Upload {
    Upload {
        name: "scan & more.json".to_owned(),
        key: "k1".to_owned(),
        open: Arc::new(open),
        heard: Arc::new(|_| {}),
        cancelled: Arc::new(AtomicBool::new(false)),
    }
}

#[tokio::test]
async fn an_upload_is_packed_and_begins_anew_when_the_server_was_busy() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(503).insert_header("retry-after", "1"))
        .up_to_n_times(1)
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/api/v1/imports"))
        .and(query_param("name", "scan & more.json"))
        .and(header("idempotency-key", "k1"))
        .and(header("content-encoding", "gzip"))
        .respond_with(ResponseTemplate::new(202).set_body_json(job(1, "queued")))
        .mount(&server)
        .await;
    // Text that does not pack well, so that it takes many pieces.
    let text: Vec<u8> = (0..600_000_u64)
        .flat_map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).to_le_bytes())
        .collect();
    let opened = Arc::new(AtomicU64::new(0));
    let (counted, content) = (Arc::clone(&opened), text.clone());
    let sent = connection(&server)
        .import(&upload(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(Box::new(Cursor::new(content.clone())))
        }))
        .await
        .unwrap();
    assert_eq!((sent.id.as_str(), sent.is_over()), ("job1", false));
    assert_eq!(opened.load(Ordering::SeqCst), 2);
    let request = server.received_requests().await.unwrap().pop().unwrap();
    let mut unpacked = Vec::new();
    GzDecoder::new(request.body.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == text, "{} bytes of {}", unpacked.len(), text.len());
}

/// Gives some bytes, then fails.
struct Breaking(u8);

impl Read for Breaking {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            return Err(Error::new(ErrorKind::InvalidData, "the disk is ill"));
        }
        self.0 -= 1;
        buffer.fill(b'x');
        Ok(buffer.len())
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_told_by_its_name_and_never_sent_as_whole() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(202).set_body_json(job(1, "queued")))
        .mount(&server)
        .await;
    let error =
        connection(&server).import(&upload(|| Ok(Box::new(Breaking(9))))).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, ClientError::File { .. }), "{text}");
    assert!(text.contains("scan & more.json") && text.contains("the disk is ill"), "{text}");
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_upload_that_is_called_off_says_so() {
    let server = MockServer::start().await;
    let upload = upload(|| Ok(Box::new(std::io::repeat(b'x'))));
    let cancelled = Arc::clone(&upload.cancelled);
    let heard = move |read: u64| {
        if read > 1 << 20 {
            cancelled.store(true, Ordering::SeqCst);
        }
    };
    let error =
        connection(&server).import(&Upload { heard: Arc::new(heard), ..upload }).await.unwrap_err();
    assert!(matches!(error, ClientError::Stopped), "{error}");
}
