//! From the intake log into the findings: how many lone deliveries a second, and how long one takes
//! until a list shows it.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use quell_testkit::server::{
    Client, Load, Process, Request, delivery, load, peak_memory_kib, resident_kib, uid,
};
use serde_json::{Value, json};

use super::{Outcome, Place, answered, now, pause, plan, say, upload};

/// Deliveries of which each is waited for.
const SINGLE: u64 = 100;
/// Questions for the incidents, each after a delivery, of each kind.
const INCIDENTS: u64 = 100;
/// A number without a divisor in common with round numbers.
const STEP: u64 = 2_654_435_761;

/// A delivery of a run: its number and its bytes.
pub(super) type Make = fn(&str, u64, usize) -> Vec<u8>;

/// Stores findings, then delivers new ones, changes stored ones all over the store, and waits for
/// single ones: findings about settings, then detections among as many as are asked for.
pub(super) fn drain(
    place: &Place,
    stored: u64,
    (deliveries, detections): (u64, u64),
) -> Outcome<()> {
    let (process, client) = place.first()?;
    if stored > 0 {
        store(&client, (stored, setting))?;
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
    let whole = told(&client, now())?;
    say(&format!("incidents for the first time: {whole} ms"));
    incidents(&process, &client, ("setting", setting))?;
    if detections > 0 {
        let total = total_of(&client, "")?;
        let seen = Load { run: "seen".to_owned(), make: shell, ..burst(&process, detections) };
        rate(&client, "detections", seen, ("", total + detections))?;
        say(&format!("incidents with {detections} more detections: {} ms", told(&client, now())?));
        incidents(&process, &client, ("shell", shell))?;
        incidents(&process, &client, ("later", setting))?;
    }
    say(&format!(
        "memory {} MB, peak {} MB",
        resident_kib(process.id()) >> 10,
        peak_memory_kib(process.id()) >> 10
    ));
    restart(place, process, client)
}

/// Kills the server; how long a new one takes until it is ready, and until it tells incidents.
fn restart(place: &Place, process: Process, client: Client) -> Outcome<()> {
    process.kill()?;
    let begun = now();
    let process = place.start()?;
    let client = Client { address: process.address(), ..client };
    while client.send(&Request::get("/health/ready"))?.status != 200 {
        pause(5);
    }
    let (ready, begun) = (millis(begun), now());
    let incidents = told(&client, begun)?;
    say(&format!(
        "killed: ready again after {ready} ms, incidents {incidents} ms later, memory {} MB, peak {} MB",
        resident_kib(process.id()) >> 10,
        peak_memory_kib(process.id()) >> 10
    ));
    Ok(())
}

fn burst(process: &Process, deliveries: u64) -> Load {
    Load { most: Some(deliveries), ..plan(process, "", 3600, (128, 0)) }
}

/// Uploads findings as deliveries would bring them.
pub(super) fn store(client: &Client, (stored, make): (u64, Make)) -> Outcome<()> {
    let stream = upload(client, |chunks| {
        (0..stored).try_for_each(|number| {
            chunks.write_all(&make("stored", number, 2048))?;
            chunks.write_all(b"\n")
        })
    })?;
    answered(stream)?;
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

/// A shell in a pod, as Falco tells it: of one in a thousand images, out of a Java program.
fn shell(run: &str, number: u64, _bytes: usize) -> Vec<u8> {
    let pod = uid(run, number);
    let (second, image) = (number % 60, number % 1000);
    json!({
        "uuid": format!("seen-{pod}"), "output": "a shell", "priority": "Warning",
        "rule": "Terminal shell in container", "source": "syscall",
        "time": format!("2026-11-{:02}T{:02}:{:02}:{second:02}.5Z", 1 + number % 20, number % 24, number % 59),
        "tags": ["mitre_execution", "T1059"],
        "output_fields": {
            "k8s.ns.name": "shop", "k8s.pod.name": pod, "container.id": format!("{number:012x}"),
            "container.image.repository": format!("registry.example/shop/service-{image}"),
            "container.image.tag": "3.1", "proc.name": "sh", "proc.cmdline": "sh -c id",
            "proc.pid": 100 + number, "proc.pname": "java",
            "proc.pcmdline": "java -jar /srv/shop/service.jar", "proc.ppid": 60 + number,
        },
    })
    .to_string()
    .into_bytes()
}

pub(super) fn total_of(client: &Client, question: &str) -> Outcome<u64> {
    let answer = client.send(&Request::get(&format!("/api/v1/findings?limit=1{question}")))?;
    let total = answer.json().get("total").and_then(Value::as_u64);
    Ok(total.ok_or_else(|| format!("no total: {}", answer.text()))?)
}

pub(super) fn millis(since: Instant) -> u64 {
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
        deliver(process, ("single", setting), number)?;
        let begun = now();
        while total_of(client, &format!("&asset={}", uid("single", number)))? < 1 {
            pause(1);
        }
        took.push(millis(begun));
    }
    took.sort_unstable();
    say(&format!("until a list shows one: {}", shares(&took)));
    Ok(())
}

/// From a delivery's answer to the incidents that tell it, one after the other.
fn incidents(process: &Process, client: &Client, (run, make): (&str, Make)) -> Outcome<()> {
    let mut took = Vec::new();
    let before = processor_millis(process.id());
    for number in 0..INCIDENTS {
        deliver(process, (run, make), number)?;
        let begun = now();
        while total_of(client, &format!("&asset={}", uid(run, number)))? < 1 {
            pause(1);
        }
        took.push(told(client, begun)?);
    }
    took.sort_unstable();
    let each = (processor_millis(process.id()) - before) / INCIDENTS;
    say(&format!(
        "until incidents tell one ({run}): {}; {each} ms of the processor each",
        shares(&took)
    ));
    Ok(())
}

/// Milliseconds until incidents tell what the findings say.
fn told(client: &Client, begun: Instant) -> Outcome<u64> {
    loop {
        let answer = client.send(&Request::get("/api/v1/incidents?limit=1"))?.json();
        if answer.get("current").and_then(Value::as_bool).unwrap_or_default() {
            return Ok(millis(begun));
        }
    }
}

/// Milliseconds that a process has had of the processor, where the system tells.
fn processor_millis(process: u32) -> u64 {
    let told = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = told.rsplit(')').next().unwrap_or_default().split(' ').skip(12).take(2);
    // A hundredth of a second each.
    fields.filter_map(|field| field.parse::<u64>().ok()).sum::<u64>() * 10
}

/// Times in order, by how many are shorter.
pub(super) fn shares(took: &[u64]) -> String {
    let at =
        |share: usize| took.get(took.len() * share / 100).or(took.last()).copied().unwrap_or(0);
    format!("p50 {} ms, p90 {} ms, p99 {} ms, most {} ms", at(50), at(90), at(99), at(100))
}

pub(super) fn deliver(process: &Process, (run, make): (&str, Make), number: u64) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let one = Load { first: number, most: Some(1), connections: 1, ..burst(process, 1) };
    let one = Load { run: run.to_owned(), make, ..one };
    let tally = runtime.block_on(load(one, Arc::new(AtomicBool::new(false))));
    if tally.acked.is_empty() {
        Err(format!("refused: {:?}", tally.statuses).into())
    } else {
        Ok(())
    }
}
