//! Many at once: slow senders, slow uploads, and names that are not there.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use quell_model::TenantId;
use quell_testkit::server::{Client, Process, delivery, found, resident_kib, uid};

use crate::bench::{Bench, until};
use crate::crash::{KEY, deliver, prepared, server};

/// Slow connections, where the system allows as many.
const SLOW: usize = 5000;
/// Memory that all of them together may take.
const MOST_KIB: u64 = 256 << 10;

/// How many files this process may have open, as Linux tells it.
fn most_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok()).unwrap_or(256)
}

#[test]
fn slow_connections_take_little_and_slow_down_nobody() {
    let (folder, _token) = prepared();
    let mut alone = server(folder.path(), &[]);
    // A process of its own: nothing else that runs here counts.
    let process = Process::start(alone.env(KEY, "limits.header_seconds=4")).unwrap();
    let client = Client::new(process.address());
    let accepted =
        |number: u64| deliver(&client, &delivery("w9", number, 600)).map(|answer| answer.status);
    let count = SLOW.min(most_files().saturating_sub(1000));
    if count < SLOW {
        println!("only {count} slow connections: the system allows no more open files");
    }
    let before = resident_kib(process.id());
    let head =
        format!("POST /api/v1/hooks/signed HTTP/1.1\r\nHost: {}\r\nx-a: ", process.address());
    let mut slow: Vec<TcpStream> = Vec::new();
    for number in 0..count {
        let mut stream = client.connect().unwrap();
        stream.set_nonblocking(true).unwrap();
        let _cut_already = stream.write_all(head.as_bytes());
        slow.push(stream);
        if number % 500 == 0 {
            assert_eq!(accepted(number as u64), Some(202));
        }
    }
    let grown = resident_kib(process.id()).saturating_sub(before);
    assert!(grown < MOST_KIB, "{count} slow connections take {grown} KiB");
    // A byte now and then does not help them.
    let mut open = slow;
    until("all of them were cut off", || {
        open.retain_mut(|stream| {
            let _cut_already = stream.write_all(b"a");
            stream.read(&mut [0; 256]).is_err()
                && !matches!(stream.take_error(), Ok(Some(_)))
                && stream.write_all(b"a").is_ok()
        });
        open.is_empty()
    });
    assert_eq!(accepted(u64::MAX >> 20), Some(202));
    process.kill().unwrap();
    let found = found(folder.path(), &TenantId::default()).unwrap();
    assert!(found.contains_key(&uid("w9", 0)) || count == 0);
}

#[test]
fn uploads_that_are_slow_keep_nobody_out() {
    let bench = Bench::with(&[("limits.body_seconds", "60")], "");
    let host = bench.admin.address;
    let token = bench.admin.token.clone().unwrap();
    let head = format!(
        "POST /api/v1/imports HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Length: 900000\r\n\r\n{{"
    );
    let slow: Vec<TcpStream> = (0..64)
        .map(|_| {
            let mut stream = bench.stranger().connect().unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    for number in 0..20 {
        assert_eq!(bench.get("/api/v1/jobs").status, 200);
        assert_eq!(bench.deliver(&delivery("slow", number, 600)).status, 202);
    }
    drop(slow);
    let wait = bench.post("/api/v1/imports?wait=true", crate::bench::lines("after", 2));
    assert_eq!(wait.status, 200, "{}", wait.text());
}

#[test]
fn names_that_are_not_there_leave_nothing_behind() {
    let bench = Bench::new();
    let mut stream = bench.stranger().connect().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let before = bench.get("/metrics").body.len();
    let mut statuses = std::collections::BTreeMap::<u16, u32>::new();
    for number in 0..3000 {
        let request = format!(
            "POST /api/v1/hooks/bogus-{number} HTTP/1.1\r\nHost: {}\r\nx-signature: {number:064x}\r\nContent-Length: 2\r\n\r\n{{}}",
            bench.admin.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        let status = status_of(&mut stream);
        *statuses.entry(status).or_default() += 1;
    }
    assert!(statuses.keys().all(|status| matches!(status, 401 | 429)), "{statuses:?}");
    assert!(statuses[&429] > 2000, "{statuses:?}");
    let metrics = bench.get("/metrics").text();
    assert!(!metrics.contains("bogus"), "{metrics}");
    assert!(metrics.len() < before + 16_384, "{}", metrics.len());
    assert_eq!(bench.deliver(&delivery("w17", 1, 600)).status, 202);
}

/// Reads one answer of a connection that is kept.
fn status_of(stream: &mut TcpStream) -> u16 {
    let mut got = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let length = stream.read(&mut piece).unwrap();
        assert!(length > 0, "the server closed");
        got.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&got);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lower = head.to_lowercase();
        let said = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= said.unwrap().parse::<usize>().unwrap() {
            return head.split(' ').nth(1).unwrap().parse().unwrap();
        }
    }
}
