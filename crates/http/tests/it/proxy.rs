//! A proxy that the settings name.

use std::net::SocketAddr;
use std::sync::Arc;

use quell_http::{Client, Egress, HttpError, Policy, Proxy, Refusal, Request};
use quell_testkit::net::RawServer;

use crate::{Names, clock, policy};

fn client(proxy: SocketAddr, password: &str) -> Client {
    let login = Some(("quell".to_owned(), password.to_owned().into()));
    let proxy = Some(Proxy { url: format!("http://{proxy}"), login });
    let egress = Egress::new(vec!["http://plain.example".parse().unwrap()]);
    let policy = Policy { egress, proxy, ..policy() };
    Client::with_lookup(policy, clock(), Arc::new(Names(Vec::new()))).unwrap()
}

#[tokio::test]
async fn requests_go_through_it_and_names_are_left_to_it() {
    let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec();
    let proxy = RawServer::start(reply).await.unwrap();
    let client = client(proxy.address(), "pr0xy-word");
    let request = Request::get("http://plain.example/a?b=c").unwrap();
    assert_eq!(client.send(&request).await.unwrap().body(), b"ok");
    let head = proxy.heads().remove(0);
    assert!(head.starts_with("GET http://plain.example/a?b=c HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("proxy-authorization: basic "), "{head}");
}

#[tokio::test]
async fn a_tunnel_tells_the_proxy_no_secret_and_inner_addresses_stay_refused() {
    let reply = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_vec();
    let proxy = RawServer::start(reply).await.unwrap();
    let client = client(proxy.address(), "pr0xy-word");
    let request = Request::get("https://far.example/t0ken-path").unwrap().bearer("t0ken").unwrap();
    let error = client.send(&request).await.unwrap_err();
    let head = proxy.heads().remove(0);
    assert!(head.starts_with("CONNECT far.example:443 HTTP/1.1\r\n"), "{head}");
    assert!(!head.contains("t0ken"), "{head}");
    let shown = format!("{error} {error:?} {client:?}");
    assert!(!shown.contains("pr0xy-word") && !shown.contains("t0ken"), "{shown}");
    let seen = proxy.served();
    let inner = Request::get("https://169.254.169.254/").unwrap();
    let error = client.send(&inner).await.unwrap_err();
    assert!(matches!(error, HttpError::Refused(Refusal::Address { .. })), "{error}");
    assert_eq!(proxy.served(), seen);
}
