//! What networks do to connections (C13, C14, C30, C32).

use std::time::Duration;

use quell_http::{Client, Deadline, Deadlines, HttpError, Policy, Request, Retry};
use quell_testkit::net::{Fault, FaultProxy, RawServer};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{client, policy, short, url};

fn once(deadlines: Deadlines) -> Client {
    client(Policy { deadlines, retry: Retry { attempts: 1, ..policy().retry }, ..policy() })
}

async fn server(body: &str) -> (MockServer, FaultProxy) {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_string(body))
        .mount(&server)
        .await;
    let proxy = FaultProxy::start(*server.address()).await.unwrap();
    (server, proxy)
}

fn deadline(error: &HttpError) -> Deadline {
    let HttpError::Deadline { deadline, .. } = error else { panic!("{error}") };
    *deadline
}

#[tokio::test]
async fn a_reply_cut_at_any_byte_is_never_taken_for_whole() {
    let body = r#"{"page":[1,2,3]}"#;
    for head in ["Content-Length: 16\r\n", "Transfer-Encoding: chunked\r\n"] {
        let chunked = head.starts_with('T');
        let sent = if chunked { format!("10\r\n{body}\r\n0\r\n\r\n") } else { body.to_owned() };
        let reply = format!("HTTP/1.1 200 OK\r\n{head}\r\n{sent}");
        let server = RawServer::start(reply.clone().into_bytes()).await.unwrap();
        let proxy = FaultProxy::start(server.address()).await.unwrap();
        let client = once(short());
        let request = Request::get(&url(proxy.address())).unwrap();
        let cuts = (1..reply.len() as u64).map(Fault::CutAfter);
        for fault in cuts.chain((1..reply.len() as u64).map(Fault::ResetAfter)) {
            proxy.set(fault);
            let error = client.send(&request).await.unwrap_err();
            assert!(matches!(error, HttpError::Broken { .. }), "{fault:?}: {error}");
        }
        proxy.set(Fault::None);
        assert_eq!(client.send(&request).await.unwrap().body(), body.as_bytes());
    }
}

#[tokio::test]
async fn a_wrong_length_is_no_reply() {
    for reply in [
        "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nshort\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nshort",
        "no http at all",
        "",
    ] {
        let server = RawServer::start(reply.as_bytes().to_vec()).await.unwrap();
        let request = Request::get(&url(server.address())).unwrap();
        let error = once(short()).send(&request).await.unwrap_err();
        assert!(matches!(error, HttpError::Broken { .. }), "{reply:?}: {error}");
    }
}

#[tokio::test]
async fn a_cut_reply_is_asked_for_again() {
    let (_server, proxy) = server("whole").await;
    proxy.set(Fault::CutAfter(20));
    let request = Request::get(&url(proxy.address())).unwrap();
    let retry = Retry { attempts: 8, first_wait: Duration::from_millis(100), ..policy().retry };
    let client = client(Policy { retry, ..policy() });
    let asked = tokio::spawn(async move { client.send(&request).await });
    while proxy.accepted() < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    proxy.set(Fault::None);
    assert_eq!(asked.await.unwrap().unwrap().body(), b"whole");
}

#[tokio::test]
async fn silence_and_dripping_end_at_their_deadlines_and_free_the_connection() {
    let (_server, proxy) = server(&"x".repeat(1_000)).await;
    let request = Request::get(&url(proxy.address())).unwrap();
    let client = once(short());
    for (fault, expected) in [
        (Fault::BlackHole, Deadline::FirstByte),
        (Fault::HalfOpenAfter(10), Deadline::FirstByte),
        (Fault::HalfOpenAfter(500), Deadline::Idle),
    ] {
        proxy.set(fault);
        assert_eq!(deadline(&client.send(&request).await.unwrap_err()), expected, "{fault:?}");
    }
    // The head comes whole, then a byte at a time: no pause is long, and the end is never there.
    proxy.set(Fault::Drip(Duration::from_millis(20)));
    let patient =
        Deadlines { first_byte: Duration::from_secs(60), whole: Duration::from_secs(1), ..short() };
    let error = client.send(&request.clone().deadlines(patient)).await.unwrap_err();
    assert_eq!(deadline(&error), Deadline::Whole);
    for _ in 0..500 {
        if proxy.open() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} connections are still open", proxy.open());
}

#[tokio::test]
async fn a_connection_gone_silent_is_replaced() {
    let (_server, proxy) = server("x").await;
    let request = Request::get(&url(proxy.address())).unwrap();
    let client = client(Policy { deadlines: short(), ..policy() });
    proxy.set(Fault::HalfOpenAfter(5));
    let asked = tokio::spawn({
        let (client, request) = (client.clone(), request.clone());
        async move { client.send(&request).await }
    });
    while proxy.accepted() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    proxy.set(Fault::None);
    assert_eq!(asked.await.unwrap().unwrap().body(), b"x");
    assert_eq!(proxy.accepted(), 2);
}

#[tokio::test]
async fn places_are_freed_when_callers_go_away() {
    let (_server, proxy) = server("x").await;
    proxy.set(Fault::BlackHole);
    let client = client(Policy { at_once: 2, ..policy() });
    let request = Request::get(&url(proxy.address())).unwrap();
    for _ in 0..6 {
        let asked = tokio::time::timeout(Duration::from_millis(30), client.send(&request));
        assert!(asked.await.is_err());
    }
    proxy.set(Fault::None);
    assert_eq!(client.send(&request).await.unwrap().body(), b"x");
}

#[tokio::test]
async fn latency_alone_harms_nothing_and_nobody_listening_is_told() {
    let (_server, proxy) = server("x").await;
    proxy.set(Fault::Latency(Duration::from_millis(50)));
    let request = Request::get(&url(proxy.address())).unwrap();
    assert_eq!(client(policy()).send(&request).await.unwrap().body(), b"x");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = once(short()).send(&Request::get(&url(closed)).unwrap()).await.unwrap_err();
    assert!(matches!(error, HttpError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_stream_hands_on_what_comes_and_names_a_cut() {
    let (_server, proxy) = server(&"y".repeat(100_000)).await;
    let request = Request::get(&url(proxy.address())).unwrap();
    let mut stream = client(policy()).open(&request).await.unwrap();
    let mut total = 0;
    while let Some(piece) = stream.next().await.unwrap() {
        total += piece.len();
    }
    assert_eq!(total, 100_000);
    proxy.set(Fault::CutAfter(50_000));
    let mut stream = client(policy()).open(&request).await.unwrap();
    let cut = loop {
        match stream.next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("taken for whole"),
            Err(error) => break error,
        }
    };
    assert!(matches!(cut, HttpError::Broken { .. }), "{cut}");
}
