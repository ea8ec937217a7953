//! Deliveries and imports that run into a server's death, and what was acknowledged of them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Client, Found, Load, Request, delivery, load, uid};

/// Findings of an import that runs beside the deliveries.
pub const IMPORTED: u64 = 40;

/// What was acknowledged over all deaths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acked {
    /// Ids of findings that were delivered or imported.
    pub uids: BTreeSet<String>,
    /// Keys and jobs of imports that were accepted.
    pub jobs: BTreeSet<String>,
    /// The number of the next delivery.
    pub next: u64,
}

impl Acked {
    /// Acknowledged findings that are not there, or are there more than once.
    #[must_use]
    pub fn faults(&self, found: &Found) -> Vec<String> {
        let lost = self.uids.iter().filter(|uid| !found.contains_key(*uid));
        let twice = found.iter().filter(|(_, count)| **count != 1);
        let lost = lost.map(|uid| format!("lost: {uid}"));
        lost.chain(twice.map(|(uid, count)| format!("{count} times: {uid}"))).collect()
    }
}

/// What a burst is made of.
#[derive(Debug, Clone)]
pub struct Burst {
    /// Where the server listens.
    pub address: SocketAddr,
    /// The administrator's token.
    pub token: String,
    /// The webhook and its secret.
    pub hook: (String, Vec<u8>),
    /// Connections at once.
    pub connections: usize,
    /// How long, unless the server dies before.
    pub time: Duration,
}

/// The key under which an import is sent again after a death.
#[must_use]
pub fn import_key(number: u64) -> String {
    format!("import-{number}")
}

/// Delivers and imports until the time is over or the server is gone, and notes what was
/// acknowledged.
pub async fn burst(burst: Burst, acked: &mut Acked) {
    let stop = Arc::new(AtomicBool::new(false));
    let first = acked.next;
    let importing = tokio::task::spawn_blocking({
        let (burst, stop) = (burst.clone(), Arc::clone(&stop));
        move || import(&burst, first, &stop)
    });
    let Burst { address, hook: (hook, secret), connections, time, .. } = burst;
    let plan = Load {
        address,
        hook,
        secret,
        run: "hook".to_owned(),
        first,
        bytes: 1024,
        make: delivery,
        connections,
        per_second: 0,
        time,
        most: None,
    };
    let tally = load(plan, Arc::clone(&stop)).await;
    stop.store(true, Ordering::SeqCst);
    acked.uids.extend(tally.acked.iter().map(|number| uid("hook", *number)));
    acked.next = tally.next;
    if let Ok((jobs, uids)) = importing.await {
        acked.jobs.extend(jobs);
        acked.uids.extend(uids);
    }
}

/// Sends files of findings one after another; the jobs and the findings that were accepted.
fn import(burst: &Burst, first: u64, stop: &AtomicBool) -> (Vec<String>, Vec<String>) {
    let client = Client::new(burst.address).with_token(&burst.token);
    let (mut jobs, mut uids) = (Vec::new(), Vec::new());
    for number in first.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let run = format!("file-{number}");
        let mut body = Vec::new();
        for record in 0..IMPORTED {
            body.extend_from_slice(&delivery(&run, record, 600));
            body.push(b'\n');
        }
        let request =
            Request::post("/api/v1/imports", body).with("Idempotency-Key", &import_key(number));
        let Ok(answer) = client.send(&request) else { break };
        let job = answer.json();
        let id = job.get("id").and_then(serde_json::Value::as_str);
        if let (202, Some(id)) = (answer.status, id) {
            jobs.push(id.to_owned());
            uids.extend((0..IMPORTED).map(|record| uid(&run, record)));
        }
    }
    (jobs, uids)
}
