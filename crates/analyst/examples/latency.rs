//! Measures what masking and judging cost: `latency [CALLS]`.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use quell_analyst::{Audience, Brief, Call, Grants, Record, Tasks};
use quell_mask::Kind;
use quell_testkit::mask::{CARRIERS, HIDDEN, example};
use serde_json::{Value, json};

/// Bytes of facts.
const FACTS: usize = 16 << 10;

/// An incident as one looks: names, numbers and a sentence or two a finding.
fn usual() -> Brief<'static> {
    let mut records = Vec::new();
    for number in 0..60 {
        let asset = format!("payments-db-{number:02}");
        records.push(
            Record::new(format!("finding:{number}"), "finding")
                .text("title", format!("{asset} in account 111122223333 runs openssl 3.0.{number}, which has CVE-2026-{}", 1000 + number))
                .text("tool", "inspector2")
                .text("severity", "high")
                .text("weakness", format!("CVE-2026-{}", 1000 + number))
                .text("package", "openssl")
                .text("version", format!("3.0.{number}"))
                .text("location", format!("arn:aws:rds:eu-central-1:111122223333:db:{asset}"))
                .text("last_seen", "2026-11-20T10:00:00Z")
                .name("asset", asset, (Kind::Resource, "rds instance")),
        );
    }
    Brief { records, ..Brief::default() }
}

/// The worst that we know: every kind of what must not leave, in every carrier.
fn dense() -> Brief<'static> {
    let pairs = HIDDEN.iter().zip(CARRIERS.iter().cycle()).cycle().zip(0..);
    let texts = pairs.take(120).map(|((kind, carrier), seed)| example(kind, carrier, seed).0);
    let records = texts.enumerate().map(|(number, text)| {
        let text = format!("{text}\nThe check failed on this asset, which is not encrypted.");
        Record::new(format!("finding:{number}"), "finding").text("title", text)
    });
    Brief { records: records.collect(), ..Brief::default() }
}

/// An answer as long as the task takes, of which all stays.
fn answer() -> Value {
    let said = |texts: &[&str]| {
        texts.iter().map(|text| format!("{text} [r1 r2]")).collect::<Vec<_>>().join(" ")
    };
    json!({
        "risk": said(&["Anyone who reaches it could use the weakness.", "It is open.", "It may be lost."]),
        "why_here": said(&["It has severity high.", "The tool is inspector2.", "It is exposed."]),
        "intent": said(&["An attacker would use it to read data.", "Then to move on."]),
        "steps": said(&["Upgrade openssl first.", "Then close it to the internet."]),
    })
}

#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let made = work();
    (began.elapsed(), made)
}

fn line(name: &str, mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    format!("{name:<24} p50 {:8.2} ms   p99 {:8.2} ms", ms(at(50)), ms(at(99)))
}

fn main() -> io::Result<()> {
    let calls = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(500);
    let tasks = Tasks::embedded().map_err(io::Error::other)?;
    let Some(task) = tasks.get("incident") else { return Err(io::Error::other("no task")) };
    let mut task = task.clone();
    (task.most_input_bytes, task.most_records) = (FACTS, usize::MAX);
    let answer = answer();
    let mut out = io::stdout().lock();
    for (name, brief) in [("usual", usual()), ("dense", dense())] {
        let (mut made, mut judged, mut both) = (Vec::new(), Vec::new(), Vec::new());
        let mut bytes = 0;
        for _ in 0..calls {
            let new = || Call::new(&task, &brief, Audience::Owner, Grants::default());
            let (first, call) = timed(new);
            let call = call.map_err(io::Error::other)?;
            let (second, written) = timed(|| call.judge(&answer));
            assert!(!written.parts.is_empty() || written.instead_of.is_some());
            bytes = call.input().len();
            made.push(first);
            judged.push(second);
            both.push(first + second);
        }
        writeln!(out, "{name}: {calls} calls, {bytes} bytes of facts leave")?;
        for (what, times) in [("masked", made), ("judged", judged), ("together", both)] {
            writeln!(out, "  {}", line(what, times))?;
        }
    }
    Ok(())
}
