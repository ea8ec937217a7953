//! The sink against receivers on loopback.

use std::sync::Mutex;

use quell_deliver::outbox::Outcome;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, UdpSocket};

use super::*;
use crate::testing::chat::{acts, key, plan};
use crate::testing::hostile::payloads;
use crate::testing::stage::{keys, wanted};

type Heard = Arc<Mutex<Vec<u8>>>;

/// A receiver over TCP that keeps what it is sent.
async fn receiver() -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = Heard::default();
    let kept = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.unwrap();
            kept.lock().unwrap().extend(bytes);
        }
    });
    (address, heard)
}

fn syslog(address: &str, transport: &str) -> Box<dyn Sink> {
    let options = [("address", address), ("transport", transport), ("host", "quell.example")];
    (KIND.connect)(plan(None, &keys("", ""), &options)).unwrap()
}

async fn act(
    sink: &dyn Sink,
    act: &Act,
    remote: Option<&Remote>,
) -> Result<Option<Remote>, SinkError> {
    sink.act(&wanted(&key(0), act, remote)).await
}

/// The messages of a stream, by the lengths before them.
fn messages(mut bytes: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let blank = bytes.iter().position(|b| *b == b' ').unwrap();
        let length: usize = std::str::from_utf8(&bytes[..blank]).unwrap().parse().unwrap();
        let end = blank + 1 + length;
        all.push(String::from_utf8(bytes[blank + 1..end].to_vec()).unwrap());
        bytes = &bytes[end..];
    }
    all
}

fn body(message: &str) -> Value {
    serde_json::from_str(message.splitn(8, ' ').nth(7).unwrap()).unwrap()
}

#[tokio::test]
async fn each_act_is_a_message_with_its_length() {
    let (address, heard) = receiver().await;
    let sink = syslog(&address, "tcp");
    let made = act(&*sink, &acts("logs")[0], None).await.unwrap().unwrap();
    assert_eq!(made.id, key(0).mark());
    for one in &acts("logs")[1..] {
        assert_eq!(act(&*sink, one, Some(&made)).await.unwrap(), None);
    }
    let all = messages(&heard.lock().unwrap());
    let kinds: Vec<Value> = all.iter().map(|one| body(one)["act"].clone()).collect();
    assert_eq!(kinds, ["open", "edit", "note", "close", "reopen"]);
    // local0, and a letter of high severity.
    let begin = "<131>1 2026-03-01T10:00:00.000000Z quell.example quell - delivery.open - {";
    assert!(all[0].starts_with(begin), "{}", all[0]);
    assert!(all.iter().all(|one| body(one)["delivery"] == *made.id));
}

#[tokio::test]
async fn nothing_in_data_ends_a_message_or_begins_one() {
    let (address, heard) = receiver().await;
    let sink = syslog(&address, "tcp");
    let mut count = 0;
    for payload in payloads() {
        for one in acts(&payload) {
            let (key, remote) =
                (key(0), Remote { id: "r".to_owned(), name: "r".to_owned(), url: None });
            let wanted = wanted(&key, &one, Some(&remote));
            count += sink.drafts(&wanted).unwrap().len();
            sink.act(&wanted).await.unwrap();
        }
    }
    let bytes = heard.lock().unwrap().clone();
    assert!(bytes.iter().all(|b| *b == b' ' || b.is_ascii_graphic()));
    let all = messages(&bytes);
    assert_eq!(all.len(), count);
    assert!(all.iter().all(|one| body(one).is_object() && one.len() < 16_000));
}

#[tokio::test]
async fn a_packet_is_one_message() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let sink = syslog(&socket.local_addr().unwrap().to_string(), "udp");
    act(&*sink, &acts("logs")[0], None).await.unwrap();
    let mut packet = [0; 9_000];
    let length = socket.recv(&mut packet).await.unwrap();
    let text = std::str::from_utf8(&packet[..length]).unwrap();
    assert_eq!(body(text)["id"], json!(format!("{}-1", key(0))));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let sink = syslog(&address, "tcp");
    let error = act(&*sink, &acts("x")[0], None).await.unwrap_err();
    assert!(matches!(error.outcome(), Outcome::Later(..)), "{error}");
    assert!(sink.test().await.is_err());
}

#[tokio::test]
async fn nothing_is_dialed_that_the_rules_refuse() {
    for address in ["169.254.169.254:514", "10.0.0.1:514", "[fe80::1]:514"] {
        for transport in ["tcp", "udp", "tls"] {
            let error = act(&*syslog(address, transport), &acts("x")[0], None).await.unwrap_err();
            assert!(error.to_string().contains("egress.allow"), "{address}: {error}");
        }
    }
}

#[test]
fn wrong_settings_are_named() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _inside = runtime.enter();
    for (options, name) in [
        (vec![], "address"),
        (vec![("address", "syslog.example")], "address"),
        (vec![("address", "https://syslog.example:514")], "address"),
        (vec![("address", "::1:514")], "address"),
        (vec![("address", "a:0")], "address"),
        (vec![("address", "a:514"), ("transport", "http")], "transport"),
        (vec![("address", "a:514"), ("facility", "24")], "facility"),
    ] {
        let error = (KIND.connect)(plan(None, &keys("", ""), &options)).unwrap_err();
        assert!(error.to_string().contains(name), "{options:?}: {error}");
    }
}
