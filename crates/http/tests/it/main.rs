//! The client against servers on loopback that answer, fail and lie.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod faults;
mod proxy;
mod redirects;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use quell_http::{Client, Deadlines, Egress, Found, Lookup, Policy, Rate, Retry};
use quell_model::FixedClock;

/// A policy that reaches plain HTTP on loopback and waits for nothing long.
fn policy() -> Policy {
    Policy {
        egress: Egress::new(vec!["http://127.0.0.1".parse().unwrap()]),
        retry: Retry {
            attempts: 3,
            first_wait: Duration::from_millis(5),
            longest_wait: Duration::from_secs(2),
            total: Duration::from_secs(30),
        },
        rate: Rate::new(10_000, 1, 10_000),
        ..Policy::default()
    }
}

/// Deadlines that a test can wait for, and that a slow machine still keeps on loopback.
fn short() -> Deadlines {
    Deadlines {
        connect: Duration::from_secs(2),
        first_byte: Duration::from_millis(700),
        idle: Duration::from_millis(700),
        whole: Duration::from_secs(3),
    }
}

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock("2026-01-02T03:04:05Z".parse().unwrap()))
}

fn client(policy: Policy) -> Client {
    Client::new(policy, clock()).unwrap()
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/")
}

/// Names lead to the addresses of the test.
#[derive(Debug)]
struct Names(Vec<(&'static str, Vec<IpAddr>)>);

impl Lookup for Names {
    fn lookup(&self, name: &str) -> Found {
        let found = self.0.iter().find(|(known, _)| *known == name).map(|(_, a)| a.clone());
        Box::pin(async move {
            found.ok_or_else(|| std::io::Error::new(std::io::ErrorKind::NotFound, "no such name"))
        })
    }
}
