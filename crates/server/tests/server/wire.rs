//! Bytes that are no proper request, and senders that take their time.

use std::io::{Read, Write};
use std::time::Duration;

use quell_testkit::server::{Raw, Request, delivery, signature, uid};

use crate::bench::{Bench, secret};

const QUIET: Duration = Duration::from_secs(10);

/// A delivery with other headers than it should have; `HOST` stands for the server's address.
fn post(bench: &Bench, headers: &str, body: &[u8]) -> Raw {
    let signature = signature(secret("SIGNED").as_bytes(), body);
    let head = format!(
        "POST /api/v1/hooks/signed HTTP/1.1\r\nx-signature: {signature}\r\n{headers}\r\n\r\n"
    );
    send(bench, head.as_bytes(), body)
}

fn send(bench: &Bench, head: &[u8], body: &[u8]) -> Raw {
    let host = bench.admin.address.to_string();
    let head = String::from_utf8_lossy(head).replace("HOST", &host);
    bench.stranger().raw(&[head.as_bytes(), body].concat(), QUIET).unwrap()
}

fn shown(raw: &Raw) -> String {
    String::from_utf8_lossy(&raw.bytes).chars().take(400).collect()
}

#[test]
fn what_two_servers_could_read_differently_is_refused_and_the_connection_closed() {
    let bench = Bench::new();
    let body = delivery("w12", 1, 600);
    let length = format!("Content-Length: {}", body.len());
    let hidden = b"0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: HOST\r\n\r\n";
    let hidden_length = format!("Content-Length: {}", hidden.len());
    let cases: [(&str, String, &[u8]); 13] = [
        ("both lengths", format!("Host: HOST\r\n{length}\r\nTransfer-Encoding: chunked"), &body),
        (
            "a request inside",
            format!("Host: HOST\r\n{hidden_length}\r\nTransfer-Encoding: chunked"),
            hidden,
        ),
        ("xchunked", "Host: HOST\r\nTransfer-Encoding: xchunked".to_owned(), &body),
        ("chunked first", "Host: HOST\r\nTransfer-Encoding: chunked, identity".to_owned(), &body),
        ("two lengths", format!("Host: HOST\r\n{length}\r\nContent-Length: 3"), &body),
        ("a signed length", format!("Host: HOST\r\nContent-Length: +{}", body.len()), &body),
        ("a negative length", "Host: HOST\r\nContent-Length: -1".to_owned(), &body),
        (
            "a long length",
            "Host: HOST\r\nContent-Length: 99999999999999999999999".to_owned(),
            &body,
        ),
        ("a folded header", format!("Host: HOST\r\nx-a: b\r\n c\r\n{length}"), &body),
        ("a blank before the colon", format!("Host: HOST\r\nx-a : b\r\n{length}"), &body),
        ("a NUL", format!("Host: HOST\r\nx-a: b\0c\r\n{length}"), &body),
        ("two hosts", format!("Host: HOST\r\nHost: evil.example\r\n{length}"), &body),
        ("no host", length.clone(), &body),
    ];
    for (name, headers, body) in cases {
        let raw = post(&bench, &headers, body);
        assert_eq!(raw.statuses().len(), 1, "{name}: {}", shown(&raw));
        assert!(matches!(raw.statuses()[0], 400 | 401 | 413 | 501), "{name}: {}", shown(&raw));
        let told = !matches!(name, "both lengths" | "a request inside") || raw.statuses() == [400];
        assert!(told, "{name}: {}", shown(&raw));
        assert!(raw.closed, "{name} leaves the connection open");
    }
    // The same with nothing odd in it.
    let plain = format!("Host: HOST\r\nConnection: close\r\n{length}");
    assert_eq!(post(&bench, &plain, &body).statuses(), [202]);
    bench.until_found("default", &[uid("w12", 1)]);
}

#[test]
fn a_chunk_that_is_odd_ends_the_connection_and_nothing_is_kept() {
    let bench = Bench::new();
    let cases: [(&str, &[u8]); 5] = [
        ("too long a number", b"fffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        ("no number", b"zz\r\n{}\r\n0\r\n\r\n"),
        ("a negative number", b"-2\r\n{}\r\n0\r\n\r\n"),
        ("no end of the chunk", b"2\r\n{}xx0\r\n\r\n"),
        ("a prefix", b"0x2\r\n{}\r\n0\r\n\r\n"),
    ];
    for (name, body) in cases {
        let raw = post(&bench, "Host: HOST\r\nTransfer-Encoding: chunked", body);
        assert!(raw.statuses().iter().all(|status| *status == 400), "{name}: {}", shown(&raw));
        assert!(raw.closed, "{name}");
    }
    assert!(bench.found("default").is_empty());
}

#[test]
fn first_lines_and_heads_that_are_odd_are_refused() {
    let bench = Bench::new();
    let long = format!("GET /{} HTTP/1.1\r\nHost: HOST\r\n\r\n", "a".repeat(100_000));
    let parameters = format!(
        "GET /api/v1/jobs?{} HTTP/1.1\r\nHost: HOST\r\n\r\n",
        (0..100_000).map(|n| format!("a{n}=1&")).collect::<String>()
    );
    let giant = format!("GET / HTTP/1.1\r\nHost: HOST\r\nx-a: {}\r\n\r\n", "a".repeat(1 << 20));
    let many: String = (0..10_000).map(|n| format!("x-{n}: 1\r\n")).collect();
    let many = format!("GET / HTTP/1.1\r\nHost: HOST\r\n{many}\r\n");
    let cases: [(&str, &[u8]); 12] = [
        ("a long path", long.as_bytes()),
        ("100,000 parameters", parameters.as_bytes()),
        ("a giant header", giant.as_bytes()),
        ("10,000 headers", many.as_bytes()),
        ("HTTP/0.9", b"GET /\r\n\r\n"),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("HTTP/9.9", b"GET / HTTP/9.9\r\nHost: HOST\r\n\r\n"),
        ("a line of garbage", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
        ("a blank in the path", b"GET /a b HTTP/1.1\r\nHost: HOST\r\n\r\n"),
        ("a name elsewhere", b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
        ("an absolute form elsewhere", b"GET http://evil.example/ HTTP/1.1\r\nHost: HOST\r\n\r\n"),
        ("a tunnel", b"CONNECT evil.example:443 HTTP/1.1\r\nHost: HOST\r\n\r\n"),
    ];
    for (name, head) in cases {
        let host = bench.admin.address.to_string();
        let mut bytes = Vec::new();
        // Bytes that are no text stay as they are.
        match std::str::from_utf8(head) {
            Ok(text) => bytes.extend_from_slice(text.replace("HOST", &host).as_bytes()),
            Err(_) => bytes.extend_from_slice(head),
        }
        let raw = bench.stranger().raw(&bytes, QUIET).unwrap();
        let refused = |status: &u16| (400..500).contains(status) || *status == 505;
        assert!(raw.statuses().iter().all(refused), "{name}: {}", shown(&raw));
        assert!(raw.closed, "{name} leaves the connection open");
    }
    assert_eq!(bench.get("/health/live").status, 200);
}

#[test]
fn line_ends_without_a_carriage_return_hide_no_second_request() {
    let bench = Bench::new();
    let cases: [&[u8]; 3] = [
        b"GET /health/live HTTP/1.1\nHost: HOST\nConnection: close\n\nGET /health/ready HTTP/1.1\nHost: HOST\n\n",
        b"POST /api/v1/hooks/signed HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\nGET /health/live HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"POST /api/v1/hooks/signed HTTP/1.1\r\nHost: HOST\r\nx-a: b\rContent-Length: 5\r\nContent-Length: 0\r\n\r\n",
    ];
    for head in cases {
        let raw = send(&bench, head, b"");
        assert!(raw.statuses().len() <= 1, "{}", shown(&raw));
        assert!(raw.closed, "{}", shown(&raw));
    }
}

#[test]
fn a_body_without_an_end_is_refused_at_the_cap() {
    let bench = Bench::with(&[("limits.body_seconds", "60")], "");
    let said = post(&bench, "Host: HOST\r\nContent-Length: 1073741824", b"{");
    assert_eq!(said.statuses(), [413], "{}", shown(&said));
    let mut stream = bench.stranger().connect().unwrap();
    let host = bench.admin.address;
    let head = format!(
        "POST /api/v1/hooks/signed HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
    let mut sent = 0_usize;
    // It is cut soon after the cap, however much more there is.
    while stream.write_all(&chunk).is_ok() {
        sent += 0x10000;
        assert!(sent < 64 << 20, "the server reads on");
    }
    let mut answer = Vec::new();
    let _reset_after_the_answer = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[test]
fn a_head_and_a_body_have_their_time() {
    let bench = Bench::new();
    let head = send(&bench, b"GET / HTTP/1.1\r\nHost: HOST\r\nx-a: ", b"");
    assert!(head.closed && head.statuses().iter().all(|status| *status == 408), "{}", shown(&head));
    let nothing = send(&bench, b"", b"");
    assert!(nothing.closed);
    let body = post(&bench, "Host: HOST\r\nContent-Length: 600", b"{\"a\":");
    assert_eq!(body.statuses(), [408], "{}", shown(&body));
    assert!(body.closed);
    // So have the small bodies of the API, with and without a key.
    for more in ["", "Idempotency-Key: k\r\n"] {
        let token = bench.admin.token.clone().unwrap();
        let head = format!(
            "POST /api/v1/replays HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer {token}\r\n{more}\
             Content-Type: application/json\r\nContent-Length: 600\r\n\r\n"
        );
        let slow = send(&bench, head.as_bytes(), b"{\"since\":");
        assert_eq!(slow.statuses(), [408], "{}", shown(&slow));
        assert!(slow.closed);
    }
}

#[test]
fn the_second_request_of_a_connection_with_two_lengths_is_refused_and_not_the_first() {
    let bench = Bench::new();
    let twice = "GET /health/live HTTP/1.1\r\nHost: HOST\r\n\r\nPOST /api/v1/hooks/signed HTTP/1.1\r\n\
                 Host: HOST\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let raw = send(&bench, twice.as_bytes(), b"");
    assert_eq!(raw.statuses(), [200, 400], "{}", shown(&raw));
    assert!(raw.closed);
}

#[test]
fn a_body_is_an_object_and_is_said_to_be_json() {
    let bench = Bench::new();
    for (body, status) in [("[]", 422), (" [\"x\"]", 422), ("null", 422), ("{", 400), ("", 400)] {
        let answer = bench.post("/api/v1/replays", body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    assert!(bench.post("/api/v1/replays", "[]").text().contains("JSON object"));
    let plain = Request::post("/api/v1/replays", "{}").with("content-type", "text/plain");
    assert_eq!(bench.admin.send(&plain).unwrap().status, 415);
    let odd = bench.get("/api/v1/issues/%ff");
    assert_eq!(odd.status, 400);
    assert_eq!(odd.header("content-type"), Some("application/problem+json"));
    assert_eq!(bench.post("/api/v1/replays", "{}").status, 202);
}

#[test]
fn connections_over_the_cap_wait_and_the_server_stops_nevertheless() {
    let mut bench = Bench::with(
        &[
            ("limits.connections", "16"),
            ("limits.header_seconds", "30"),
            ("server.drain_seconds", "600"),
        ],
        "",
    );
    let mut held: Vec<_> = (0..16).map(|_| bench.stranger().connect().unwrap()).collect();
    for stream in &mut held {
        let live = format!("GET /health/live HTTP/1.1\r\nHost: {}\r\n\r\n", bench.admin.address);
        stream.write_all(live.as_bytes()).unwrap();
        let mut some = [0; 64];
        assert!(stream.read(&mut some).unwrap() > 0);
    }
    let request = format!(
        "GET /health/live HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        bench.admin.address
    );
    let over = bench.stranger().raw(request.as_bytes(), Duration::from_millis(500)).unwrap();
    assert_eq!((over.statuses(), over.closed), (Vec::new(), false));
    held.pop();
    assert_eq!(bench.get("/health/live").status, 200);
    held.push(bench.stranger().connect().unwrap());
    // Idle connections do not keep it: the test would not end otherwise.
    bench.stop();
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

#[test]
fn floods_of_http_2_end_at_their_first_line() {
    let bench = Bench::new();
    let (headers, reset) = ([0x82, 0x86, 0x84, 0x41, 0x01, b'x'], 8_u32.to_be_bytes());
    let streams = (0..20_000_u32).map(|number| 2 * number + 1);
    let rapid: Vec<u8> = streams
        .flat_map(|id| [frame(1, 5, id, &headers), frame(3, 0, id, &reset)].concat())
        .collect();
    let endless =
        [frame(1, 1, 1, &headers), (0..20_000).flat_map(|_| frame(9, 0, 1, &[b'a'; 64])).collect()]
            .concat();
    let pings: Vec<u8> = (0..20_000).flat_map(|_| frame(6, 0, 0, &[7; 8])).collect();
    let closed = [frame(8, 0, 0, &[0; 4]), frame(1, 5, 1, &headers)].concat();
    for (name, flood) in [
        ("rapid resets", &rapid),
        ("a head without an end", &endless),
        ("pings", &pings),
        ("a window of nothing", &closed),
    ] {
        let begin = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(4, 0, 0, &[])].concat();
        let raw = bench.stranger().raw(&[&begin[..], flood].concat(), QUIET).unwrap();
        assert!(raw.closed, "{name} leaves the connection open");
        assert!(raw.statuses().iter().all(|status| *status == 400), "{name}: {}", shown(&raw));
    }
    // Nobody is led to another protocol either.
    for (name, wants) in [
        ("h2c", "Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk"),
        (
            "a websocket",
            "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ),
    ] {
        let head = format!(
            "GET /health/live HTTP/1.1\r\nHost: HOST\r\n{wants}\r\n\r\n\
             GET /health/live HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"
        );
        let raw = send(&bench, head.as_bytes(), b"");
        assert_eq!(raw.statuses(), [200, 200], "{name}: {}", shown(&raw));
        assert!(!shown(&raw).to_lowercase().contains("upgrade"), "{name}: {}", shown(&raw));
    }
}
