//! From the intake log into the findings: how many lone deliveries a second, and how long one takes
//! until a list shows it.

use std::io::{BufWriter, Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use quell_testkit::server::{
    Client, Load, Process, Request, delivery, load, peak_memory_kib, resident_kib, uid,
};
use serde_json::Value;

use super::{Chunks, LAST_CHUNK, Outcome, Place, begin_import, now, pause, plan, say};

/// Deliveries of which each is waited for.
const SINGLE: u64 = 100;
/// Questions for the incidents, each after a delivery.
const INCIDENTS: u64 = 5;
/// A number without a divisor in common with round numbers.
const STEP: u64 = 2_654_435_761;

/// Stores findings, then delivers new ones, changes stored ones all over the store, and waits for
/// single ones.
pub(super) fn drain(place: &Place, stored: u64, deliveries: u64) -> Outcome<()> {
    let (process, client) = place.first()?;
    if stored > 0 {
        store(&client, stored)?;
    }
    let total = total_of(&client, "")?;
    say(&format!("{total} findings stored, memory {} MB", resident_kib(process.id()) >> 10));
    let new = Load { run: "new".to_owned(), make: setting, ..burst(&process, deliveries) };
    rate(&client, "new", new, ("", total + deliveries))?;
    if stored > 0 {
        let changed =
            Load { run: stored.to_string(), make: changed, ..burst(&process, deliveries) };
        rate(&client, "changed", changed, ("&severity=critical", deliveries))?;
    }
    singles(&process, &client)?;
    incidents(&process, &client)?;
    say(&format!(
        "memory {} MB, peak {} MB",
        resident_kib(process.id()) >> 10,
        peak_memory_kib(process.id()) >> 10
    ));
    Ok(())
}

fn burst(process: &Process, deliveries: u64) -> Load {
    Load { most: Some(deliveries), ..plan(process, "", 3600, (128, 0)) }
}

/// Uploads findings as deliveries would bring them.
fn store(client: &Client, stored: u64) -> Outcome<()> {
    let mut stream = begin_import(client)?;
    let mut chunks = BufWriter::with_capacity(1 << 20, Chunks(&mut stream));
    for number in 0..stored {
        chunks.write_all(&setting("stored", number, 2048))?;
        chunks.write_all(b"\n")?;
    }
    chunks.flush()?;
    drop(chunks);
    stream.write_all(LAST_CHUNK)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(())
}

/// A finding about a setting: most are.
fn setting(run: &str, number: u64, bytes: usize) -> Vec<u8> {
    with(&delivery(run, number, bytes), &[("class_uid", 2003)])
}

fn with(body: &[u8], fields: &[(&str, u64)]) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(body).unwrap_or_default();
    for (name, value) in fields {
        if let Some(field) = body.get_mut(name) {
            *field = (*value).into();
        }
    }
    body.to_string().into_bytes()
}

/// A stored finding that says something else now. The run is how many are stored.
fn changed(run: &str, number: u64, bytes: usize) -> Vec<u8> {
    let of = number.wrapping_mul(STEP) % run.parse().unwrap_or(1);
    let fields = [("severity_id", 5), ("time", 1_795_000_000 + number)];
    with(&setting("stored", of, bytes), &fields)
}

fn total_of(client: &Client, question: &str) -> Outcome<u64> {
    let answer = client.send(&Request::get(&format!("/api/v1/findings?limit=1{question}")))?;
    let total = answer.json().get("total").and_then(Value::as_u64);
    Ok(total.ok_or_else(|| format!("no total: {}", answer.text()))?)
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
}

/// Sends as fast as answers come, and waits until all of it is in the findings.
fn rate(client: &Client, what: &str, plan: Load, (question, total): (&str, u64)) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let begun = now();
    let tally = runtime.block_on(load(plan, Arc::new(AtomicBool::new(false))));
    let sent = millis(begun);
    while total_of(client, question)? < total {
        pause(20);
    }
    let taken = tally.acked.len() as u64;
    say(&format!(
        "{what}: {taken} acknowledged in {sent} ms ({:?}), all in the list \
         after {} ms: {}/s",
        tally.statuses,
        millis(begun),
        taken * 1000 / millis(begun)
    ));
    Ok(())
}

/// From a delivery's answer to its finding in a list, one after the other.
fn singles(process: &Process, client: &Client) -> Outcome<()> {
    let mut took = Vec::new();
    for number in 0..SINGLE {
        deliver(process, number)?;
        let begun = now();
        while total_of(client, &format!("&asset={}", uid("single", number)))? < 1 {
            pause(1);
        }
        took.push(millis(begun));
    }
    took.sort_unstable();
    let at =
        |share: usize| took.get(took.len() * share / 100).or(took.last()).copied().unwrap_or(0);
    say(&format!(
        "until a list shows one: p50 {} ms, p90 {} ms, most {} ms",
        at(50),
        at(90),
        at(100)
    ));
    Ok(())
}

/// How long incidents take after a change.
fn incidents(process: &Process, client: &Client) -> Outcome<()> {
    for number in 0..INCIDENTS {
        deliver(process, SINGLE + number)?;
        let begun = now();
        while total_of(client, &format!("&asset={}", uid("single", SINGLE + number)))? < 1 {
            pause(1);
        }
        let listed = millis(begun);
        let answer = client.send(&Request::get("/api/v1/incidents?limit=1"))?.json();
        say(&format!(
            "incidents after a change: listed after {listed} ms, told after {} ms (current: {})",
            millis(begun),
            answer.get("current").cloned().unwrap_or_default()
        ));
    }
    Ok(())
}

fn deliver(process: &Process, number: u64) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let one = Load { first: number, most: Some(1), connections: 1, ..burst(process, 1) };
    let one = Load { run: "single".to_owned(), ..one };
    let tally = runtime.block_on(load(one, Arc::new(AtomicBool::new(false))));
    if tally.acked.is_empty() {
        Err(format!("refused: {:?}", tally.statuses).into())
    } else {
        Ok(())
    }
}
