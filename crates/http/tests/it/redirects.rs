//! Redirects and names that lead elsewhere.

use std::net::IpAddr;
use std::sync::Arc;

use quell_http::{Client, Egress, HttpError, Policy, Range, Refusal, Request};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{Names, client, clock, policy};

async fn redirecting(status: u16, location: &str) -> MockServer {
    let server = MockServer::start().await;
    let reply = ResponseTemplate::new(status).insert_header("location", location);
    Mock::given(any()).respond_with(reply).mount(&server).await;
    server
}

fn refusal(error: &HttpError) -> Refusal {
    let HttpError::Refused(refusal) = error else { panic!("{error}") };
    refusal.clone()
}

#[tokio::test]
async fn credentials_do_not_go_along_to_another_host() {
    let target = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&target).await;
    let first = redirecting(302, &format!("{}/y", target.uri())).await;
    let request = Request::get(&first.uri()).unwrap().bearer("s3cr3t-t0ken").unwrap();
    let request =
        request.header("x-api-key", "k3y").unwrap().header("accept", "text/plain").unwrap();
    client(policy()).send(&request).await.unwrap();
    let came = target.received_requests().await.unwrap();
    assert_eq!(came.len(), 1);
    assert!(!came[0].headers.contains_key("authorization"));
    assert!(!came[0].headers.contains_key("x-api-key"));
    assert_eq!(came[0].headers["accept"], "text/plain");
}

#[tokio::test]
async fn a_redirect_inside_is_refused() {
    for location in [
        "https://169.254.169.254/latest/meta-data/iam/",
        "https://10.0.0.1/",
        "https://[::ffff:192.168.0.1]/",
        "http://93.184.216.34/",
        "gopher://93.184.216.34/",
    ] {
        let server = redirecting(302, location).await;
        let error = client(policy()).send(&Request::get(&server.uri()).unwrap()).await.unwrap_err();
        refusal(&error);
        assert_eq!(server.received_requests().await.unwrap().len(), 1, "{location}");
    }
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let server = redirecting(301, "/again").await;
    let error = client(policy()).send(&Request::get(&server.uri()).unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("too often"), "{error}");
    assert_eq!(server.received_requests().await.unwrap().len(), 6);
}

/// A client for which every name of the list leads to the given addresses.
fn with_names(rules: &[&str], names: Vec<(&'static str, Vec<IpAddr>)>) -> Client {
    let egress = Egress::new(rules.iter().map(|r| r.parse().unwrap()).collect());
    Client::with_lookup(Policy { egress, ..policy() }, clock(), Arc::new(Names(names))).unwrap()
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_after_it_is_resolved() {
    for (address, range) in [
        ("127.0.0.1", Range::Loopback),
        ("10.1.2.3", Range::Private),
        ("::ffff:10.1.2.3", Range::Private),
        ("169.254.169.254", Range::Metadata),
        ("fe80::1", Range::LinkLocal),
    ] {
        let names = vec![("rebind.example", vec![address.parse().unwrap()])];
        let client = with_names(&[], names);
        let request = Request::get("https://rebind.example/").unwrap();
        let refused = refusal(&client.send(&request).await.unwrap_err());
        let (Refusal::Address { host, range: found } | Refusal::Rebound { host, range: found }) =
            &refused
        else {
            panic!("{refused}")
        };
        assert_eq!((host.as_str(), *found), ("rebind.example", range));
    }
}

#[tokio::test]
async fn an_allowed_name_is_reached_and_still_not_at_a_metadata_address() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let inner = vec![("vault.internal", vec!["127.0.0.1".parse().unwrap()])];
    let url = format!("http://vault.internal:{}/", server.address().port());
    let client = with_names(&["http://vault.internal"], inner);
    client.send(&Request::get(&url).unwrap()).await.unwrap();
    let metadata = vec![("vault.internal", vec!["169.254.169.254".parse().unwrap()])];
    let client = with_names(&["http://vault.internal"], metadata);
    let error = client.send(&Request::get(&url).unwrap()).await.unwrap_err();
    assert!(matches!(refusal(&error), Refusal::Rebound { .. }));
}

#[tokio::test]
async fn a_name_without_an_address_is_told() {
    let client = with_names(&[], Vec::new());
    let error = client.send(&Request::get("https://nowhere.example/").unwrap()).await.unwrap_err();
    assert!(matches!(error, HttpError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn an_address_that_does_not_answer_is_passed_over() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let both = ["127.0.0.2", "127.0.0.1"].map(|address| address.parse().unwrap()).to_vec();
    let client = with_names(&["http://two.internal"], vec![("two.internal", both)]);
    let url = format!("http://two.internal:{}/", server.address().port());
    client.send(&Request::get(&url).unwrap()).await.unwrap();
}
